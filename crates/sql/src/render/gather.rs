//! Several callers' upserts as one statement.
//!
//! Role: [`Gather`] → one text for PostgreSQL.
//! Invariant: a caller's row is as it was after that caller's own step, and before the next one's.
//! Not here: whether that does the same as one upsert after another; that is proved by the planner.
//!
//! The text, for a table `meters` with the key `team, name`:
//!
//! ```sql
//! WITH callers AS (       -- everybody with a guard's row (p, c0 …), the key (k0 …), what is added; may: the step's guard
//!     SELECT caller.*, "0".*, … AS k0, … AS k1, caller.p3::int4 AS adds, … AS may
//!     FROM unnest($1::text[], …) WITH ORDINALITY AS caller(p1, …, n) JOIN LATERAL (the guard) AS "0" ON TRUE),
//! sums AS (               -- of those who may: what all of a row add, what they add up to oneself, who is first
//!     SELECT *, sum(adds) OVER … AS total, … AS upto, … AS place FROM callers WHERE may),
//! stored AS (             -- one upsert for each row, with the first one's values and everybody's sum
//!     INSERT INTO meters (…) SELECT … FROM sums AS caller …, LATERAL (SELECT base + total AS used) AS excluded
//!     WHERE place = 1 AND the limit ON CONFLICT … DO UPDATE SET used = used + (excluded.used - base) RETURNING …),
//! logged AS (             -- where changes of the table are logged: whose rows were written
//!     INSERT INTO _backflow_changes (name, tenant) SELECT DISTINCT 'meters', stored.team::text FROM stored),
//! "1" AS (                -- everybody's answer, made of the row without what came later
//!     SELECT n, … FROM sums AS caller JOIN stored ON the key, LATERAL (SELECT …, used - (total - upto)) AS meters)
//! SELECT …, n FROM callers AS "0" LEFT JOIN "1" USING n
//! ```
//!
//! `excluded` is a name of ours in the select and PostgreSQL's own behind it: both are the row that is offered, so that a limit
//! is said once for both. Wherever the author's values are made, the caller in hand is called `caller` and its guard `0`.

use super::chain::{State, name};
use super::dialect::Typed;
use super::postgres::Postgres;
use super::{Renderer, Scope};
use crate::ir::visit::{self, Visit};
use crate::ir::{Chain, Chained, Conflict, Gather, Member, Outputs, ParamId, Query, Scalar, Statement};
use backflow_catalog::{Catalog, ColumnId, ColumnType, TableId};
use std::collections::BTreeSet;

/// The callers with their values `p1`, `p2` …, their places `n`, and the row of their guard.
const CALLERS: &str = "\"_backflow_callers\"";
/// The same beside what they add to their row: `upto` themselves, and in `total`.
const SUMS: &str = "\"_backflow_sums\"";
/// The rows as they are stored in the end.
const STORED: &str = "\"_backflow_stored\"";
/// What was written down of them.
const LOGGED: &str = "\"_backflow_logged\"";
/// How a caller is called wherever values are made.
const CALLER: &str = "\"_backflow_caller\"";

impl Postgres<'_> {
    /// A parameter, or what the caller in hand has in its place.
    pub(super) fn number(&self, param: ParamId) -> String {
        let number = u32::from(param.0) + 1;
        match self.many {
            true => format!("{CALLER}.p{number}"),
            false => format!("${number}"),
        }
    }
}

/// Renders upserts of many callers as one statement of PostgreSQL.
#[must_use]
pub fn render_gathered(gather: &Gather, catalog: &Catalog) -> Chained {
    let mut renderer = Renderer::new(catalog, crate::ir::Dialect::Postgres, vec![gather.insert.into]);
    renderer.syntax = Box::new(Postgres { catalog, many: true });
    renderer.chain = Some(State::beside());
    renderer.gathered(gather)
}

