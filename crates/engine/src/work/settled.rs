//! How a run came to its end, as its callers are told.
//!
//! Role: the answers and refusals of ended runs, whether they ended here or are read from the journal; what a
//! provider said against a call, as a fault of ours.
//! Invariant: of a provider's words about our own credentials nothing reaches a caller.
//! Not here: when a run ends.

use super::journal::{Ending, RunRow, State};
use crate::connector::Refusal;
use crate::fault::{Code, Detail, Fault};
use crate::reply::Reply;
use crate::transaction::Outcome;
use backflow_expr::{Value, json};
use bytes::Bytes;
use http::StatusCode;
use std::time::Duration;

/// An end.
#[derive(Debug, Clone)]
pub(crate) enum Settled {
    /// An answer.
    Done(Outcome),
    /// A refusal or failure.
    Fault(Fault),
    /// A refusal or failure as the journal has it: status and the members of its body.
    Told(StatusCode, Value),
}

impl Settled {
    /// What the journal says of a run that is over.
    pub(crate) fn of(run: &RunRow) -> Self {
        let lost = || Settled::Fault(Fault::of(Code::RunLost));
        let status = run.status.and_then(|status| StatusCode::from_u16(status).ok());
        let (Some(status), Some(answer)) = (status, &run.answer) else {
            return lost();
        };
        match run.state {
            State::Done => Settled::Done(Outcome {
                status,
                body: Bytes::from(answer.clone()),
                range: None,
            }),
            State::Refused | State::Failed => match json::parse(answer.as_bytes(), 64) {
                Ok(members) => Settled::Told(status, members),
                Err(_) => lost(),
            },
            State::Running | State::Canceled => lost(),
        }
    }

    /// The end of a run whose fault is not at hand any more.
    pub(super) fn ended(ending: &Ending) -> Self {
        let status = StatusCode::from_u16(ending.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let members = json::parse(ending.answer.as_bytes(), 64).unwrap_or_default();
        Settled::Told(status, members)
    }

    /// The reply to a caller.
    pub(crate) fn reply(self, is_known_caller: bool, request_id: &str) -> Result<Reply, Fault> {
        match self {
            Settled::Done(outcome) => Ok(Reply::of(outcome, is_known_caller)),
            Settled::Fault(fault) => Err(fault),
            Settled::Told(status, members) => Ok(Reply::told(status, &members, request_id)),
        }
    }
}

/// What is written of a run that ends with a fault.
pub(super) fn ending(fault: &Fault) -> Ending {
    let state = match fault.status().as_u16() {
        400..500 => State::Refused,
        _ => State::Failed,
    };
    Ending {
        state,
        status: fault.status().as_u16(),
        answer: Value::object(fault.members()).to_json(),
        // Databases keep no U+0000 in texts; a provider may say anything.
        error: Some(fault.why().replace('\0', "")),
    }
}

/// A provider's refusal as a fault; `label` is the step's.
pub(super) fn fault(label: &str, provider: &str, refusal: &Refusal, after: Option<Duration>) -> Fault {
    let private = private(provider, refusal);
    let seconds = after.map_or(1, |after| u32::try_from(after.as_secs()).unwrap_or(60).max(1));
    match refusal.status {
        Some(402) => told(Code::PaymentRequired, label, refusal).private(private),
        Some(401 | 403) => Fault::of(Code::ProviderRefusedUs).private(private),
        Some(409 | 429) => Fault::of(Code::ProviderBusy)
            .retry_after(seconds)
            .private(private),
        Some(400..500) => told(Code::ProviderRefused, label, refusal).private(private),
        _ if refusal.timed_out => Fault::of(Code::ProviderTimeout).private(private),
        _ => Fault::of(Code::ProviderFailed).private(private),
    }
}

/// A refusal whose words are about what was asked, and so are the caller's to read.
fn told(code: Code, label: &str, refusal: &Refusal) -> Fault {
    let name = refusal.code.clone().or_else(|| refusal.kind.clone());
    let path = match &refusal.param {
        Some(param) => format!("{label}.params.{param}"),
        None => label.to_owned(),
    };
    let name = name.unwrap_or_else(|| code.text().to_owned());
    let detail = Detail::new(path, name, refusal.message.clone());
    Fault::of(code).detail(detail)
}

fn private(provider: &str, refusal: &Refusal) -> String {
    let status = refusal
        .status
        .map_or("no answer".to_owned(), |status| status.to_string());
    let request = refusal.request_id.as_deref().unwrap_or("no id");
    format!("{provider}: {status}: {} ({request})", refusal.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16) -> Refusal {
        Refusal {
            status: Some(status),
            code: Some("resource_missing".to_owned()),
            param: Some("customer".to_owned()),
            message: "No such customer".to_owned(),
            ..Refusal::default()
        }
    }

    #[test]
    fn what_a_provider_says_of_us_is_hidden() {
        for status in [401, 403] {
            let fault = fault("steps.a", "stripe", &refusal(status), None);
            assert_eq!(fault.status().as_u16(), 502);
            let body = String::from_utf8(fault.body("r")).unwrap();
            assert!(!body.contains("customer"), "{body}");
            assert!(fault.private_text().unwrap().contains("No such customer"));
        }
    }

    #[test]
    fn what_it_says_of_the_request_is_told() {
        for (status, ours) in [(400, 422), (404, 422), (422, 422), (402, 402)] {
            let fault = fault("steps.a", "stripe", &refusal(status), None);
            assert_eq!(fault.status().as_u16(), ours);
            let body = String::from_utf8(fault.body("r")).unwrap();
            assert!(
                body.contains("resource_missing") && body.contains("steps.a.params.customer"),
                "{body}"
            );
        }
        let busy = fault("steps.a", "stripe", &refusal(429), Some(Duration::from_secs(7)));
        assert_eq!((busy.status().as_u16(), busy.retry_seconds()), (503, Some(7)));
        assert_eq!(
            fault("steps.a", "stripe", &refusal(500), None).status().as_u16(),
            502
        );
    }
}
