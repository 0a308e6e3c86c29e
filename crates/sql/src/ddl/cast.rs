//! Casts in SQLite's dialect.
//!
//! Invariant: only those that give the same value on both databases.
//! Not here: constants; they take the wanted type as they are read.

use super::expr::{Scope, Typed, refused};
use super::fault::Sql;
use super::quote::ident;
use super::types::supported;
use backflow_catalog::ColumnType;
use backflow_catalog::ddl::{ExprKind, SqlExpr, TypeName};
use backflow_diag::Span;

/// Translates `arg::ty`.
pub(super) fn cast(scope: &Scope<'_>, arg: &SqlExpr, ty: &TypeName, span: Span) -> Sql<Typed> {
    let to = supported(scope.definition, ty)?;
    // A numeric column is text already.
    let numeric = match &arg.kind {
        ExprKind::Column(name) => scope
            .table
            .column(name)
            .filter(|column| matches!(scope.definition.column_type(&column.ty), ColumnType::Numeric(_))),
        _ => None,
    };
    if let (Some(column), true) = (numeric, to == ColumnType::Text) {
        return Ok(Typed::new(ident(&column.name.value), to));
    }
    let from = scope.typed(arg, Some(&to))?;
    let Some(ty) = &from.ty else {
        return Ok(Typed {
            sql: from.sql,
            ty: Some(to),
        });
    };
    let width = |ty: &ColumnType| match ty {
        ColumnType::Int2 => 2,
        ColumnType::Int4 => 4,
        ColumnType::Int8 => 8,
        _ => 0,
    };
    let sql = match (ty, &to) {
        (a, b) if a == b => from.sql,
        // Constants: `0::integer`.
        (a, b) if a.is_integer() && b.is_number() && matches!(arg.kind, ExprKind::Literal(_)) => from.sql,
        (a, ColumnType::Text) if a.is_text() => from.sql,
        (ColumnType::Varchar(short), ColumnType::Varchar(long)) if short <= long => from.sql,
        (ColumnType::Uuid | ColumnType::Enum(_), ColumnType::Text) => from.sql,
        (a, ColumnType::Text) if a.is_integer() => format!("CAST({} AS TEXT)", from.sql),
        (a, b) if a.is_integer() && b.is_integer() && width(a) <= width(b) => from.sql,
        (a, ColumnType::Numeric(None)) if a.is_integer() => from.sql,
        (ColumnType::Numeric(_), ColumnType::Numeric(None)) => from.sql,
        (a, ColumnType::Float8) if a.is_number() && *a != ColumnType::Float4 => {
            format!("CAST({} AS REAL)", from.sql)
        }
        _ => return Err(refused(span, "SQLite would convert this value differently")),
    };
    Ok(Typed::new(sql, to))
}
