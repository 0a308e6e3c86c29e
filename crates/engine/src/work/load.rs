//! A run out of the journal.
//!
//! Role: reads a run and its steps back into memory: what was asked, what is done, what is next.
//! Invariant: a run goes on with the version of the files that started it, or not at all.
//! Not here: who may take a run; see `worker`.

use super::group::{Candidate, Context, Pending, Progress};
use super::journal::{self, Ending, RunRow, StepRow, StepState};
use super::undo::DECISION;
use super::{Works, kept};
use crate::connector::Earlier;
use crate::fault::Fault;
use crate::permit::Scope;
use crate::results;
use crate::store::Call;
use backflow_catalog::ColumnType;
use backflow_plan::model::{self, Place, Step, WorkAction};
use std::sync::Arc;

/// A run in memory.
pub(super) struct Loaded {
    pub(super) progress: Progress,
    pub(super) next: Next,
    /// The locks that it held when it was last heard of.
    pub(super) locks: Vec<String>,
}

impl Loaded {
    /// A run that has just begun; it holds its locks.
    pub(super) fn new(progress: Progress, next: Next) -> Self {
        Self {
            progress,
            next,
            locks: Vec::new(),
        }
    }
}

/// What a run does next.
pub(super) enum Next {
    /// Its steps from here on; these entries are written first.
    Group(Vec<Call>),
    /// A request that is journalled.
    Call(Box<Pending>),
    /// What it did is undone; its end is decided.
    Undo(Box<Ending>),
}

impl Works {
    /// A run that this or another process started; `None`: there is none of this id.
    pub(super) async fn load(&self, id: &str) -> Result<Option<(RunRow, Arc<Context>, Loaded)>, Fault> {
        let Some(run) = self.find(id).await? else {
            return Ok(None);
        };
        let (context, loaded) = self.unfold(&run).await?;
        Ok(Some((run, context, loaded)))
    }

    /// The row of a run.
    pub(super) async fn find(&self, id: &str) -> Result<Option<RunRow>, Fault> {
        let call = journal::call(&self.journal.runs.read, vec![journal::text(id)], true);
        let found = self.read(call).await?;
        let run = found.rows.first().map(journal::read_run);
        match run {
            Some(None) => Err(Fault::internal(format!("the run {id} cannot be read"))),
            run => Ok(run.flatten()),
        }
    }

    /// The rows of a run's steps.
    pub(super) async fn steps_of(&self, id: &str) -> Result<Vec<StepRow>, Fault> {
        let call = journal::call(&self.journal.steps.of_run, vec![journal::text(id)], true);
        let found = self.read(call).await?;
        let broken = || Fault::internal(format!("the run {id} cannot be read: a step"));
        journal::read_steps(&found).ok_or_else(broken)
    }

    /// A run's state from its row and those of its steps.
    pub(super) async fn unfold(&self, run: &RunRow) -> Result<(Arc<Context>, Loaded), Fault> {
        let job = self.job(&run.version, &run.name).await?;
        let broken = |why: String| Fault::internal(format!("the run {} cannot be read: {why}", run.id));
        let steps = self.steps_of(&run.id).await?;
        let mut frame = job.template.clone();
        let request = run
            .request
            .as_deref()
            .ok_or_else(|| broken("it was erased".to_owned()))?;
        let asked = kept::read_request(request, &job.sources, &mut frame).map_err(broken)?;
        let scope = run.tenant.as_deref().map(|text| {
            let key = kept::read_tenant(text, key_type(&job.place));
            Scope::of_run(key)
        });
        let context = Arc::new(Context {
            effect: None,
            job,
            id: Arc::clone(&run.id),
            fence: run.fence,
            held: self.since(run.lease),
            version: run.version.as_str().into(),
            worker: Arc::clone(self.worker()),
            request_id: asked.request_id.into(),
            subject: asked.subject.map(Arc::from),
            email: asked.email.map(Arc::from),
            body: asked.body,
            connectors: Arc::clone(&self.connectors),
            journal: Arc::clone(&self.journal),
        });
        let progress = Progress {
            frame,
            scope,
            ..Progress::default()
        };
        let loaded = replay(&context, progress, &steps).map_err(broken)?;
        Ok((context, loaded))
    }
}

