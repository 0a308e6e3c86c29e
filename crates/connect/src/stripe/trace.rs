//! What became of a request to Stripe, where its key cannot tell any more.
//!
//! Role: finds the event whose request carried the key, and the object as it is now.
//! Invariant: only the same idempotency key is proof; likeness of parameters never is.
//! Not here: when this is asked; the engine decides.

use super::Stripe;
use super::actions::{self, Verb};
use super::freeze::headers;
use super::outcome;
use crate::client::{Broken, Heard};
use crate::encode;
use crate::judge;
use backflow_engine::connector::{Found, Frozen, Refusal};
use backflow_expr::Value;
use bytes::Bytes;

/// Clocks may differ by this many seconds.
const SKEW: i64 = 300;

/// Pages of 100 events that are looked through before giving up for now.
const PAGES: usize = 100;

/// Where an object of a kind is read.
const HOMES: [(&str, &str); 9] = [
    ("customer", "/v1/customers/"),
    ("subscription", "/v1/subscriptions/"),
    ("invoice", "/v1/invoices/"),
    ("payment_intent", "/v1/payment_intents/"),
    ("checkout.session", "/v1/checkout/sessions/"),
    ("refund", "/v1/refunds/"),
    ("price", "/v1/prices/"),
    ("product", "/v1/products/"),
    ("setup_intent", "/v1/setup_intents/"),
];

/// Whether the request that caused an event had this key.
fn carries(event: &Value, key: &str) -> bool {
    event.member("request").member("idempotency_key").as_text() == Some(key)
}

/// Whether an event's object is of the kind that a path is about: one request may cause events about several.
fn is_about(event: &Value, path: &str) -> bool {
    let home = HOMES
        .iter()
        .find(|(_, home)| path.starts_with(home.trim_end_matches('/')));
    let object = event.member("data").member("object").member("object");
    home.is_none_or(|(kind, _)| object.as_text() == Some(kind))
}

impl Stripe {
    /// Reads `path`, in the version that the request was made in.
    async fn read(&self, path: String, frozen: &Frozen) -> Result<Heard, Broken> {
        let version = frozen.headers.iter().find(|(name, _)| name == "Stripe-Version");
        let version = version.map_or(self.version.as_str(), |(_, version)| version.as_str());
        let question = Frozen {
            action: frozen.action.clone(),
            method: Verb::Get.as_str().to_owned(),
            path,
            headers: headers(version),
            body: Bytes::new(),
            key: None,
        };
        self.line.call(&self.signed(&question), self.reading).await
    }

    /// The request by its key among Stripe's events.
    pub(super) async fn trace(&self, frozen: &Frozen, since: jiff::Timestamp) -> Found {
        let Some(key) = &frozen.key else {
            return self.gone(frozen).await.map_or(Found::Nothing, Found::Done);
        };
        let event = actions::find(&frozen.action).map_or("", |action| action.event);
        let mut query = format!(
            "limit=100&created[gte]={}",
            since.as_second().saturating_sub(SKEW)
        );
        if !event.is_empty() {
            query = format!("type={event}&{query}");
        }
        let mut after = String::new();
        for _ in 0..PAGES {
            let page = match self.page(&query, &after, frozen).await {
                Ok(page) => page,
                Err(refusal) => return Found::Unknown(refusal),
            };
            let data = page.member("data");
            let events = data.as_list().unwrap_or_default();
            let mine = |event: &&Value| carries(event, key) && is_about(event, &frozen.path);
            if let Some(event) = events.iter().find(mine) {
                let object = event.member("data").member("object");
                return self.fresh(object, frozen).await;
            }
            let last = events.last().map(|event| event.member("id"));
            match last.as_ref().and_then(Value::as_text) {
                Some(id) if page.member("has_more") == Value::Bool(true) => {
                    after = format!("&starting_after={}", encode::segment(id));
                }
                _ => return Found::Nothing,
            }
        }
        Found::Unknown(judge::silent(
            "there are more events than can be looked through",
            false,
        ))
    }

    async fn page(&self, query: &str, after: &str, frozen: &Frozen) -> Result<Value, Refusal> {
        let heard = self.read(format!("/v1/events?{query}{after}"), frozen).await;
        let heard = heard.map_err(judge::unanswered)?;
        match judge::body(&heard) {
            Some(page) if heard.status == 200 => Ok(page),
            _ => Err(outcome::refusal(&heard, &self.key)),
        }
    }

    /// An object as it is now, expanded as the request asked; an event holds it unexpanded, as it was.
    async fn fresh(&self, object: Value, frozen: &Frozen) -> Found {
        let kind = object.member("object");
        let home = HOMES.iter().find(|(name, _)| kind.as_text() == Some(name));
        let (Some((_, home)), Some(id)) = (home, judge::text(&object, "id")) else {
            return Found::Done(object);
        };
        let form = std::str::from_utf8(&frozen.body).unwrap_or_default();
        let expand: Vec<&str> = form
            .split('&')
            .filter(|field| field.starts_with("expand["))
            .collect();
        let query = if expand.is_empty() {
            String::new()
        } else {
            format!("?{}", expand.join("&"))
        };
        match self
            .read(format!("{home}{}{query}", encode::segment(&id)), frozen)
            .await
        {
            Ok(heard) => match judge::body(&heard) {
                Some(now) if heard.status == 200 => Found::Done(now),
                _ if heard.status == 404 => Found::Done(object),
                _ => Found::Unknown(outcome::refusal(&heard, &self.key)),
            },
            Err(broken) => Found::Unknown(judge::unanswered(broken)),
        }
    }

    /// What was to be deleted, if it is: a second request is told that it does not exist.
    pub(super) async fn gone(&self, frozen: &Frozen) -> Option<Value> {
        if frozen.method != Verb::Delete.as_str() {
            return None;
        }
        let path = frozen.path.split('?').next().unwrap_or_default();
        let heard = self.read(path.to_owned(), frozen).await.ok()?;
        let object = judge::body(&heard).filter(|_| heard.status == 200)?;
        let is_gone = object.member("deleted") == Value::Bool(true)
            || object.member("status").as_text() == Some("canceled");
        is_gone.then_some(object)
    }
}
