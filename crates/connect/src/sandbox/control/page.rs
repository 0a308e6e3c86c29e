//! The page for people.
//!
//! Role: e-mails, Stripe's objects, requests and events as one HTML page that needs no script and no asset; the page
//! on which a checkout session is paid.
//! Invariant: everything that came from outside is escaped.
//! Not here: what is shown.

use super::super::asked::Answer;
use super::super::world::World;
use super::{clean, clock, counts};
use serde_json::Value;

/// Elements of each part.
const SHOWN: usize = 50;
/// Characters of one JSON text.
const JSON: usize = 20_000;

const STYLE: &str = include_str!("page.css");
const KINDS: [&str; 11] = [
    "customer",
    "subscription",
    "invoice",
    "payment_intent",
    "charge",
    "refund",
    "checkout.session",
    "billing_portal.session",
    "price",
    "product",
    "invoiceitem",
];

/// The page.
pub(crate) fn answer(world: &World) -> Answer {
    let mut page = String::new();
    head(&mut page, world);
    emails(&mut page, world);
    objects(&mut page, world);
    events(&mut page, world);
    requests(&mut page, world);
    html("Sandbox", &page)
}

fn html(title: &str, body: &str) -> Answer {
    let text = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style><body>{body}</body></html>"
    );
    let mut answer = Answer {
        status: 200,
        body: text,
        ..Answer::default()
    };
    answer.header("Content-Type", "text/html; charset=utf-8");
    answer.header(
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; form-action *",
    );
    answer.header("Cache-Control", "no-store");
    answer
}

/// Appends.
macro_rules! put {
    ($page:expr, $($what:tt)*) => {
        $page.push_str(&format!($($what)*))
    };
}

fn head(page: &mut String, world: &World) {
    let clock = clock(world);
    let now = escape(clock.get("now").and_then(Value::as_str).unwrap_or_default());
    put!(
        page,
        "<header><h1>Sandbox</h1><p>Nothing here was really sent, charged or subscribed.</p>"
    );
    put!(
        page,
        "<nav><a href=#emails>E-mails</a> <a href=#objects>Stripe</a> <a href=#events>Events</a> "
    );
    put!(
        page,
        "<a href=#requests>Requests</a></nav><form method=post action=/_sandbox/clock>"
    );
    put!(
        page,
        "<span>Its clock: <time>{now}</time></span><label>move on by <input name=advance value=1d size=4></label>"
    );
    put!(page, "<button>Move</button></form></header><ul class=counts>");
    for (kind, count) in counts(world) {
        put!(page, "<li><b>{count}</b> {}</li>", escape(&kind));
    }
    put!(page, "</ul>");
}

fn section(page: &mut String, id: &str, title: &str, count: usize) {
    let more = if count > SHOWN {
        format!(" (the latest {SHOWN} of {count})")
    } else {
        String::new()
    };
    put!(page, "<h2 id={id}>{title}{more}</h2>");
    if count == 0 {
        put!(page, "<p class=none>None yet.</p>");
    }
}

fn emails(page: &mut String, world: &World) {
    section(page, "emails", "E-mails", world.emails.iter().count());
    for email in world.emails.iter().rev().take(SHOWN) {
        let what = email
            .subject
            .as_deref()
            .or(email.template.as_deref())
            .unwrap_or("(no subject)");
        put!(page, "<article class=mail><h3>{}</h3>", escape(what));
        put!(
            page,
            "<p>from {} to <b>{}</b> · {}</p>",
            escape(&email.from),
            escape(&email.to.join(", ")),
            when(email.at)
        );
        if let Some(warning) = &email.warning {
            put!(page, "<p class=warning>{}</p>", escape(warning));
        }
        if let Some(template) = &email.template {
            put!(page, "<p>template <code>{}</code></p>", escape(template));
        }
        for (kind, text) in email.content.as_object().into_iter().flatten() {
            put!(
                page,
                "<p class=kind>{}</p><pre>{}</pre>",
                escape(kind),
                escape(text.as_str().unwrap_or_default())
            );
        }
        if email.data.as_object().is_some_and(|data| !data.is_empty()) {
            json(page, "filled with", &email.data);
        }
        put!(page, "</article>");
    }
}

