//! The parts of a chain: queries whose parameters are numbered anew.
//!
//! Role: what comes from an earlier row becomes a reference to that row; the tenant becomes the guard's own key.
//! Input: the statements of a route. Output: [`Parts`], or `None` if some value is more than a column.
//! Invariant: the tenant in a fused statement is never a parameter.
//! Not here: whether the parts may be joined; see `proof`.

use super::Sequence;
use crate::model::{BindValue, FusedValue, Guard, Place, Rows, Source, Step};
use backflow_catalog::{ColumnType, TableId};
use backflow_expr::{Program, Slot};
use backflow_sql::ir::visit::{self, Visit};
use backflow_sql::ir::{Assigned, Comparison, Cond, ParamId, PartCell, Query, Scalar};
use std::collections::BTreeSet;

/// The parts of a chain.
pub(super) struct Parts {
    pub(super) list: Vec<Part>,
    /// The values of the parameters.
    pub(super) values: Vec<FusedValue>,
    /// The part of the first step: behind the guard, if there is one.
    pub(super) first_step: usize,
}

/// A query of a chain.
pub(super) struct Part {
    pub(super) query: Query,
    /// The tables that it reads.
    pub(super) reads: BTreeSet<TableId>,
    /// The table that it writes.
    pub(super) writes: Option<TableId>,
    /// Earlier parts without whose row the route is refused here.
    pub(super) needs: BTreeSet<usize>,
    /// Earlier parts of whose row it takes values that may be left out.
    pub(super) wants: BTreeSet<usize>,
    /// Values that must be the tenant's key.
    pub(super) tenants: Vec<Cond>,
    /// It runs only if this part has a row.
    pub(super) only_if: Option<usize>,
}

/// All parts.
pub(super) fn parts(sequence: &Sequence<'_>) -> Option<Parts> {
    let mut parts = Parts {
        list: Vec::new(),
        values: Vec::new(),
        first_step: usize::from(sequence.guard.is_some()),
    };
    if let Some(guard) = &sequence.guard {
        let part = Rewrite::of(sequence, &mut parts, None).part(guard.clone())?;
        parts.list.push(part);
    }
    let is_only = sequence.steps.len() == 1 && sequence.guard.is_none();
    for (at, query) in sequence.queries.iter().enumerate() {
        let step = sequence.steps.get(at)?;
        let listed = matches!(query, Query::Insert(insert) if insert.each.is_some());
        if step.check || listed {
            return None;
        }
        let only_if = match &step.condition {
            Some(condition) if !is_only => Some(row_asked_for(sequence, condition.as_slot()?, at)?),
            _ => None,
        };
        let mut part = Rewrite::of(sequence, &mut parts, Some(at)).part(query.clone())?;
        part.only_if = only_if.map(|step| step + parts.first_step);
        parts.list.push(part);
    }
    Some(parts)
}

/// The earlier single row whose being there is all that a condition asks for.
fn row_asked_for(sequence: &Sequence<'_>, slot: Slot, before: usize) -> Option<usize> {
    let mut earlier = sequence.steps.iter().take(before);
    earlier.position(|step| step.rows == Rows::One && step.results.exists == Some(slot))
}

/// The state while one query is rewritten.
struct Rewrite<'r> {
    steps: &'r [Step],
    frame: &'r [Source],
    /// Which step; `None`: the guard.
    at: Option<usize>,
    values: &'r mut Vec<FusedValue>,
    guard: Option<&'r Guard>,
    first_step: usize,
    reads: BTreeSet<TableId>,
    needs: BTreeSet<usize>,
    wants: BTreeSet<usize>,
    tenants: Vec<Cond>,
    failed: bool,
}

impl<'r> Rewrite<'r> {
    fn of(sequence: &'r Sequence<'_>, parts: &'r mut Parts, at: Option<usize>) -> Self {
        Rewrite {
            steps: sequence.steps,
            frame: sequence.frame,
            at,
            values: &mut parts.values,
            guard: match sequence.place {
                Place::One(guard) => Some(guard),
                Place::Nowhere | Place::Mine | Place::Named(_) => None,
            },
            first_step: parts.first_step,
            reads: BTreeSet::new(),
            needs: BTreeSet::new(),
            wants: BTreeSet::new(),
            tenants: Vec::new(),
            failed: false,
        }
    }

    fn part(mut self, mut query: Query) -> Option<Part> {
        visit::query(&mut query, &mut self);
        let writes = match &query {
            Query::Read(_) => None,
            Query::Insert(insert) => Some(insert.into),
            Query::Update(update) => Some(update.table),
            Query::Delete(delete) => Some(delete.table),
        };
        // All but a plain insert look at the rows that are there.
        match &query {
            Query::Insert(insert) if insert.conflict.is_none() => {}
            _ => self.reads.extend(writes),
        }
        (!self.failed).then_some(Part {
            query,
            reads: self.reads,
            writes,
            needs: self.needs,
            wants: self.wants,
            tenants: self.tenants,
            only_if: None,
        })
    }

    fn value(&mut self, value: FusedValue) -> ParamId {
        let known = self.values.iter().position(|one| *one == value);
        let at = known.unwrap_or_else(|| {
            self.values.push(value);
            self.values.len() - 1
        });
        ParamId(u16::try_from(at).unwrap_or(u16::MAX))
    }

