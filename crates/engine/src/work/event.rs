//! Runs for events of webhooks, and what calls teach about whose an object is.
//!
//! Invariant: an action of an event keeps its mark and what it did together, or nothing.
//! Not here: events themselves; see `hook`.

use super::drive::Failure;
use super::group::{Context, Group, Verdict};
use super::settled::Settled;
use super::{Job, Works, journal};
use crate::fault::{Code, Fault};
use crate::hook::{Effect, Written};
use crate::permit::Permit;
use crate::store::{Call, StoreError};
use backflow_expr::Value;
use jiff::Timestamp;
use std::sync::Arc;

/// How an action without providers ended.
pub(crate) enum Acted {
    /// It was done: what it wrote.
    Done(Vec<Written>),
    /// It failed, and kept nothing.
    Failed(Fault),
    /// It is not known, or somebody else's.
    Lost,
}

impl Works {
    /// What stays the same in a run of an event's action.
    pub(crate) fn context_of_event(
        &self,
        job: &Arc<Job>,
        event: &Arc<str>,
        effect: Option<Arc<Effect>>,
    ) -> Arc<Context> {
        Arc::new(Context {
            effect,
            ..self.context_of(job, event)
        })
    }

    /// Runs an action without providers: one transaction.
    pub(crate) async fn act(&self, group: Group) -> Acted {
        match self.transact(Permit::of_run(), group).await {
            Ok((progress, Verdict::Over(_))) => Acted::Done(progress.written),
            // Whoever has the lock may keep it for long; the event is tried again.
            Ok((_, Verdict::Wait(_))) => Acted::Failed(Fault::of(Code::Locked)),
            Ok((_, Verdict::Fenced)) => Acted::Lost,
            Ok(_) => Acted::Failed(Fault::internal("an action without providers that does not end")),
            Err(Failure::Fault(_, fault)) => Acted::Failed(fault),
            Err(Failure::Store(StoreError::OutcomeUnknown(_))) => Acted::Lost,
            Err(Failure::Store(error)) => Acted::Failed(error.into()),
        }
    }

    /// Runs an action that calls providers, or finds its run, and waits for the end.
    pub(crate) async fn run_through(self: &Arc<Self>, context: Arc<Context>, group: Group) -> Settled {
        let mut seen = self.spawn(Arc::clone(&context.id), {
            let works = Arc::clone(self);
            move |sender| async move { works.begin(Permit::of_run(), context, group, &sender).await }
        });
        let end = seen.wait_for(|seen| seen.end.is_some()).await;
        let end = end.ok().and_then(|seen| seen.end.clone());
        end.unwrap_or_else(|| Settled::Fault(Fault::internal("a run's task went away")))
    }
}

/// What a call put on an object of its provider, for events about it that do not say so themselves.
pub(super) fn learn(
    context: &Context,
    provider: &str,
    result: &Value,
    (tenant, now): (Option<String>, Timestamp),
) -> Option<Call> {
    let (id, metadata) = (result.member("id"), result.member("metadata"));
    let id = id.as_text().filter(|id| !id.is_empty())?;
    metadata.as_object().filter(|members| !members.is_empty())?;
    let values = vec![
        journal::text(&format!("{provider}:{id}")),
        journal::text(&metadata.to_json()),
        journal::maybe(tenant.as_deref()),
        journal::instant(now),
    ];
    Some(journal::call(&context.journal.inbox.learn, values, false))
}
