//! Tests of rendered statements: their text, and what SQLite answers.

mod postgres;
mod property;
mod reads;
mod text;
mod values;
mod writes;

use super::render;
use crate::functions::{AGGREGATES, Answer, Arg, DecimalFold, Fold, SCALARS};
use crate::ir::{Cond, Dialect, Embed, Link, Member, Order, Outputs, ParamId, Query, Read, Scalar};
use backflow_catalog::{
    Catalog, Column, ColumnId, ColumnType, DefaultValue, EnumId, EnumType, Table, TableId, TableKind, Writes,
};
use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, params_from_iter};

pub(super) const ORGS: TableId = TableId(0);
pub(super) const TASKS: TableId = TableId(1);
pub(super) const LABELS: TableId = TableId(2);
pub(super) const TASK_LABELS: TableId = TableId(3);
pub(super) const COUNTERS: TableId = TableId(4);
pub(super) const NOTES: TableId = TableId(5);

const SCHEMA: &str = r#"
CREATE TABLE "orgs" ("id" INTEGER PRIMARY KEY, "name" TEXT NOT NULL, "price" TEXT, "ratio" REAL,
  "active" INTEGER, "meta" TEXT, "status" TEXT, "created_at" TEXT) STRICT;
CREATE TABLE "tasks" ("id" INTEGER PRIMARY KEY, "org_id" INTEGER, "title" TEXT NOT NULL, "points" INTEGER) STRICT;
CREATE TABLE "labels" ("id" INTEGER PRIMARY KEY, "name" TEXT) STRICT;
CREATE TABLE "task_labels" ("task_id" INTEGER, "label_id" INTEGER, PRIMARY KEY ("task_id", "label_id")) STRICT;
CREATE TABLE "counters" ("org_id" INTEGER, "period" TEXT, "used" INTEGER NOT NULL DEFAULT 0, "limit" INTEGER,
  PRIMARY KEY ("org_id", "period")) STRICT;
CREATE TABLE "notes" ("id" INTEGER PRIMARY KEY, "ref" TEXT, "at" TEXT, "text" TEXT DEFAULT 'it''s') STRICT;
INSERT INTO "orgs" VALUES
  (1, 'Acme "x"', '10.50', 0.1, 1, '{"a": {"b": [1, 2.50]}, "t": "é\n"}', 'trial', '2026-11-23T18:10:15.123456+00:00'),
  (2, 'Beta', '9.00', NULL, 0, NULL, 'active', NULL),
  (3, 'Gamma', NULL, 1e20, NULL, '[]', NULL, NULL);
INSERT INTO "tasks" VALUES (1, 1, 'one', 5), (2, 1, 'two', 3), (3, 2, 'three', 2147483647), (4, NULL, 'loose', NULL);
INSERT INTO "labels" VALUES (1, 'red'), (2, 'blue');
INSERT INTO "task_labels" VALUES (1, 1), (1, 2), (2, 1);
INSERT INTO "counters" VALUES (1, '2026-11', 4, 10), (2, '2026-11', 0, NULL);
"#;

pub(super) fn catalog() -> Catalog {
    let mut catalog = Catalog::default();
    catalog.enums.push(EnumType {
        name: "status".into(),
        labels: vec!["trial".into(), "active".into(), "it's".into()],
    });
    let key = |name: &str| column(name, ColumnType::Int8, Some(DefaultValue::Sequence));
    catalog.add(table(
        "orgs",
        vec![
            key("id"),
            column("name", ColumnType::Text, None),
            column("price", ColumnType::Numeric(Some((10, 2))), None),
            column("ratio", ColumnType::Float8, None),
            column("active", ColumnType::Bool, None),
            column("meta", ColumnType::Jsonb, None),
            column("status", ColumnType::Enum(EnumId(0)), None),
            column("created_at", ColumnType::TimestampTz, Some(DefaultValue::Now)),
        ],
    ));
    catalog.add(table(
        "tasks",
        vec![
            key("id"),
            column("org_id", ColumnType::Int8, None),
            column("title", ColumnType::Text, None),
            column("points", ColumnType::Int4, None),
        ],
    ));
    catalog.add(table(
        "labels",
        vec![key("id"), column("name", ColumnType::Text, None)],
    ));
    let pair = vec![
        column("task_id", ColumnType::Int8, None),
        column("label_id", ColumnType::Int8, None),
    ];
    catalog.add(table("task_labels", pair));
    catalog.add(table(
        "counters",
        vec![
            column("org_id", ColumnType::Int8, None),
            column("period", ColumnType::Text, None),
            column("used", ColumnType::Int4, Some(DefaultValue::Literal("0".into()))),
            column("limit", ColumnType::Int4, None),
        ],
    ));
    catalog.add(table(
        "notes",
        vec![
            key("id"),
            column("ref", ColumnType::Uuid, Some(DefaultValue::RandomUuid)),
            column("at", ColumnType::TimestampTz, Some(DefaultValue::Now)),
            column(
                "text",
                ColumnType::Text,
                Some(DefaultValue::Literal("it's".into())),
            ),
        ],
    ));
    catalog
}

pub(super) fn column(name: &str, ty: ColumnType, default: Option<DefaultValue>) -> Column {
    Column {
        default,
        ..Column::new(name, ty)
    }
}

