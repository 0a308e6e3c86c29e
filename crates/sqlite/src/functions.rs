//! The functions that rendered statements and translated schemas call.
//!
//! Role: registers the pure functions of the SQL crate on a connection.
//! Invariant: each is deterministic and innocuous, so that indexes, CHECKs and defaults may use them; none can
//! panic or reach outside.
//! Not here: what they compute.

use backflow_sql::functions::{AGGREGATES, Answer, Arg, DecimalFold, Fold, FunctionError, SCALARS, Scalar};
use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Error};

/// More arguments than any function takes.
const MOST_ARGUMENTS: usize = 8;

/// Makes the functions known to a connection.
pub(crate) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    for scalar in SCALARS {
        connection.create_scalar_function(scalar.name, scalar.arity, flags, move |context| {
            call(scalar, context)
        })?;
    }
    for &(name, fold) in AGGREGATES {
        connection.create_aggregate_function(name, 1, flags, Folding(fold))?;
    }
    Ok(())
}

fn call(scalar: &Scalar, context: &Context<'_>) -> rusqlite::Result<ToSqlOutput<'static>> {
    let mut args = [Arg::Null; MOST_ARGUMENTS];
    let args = args
        .get_mut(..context.len())
        .ok_or_else(|| failed(FunctionError::WrongArgument))?;
    for (index, arg) in args.iter_mut().enumerate() {
        *arg = argument(context.get_raw(index))?;
    }
    (scalar.call)(args).map(output).map_err(failed)
}

fn argument(value: ValueRef<'_>) -> rusqlite::Result<Arg<'_>> {
    match value {
        ValueRef::Null => Ok(Arg::Null),
        ValueRef::Integer(value) => Ok(Arg::Int(value)),
        ValueRef::Real(value) => Ok(Arg::Float(value)),
        ValueRef::Text(_) => value
            .as_str()
            .map(Arg::Text)
            .map_err(|_not_utf8| failed(FunctionError::InvalidText)),
        ValueRef::Blob(_) => Err(failed(FunctionError::WrongArgument)),
    }
}

fn output(answer: Answer) -> ToSqlOutput<'static> {
    ToSqlOutput::Owned(match answer {
        Answer::Null => Value::Null,
        Answer::Int(value) => Value::Integer(value),
        Answer::Float(value) => Value::Real(value),
        Answer::Text(value) => Value::Text(value),
    })
}

fn failed(error: FunctionError) -> Error {
    Error::UserFunctionError(Box::new(error))
}

struct Folding(Fold);

impl Aggregate<DecimalFold, ToSqlOutput<'static>> for Folding {
    fn init(&self, _context: &mut Context<'_>) -> rusqlite::Result<DecimalFold> {
        Ok(DecimalFold::new(self.0))
    }

    fn step(&self, context: &mut Context<'_>, state: &mut DecimalFold) -> rusqlite::Result<()> {
        state.step(argument(context.get_raw(0))?).map_err(failed)
    }

    fn finalize(
        &self,
        _context: &mut Context<'_>,
        state: Option<DecimalFold>,
    ) -> rusqlite::Result<ToSqlOutput<'static>> {
        state
            .map_or(Ok(Answer::Null), |state| state.finish())
            .map(output)
            .map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection() -> Connection {
        let connection = Connection::open_in_memory().expect("open");
        register(&connection).expect("register");
        connection
    }

    fn value(sql: &str) -> Value {
        connection().query_row(sql, [], |row| row.get(0)).expect(sql)
    }

    #[test]
    fn values_pass_both_ways() {
        assert_eq!(value("SELECT bf_int4(41 + 1)"), Value::Integer(42));
        assert_eq!(
            value("SELECT bf_dec_add('0.1', '0.2')"),
            Value::Text("0.3".into())
        );
        assert_eq!(value("SELECT bf_dec_add(NULL, '0.2')"), Value::Null);
        assert_eq!(value("SELECT bf_float(1e20)"), Value::Text("1e+20".into()));
        assert_eq!(value("SELECT bf_float(1.0)"), Value::Text("1".into()));
        assert_eq!(
            value(
                "SELECT bf_dec_sum(x) FROM (SELECT '0.10' AS x UNION ALL SELECT NULL UNION ALL SELECT '2')"
            ),
            Value::Text("2.10".into())
        );
        assert_eq!(
            value("SELECT bf_dec_sum(x) FROM (SELECT '1' AS x) WHERE 0"),
            Value::Null
        );
    }

    #[test]
    fn errors_and_blobs_do_not_pass() {
        let connection = connection();
        let error = connection
            .query_row("SELECT bf_int4(2147483648)", [], |_| Ok(()))
            .expect_err("range");
        assert_eq!(error.to_string(), "integer out of range");
        assert!(
            connection
                .query_row("SELECT bf_int4(x'00')", [], |_| Ok(()))
                .is_err()
        );
    }

    #[test]
    fn an_untrusted_schema_may_use_them() {
        let connection = connection();
        connection
            .execute_batch(
                "PRAGMA trusted_schema = OFF;
                 CREATE TABLE t (a TEXT CHECK (bf_dec(a) IS NOT NULL), b TEXT DEFAULT (bf_dec('1.50'))) STRICT;
                 CREATE INDEX i ON t (bf_dec_key(a));
                 INSERT INTO t (a) VALUES ('2');",
            )
            .expect("usable");
    }
}
