//! What the engine needs of a provider.
//!
//! Role: the trait that connectors implement; what goes to a provider, and what comes back.
//! Invariant: what is [`Frozen`] holds no credential and is sent byte for byte as it stands; credentials are
//! added at sending. The same call gives the same bytes.
//! Not here: when a call is made again (the executor), what providers look like (the connectors).

use crate::store::BoxFuture;
use backflow_expr::Value;
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// The providers of a project, by name.
pub type Connectors = HashMap<String, Arc<dyn Connector>>;

/// A provider.
pub trait Connector: Send + Sync + 'static {
    /// The request that a call stands for.
    ///
    /// # Errors
    /// When a parameter does not fit, as only the provider's own rules tell.
    fn freeze(&self, asked: &Asked<'_>) -> Result<Frozen, Misfit>;

    /// Sends a frozen request and waits for its outcome, `within` at most.
    fn send<'a>(&'a self, frozen: &'a Frozen, within: Duration) -> BoxFuture<'a, Outcome>;

    /// What became of a request that may have been sent, and cannot safely be sent again with its key: the key
    /// may be forgotten, or stands for a stored failure. `since` is when it was first sent.
    fn look_up<'a>(
        &'a self,
        frozen: &'a Frozen,
        since: jiff::Timestamp,
        within: Duration,
    ) -> BoxFuture<'a, Found>;

    /// How long the provider remembers idempotency keys; `None`: it has none.
    fn remembers(&self) -> Option<Duration>;
}

/// A call as the workflow makes it.
#[derive(Debug)]
pub struct Asked<'a> {
    /// The action.
    pub action: &'a str,
    /// Its parameters: an object.
    pub params: &'a Value,
    /// The run's id.
    pub run: &'a str,
    /// The idempotency key: made of run, step and attempt epoch; at most 255 characters.
    pub key: &'a str,
    /// What this run has already done with the same provider, in order.
    pub earlier: &'a [Earlier],
}

/// A call of the same run that was done.
#[derive(Debug, Clone)]
pub struct Earlier {
    /// The action.
    pub action: String,
    /// Its parameters.
    pub params: Value,
    /// Its result.
    pub result: Value,
}

/// A request without credentials, ready to be sent and to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// The action it was made for.
    pub action: String,
    /// `POST`
    pub method: String,
    /// Path and query below the provider's address, `/v1/customers`.
    pub path: String,
    /// Headers in order; no credential among them.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// The idempotency key, where the provider knows such.
    pub key: Option<String>,
}

/// How a sending ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It was done; the result.
    Done(Value),
    /// It was refused for good, and had no effect.
    Refused(Refusal),
    /// It had no effect, or will have the same effect once more: send it again, after this pause at least.
    Again {
        /// What was said.
        refusal: Refusal,
        /// How long the provider asks to wait.
        after: Option<Duration>,
    },
    /// It may have had its effect: no answer came.
    Unknown(Refusal),
    /// The provider failed and keeps that answer for the key: it may have had its effect.
    Stored(Refusal),
}

/// What is known of a request that was sent earlier.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// It was done; the result.
    Done(Value),
    /// It left no trace: it may be sent with a new key.
    Nothing,
    /// That cannot be told now; ask again.
    Unknown(Refusal),
}

/// What a provider said against a call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Refusal {
    /// The HTTP status; `None`: there was no answer.
    pub status: Option<u16>,
    /// The provider's own kind of error, `card_error`.
    pub kind: Option<String>,
    /// Its own code, `resource_missing`.
    pub code: Option<String>,
    /// The parameter it is about.
    pub param: Option<String>,
    /// Its words, for callers where they may see them and for the journal; never a credential.
    pub message: String,
    /// It took longer than it may.
    pub timed_out: bool,
    /// The provider's id of the request, for their support.
    pub request_id: Option<String>,
}

/// A parameter that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// The parameter.
    pub param: String,
    /// Why.
    pub message: String,
}
