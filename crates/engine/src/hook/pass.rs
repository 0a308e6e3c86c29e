//! One run of an event.
//!
//! Role: which of its actions are to be run, in which tenant, one after the other; and what becomes of the event.
//! Invariant: an event without a tenant touches nothing; an action that failed keeps none of what it did, and does
//! not keep the others from running.
//! Not here: how a tenant is found (`tenant`), the steps of an action (`work`).

use super::Hooks;
use super::arrival::Told;
use super::calls::{self, Settling};
use super::effect::{Effect, Kept, Written};
use super::event::{ActionState, Event, State};
use super::ready::{Doing, Ready};
use super::run::{Held, Next};
use super::tenant::Found;
use crate::event as log;
use crate::fault::{Code, Fault};
use crate::host::RequestHost;
use crate::permit::Permit;
use crate::transaction::Transaction;
use crate::work::{Acted, Group, Intent, Join, Settled, Starting, tenant_text};
use backflow_expr::Value;
use backflow_plan::convert::restore;
use backflow_plan::model::Place;
use backflow_sql::ir::Datum;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// The longest pause between two tries, in seconds.
const LONGEST: i64 = 3600;

/// How long an event is tried before it is given up.
const PATIENCE: SignedDuration = SignedDuration::from_hours(24);

/// After how many seconds an event in quarantine is tried again.
const QUARANTINE: [i64; 5] = [5, 60, 600, 3600, 21_600];

/// How long a run of an event answers for it: longer than any event is kept.
const FOREVER: SignedDuration = SignedDuration::from_hours(24 * 365 * 20);

/// Why an event is run.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mode {
    /// It arrived, or is due again.
    Live,
    /// It is replayed with others about its object, the newest of them made at this instant: what they wrote does not
    /// supersede it.
    Replay(Timestamp),
}

/// Why an action was not done.
enum Trouble {
    /// It failed; nothing of it was kept.
    Fault(Fault),
    /// Somebody else holds the object now, or nothing was heard of the commit.
    Lost,
}

/// An event that is being run.
pub(super) struct Case<'a> {
    pub(super) ready: &'a Ready,
    pub(super) event: &'a Event,
    pub(super) told: Told,
}

impl Hooks {
    /// Runs an event and gives its object up; how it stands then. What went wrong is written to the event; an error here
    /// is the database's. `None`: somebody else has the object.
    pub(super) async fn pass(
        self: &Arc<Self>,
        held: Held,
        Next { event, told }: Next,
        mode: &Mode,
    ) -> Result<Option<State>, Fault> {
        let settled = match self.find(&event.hook).map(Arc::clone) {
            Some(ready) => self.pass_of(&ready, held, (&event, told), mode).await?,
            None => {
                let fault = Fault::internal("no webhook of this name is in the files any more");
                let settling = self.failed(&event, event.clone().into_settling(), &[fault]);
                self.settle(&held, &event, settling).await?
            }
        };
        if let (Some(state), Some(sender)) = (settled, self.waiting().remove(&event.id)) {
            // Whoever waited may have left.
            let _left = sender.send(state);
        }
        Ok(settled)
    }

    /// The same; `None`: somebody else has the object.
    async fn pass_of(
        self: &Arc<Self>,
        ready: &Ready,
        mut held: Held,
        (event, told): (&Event, Option<Told>),
        mode: &Mode,
    ) -> Result<Option<State>, Fault> {
        let mut settling = event.clone().into_settling();
        let told = match told.map_or_else(|| Told::kept(ready, event), Ok) {
            Ok(told) => told,
            Err(fault) => {
                let settling = self.failed(event, settling, &[fault]);
                return self.settle(&held, event, settling).await;
            }
        };
        let case = Case { ready, event, told };
        let (todo, mut faults) = self.todo(&case, &held, mode, &mut settling);
        let bound = |at: &usize| ready.actions.get(*at).is_some_and(Doing::is_bound);
        let tenant = match (todo.iter().any(bound), &ready.hook.finder) {
            (true, Some(finder)) => match self.find_tenant(finder, &case).await {
                Ok(Found::One(tenant)) => Some(tenant),
                Err(fault) => {
                    let settling = self.failed(event, settling, &[fault]);
                    return self.settle(&held, event, settling).await;
                }
                Ok(Found::None(why)) => {
                    let settling = self.quarantined(event, settling, why);
                    return self.settle(&held, event, settling).await;
                }
            },
            _ => None,
        };
        settling.tenant = tenant.as_ref().and_then(tenant_text);
        for (number, at) in todo.iter().enumerate() {
            let is_last = number + 1 == todo.len() && faults.is_empty();
            let mut done = settling.clone();
            done.actions.set(ready.mark(*at), ActionState::Done);
            if is_last {
                done = over(done);
            }
            let effect = Effect {
                journal: Arc::clone(&self.journal),
                held: held.clone(),
                event: event.key(),
                created: event.created,
                settling: done,
                is_last,
            };
            match self.act(&case, *at, tenant.as_ref(), effect).await {
                Ok(kept) if kept.is_last => return Ok(Some(kept.settling.state)),
                Ok(kept) => (settling, held) = (kept.settling, kept.held),
                Err(Trouble::Fault(fault)) => faults.push(fault),
                Err(Trouble::Lost) => {
                    log::event_lost(&event.id);
                    return Ok(None);
                }
            }
        }
        let settling = match faults.is_empty() {
            true => over(settling),
            false => self.failed(event, settling, &faults),
        };
        self.settle(&held, event, settling).await
    }

