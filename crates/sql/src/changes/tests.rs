use super::*;
use backflow_catalog::{Column, ColumnType, TableKind, Writes};

fn table(name: &str) -> Table {
    Table {
        name: name.to_owned(),
        kind: TableKind::Table,
        columns: vec![
            Column::new("id", ColumnType::Uuid),
            Column::new("org", ColumnType::Uuid),
        ],
        primary_key: Vec::new(),
        uniques: Vec::new(),
        foreign_keys: Vec::new(),
        indexes: Vec::new(),
        triggers: false,
        exclusive: false,
        writes: Writes::ALL,
        span: None,
    }
}

#[test]
fn a_trigger_that_does_something_else_has_another_name() {
    for dialect in [Dialect::Sqlite, Dialect::Postgres] {
        let names = |name: &str, tenant| {
            let watch = watch(&table(name), tenant, dialect);
            watch
                .triggers
                .into_iter()
                // Whatever the column, all rows are gone.
                .filter(|trigger| !trigger.name.ends_with("_truncate"))
                .map(|trigger| trigger.name)
                .collect::<Vec<_>>()
        };
        let all = [
            names("notes", Some(ColumnId(1))),
            names("notes", None),
            names("notes", Some(ColumnId(0))),
            names("others", Some(ColumnId(1))),
        ]
        .concat();
        let mut single = all.clone();
        single.sort();
        single.dedup();
        assert_eq!(single.len(), all.len(), "{all:?}");
        assert!(
            all.iter()
                .all(|name| name.starts_with(TRIGGERS) && name.len() <= 63)
        );
        assert_eq!(names("notes", None), names("notes", None));
    }
}

#[test]
fn names_cannot_break_out() {
    let odd = table("it's \"%1$s\"");
    for trigger in watch(&odd, None, Dialect::Sqlite).triggers {
        assert!(
            trigger.make.contains("ON \"it's \"\"%1$s\"\"\""),
            "{}",
            trigger.make
        );
        assert!(trigger.make.contains("'it''s \"%1$s\"'"), "{}", trigger.make);
    }
    for trigger in watch(&odd, None, Dialect::Postgres).triggers {
        assert!(
            trigger.make.contains("ON \"it's \"\"%%1$s\"\"\""),
            "{}",
            trigger.make
        );
    }
}

#[test]
fn what_is_asked_about_nothing_has_not_moved() {
    let statement = unguarded(&Asked::default(), Dialect::Sqlite);
    assert_eq!(statement.text, "SELECT false");
}
