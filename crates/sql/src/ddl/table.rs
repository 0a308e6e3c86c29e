//! Tables and indexes in SQLite's dialect.
//!
//! Output: `CREATE TABLE … STRICT` and one `CREATE INDEX` for each unique key and index.
//! Invariant: a unique key is an index of the constraint's name, so that it can be dropped.
//! Not here: changing a table that exists; see `rebuild`.

use super::column::column;
use super::expr::{Scope, refused};
use super::fault::{Sql, instead, unsupported};
use super::quote::{ident, idents};
use super::script::Out;
use backflow_catalog::ddl::{
    Action, Constraint, ConstraintKind, CreateIndex, Definition, Generated, Name, Reference, TableDef,
};
use backflow_diag::{Diagnostic, codes};

/// Makes a table and its indexes.
pub(super) fn create(definition: &Definition, table: &TableDef, out: &mut Out<'_>) {
    let scope = Scope::new(definition, table);
    let mut parts = Vec::new();
    for declared in &table.columns {
        parts.extend(out.take(column(&scope, declared)));
    }
    for declared in &table.constraints {
        out.warn_deferrable(declared);
        parts.extend(out.take(constraint(&scope, declared)).flatten());
    }
    if table.columns.is_empty() {
        let why = "a table needs a column there";
        let fault = unsupported(table.name.span, "a table without columns", why);
        out.take::<()>(Err(instead(fault, "give it a column")));
    }
    out.push(format!(
        "CREATE TABLE {} (\n  {}\n) STRICT",
        ident(&table.name.value),
        parts.join(",\n  ")
    ));
    indexes(definition, table, out);
}

/// Makes the indexes of a table, those of its unique keys first.
pub(super) fn indexes(definition: &Definition, table: &TableDef, out: &mut Out<'_>) {
    for declared in &table.constraints {
        if let Some(sql) = out.take(unique_index(table, declared)).flatten() {
            out.push(sql);
        }
    }
    for declared in &table.indexes {
        if let Some(sql) = out.take(index(definition, table, declared)).flatten() {
            out.push(sql);
        }
    }
}

fn names(names: &[Name]) -> String {
    idents(names.iter().map(|name| name.value.as_str()))
}

fn constraint_name(constraint: &Constraint) -> String {
    ident(constraint.name.as_ref().map_or("", |name| &name.value))
}

/// A constraint inside `CREATE TABLE`; `None` for those said elsewhere.
pub(super) fn constraint(scope: &Scope<'_>, constraint: &Constraint) -> Sql<Option<String>> {
    let body = match &constraint.kind {
        ConstraintKind::PrimaryKey(columns) => {
            let column = columns.first().and_then(|name| scope.table.column(&name.value));
            let counts =
                |generated| matches!(generated, Some(Generated::Serial | Generated::Identity { .. }));
            if columns.len() == 1 && column.is_some_and(|column| counts(column.generated.clone())) {
                return Ok(None);
            }
            format!("PRIMARY KEY ({})", names(columns))
        }
        ConstraintKind::Unique { .. } => return Ok(None),
        ConstraintKind::ForeignKey(key) => {
            format!("FOREIGN KEY ({}) {}", names(&key.columns), references(key)?)
        }
        ConstraintKind::Check(check) => format!("CHECK ({})", scope.condition(&check.expr)?),
        ConstraintKind::Other(what) => {
            let fault = unsupported(constraint.span, format!("`{what}`"), "SQLite has nothing like it");
            return Err(instead(fault, "use `UNIQUE` or `CHECK`"));
        }
    };
    Ok(Some(format!("CONSTRAINT {} {body}", constraint_name(constraint))))
}

/// `REFERENCES …` of a foreign key.
pub(super) fn references(key: &Reference) -> Sql {
    if let Some(schema) = &key.schema {
        let fault = unsupported(
            key.table.span,
            format!("the schema `{schema}`"),
            "SQLite has one schema only",
        );
        return Err(instead(fault, "refer to a table of these migrations"));
    }
    if let Some(span) = key.special {
        let fault = unsupported(span, "this form of a foreign key", "SQLite does not know it");
        return Err(instead(fault, "leave it out"));
    }
    let mut sql = format!(
        "REFERENCES {} ({})",
        ident(&key.table.value),
        names(&key.references)
    );
    for (event, action) in [("DELETE", key.on_delete), ("UPDATE", key.on_update)] {
        let action = match action {
            Action::NoAction => continue,
            Action::Restrict => "RESTRICT",
            Action::Cascade => "CASCADE",
            Action::SetNull => "SET NULL",
            Action::SetDefault => "SET DEFAULT",
        };
        sql.push_str(&format!(" ON {event} {action}"));
    }
    Ok(sql)
}

/// The index that stands for a unique constraint.
pub(super) fn unique_index(table: &TableDef, constraint: &Constraint) -> Sql<Option<String>> {
    let ConstraintKind::Unique { columns, nulls_equal } = &constraint.kind else {
        return Ok(None);
    };
    if *nulls_equal {
        return Err(nulls_equal_fault(constraint.span));
    }
    let (name, table) = (constraint_name(constraint), ident(&table.name.value));
    Ok(Some(format!(
        "CREATE UNIQUE INDEX {name} ON {table} ({})",
        names(columns)
    )))
}

fn nulls_equal_fault(span: backflow_diag::Span) -> Box<Diagnostic> {
    let why = "NULLs are always distinct in a unique key there";
    instead(
        unsupported(span, "`NULLS NOT DISTINCT`", why),
        "make the columns NOT NULL",
    )
}

/// An index; `None` when it only speeds up searches that SQLite has no index for.
pub(super) fn index(definition: &Definition, table: &TableDef, index: &CreateIndex) -> Sql<Option<String>> {
    if !matches!(index.method.value.as_str(), "btree" | "hash") && !index.unique {
        return Ok(None);
    }
    if index.nulls_equal {
        return Err(nulls_equal_fault(index.table.span));
    }
    let scope = Scope::new(definition, table);
    let mut parts = Vec::new();
    for part in &index.parts {
        let value = match part.column() {
            Some(name) => ident(name),
            None => scope.typed(&part.value.expr, None)?.sql,
        };
        parts.push(format!("{value}{}", if part.descending { " DESC" } else { "" }));
    }
    let unique = if index.unique { "UNIQUE " } else { "" };
    let name = ident(index.name.as_ref().map_or("", |name| &name.value));
    let mut sql = format!(
        "CREATE {unique}INDEX {name} ON {} ({})",
        ident(&table.name.value),
        parts.join(", ")
    );
    if let Some(predicate) = &index.predicate {
        sql.push_str(&format!(" WHERE {}", scope.condition(&predicate.expr)?));
    }
    if index
        .parts
        .iter()
        .any(|part| part.value.expr.columns().is_empty())
    {
        return Err(refused(index.table.span, "an index part that reads no column"));
    }
    Ok(Some(sql))
}

impl Out<'_> {
    /// Warns that a key which PostgreSQL would check at commit is checked at once.
    pub(super) fn warn_deferrable(&mut self, constraint: &Constraint) {
        if let Some(span) = constraint.deferrable {
            self.warn(
                Diagnostic::new(codes::DEFERRABLE_KEY, "`DEFERRABLE` has no effect on SQLite")
                    .at(span, "checked at the end of each statement")
                    .note("PostgreSQL can put the check off until the transaction commits")
                    .help("write rows in an order that keeps the key at every step"),
            );
        }
    }
}
