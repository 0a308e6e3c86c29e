//! A route's guard and steps as one statement, where that does the same.
//!
//! Role: on databases behind a network every statement is a journey. Where it is proved that one statement
//! writes what several would have written, and that the engine can judge its rows as if they had come one after
//! another, the several become one.
//! Input: a route's statements before they are texts. Output: [`Fusion`]: the one statement, and how it may commit.
//! Invariant: without a proof the statements stay apart.
//! Not here: the text (the sql crate), the judging (the engine).
//!
//! What has to hold:
//! - no part reads a table that an earlier part writes, because one statement sees one snapshot;
//! - a value that comes from an earlier row is exactly a column of it;
//! - all parts but one give at most one row;
//! - a condition asks for nothing but whether an earlier row is there;
//! - a part that writes does so only where the guard admits, and where everything before it is as it must be.

mod at_once;
mod counted;
mod proof;
mod rewrite;
mod rising;
mod together;

pub(crate) use at_once::Many;

use crate::model::{Answer, Fused, Place, Source, Step};
use crate::project::Project;
use backflow_sql::ir::{Chain, Comparison, Cond, Datum, Dialect, PartCell, Query, Scalar, Shares, Statement};
pub(crate) use proof::finds_one;
use rewrite::Part;
use std::cmp::Ordering;
use std::sync::Arc;

/// A route's statements.
pub(crate) struct Sequence<'s> {
    pub(crate) project: &'s Project<'s>,
    pub(crate) place: &'s Place,
    /// The guard's look-up.
    pub(crate) guard: Option<Query>,
    pub(crate) steps: &'s [Step],
    /// What the steps do, before it was a text.
    pub(crate) queries: Vec<Query>,
    /// Where the values of expressions come from.
    pub(crate) frame: &'s [Source],
    pub(crate) answer: &'s Answer,
}

/// More parts than that stay apart: plans of long chains cost more than they save.
const MOST_PARTS: usize = 8;

/// What became of a route's statements.
#[derive(Default)]
pub(crate) struct Fusion {
    /// The one statement, if there is one.
    pub(crate) fused: Option<Fused>,
    /// It, or the only step there is, needs no transaction around it.
    pub(crate) alone: bool,
    /// How it, or the only step there is, shares its commit with others who count in the same row, if it may.
    pub(crate) shares: Option<Shares>,
    /// What many callers are as one, if they may be: its text waits for what the other routes keep.
    pub(crate) many: Option<Many>,
}

/// Joins a route's statements, if they may be joined.
pub(crate) fn fuse(sequence: Sequence<'_>) -> Fusion {
    let count = sequence.steps.len() + usize::from(sequence.guard.is_some());
    if sequence.project.dialect != Dialect::Postgres || sequence.steps.is_empty() || count > MOST_PARTS {
        return Fusion::default();
    }
    let Some(mut parts) = rewrite::parts(&sequence) else {
        return Fusion::default();
    };
    let mut fusion = Fusion {
        fused: None,
        alone: proof::alone(&sequence, &parts.list),
        shares: None,
        many: None,
    };
    fusion.shares = together::row(&sequence, &parts).map(Shares::of);
    if count == 1 {
        return fusion;
    }
    let Some(main) = proof::main(&sequence, &parts.list) else {
        return Fusion::default();
    };
    if !proof::sees_the_same(&sequence, &parts.list) {
        return Fusion::default();
    }
    hold(&sequence, &mut parts);
    drop_unread(&sequence, &mut parts);
    if fusion.shares.is_some() {
        fusion.many = at_once::at_once(&sequence, &parts);
    }
    let project = sequence.project;
    let chain = Chain {
        parts: parts.list.into_iter().map(|part| part.query).collect(),
        main,
        guarded: sequence.guard.is_some(),
    };
    let chained = backflow_sql::render_chain(&chain, &project.catalog, project.dialect);
    let writes = sequence
        .steps
        .iter()
        .flat_map(|step| step.statement.writes.iter().copied());
    fusion.fused = Some(Fused {
        statement: Arc::new(Statement {
            writes: writes.collect(),
            ..chained.statement
        }),
        values: parts.values,
        parts: chained.parts,
        main,
    });
    fusion
}

