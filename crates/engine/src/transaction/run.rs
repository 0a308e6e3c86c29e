//! The run of a route.
//!
//! Role: guard, then the refusal that waited, then the steps, then the answer.
//! Invariant: no step runs before everything that the request alone decides was judged; every refusal rolls
//! back.
//! Not here: single binds, results, the guard's judgement.

mod answer;
mod fused;
mod keyed;
mod limited;
mod page;
mod recalled;

use keyed::Held;
pub(crate) use keyed::Keyed;
pub(crate) use recalled::{Missed, Recall, Recalled};

use super::{Outcome, Work};
use crate::binds::{self, Reading};
use crate::cache::Key;
use crate::event;
use crate::fault::{Code, Fault};
use crate::guard::{self, Named};
use crate::host::RequestHost;
use crate::limit;
use crate::permit::Scope;
use crate::prepare::{self, Prepared};
use crate::rate::Meter;
use crate::results::{self, StepResult};
use crate::route::{self, Served};
use crate::store::{Call, RowSet, StatementError, Turn};
use backflow_expr::Value;
use backflow_plan::model::{Access, Answer, Guard, Place, Source, Step};
use backflow_sql::ir::Datum;
use std::collections::VecDeque;
use std::sync::Arc;

/// The state of a run.
pub(super) struct Run {
    served: Arc<Served>,
    request_id: Arc<str>,
    subject: Option<Arc<str>>,
    email: Option<Arc<str>>,
    host: RequestHost,
    frame: Vec<Value>,
    /// The guard's parameters, if the route has a guard.
    guard_values: Option<Result<Vec<Datum>, Fault>>,
    /// Told once the tenant is judged.
    refused: Option<Fault>,
    /// `None`: computed once the guard has told the frame of the tenant.
    prepared: Option<Vec<Prepared>>,
    /// What a fused statement needs, where some values wait for the guard inside of it.
    before_guard: Option<Vec<Prepared>>,
    scope: Option<Scope>,
    phase: Phase,
    /// How many rows the running step must make of a list.
    listed: usize,
    /// What a step with a limit was given.
    given: Vec<Datum>,
    /// The rows of a fused statement that were not judged yet.
    parts: Option<VecDeque<RowSet>>,
    candidate: Option<Candidate>,
    /// The caller's own name of the request.
    key: Option<Held>,
    meter: Option<Arc<Meter>>,
    recall: Option<Recall>,
    /// What a look for a kept answer found.
    recalled: Option<Recalled>,
    /// Under what the answer is to be kept.
    filled: Option<Key>,
    end: Option<Result<Outcome, Fault>>,
}

/// Whose rows are awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Start,
    /// All parts of the fused statement.
    Fused,
    Guard,
    Step(usize),
    /// Why a step touched no row: the step, and which of its looks.
    Look(usize, usize),
    KeyTaken,
    KeyRead,
    KeyKept,
    /// What a look for a kept answer needs to know.
    Recall,
    Ended,
}

/// The result that is the answer unless a better one comes.
struct Candidate {
    step: usize,
    result: StepResult,
}

impl Run {
    pub(super) fn new(work: Work<'_>) -> Self {
        let mut host = RequestHost::new(work.now, work.ids);
        let guard_values = match &work.served.route.place {
            Place::One(guard) => {
                let named = Named {
                    params: work.params,
                    headers: work.headers,
                    caller: work.caller,
                    frame: &work.frame,
                };
                Some(guard::values(guard, &named, &mut host))
            }
            Place::Nowhere | Place::Mine | Place::Named(_) => None,
        };
        let mut run = Run {
            subject: work.caller.map(|caller| Arc::clone(&caller.subject)),
            email: work.caller.and_then(|caller| caller.email.clone()),
            served: work.served,
            request_id: work.request_id,
            host,
            frame: work.frame,
            guard_values,
            refused: work.refused,
            prepared: None,
            before_guard: None,
            scope: None,
            phase: Phase::Start,
            listed: 0,
            given: Vec::new(),
            parts: None,
            candidate: None,
            key: work.key.map(Held::new),
            meter: work.meter,
            recall: work.recall,
            recalled: None,
            filled: None,
            end: None,
        };
        let fused = run.served.route.fused.is_some();
        if run.refused.is_none() && (fused || !run.served.waits_for_guard) {
            run.refused = run.prepare().err();
        }
        if run.served.waits_for_guard {
            run.before_guard = run.prepared.take();
        }
        run.host.mark();
        run
    }

