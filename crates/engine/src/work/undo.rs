//! Undoing what a run did, as far as its author says how.
//!
//! Role: the `compensate` calls of the steps that were done, last first, when a run ends badly.
//! Invariant: such a call is journalled like any other; what cannot be undone is said, and the others still are.
//! Not here: what a transaction that failed wrote; the database has undone it.

use super::group::{Context, Pending, Progress, freeze};
use super::journal::{self, Ending, StepEntry, StepRow, StepState};
use super::send::{Fenced, Sent};
use super::{Works, kept};
use crate::event;
use crate::host::RequestHost;
use crate::render;
use backflow_plan::model::{Call, WorkStep};
use std::sync::Arc;
use std::time::Duration;

/// The id of the entry that says that a run is being undone; no step can have it.
pub(super) const DECISION: &str = "~end";

/// Pauses until the database answers.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

impl Works {
    /// Undoes what was done, last first; what the journal says was undone already is not undone again.
    pub(super) async fn compensate(&self, context: &Arc<Context>, progress: &Progress) -> Result<(), Fenced> {
        let rows = self.rows_of(context).await;
        for at in progress.done.iter().rev() {
            let step = context.job.step(*at);
            let Some((step, call)) = step.and_then(|step| Some((step, step.compensate.as_ref()?))) else {
                continue;
            };
            let row = rows.iter().find(|row| row.step == undo_id(step));
            match row.map(|row| row.state) {
                Some(StepState::Done | StepState::Failed) => {}
                _ => self.undo(context, (step, call), progress, row).await?,
            }
        }
        Ok(())
    }

    /// The rows of a run's steps, once the database answers.
    async fn rows_of(&self, context: &Context) -> Vec<StepRow> {
        let mut failures = 0;
        loop {
            match self.steps_of(&context.id).await {
                Ok(rows) => return rows,
                Err(fault) => {
                    failures += 1;
                    event::run_waits(&context.id, failures, fault.code_text());
                    tokio::time::sleep(super::patience(SHORTEST, failures, LONGEST)).await;
                }
            }
        }
    }

    async fn undo(
        &self,
        context: &Arc<Context>,
        (step, call): (&WorkStep, &Call),
        progress: &Progress,
        row: Option<&StepRow>,
    ) -> Result<(), Fenced> {
        let undoing = WorkStep {
            id: undo_id(step),
            label: format!("{}.compensate", step.label),
            ..step.clone()
        };
        let pending = match row.map(super::load::pending_undo) {
            Some(Some(pending)) => pending,
            _ => match self.begin_undo(context, (&undoing, call), progress).await? {
                Some(pending) => pending,
                None => return Ok(()),
            },
        };
        let (state, text) = match self.send(context, (&undoing, call), progress, pending).await {
            Sent::Done(result) => (StepState::Done, result.to_json()),
            Sent::Lost => return Err(Fenced),
            Sent::Failed { refusal, .. } => {
                event::not_undone(&context.id, &undoing.label, &refusal.message);
                (StepState::Failed, kept::refusal(&refusal))
            }
        };
        let written = journal::step_outcome(&context.journal, (&context.id, &undoing.id), state, &text);
        match self
            .insist(context, vec![written, held(context, self.now())])
            .await
        {
            true => Ok(()),
            false => Err(Fenced),
        }
    }

    /// The request that undoes a step, journalled; `None`: it cannot be made.
    async fn begin_undo(
        &self,
        context: &Arc<Context>,
        (undoing, call): (&WorkStep, &Call),
        progress: &Progress,
    ) -> Result<Option<Pending>, Fenced> {
        let mut host = RequestHost::new(self.now(), Arc::clone(&self.ids));
        let frozen =
            render::shape(&call.params, &progress.frame, &mut host, &undoing.label).and_then(|params| {
                let frozen = freeze(context, (undoing, call), (&params, 0), &progress.earlier)?;
                Ok((params, frozen))
            });
        let (params, frozen) = match frozen {
            Ok(frozen) => frozen,
            Err(fault) => {
                event::not_undone(&context.id, &undoing.label, fault.message());
                return Ok(None);
            }
        };
        let since = self.now();
        let entry = StepEntry {
            run: &context.id,
            step: &undoing.id,
            // Behind the entry that decided it.
            position: context.job.work.steps.len() + 1,
            state: StepState::Sending,
            epoch: 0,
            params: Some(params.to_json()),
            request: Some(kept::frozen(&frozen)),
            outcome: None,
            sent: Some(since),
        };
        let calls = vec![journal::write_step(&context.journal, entry), held(context, since)];
        if !self.insist(context, calls).await {
            return Err(Fenced);
        }
        Ok(Some(Pending {
            at: context.job.work.steps.len(),
            params,
            frozen,
            epoch: 0,
            since,
            again: false,
        }))
    }
}

/// Whether something would be undone.
pub(super) fn undoes(context: &Context, progress: &Progress) -> bool {
    let mut steps = progress.done.iter().filter_map(|at| context.job.step(*at));
    steps.any(|step| step.compensate.is_some())
}

/// The entry that says how a run will end, before anything of it is undone: whoever takes it over goes on undoing.
pub(super) fn decision(context: &Context, ending: &Ending) -> crate::store::Call {
    let entry = StepEntry {
        run: &context.id,
        step: DECISION,
        position: context.job.work.steps.len(),
        state: StepState::Failed,
        epoch: 0,
        params: None,
        request: None,
        outcome: Some(kept::ending(ending)),
        sent: None,
    };
    journal::write_step(&context.journal, entry)
}

/// The run is still ours.
fn held(context: &Context, now: jiff::Timestamp) -> crate::store::Call {
    journal::hold(&context.journal, &context.id, context.fence, super::lease(now))
}

fn undo_id(step: &WorkStep) -> String {
    format!("{}~undo", step.id)
}