    /// The places of the actions that are to be run, and what went wrong with conditions.
    pub(super) fn todo(
        &self,
        case: &Case<'_>,
        held: &Held,
        mode: &Mode,
        settling: &mut Settling,
    ) -> (Vec<usize>, Vec<Fault>) {
        let mut host = RequestHost::new(self.works.now(), Arc::clone(self.works.ids()));
        let since = match mode {
            Mode::Live => case.event.created,
            Mode::Replay(newest) => case.event.created.max(*newest),
        };
        let (mut todo, mut faults) = (Vec::new(), Vec::new());
        for (at, doing) in case.ready.actions.iter().enumerate() {
            let mark = case.ready.mark(at);
            if settling.actions.is_over(mark) {
                continue;
            }
            let condition = case.ready.hook.actions.get(at).and_then(|a| a.condition.as_ref());
            match case.told.holds(condition, &mut host) {
                Err(fault) => faults.push(fault),
                Ok(false) => settling.actions.set(mark, ActionState::Skipped),
                Ok(true) if held.marks.supersede(&doing.tables, since) => {
                    log::event_superseded(&case.event.id, &doing.job.name);
                    settling.actions.set(mark, ActionState::Superseded);
                }
                Ok(true) => todo.push(at),
            }
        }
        (todo, faults)
    }

    /// Runs an action. What it did and `effect` are kept together, and given back as they are kept.
    async fn act(
        self: &Arc<Self>,
        case: &Case<'_>,
        at: usize,
        tenant: Option<&Datum>,
        effect: Effect,
    ) -> Result<Kept, Trouble> {
        let missing = || Trouble::Fault(Fault::internal("an action that does not exist"));
        let doing = case.ready.actions.get(at).ok_or_else(missing)?;
        let frame = case.frame(at, tenant);
        let starting = doing.starting(tenant);
        match doing.job.work.durable {
            true => {
                self.act_durably(case, (at, doing), (starting, frame), effect)
                    .await
            }
            false => self.act_at_once(doing, (starting, frame), effect).await,
        }
    }

    /// An action without providers is one transaction, with its mark in it.
    async fn act_at_once(
        &self,
        doing: &Doing,
        (starting, frame): (Starting, Vec<Value>),
        effect: Effect,
    ) -> Result<Kept, Trouble> {
        let effect = Arc::new(effect);
        let context = self
            .works
            .context_of_event(&doing.job, &effect.event.id, Some(Arc::clone(&effect)));
        let world = (self.works.now(), Arc::clone(self.works.ids()));
        let group = Group::first(context, (starting, frame), world);
        match self.works.act(group).await {
            Acted::Done(written) => Ok(effect.kept(&written)),
            Acted::Failed(fault) => Err(Trouble::Fault(fault)),
            Acted::Lost => Err(Trouble::Lost),
        }
    }

    /// An action that calls providers is a run of its own; it is marked when the run is over. Whoever comes here
    /// again finds that run.
    async fn act_durably(
        &self,
        case: &Case<'_>,
        (at, doing): (usize, &Doing),
        (mut starting, frame): (Starting, Vec<Value>),
        effect: Effect,
    ) -> Result<Kept, Trouble> {
        starting.join = Some(Join {
            intent: Intent {
                job: Arc::clone(&doing.job),
                caller: None,
                key: Some(format!("event {} {}", case.event.id, case.ready.mark(at))),
            },
            keep: FOREVER,
        });
        let context = self.works.context_of_event(&doing.job, &case.event.id, None);
        let world = (self.works.now(), Arc::clone(self.works.ids()));
        let group = Group::first(Arc::clone(&context), (starting, frame), world);
        match self.works.run_through(context, group).await {
            Settled::Done(_) => {}
            Settled::Fault(fault) => return Err(Trouble::Fault(fault)),
            Settled::Told(status, members) => {
                let words = members.member("message");
                let words = format!(
                    "its run ended with {status}: {}",
                    words.as_text().unwrap_or_default()
                );
                return Err(Trouble::Fault(Fault::of(Code::Refused).private(words)));
            }
        }
        let written: Vec<Written> = doing.tables.iter().map(Written::by).collect();
        let calls = effect.calls(&written, self.works.now());
        match self.guarded(calls).await {
            Ok(true) => Ok(effect.kept(&written)),
            Ok(false) => Err(Trouble::Lost),
            Err(fault) => Err(Trouble::Fault(fault)),
        }
    }