    pub(super) fn rewind(&mut self) {
        event::run_again(&self.request_id, &self.served.route);
        for (slot, source) in self.frame.iter_mut().zip(&self.served.route.frame) {
            if matches!(
                source,
                Source::TenantId | Source::TenantRole | Source::Context(_) | Source::Result
            ) {
                *slot = Value::Undefined;
            }
        }
        if self.served.waits_for_guard {
            self.prepared = None;
        }
        self.host.rewind();
        self.scope = None;
        self.phase = Phase::Start;
        self.candidate = None;
        self.parts = None;
        self.recalled = None;
        self.filled = None;
        self.key.iter_mut().for_each(Held::forget);
        self.end = None;
    }

    pub(super) fn next(&mut self, last: Option<Result<RowSet, StatementError>>) -> Turn {
        let turn = match last {
            Some(Err(error)) => Err(Fault::from(error)),
            Some(Ok(rows)) => self.take(rows),
            None => self.start(),
        };
        turn.unwrap_or_else(|fault| {
            self.phase = Phase::Ended;
            self.end = Some(Err(fault));
            Turn::RollBack
        })
    }

    pub(super) fn reads_only(&self) -> bool {
        self.served.route.access == Access::Read || self.refused.is_some()
    }

    pub(super) fn is_idle(&self) -> bool {
        match &self.guard_values {
            Some(values) => values.is_err(),
            None if self.only_looks() => !self.asks_for_changes(),
            None => self.refused.is_some() || self.served.route.steps.is_empty(),
        }
    }

    /// The tenant in which the caller's membership was found.
    pub(super) fn scope(&self) -> Option<&Scope> {
        self.scope.as_ref()
    }

    pub(super) fn into_end(self) -> Option<Result<Outcome, Fault>> {
        self.end
    }

    pub(super) fn name(&self) -> String {
        self.served.route.name()
    }

    fn start(&mut self) -> Result<Turn, Fault> {
        if self.phase != Phase::Start {
            return Err(Fault::internal("the store lost the rows of a statement"));
        }
        let served = Arc::clone(&self.served);
        if let Some(call) = self.together() {
            self.phase = Phase::Fused;
            return Ok(Turn::Run(call));
        }
        let Place::One(guard) = &served.route.place else {
            if !self.only_looks() {
                return self.begin();
            }
            return match self.look_up(None)? {
                Some(call) => Ok(Turn::Run(call)),
                None => self.recall(false),
            };
        };
        let values = match &self.guard_values {
            Some(Ok(values)) => values.clone(),
            // The tenant's name may lie in what could not be read.
            Some(Err(fault)) if fault.code() == Code::NoTenant => {
                return Err(self.refused.clone().unwrap_or_else(|| fault.clone()));
            }
            Some(Err(fault)) => return Err(fault.clone()),
            None => return Err(Fault::internal("a guard without parameters")),
        };
        if let Some(call) = self.look_up(Some((guard, values.clone())))? {
            return Ok(Turn::Run(call));
        }
        self.phase = Phase::Guard;
        Ok(Turn::Run(Call {
            statement: Arc::clone(&guard.statement),
            values,
            // What was refused is only told after the guard; then nothing follows.
            alone: self.refused.is_some(),
            shares: None,
        }))
    }

    fn take(&mut self, rows: RowSet) -> Result<Turn, Fault> {
        let served = Arc::clone(&self.served);
        match (self.phase, &served.route.place) {
            (Phase::Guard, Place::One(guard)) => {
                self.admit(guard, &rows)?;
                self.begin()
            }
            (Phase::Recall, Place::One(guard)) => self.recall_behind(Some(guard), &rows),
            (Phase::Recall, _) => self.recall_behind(None, &rows),
            (Phase::KeyTaken, _) => self.key_taken(&rows),
            (Phase::KeyRead, _) => self.key_read(&rows),
            (Phase::KeyKept, _) => {
                self.phase = Phase::Ended;
                Ok(Turn::Commit)
            }
            (Phase::Fused, _) => self.take_all(&served, rows),
            (Phase::Step(at), _) => self.take_step(&served, at, rows),
            (Phase::Look(at, number), _) => self.looked(&served, (at, number), &rows),
            _ => Err(Fault::internal("the store gave rows that nobody asked for")),
        }
    }