impl Renderer<'_> {
    fn gathered(&mut self, gather: &Gather) -> Chained {
        let chain = Chain {
            parts: vec![
                Query::Read(gather.guard.clone()),
                Query::Insert(gather.insert.clone()),
            ],
            main: 1,
            guarded: true,
        };
        let scope = self.bare(gather.insert.into);
        let guard = self.query(&Query::Read(gather.guard.clone()));
        let of_guard = self.taken_cells();
        let keys = self.keys(gather, &scope);
        let callers = self.callers(gather, &guard, &keys, &scope);
        let sums = sums(keys.len());
        // Where values are made, the guard's row is called as it always is.
        let beside = beside(of_guard.len());
        let stored = self.upserts(gather, &beside, &scope);
        let answers = self.answers(gather, &beside, &scope);
        let of_step = self.taken_cells();
        let (columns, parts) = self.joined_columns(&chain, &[of_guard, of_step]);
        let (json, cells) = (gather.insert.outputs.members.is_some(), columns.len());
        let (guard, step) = (name(0), name(1));
        let logged = gather.logged.as_ref().map_or(String::new(), |logged| {
            format!("{LOGGED} AS ({}), ", logged.entries(STORED, self.catalog))
        });
        let statement = Statement {
            text: format!(
                "WITH {CALLERS} AS ({callers}), {SUMS} AS ({sums}), {STORED} AS ({stored}), {logged}{step} AS ({answers}) \
                 SELECT {},{guard}.n FROM {CALLERS} AS {guard} LEFT JOIN {step} ON {step}.n = {guard}.n",
                columns.join(",")
            ),
            json,
            cells: cells + 1 - usize::from(json),
            ..Statement::default()
        };
        Chained { statement, parts }
    }

    fn taken_cells(&mut self) -> Vec<Typed> {
        self.chain.as_mut().map(State::take_cells).unwrap_or_default()
    }

    /// The columns of the key, with the value that a caller gives each.
    fn keys(&mut self, gather: &Gather, scope: &Scope) -> Vec<(ColumnId, String)> {
        let target = gather.insert.conflict.as_ref().map(|conflict| &conflict.target);
        let mut keys = Vec::new();
        for column in target.into_iter().flatten() {
            keys.push((*column, self.offered(gather, *column, scope)));
        }
        keys
    }

    /// What a caller's own row would have in a column.
    fn offered(&mut self, gather: &Gather, column: ColumnId, scope: &Scope) -> String {
        let default = self.syntax.default(scope.table, column);
        let at = gather.insert.columns.iter().position(|known| *known == column);
        match at.and_then(|at| gather.insert.rows.first()?.get(at)) {
            Some(value) => self.assigned(value, &default, column, scope),
            None => default,
        }
    }

    fn callers(
        &mut self,
        gather: &Gather,
        guard: &str,
        keys: &[(ColumnId, String)],
        scope: &Scope,
    ) -> String {
        let (arrays, values): (Vec<String>, Vec<String>) = (1..=gather.params)
            .map(|at| (format!("${at}::text[]"), format!("p{at}")))
            .unzip();
        let keys: String = keys
            .iter()
            .enumerate()
            .map(|(at, (_, key))| format!("{key} AS k{at},"))
            .collect();
        let may = match self.conjuncts(&gather.insert.guard, scope).as_slice() {
            [] => "TRUE".to_owned(),
            conds => conds.join(" AND "),
        };
        let adds = self.scalar(&gather.adds, scope).sql;
        let own = name(0);
        format!(
            "SELECT {CALLER}.*,{own}.*,{keys}{adds} AS adds,({may}) AS may FROM unnest({}) WITH ORDINALITY AS {CALLER}({},n) \
             JOIN LATERAL ({guard}) AS {own} ON TRUE",
            arrays.join(","),
            values.join(",")
        )
    }

    /// One upsert for each row, with the values of the first who counts in it.
    fn upserts(&mut self, gather: &Gather, beside: &str, scope: &Scope) -> String {
        let insert = &gather.insert;
        let ty = self.column_type(scope, gather.column);
        let total = format!("{} + {CALLER}.total", gather.base);
        // Where there is a limit, what is too large is over it.
        let offered = match gather.limited {
            true => format!(
                "CASE WHEN {total} <= {} THEN {} END",
                greatest(&ty),
                whole(&total, &ty)
            ),
            false => whole(&total, &ty),
        };
        let counter = self.column_name(insert.into, gather.column);
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for column in &insert.columns {
            names.push(self.column_name(insert.into, *column));
            values.push(match *column == gather.column {
                true => format!("excluded.{counter}"),
                false => self.offered(gather, *column, scope),
            });
        }
        let limit = self.conjuncts(&gather.limit, scope);
        let mut limit: String = limit.iter().map(|cond| format!(" AND {cond}")).collect();
        if gather.limited {
            limit.push_str(&format!(" AND excluded.{counter} IS NOT NULL"));
        }
        let kept: Vec<String> = self
            .needed(gather)
            .iter()
            .map(|column| self.column(scope, *column))
            .collect();
        let conflict = insert.conflict.as_ref();
        let conflict = conflict.map(|conflict: &Conflict| self.conflict(conflict, insert.into, scope));
        let table = &scope.qualifier;
        format!(
            "INSERT INTO {table} ({}) SELECT {} FROM {SUMS} AS {CALLER}{beside} CROSS JOIN LATERAL (SELECT {offered} AS \
             {counter}) AS excluded WHERE {CALLER}.place = 1{limit} ORDER BY {CALLER}.n{} RETURNING {}",
            names.join(","),
            values.join(","),
            conflict.unwrap_or_default(),
            kept.join(",")
        )
    }

    /// The columns of the stored row that anything is made of: one that nobody asks for may be gone from the database.
    fn needed(&self, gather: &Gather) -> BTreeSet<ColumnId> {
        let target = gather
            .insert
            .conflict
            .iter()
            .flat_map(|conflict| &conflict.target);
        let mut needed: BTreeSet<ColumnId> = target.copied().chain([gather.column]).collect();
        needed.extend(gather.logged.as_ref().map(|logged| logged.tenant));
        let all = self.catalog.table(gather.insert.into).column_ids();
        match columns(&gather.insert.outputs) {
            Some(columns) => needed.extend(columns),
            None => needed.extend(all),
        }
        needed
    }

    /// What each caller's own upsert would have answered.
    fn answers(&mut self, gather: &Gather, beside: &str, scope: &Scope) -> String {
        let stored = |column: ColumnId| format!("{STORED}.{}", self.column_name(scope.table, column));
        let needed = self.needed(gather);
        let then: Vec<String> = needed
            .iter()
            .map(|column| match *column == gather.column {
                true => {
                    let later = format!("{} - ({CALLER}.total - {CALLER}.upto)", stored(*column));
                    let ty = self.column_type(scope, *column);
                    let name = self.column_name(scope.table, *column);
                    format!("{} AS {name}", whole(&later, &ty))
                }
                false => stored(*column),
            })
            .collect();
        let target = gather
            .insert
            .conflict
            .iter()
            .flat_map(|conflict| &conflict.target);
        let same: Vec<String> = target
            .enumerate()
            .map(|(at, column)| format!("{} = {CALLER}.k{at}", stored(*column)))
            .collect();
        let columns = self.columns_out(&gather.insert.outputs, scope).join(",");
        format!(
            "SELECT {CALLER}.n,{columns} FROM {SUMS} AS {CALLER} JOIN {STORED} ON {} CROSS JOIN LATERAL (SELECT {}) AS {}{beside}",
            same.join(" AND "),
            then.join(","),
            scope.qualifier
        )
    }
}

