//! Column declarations in SQLite's dialect.
//!
//! Output: the text between the commas of `CREATE TABLE`.
//! Invariant: a column without a CHECK on its type needs none, because the table is `STRICT`.
//! Not here: keys and the author's checks; see `table`.

use super::arithmetic::within;
use super::default::default;
use super::expr::{Scope, refused};
use super::fault::{Sql, instead, unsupported};
use super::quote::ident;
use super::types::{check, storage, supported};
use backflow_catalog::ColumnType;
use backflow_catalog::ddl::{ColumnDef, Generated, SqlText};

/// Collations under which text compares by code point, as it always does here.
const BY_CODE_POINT: &[&str] = &[
    "C",
    "POSIX",
    "c",
    "posix",
    "default",
    "ucs_basic",
    "C.UTF-8",
    "C.utf8",
];

/// The declaration of a column.
pub(super) fn column(scope: &Scope<'_>, column: &ColumnDef) -> Sql {
    let ty = supported(scope.definition, &column.ty)?;
    collation(column)?;
    let name = &column.name.value;
    let key = scope.table.primary_key();
    let sole_key = key.len() == 1 && key.iter().any(|key| key.value == *name);
    let sequence = matches!(
        column.generated,
        Some(Generated::Serial | Generated::Identity { .. })
    );
    if sequence && !sole_key {
        let why = "SQLite counts only in the one column that is the primary key";
        let fault = unsupported(column.span, format!("a sequence in `{name}`"), why);
        return Err(instead(fault, "make it the primary key"));
    }
    // `INTEGER` would make a sole primary key count by itself; `INT` does not.
    let storage = match storage(&ty) {
        "INTEGER" if sole_key && !sequence => "INT",
        storage => storage,
    };
    let mut sql = format!("{} {storage}", ident(name));
    if sequence {
        sql.push_str(" PRIMARY KEY AUTOINCREMENT");
    }
    if column.not_null {
        sql.push_str(" NOT NULL");
    }
    if let Some(default) = default(scope, column, &ty)? {
        sql.push_str(&format!(" DEFAULT {}", default.sql));
    }
    if let Some(Generated::Stored(value)) = &column.generated {
        sql.push_str(&format!(
            " GENERATED ALWAYS AS ({}) STORED",
            stored(scope, value, &ty)?
        ));
    }
    if let Some(check) = check(scope.definition, &ty, name) {
        let constraint = ident(&format!("{}.{name}.type", scope.table.name.value));
        sql.push_str(&format!(" CONSTRAINT {constraint} CHECK ({check})"));
    }
    Ok(sql)
}

fn stored(scope: &Scope<'_>, value: &SqlText, ty: &ColumnType) -> Sql {
    let computed = scope.typed(&value.expr, Some(ty))?;
    let fits = match &computed.ty {
        None => true,
        Some(found) => {
            found == ty || found.is_text() && ty.is_text() || found.is_integer() && ty.is_integer()
        }
    };
    if !fits || matches!(ty, ColumnType::Numeric(_)) {
        return Err(refused(
            value.expr.span,
            "SQLite cannot compute a column of this type from it",
        ));
    }
    let narrower = |found: &ColumnType| found != ty && found.is_integer() && *ty != ColumnType::Int8;
    Ok(match ty {
        _ if computed.ty.as_ref().is_some_and(narrower) => within(&computed.sql, ty, value.expr.span)?,
        ColumnType::Char(_) => format!("rtrim({}, ' ')", computed.sql),
        _ => computed.sql,
    })
}

fn collation(column: &ColumnDef) -> Sql<()> {
    match &column.collate {
        Some(name) if !BY_CODE_POINT.contains(&name.value.as_str()) => {
            let why = "text is compared by code point on every database here";
            let fault = unsupported(name.span, format!("the collation `{}`", name.value), why);
            Err(instead(fault, "leave it out"))
        }
        _ => Ok(()),
    }
}
