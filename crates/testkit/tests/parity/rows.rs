//! The rows that a case begins with.
//!
//! Role: values for every table, with keys that meet. Invariant: rows that migrations load break no constraint,
//! as far as constraints are known here.
//! Not here: writes that routes do.

use crate::rng::Rng;
use crate::schema::{Row, Schema, Table};
use crate::types::Ty;
use crate::values;
use backflow_expr::parse_timestamp;

/// Rows of every table: columns and JSON texts.
pub(crate) type Known = Vec<Vec<Vec<(usize, String)>>>;

/// Callers of scoped cases.
pub(crate) const PEOPLE: &[&str] = &["ada", "bob", "eve"];

/// Chooses rows. Those of loaded tables become part of the schema; all are given back.
pub(crate) fn rows(rng: &mut Rng, schema: &mut Schema) -> Known {
    let mut known: Known = vec![Vec::new(); schema.tables.len()];
    for at in 0..schema.tables.len() {
        let parents: Vec<usize> = schema.tables[at]
            .keys
            .iter()
            .map(|key| key.table)
            .filter(|to| *to != at)
            .collect();
        let loaded = schema.tables[at].loaded && parents.iter().all(|to| schema.tables[*to].loaded);
        schema.tables[at].loaded = loaded;
        let count = if schema.scoped && at == 0 {
            3
        } else {
            rng.between(2, 6)
        };
        for number in 0..count {
            let table = &schema.tables[at];
            let row = if schema.scoped && at == 1 {
                Some(member(number, &known))
            } else {
                (0..20).find_map(|_| {
                    row(rng, (table, at), &known).filter(|row| !loaded || fresh(table, row, &known[at]))
                })
            };
            let Some(mut row) = row else { break };
            if loaded {
                schema.rows.push(Row {
                    table: at,
                    values: row.clone(),
                });
            }
            if table.columns[0].numbered.is_some() {
                row.insert(0, (0, (number + 1).to_string()));
            }
            known[at].push(row);
        }
    }
    known
}

/// Ada owns the first team, Bob is in the first and second, Eve in the third.
fn member(number: usize, known: &Known) -> Vec<(usize, String)> {
    let (team, person, role) = *[
        (0, "ada", "owner"),
        (0, "bob", "member"),
        (1, "bob", "owner"),
        (2, "eve", "owner"),
    ]
    .get(number)
    .unwrap_or(&(1, "eve", "member"));
    let team = known[0]
        .get(team)
        .map_or_else(|| "null".to_owned(), |row| row[0].1.clone());
    let user = backflow_testkit::person(if number < 4 {
        person
    } else {
        ["fay", "gil"][number % 2]
    });
    vec![
        (0, (number + 1).to_string()),
        (1, team),
        (2, format!("\"{user}\"")),
        (3, format!("\"{role}\"")),
    ]
}

fn row(rng: &mut Rng, (table, at): (&Table, usize), known: &Known) -> Option<Vec<(usize, String)>> {
    let mut row: Vec<(usize, String)> = Vec::new();
    for (position, column) in table.columns.iter().enumerate() {
        if !column.is_written() || column.added {
            continue;
        }
        let reference = table.keys.iter().find(|key| key.columns.contains(&position));
        let needed = column.not_null || table.primary.contains(&position);
        let value = match reference {
            Some(key) if key.table == at && known[at].is_empty() => None,
            Some(key) => {
                let parents = &known[key.table];
                let part = key.columns.iter().position(|column| *column == position)?;
                // Columns of one key point at one row.
                let which = (row.len() - part + table.name.len() + known[at].len()) % parents.len().max(1);
                let parent = parents
                    .get(which)
                    .filter(|_| needed || (row.len() - part) % 4 != 3);
                parent.and_then(|parent| cell(parent, key.references[part]))
            }
            None if !needed && rng.chance(25) => None,
            None if table.loaded => Some(values::constant(rng, column.first_type())),
            None => Some(values::fitting(rng, &column.ty)),
        };
        let value = match value {
            // JSON's null in a request is the column's.
            Some(value) if needed && value == "null" => "{}".to_owned(),
            Some(value) => value,
            None if needed && table.loaded => return None,
            None => "null".to_owned(),
        };
        row.push((position, value));
    }
    Some(row)
}

/// A value of a row.
pub(crate) fn cell(row: &[(usize, String)], column: usize) -> Option<String> {
    row.iter()
        .find(|(at, _)| *at == column)
        .map(|(_, value)| value.clone())
}

/// Whether no row has the same key.
fn fresh(table: &Table, row: &[(usize, String)], others: &[Vec<(usize, String)>]) -> bool {
    let mut keys: Vec<Vec<usize>> = table.uniques.clone();
    keys.push(table.primary.clone());
    keys.extend(
        (0..table.columns.len())
            .filter(|at| table.columns[*at].unique)
            .map(|at| vec![at]),
    );
    let same = |key: &[usize], other: &[(usize, String)]| {
        let canonical = |row: &[(usize, String)], at: usize| {
            cell(row, at).map(|value| canonical(&value, &table.columns[at].ty))
        };
        !key.is_empty() && key.iter().all(|at| canonical(row, *at) == canonical(other, *at))
    };
    !keys.iter().any(|key| others.iter().any(|other| same(key, other)))
}

/// One text for values that are equal.
fn canonical(value: &str, ty: &Ty) -> String {
    let instant = || parse_timestamp(&values::plain(value)).map(|time| time.to_string());
    match ty {
        ty if ty.is_number() => value
            .parse::<f64>()
            .map_or_else(|_| value.to_owned(), |number| (number + 0.0).to_string()),
        Ty::Timestamp | Ty::TimestampTz => instant().unwrap_or_default(),
        _ => values::plain(value).to_ascii_lowercase(),
    }
}