fn key_type(place: &Place) -> &ColumnType {
    match place {
        Place::One(guard) => &guard.key_type,
        Place::Named(row) => &row.key_type,
        Place::Nowhere | Place::Mine => &ColumnType::Text,
    }
}

/// Goes through what the journal has of the steps, in order.
fn replay(context: &Context, mut progress: Progress, rows: &[StepRow]) -> Result<Loaded, kept::Broken> {
    let job = Arc::clone(&context.job);
    let (mut locks, mut next) = (Vec::new(), Next::Group(Vec::new()));
    for (at, step) in job.work.steps.iter().enumerate() {
        progress.position = at;
        let Some(row) = rows.iter().find(|row| row.step == step.id) else {
            break;
        };
        match (row.state, &step.action) {
            (StepState::Skipped | StepState::Tolerated, _) => progress.absent(step),
            (StepState::Done, WorkAction::Database(statements)) => {
                refill(context, &mut progress, statements, row)?;
                progress.done.push(at);
            }
            (StepState::Done, WorkAction::Call(call)) => {
                done(&mut progress, call, row)?;
                progress.done.push(at);
            }
            (StepState::Done, WorkAction::Lock(_)) => locks.extend(row.outcome.clone()),
            (StepState::Done, WorkAction::Refuse(_)) => {}
            (StepState::Sending | StepState::Failed, _) => {
                next = Next::Call(Box::new(pending(at, row)?));
                break;
            }
        }
        progress.position = at + 1;
    }
    if let Some(decision) = rows.iter().find(|row| row.step == DECISION) {
        let ending = decision.outcome.as_deref().ok_or("an end that is not told")?;
        next = Next::Undo(Box::new(kept::read_ending(ending)?));
    }
    Ok(Loaded {
        progress,
        next,
        locks,
    })
}

/// The frame as the rows of a database step filled it.
fn refill(
    context: &Context,
    progress: &mut Progress,
    statements: &[Step],
    row: &StepRow,
) -> Result<(), kept::Broken> {
    let outcome = row.outcome.as_deref().ok_or("a step without rows")?;
    let sets = kept::read_rows(outcome)?;
    for (statement, set) in statements.iter().zip(sets) {
        let Some(set) = set else {
            results::skip(statement, &mut progress.frame);
            continue;
        };
        let result = results::take(statement, set, context.email.as_deref(), &mut progress.frame);
        let result = result.map_err(|fault| fault.message().to_owned())?;
        progress.consider(Candidate::of_rows(statement, result));
    }
    Ok(())
}

fn done(progress: &mut Progress, call: &model::Call, row: &StepRow) -> Result<(), kept::Broken> {
    let result = kept::value(row.outcome.as_deref().ok_or("a call without result")?)?;
    progress.result(&call.results, &result);
    progress.consider(Some(Candidate::of_call(&result)));
    let earlier = Earlier {
        action: call.action.clone(),
        params: kept::value(row.params.as_deref().unwrap_or("null"))?,
        result,
    };
    progress.earlier.push((call.provider.clone(), earlier));
    Ok(())
}

fn pending(at: usize, row: &StepRow) -> Result<Pending, kept::Broken> {
    Ok(Pending {
        at,
        params: kept::value(row.params.as_deref().ok_or("a request without parameters")?)?,
        frozen: kept::read_frozen(row.request.as_deref().ok_or("a step without request")?)?,
        epoch: row.epoch,
        since: row.sent.ok_or("a request without instant")?,
        again: true,
    })
}

/// The request of an undoing that may have been sent; `None`: it cannot be read, and is made anew.
pub(super) fn pending_undo(row: &StepRow) -> Option<Pending> {
    pending(usize::MAX, row).ok()
}
