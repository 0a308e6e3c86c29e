//! What differs between databases.
//!
//! Role: [`Syntax`], one implementation per [`Dialect`], and the quoting that all share.
//! Input: rendered operands; output: rendered expressions that can stand anywhere without parentheses.
//! Invariant: a quoted name is one token, whatever it holds.
//! Not here: the structure of statements.

use crate::ir::{Aggregate, ArithmeticOp, Containment, Datum, Dialect, JsonStep, Native, ParamId};
use backflow_catalog::{Catalog, ColumnId, ColumnType, TableId};

/// A rendered value and its type, where that is known.
#[derive(Debug, Clone)]
pub(super) struct Typed {
    pub(super) sql: String,
    pub(super) ty: Option<ColumnType>,
}

impl Typed {
    pub(super) fn new(sql: String, ty: ColumnType) -> Self {
        Self { sql, ty: Some(ty) }
    }

    pub(super) fn is(&self, test: impl Fn(&ColumnType) -> bool) -> bool {
        self.ty.as_ref().is_some_and(test)
    }
}

/// The pattern of a `LIKE`.
pub(super) struct Pattern {
    pub(super) sql: String,
    /// Whether it may end in an escape that escapes nothing.
    pub(super) may_dangle: bool,
}

/// The expressions of one database. Every result stands for itself: a call, a name, or in parentheses.
pub(super) trait Syntax {
    /// A text constant. It must not hold NUL.
    fn text(&self, value: &str) -> String;
    /// A bind parameter.
    fn param(&self, param: ParamId, ty: &ColumnType) -> String;
    /// A constant.
    fn literal(&self, datum: &Datum, ty: &ColumnType) -> String;
    /// A value as JSON text; NULL gives `null`.
    fn json_value(&self, value: &str, ty: &ColumnType) -> String;
    /// A step into a JSON value.
    fn json_step(&self, document: &Typed, step: &JsonStep) -> String;
    /// A cell of a row as stores take it: booleans, integers, floats, and canonical text for all else.
    fn cell(&self, value: &Typed) -> String;
    /// ASCII letters in lower case.
    fn lower(&self, text: &str) -> String;
    /// Typed arithmetic.
    fn arithmetic(&self, op: ArithmeticOp, left: &str, right: &str, ty: &ColumnType) -> String;
    /// A part of a computation without columns, so that the computation is done, and fails, only where a row asks
    /// for it, and not when the statement is planned.
    fn deferred(&self, sql: String) -> String;
    /// A value in another type.
    fn cast(&self, value: &Typed, to: &ColumnType) -> String;
    /// Both sides so that `=` compares them by value.
    fn equal_keys(&self, left: &Typed, right: &Typed) -> (String, String);
    /// The value so that it can be ordered.
    fn sort_key(&self, value: &Typed) -> String;
    /// The value so that rows can be grouped by it.
    fn group_key(&self, value: &Typed) -> String;
    /// The one of a group's values that is answered, where equal values may print differently.
    fn of_group(&self, value: &Typed) -> String;
    /// `LIKE`; a pattern that ends in a lone `\` matches nothing.
    fn like(&self, left: &str, pattern: &Pattern, fold: bool) -> String;
    /// The value is in a list parameter.
    fn one_of(&self, left: &Typed, list: ParamId, ty: &ColumnType) -> String;
    /// The rows of a list parameter as a source that is called `i`, their positions `i.key`.
    fn list_rows(&self, list: ParamId) -> String;
    /// A value of such a row.
    fn list_value(&self, at: u16, ty: &ColumnType) -> String;
    /// Containment of arrays and of JSON.
    fn contain(&self, left: &Typed, op: Containment, right: &Typed) -> String;
    /// An operator that only PostgreSQL has.
    fn native(&self, left: &Typed, op: &Native, right: &Typed) -> String;
    /// An instant moved by microseconds.
    fn shift(&self, value: &Typed, micros: i64) -> String;
    /// A column's default as an expression.
    fn default(&self, table: TableId, column: ColumnId) -> String;
    /// The word that stands for a column's default where a whole value stands, if there is one.
    fn default_word(&self) -> Option<&'static str>;
    /// Whether the rows that a write answers go by the written table's alias, if it has one.
    fn returns_alias(&self) -> bool;
    /// An aggregate and its type; `None` counts rows.
    fn aggregate(&self, function: Aggregate, value: Option<&Typed>) -> Typed;
    /// JSON rows of a group, joined by commas; NULL when there are none. `order` may be empty.
    fn joined(&self, json: &str, order: &str) -> String;
    /// `LIMIT` and `OFFSET` with their leading space.
    fn window(&self, limit: Option<&str>, offset: Option<&str>) -> String;
    /// Under which name a column leaves a sub-select that cannot keep its own.
    fn passed_on(&self, column: &str) -> Option<&'static str>;
    /// What locks the rows of a read, with its leading space.
    fn lock(&self, qualifier: &str) -> String;
}

pub(super) fn of(dialect: Dialect, catalog: &Catalog) -> Box<dyn Syntax + '_> {
    match dialect {
        Dialect::Sqlite => Box::new(super::sqlite::Sqlite { catalog }),
        Dialect::Postgres => Box::new(super::postgres::Postgres { catalog, many: false }),
    }
}

/// An identifier in double quotes. NUL, which no database takes, becomes U+FFFD.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\"").replace('\0', "\u{fffd}"))
}

/// A text constant in single quotes. It must not hold NUL.
pub(super) fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''").replace('\0', "\u{fffd}"))
}

/// A string as JSON writes it.
pub(super) fn json_string(value: &str) -> String {
    let mut json = String::with_capacity(value.len() + 2);
    json.push('"');
    for c in value.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            c if c < ' ' => json.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => json.push(c),
        }
    }
    json.push('"');
    json
}
