//! Every value, parameter and table of a query, for those who rewrite or examine one.
//!
//! Role: walks a [`Query`] once and calls a [`Visit`] for what it meets.
//! Invariant: nothing that a statement names is left out; the matches here have no default arm, so a new part of
//! the IR does not compile until it is walked.
//! Not here: what a visitor does.

use super::{
    Assigned, Bound, Cond, Conflict, Embed, Insert, Link, Member, Offered, Outputs, ParamId, Query, Read,
    Scalar,
};
use backflow_catalog::TableId;

/// What is called on the way. Every method may change what it is given.
pub trait Visit {
    /// A value, before what is inside it; what stands in its place afterwards is walked.
    fn scalar(&mut self, _: &mut Scalar) {}
    /// A parameter that is no [`Scalar`]: a flag, a list, a row count.
    fn param(&mut self, _: &mut ParamId) {}
    /// What a column is given, before what is inside it.
    fn assigned(&mut self, _: &mut Assigned) {}
    /// A condition, before what is inside it.
    fn cond(&mut self, _: &mut Cond) {}
    /// A table that is read.
    fn reads(&mut self, _: TableId) {}
}

/// Walks a query. The table that it writes is not among those that it reads, unless it reads it, too.
pub fn query(query: &mut Query, visit: &mut dyn Visit) {
    match query {
        Query::Read(read) => self::read(read, visit),
        Query::Insert(insert) => self::insert(insert, visit),
        Query::Update(update) => {
            for (_, value) in &mut update.set {
                assigned(value, visit);
            }
            cond(&mut update.filter, visit);
            outputs(&mut update.outputs, visit);
        }
        Query::Delete(delete) => {
            cond(&mut delete.filter, visit);
            outputs(&mut delete.outputs, visit);
        }
    }
}

/// Walks a row that was not made.
pub fn offered(offered: &mut Offered, visit: &mut dyn Visit) {
    for value in &mut offered.values {
        scalar(value, visit);
    }
    cond(&mut offered.guard, visit);
}

/// Walks a value.
pub fn value(value: &mut Scalar, visit: &mut dyn Visit) {
    scalar(value, visit);
}

fn read(read: &mut Read, visit: &mut dyn Visit) {
    visit.reads(read.from);
    outputs(&mut read.outputs, visit);
    cond(&mut read.filter, visit);
    for order in &mut read.order {
        scalar(&mut order.by, visit);
    }
    for bound in [&mut read.limit, &mut read.offset].into_iter().flatten() {
        match bound {
            Bound::Param(param) => visit.param(param),
            Bound::Fixed(_) => {}
        }
    }
}

fn insert(insert: &mut Insert, visit: &mut dyn Visit) {
    for value in insert.rows.iter_mut().flatten() {
        assigned(value, visit);
    }
    if let Some(list) = &mut insert.each {
        visit.param(list);
    }
    cond(&mut insert.guard, visit);
    if let Some(Conflict {
        update: Some(update), ..
    }) = &mut insert.conflict
    {
        for (_, value) in &mut update.set {
            assigned(value, visit);
        }
        cond(&mut update.filter, visit);
    }
    outputs(&mut insert.outputs, visit);
}

fn outputs(outputs: &mut Outputs, visit: &mut dyn Visit) {
    for member in outputs.members.iter_mut().flatten() {
        match member {
            Member::Computed { value, .. } => scalar(value, visit),
            Member::Embed(embed) => self::embed(embed, visit),
            Member::Aggregate { of: Some(value), .. } => scalar(value, visit),
            Member::Column { .. } | Member::Aggregate { of: None, .. } => {}
        }
    }
    for value in &mut outputs.extra {
        scalar(value, visit);
    }
}

fn embed(embed: &mut Embed, visit: &mut dyn Visit) {
    link(&mut embed.link, visit);
    read(&mut embed.read, visit);
}

fn link(link: &mut Link, visit: &mut dyn Visit) {
    match link {
        Link::Direct(_) => {}
        Link::Junction { table, filter, .. } => {
            visit.reads(*table);
            cond(filter, visit);
        }
    }
}

fn assigned(value: &mut Assigned, visit: &mut dyn Visit) {
    visit.assigned(value);
    match value {
        Assigned::Value(value) => scalar(value, visit),
        Assigned::IfGiven { flag, value } => {
            visit.param(flag);
            scalar(value, visit);
        }
        Assigned::Default => {}
    }
}

fn cond(condition: &mut Cond, visit: &mut dyn Visit) {
    visit.cond(condition);
    match condition {
        Cond::All(conds) | Cond::Any(conds) => conds.iter_mut().for_each(|one| cond(one, visit)),
        Cond::Not(inner) => cond(inner, visit),
        Cond::Compare { left, right, .. }
        | Cond::Distinct { left, right }
        | Cond::Contain { left, right, .. }
        | Cond::Native { left, right, .. }
        | Cond::Like {
            left, pattern: right, ..
        } => {
            scalar(left, visit);
            scalar(right, visit);
        }
        Cond::IsNull(value) | Cond::IsBool(value, _) => scalar(value, visit),
        Cond::In { left, list, .. } => {
            scalar(left, visit);
            visit.param(list);
        }
        Cond::When { flag, cond: inner } => {
            visit.param(flag);
            cond(inner, visit);
        }
        Cond::Exists { table, filter, .. } | Cond::Stays { table, filter } => {
            visit.reads(*table);
            cond(filter, visit);
        }
        Cond::InRows {
            left, table, filter, ..
        } => {
            scalar(left, visit);
            visit.reads(*table);
            cond(filter, visit);
        }
    }
}

fn scalar(value: &mut Scalar, visit: &mut dyn Visit) {
    visit.scalar(value);
    match value {
        Scalar::Column(_)
        | Scalar::Json(..)
        | Scalar::Excluded(_)
        | Scalar::Param(..)
        | Scalar::Literal(..)
        | Scalar::Item(..)
        | Scalar::DefaultOf(_)
        | Scalar::Earlier { .. } => {}
        Scalar::Arithmetic { left, right, .. } => {
            scalar(left, visit);
            scalar(right, visit);
        }
        Scalar::Cast(inner, _) | Scalar::Shift(inner, _) | Scalar::Lower(inner) => scalar(inner, visit),
        Scalar::Coalesce(values) => values.iter_mut().for_each(|one| scalar(one, visit)),
        Scalar::IfGiven {
            flag,
            value,
            otherwise,
        } => {
            visit.param(flag);
            scalar(value, visit);
            scalar(otherwise, visit);
        }
        Scalar::Test(test) => cond(test, visit),
        Scalar::Lookup { table, value, .. } => {
            visit.reads(*table);
            scalar(value, visit);
        }
        Scalar::Related {
            link: by,
            read: related,
            value,
        } => {
            link(by, visit);
            read(related, visit);
            scalar(value, visit);
        }
    }
}
