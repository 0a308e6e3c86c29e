//! One call to a provider, until its outcome is known or patience ends.
//!
//! Role: sends a frozen request, again where that is safe; looks up what became of one whose key is no use any more.
//! Invariant: nothing is sent by a worker whose lease may be over; a new key is journalled before it is sent, and
//! only after the provider was asked what became of the old one.
//! Not here: what is sent (`group::call`), what follows (`drive`).

use super::group::{Context, Pending, Progress, freeze};
use super::journal::{self, StepEntry, StepState};
use super::{Works, kept, patience};
use crate::connector::{Connector, Found, Outcome, Refusal};
use crate::event;
use backflow_expr::Value;
use backflow_plan::model::{Call, WorkStep};
use jiff::SignedDuration;
use std::sync::Arc;
use std::time::Duration;

/// How long one sending may take, unless the step says otherwise: a caller waits for longer, so that a lost answer
/// can be asked for again meanwhile.
const SENDING: Duration = Duration::from_secs(10);

/// How long a provider may need until what it did can be looked up.
const SETTLING: Duration = Duration::from_secs(2);

/// The longest pause between two sendings that the provider did not ask for.
const LONGEST: Duration = Duration::from_secs(8);

/// The longest that a provider may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(60);

/// Providers forget keys some time after this; before it they remember.
const MARGIN: SignedDuration = SignedDuration::from_mins(30);

/// How a call ended.
pub(super) enum Sent {
    Done(Value),
    Failed {
        refusal: Refusal,
        /// How long the provider asked to wait.
        after: Option<Duration>,
        /// It had no effect, and sending it again would be no use.
        known: bool,
    },
    /// Another worker has the run.
    Lost,
}

/// Another worker has the run.
pub(super) struct Fenced;

/// What follows one sending.
enum Then {
    End(Sent),
    Again {
        refusal: Refusal,
        after: Option<Duration>,
    },
    /// Its key is of no use any more.
    LookUp(Refusal),
}

impl Works {
    pub(super) async fn send(
        &self,
        context: &Context,
        (step, call): (&WorkStep, &Call),
        progress: &Progress,
        mut pending: Pending,
    ) -> Sent {
        let Some(connector) = context.connectors.get(&call.provider).map(Arc::clone) else {
            return no_credentials(&call.provider);
        };
        let within = step.timeout.map_or(SENDING, Duration::from_millis);
        let backoff = Duration::from_millis(step.retry.backoff);
        let mut tries = 0;
        loop {
            let then = match self.is_forgotten(&*connector, &pending) {
                true => Then::LookUp(Refusal::default()),
                false => self.send_once(context, &*connector, &pending, within).await,
            };
            tries += 1;
            pending.again = true;
            let (refusal, after) = match then {
                Then::End(sent) => return sent,
                Then::Again { refusal, after } => (refusal, after),
                Then::LookUp(refusal) => {
                    match connector.look_up(&pending.frozen, pending.since, within).await {
                        Found::Done(result) => return Sent::Done(result),
                        Found::Unknown(refusal) => (refusal, None),
                        Found::Nothing => {
                            match self.renew(context, (step, call), progress, pending.clone()).await {
                                Ok(renewed) => {
                                    pending = renewed;
                                    (refusal, None)
                                }
                                Err(sent) => return sent,
                            }
                        }
                    }
                }
            };
            event::call_again(&context.id, &step.label, tries, refusal.status);
            if tries >= step.retry.attempts.max(1) {
                return Sent::Failed {
                    refusal,
                    after,
                    known: false,
                };
            }
            let pause = patience(backoff, tries, LONGEST);
            let asked = after.unwrap_or_default().min(LONGEST_ASKED);
            tokio::time::sleep(pause.max(asked)).await;
        }
    }

    async fn send_once(
        &self,
        context: &Context,
        connector: &dyn Connector,
        pending: &Pending,
        within: Duration,
    ) -> Then {
        if self.alive(context).await.is_err() {
            return Then::End(Sent::Lost);
        }
        match connector.send(&pending.frozen, within).await {
            Outcome::Done(result) => Then::End(Sent::Done(result)),
            Outcome::Refused(refusal) => Then::End(Sent::Failed {
                refusal,
                after: None,
                known: true,
            }),
            Outcome::Again { refusal, after } => Then::Again { refusal, after },
            Outcome::Unknown(refusal) => Then::Again { refusal, after: None },
            Outcome::Stored(refusal) => {
                tokio::time::sleep(SETTLING).await;
                Then::LookUp(refusal)
            }
        }
    }

    /// Whether the provider may not know the key of a request any more that may have been sent.
    fn is_forgotten(&self, connector: &dyn Connector, pending: &Pending) -> bool {
        let remembers = connector
            .remembers()
            .and_then(|span| SignedDuration::try_from(span).ok());
        match (&pending.frozen.key, remembers) {
            (Some(_), Some(span)) if pending.again => {
                self.now().duration_since(pending.since) > span.saturating_sub(MARGIN)
            }
            _ => false,
        }
    }

    /// The request under a new key, journalled.
    async fn renew(
        &self,
        context: &Context,
        (step, call): (&WorkStep, &Call),
        progress: &Progress,
        old: Pending,
    ) -> Result<Pending, Sent> {
        let epoch = old.epoch + 1;
        let frozen = match freeze(context, (step, call), (&old.params, epoch), &progress.earlier) {
            Ok(frozen) => frozen,
            Err(fault) => {
                let message = fault.message().to_owned();
                return Err(Sent::Failed {
                    refusal: Refusal {
                        message,
                        ..Refusal::default()
                    },
                    after: None,
                    known: true,
                });
            }
        };
        let since = self.now();
        let entry = StepEntry {
            run: &context.id,
            step: &step.id,
            position: old.at,
            state: StepState::Sending,
            epoch,
            params: Some(old.params.to_json()),
            request: Some(kept::frozen(&frozen)),
            outcome: None,
            sent: Some(since),
        };
        let calls = vec![
            journal::write_step(&context.journal, entry),
            journal::hold(
                &context.journal,
                &context.id,
                context.fence,
                super::lease(self.now()),
            ),
        ];
        event::new_key(&context.id, &step.label, epoch);
        match self.insist(context, calls).await {
            true => Ok(Pending {
                frozen,
                epoch,
                since,
                again: false,
                ..old
            }),
            false => Err(Sent::Lost),
        }
    }
}

fn no_credentials(provider: &str) -> Sent {
    Sent::Failed {
        refusal: Refusal {
            status: Some(401),
            message: format!("{provider} has no credentials here"),
            ..Refusal::default()
        },
        after: None,
        known: true,
    }
}
