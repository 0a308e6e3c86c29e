//! Values on their way to the database, and rows on their way back.
//!
//! Role: writes [`Datum`]s as text, which the server reads by the type that it expects; reads the few types
//! that our statements give.
//! Invariant: no value becomes a part of a statement's text; no value is printed.
//! Not here: which value goes where (plan), what a row means (engine).

use backflow_engine::store::Row;
use backflow_sql::ir::{Datum, Statement};
use bytes::BytesMut;
use std::error::Error;
use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;
use tokio_postgres::types::{Format, FromSql, IsNull, ToSql, Type};

/// What the rows of one statement may take in memory: an answer that is larger is one that nobody meant.
pub(crate) const MOST_BYTES: usize = 32 * 1024 * 1024;

/// A value to bind.
pub(crate) struct Bound<'a>(pub(crate) &'a Datum);

impl fmt::Debug for Bound<'_> {
    /// The driver prints parameters where its log is loud: ours stay secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl ToSql for Bound<'_> {
    fn to_sql(&self, _ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self.0 {
            Datum::Null => return Ok(IsNull::Yes),
            Datum::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
            Datum::Int(value) => write!(out, "{value}")?,
            Datum::Float(value) => write!(out, "{value}")?,
            Datum::Text(value) => out.extend_from_slice(value.as_bytes()),
        }
        Ok(IsNull::No)
    }

    fn accepts(_ty: &Type) -> bool {
        true
    }

    fn encode_format(&self, _ty: &Type) -> Format {
        Format::Text
    }

    fn to_sql_checked(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self.to_sql(ty, out)
    }
}

/// A cell as it came over the wire.
struct Cell(Datum);

impl<'a> FromSql<'a> for Cell {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let datum = match *ty {
            Type::BOOL => Datum::Bool(bool::from_sql(ty, raw)?),
            Type::INT2 => Datum::Int(i16::from_sql(ty, raw)?.into()),
            Type::INT4 => Datum::Int(i32::from_sql(ty, raw)?.into()),
            Type::INT8 => Datum::Int(i64::from_sql(ty, raw)?),
            Type::FLOAT4 => Datum::Float(f32::from_sql(ty, raw)?.into()),
            Type::FLOAT8 => Datum::Float(f64::from_sql(ty, raw)?),
            _ => Datum::Text(Arc::from(std::str::from_utf8(raw)?)),
        };
        Ok(Cell(datum))
    }

    fn from_sql_null(_ty: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Cell(Datum::Null))
    }

    /// Types whose bytes on the wire are known here; a statement casts anything else to text.
    fn accepts(ty: &Type) -> bool {
        is_text(ty)
            || matches!(
                *ty,
                Type::BOOL | Type::INT2 | Type::INT4 | Type::INT8 | Type::FLOAT4 | Type::FLOAT8
            )
    }
}

/// A row's JSON. Statements cast it to text; a bare `count(*)` is JSON too.
struct Json(String);

impl<'a> FromSql<'a> for Json {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Json(match *ty {
            Type::INT4 => i32::from_sql(ty, raw)?.to_string(),
            Type::INT8 => i64::from_sql(ty, raw)?.to_string(),
            _ => std::str::from_utf8(raw)?.to_owned(),
        }))
    }

    fn from_sql_null(_ty: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Json(String::new()))
    }

    fn accepts(ty: &Type) -> bool {
        is_text(ty) || matches!(*ty, Type::JSON | Type::INT4 | Type::INT8)
    }
}

fn is_text(ty: &Type) -> bool {
    matches!(
        *ty,
        Type::TEXT | Type::VARCHAR | Type::NAME | Type::UNKNOWN | Type::BPCHAR
    )
}

/// Reads a row; the text of a fault is for the log.
pub(crate) fn row(row: &tokio_postgres::Row, statement: &Statement) -> Result<Row, String> {
    let first = usize::from(statement.json);
    let fault = |at: usize| {
        let column = row.columns().get(at);
        let ty = column.map_or("nothing", |column| column.type_().name());
        format!(
            "column {} of a statement has the type {ty}, which is not read here",
            at + 1
        )
    };
    let json = if statement.json {
        row.try_get::<_, Json>(0).map_err(|_| fault(0))?.0
    } else {
        String::new()
    };
    let cells = (first..first + statement.cells)
        .map(|at| {
            row.try_get::<_, Cell>(at)
                .map(|cell| cell.0)
                .map_err(|_| fault(at))
        })
        .collect::<Result<_, _>>()?;
    Ok(Row { json, cells })
}

/// The bytes that a row takes.
pub(crate) fn size(row: &Row) -> usize {
    let texts = row.cells.iter().map(|cell| match cell {
        Datum::Text(text) => text.len(),
        _ => 0,
    });
    size_of::<Row>() + size_of_val(row.cells.as_slice()) + row.json.len() + texts.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(datum: &Datum) -> Option<String> {
        let mut out = BytesMut::new();
        match Bound(datum).to_sql(&Type::UNKNOWN, &mut out).expect("written") {
            IsNull::Yes => None,
            IsNull::No => Some(String::from_utf8(out.to_vec()).expect("text")),
        }
    }

    #[test]
    fn values_are_written_as_the_server_reads_them() {
        assert_eq!(text(&Datum::Null), None);
        assert_eq!(text(&Datum::Bool(true)).as_deref(), Some("true"));
        assert_eq!(
            text(&Datum::Int(i64::MIN)).as_deref(),
            Some("-9223372036854775808")
        );
        assert_eq!(text(&Datum::Float(0.1)).as_deref(), Some("0.1"));
        assert_eq!(text(&Datum::Float(f64::NAN)).as_deref(), Some("NaN"));
        assert_eq!(text(&Datum::Float(f64::NEG_INFINITY)).as_deref(), Some("-inf"));
        assert_eq!(text(&Datum::Text("a'; --".into())).as_deref(), Some("a'; --"));
        assert_eq!(format!("{:?}", Bound(&Datum::Text("secret".into()))), "…");
    }
}
