//! Prepared statements of one connection.
//!
//! Role: finds or prepares the statement of a call, binds its values, reads its rows.
//! Input and output: a [`Call`] in, a [`RowSet`] out.
//! Invariant: a cached statement keeps its `Arc`, so that no other statement can get the same address; on the
//! request path no text is hashed and no name is looked up.
//! Not here: transactions, the meaning of errors.

use backflow_engine::store::{Call, Row, RowSet};
use backflow_sql::ir::{Datum, Statement};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Error, PrepFlags, ToSql, ffi};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// Statements that a connection keeps prepared.
const KEPT: usize = 512;

/// What the rows of one statement may take in memory: an answer that is larger is one that nobody meant.
pub(crate) const MOST_BYTES: usize = 32 * 1024 * 1024;

/// The prepared statements.
pub(crate) struct Statements<'c> {
    connection: &'c Connection,
    kept: HashMap<usize, Kept<'c>>,
    capacity: usize,
    clock: u64,
}

struct Kept<'c> {
    prepared: rusqlite::Statement<'c>,
    statement: Arc<Statement>,
    used: u64,
}

impl<'c> Statements<'c> {
    /// None yet.
    pub(crate) fn new(connection: &'c Connection) -> Self {
        Statements {
            connection,
            kept: HashMap::new(),
            capacity: KEPT,
            clock: 0,
        }
    }

    /// Runs a call to its end.
    pub(crate) fn run(&mut self, call: &Call) -> rusqlite::Result<RowSet> {
        let prepared = self.prepared(&call.statement)?;
        bind(prepared, &call.values)?;
        read(prepared, &call.statement)
    }

    fn prepared(&mut self, statement: &Arc<Statement>) -> rusqlite::Result<&mut rusqlite::Statement<'c>> {
        let address = Arc::as_ptr(statement).addr();
        self.clock += 1;
        if !self.kept.contains_key(&address) {
            self.make_room();
            let prepared = self
                .connection
                .prepare_with_flags(&statement.text, PrepFlags::SQLITE_PREPARE_PERSISTENT)?;
            self.kept.insert(
                address,
                Kept {
                    prepared,
                    statement: Arc::clone(statement),
                    used: 0,
                },
            );
        }
        let kept = self.kept.get_mut(&address).ok_or(Error::InvalidQuery)?;
        kept.used = self.clock;
        Ok(&mut kept.prepared)
    }

    /// Drops the statements of plans that are gone; if there are none, the half that was not used for longest.
    fn make_room(&mut self) {
        if self.kept.len() < self.capacity {
            return;
        }
        self.kept.retain(|_, kept| Arc::strong_count(&kept.statement) > 1);
        if self.kept.len() < self.capacity {
            return;
        }
        let mut ages: Vec<u64> = self.kept.values().map(|kept| kept.used).collect();
        ages.sort_unstable();
        let bound = ages.get(ages.len() / 2).copied().unwrap_or(u64::MAX);
        self.kept.retain(|_, kept| kept.used >= bound);
    }
}

struct Bound<'a>(&'a Datum);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Datum::Null => ValueRef::Null,
            Datum::Bool(value) => ValueRef::Integer(i64::from(*value)),
            Datum::Int(value) => ValueRef::Integer(*value),
            Datum::Float(value) => ValueRef::Real(*value),
            Datum::Text(value) => ValueRef::Text(value.as_bytes()),
        }))
    }
}

/// Binds every parameter; values that the text does not mention are left out.
fn bind(prepared: &mut rusqlite::Statement<'_>, values: &[Datum]) -> rusqlite::Result<()> {
    let expected = prepared.parameter_count();
    if values.len() < expected {
        return Err(Error::InvalidParameterCount(values.len(), expected));
    }
    for (index, value) in values.iter().take(expected).enumerate() {
        prepared.raw_bind_parameter(index + 1, Bound(value))?;
    }
    Ok(())
}

fn read(prepared: &mut rusqlite::Statement<'_>, statement: &Statement) -> rusqlite::Result<RowSet> {
    let first = usize::from(statement.json);
    let mut rows = prepared.raw_query();
    let mut set = RowSet::default();
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let json = if statement.json {
            json(row.get_ref(0)?)?
        } else {
            String::new()
        };
        let mut cells = Vec::with_capacity(statement.cells);
        for index in first..first + statement.cells {
            cells.push(cell(row.get_ref(index)?)?);
        }
        bytes += size(&json, &cells);
        if bytes > MOST_BYTES {
            return Err(too_large());
        }
        set.rows.push(Row { json, cells });
    }
    Ok(set)
}

fn size(json: &str, cells: &[Datum]) -> usize {
    let texts = cells.iter().map(|cell| match cell {
        Datum::Text(text) => text.len(),
        _ => 0,
    });
    size_of::<Row>() + size_of_val(cells) + json.len() + texts.sum::<usize>()
}

fn too_large() -> Error {
    let text = format!("the rows take more than {MOST_BYTES} bytes: give the query a `limit`");
    Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_TOOBIG), Some(text))
}