    /// What stands for a parameter.
    fn replacement(&mut self, param: ParamId, ty: &ColumnType) -> Option<Scalar> {
        let position = usize::from(param.0);
        let Some(step) = self.at else {
            let id = self.value(FusedValue::Guard(position));
            return Some(Scalar::Param(id, ty.clone()));
        };
        let bind = self.steps.get(step)?.binds.get(position)?;
        let own = FusedValue::Step { step, bind: position };
        match &bind.value {
            BindValue::Tenant => self.tenant(ty),
            BindValue::SameTenant(_) if !bind.late => {
                let tenant = self.tenant(ty)?;
                let given = Scalar::Param(self.value(own), ty.clone());
                self.tenants.push(Cond::Any(vec![
                    Cond::IsNull(given.clone()),
                    Cond::Compare {
                        left: given,
                        op: Comparison::Eq,
                        right: tenant.clone(),
                    },
                ]));
                Some(tenant)
            }
            BindValue::Needed(program) | BindValue::Optional(program) if self.of_guard(program) => {
                self.guard_cell(program.as_slot()?, ty)
            }
            value if self.reads_guard(value) => None,
            BindValue::Needed(program) if bind.late => {
                let (part, cell) = self.cell(program.as_slot()?, ty)?;
                self.needs.insert(part);
                Some(cell)
            }
            BindValue::Optional(program) if bind.late => {
                let (part, cell) = self.cell(program.as_slot()?, ty)?;
                self.wants.insert(part);
                Some(cell)
            }
            _ if bind.late => None,
            _ => Some(Scalar::Param(self.value(own), ty.clone())),
        }
    }

    /// Whether a program gives what the guard found as it is.
    fn of_guard(&self, program: &Program) -> bool {
        let source = program.as_slot().and_then(|slot| self.frame.get(slot.0 as usize));
        source.is_some_and(is_of_guard)
    }

    fn reads_guard(&self, value: &BindValue) -> bool {
        let mut slots = value.slots().into_iter();
        slots.any(|slot| self.frame.get(slot.0 as usize).is_some_and(is_of_guard))
    }

    /// A cell of the guard, of exactly this type.
    fn guard_cell(&self, slot: Slot, ty: &ColumnType) -> Option<Scalar> {
        let guard = self.guard?;
        let (cell, of) = match self.frame.get(slot.0 as usize)? {
            Source::TenantId => (0, &guard.key_type),
            Source::TenantRole => (1, guard.role_type.as_ref()?),
            Source::Context(at) => (
                1 + usize::from(guard.role_type.is_some()) + at,
                guard.context.get(*at)?,
            ),
            _ => return None,
        };
        (of == ty).then(|| Scalar::Earlier {
            part: 0,
            cell: PartCell::Cell(cell),
            ty: ty.clone(),
        })
    }

    /// The key that the guard found.
    fn tenant(&self, ty: &ColumnType) -> Option<Scalar> {
        (self.first_step == 1).then(|| Scalar::Earlier {
            part: 0,
            cell: PartCell::Cell(0),
            ty: ty.clone(),
        })
    }

    /// A column of an earlier single row, of exactly this type.
    fn cell(&self, slot: Slot, ty: &ColumnType) -> Option<(usize, Scalar)> {
        let earlier = self.steps.iter().enumerate().take(self.at?);
        let mut found = earlier.filter_map(|(at, step)| {
            let (cell, of, _) = step.results.cells.iter().find(|(_, _, known)| *known == slot)?;
            (step.rows == Rows::One && of == ty).then_some((at, *cell))
        });
        let (step, cell) = found.next()?;
        let part = step + self.first_step;
        let cell = PartCell::Cell(cell);
        Some((
            part,
            Scalar::Earlier {
                part,
                cell,
                ty: ty.clone(),
            },
        ))
    }

    /// Whether a flag asks for a value of an earlier row, which is there wherever this part does anything.
    fn is_late(&self, flag: ParamId) -> bool {
        let Some(step) = self.at.and_then(|step| self.steps.get(step)) else {
            return false;
        };
        let Some(bind) = step.binds.get(usize::from(flag.0)) else {
            return false;
        };
        let of = match bind.value {
            BindValue::Given(of) => step.binds.get(of),
            _ => None,
        };
        bind.late || of.is_some_and(|of| self.reads_guard(&of.value))
    }
}

/// Whether only the guard can tell.
fn is_of_guard(source: &Source) -> bool {
    matches!(source, Source::TenantId | Source::TenantRole | Source::Context(_))
}

impl Visit for Rewrite<'_> {
    fn scalar(&mut self, value: &mut Scalar) {
        while let Scalar::IfGiven {
            flag, value: given, ..
        } = &*value
            && self.is_late(*flag)
        {
            *value = (**given).clone();
        }
        let Scalar::Param(param, ty) = &*value else { return };
        let (param, ty) = (*param, ty.clone());
        match self.replacement(param, &ty) {
            Some(replacement) => *value = replacement,
            None => self.failed = true,
        }
    }

    fn param(&mut self, param: &mut ParamId) {
        match self.at {
            Some(step) if !self.is_late(*param) => {
                let bind = usize::from(param.0);
                *param = self.value(FusedValue::Step { step, bind });
            }
            _ => self.failed = true,
        }
    }

    fn assigned(&mut self, assigned: &mut Assigned) {
        if let Assigned::IfGiven { flag, value } = &*assigned
            && self.is_late(*flag)
        {
            *assigned = Assigned::Value(value.clone());
        }
    }

    fn cond(&mut self, cond: &mut Cond) {
        if let Cond::When { flag, cond: inner } = &*cond
            && self.is_late(*flag)
        {
            *cond = (**inner).clone();
        }
    }

    fn reads(&mut self, table: TableId) {
        self.reads.insert(table);
    }
}
