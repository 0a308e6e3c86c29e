//! Nothing that an author or a database names, and no constant, changes a statement's structure.

use super::*;
use crate::ir::{Assigned, Conflict, Datum, Insert, JsonKey, JsonStep};
use proptest::prelude::*;

/// The statement with every quoted name and text replaced by one letter.
fn skeleton(sql: &str) -> String {
    let mut out = String::new();
    let mut chars = sql.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '"' && c != '\'' {
            out.push(c);
            continue;
        }
        out.push(if c == '"' { 'N' } else { 'S' });
        while let Some(inner) = chars.next() {
            if inner == c && chars.next_if_eq(&c).is_none() {
                break;
            }
        }
    }
    out
}

fn read_with(value: &str, key: &str) -> Query {
    let literal = Scalar::Literal(Datum::Text(value.into()), ColumnType::Text);
    let path = vec![JsonStep {
        key: JsonKey::Name(value.into()),
        as_text: true,
    }];
    let mut query = read(
        TableId(0),
        vec![
            Member::Column {
                key: key.into(),
                column: c(1),
                path,
                cast: None,
            },
            Member::Computed {
                key: key.into(),
                value: literal.clone(),
                ty: ColumnType::Text,
            },
        ],
    );
    query.filter = Cond::Distinct {
        left: col(1),
        right: literal,
    };
    Query::Read(query)
}

fn insert_with(value: &str) -> Query {
    Query::Insert(Insert {
        into: TableId(0),
        columns: vec![c(1)],
        rows: vec![vec![Assigned::Value(Scalar::Literal(
            Datum::Text(value.into()),
            ColumnType::Text,
        ))]],
        each: None,
        guard: Cond::TRUE,
        conflict: Some(Conflict {
            target: vec![c(1)],
            update: None,
        }),
        outputs: Outputs {
            members: Some(vec![]),
            cells: vec![c(1)],
            extra: Vec::new(),
        },
    })
}

proptest! {
    #[test]
    fn names_and_texts_stay_inside_their_quotes(
        table in "[^\0]{1,12}", column in "[^\0]{1,12}", key in any::<String>(), value in "[^\0]*",
    ) {
        let plain = odd_catalog("table", "column");
        let odd = odd_catalog(&table, &column);
        let text = |query: &Query, catalog: &Catalog| render(query, catalog, Dialect::Sqlite).text;
        prop_assert_eq!(
            skeleton(&text(&read_with(&value, &key), &odd)),
            skeleton(&text(&read_with("v", "k"), &plain))
        );
        if !table.eq_ignore_ascii_case("excluded") {
            prop_assert_eq!(skeleton(&text(&insert_with(&value), &odd)), skeleton(&text(&insert_with("v"), &plain)));
        }
    }

    #[test]
    fn sqlite_reads_back_what_was_written(table in "[a-z\"'` é;-]{1,8}", column in "[^\0]{1,8}", value in any::<String>()) {
        prop_assume!(!table.to_lowercase().starts_with("sqlite_") && !column.eq_ignore_ascii_case("id"));
        let catalog = odd_catalog(&table, &column);
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        let (table_name, column_name) = (super::super::dialect::quoted(&table), super::super::dialect::quoted(&column));
        connection.execute_batch(&format!("CREATE TABLE {table_name} (id INTEGER PRIMARY KEY, {column_name} TEXT UNIQUE)")).unwrap();
        let insert = render(&insert_with(&value), &catalog, Dialect::Sqlite);
        let stored: String = connection.query_row(&insert.text, [], |row| row.get(1)).unwrap();
        prop_assert_eq!(stored, value);
    }
}
