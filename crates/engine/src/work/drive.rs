//! A run from its first transaction to its end.
//!
//! Role: groups and calls in turn; what is done when one of them fails.
//! Invariant: what a provider has answered is not asked of it again because the database was away; whoever lost a
//! run to another worker does nothing more in it.
//! Not here: one transaction (`group`), one call (`send`).

use super::group::{Context, Group, Pending, Progress, Verdict};
use super::job::Job;
use super::journal::{self, Ending, StepState};
use super::kept;
use super::load::{Loaded, Next};
use super::send::Sent;
use super::settled::{self, Settled};
use super::undo::{self, undoes};
use super::{Works, patience};
use crate::connector::{Earlier, Refusal};
use crate::event;
use crate::fault::{Code, Fault};
use crate::permit::Permit;
use crate::store::{Call, StoreError};
use crate::transaction::Transaction;
use backflow_plan::model::{WorkAction, WorkStep};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The longest pause between tries to reach the database.
const LONGEST: Duration = Duration::from_secs(5);

/// The shortest.
const SHORTEST: Duration = Duration::from_millis(100);

/// How long a run waits for a lock, unless its step says otherwise.
const LOCK_WAIT: Duration = Duration::from_secs(60);

/// Why a group has no verdict.
pub(super) enum Failure {
    /// A statement or a value was refused; nothing was kept.
    Fault(Box<Progress>, Fault),
    /// The database.
    Store(StoreError),
}

/// What follows now.
enum Turn {
    Next(Box<Progress>, Next),
    End(Settled),
    /// Another worker has the run.
    Lost,
}

/// A run that is driven here.
pub(super) struct Driving {
    pub(super) context: Arc<Context>,
    /// How often the group at hand failed.
    failures: u32,
    /// For which step's lock it waits, and since when.
    waiting: Option<(usize, Instant)>,
}

impl Driving {
    pub(super) fn new(context: Arc<Context>) -> Self {
        Self {
            context,
            failures: 0,
            waiting: None,
        }
    }
}

impl Works {
    /// Runs one transaction of a workflow.
    pub(super) async fn transact(
        &self,
        permit: Permit,
        group: Group,
    ) -> Result<(Progress, Verdict), Failure> {
        let mut transaction = Transaction::group(group);
        if transaction.is_idle() {
            drop(transaction.next(None));
        } else {
            transaction = self
                .store
                .run(permit, transaction)
                .await
                .map_err(Failure::Store)?;
        }
        let unfinished = || Failure::Store(StoreError::Failed("a group was left unfinished".to_owned()));
        let (progress, end) = transaction.into_group().ok_or_else(unfinished)?.into_end();
        match end.ok_or_else(unfinished)? {
            Ok(verdict) => Ok((progress, verdict)),
            Err(fault) => Err(Failure::Fault(Box::new(progress), fault)),
        }
    }

    /// Drives a run to its end.
    pub(super) async fn drive(&self, context: Arc<Context>, loaded: Loaded) -> Settled {
        let id = Arc::clone(&context.id);
        match self.steer(context, loaded).await {
            Some(settled) => settled,
            None => {
                event::run_lost(&id);
                self.follow(&id).await
            }
        }
    }

    /// The same; `None`: another worker has the run.
    async fn steer(&self, context: Arc<Context>, loaded: Loaded) -> Option<Settled> {
        let _held = self.holding(&context);
        let mut driving = Driving::new(context);
        let Loaded {
            progress,
            next,
            locks,
        } = loaded;
        let mut turn = match self.lock_again(&driving.context, &locks).await {
            Ok(true) => Turn::Next(Box::new(progress), next),
            Ok(false) => {
                let fault = Fault::of(Code::Unavailable).retry_after(1);
                let ending = settled::ending(&fault);
                match self.end(&driving.context, Vec::new(), &ending).await {
                    true => Turn::End(Settled::Fault(fault)),
                    false => Turn::Lost,
                }
            }
            Err(fault) => Turn::End(Settled::Fault(fault)),
        };
        loop {
            turn = match turn {
                Turn::Next(progress, Next::Group(before)) => {
                    self.group(&mut driving, *progress, before).await
                }
                Turn::Next(progress, Next::Call(pending)) => self.call(&driving, *progress, *pending).await,
                Turn::Next(progress, Next::Undo(ending)) => {
                    self.undo_all(&driving.context, &progress, &ending).await
                }
                Turn::End(settled) => return Some(settled),
                Turn::Lost => return None,
            };
        }
    }