    /// Judges what the guard found, and counts the request as the tenant's.
    fn admit(&mut self, guard: &Guard, rows: &RowSet) -> Result<(), Fault> {
        let scope = guard::admit(guard, rows, &self.served.route.frame, &mut self.frame)?;
        if let Some(meter) = &self.meter {
            meter.member(scope.tenant())?;
        }
        self.scope = Some(scope);
        Ok(())
    }

    /// Between the guard and the first step.
    fn begin(&mut self) -> Result<Turn, Fault> {
        if let Some(fault) = &self.refused {
            return Err(fault.clone());
        }
        self.prepare()?;
        self.check_tenants()?;
        match self.key {
            Some(_) => self.take_key(),
            None => self.advance(0),
        }
    }

    /// The tenants that early values name are the route's.
    fn check_tenants(&self) -> Result<(), Fault> {
        for (step, prepared) in self.served.route.steps.iter().zip(self.prepared.iter().flatten()) {
            if let Prepared::Ready(bounds) = prepared {
                binds::check_tenant(step, bounds, self.scope.as_ref())?;
            }
        }
        Ok(())
    }

    /// Computes what can be computed: before the guard what does not need it, then the rest.
    fn prepare(&mut self) -> Result<(), Fault> {
        if self.prepared.is_some() {
            return Ok(());
        }
        let route = &self.served.route;
        let mut reading = Reading {
            frame: &self.frame,
            host: &mut self.host,
            subject: self.subject.as_ref(),
        };
        let waiting = self.served.waits_for_guard && self.scope.is_none();
        self.prepared = Some(match self.before_guard.clone() {
            Some(mut prepared) => {
                prepare::rest(&route.steps, &mut prepared, &mut reading)?;
                prepared
            }
            None => prepare::all(&route.steps, &mut reading, |bind| {
                waiting && route::waits(bind, &route.frame)
            })?,
        });
        Ok(())
    }

    /// Runs the next step from `at` on that is not skipped, or ends.
    fn advance(&mut self, at: usize) -> Result<Turn, Fault> {
        let served = Arc::clone(&self.served);
        for (at, step) in served.route.steps.iter().enumerate().skip(at) {
            if let Some(values) = self.values(at, step)? {
                self.phase = Phase::Step(at);
                let only = self.is_one_statement();
                return Ok(Turn::Run(Call {
                    statement: Arc::clone(&step.statement),
                    values,
                    alone: only && served.route.alone,
                    shares: served.route.shares.clone().filter(|_| only),
                }));
            }
            event::skipped(&self.request_id, step);
            results::skip(step, &mut self.frame);
        }
        self.conclude()
    }

    /// Whether this request is the route's only step, and nothing else.
    fn is_one_statement(&self) -> bool {
        self.served.route.steps.len() == 1 && self.scope.is_none() && self.key.is_none()
    }

    /// The values of a step; `None` if its condition does not hold.
    fn values(&mut self, at: usize, step: &Step) -> Result<Option<Vec<Datum>>, Fault> {
        let Some(Prepared::Ready(early)) = self.prepared.as_ref().and_then(|all| all.get(at)) else {
            return Ok(None);
        };
        let mut reading = Reading {
            frame: &self.frame,
            host: &mut self.host,
            subject: self.subject.as_ref(),
        };
        let values = prepare::values(step, early, &mut reading, self.scope.as_ref())?;
        Ok(values.map(|(values, listed)| {
            self.listed = listed;
            self.given = limit::given(step, &values);
            values
        }))
    }

    /// The last result of a query that names `select` is the answer, else the last.
    fn consider(&mut self, at: usize, step: &Step, result: StepResult) {
        let answers = matches!(self.served.route.answer, Answer::LastStep) && !step.check && !step.counts;
        let preferred = self
            .candidate
            .as_ref()
            .and_then(|known| self.served.route.steps.get(known.step));
        if answers && (step.selects || !preferred.is_some_and(|known| known.selects)) {
            self.candidate = Some(Candidate { step: at, result });
        }
    }
}

fn step_at(served: &Served, at: usize) -> Result<&Step, Fault> {
    served
        .route
        .steps
        .get(at)
        .ok_or_else(|| Fault::internal("a step that does not exist"))
}