/// Adds to each part what must hold before it does anything.
fn hold(sequence: &Sequence<'_>, parts: &mut rewrite::Parts) {
    let admitted = admitted(sequence);
    let tenants: Vec<Cond> = parts.list.iter().flat_map(|part| part.tenants.clone()).collect();
    for at in parts.first_step..parts.list.len() {
        let writes = parts.list.get(at).is_some_and(writes);
        let earlier = if writes { at } else { 0 };
        let passed: Vec<Cond> = (0..earlier)
            .flat_map(|before| proof::pass(sequence, parts, before, at))
            .collect();
        let Some(part) = parts.list.get_mut(at) else {
            continue;
        };
        let mut conds = admitted.clone();
        conds.extend(part.only_if.map(present));
        if writes {
            conds.extend(tenants.iter().cloned());
            conds.extend(passed);
        }
        only_if(&mut part.query, conds);
    }
}

/// Takes away the JSON that nothing reads and that cannot be the answer; unless making it may refuse the request.
fn drop_unread(sequence: &Sequence<'_>, parts: &mut rewrite::Parts) {
    let conditions: Vec<Option<usize>> = parts.list.iter().map(|part| part.only_if).collect();
    let first_step = parts.first_step;
    for (index, step) in sequence.steps.iter().enumerate() {
        let at = index + first_step;
        let condition = conditions.get(at).copied().flatten();
        let outdone = sequence.steps.iter().enumerate().any(|(other_index, other)| {
            let runs = conditions.get(other_index + first_step).copied().flatten();
            let beside = runs.is_none() || runs == condition;
            match other_index.cmp(&index) {
                Ordering::Greater => (beside || runs == Some(at)) && (other.selects || !step.selects),
                Ordering::Equal => false,
                Ordering::Less => {
                    let before = beside || condition == Some(other_index + first_step);
                    let counts = other.selects && !other.check && !other.counts;
                    before && counts && !step.selects
                }
            }
        });
        let answers = matches!(sequence.answer, Answer::LastStep) && !outdone;
        let read = step.results.whole.is_some() || !step.results.paths.is_empty();
        if let Some(part) = parts.list.get_mut(at).filter(|_| !answers && !read) {
            let outputs = crate::lower::query::outputs_mut(&mut part.query).0;
            if !backflow_sql::answers_may_fail(outputs) {
                outputs.members = None;
            }
        }
    }
}

/// The guard found the caller to be a member, in one of the roles that the route asks for.
fn admitted(sequence: &Sequence<'_>) -> Vec<Cond> {
    let Place::One(guard) = sequence.place else {
        return Vec::new();
    };
    let mut conds = vec![present(0)];
    if let (Some(roles), Some(ty)) = (&guard.roles, &guard.role_type) {
        let any = roles.iter().map(|role| Cond::Compare {
            left: Scalar::Earlier {
                part: 0,
                cell: PartCell::Cell(1),
                ty: ty.clone(),
            },
            op: Comparison::Eq,
            right: Scalar::Literal(Datum::Text(role.as_str().into()), ty.clone()),
        });
        conds.push(Cond::Any(any.collect()));
    }
    conds
}

/// A part has a row.
fn present(part: usize) -> Cond {
    let row = Scalar::Earlier {
        part,
        cell: PartCell::Present,
        ty: backflow_catalog::ColumnType::Bool,
    };
    Cond::IsBool(row, true)
}

fn only_if(query: &mut Query, conds: Vec<Cond>) {
    let held = match query {
        Query::Read(read) => &mut read.filter,
        Query::Insert(insert) => &mut insert.guard,
        Query::Update(update) => &mut update.filter,
        Query::Delete(delete) => &mut delete.filter,
    };
    for cond in conds {
        let before = std::mem::replace(held, Cond::TRUE);
        *held = before.and(cond);
    }
}

/// Whether a part writes.
fn writes(part: &Part) -> bool {
    part.writes.is_some()
}
