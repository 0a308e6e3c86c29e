//! Time and ids, as the engine asks for them.
//!
//! Role: the traits through which tests can hold both still, and the real ones.
//! Invariant: nothing else in the engine reads a clock or makes randomness.
//! Not here: how an instant is written; see `backflow_expr`.

/// What time it is.
pub trait Clock: Send + Sync + 'static {
    /// This instant.
    fn now(&self) -> jiff::Timestamp;
}

/// Fresh ids.
pub trait Ids: Send + Sync + 'static {
    /// A random uuid (version 4) in lower case: the expression `uuid()`.
    fn uuid(&self) -> String;
    /// A uuid for the key of a new row; later ones sort behind earlier ones.
    fn key(&self) -> String;
    /// An id for a request; later ones sort behind earlier ones.
    fn request(&self) -> String;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }
}

/// Ids from the machine's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemIds;

impl Ids for SystemIds {
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the place that all others are sent to"
    )]
    fn uuid(&self) -> String {
        uuid::Uuid::new_v4().to_string()
    }

    fn key(&self) -> String {
        self.request()
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "this is the place that all others are sent to"
    )]
    fn request(&self) -> String {
        uuid::Uuid::now_v7().to_string()
    }
}
