//! How two tables are related through declared keys.
//!
//! Role: embeds and tenancy ask which keys lead from one table to another.
//! Input: a [`Catalog`]. Output: every [`Link`] between two tables, in a fixed order.
//! Invariant: `fk` numbers in a [`LinkKind`] index the `foreign_keys` of the table that the variant names.
//! Not here: relations guessed from names (`user_id` → `users`); the planner infers and reports those.

use crate::model::{Catalog, ColumnId, ForeignKey, Table, TableId};

/// What kind of relation a [`Link`] is, seen from the table it starts at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// The start table holds the key: at most one row is found.
    ToOne {
        /// Position in the start table's foreign keys.
        fk: usize,
    },
    /// The other table holds the key: any number of rows is found.
    ToMany {
        /// Position in the other table's foreign keys.
        fk: usize,
    },
    /// The other table holds the key and its columns are unique there: at most one row is found.
    OneToOne {
        /// Position in the other table's foreign keys.
        fk: usize,
    },
    /// A third table holds keys to both, and both are part of one of its unique keys.
    Junction {
        /// The third table.
        table: TableId,
        /// Position in the third table's foreign keys: the one to the start table.
        left_fk: usize,
        /// Position in the third table's foreign keys: the one to the other table.
        right_fk: usize,
    },
}

/// One way from a table to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What kind of relation it is.
    pub kind: LinkKind,
    /// The foreign key's name; for a junction the name of the table between.
    pub name: String,
    /// Columns that must be equal: of the start table, of the other table. Empty for a junction, whose two
    /// foreign keys say it.
    pub pairs: Vec<(ColumnId, ColumnId)>,
}

/// Every declared way from one table to another: keys of `from`, then keys of `to`, then junctions.
///
/// A key from a table to itself gives two links, one each way.
#[must_use]
pub fn links(catalog: &Catalog, from: TableId, to: TableId) -> Vec<Link> {
    let mut links = Vec::new();
    for (fk, key) in catalog.table(from).foreign_keys.iter().enumerate() {
        if key.table == to {
            let pairs = key
                .columns
                .iter()
                .copied()
                .zip(key.references.iter().copied())
                .collect();
            links.push(Link {
                kind: LinkKind::ToOne { fk },
                name: key.name.clone(),
                pairs,
            });
        }
    }
    let other = catalog.table(to);
    for (fk, key) in other.foreign_keys.iter().enumerate() {
        if key.table == from {
            let pairs = key
                .references
                .iter()
                .copied()
                .zip(key.columns.iter().copied())
                .collect();
            let one = other.keys().any(|unique| covers(&key.columns, unique));
            let kind = if one {
                LinkKind::OneToOne { fk }
            } else {
                LinkKind::ToMany { fk }
            };
            links.push(Link {
                kind,
                name: key.name.clone(),
                pairs,
            });
        }
    }
    for table in catalog.table_ids() {
        junctions(catalog.table(table), table, (from, to), &mut links);
    }
    links
}

fn junctions(between: &Table, table: TableId, (from, to): (TableId, TableId), links: &mut Vec<Link>) {
    if table == from || table == to {
        return;
    }
    let keys_to = |target: TableId| {
        between
            .foreign_keys
            .iter()
            .enumerate()
            .filter(move |(_, key)| key.table == target)
    };
    for (left_fk, left) in keys_to(from) {
        for (right_fk, right) in keys_to(to) {
            if left_fk != right_fk && joined(between, left, right) {
                links.push(Link {
                    kind: LinkKind::Junction {
                        table,
                        left_fk,
                        right_fk,
                    },
                    name: between.name.clone(),
                    pairs: Vec::new(),
                });
            }
        }
    }
}

/// Whether one unique key holds the columns of both foreign keys, which must not be the same columns.
fn joined(table: &Table, left: &ForeignKey, right: &ForeignKey) -> bool {
    !covers(&left.columns, &right.columns)
        && table
            .keys()
            .any(|key| covers(key, &left.columns) && covers(key, &right.columns))
}

/// Whether every column of `inner` is in `outer`.
fn covers(outer: &[ColumnId], inner: &[ColumnId]) -> bool {
    inner.iter().all(|column| outer.contains(column))
}

/// The singular of a table's name by plain endings: `ies` → `y`, then `ses xes ches shes` lose `es`, then
/// `s` is cut; anything else stays.
///
/// There is no word list: `status` gives `statu`. Whoever looks a singular up must accept that nothing is
/// found; projects with such names declare their relations.
#[must_use]
pub fn singular(plural: &str) -> String {
    let cut = |ending: &str| plural.strip_suffix(ending).filter(|stem| !stem.is_empty());
    if let Some(stem) = cut("ies") {
        return format!("{stem}y");
    }
    for ending in ["ses", "xes", "ches", "shes"] {
        if plural.ends_with(ending) && plural.len() > ending.len() {
            return cut("es").unwrap_or(plural).to_owned();
        }
    }
    cut("s").unwrap_or(plural).to_owned()
}
