//! Which rows an embed means.
//!
//! Role: finds the one way from a table to another: declared keys first, then a column called
//! `<singular>_id`, then a parent both share.
//! Invariant: two ways are never chosen between; the author gives a hint.
//! Not here: which of the related rows the caller may see; see `pin`.

use crate::project::Project;
use backflow_catalog::{ColumnId, LinkKind, TableId, links, singular};
use backflow_diag::{Diagnostic, Spanned, codes, nearest};
use backflow_sql::ir::{Cond, Link};

/// A way to related rows.
#[derive(Debug, Clone)]
pub(crate) struct Relation {
    /// The related table.
    pub(crate) to: TableId,
    /// Any number of rows, or at most one.
    pub(crate) many: bool,
    /// The join.
    pub(crate) link: Link,
    /// The key's name, or what was inferred.
    name: String,
    /// How it was inferred, if no key declares it.
    pub(crate) inferred: Option<String>,
}

impl Relation {
    /// Every table whose rows it passes through.
    pub(crate) fn tables(&self) -> impl Iterator<Item = TableId> + use<> {
        let between = match &self.link {
            Link::Junction { table, .. } => Some(*table),
            Link::Direct(_) => None,
        };
        std::iter::once(self.to).chain(between)
    }

    fn columns(&self) -> Vec<ColumnId> {
        match &self.link {
            Link::Direct(pairs) => pairs.iter().flat_map(|(a, b)| [*a, *b]).collect(),
            Link::Junction { .. } => Vec::new(),
        }
    }
}

/// The way from a table to the relation of this name.
pub(crate) fn find(
    project: &Project<'_>,
    from: TableId,
    name: &Spanned<String>,
    hint: Option<&Spanned<String>>,
) -> Result<Relation, Diagnostic> {
    let mut found = match project.catalog.find(name) {
        Some(to) => to_table(project, from, to),
        None => by_key(project, from, name),
    };
    if found.is_empty() {
        return Err(unrelated(project, from, name));
    }
    if let Some(hint) = hint {
        let all = found.clone();
        found.retain(|relation| matches(project, from, relation, hint));
        if found.is_empty() {
            return Err(bad_hint(project, hint, &all));
        }
    }
    if from == found.first().map_or(from, |relation| relation.to) && hint.is_some() && found.len() == 2 {
        // A key from a table to itself leads both ways under one name. Its column names the one row
        // (`parent_id(…)`), so the table's name with a hint means the many.
        found.retain(|relation| relation.many);
    }
    match found.len() {
        1 => Ok(found.remove(0)),
        _ => Err(ambiguous(project, from, name, &found)),
    }
}

fn to_table(project: &Project<'_>, from: TableId, to: TableId) -> Vec<Relation> {
    let declared = declared(project, from, to);
    if !declared.is_empty() {
        return declared;
    }
    let named = by_column_name(project, from, to);
    if !named.is_empty() {
        return named;
    }
    siblings(project, from, to)
}

fn declared(project: &Project<'_>, from: TableId, to: TableId) -> Vec<Relation> {
    let mut found = Vec::new();
    for link in links(&project.catalog, from, to) {
        let (many, ir) = match link.kind {
            LinkKind::ToOne { .. } | LinkKind::OneToOne { .. } => (false, Link::Direct(link.pairs)),
            LinkKind::ToMany { .. } => (true, Link::Direct(link.pairs)),
            LinkKind::Junction {
                table,
                left_fk,
                right_fk,
            } => {
                let keys = &project.table(table).foreign_keys;
                let (Some(left), Some(right)) = (keys.get(left_fk), keys.get(right_fk)) else {
                    continue;
                };
                let outer = left
                    .references
                    .iter()
                    .copied()
                    .zip(left.columns.iter().copied())
                    .collect();
                let inner = right
                    .columns
                    .iter()
                    .copied()
                    .zip(right.references.iter().copied())
                    .collect();
                (
                    true,
                    Link::Junction {
                        table,
                        outer,
                        inner,
                        filter: Cond::TRUE,
                    },
                )
            }
        };
        found.push(Relation {
            to,
            many,
            link: ir,
            name: link.name,
            inferred: None,
        });
    }
    // A direct key wins over a way through a third table.
    if found
        .iter()
        .any(|relation| matches!(relation.link, Link::Direct(_)))
    {
        found.retain(|relation| matches!(relation.link, Link::Direct(_)));
    }
    found
}

/// A relation called like a foreign key or its column.
fn by_key(project: &Project<'_>, from: TableId, name: &str) -> Vec<Relation> {
    let table = project.table(from);
    let keys = table.foreign_keys.iter().filter(|key| {
        let own = match key.columns.as_slice() {
            [column] => project.column(from, *column).name == name,
            _ => false,
        };
        own || key.name == name
    });
    keys.map(|key| Relation {
        to: key.table,
        many: false,
        link: Link::Direct(
            key.columns
                .iter()
                .copied()
                .zip(key.references.iter().copied())
                .collect(),
        ),
        name: key.name.clone(),
        inferred: None,
    })
    .collect()
}

/// Whether a column is one by which rows embed the directory of users.
pub(crate) fn leads_to_directory(project: &Project<'_>, table: TableId, column: ColumnId) -> bool {
    let Some(directory) = project.catalog.table_ids().find(|id| project.is_directory(*id)) else {
        return false;
    };
    to_table(project, table, directory)
        .iter()
        .any(|relation| match &relation.link {
            Link::Direct(pairs) => pairs.iter().any(|(own, _)| *own == column),
            Link::Junction { .. } => false,
        })
}

