//! A replay of which nothing is kept.
//!
//! Role: runs the actions of events one after the other in one transaction, compares the rows of the tables that they
//! write before and after, and rolls back.
//! Invariant: it never commits, and calls no provider.
//! Not here: which events (`replay`), what an action does.

use super::Hooks;
use super::arrival::Told;
use super::desk::{EventDesk, EventInfo};
use super::event::Event;
use super::pass::{Case, Mode};
use super::ready::Ready;
use super::rehearsal::Rehearsal;
use super::replay::{Pages, Replay};
use super::run::Held;
use super::tenant::Found;
use crate::fault::{Code, Fault};
use crate::permit::Permit;
use crate::store::{Call, RowSet};
use crate::transaction::Transaction;
use crate::work::{Group, call, tenant_text, text};
use backflow_plan::model::Place;
use backflow_sql::ir::Datum;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most events of a rehearsal: all of it is one transaction.
const MOST: usize = 1000;

/// What a replay would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rehearsed {
    /// Its events, and what would become of each: `done`, or why it would not be.
    pub events: Vec<(EventInfo, String)>,
    /// The rows that would change.
    pub rows: Vec<RowChange>,
}

/// A row that would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowChange {
    /// Its table.
    pub table: String,
    /// The tenant whose rows were looked at; `None`: everybody's.
    pub tenant: Option<String>,
    /// It before, as JSON; `None`: it would be new.
    pub before: Option<String>,
    /// It after, as JSON; `None`: it would be gone.
    pub after: Option<String>,
}

/// Rows of a table that are compared.
struct Watch {
    table: String,
    tenant: Option<String>,
    call: Call,
}

/// What a rehearsal is made of, before it runs.
#[derive(Default)]
struct Script {
    watches: Vec<Watch>,
    groups: Vec<Group>,
    /// Which event each group belongs to.
    owners: Vec<usize>,
    events: Vec<(EventInfo, String)>,
}

impl EventDesk {
    /// What a replay would do. Nothing of it is kept.
    ///
    /// # Errors
    /// When there are too many events, or the database cannot be read.
    pub async fn rehearse(&self, which: &Replay) -> Result<Rehearsed, Fault> {
        let until = which.until.unwrap_or_else(|| self.hooks.works.now());
        let newest = self.hooks.newest(which, until).await?;
        let mut pages = Pages::new(which, until);
        let mut script = Script::default();
        while let Some(page) = pages.next(&self.hooks).await? {
            for event in page {
                if script.events.len() == MOST {
                    let words =
                        format!("these are more than {MOST} events: say a shorter time, or one webhook");
                    return Err(Fault::new(Code::PayloadTooLarge, words));
                }
                let mode = Mode::of_replay(&event, &newest);
                let event = self.hooks.afresh(&event);
                self.hooks.rehearse(&event, &mode, &mut script).await?;
            }
        }
        self.hooks.perform(script).await
    }
}

impl Hooks {
    /// Adds an event to a rehearsal.
    async fn rehearse(
        self: &Arc<Self>,
        event: &Event,
        mode: &Mode,
        script: &mut Script,
    ) -> Result<(), Fault> {
        let info = self.info(event.clone());
        let owner = script.events.len();
        let outcome = match self.find(&event.hook).map(Arc::clone) {
            None => "no webhook of this name is in the files any more".to_owned(),
            Some(ready) => match Told::kept(&ready, event) {
                Err(fault) => fault.why(),
                Ok(told) => {
                    let case = Case {
                        ready: &ready,
                        event,
                        told,
                    };
                    self.plan_of(&case, mode, (owner, script)).await?
                }
            },
        };
        script.events.push((info, outcome));
        Ok(())
    }

