//! Functions that SQLite has too, or can put together.
//!
//! Role: the calls of `expr`.
//! Invariant: each gives on SQLite what PostgreSQL gives; letters fold in ASCII only, as everywhere.
//! Not here: functions that only a default may call (`now()`); see `default`.

use super::arithmetic::within;
use super::expr::{Scope, Typed, refused};
use super::fault::Sql;
use backflow_catalog::ColumnType;
use backflow_catalog::ddl::{ExprKind, Literal, SqlExpr};
use backflow_diag::Span;

/// Translates a call.
pub(super) fn call(
    scope: &Scope<'_>,
    name: &str,
    args: &[SqlExpr],
    (want, span): (Option<&ColumnType>, Span),
) -> Sql<Typed> {
    let text = |arg: &SqlExpr| text(scope, arg);
    Ok(match (name, args) {
        ("lower" | "upper", [arg]) => Typed::new(format!("{name}({})", text(arg)?), ColumnType::Text),
        ("length" | "char_length" | "character_length", [arg]) => {
            Typed::new(format!("length({})", text(arg)?), ColumnType::Int4)
        }
        ("octet_length", [arg]) => octets(scope, arg)?,
        ("trim" | "btrim", [arg]) => Typed::new(format!("trim({})", text(arg)?), ColumnType::Text),
        ("trim" | "btrim", [arg, set]) => {
            Typed::new(format!("trim({}, {})", text(arg)?, text(set)?), ColumnType::Text)
        }
        ("ltrim" | "rtrim", [arg]) => Typed::new(format!("{name}({})", text(arg)?), ColumnType::Text),
        ("ltrim" | "rtrim", [arg, set]) => Typed::new(
            format!("{name}({}, {})", text(arg)?, text(set)?),
            ColumnType::Text,
        ),
        ("replace", [arg, from, to]) => Typed::new(
            format!("replace({}, {}, {})", text(arg)?, text(from)?, text(to)?),
            ColumnType::Text,
        ),
        ("left", [arg, count]) if whole(count) => Typed::new(
            format!("substr({}, 1, {})", text(arg)?, scope.typed(count, None)?.sql),
            ColumnType::Text,
        ),
        ("substr" | "substring", [arg, start, rest @ ..])
            if whole(start) && rest.len() <= 1 && rest.iter().all(whole) =>
        {
            let mut sql = format!("substr({}, {}", text(arg)?, scope.typed(start, None)?.sql);
            for count in rest {
                sql.push_str(&format!(", {}", scope.typed(count, None)?.sql));
            }
            Typed::new(format!("{sql})"), ColumnType::Text)
        }
        ("abs", [arg]) => absolute(scope, arg, span)?,
        ("coalesce", [_, _, ..]) => {
            let (sql, ty) = scope.alike(&args.iter().collect::<Vec<_>>(), want)?;
            Typed {
                sql: format!("coalesce({})", sql.join(", ")),
                ty,
            }
        }
        ("nullif", [left, right]) => {
            let (left, right) = scope.pair(left, right, false)?;
            Typed {
                sql: format!("nullif({}, {})", left.sql, right.sql),
                ty: left.ty,
            }
        }
        ("jsonb_typeof" | "json_typeof", [arg]) => json_type(&document(scope, arg)?),
        ("jsonb_array_length" | "json_array_length" | "cardinality", [arg]) => Typed::new(
            format!("json_array_length({})", document(scope, arg)?),
            ColumnType::Int4,
        ),
        ("array_length", [arg, _]) => Typed::new(
            format!("nullif(json_array_length({}), 0)", document(scope, arg)?),
            ColumnType::Int4,
        ),
        _ => return Err(refused(span, &format!("`{name}` cannot be called here"))),
    })
}

/// The lowest number of a narrow column has no counterpart of its type; SQLite says so of its own lowest only.
fn absolute(scope: &Scope<'_>, arg: &SqlExpr, span: Span) -> Sql<Typed> {
    let is_column = matches!(arg.kind, ExprKind::Column(_));
    let arg = scope.typed(arg, None)?;
    let lowest = match &arg.ty {
        Some(ColumnType::Int2) => Some(i64::from(i16::MIN)),
        Some(ColumnType::Int4) => Some(i64::from(i32::MIN)),
        Some(ty) if ty.is_number() => None,
        _ => return Err(refused(span, "`abs` is for numbers")),
    };
    let x = &arg.sql;
    let sql = match lowest.filter(|_| is_column) {
        Some(lowest) => format!("abs(CASE {x} WHEN {lowest} THEN -9223372036854775807 - 1 ELSE {x} END)"),
        None => match &arg.ty {
            Some(ty @ (ColumnType::Int2 | ColumnType::Int4)) => within(&format!("abs({x})"), ty, span)?,
            _ => format!("abs({x})"),
        },
    };
    Ok(Typed { sql, ty: arg.ty })
}

/// A whole number above zero, as written.
fn whole(expr: &SqlExpr) -> bool {
    matches!(&expr.kind, ExprKind::Literal(Literal::Number(digits))
        if digits.parse::<u32>().is_ok_and(|number| number > 0))
}

fn octets(scope: &Scope<'_>, arg: &SqlExpr) -> Sql<Typed> {
    let value = scope.typed(arg, Some(&ColumnType::Text))?;
    match &value.ty {
        Some(ColumnType::Char(_)) => {
            let why = "PostgreSQL counts the blanks that fill up a `char(n)`, too";
            Err(refused(arg.span, why))
        }
        Some(ty) if !ty.is_text() => Err(refused(arg.span, "the argument is not text")),
        _ => Ok(Typed::new(
            format!("length(CAST({} AS BLOB))", value.sql),
            ColumnType::Int4,
        )),
    }
}

fn text(scope: &Scope<'_>, arg: &SqlExpr) -> Sql {
    let value = scope.typed(arg, Some(&ColumnType::Text))?;
    match &value.ty {
        Some(ty) if !ty.is_text() => Err(refused(arg.span, "the argument is not text")),
        _ => Ok(value.sql),
    }
}

fn document(scope: &Scope<'_>, arg: &SqlExpr) -> Sql {
    let value = scope.typed(arg, None)?;
    match &value.ty {
        Some(ColumnType::Json | ColumnType::Jsonb | ColumnType::Array(_)) => Ok(value.sql),
        _ => Err(refused(arg.span, "the argument is neither JSON nor an array")),
    }
}

/// PostgreSQL's names for what SQLite's `json_type` tells apart.
fn json_type(sql: &str) -> Typed {
    let names = "WHEN 'text' THEN 'string' WHEN 'integer' THEN 'number' WHEN 'real' THEN 'number' \
                 WHEN 'true' THEN 'boolean' WHEN 'false' THEN 'boolean'";
    Typed::new(
        format!("(CASE json_type({sql}) {names} ELSE json_type({sql}) END)"),
        ColumnType::Text,
    )
}
