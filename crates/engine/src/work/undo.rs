//! Undoing what a run did, as far as its author says how.
//!
//! Role: the `compensate` calls of the steps that were done, last first, when a run ends badly.
//! Invariant: such a call is journalled like any other; what cannot be undone is said, and the others still are.
//! Not here: what a transaction that failed wrote; the database has undone it.

use super::group::{Context, Pending, Progress, freeze};
use super::journal::{self, StepEntry, StepState};
use super::send::{Fenced, Sent};
use super::{Works, kept};
use crate::event;
use crate::host::RequestHost;
use crate::render;
use backflow_plan::model::{Call, WorkStep};
use std::sync::Arc;

impl Works {
    /// Whether something was undone.
    pub(super) async fn compensate(
        &self,
        context: &Arc<Context>,
        progress: &Progress,
    ) -> Result<bool, Fenced> {
        let mut undone = false;
        for at in progress.done.iter().rev() {
            let step = context.job.step(*at);
            let Some((step, call)) = step.and_then(|step| Some((step, step.compensate.as_ref()?))) else {
                continue;
            };
            undone = true;
            self.undo(context, (step, call), progress).await?;
        }
        Ok(undone)
    }

    async fn undo(
        &self,
        context: &Arc<Context>,
        (step, call): (&WorkStep, &Call),
        progress: &Progress,
    ) -> Result<(), Fenced> {
        let undoing = WorkStep {
            id: format!("{}~undo", step.id),
            label: format!("{}.compensate", step.label),
            ..step.clone()
        };
        let mut host = RequestHost::new(self.now(), Arc::clone(&self.ids));
        let frozen =
            render::shape(&call.params, &progress.frame, &mut host, &undoing.label).and_then(|params| {
                let frozen = freeze(context, (&undoing, call), (&params, 0), &progress.earlier)?;
                Ok((params, frozen))
            });
        let (params, frozen) = match frozen {
            Ok(frozen) => frozen,
            Err(fault) => {
                event::not_undone(&context.id, &undoing.label, fault.message());
                return Ok(());
            }
        };
        let since = self.now();
        let entry = StepEntry {
            run: &context.id,
            step: &undoing.id,
            position: context.job.work.steps.len(),
            state: StepState::Sending,
            epoch: 0,
            params: Some(params.to_json()),
            request: Some(kept::frozen(&frozen)),
            outcome: None,
            sent: Some(since),
        };
        let hold = |lease| journal::hold(&context.journal, &context.id, context.fence, lease);
        let calls = vec![
            journal::write_step(&context.journal, entry),
            hold(super::lease(since)),
        ];
        if !self.insist(context, calls).await {
            return Err(Fenced);
        }
        let pending = Pending {
            at: context.job.work.steps.len(),
            params,
            frozen,
            epoch: 0,
            since,
            again: false,
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
            .insist(context, vec![written, hold(super::lease(self.now()))])
            .await
        {
            true => Ok(()),
            false => Err(Fenced),
        }
    }
}