/// `user_id` means `users`, when no key says otherwise.
fn by_column_name(project: &Project<'_>, from: TableId, to: TableId) -> Vec<Relation> {
    let named = |holder: TableId, target: TableId| {
        let column = format!("{}_id", singular(&project.table(target).name));
        let [key] = project.table(target).primary_key.as_slice() else {
            return None;
        };
        let column = project.table(holder).column(&column)?;
        (project.column(holder, column).ty == project.column(target, *key).ty).then_some((column, *key))
    };
    let reason = |holder: TableId, column: ColumnId, target: TableId| {
        let column = &project.column(holder, column).name;
        format!(
            "`{}.{column}` is taken for the key of `{}`",
            project.table(holder).name,
            project.table(target).name
        )
    };
    let mut found = Vec::new();
    if let Some((column, key)) = named(from, to) {
        let inferred = reason(from, column, to);
        let link = Link::Direct(vec![(column, key)]);
        found.push(Relation {
            to,
            many: false,
            link,
            name: inferred.clone(),
            inferred: Some(inferred),
        });
    }
    if let Some((column, key)) = named(to, from) {
        let inferred = reason(to, column, from);
        let many = !project.table(to).is_unique(&[column]);
        let link = Link::Direct(vec![(key, column)]);
        found.push(Relation {
            to,
            many,
            link,
            name: inferred.clone(),
            inferred: Some(inferred),
        });
    }
    found
}

/// Rows that reference the same row of a third table.
fn siblings(project: &Project<'_>, from: TableId, to: TableId) -> Vec<Relation> {
    let mut found = Vec::new();
    for own in &project.table(from).foreign_keys {
        for other in &project.table(to).foreign_keys {
            if own.table != other.table || own.references != other.references || from == to {
                continue;
            }
            let inferred = format!(
                "`{}` and `{}` both reference `{}`",
                project.table(from).name,
                project.table(to).name,
                project.table(own.table).name
            );
            let many = !project.table(to).is_unique(&other.columns);
            let link = Link::Direct(
                own.columns
                    .iter()
                    .copied()
                    .zip(other.columns.iter().copied())
                    .collect(),
            );
            found.push(Relation {
                to,
                many,
                link,
                name: other.name.clone(),
                inferred: Some(inferred),
            });
        }
    }
    found
}

/// A hint is a key's name, a column of the join, or the table between.
fn matches(project: &Project<'_>, from: TableId, relation: &Relation, hint: &str) -> bool {
    let between = match &relation.link {
        Link::Junction { table, .. } => project.table(*table).name == hint,
        Link::Direct(pairs) => pairs.iter().any(|(outer, inner)| {
            project.column(from, *outer).name == hint || project.column(relation.to, *inner).name == hint
        }),
    };
    between
        || relation.name == hint
        || (!relation.columns().is_empty() && project.table(relation.to).name == hint)
}

fn unrelated(project: &Project<'_>, from: TableId, name: &Spanned<String>) -> Diagnostic {
    let table = &project.table(from).name;
    let Some(to) = project.catalog.find(name) else {
        let near = nearest(
            name,
            project.catalog.tables.iter().map(|table| table.name.as_str()),
        );
        return Diagnostic::new(codes::UNKNOWN_TABLE, format!("unknown relation `{}`", name.value))
            .at(
                name.span,
                format!("`{table}` has no such relation, and no table has this name"),
            )
            .did_you_mean(near);
    };
    let to = &project.table(to).name;
    Diagnostic::new(codes::NO_RELATION, format!("`{table}` and `{to}` are not related"))
        .at(name.span, "no foreign key leads there, and none can be inferred")
        .note("a relation is a foreign key, a column `<singular>_id`, or a parent that both reference")
        .help(format!("declare it: `\"relationships\": [{{\"table\": \"{table}\", \"column\": \"…\", \"references\": \"{to}.…\"}}]`"))
}

fn bad_hint(project: &Project<'_>, hint: &Spanned<String>, all: &[Relation]) -> Diagnostic {
    let names: Vec<&str> = all.iter().map(|relation| relation.name.as_str()).collect();
    let to = all
        .first()
        .map_or("", |relation| project.table(relation.to).name.as_str());
    Diagnostic::new(
        codes::NO_RELATION,
        format!("no relation to `{to}` is called `{}`", hint.value),
    )
    .at(hint.span, "unknown hint")
    .note(format!("there are: {}", names.join(", ")))
    .did_you_mean(nearest(hint, names.iter().copied()))
}

fn ambiguous(project: &Project<'_>, from: TableId, name: &Spanned<String>, found: &[Relation]) -> Diagnostic {
    let names: Vec<&str> = found.iter().map(|r| hint(project, from, r, found)).collect();
    let table = &project.table(from).name;
    Diagnostic::new(
        codes::AMBIGUOUS_RELATION,
        format!("`{table}` and `{}` are related in several ways", name.value),
    )
    .at(name.span, "which one?")
    .note("a guess could show the wrong rows")
    .help(format!(
        "write {}",
        names
            .iter()
            .map(|hint| format!("`{}!{hint}(…)`", name.value))
            .collect::<Vec<_>>()
            .join(" or ")
    ))
}

/// What tells a relation apart: the column of its key if no other relation has it, else its name.
fn hint<'p>(project: &'p Project<'_>, from: TableId, relation: &'p Relation, all: &[Relation]) -> &'p str {
    let column = match &relation.link {
        Link::Direct(pairs) => pairs.first().map(|(outer, inner)| match relation.many {
            true => project.column(relation.to, *inner).name.as_str(),
            false => project.column(from, *outer).name.as_str(),
        }),
        Link::Junction { table, .. } => Some(project.table(*table).name.as_str()),
    };
    let fits = |column: &&str| {
        all.iter()
            .filter(|other| matches(project, from, other, column))
            .count()
            == 1
    };
    column.filter(fits).unwrap_or(&relation.name)
}
