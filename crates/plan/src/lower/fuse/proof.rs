//! What may be joined, and what may commit by itself.
//!
//! Role: the conditions under which one statement does what several do.
//! Invariant: whatever is not recognised here is not proved.
//! Not here: making the statement.
//!
//! A statement *alone* has committed when its rows are judged. So for every refusal that judging may end in, no
//! part may have written anything: a refusal that lies before a write is made a condition of that write
//! ([`pass`]); the first write may be refused only if it wrote nothing itself ([`all_or_nothing`]); and nothing
//! after it may be refused at all ([`certain`]).

use super::rewrite::{Part, Parts};
use super::{Sequence, present, writes};
use crate::model::{Answer, FusedValue, Operation, Rows, Shape, Step};
use backflow_catalog::{Catalog, ColumnId, ColumnType, TableId};
use backflow_sql::ir::{Comparison, Cond, Member, ParamId, PartCell, Query, Read, Scalar};
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// No part reads or changes what an earlier one has written, and every value that it takes from an earlier row
/// is there wherever it matters.
pub(super) fn sees_the_same(sequence: &Sequence<'_>, parts: &[Part]) -> bool {
    let catalog = &sequence.project.catalog;
    let mut needed = BTreeSet::new();
    for (at, part) in parts.iter().enumerate() {
        if parts
            .iter()
            .take(at)
            .any(|earlier| disturbs(earlier, part, parts, catalog))
        {
            return false;
        }
        if part.only_if.is_none() {
            needed.extend(part.needs.iter().copied());
        }
        let there =
            |from: &usize| part.only_if == Some(*from) || needed.contains(from) || is_made(parts, *from);
        if !part.wants.iter().chain(&part.needs).all(there) {
            return false;
        }
    }
    true
}

/// Whether two parts would do something else if one statement held both.
fn disturbs(earlier: &Part, later: &Part, parts: &[Part], catalog: &Catalog) -> bool {
    let Some(table) = earlier.writes else {
        // What was read behind a lock that was waited for must be as new as the locked row.
        return locks(&earlier.query) && !later.reads.is_empty() && !is_of_locked_row(parts, later);
    };
    let plain = |part: &Part| matches!(&part.query, Query::Insert(insert) if insert.conflict.is_none());
    let again = later.writes == Some(table);
    // In which order a statement writes is its own business: a key that the one frees the other may miss.
    let order_matters = again && !(plain(earlier) && plain(later));
    // Keys are looked at when the statement ends, and would find what came later.
    let mut keys = catalog.table(table).foreign_keys.iter();
    let found_late = keys.any(|key| later.writes == Some(key.table) && key.table != table);
    // A part of several rows cannot be asked whether it has one.
    let unanswerable =
        later.writes.is_some() && !one_row(&earlier.query, catalog) && !is_plainly_made(earlier);
    later.reads.contains(&table)
        || reaches_further(earlier, catalog)
        || order_matters
        || found_late
        || unanswerable
        || !plain(earlier) && !later.reads.is_empty()
}

fn locks(query: &Query) -> bool {
    matches!(query, Query::Read(read) if read.lock)
}

/// Whether a part reads nothing but the row that an earlier one has locked.
fn is_of_locked_row(parts: &[Part], part: &Part) -> bool {
    match &part.query {
        Query::Update(update) => {
            part.reads.iter().all(|table| *table == update.table)
                && is_the_row_read(parts, update.table, &update.filter)
        }
        _ => false,
    }
}

fn is_plainly_made(part: &Part) -> bool {
    part.only_if.is_none()
        && matches!(&part.query, Query::Insert(insert) if insert.guard == Cond::TRUE && insert.conflict.is_none())
}

/// Whether a write may change rows of other tables: by a trigger, or because keys cascade.
fn reaches_further(part: &Part, catalog: &Catalog) -> bool {
    let Some(table) = part.writes else { return false };
    let set: Vec<ColumnId> = match &part.query {
        Query::Update(update) => update.set.iter().map(|(column, _)| *column).collect(),
        Query::Insert(insert) => {
            let update = insert
                .conflict
                .as_ref()
                .and_then(|conflict| conflict.update.as_ref());
            update
                .map(|update| update.set.iter().map(|(column, _)| *column).collect())
                .unwrap_or_default()
        }
        Query::Delete(_) => catalog.table(table).column_ids().collect(),
        Query::Read(_) => Vec::new(),
    };
    let keys = catalog.tables.iter().flat_map(|other| &other.foreign_keys);
    let cascades = keys
        .filter(|key| key.table == table)
        .any(|key| key.references.iter().any(|column| set.contains(column)));
    catalog.table(table).triggers || cascades
}

/// The part that may have many rows: the only such, else the one that answers.
pub(super) fn main(sequence: &Sequence<'_>, parts: &[Part]) -> Option<usize> {
    let catalog = &sequence.project.catalog;
    let first_step = parts.len() - sequence.steps.len();
    let mut many = parts
        .iter()
        .enumerate()
        .skip(first_step)
        .filter(|(_, part)| !one_row(&part.query, catalog))
        .map(|(at, _)| at);
    match (many.next(), many.next()) {
        (None, _) => Some(first_step + answering(sequence)),
        (Some(only), None) => Some(only),
        (Some(_), Some(_)) => None,
    }
}

