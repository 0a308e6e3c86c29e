//! What answers of custom providers mean, by HTTP alone.
//!
//! Invariant: a failure of a provider that knows no keys is never taken for "no effect".
//! Not here: answers that never came; see `judge` of the crate.

use crate::client::Heard;
use crate::judge;
use backflow_engine::Secret;
use backflow_engine::connector::{Outcome, Refusal};
use backflow_expr::Value;
use backflow_plan::manifest::Repeat;

/// The outcome of a request.
pub(super) fn outcome(heard: &Heard, repeat: Repeat, secrets: &[Secret]) -> Outcome {
    if (200..300).contains(&heard.status) {
        return Outcome::Done(result(heard));
    }
    let refusal = refusal(heard, secrets);
    let after = judge::pause(heard);
    match (heard.status, repeat) {
        // Busy, or told when to come again: nothing was done.
        (429, _) => Outcome::Again { refusal, after },
        (503, _) if after.is_some() => Outcome::Again { refusal, after },
        // The first request with this key is still being worked on.
        (409 | 425, Repeat::Keyed) => Outcome::Again { refusal, after },
        (500.., Repeat::Keyed | Repeat::Harmless) => Outcome::Again { refusal, after },
        (500.., Repeat::Doubled) => Outcome::Unknown(refusal),
        _ => Outcome::Refused(refusal),
    }
}

/// JSON as it is, other text as text, nothing as null.
fn result(heard: &Heard) -> Value {
    if heard.body.is_empty() {
        return Value::Null;
    }
    judge::body(heard).unwrap_or_else(|| {
        let text = String::from_utf8_lossy(&heard.body).replace('\0', "\u{fffd}");
        Value::text(text)
    })
}

/// What the provider says, where JSON APIs usually say it: `{error: {message, code, type}}`, `{message, code}`,
/// `{errors: [{…}]}`, RFC 9457's `{title, detail}`.
fn refusal(heard: &Heard, secrets: &[Secret]) -> Refusal {
    let body = judge::body(heard).unwrap_or_default();
    let inner = match (body.member("error"), body.member("errors").index(0)) {
        (error @ Value::Object(_), _) | (_, error @ Value::Object(_)) => error,
        _ => body.clone(),
    };
    let first = |names: &[&str]| names.iter().find_map(|name| judge::text(&inner, name));
    let said = first(&["message", "detail", "title", "error_description", "error"]);
    let message = said.unwrap_or_else(|| match heard.status {
        300..400 => "a redirect, which is not followed".to_owned(),
        status => format!("status {status} without an explanation"),
    });
    let own = |text: Option<String>| text.map(|text| judge::words(&text, secrets));
    Refusal {
        status: Some(heard.status),
        kind: own(first(&["type"])),
        code: own(first(&["code"])),
        param: own(first(&["param", "field"])),
        message: judge::words(&message, secrets),
        timed_out: false,
        request_id: heard.header("x-request-id").map(str::to_owned),
    }
}