fn objects(page: &mut String, world: &World) {
    let count: usize = KINDS.iter().map(|kind| world.count(kind)).sum();
    section(page, "objects", "Stripe", count.min(SHOWN));
    for kind in KINDS {
        let count = world.count(kind);
        if count == 0 {
            continue;
        }
        put!(page, "<h3>{kind} · {count}</h3>");
        for object in world.all(kind).rev().take(SHOWN) {
            let object = clean(object);
            let word = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
            let note = ["email", "name", "customer"]
                .iter()
                .map(|key| word(key))
                .find(|word| !word.is_empty());
            put!(
                page,
                "<details id=\"{id}\"><summary><code>{id}</code> ",
                id = escape(word("id"))
            );
            put!(
                page,
                "<span class=\"status {s}\">{s}</span> {}",
                escape(note.unwrap_or_default()),
                s = escape(word("status"))
            );
            put!(page, "</summary><pre>{}</pre></details>", written(&object));
        }
    }
}

fn events(page: &mut String, world: &World) {
    section(page, "events", "Events", world.count("event"));
    for event in world.all("event").rev().take(SHOWN) {
        let event = clean(event);
        let word = |key: &str| event.get(key).and_then(Value::as_str).unwrap_or_default();
        let at = event.get("created").and_then(Value::as_i64).unwrap_or(0);
        let id = escape(word("id"));
        put!(
            page,
            "<details id=\"{id}\"><summary><b>{}</b> <code>{id}</code> {}",
            escape(word("type")),
            when(at)
        );
        put!(page, " <i>{}</i></summary>", escape(&delivery(world, word("id"))));
        put!(
            page,
            "<form method=post action=\"/_sandbox/events/{id}/resend\"><button>Send again</button></form>"
        );
        put!(page, "<pre>{}</pre></details>", written(&event));
    }
}

/// What became of an event.
fn delivery(world: &World, id: &str) -> String {
    if world.targets.is_empty() {
        return "nobody listens".to_owned();
    }
    match world.outbox.pending(id) {
        0 => "delivered or given up".to_owned(),
        count => format!("waits for {count}"),
    }
}

fn requests(page: &mut String, world: &World) {
    section(page, "requests", "Requests", world.sent.iter().count());
    for sent in world.sent.iter().rev().take(SHOWN) {
        let id = escape(sent.request_id.as_deref().unwrap_or_default());
        let status = sent
            .status
            .map_or("no answer".to_owned(), |status| status.to_string());
        put!(
            page,
            "<details id=\"{id}\"><summary><span class=\"code c{}\">{status}</span> ",
            sent.status.unwrap_or(0) / 100
        );
        put!(
            page,
            "<b>{}</b> <code>{}</code> {}",
            escape(&sent.method),
            escape(&sent.path),
            when(sent.at)
        );
        for (is_so, word) in [(sent.effect, "effect"), (sent.replayed, "replayed")] {
            if is_so {
                put!(page, " <span class=status>{word}</span>");
            }
        }
        if let Some(fault) = &sent.fault {
            put!(page, " <span class=\"status fault\">{}</span>", escape(fault));
        }
        put!(page, "</summary>");
        if let Some(key) = &sent.idempotency_key {
            put!(page, "<p>idempotency key <code>{}</code></p>", escape(key));
        }
        json(page, "sent", &sent.params);
        json(page, "answered", &sent.answer);
        put!(page, "</details>");
    }
}

fn json(page: &mut String, title: &str, value: &Value) {
    put!(page, "<p class=kind>{title}</p><pre>{}</pre>", written(value));
}

fn written(value: &Value) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    escape(&text.chars().take(JSON).collect::<String>())
}

fn when(at: i64) -> String {
    let at = jiff::Timestamp::from_second(at)
        .map(|at| at.to_string())
        .unwrap_or_default();
    format!("<time>{at}</time>")
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// The page on which a session is paid.
pub(crate) fn checkout(world: &World, id: &str) -> Answer {
    let Some(session) = world.get("checkout.session", id) else {
        return super::said(404, "no such checkout session");
    };
    let word = |key: &str| escape(session.get(key).and_then(Value::as_str).unwrap_or_default());
    let amount = session.get("amount_total").and_then(Value::as_i64).unwrap_or(0);
    let mut page = String::new();
    put!(
        page,
        "<header><h1>Checkout</h1><p>A stand-in: nothing is charged.</p></header><article>"
    );
    put!(
        page,
        "<h3>{}.{:02} {}</h3><p>{}</p>",
        amount / 100,
        amount % 100,
        word("currency"),
        word("mode")
    );
    if word("status") == "open" {
        put!(page, "<form method=post><button>Pay</button></form>");
    } else {
        put!(page, "<p>This session is {}.</p>", word("status"));
    }
    if !word("cancel_url").is_empty() {
        put!(
            page,
            "<p><a href=\"{}\">Go back without paying</a></p>",
            word("cancel_url")
        );
    }
    put!(page, "</article>");
    html("Checkout", &page)
}
