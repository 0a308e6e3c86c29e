//! Expressions as a live database prints them.
//!
//! Role: defaults and CHECKs of a catalog that was read from a database, by the same rules as those of files.
//! Input: texts of `pg_get_expr`. Output: what they mean.
//! Invariant: a text that cannot be read is kept as one that only PostgreSQL knows.
//! Not here: asking the database.

use super::allowed::allowed_by;
use super::bounds::bounded_by;
use super::cursor::Cursor;
use super::defaults::constant_value;
use super::expr::SqlText;
use super::expr_parser::{Place, expression};
use super::lexer::lex;
use crate::model::{ColumnType, DefaultValue};
use backflow_diag::SourceMap;

/// What a column gets whose default is printed as `text`; `None` for NULL.
#[must_use]
pub fn printed_default(text: &str, ty: &ColumnType) -> Option<DefaultValue> {
    if text.starts_with("nextval(") {
        return Some(DefaultValue::Sequence);
    }
    match read(text) {
        Some(expr) => constant_value(&expr, ty),
        None => Some(DefaultValue::Expression(text.to_owned())),
    }
}

/// The texts that CHECKs, printed, leave of a column; a domain calls it `value`.
#[must_use]
pub fn printed_choices<'a>(checks: impl IntoIterator<Item = &'a str>, column: &str) -> Vec<String> {
    let checks: Vec<SqlText> = checks.into_iter().filter_map(read).collect();
    allowed_by(checks.iter().map(|check| &check.expr), column)
}

/// The least value of a column that CHECKs, printed, allow, if they only bound it; a domain calls it `value`.
#[must_use]
pub fn printed_bounds<'a>(checks: impl IntoIterator<Item = &'a str>, column: &str) -> Option<i64> {
    let checks: Vec<SqlText> = checks.into_iter().map(read).collect::<Option<_>>()?;
    bounded_by(checks.iter().map(|check| &check.expr), column)
}

fn read(text: &str) -> Option<SqlText> {
    let mut sources = SourceMap::default();
    let file = sources.add("printed", text);
    let lexed = lex(text);
    let mut cursor = Cursor::new(text, file, &lexed.tokens, text.len());
    let expr = expression(&mut cursor, Place::Open).ok()?;
    cursor.done().then_some(expr)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_as_a_server_prints_them() {
        let literal = |text: &str| Some(DefaultValue::Literal(text.to_owned()));
        for (text, ty, value) in [
            (
                "'active'::character varying",
                ColumnType::Varchar(20),
                literal("active"),
            ),
            (
                "nextval('notes_id_seq'::regclass)",
                ColumnType::Int4,
                Some(DefaultValue::Sequence),
            ),
            ("'-1'::integer", ColumnType::Int4, literal("-1")),
            ("NULL::text", ColumnType::Text, None),
            (
                "(now() AT TIME ZONE 'utc'::text)",
                ColumnType::Timestamp,
                Some(DefaultValue::Now),
            ),
            (
                "CURRENT_TIMESTAMP",
                ColumnType::TimestampTz,
                Some(DefaultValue::Now),
            ),
            (
                "'{}'::text[]",
                ColumnType::Array(Box::new(ColumnType::Text)),
                literal("{}"),
            ),
            (
                "gen_random_uuid()",
                ColumnType::Uuid,
                Some(DefaultValue::RandomUuid),
            ),
            (
                "f(a",
                ColumnType::Text,
                Some(DefaultValue::Expression("f(a".to_owned())),
            ),
        ] {
            assert_eq!(printed_default(text, &ty), value, "{text}");
        }
    }

    #[test]
    fn choices_as_a_server_prints_them() {
        let list = "((status)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))";
        assert_eq!(printed_choices([list], "status"), ["a", "b"]);
        assert_eq!(
            printed_choices([list, "(status <> 'b'::text)"], "status"),
            ["a", "b"]
        );
        assert_eq!(
            printed_choices(["(VALUE = ANY (ARRAY['x'::text]))"], "value"),
            ["x"]
        );
        assert!(printed_choices(["(status ~ '^a'::text)", "(("], "status").is_empty());
    }

    #[test]
    fn bounds_as_a_server_prints_them() {
        let bounds = |checks: &[&str]| printed_bounds(checks.iter().copied(), "n");
        assert_eq!(bounds(&["(status ~ '^a'::text)"]), Some(i64::MIN));
        assert_eq!(
            bounds(&["((n >= 0) AND (n <= 100))", "(10 > n)", "(a > b)"]),
            Some(0)
        );
        assert_eq!(bounds(&["(n > '-5'::integer)", "(7 <= n)"]), Some(7));
        assert_eq!(bounds(&["((n >= 1) AND (n <= 5))"]), Some(1));
        for more in [
            "((n % 2) = 0)",
            "(n <> 3)",
            "(n = 3)",
            "((n < 3) OR (n > 5))",
            "(n < (n * n))",
            "(n <= most)",
            "((n + m) > 5)",
            "(((n)::text) < '5'::text)",
            "((",
        ] {
            assert_eq!(bounds(&["(n >= 0)", more]), None, "{more}");
        }
    }
}