    async fn group(&self, driving: &mut Driving, progress: Progress, before: Vec<Call>) -> Turn {
        let context = Arc::clone(&driving.context);
        let world = (self.now(), Arc::clone(&self.ids));
        let group = Group::later(Arc::clone(&context), progress.clone(), before.clone(), world);
        match self.transact(Permit::of_run(), group).await {
            Ok((progress, verdict)) => {
                driving.failures = 0;
                self.after(driving, progress, verdict).await
            }
            Err(Failure::Fault(reached, fault)) => {
                let step = context.job.step(reached.position);
                let attempts = step.map_or(1, |step| step.retry.attempts);
                driving.failures += 1;
                if fault.status().is_server_error() && driving.failures < attempts {
                    event::run_waits(&context.id, driving.failures, fault.code_text());
                    let backoff = step.map_or(SHORTEST, |step| Duration::from_millis(step.retry.backoff));
                    tokio::time::sleep(patience(backoff, driving.failures, LONGEST)).await;
                    return Turn::Next(Box::new(progress), Next::Group(before));
                }
                self.settle(&context, &progress, before, fault).await
            }
            Err(Failure::Store(error)) => {
                driving.failures += 1;
                event::run_waits(&context.id, driving.failures, &format!("{error:?}"));
                tokio::time::sleep(patience(SHORTEST, driving.failures, LONGEST)).await;
                match error {
                    StoreError::OutcomeUnknown(_) => self.find_out(&context, progress, before).await,
                    _ => Turn::Next(Box::new(progress), Next::Group(before)),
                }
            }
        }
    }

    /// What follows a verdict.
    async fn after(&self, driving: &mut Driving, progress: Progress, verdict: Verdict) -> Turn {
        let waiting = driving.waiting.take();
        match verdict {
            Verdict::Over(outcome) => Turn::End(Settled::Done(outcome)),
            Verdict::Told(settled) => Turn::End(settled),
            Verdict::Call(pending) => Turn::Next(Box::new(progress), Next::Call(pending)),
            Verdict::Fenced | Verdict::Joined(_) => Turn::Lost,
            Verdict::On => Turn::Next(Box::new(progress), Next::Group(Vec::new())),
            Verdict::Wait(at) => {
                let now = Instant::now();
                let since = waiting
                    .filter(|(step, _)| *step == at)
                    .map_or(now, |(_, since)| since);
                driving.waiting = Some((at, since));
                let limit = lock_wait(&driving.context.job, at);
                if since.elapsed() > limit {
                    let fault = Fault::of(Code::Locked).retry_after(1);
                    return self.settle(&driving.context, &progress, Vec::new(), fault).await;
                }
                tokio::time::sleep(patience(SHORTEST, 1, LONGEST)).await;
                Turn::Next(Box::new(progress), Next::Group(Vec::new()))
            }
        }
    }

    /// After a commit of which nothing was heard: the journal knows.
    async fn find_out(&self, context: &Arc<Context>, ours: Progress, before: Vec<Call>) -> Turn {
        let loaded = loop {
            match self.load(&context.id).await {
                Ok(Some((run, _, _))) if run.fence != context.fence => return Turn::Lost,
                Ok(Some((run, _, _))) if run.ended.is_some() => return Turn::End(Settled::of(&run)),
                Ok(Some((_, _, loaded))) => break loaded,
                Ok(None) => return Turn::End(Settled::Fault(Fault::of(Code::RunLost))),
                Err(fault) => {
                    event::run_waits(&context.id, 1, fault.code_text());
                    tokio::time::sleep(patience(SHORTEST, 3, LONGEST)).await;
                }
            }
        };
        let further = match &loaded.next {
            Next::Undo(_) => true,
            Next::Call(pending) => pending.at >= ours.position,
            Next::Group(_) => loaded.progress.position > ours.position,
        };
        match further {
            true => Turn::Next(Box::new(loaded.progress), loaded.next),
            false => Turn::Next(Box::new(ours), Next::Group(before)),
        }
    }

