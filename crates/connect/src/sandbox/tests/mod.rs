//! The rules of `docs/sandbox.md`, one by one, without a socket.
//!
//! Role: a [`Desk`] that puts requests to a world whose clock stands still unless it is moved.
//! Invariant: what the table in `docs/sandbox.md` names is a test here or a check in `tests/peers/sandbox`.
//! Not here: sockets and the vendors' clients (`tests/sandbox`).

mod documented;
mod errors;
mod events;
mod hostile;
mod idempotency;
mod mail;
mod money;
mod shapes;
mod subscriptions;

use super::asked::{Answer, Asked, Forced};
use super::options::{DEFAULT_VERSION, Options};
use super::stripe;
use super::world::World;
use backflow_engine::Clock;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

pub(super) const NEW: &str = "2025-03-31.basil";

struct Still;

impl Clock for Still {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::from_second(1_750_000_000).unwrap_or_default()
    }
}

/// Where requests are put.
pub(super) struct Desk {
    pub(super) world: World,
    pub(super) version: &'static str,
    pub(super) key: Option<String>,
    pub(super) forced: Option<Forced>,
}

impl Desk {
    pub(super) fn new() -> Self {
        let options = Options {
            clock: Arc::new(Still),
            ..Options::default()
        };
        Self {
            world: World::new(&options),
            version: DEFAULT_VERSION,
            key: None,
            forced: None,
        }
    }

    pub(super) fn newer() -> Self {
        Self {
            version: NEW,
            ..Self::new()
        }
    }

    /// The answer to a request.
    pub(super) fn ask(&mut self, method: &str, path: &str, form: &str) -> Answer {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut headers = vec![
            ("authorization".to_owned(), "Bearer sk_test_x".to_owned()),
            ("stripe-version".to_owned(), self.version.to_owned()),
        ];
        headers.extend(self.key.clone().map(|key| ("idempotency-key".to_owned(), key)));
        let asked = Asked {
            method: method.to_owned(),
            path: format!("/v1/{path}"),
            query: query.to_owned(),
            headers,
            body: form.as_bytes().to_vec(),
        };
        stripe::answer(&mut self.world, &asked, self.forced.as_ref())
    }

    /// Status and body of a POST.
    pub(super) fn post(&mut self, path: &str, form: &str) -> (u16, Value) {
        read(&self.ask("POST", path, form))
    }

    /// The object that a POST makes.
    pub(super) fn make(&mut self, path: &str, form: &str) -> Value {
        let (status, body) = self.post(path, form);
        assert_eq!(status, 200, "{path} {form}: {body}");
        body
    }

    /// The object that is read.
    pub(super) fn get(&mut self, path: &str) -> Value {
        let (status, body) = read(&self.ask("GET", path, ""));
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// The error that a request is answered with.
    pub(super) fn fail(&mut self, method: &str, path: &str, form: &str) -> (u16, Value) {
        let (status, body) = read(&self.ask(method, path, form));
        assert!(status >= 400, "{path} {form}: {body}");
        (status, body["error"].clone())
    }

    /// A customer's id.
    pub(super) fn customer(&mut self) -> String {
        word(&self.make("customers", "email=a@example.com"), "id")
    }

    /// A subscription with more parameters.
    pub(super) fn subscribe(&mut self, more: &str) -> Value {
        let customer = self.customer();
        self.make(
            "subscriptions",
            &format!("customer={customer}&items[0][price]=price_a&{more}"),
        )
    }

    pub(super) fn advance(&mut self, hours: u64) {
        self.world.advance(Duration::from_secs(hours * 3600));
    }

    /// The types of all events, the oldest first.
    pub(super) fn told(&self) -> Vec<String> {
        self.world.all("event").map(|event| word(event, "type")).collect()
    }
}

pub(super) fn read(answer: &Answer) -> (u16, Value) {
    (
        answer.status,
        serde_json::from_str(&answer.body).unwrap_or_default(),
    )
}

pub(super) fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer
        .headers
        .iter()
        .find(|(own, _)| own.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

pub(super) fn word(object: &Value, key: &str) -> String {
    object[key].as_str().unwrap_or_default().to_owned()
}