fn json(value: ValueRef<'_>) -> rusqlite::Result<String> {
    match value {
        ValueRef::Null => Ok("null".to_owned()),
        ValueRef::Integer(value) => Ok(value.to_string()),
        other => Ok(other.as_str()?.to_owned()),
    }
}

fn cell(value: ValueRef<'_>) -> rusqlite::Result<Datum> {
    Ok(match value {
        ValueRef::Null => Datum::Null,
        ValueRef::Integer(value) => Datum::Int(value),
        ValueRef::Real(value) => Datum::Float(value),
        ValueRef::Text(_) => Datum::Text(Arc::from(value.as_str()?)),
        ValueRef::Blob(bytes) => Datum::Text(Arc::from(hex(bytes))),
    })
}

/// Bytes as PostgreSQL prints them.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 + bytes.len() * 2);
    text.push_str("\\x");
    for byte in bytes {
        // Writing to a string cannot fail.
        let _infallible = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::call;

    #[test]
    fn values_go_in_and_come_back() {
        let connection = Connection::open_in_memory().expect("open");
        let mut statements = Statements::new(&connection);
        let values = vec![
            Datum::Null,
            Datum::Bool(true),
            Datum::Int(i64::MIN),
            Datum::Float(0.5),
            Datum::Text("grün; DROP".into()),
        ];
        let mut call = call(
            "SELECT json_object('a', ?5), ?1, ?2, ?3, ?4, ?5, x'00ff'",
            true,
            6,
            values,
        );
        let set = statements.run(&call).expect("run");
        assert_eq!(set.rows.len(), 1);
        assert_eq!(set.rows[0].json, r#"{"a":"grün; DROP"}"#);
        assert_eq!(
            set.rows[0].cells,
            vec![
                Datum::Null,
                Datum::Int(1),
                Datum::Int(i64::MIN),
                Datum::Float(0.5),
                Datum::Text("grün; DROP".into()),
                Datum::Text("\\x00ff".into()),
            ]
        );
        call.values.pop();
        assert!(
            statements.run(&call).is_err(),
            "a missing value is never a silent NULL"
        );
    }

    #[test]
    fn an_answer_is_bounded() {
        let connection = Connection::open_in_memory().expect("open");
        let mut statements = Statements::new(&connection);
        let many = |rows: usize| {
            let text = format!(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) \
                 SELECT printf('%01000000d', i) FROM n"
            );
            call(&text, true, 0, vec![])
        };
        assert_eq!(statements.run(&many(30)).expect("fits").rows.len(), 30);
        let error = statements.run(&many(40)).expect_err("too large");
        assert_eq!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::TooBig));
        assert_eq!(
            statements
                .run(&many(1))
                .expect("the connection goes on")
                .rows
                .len(),
            1
        );
    }

    #[test]
    fn statements_of_dropped_plans_go_first() {
        let connection = Connection::open_in_memory().expect("open");
        let mut statements = Statements::new(&connection);
        statements.capacity = 4;
        let live: Vec<Call> = (0..3)
            .map(|n| call(&format!("SELECT {n}"), false, 1, vec![]))
            .collect();
        drop(
            statements
                .run(&call("SELECT 'gone'", false, 1, vec![]))
                .expect("run"),
        );
        for call in &live {
            drop(statements.run(call).expect("run"));
        }
        assert_eq!(statements.kept.len(), 4);
        let next = call("SELECT 'next'", false, 1, vec![]);
        drop(statements.run(&next).expect("run"));
        let texts: Vec<&str> = statements
            .kept
            .values()
            .map(|kept| kept.statement.text.as_str())
            .collect();
        assert_eq!(texts.len(), 4);
        assert!(!texts.contains(&"SELECT 'gone'"), "{texts:?}");
    }

    #[test]
    fn many_statements_stay_bounded_and_right() {
        let connection = Connection::open_in_memory().expect("open");
        let mut statements = Statements::new(&connection);
        statements.capacity = 8;
        let calls: Vec<Call> = (0..50)
            .map(|n| call(&format!("SELECT {n}"), false, 1, vec![]))
            .collect();
        for round in 0..3 {
            for (n, call) in calls.iter().enumerate() {
                let set = statements.run(call).expect("run");
                assert_eq!(set.rows[0].cells[0], Datum::Int(n as i64), "round {round}");
                assert!(statements.kept.len() <= 8);
            }
        }
    }

    #[test]
    fn a_changed_schema_is_noticed() {
        let connection = Connection::open_in_memory().expect("open");
        connection
            .execute_batch("CREATE TABLE t (a INT); INSERT INTO t VALUES (1)")
            .expect("setup");
        let mut statements = Statements::new(&connection);
        let call = call("SELECT a FROM t", false, 1, vec![]);
        assert_eq!(statements.run(&call).expect("run").rows.len(), 1);
        connection
            .execute_batch("DROP TABLE t; CREATE TABLE t (b INT, a TEXT)")
            .expect("change");
        connection
            .execute_batch("INSERT INTO t VALUES (1, 'x')")
            .expect("change");
        assert_eq!(
            statements.run(&call).expect("run").rows[0].cells[0],
            Datum::Text("x".into())
        );
    }
}