    async fn call(&self, driving: &Driving, mut progress: Progress, pending: Pending) -> Turn {
        let context = &driving.context;
        let at = pending.at;
        let Some((step, WorkAction::Call(call))) = context.job.step(at).map(|step| (step, &step.action))
        else {
            let fault = Fault::internal("a call that is no step");
            return self.settle(context, &progress, Vec::new(), fault).await;
        };
        let params = pending.params.clone();
        match self.send(context, (step, call), &progress, pending).await {
            Sent::Done(result) => {
                progress.result(&call.results, &result);
                progress.consider(Some(super::group::Candidate::of_call(&result)));
                let earlier = Earlier {
                    action: call.action.clone(),
                    params,
                    result: result.clone(),
                };
                progress.earlier.push((call.provider.clone(), earlier));
                progress.done.push(at);
                progress.position = at + 1;
                let written = outcome(context, step, StepState::Done, &result.to_json());
                let tenant = progress
                    .scope
                    .as_ref()
                    .and_then(|scope| kept::tenant(scope.tenant()));
                let learnt = super::event::learn(context, &call.provider, &result, (tenant, self.now()));
                let before = std::iter::once(written).chain(learnt).collect();
                Turn::Next(Box::new(progress), Next::Group(before))
            }
            Sent::Lost => Turn::Lost,
            Sent::Failed { refusal, .. } if step.tolerated => {
                event::step_tolerated(&context.id, &step.label, refusal.status);
                progress.absent(step);
                progress.position = at + 1;
                let written = outcome(context, step, StepState::Tolerated, &kept::refusal(&refusal));
                Turn::Next(Box::new(progress), Next::Group(vec![written]))
            }
            Sent::Failed {
                refusal,
                after,
                known,
            } => {
                let fault = settled::fault(&step.label, &call.provider, &refusal, after);
                let before = self.failed_call(context, step, &refusal, known);
                self.settle(context, &progress, before, fault).await
            }
        }
    }

    /// A call that is known to have failed says so; of any other the journal keeps that it may have been sent.
    fn failed_call(&self, context: &Context, step: &WorkStep, refusal: &Refusal, known: bool) -> Vec<Call> {
        match known {
            true => vec![outcome(context, step, StepState::Failed, &kept::refusal(refusal))],
            false => Vec::new(),
        }
    }

    /// Ends a run with a fault, after what it did was undone as far as the author says.
    async fn settle(
        &self,
        context: &Arc<Context>,
        progress: &Progress,
        before: Vec<Call>,
        fault: Fault,
    ) -> Turn {
        let mut ending = settled::ending(&fault);
        if !undoes(context, progress) {
            return match self.end(context, before, &ending).await {
                true => Turn::End(Settled::Fault(fault)),
                false => Turn::Lost,
            };
        }
        // What was undone cannot be taken up again.
        ending.state = journal::State::Refused;
        let mut calls = before;
        calls.push(undo::decision(context, &ending));
        let lease = super::lease(self.now());
        calls.push(journal::hold(&context.journal, &context.id, context.fence, lease));
        match self.insist(context, calls).await {
            true => self.undo_all(context, progress, &ending).await,
            false => Turn::Lost,
        }
    }

    /// Undoes what a run did whose end is decided, and ends it.
    async fn undo_all(&self, context: &Arc<Context>, progress: &Progress, ending: &Ending) -> Turn {
        if self.compensate(context, progress).await.is_err() {
            return Turn::Lost;
        }
        match self.end(context, Vec::new(), ending).await {
            true => Turn::End(Settled::ended(ending)),
            false => Turn::Lost,
        }
    }

    /// Writes the end of a run that has no answer; `false`: another worker has it.
    async fn end(&self, context: &Context, before: Vec<Call>, ending: &Ending) -> bool {
        let mut calls = before;
        // A run that failed keeps its locks: what it did not finish it may yet finish.
        if context.job.locks() && ending.state != journal::State::Failed {
            let values = vec![journal::text(&context.id)];
            calls.push(journal::call(&context.journal.locks.release, values, false));
        }
        let held = (&*context.id, context.fence);
        calls.push(journal::end(&context.journal, held, ending, self.now()));
        let ended = self.insist(context, calls).await;
        if ended {
            event::run_ended(
                &context.id,
                ending.state.text(),
                ending.status,
                ending.error.as_deref(),
            );
        }
        ended
    }

    /// Writes to the journal until it is written; `false`: another worker has the run.
    pub(super) async fn insist(&self, context: &Context, calls: Vec<Call>) -> bool {
        let mut failures = 0;
        loop {
            let transaction = Transaction::sequence(calls.clone(), true);
            let outcome = match self.store.run(Permit::of_run(), transaction).await {
                Ok(transaction) => transaction.into_rows(),
                Err(error) => Err(Fault::from(error)),
            };
            match outcome {
                Ok(rows) => return !rows.rows.is_empty(),
                Err(fault) => {
                    failures += 1;
                    event::run_waits(
                        &context.id,
                        failures,
                        fault.private_text().unwrap_or(fault.code_text()),
                    );
                    tokio::time::sleep(patience(SHORTEST, failures, LONGEST)).await;
                }
            }
        }
    }
}

/// How long a run waits for the lock of a step.
pub(super) fn lock_wait(job: &Job, at: usize) -> Duration {
    let timeout = job.step(at).and_then(|step| step.timeout);
    timeout.map_or(LOCK_WAIT, Duration::from_millis)
}

fn outcome(context: &Context, step: &WorkStep, state: StepState, text: &str) -> Call {
    journal::step_outcome(&context.journal, (&context.id, &step.id), state, text)
}
