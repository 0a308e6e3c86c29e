//! Parameters that no part of a statement names are taken away, and the rest numbered anew.
//!
//! Role: an embed that only served to choose or order rows may leave parameters behind; and a count of rows needs
//! only some of its list's.
//! Invariant: afterwards every bind is a parameter of the statement, and every parameter has its bind.
//! Not here: values of binds.

use crate::model::{Bind, BindValue};
use backflow_sql::ir::visit::{self, Visit};
use backflow_sql::ir::{ParamId, Query, Scalar};
use std::collections::BTreeSet;

/// Keeps only binds that the query names. `positions` are of binds, and follow them.
pub(super) fn prune(query: &mut Query, binds: &mut Vec<Bind>, positions: Vec<&mut usize>) {
    let mut used = Used(BTreeSet::new());
    visit::query(query, &mut used);
    let mut kept: BTreeSet<usize> = used.0.into_iter().map(|id| usize::from(id.0)).collect();
    kept.extend(positions.iter().map(|at| **at));
    // A flag tells of another bind.
    let flags: Vec<usize> = kept.iter().filter_map(|at| told_of(binds.get(*at)?)).collect();
    kept.extend(flags);
    if kept.len() == binds.len() {
        return;
    }
    let kept: Vec<usize> = kept.into_iter().collect();
    let mut anew = Anew(&kept);
    visit::query(query, &mut anew);
    for at in positions {
        *at = anew.position(*at);
    }
    let mut old = std::mem::take(binds).into_iter().enumerate();
    binds.extend(
        old.by_ref()
            .filter(|(at, _)| kept.contains(at))
            .map(|(_, bind)| bind),
    );
    for bind in binds {
        if let BindValue::Given(of) = &mut bind.value {
            *of = anew.position(*of);
        }
    }
}

/// Numbers the parameters of a statement of its own from the first on; the positions of their binds in that order.
pub(super) fn alone(mut walk: impl FnMut(&mut dyn Visit)) -> Vec<usize> {
    let mut used = Used(BTreeSet::new());
    walk(&mut used);
    let kept: Vec<usize> = used.0.into_iter().map(|id| usize::from(id.0)).collect();
    walk(&mut Anew(&kept));
    kept
}

fn told_of(bind: &Bind) -> Option<usize> {
    match bind.value {
        BindValue::Given(of) => Some(of),
        _ => None,
    }
}

struct Used(BTreeSet<ParamId>);

impl Visit for Used {
    fn scalar(&mut self, scalar: &mut Scalar) {
        if let Scalar::Param(id, _) = scalar {
            self.0.insert(*id);
        }
    }

    fn param(&mut self, id: &mut ParamId) {
        self.0.insert(*id);
    }
}

/// The kept positions, in order.
struct Anew<'k>(&'k [usize]);

impl Anew<'_> {
    fn position(&self, old: usize) -> usize {
        self.0.iter().position(|kept| *kept == old).unwrap_or(old)
    }

    fn id(&self, old: ParamId) -> ParamId {
        ParamId(u16::try_from(self.position(usize::from(old.0))).unwrap_or(old.0))
    }
}

impl Visit for Anew<'_> {
    fn scalar(&mut self, scalar: &mut Scalar) {
        if let Scalar::Param(id, _) = scalar {
            *id = self.id(*id);
        }
    }

    fn param(&mut self, id: &mut ParamId) {
        *id = self.id(*id);
    }
}
