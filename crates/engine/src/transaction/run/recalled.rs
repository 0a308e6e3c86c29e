//! Answers that were given before.
//!
//! Role: judges a request as far as the guard, and looks for an answer to it; tells under which key one is to be kept.
//! Invariant: nobody gets an answer, kept or not, before the guard has found their membership in this transaction; an
//! answer is kept under what the transaction that read it was given.
//! Not here: keeping answers (`cache`), who computes them (`handle::recall`).

use super::{Phase, Run};
use crate::cache::{Answers, Kept, Key, KeyWriter, Token};
use crate::fault::Fault;
use crate::permit::Scope;
use crate::prepare::Prepared;
use crate::render;
use crate::store::{Call, RowSet, Turn};
use crate::work::tenant_text;
use backflow_plan::model::{Cache, Guard};
use backflow_sql::ir::Datum;
use std::sync::Arc;

/// What a transaction has to do with kept answers.
pub(crate) enum Recall {
    /// It only looks for one. Whatever was changed before the token is known.
    Look(Arc<Answers>, Token),
    /// Its own is to be kept.
    Fill,
}

/// What was found.
pub(crate) enum Recalled {
    /// An answer.
    Found(Arc<Kept>),
    /// None.
    Missed(Missed),
}

/// An answer that is not there.
pub(crate) struct Missed {
    pub(crate) key: Key,
    /// The tenant's key.
    pub(crate) tenant: Option<String>,
    /// What it would be read from was changed by others just now.
    pub(crate) moved: bool,
}

impl Run {
    /// Whether it only looks for an answer.
    pub(super) fn only_looks(&self) -> bool {
        matches!(self.recall, Some(Recall::Look(..)))
    }

    /// Whether its look asks what others have changed just now.
    pub(super) fn asks_for_changes(&self) -> bool {
        self.served
            .route
            .cache
            .as_ref()
            .is_some_and(|cache| cache.coherent.is_some())
    }

    /// What a look found.
    pub(crate) fn into_recalled(self) -> Result<Recalled, Fault> {
        match (self.end, self.recalled) {
            (Some(Err(fault)), _) => Err(fault),
            (_, Some(recalled)) => Ok(recalled),
            (_, None) => Err(Fault::internal("the store left a transaction unfinished")),
        }
    }

    /// Under what the answer is to be kept.
    pub(crate) fn filled(&mut self) -> Option<Key> {
        self.filled.take()
    }

    /// The first statement of a look; `None`: it needs none.
    pub(super) fn look_up(&mut self, guard: Option<(&Guard, Vec<Datum>)>) -> Result<Option<Call>, Fault> {
        let Some(Recall::Look(_, token)) = &self.recall else {
            return Ok(None);
        };
        let token = Datum::Text(Arc::clone(token));
        let coherent = cache(&self.served.route.cache)?.coherent.as_ref();
        let (statement, values) = match (guard, coherent) {
            (Some((_, mut values)), Some(coherent)) => {
                values.push(token);
                (coherent, values)
            }
            (Some((guard, values)), None) => (&guard.statement, values),
            (None, Some(coherent)) => (coherent, vec![token]),
            (None, None) => return Ok(None),
        };
        let statement = Arc::clone(statement);
        self.phase = Phase::Recall;
        Ok(Some(Call {
            statement,
            values,
            alone: true,
            shares: None,
        }))
    }

    /// Takes what a look found of the caller, and looks.
    pub(super) fn recall_behind(&mut self, guard: Option<&Guard>, rows: &RowSet) -> Result<Turn, Fault> {
        if let Some(guard) = guard {
            self.admit(guard, rows)?;
        }
        let is_asked = cache(&self.served.route.cache)?.coherent.is_some();
        let last = rows.rows.first().and_then(|row| row.cells.last());
        let moved = is_asked
            && match last {
                Some(Datum::Bool(moved)) => *moved,
                Some(Datum::Int(moved)) => *moved != 0,
                _ => return Err(Fault::internal("a coherent look gave no answer")),
            };
        self.recall(moved)
    }

    /// Looks for an answer.
    pub(super) fn recall(&mut self, moved: bool) -> Result<Turn, Fault> {
        if let Some(fault) = &self.refused {
            return Err(fault.clone());
        }
        self.prepare()?;
        self.check_tenants()?;
        let key = self.answer_key()?;
        let Some(Recall::Look(answers, _)) = &self.recall else {
            return Err(Fault::internal("a look for an answer without a place to look at"));
        };
        let tenant = self.tenant();
        let version = answers.version(cache(&self.served.route.cache)?, tenant.as_deref());
        let found = match moved {
            true => None,
            false => answers.find(&key, version, self.host.instant()),
        };
        self.recalled = Some(match found {
            Some(kept) => Recalled::Found(kept),
            None => Recalled::Missed(Missed { key, tenant, moved }),
        });
        self.phase = Phase::Ended;
        Ok(Turn::Commit)
    }

    /// Under what the answer that was just made is to be kept, if it is.
    pub(super) fn note_key(&mut self) -> Result<(), Fault> {
        if matches!(self.recall, Some(Recall::Fill)) {
            self.filled = Some(self.answer_key()?);
        }
        Ok(())
    }

    fn tenant(&self) -> Option<String> {
        self.scope.as_ref().map(Scope::tenant).and_then(tenant_text)
    }

    /// By what the answer is found.
    fn answer_key(&mut self) -> Result<Key, Fault> {
        let served = Arc::clone(&self.served);
        let cache = cache(&served.route.cache)?;
        let mut key = KeyWriter::default();
        key.number(u64::from(served.route.id.0));
        match &self.scope {
            Some(scope) => key.datum(scope.tenant()),
            None => key.mark(b'-'),
        }
        for prepared in self.prepared.iter().flatten() {
            given(prepared, &mut key);
        }
        if cache.by_caller {
            key.text(self.subject.as_deref());
            key.text(self.email.as_deref());
        }
        for slot in &cache.late {
            if let Some(value) = self.frame.get(slot.0 as usize) {
                key.value(value);
            }
        }
        if let Some(program) = &cache.key {
            key.value(&render::run(program, &self.frame, &mut self.host, "cache.key")?);
        }
        Ok(key.finish())
    }
}

/// What a step is given before anything has run.
fn given(prepared: &Prepared, key: &mut KeyWriter) {
    let Prepared::Ready(bounds) = prepared else {
        return key.mark(b's');
    };
    key.mark(b'r');
    for bound in bounds {
        match bound {
            Some(bound) => {
                key.mark(if bound.defined { b'd' } else { b'a' });
                key.datum(&bound.datum);
            }
            None => key.mark(b'.'),
        }
    }
}

fn cache(cache: &Option<Box<Cache>>) -> Result<&Cache, Fault> {
    cache
        .as_deref()
        .ok_or_else(|| Fault::internal("an answer is looked for on a route that keeps none"))
}
