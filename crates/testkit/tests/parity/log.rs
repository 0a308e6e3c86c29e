//! What the engine tells its log.
//!
//! Role: the private reason of the last refusal, which no answer holds.
//! Invariant: only what is asked for is kept: one text.
//! Not here: what is done with it.

use std::fmt::Debug;
use std::sync::Mutex;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

static LAST: Mutex<String> = Mutex::new(String::new());

/// Keeps what is told from now on.
pub(crate) fn listen() {
    // Only one can listen; a second call changes nothing.
    drop(tracing::subscriber::set_global_default(Listener));
}

/// The last reason; empty if there was none since it was asked for.
pub(crate) fn take() -> String {
    LAST.lock()
        .map(|mut last| std::mem::take(&mut *last))
        .unwrap_or_default()
}

struct Listener;

struct Reason(String);

impl Visit for Reason {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if matches!(field.name(), "why" | "reason" | "error") {
            self.0.push_str(&format!("{value:?} "));
        }
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("backflow")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut reason = Reason(String::new());
        event.record(&mut reason);
        if let (false, Ok(mut last)) = (reason.0.is_empty(), LAST.lock()) {
            last.push_str(&reason.0);
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
