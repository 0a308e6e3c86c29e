//! `ALTER TABLE` in SQLite's dialect.
//!
//! Role: in place where SQLite can, else by a rebuild.
//! Input: definitions before and after the statement. Output: SQL statements.
//! Invariant: rows that exist meet the new constraints, or the migration fails.
//! Not here: dropping things; see `drop`.

use super::column::column;
use super::default::default;
use super::expr::Scope;
use super::fault::{Sql, instead, unsupported};
use super::quote::ident;
use super::rebuild::{Root, rebuild};
use super::script::{Change, Out};
use super::table;
use super::types::supported;
use backflow_catalog::ColumnType;
use backflow_catalog::ddl::{
    ColumnChange, ColumnDef, Constraint, ConstraintKind, Definition, ExprKind, Generated, Name, SqlText,
    TypeName,
};
use backflow_diag::Span;

/// `ADD COLUMN`
pub(super) fn add_column(change: &Change<'_>, name: &str, added: &ColumnDef, out: &mut Out<'_>) {
    let Some(table) = change.after.table(name) else {
        return;
    };
    let Some(declared) = table.column(&added.name.value) else {
        return;
    };
    let scope = Scope::new(change.after, table);
    let own: Vec<&Constraint> = added_constraints(change, name);
    let Some((sql, in_place)) = out.take(in_place(&scope, declared, &own)) else {
        return;
    };
    if !in_place {
        rebuild(
            change.before,
            change.after,
            vec![Root::same(name)],
            change.span,
            out,
        );
        return;
    }
    let mut sql = format!("ALTER TABLE {} ADD COLUMN {sql}", ident(name));
    for constraint in &own {
        out.warn_deferrable(constraint);
        let said = match &constraint.kind {
            // At a column, a key does not repeat the column.
            ConstraintKind::ForeignKey(key) => {
                let named = ident(constraint.name.as_ref().map_or("", |name| &name.value));
                table::references(key).map(|references| Some(format!("CONSTRAINT {named} {references}")))
            }
            _ => table::constraint(&scope, constraint),
        };
        if let Some(said) = out.take(said).flatten() {
            sql.push(' ');
            sql.push_str(&said);
        }
    }
    out.push(sql);
    for constraint in own {
        if let Some(sql) = out.take(table::unique_index(table, constraint)).flatten() {
            out.push(sql);
        }
    }
}

/// The declaration, and whether SQLite can add it to a table with rows.
fn in_place(scope: &Scope<'_>, declared: &ColumnDef, own: &[&Constraint]) -> Sql<(String, bool)> {
    let sql = column(scope, declared)?;
    let ty = supported(scope.definition, &declared.ty)?;
    let default = default(scope, declared, &ty)?;
    let constant = default.as_ref().is_none_or(|default| default.constant);
    let key = own
        .iter()
        .any(|c| matches!(c.kind, ConstraintKind::PrimaryKey(_)));
    let foreign = own
        .iter()
        .any(|c| matches!(c.kind, ConstraintKind::ForeignKey(_)));
    // A column called like the number of a row can be made with its table only.
    let alias = ["rowid", "oid", "_rowid_"]
        .iter()
        .any(|alias| declared.name.value.eq_ignore_ascii_case(alias));
    let in_place =
        constant && !key && !alias && declared.generated.is_none() && !(foreign && default.is_some());
    Ok((sql, in_place))
}

/// Constraints that the statement added to the table.
fn added_constraints<'a>(change: &Change<'a>, table: &str) -> Vec<&'a Constraint> {
    let before = change
        .before
        .table(table)
        .map_or(0, |table| table.constraints.len());
    change
        .after
        .table(table)
        .map_or_else(Vec::new, |table| table.constraints.iter().skip(before).collect())
}

/// `ADD CONSTRAINT`
pub(super) fn add_constraint(change: &Change<'_>, name: &str, out: &mut Out<'_>) {
    let Some(table) = change.after.table(name) else {
        return;
    };
    for constraint in added_constraints(change, name) {
        if matches!(constraint.kind, ConstraintKind::Unique { .. }) {
            out.warn_deferrable(constraint);
            if let Some(sql) = out.take(table::unique_index(table, constraint)).flatten() {
                out.push(sql);
            }
        } else {
            rebuild(
                change.before,
                change.after,
                vec![Root::same(name)],
                change.span,
                out,
            );
        }
    }
}

/// `RENAME TO`; checks carry the table's name, so it is made anew.
pub(super) fn rename_table(change: &Change<'_>, old: &str, new: &str, out: &mut Out<'_>) {
    let root = Root {
        old: old.to_owned(),
        new: new.to_owned(),
        sources: Vec::new(),
    };
    rebuild(change.before, change.after, vec![root], change.span, out);
}

/// `RENAME COLUMN`
pub(super) fn rename_column(change: &Change<'_>, table: &str, old: &str, new: &str, out: &mut Out<'_>) {
    let mut root = Root::same(table);
    root.sources.push((new.to_owned(), Some(ident(old))));
    rebuild(change.before, change.after, vec![root], change.span, out);
}

/// `RENAME CONSTRAINT`
pub(super) fn rename_constraint(
    change: &Change<'_>,
    table: &str,
    (old, new): (&str, &str),
    out: &mut Out<'_>,
) {
    let Some(found) = change.after.table(table) else {
        return;
    };
    let Some(constraint) = found.constraint(new) else {
        return;
    };
    match out.take(table::unique_index(found, constraint)).flatten() {
        Some(sql) => {
            out.push(format!("DROP INDEX {}", ident(old)));
            out.push(sql);
        }
        None => rebuild(
            change.before,
            change.after,
            vec![Root::same(table)],
            change.span,
            out,
        ),
    }
}