    /// Writes what becomes of an event, and gives its object up. `None`: somebody else has it.
    async fn settle(&self, held: &Held, event: &Event, settling: Settling) -> Result<Option<State>, Fault> {
        let now = self.works.now();
        let ours = (&*held.object, &*held.token);
        let calls = vec![
            calls::settle(&self.journal, &event.key(), &settling, now),
            calls::release(&self.journal, ours, &held.marks, now),
        ];
        Ok(self.guarded(calls).await?.then_some(settling.state))
    }

    /// Writes calls of which the last must find our token.
    async fn guarded(&self, calls: Vec<crate::store::Call>) -> Result<bool, Fault> {
        let transaction = Transaction::sequence(calls, true);
        let rows = self.works.store().run(Permit::of_run(), transaction).await?;
        Ok(!rows.into_rows()?.rows.is_empty())
    }

    /// An event that failed is tried again, until it has been tried for long enough.
    fn failed(&self, event: &Event, mut settling: Settling, faults: &[Fault]) -> Settling {
        let now = self.works.now();
        if event.state == State::Quarantined {
            (settling.tries, settling.since) = (0, now);
        }
        let why: Vec<String> = faults.iter().map(Fault::why).collect();
        let why = why.join("; ");
        let pause = 1_i64.checked_shl(u32::try_from(settling.tries).unwrap_or(u32::MAX));
        let pause = pause.unwrap_or(LONGEST).clamp(1, LONGEST);
        let due = now.checked_add(SignedDuration::from_secs(pause)).unwrap_or(now);
        let is_dead = now.duration_since(settling.since) >= PATIENCE;
        settling.tries += 1;
        settling.state = if is_dead { State::Dead } else { State::Waiting };
        settling.due = (!is_dead).then_some(due);
        log::event_failed(&event.id, &event.hook, settling.tries, &why, is_dead);
        settling.error = Some(why);
        settling
    }

    /// An event without a tenant waits until it may be known.
    fn quarantined(&self, event: &Event, mut settling: Settling, why: String) -> Settling {
        let now = self.works.now();
        if event.state != State::Quarantined {
            settling.tries = 0;
        }
        let pause = usize::try_from(settling.tries)
            .ok()
            .and_then(|at| QUARANTINE.get(at));
        settling.due = pause.and_then(|pause| now.checked_add(SignedDuration::from_secs(*pause)).ok());
        settling.tries += 1;
        settling.state = State::Quarantined;
        log::event_quarantined(&event.id, &event.hook, &why);
        settling.error = Some(why);
        settling
    }
}

impl Case<'_> {
    /// The frame of an action, as far as the event and its tenant fill it.
    pub(super) fn frame(&self, at: usize, tenant: Option<&Datum>) -> Vec<Value> {
        let (Some(action), Some(doing)) = (self.ready.hook.actions.get(at), self.ready.actions.get(at))
        else {
            return Vec::new();
        };
        let mut frame = doing.job.template.clone();
        self.told.fill(&doing.job.sources, &mut frame);
        if let (Some(tenant), Place::Named(row)) = (tenant, &action.place) {
            for slot in &action.completed {
                let place = frame.get_mut(slot.0 as usize);
                if let Some(value) = place.filter(|value| value.is_undefined()) {
                    *value = restore(tenant, &row.key_type);
                }
            }
        }
        frame
    }
}

impl Doing {
    /// What a run of it starts with.
    pub(super) fn starting(&self, tenant: Option<&Datum>) -> Starting {
        Starting {
            guard: tenant
                .filter(|_| self.is_bound())
                .map(|tenant| Ok(vec![tenant.clone()])),
            refused: None,
            join: None,
            meter: None,
        }
    }

    /// Whether it runs inside a tenant.
    pub(super) fn is_bound(&self) -> bool {
        matches!(self.job.place, Place::Named(_))
    }
}

impl Event {
    /// It as it stands.
    pub(super) fn into_settling(self) -> Settling {
        Settling {
            state: self.state,
            tenant: self.tenant,
            actions: self.actions,
            tries: self.tries,
            since: self.since,
            due: self.due,
            error: self.error,
        }
    }
}

/// An event of which nothing is left to do.
fn over(mut settling: Settling) -> Settling {
    settling.state = settling.actions.state();
    settling.due = None;
    settling.error = None;
    settling
}