    /// Adds what is to be run of an event; what would become of it as far as that can be told before.
    async fn plan_of(
        self: &Arc<Self>,
        case: &Case<'_>,
        mode: &Mode,
        (owner, script): (usize, &mut Script),
    ) -> Result<String, Fault> {
        let known = vec![text(&case.event.object)];
        let marks = self.cell(&self.journal.inbox.marks, known).await?;
        let marks = marks.as_ref().map(super::marks::Marks::of).unwrap_or_default();
        let held = Held::new(&case.event.object, Arc::from(""), marks);
        let mut settling = case.event.clone().into_settling();
        let (todo, faults) = self.todo(case, &held, mode, &mut settling);
        if let Some(fault) = faults.first() {
            return Ok(fault.why());
        }
        if todo.is_empty() {
            return Ok("nothing".to_owned());
        }
        let bound = |at: &usize| case.ready.actions.get(*at).is_some_and(|doing| doing.is_bound());
        let tenant = match (todo.iter().any(bound), &case.ready.hook.finder) {
            (true, Some(finder)) => match self.find_tenant(finder, case).await {
                Ok(Found::One(tenant)) => Some(tenant),
                Err(fault) => return Ok(fault.why()),
                Ok(Found::None(why)) => return Ok(format!("quarantined: {why}")),
            },
            _ => None,
        };
        let calls = |at: &usize| {
            let doing = case.ready.actions.get(*at);
            doing.is_some_and(|doing| doing.job.work.durable)
        };
        if todo.iter().any(calls) {
            return Ok("would call a provider".to_owned());
        }
        for at in todo {
            watch(case.ready, at, tenant.as_ref(), &mut script.watches);
            if let Some(group) = self.group_of(case, at, tenant.as_ref()) {
                script.groups.push(group);
                script.owners.push(owner);
            }
        }
        Ok("done".to_owned())
    }

    fn group_of(&self, case: &Case<'_>, at: usize, tenant: Option<&Datum>) -> Option<Group> {
        let doing = case.ready.actions.get(at)?;
        let starting = doing.starting(tenant);
        let context = self.works.context_of_event(&doing.job, &case.event.id, None);
        let world = (self.works.now(), Arc::clone(self.works.ids()));
        Some(Group::first(context, (starting, case.frame(at, tenant)), world))
    }

    /// Runs a rehearsal, and compares.
    async fn perform(&self, script: Script) -> Result<Rehearsed, Fault> {
        let Script {
            watches,
            groups,
            owners,
            mut events,
        } = script;
        // A look at no lock at all: something to begin a transaction with.
        let opening = call(&self.journal.locks.holder, vec![text("")], false);
        let calls = watches.iter().map(|watch| watch.call.clone());
        let rehearsal = Rehearsal::new(opening, calls.collect(), groups);
        let transaction = Transaction::rehearsal(rehearsal);
        let run = self.works.store().run(Permit::of_run(), transaction).await?;
        let rehearsal = run
            .into_rehearsal()
            .ok_or_else(|| Fault::internal("no rehearsal"))?;
        for (group, why) in &rehearsal.faults {
            let event = owners.get(*group).and_then(|owner| events.get_mut(*owner));
            if let Some((_, outcome)) = event {
                why.clone_into(outcome);
            }
        }
        if let Some(fault) = rehearsal.broken {
            return Err(fault);
        }
        let sets = rehearsal.before.iter().zip(&rehearsal.after);
        let rows = watches.iter().zip(sets);
        let rows = rows.flat_map(|(watch, (before, after))| changes(watch, before, after));
        Ok(Rehearsed {
            rows: rows.collect(),
            events,
        })
    }
}

/// Adds the tables of an action to those that are compared.
fn watch(ready: &Ready, at: usize, tenant: Option<&Datum>, watches: &mut Vec<Watch>) {
    let Some(action) = ready.hook.actions.get(at) else {
        return;
    };
    let bound = matches!(action.place, Place::Named(_));
    for watched in &action.watched {
        let key = tenant.filter(|_| bound && watched.scoped);
        if watched.scoped && key.is_none() {
            continue;
        }
        let name = key.and_then(tenant_text);
        let known = watches
            .iter()
            .any(|known| known.table == watched.table && known.tenant == name);
        if !known {
            watches.push(Watch {
                table: watched.table.clone(),
                tenant: name,
                call: call(&watched.statement, key.cloned().into_iter().collect(), false),
            });
        }
    }
}

/// The rows of a table that differ, in the order of their keys.
fn changes(watch: &Watch, before: &RowSet, after: &RowSet) -> Vec<RowChange> {
    let mut rows: BTreeMap<String, (Option<&str>, Option<&str>)> = BTreeMap::new();
    for row in &before.rows {
        rows.entry(format!("{:?}", row.cells)).or_default().0 = Some(&row.json);
    }
    for row in &after.rows {
        rows.entry(format!("{:?}", row.cells)).or_default().1 = Some(&row.json);
    }
    let changed = rows.into_values().filter(|(before, after)| before != after);
    changed
        .map(|(before, after)| RowChange {
            table: watch.table.clone(),
            tenant: watch.tenant.clone(),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        })
        .collect()
}
