//! What Stripe's answers mean.
//!
//! Invariant: an answer that Stripe keeps for its idempotency key is never asked for again with that key.
//! Not here: answers that never came; see `judge` of the crate.

use crate::client::Heard;
use crate::judge;
use backflow_engine::Secret;
use backflow_engine::connector::{Outcome, Refusal};

/// The outcome of a request; `keyed`: it had an idempotency key.
pub(super) fn outcome(heard: &Heard, keyed: bool, secret: &Secret) -> Outcome {
    if (200..300).contains(&heard.status) {
        return match judge::body(heard) {
            Some(result) => Outcome::Done(result),
            None => Outcome::Unknown(Refusal {
                status: Some(heard.status),
                ..judge::silent("the answer is no JSON", false)
            }),
        };
    }
    let refusal = refusal(heard, secret);
    let again = |refusal| Outcome::Again {
        refusal,
        after: judge::pause(heard),
    };
    // Stripe knows best: the first answer to a key is kept once execution began, locks are not.
    match (heard.header("stripe-should-retry"), heard.status) {
        (Some("true"), _) => again(refusal),
        (Some("false"), 409 | 429) => Outcome::Refused(refusal),
        (_, 409 | 429) => again(refusal),
        (_, 500..) if keyed => Outcome::Stored(refusal),
        (_, 500..) => again(refusal),
        _ => Outcome::Refused(refusal),
    }
}

/// What Stripe says against a request.
pub(super) fn refusal(heard: &Heard, secret: &Secret) -> Refusal {
    let error = judge::body(heard).unwrap_or_default().member("error");
    let said = judge::text(&error, "message");
    let message = said.unwrap_or_else(|| match heard.status {
        300..400 => "a redirect, which is not followed".to_owned(),
        status => format!("status {status} without an explanation"),
    });
    Refusal {
        status: Some(heard.status),
        kind: judge::text(&error, "type"),
        code: judge::text(&error, "code"),
        param: judge::text(&error, "param"),
        message: judge::words(&message, std::slice::from_ref(secret)),
        timed_out: false,
        request_id: heard.header("request-id").map(str::to_owned),
    }
}

/// Whether what was to be deleted is not there.
pub(super) fn is_missing(heard: &Heard) -> bool {
    let error = judge::body(heard).unwrap_or_default().member("error");
    heard.status == 404 && error.member("code").as_text() == Some("resource_missing")
}
