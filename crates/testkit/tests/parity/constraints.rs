//! Choosing defaults, checks, keys and what the database computes.
//!
//! Invariant: only words that both databases have; letters and the order of text go by `COLLATE "C"`, as docs/schema.md
//! asks for.
//! Not here: which columns there are; see `tables`.

use crate::names;
use crate::rng::Rng;
use crate::schema::{Column, Schema, Table};
use crate::tables::column_name;
use crate::types::Ty;
use crate::values;

/// A default as SQL.
pub(crate) fn default(rng: &mut Rng, ty: &Ty) -> String {
    match ty {
        ty if ty.is_moment() && rng.chance(60) => "now()".to_owned(),
        Ty::Uuid if rng.chance(70) => "gen_random_uuid()".to_owned(),
        ty => values::sql(&values::constant(rng, ty), ty),
    }
}

/// A condition on one column, in words that both databases have.
pub(crate) fn check(rng: &mut Rng, name: &str, ty: &Ty) -> Option<String> {
    let choices: &[&str] = match ty {
        ty if ty.is_integer() => &[
            "# >= 0",
            "# > -100 AND # < 1000",
            "# + 1 > 0",
            "# * 2 <> 14",
            "# % 2 = 0 OR # IS NULL",
            "abs(#) >= 0",
            "# IN (0, 1, 2, 7, 10)",
            "# BETWEEN 0 AND 100",
        ],
        Ty::Numeric(_) => &["# >= 0", "# < 100.5", "# <> 1.1", "# IN (0, 1, 1.10, 100)"],
        Ty::Float8 => &["# >= 0", "# < 1000000", "# * 2 > -10"],
        ty if ty.is_text() => &[
            "length(#) <= 5",
            "# <> ''",
            "lower(# COLLATE \"C\") = #",
            "# IN ('a', 'b', 'A', '')",
            "# LIKE 'a%'",
            "# NOT LIKE '%\\%%'",
            "# ~ '^[a-z]+$'",
            "length(trim(#)) > 0",
            "# COLLATE \"C\" < 'b'",
            "upper(# COLLATE \"C\") <> 'K'",
            "substr(#, 1, 1) <> 'a'",
            "coalesce(#, 'x') <> 'x'",
        ],
        Ty::Date => &["# > '2000-01-01'", "# <= '2026-11-23'"],
        Ty::TimestampTz => &["# > '2000-01-01T00:00:00Z'", "# < '9999-01-01'"],
        Ty::Bool => &["#", "NOT #", "# IS NOT FALSE"],
        Ty::Jsonb => &["jsonb_typeof(#) = 'object'", "jsonb_typeof(#) <> 'null'"],
        Ty::Enum("level", _) => &["# <> 'low'", "# > 'low'", "# IN ('low', 'high')"],
        _ => return None,
    };
    Some(rng.pick(choices).replace('#', name))
}

pub(crate) fn constraints(rng: &mut Rng, table: &mut Table) {
    let keyed: Vec<usize> = (0..table.columns.len())
        .filter(|at| table.columns[*at].ty.is_key())
        .collect();
    if rng.chance(25) && keyed.len() > 1 {
        let (a, b) = (*rng.of_list(&keyed), *rng.of_list(&keyed));
        if a != b {
            table.uniques.push(vec![a, b]);
        }
    }
    let whole: Vec<usize> = (0..table.columns.len())
        .filter(|at| table.columns[*at].ty.is_integer())
        .collect();
    if let [a, b, ..] = whole.as_slice()
        && rng.chance(30)
    {
        let op = rng.pick(&["<=", "<>", ">="]);
        table.checks.push(format!(
            "{} {op} {}",
            names::sql(&table.columns[*a].name),
            names::sql(&table.columns[*b].name)
        ));
    }
    let text = (0..table.columns.len()).find(|at| table.columns[*at].ty.is_text());
    if let Some(at) = text.filter(|_| rng.chance(20)) {
        let (name, column) = (names::sql(&table.name), names::sql(&table.columns[at].name));
        let tail = rng
            .pick(&[
                " (lower(# COLLATE \"C\"))",
                " (#) WHERE # <> ''",
                " (#) WHERE # IS NOT NULL",
            ])
            .replace('#', &column);
        table.indexes.push(format!("CREATE UNIQUE INDEX ON {name}{tail}"));
    }
}

pub(crate) fn generated(rng: &mut Rng, table: &mut Table) {
    let candidates: Vec<usize> = (0..table.columns.len())
        .filter(|at| table.columns[*at].ty == Ty::Int4 || table.columns[*at].ty == Ty::Text)
        .collect();
    let Some(at) = candidates.last().copied() else {
        return;
    };
    let of = names::sql(&table.columns[at].name);
    let (ty, choices): (Ty, &[&str]) = match table.columns[at].ty {
        Ty::Int4 => (
            Ty::Int4,
            &["# + 1", "# * 2", "coalesce(#, 0) - 1", "# / 2", "# % 3"],
        ),
        _ => (
            Ty::Text,
            &[
                "lower(# COLLATE \"C\")",
                "upper(# COLLATE \"C\")",
                "# || 'x'",
                "trim(#)",
                "replace(#, 'a', 'b')",
            ],
        ),
    };
    let mut column = Column::new(column_name(rng, table), ty);
    column.generated = Some(rng.pick(choices).replace('#', &of));
    table.columns.push(column);
}

/// Whether a CHECK or a generated column computes with numbers, and so may have no room for one.
pub(crate) fn computes(schema: &Schema) -> bool {
    let columns = schema.tables.iter().flat_map(|table| &table.columns);
    let mut said = columns.flat_map(|column| [&column.check, &column.generated]);
    said.any(|said| {
        let said = said.as_deref().unwrap_or_default();
        [" + ", " - ", " * ", "abs("]
            .iter()
            .any(|sign| said.contains(sign))
    })
}