/// `ALTER INDEX … RENAME`
pub(super) fn rename_index(change: &Change<'_>, old: &str, new: &str, out: &mut Out<'_>) {
    let Some(table) = change.after.table_of_index(new) else {
        return;
    };
    let index = table
        .indexes
        .iter()
        .find(|index| index.name.as_ref().is_some_and(|name| name.value == new));
    let Some(index) = index else { return };
    if let Some(sql) = out.take(table::index(change.after, table, index)).flatten() {
        out.push(format!("DROP INDEX {}", ident(old)));
        out.push(sql);
    }
}

/// `ALTER COLUMN`
pub(super) fn alter_column(
    change: &Change<'_>,
    table: &str,
    column: &Name,
    what: &ColumnChange,
    out: &mut Out<'_>,
) {
    let mut root = Root::same(table);
    if let ColumnChange::SetType { ty, using } = what {
        let old = change
            .before
            .table(table)
            .and_then(|table| table.column(&column.value));
        let Some(old) = old else { return };
        let source = convert(change.before, old, ty, using.as_ref());
        let Some(source) = out.take(source) else { return };
        root.sources.push((column.value.clone(), Some(source)));
    }
    if matches!(what, ColumnChange::Generated(None))
        && let Some(Generated::Stored(_)) = change
            .before
            .table(table)
            .and_then(|table| table.column(&column.value)?.generated.clone())
    {
        root.sources
            .push((column.value.clone(), Some(ident(&column.value))));
    }
    rebuild(change.before, change.after, vec![root], change.span, out);
}

/// The old value as one of the new type.
fn convert(definition: &Definition, old: &ColumnDef, ty: &TypeName, using: Option<&SqlText>) -> Sql {
    let name = &old.name.value;
    let (from, to) = (supported(definition, &old.ty)?, supported(definition, ty)?);
    if let Some(using) = using {
        plain_cast(using, name, ty).ok_or_else(|| differs(using.expr.span))?;
    }
    let c = ident(name);
    let texts = |ty: &ColumnType| ty.is_text();
    Ok(match (&from, &to) {
        (a, b) if a == b => c,
        (a, ColumnType::Char(_)) if texts(a) || matches!(a, ColumnType::Enum(_)) => {
            format!("rtrim({c}, ' ')")
        }
        (a, b) if texts(a) && texts(b) => c,
        (a, b) if a.is_integer() && b.is_integer() => c,
        (a, ColumnType::Numeric(None)) if a.is_integer() => format!("CAST({c} AS TEXT)"),
        (a, ColumnType::Numeric(Some((_, scale)))) if a.is_integer() => {
            let zeros = if *scale == 0 {
                String::new()
            } else {
                format!(".{}", "0".repeat(usize::from(*scale)))
            };
            format!("CAST({c} AS TEXT) || '{zeros}'")
        }
        (ColumnType::Numeric(_), ColumnType::Numeric(None)) => c,
        (ColumnType::Float4, ColumnType::Float8) => format!("bf_double({c})"),
        (ColumnType::Numeric(_), ColumnType::Float8) => format!("bf_text_float({c})"),
        (a, ColumnType::Float8) if a.is_integer() => format!("CAST({c} AS REAL)"),
        (a, b) if a.is_integer() && texts(b) => format!("CAST({c} AS TEXT)"),
        (ColumnType::Uuid | ColumnType::Enum(_) | ColumnType::Numeric(_), b) if texts(b) => c,
        (a, ColumnType::Enum(_)) if texts(a) => c,
        (a, ColumnType::Uuid) if texts(a) => format!("lower({c})"),
        (ColumnType::Jsonb, ColumnType::Json) => c,
        _ => return Err(differs(ty.span)),
    })
}

fn differs(span: Span) -> Box<backflow_diag::Diagnostic> {
    let why = "SQLite would not convert the values that exist as PostgreSQL does";
    instead(
        unsupported(span, "this change of type", why),
        "add a new column instead",
    )
}

/// `USING column::type` says nothing new.
fn plain_cast(using: &SqlText, column: &str, ty: &TypeName) -> Option<()> {
    let ExprKind::Cast(arg, to) = &using.expr.kind else {
        return None;
    };
    let same = to.name == ty.name && to.args == ty.args && to.array == ty.array;
    (same && matches!(&arg.kind, ExprKind::Column(name) if name == column)).then_some(())
}

/// `ALTER TYPE … ADD VALUE`: every table that uses the type knows its labels.
pub(super) fn add_label(change: &Change<'_>, name: &str, out: &mut Out<'_>) {
    let uses = |column: &ColumnDef| {
        let ty = change.after.column_type(&column.ty);
        matches!(ty, ColumnType::Enum(id) if change.after.enums.get(id.0 as usize).is_some_and(|e| e.name == name))
    };
    let roots: Vec<Root> = change
        .after
        .tables
        .iter()
        .filter(|table| table.columns.iter().any(uses))
        .map(|table| Root::same(&table.name.value))
        .collect();
    if !roots.is_empty() {
        rebuild(change.before, change.after, roots, change.span, out);
    }
}
