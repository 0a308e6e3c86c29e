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

#[cfg(test)]
mod tests {
    use super::*;
    use backflow_diag::{Diagnostics, SourceMap};

    fn catalog() -> Catalog {
        let mut sources = SourceMap::default();
        let file = sources.add(
            "1.sql",
            "CREATE TABLE users (id int PRIMARY KEY, boss int REFERENCES users);
             CREATE TABLE profiles (user_id int PRIMARY KEY REFERENCES users, bio text);
             CREATE TABLE posts (id int PRIMARY KEY, author int REFERENCES users, editor int REFERENCES users);
             CREATE TABLE likes (u int REFERENCES users, p int REFERENCES posts, PRIMARY KEY (u, p));
             CREATE TABLE views (id int PRIMARY KEY, u int REFERENCES users, p int REFERENCES posts);
             CREATE TABLE follows (a int REFERENCES users, b int REFERENCES users, UNIQUE (a, b));",
        );
        let mut diagnostics = Diagnostics::default();
        let schema = crate::read(&sources, &[file], &mut diagnostics);
        assert!(!diagnostics.has_errors());
        schema.catalog
    }

    fn names(from: &str, to: &str) -> Vec<String> {
        let catalog = catalog();
        let (from, to) = (catalog.find(from).expect("from"), catalog.find(to).expect("to"));
        let kind = |link: &Link| match link.kind {
            LinkKind::ToOne { .. } => "one",
            LinkKind::ToMany { .. } => "many",
            LinkKind::OneToOne { .. } => "only",
            LinkKind::Junction { .. } => "through",
        };
        links(&catalog, from, to)
            .iter()
            .map(|link| format!("{} {}", kind(link), link.name))
            .collect()
    }

    #[test]
    fn keys_are_followed_both_ways_and_through_junctions() {
        assert_eq!(
            names("posts", "users"),
            ["one posts_author_fkey", "one posts_editor_fkey", "through likes"]
        );
        assert_eq!(
            names("users", "posts"),
            [
                "many posts_author_fkey",
                "many posts_editor_fkey",
                "through likes"
            ]
        );
        assert_eq!(names("users", "profiles"), ["only profiles_user_id_fkey"]);
        assert_eq!(
            names("users", "users"),
            [
                "one users_boss_fkey",
                "many users_boss_fkey",
                "through follows",
                "through follows"
            ]
        );
        assert_eq!(names("posts", "profiles"), Vec::<String>::new());
    }

    #[test]
    fn pairs_start_at_the_table_asked_from() {
        let catalog = catalog();
        let (users, posts) = (
            catalog.find("users").expect("users"),
            catalog.find("posts").expect("posts"),
        );
        let pairs = |from, to| links(&catalog, from, to).first().map(|link| link.pairs.clone());
        assert_eq!(pairs(posts, users), Some(vec![(ColumnId(1), ColumnId(0))]));
        assert_eq!(pairs(users, posts), Some(vec![(ColumnId(0), ColumnId(1))]));
    }

    #[test]
    fn singulars_follow_plain_endings() {
        for (plural, expected) in [
            ("organizations", "organization"),
            ("companies", "company"),
            ("addresses", "address"),
            ("boxes", "box"),
            ("branches", "branch"),
            ("people", "people"),
            ("s", "s"),
            ("ies", "ie"),
            ("status", "statu"),
        ] {
            assert_eq!(singular(plural), expected);
        }
    }
}