/// The step that answers, if the route has no template.
fn answering(sequence: &Sequence<'_>) -> usize {
    let steps = sequence.steps;
    let selects = steps.iter().rposition(|step| step.selects);
    selects.unwrap_or(steps.len().saturating_sub(1))
}

/// Whether a query gives at most one row.
fn one_row(query: &Query, catalog: &Catalog) -> bool {
    match query {
        Query::Read(read) => is_total(read) || finds_one(catalog, read.from, &read.filter),
        Query::Insert(insert) => insert.rows.len() == 1,
        Query::Update(update) => finds_one(catalog, update.table, &update.filter),
        Query::Delete(delete) => finds_one(catalog, delete.table, &delete.filter),
    }
}

/// Whether a read is totals without groups: always one row.
fn is_total(read: &Read) -> bool {
    let total = |member: &Member| matches!(member, Member::Aggregate { .. });
    let members = read.outputs.members.as_deref().unwrap_or_default();
    !members.is_empty() && members.iter().all(total) && read.outputs.cells.is_empty()
}

/// Whether a condition fixes every column of some key.
pub(crate) fn finds_one(catalog: &Catalog, table: TableId, filter: &Cond) -> bool {
    let fixed = fixed(filter);
    let is_fixed = |column: &ColumnId| fixed.iter().any(|(known, _)| known == column);
    let mut keys = catalog.table(table).keys();
    keys.any(|key| !key.is_empty() && key.iter().all(is_fixed))
}

/// The columns that a condition fixes, and what each is compared with.
pub(super) fn fixed(filter: &Cond) -> Vec<(ColumnId, &Scalar)> {
    conjuncts(filter).into_iter().filter_map(fixed_column).collect()
}

fn conjuncts(cond: &Cond) -> Vec<&Cond> {
    match cond {
        Cond::All(conds) => conds.iter().flat_map(conjuncts).collect(),
        cond => vec![cond],
    }
}

fn fixed_column(cond: &Cond) -> Option<(ColumnId, &Scalar)> {
    match cond {
        Cond::Compare {
            left: Scalar::Column(column),
            op: Comparison::Eq,
            right: right @ (Scalar::Param(..) | Scalar::Literal(..) | Scalar::Earlier { .. }),
        } => Some((*column, right)),
        _ => None,
    }
}

/// A part that makes its rows or fails, so that its row is always there.
fn is_made(parts: &[Part], part: usize) -> bool {
    parts.get(part).is_some_and(is_plainly_made)
}

/// What must hold of a part's rows for the route to reach a write behind it.
///
/// Only what is judged before that write is asked for: a write that is held back by what comes later would be
/// blamed for it.
pub(super) fn pass(sequence: &Sequence<'_>, parts: &mut Parts, at: usize, write: usize) -> Vec<Cond> {
    let index = at.checked_sub(parts.first_step);
    let Some(step) = index.and_then(|index| sequence.steps.get(index)) else {
        return Vec::new();
    };
    // A part that was skipped has no row either, and then the route goes on.
    let runs = parts.list.get(at).is_some_and(|part| part.only_if.is_none());
    let mut before = parts.list.iter().take(write + 1);
    let asked_for = before.any(|part| part.only_if.is_none() && part.needs.contains(&at));
    let mut conds = Vec::new();
    if asked_for || runs && step.least_rows() > 0 && !is_made(&parts.list, at) {
        conds.push(present(at));
    }
    if let Some(cell) = step
        .capability
        .as_ref()
        .and_then(|capability| capability.email_cell)
    {
        conds.push(same_email(parts, at, cell));
    }
    conds
}

/// The row's e-mail address is the caller's.
fn same_email(parts: &mut Parts, part: usize, cell: usize) -> Cond {
    let known = parts.values.iter().position(|value| *value == FusedValue::Email);
    let param = known.unwrap_or_else(|| {
        parts.values.push(FusedValue::Email);
        parts.values.len() - 1
    });
    let lower = |value| Scalar::Lower(Box::new(value));
    Cond::Compare {
        left: lower(Scalar::Earlier {
            part,
            cell: PartCell::Cell(cell),
            ty: ColumnType::Text,
        }),
        op: Comparison::Eq,
        right: lower(Scalar::Param(
            ParamId(u16::try_from(param).unwrap_or(u16::MAX)),
            ColumnType::Text,
        )),
    }
}

/// Whether nothing of the statement will have to be undone, whatever is made of its rows, and nothing is to be asked
/// behind it.
pub(super) fn alone(sequence: &Sequence<'_>, parts: &[Part]) -> bool {
    // Whether a limit has refused, another statement has to tell.
    sequence.steps.iter().all(|step| step.limit.is_none()) && is_kept(sequence, parts)
}

