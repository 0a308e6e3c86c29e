//! What all connectors make of an answer, or of none.
//!
//! Role: from broken lines to outcomes, pauses that are asked for, words without credentials.
//! Invariant: "nothing was sent" and "it may have been read" are never confused.
//! Not here: what a provider's statuses and errors mean.

use crate::client::{Broken, Exchange, Heard, Sent};
use backflow_engine::Secret;
use backflow_engine::connector::{Frozen, Misfit, Outcome, Refusal};
use backflow_expr::{Value, json};
use std::time::Duration;

/// Nesting of an answer that is still read.
const DEEPEST: usize = 128;

/// The most that is kept of a provider's words.
const LONGEST: usize = 500;

/// The outcome when there is no answer.
pub(crate) fn broken(broken: Broken) -> Outcome {
    match broken {
        Broken::Unreached { message, timed_out } => Outcome::Again {
            refusal: silent(message, timed_out),
            after: None,
        },
        Broken::Barred(message) => Outcome::Refused(silent(message, false)),
        Broken::Lost { message, timed_out } => Outcome::Unknown(silent(message, timed_out)),
    }
}

/// What is told of a question that got no answer.
pub(crate) fn unanswered(broken: Broken) -> Refusal {
    match broken {
        Broken::Unreached { message, timed_out } | Broken::Lost { message, timed_out } => {
            silent(message, timed_out)
        }
        Broken::Barred(message) => silent(message, false),
    }
}

/// A refusal by nobody: there was no answer.
pub(crate) fn silent(message: impl Into<String>, timed_out: bool) -> Refusal {
    Refusal {
        message: message.into(),
        timed_out,
        ..Refusal::default()
    }
}

/// How long the provider asks to wait, in whole seconds.
pub(crate) fn pause(heard: &Heard) -> Option<Duration> {
    let seconds = heard.header("retry-after")?.trim().parse::<u32>().ok()?;
    Some(Duration::from_secs(u64::from(seconds)))
}

/// The body as JSON.
pub(crate) fn body(heard: &Heard) -> Option<Value> {
    json::parse(&heard.body, DEEPEST).ok()
}

/// Text of a provider, without the credentials that it may repeat and not longer than is of use.
pub(crate) fn words(text: &str, secrets: &[Secret]) -> String {
    let known = secrets.iter().map(Secret::expose);
    let clean = known
        .filter(|secret| !secret.is_empty())
        .fold(text.to_owned(), |text, secret| text.replace(secret, "***"));
    clean.chars().take(LONGEST).collect()
}

/// A member that is text.
pub(crate) fn text(value: &Value, name: &str) -> Option<String> {
    value.member(name).as_text().map(str::to_owned)
}

/// A frozen request, ready to get its credentials.
pub(crate) fn exchange(frozen: &Frozen) -> Exchange {
    let plain = |(name, value): &(String, String)| (name.clone(), Sent::Plain(value.clone()));
    let mut headers: Vec<(String, Sent)> = frozen.headers.iter().map(plain).collect();
    let agent = concat!("Backflow/", env!("CARGO_PKG_VERSION"));
    headers.push(("User-Agent".to_owned(), Sent::Plain(agent.to_owned())));
    Exchange {
        method: frozen.method.clone(),
        path: frozen.path.clone(),
        hidden_query: None,
        headers,
        body: frozen.body.clone(),
    }
}

/// A parameter that does not fit.
pub(crate) fn misfit(param: &str, message: impl Into<String>) -> Misfit {
    Misfit {
        param: param.to_owned(),
        message: message.into(),
    }
}