pub(super) fn table(name: &str, columns: Vec<Column>) -> Table {
    Table {
        name: name.into(),
        kind: TableKind::Table,
        columns,
        primary_key: vec![ColumnId(0)],
        uniques: Vec::new(),
        foreign_keys: Vec::new(),
        indexes: Vec::new(),
        triggers: false,
        exclusive: false,
        writes: Writes::ALL,
        span: None,
    }
}

/// A table of two columns with any names.
pub(super) fn odd_catalog(table_name: &str, column_name: &str) -> Catalog {
    let mut catalog = Catalog::default();
    let columns = vec![
        column("id", ColumnType::Int8, None),
        column(
            column_name,
            ColumnType::Text,
            Some(DefaultValue::Literal(column_name.into())),
        ),
    ];
    catalog.add(table(table_name, columns));
    catalog
}

fn arg(value: ValueRef<'_>) -> Arg<'_> {
    match value {
        ValueRef::Null => Arg::Null,
        ValueRef::Integer(value) => Arg::Int(value),
        ValueRef::Real(value) => Arg::Float(value),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Arg::Text(std::str::from_utf8(bytes).unwrap_or("")),
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

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::UserFunctionError(Box::new(error))
}

struct Folding(Fold);

impl Aggregate<DecimalFold, ToSqlOutput<'static>> for Folding {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<DecimalFold> {
        Ok(DecimalFold::new(self.0))
    }

    fn step(&self, context: &mut Context<'_>, fold: &mut DecimalFold) -> rusqlite::Result<()> {
        fold.step(arg(context.get_raw(0))).map_err(failed)
    }

    fn finalize(
        &self,
        _: &mut Context<'_>,
        fold: Option<DecimalFold>,
    ) -> rusqlite::Result<ToSqlOutput<'static>> {
        let fold = fold.unwrap_or_else(|| DecimalFold::new(self.0));
        fold.finish().map(output).map_err(failed)
    }
}

pub(super) fn database() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    for scalar in SCALARS {
        let call = scalar.call;
        connection
            .create_scalar_function(scalar.name, scalar.arity, flags, move |context| {
                let args: Vec<Arg<'_>> = (0..context.len()).map(|at| arg(context.get_raw(at))).collect();
                call(&args).map(output).map_err(failed)
            })
            .unwrap();
    }
    for (name, fold) in AGGREGATES {
        connection
            .create_aggregate_function(*name, 1, flags, Folding(*fold))
            .unwrap();
    }
    connection.execute_batch("PRAGMA case_sensitive_like=ON").unwrap();
    connection.execute_batch(SCHEMA).unwrap();
    connection
}

pub(super) fn sql(query: &Query) -> String {
    render(query, &catalog(), Dialect::Sqlite).text
}

/// Every row, columns joined by `|`.
pub(super) fn try_rows(
    connection: &Connection,
    sql: &str,
    params: &[Value],
) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query(params_from_iter(params))?;
    let mut texts = Vec::new();
    while let Some(row) = rows.next()? {
        let cells: Vec<String> = (0..columns)
            .map(|at| match row.get::<_, Value>(at).unwrap() {
                Value::Null => "NULL".to_owned(),
                Value::Integer(value) => value.to_string(),
                Value::Real(value) => format!("{value:?}"),
                Value::Text(value) => value,
                Value::Blob(_) => "blob".to_owned(),
            })
            .collect();
        texts.push(cells.join("|"));
    }
    Ok(texts)
}

pub(super) fn run(query: &Query, params: &[Value]) -> Vec<String> {
    run_on(&database(), query, params)
}

pub(super) fn run_on(connection: &Connection, query: &Query, params: &[Value]) -> Vec<String> {
    let text = sql(query);
    try_rows(connection, &text, params).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

pub(super) fn c(index: u16) -> ColumnId {
    ColumnId(index)
}

pub(super) fn col(index: u16) -> Scalar {
    Scalar::Column(ColumnId(index))
}

pub(super) fn param(index: u16, ty: ColumnType) -> Scalar {
    Scalar::Param(ParamId(index), ty)
}

pub(super) fn member(key: &str, column: u16) -> Member {
    Member::Column {
        key: key.into(),
        column: ColumnId(column),
        path: Vec::new(),
        cast: None,
    }
}

pub(super) fn by(column: u16) -> Order {
    Order {
        by: col(column),
        descending: false,
        nulls_first: false,
    }
}

pub(super) fn read(from: TableId, members: Vec<Member>) -> Read {
    Read {
        from,
        outputs: Outputs {
            members: Some(members),
            cells: Vec::new(),
            extra: Vec::new(),
        },
        filter: Cond::TRUE,
        order: vec![by(0)],
        limit: None,
        offset: None,
        lock: false,
    }
}

pub(super) fn embed(key: &str, many: bool, pairs: &[(u16, u16)], read: Read) -> Embed {
    Embed {
        key: key.into(),
        many,
        inner: false,
        spread: false,
        link: Link::Direct(pairs.iter().map(|(a, b)| (ColumnId(*a), ColumnId(*b))).collect()),
        read: Box::new(read),
    }
}