/// Whether nothing of the statement will have to be undone, whatever is made of its rows.
pub(super) fn is_kept(sequence: &Sequence<'_>, parts: &[Part]) -> bool {
    let first_step = parts.len() - sequence.steps.len();
    let steps: Vec<(usize, &Part, &Step)> = parts
        .iter()
        .enumerate()
        .skip(first_step)
        .zip(sequence.steps)
        .map(|((at, part), step)| (at, part, step))
        .collect();
    let Some(first) = steps.iter().position(|(_, part, _)| writes(part)) else {
        return true;
    };
    if !cannot_fail(sequence.answer) {
        return false;
    }
    let catalog = &sequence.project.catalog;
    let mut indexed = steps.iter().enumerate();
    indexed.all(|(index, (at, part, step))| match index.cmp(&first) {
        Ordering::Less => {
            let found = step.rows == Rows::Many || one_row(&part.query, catalog);
            // Whoever is missed only behind the write, by a later part or by the answer, is missed too late.
            let late = parts
                .iter()
                .skip(first_step + first + 1)
                .any(|later| later.only_if.is_none() && later.needs.contains(at));
            let missed = step.rows == Rows::One && (late || is_answer(sequence, index));
            found
                && (!missed || holds_writes(parts, *at))
                && (part.only_if.is_none() || step.capability.is_none())
        }
        Ordering::Equal if part.only_if.is_some() => certain(sequence, parts, (part, step), index),
        Ordering::Equal => all_or_nothing(part, step, catalog),
        Ordering::Greater => certain(sequence, parts, (part, step), index),
    })
}

/// Whether everything that is written is written only if this part has a row.
fn holds_writes(parts: &[Part], at: usize) -> bool {
    let mut written = parts.iter().filter(|part| writes(part));
    written.all(|part| part.only_if == Some(at) || part.only_if.is_none() && part.needs.contains(&at))
}

/// A write whose refusal means that it wrote nothing.
fn all_or_nothing(part: &Part, step: &Step, catalog: &Catalog) -> bool {
    match &part.query {
        Query::Read(_) => false,
        Query::Insert(insert) => insert.conflict.is_none() || insert.rows.len() == 1,
        Query::Update(_) | Query::Delete(_) => step.rows == Rows::Many || one_row(&part.query, catalog),
    }
}

/// A step behind a write that is never refused.
fn certain(sequence: &Sequence<'_>, parts: &[Part], (part, step): (&Part, &Step), index: usize) -> bool {
    match &part.query {
        Query::Read(_) => step.rows == Rows::Many && step.capability.is_none(),
        Query::Insert(insert) => insert.guard == Cond::TRUE && insert.conflict.is_none(),
        Query::Update(update) => {
            let at = parts.len() - sequence.steps.len() + index;
            let asked_for = parts
                .iter()
                .any(|part| part.needs.contains(&at) && part.only_if != Some(at));
            let may_miss = !asked_for && !is_answer(sequence, index);
            step.rows == Rows::Many
                || may_miss && one_row(&part.query, &sequence.project.catalog)
                || is_the_row_read(parts, update.table, &update.filter)
        }
        Query::Delete(_) => step.rows == Rows::Many,
    }
}

/// Whether a condition holds for exactly the row that an earlier part has read and locked: each of its parts
/// compares a column with that row's own value, or is what that row was read by.
fn is_the_row_read(parts: &[Part], table: TableId, filter: &Cond) -> bool {
    parts.iter().enumerate().any(|(at, part)| {
        let Query::Read(read) = &part.query else {
            return false;
        };
        let own = |cond: &&Cond| match cond {
            Cond::Compare {
                left: Scalar::Column(column),
                op: Comparison::Eq,
                right:
                    Scalar::Earlier {
                        part,
                        cell: PartCell::Cell(cell),
                        ..
                    },
            } => *part == at && read.outputs.cells.get(*cell) == Some(column),
            _ => false,
        };
        let conds = conjuncts(filter);
        let held = conjuncts(&read.filter);
        let same = |cond: &&Cond| own(cond) || held.contains(cond);
        read.lock && read.from == table && conds.iter().any(own) && conds.iter().all(same)
    })
}

/// Whether the route's answer is this step's result.
fn is_answer(sequence: &Sequence<'_>, step: usize) -> bool {
    let conditional = sequence.steps.iter().any(|step| step.condition.is_some());
    matches!(sequence.answer, Answer::LastStep)
        && (conditional || answering(sequence) == step)
        && sequence.steps.get(step).is_some_and(|step| {
            step.rows == Rows::One && !matches!(step.operation, Operation::Insert | Operation::Upsert { .. })
        })
}

/// Whether making the answer is never refused.
fn cannot_fail(answer: &Answer) -> bool {
    match answer {
        Answer::LastStep => true,
        Answer::Template(shape) => shape_cannot_fail(shape),
    }
}

fn shape_cannot_fail(shape: &Shape) -> bool {
    match shape {
        Shape::Constant(_) => true,
        Shape::Program(program) => program.as_slot().is_some() || program.as_constant().is_some(),
        Shape::Object(members) => members.iter().all(|(_, member)| shape_cannot_fail(member)),
        Shape::List(items) => items.iter().all(shape_cannot_fail),
    }
}
