//! What only the first transaction of a run does: place it, judge it, store it.
//!
//! Invariant: the caller's membership is judged before anything is told, also of a run that is there already.
//! Not here: the steps.

use super::{Awaiting, Group, Verdict};
use crate::fault::{Code, Fault};
use crate::frame;
use crate::guard;
use crate::input;
use crate::prepare;
use crate::rate::Meter;
use crate::render;
use crate::store::{RowSet, Turn};
use crate::work::intent::Intent;
use crate::work::journal::{self, Opening, State};
use crate::work::kept;
use backflow_plan::model::{Place, WorkAction};
use backflow_sql::ir::Datum;
use jiff::SignedDuration;
use std::sync::Arc;

/// How often a run is stored again because the one that was in its way has gone.
const PATIENCE: u32 = 4;

/// What a run starts with.
#[derive(Clone)]
pub(crate) struct Starting {
    /// The guard's parameters, if the workflow has a place.
    pub(crate) guard: Option<Result<Vec<Datum>, Fault>>,
    /// What was wrong with the request; told once the tenant is judged.
    pub(crate) refused: Option<Fault>,
    /// Whether and how another run may be the same.
    pub(crate) join: Option<Join>,
    /// Counts the request, if the route is limited.
    pub(crate) meter: Option<Arc<Meter>>,
}

/// When another run is the same one.
#[derive(Clone)]
pub(crate) struct Join {
    pub(crate) intent: Intent,
    /// How long a run that is done still answers.
    pub(crate) keep: SignedDuration,
}

/// How long a failed run waits to be taken up again.
const RESUMABLE: SignedDuration = SignedDuration::from_hours(24);

/// Failed runs that ended before are over for good.
pub(crate) fn resumable(now: jiff::Timestamp) -> jiff::Timestamp {
    now.checked_sub(RESUMABLE).unwrap_or(now)
}

pub(super) struct First {
    starting: Starting,
    intent: Option<String>,
    tries: u32,
}

impl First {
    pub(super) fn new(starting: Starting) -> Self {
        Self {
            starting,
            intent: None,
            tries: 0,
        }
    }

    /// As if it had never run.
    pub(super) fn rewind(&mut self) {
        self.intent = None;
        self.tries = 0;
    }

    pub(super) fn join(&self) -> Option<&Join> {
        self.starting.join.as_ref()
    }

    pub(super) fn guard(&self) -> Option<&Result<Vec<Datum>, Fault>> {
        self.starting.guard.as_ref()
    }
}

impl Group {
    /// Finds the tenant, if there is one to be found.
    pub(super) fn place(&mut self) -> Result<Turn, Fault> {
        let job = Arc::clone(&self.context.job);
        let starting = self.first.as_ref().map(|first| &first.starting);
        let Some(starting) = starting else {
            return self.begin();
        };
        let statement = match &job.place {
            Place::One(guard) => &guard.statement,
            Place::Named(row) => &row.statement,
            Place::Nowhere | Place::Mine => return self.begin(),
        };
        let values = match &starting.guard {
            Some(Ok(values)) => values.clone(),
            // The tenant's name may lie in what could not be read.
            Some(Err(fault)) if fault.code() == Code::NoTenant => {
                return Err(starting.refused.clone().unwrap_or_else(|| fault.clone()));
            }
            Some(Err(fault)) => return Err(fault.clone()),
            None => return Err(Fault::internal("a guard without parameters")),
        };
        Ok(self.run(Awaiting::Guard, statement, values))
    }

    pub(super) fn admit(&mut self, rows: &RowSet) -> Result<Turn, Fault> {
        let job = Arc::clone(&self.context.job);
        let frame = &mut self.progress.frame;
        let scope = match &job.place {
            Place::One(guard) => guard::admit(guard, rows, &job.sources, frame)?,
            Place::Named(row) => guard::find(row, rows, &job.sources, frame)?,
            Place::Nowhere | Place::Mine => return Err(Fault::internal("a guard's rows without a guard")),
        };
        let starting = self.first.as_ref().map(|first| &first.starting);
        if let Some(meter) = starting.and_then(|starting| starting.meter.as_ref()) {
            meter.member(scope.tenant())?;
        }
        self.progress.scope = Some(scope);
        self.begin()
    }

    /// Between the guard and the first step: everything that the request alone decides is judged.
    fn begin(&mut self) -> Result<Turn, Fault> {
        let refused = self
            .first
            .as_ref()
            .and_then(|first| first.starting.refused.clone());
        if let Some(fault) = refused {
            return Err(fault);
        }
        self.give()?;
        self.judge()?;
        match self.context.job.work.durable {
            true => self.open(),
            false if self.context.body.is_some() => self.take_key(),
            false => self.advance(),
        }
    }