/// The columns that answers are made of; `None`: related rows are found by some.
fn columns(outputs: &Outputs) -> Option<BTreeSet<ColumnId>> {
    struct Columns(BTreeSet<ColumnId>, bool);
    impl Visit for Columns {
        fn scalar(&mut self, value: &mut Scalar) {
            match value {
                Scalar::Column(column) | Scalar::Json(column, _) => {
                    self.0.insert(*column);
                }
                Scalar::Related { .. } => self.1 = true,
                _ => {}
            }
        }
        fn reads(&mut self, _: TableId) {
            self.1 = true;
        }
    }
    let mut found = Columns(outputs.cells.iter().copied().collect(), false);
    for member in outputs.members.iter().flatten() {
        match member {
            Member::Column { column, .. } => drop(found.0.insert(*column)),
            Member::Computed { value, .. } => visit::value(&mut value.clone(), &mut found),
            Member::Embed(_) | Member::Aggregate { .. } => return None,
        }
    }
    for value in &outputs.extra {
        visit::value(&mut value.clone(), &mut found);
    }
    (!found.1).then_some(found.0)
}

/// What each who may adds to its row, those before included, and what all do.
fn sums(keys: usize) -> String {
    let keys: Vec<String> = (0..keys).map(|at| format!("k{at}")).collect();
    let keys = keys.join(",");
    format!(
        "SELECT *,sum(adds) OVER (PARTITION BY {keys}) AS total,sum(adds) OVER one_after_another AS upto,\
         row_number() OVER one_after_another AS place FROM {CALLERS} WHERE may \
         WINDOW one_after_another AS (PARTITION BY {keys} ORDER BY n)"
    )
}

/// The row of a caller's guard.
fn beside(cells: usize) -> String {
    let cells: String = (0..cells).map(|at| format!(",{CALLER}.c{at}")).collect();
    format!(" CROSS JOIN LATERAL (SELECT {CALLER}.p{cells}) AS {}", name(0))
}

/// The greatest number of a type.
fn greatest(ty: &ColumnType) -> i64 {
    match ty {
        ColumnType::Int2 => i16::MAX.into(),
        ColumnType::Int4 => i32::MAX.into(),
        _ => i64::MAX,
    }
}

/// A sum as a column's type; what is too large for it is an error.
fn whole(sum: &str, ty: &ColumnType) -> String {
    let name = match ty {
        ColumnType::Int2 => "int2",
        ColumnType::Int4 => "int4",
        _ => "int8",
    };
    format!("({sum})::{name}")
}