    /// Fills in what a route gives a workflow that stands alone.
    fn give(&mut self) -> Result<(), Fault> {
        let job = Arc::clone(&self.context.job);
        let Some(given) = &job.work.input else {
            return Ok(());
        };
        let (reading, _) = self.reading();
        let value = render::shape(&given.shape, reading.frame, reading.host, "input")?;
        let value = input::given(&given.rule, value)?;
        frame::give(&job.sources, &value, &mut self.progress.frame);
        Ok(())
    }

    /// Computes what depends on the request alone and forgets it again: what does not fit is refused before
    /// anything is written or sent.
    fn judge(&mut self) -> Result<(), Fault> {
        let job = Arc::clone(&self.context.job);
        for step in &job.work.steps {
            let late = |slot: backflow_expr::Slot| {
                matches!(
                    job.sources.get(slot.0 as usize),
                    Some(backflow_plan::model::Source::Result)
                )
            };
            if step
                .condition
                .as_ref()
                .is_some_and(|program| program.slots().any(late))
            {
                continue;
            }
            if !self.holds(step)? {
                continue;
            }
            match &step.action {
                // What stands behind the end is not reached.
                WorkAction::Refuse(_) => break,
                WorkAction::Database(statements) => {
                    for statement in statements {
                        let (mut reading, _) = self.reading();
                        prepare::step(statement, &mut reading)?;
                    }
                }
                WorkAction::Call(call) => self.judge_call(step, call, late)?,
                WorkAction::Lock(_) => {}
            }
        }
        self.host.rewind();
        Ok(())
    }

    /// Stores the run.
    pub(super) fn open(&mut self) -> Result<Turn, Fault> {
        let tenant = self
            .progress
            .scope
            .as_ref()
            .and_then(|scope| kept::tenant(scope.tenant()));
        let context = Arc::clone(&self.context);
        let Some(first) = &mut self.first else {
            return Err(Fault::internal("a run that is stored twice"));
        };
        first.tries += 1;
        let join = first.starting.join.as_ref();
        let intent = join.map(|join| join.intent.text(tenant.as_deref(), &self.progress.frame));
        let asked = kept::Asked {
            subject: context.subject.as_deref().map(str::to_owned),
            email: context.email.as_deref().map(str::to_owned),
            request_id: context.request_id.to_string(),
            body: context.body.clone(),
        };
        let request = kept::request(&asked, &context.job.sources, &self.progress.frame);
        let opening = Opening {
            id: &context.id,
            name: &context.job.name,
            version: &context.version,
            tenant: tenant.as_deref(),
            caller: context.subject.as_deref(),
            intent: intent.as_deref(),
            request: &request,
            worker: &context.worker,
            lease: crate::work::lease(self.now),
            started: self.now,
        };
        let call = journal::open(&context.journal, &opening);
        first.intent = intent;
        self.awaiting = Awaiting::Opened;
        Ok(Turn::Run(call))
    }

    pub(super) fn opened(&mut self, rows: &RowSet) -> Result<Turn, Fault> {
        if !rows.rows.is_empty() {
            return self.advance();
        }
        let first = self.first.as_ref();
        let Some(intent) = first.and_then(|first| first.intent.as_deref()) else {
            return Err(Fault::internal("a run could not be stored"));
        };
        let call = journal::of_intent(&self.context.journal, intent);
        self.awaiting = Awaiting::Known;
        Ok(Turn::Run(call))
    }

    /// The run that has the intent: it is the same, or over for good.
    pub(super) fn known(&mut self, rows: &RowSet) -> Result<Turn, Fault> {
        let Some(first) = &self.first else {
            return Err(Fault::internal("a run that knows itself"));
        };
        let Some(row) = rows.rows.first() else {
            // It was released, or its transaction rolled back, between two statements of ours.
            return match first.tries < PATIENCE {
                true => self.open(),
                false => Err(Fault::of(Code::Unavailable).retry_after(1)),
            };
        };
        let run = journal::read_run(row).ok_or_else(|| Fault::internal("a run that cannot be read"))?;
        let keep = first
            .starting
            .join
            .as_ref()
            .map_or(SignedDuration::ZERO, |join| join.keep);
        let keyed = self.context.body.is_some();
        let keep = match run.state {
            State::Running => None,
            State::Done => Some(keep),
            State::Refused if keyed => Some(keep),
            State::Refused | State::Canceled => Some(SignedDuration::ZERO),
            State::Failed => Some(RESUMABLE),
        };
        let over = match (keep, run.ended) {
            (Some(keep), Some(ended)) => self.now.duration_since(ended) >= keep,
            _ => false,
        };
        if !over || first.tries >= PATIENCE {
            return Ok(self.stop(Ok(Verdict::Joined(Box::new(run)))));
        }
        let soon = self
            .now
            .checked_add(SignedDuration::from_secs(1))
            .unwrap_or(self.now);
        let call = journal::release(&self.context.journal, &run.id, soon);
        self.awaiting = Awaiting::Released;
        Ok(Turn::Run(call))
    }
}
