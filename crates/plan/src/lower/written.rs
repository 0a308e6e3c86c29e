//! Which tables a statement may change.
//!
//! Invariant: errs on the side of more: whoever keeps what was read from a table hears of every change of it.
//! Not here: what triggers of the author change; nobody knows.

use backflow_catalog::{Catalog, ColumnId, TableId};
use backflow_sql::ir::{Query, Whose, Written};

/// The tables whose rows a query may change: where a row goes, or a key that others point at changes, those, too.
pub(crate) fn written(catalog: &Catalog, query: &Query, whose: Whose) -> Box<[Written]> {
    let (table, changed): (TableId, Option<Vec<ColumnId>>) = match query {
        Query::Read(_) => return Box::default(),
        Query::Insert(insert) => {
            let update = insert
                .conflict
                .as_ref()
                .and_then(|conflict| conflict.update.as_ref());
            let set = update.map(|update| update.set.iter().map(|(column, _)| *column).collect());
            (insert.into, Some(set.unwrap_or_default()))
        }
        Query::Update(update) => {
            let set = update.set.iter().map(|(column, _)| *column);
            (update.table, Some(set.collect()))
        }
        Query::Delete(delete) => (delete.table, None),
    };
    let mut found = vec![Written { table, whose }];
    let mut next = 0;
    while let Some(from) = found.get(next).map(|written| written.table) {
        // Of what follows a row nothing is known but its table.
        let set = changed.as_deref().filter(|_| next == 0);
        for table in followers(catalog, from, set) {
            let whose = Whose::Any;
            match found.iter_mut().find(|known| known.table == table) {
                // Rows of its own table may follow, too, and nothing ties them to the tenant.
                Some(known) => known.whose = whose,
                None => found.push(Written { table, whose }),
            }
        }
        next += 1;
    }
    found.into()
}

/// Tables whose rows may go or change with the rows of a table of which these columns change; `None`: all.
fn followers<'c>(
    catalog: &'c Catalog,
    from: TableId,
    changed: Option<&'c [ColumnId]>,
) -> impl Iterator<Item = TableId> + 'c {
    let follows = move |table: &TableId| {
        catalog.table(*table).foreign_keys.iter().any(|key| {
            let touched = |column| changed.is_none_or(|changed| changed.contains(column));
            key.table == from && key.references.iter().any(touched)
        })
    };
    catalog.table_ids().filter(follows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use backflow_catalog::{Column, ColumnType, ForeignKey, Table, TableKind, Writes};
    use backflow_sql::ir::{Cond, Delete, Outputs, Update};

    const IDS: ColumnId = ColumnId(0);
    const PARENT: ColumnId = ColumnId(1);

    /// `teams`; `notes` of teams; `lines` of notes and of lines.
    fn catalog() -> Catalog {
        let mut catalog = Catalog::default();
        let mut add = |name: &str, of: &[u32]| {
            let keys = of.iter().map(|table| ForeignKey {
                name: format!("{name}_{table}"),
                columns: vec![PARENT],
                table: TableId(*table),
                references: vec![IDS],
            });
            catalog.add(Table {
                name: name.to_owned(),
                kind: TableKind::Table,
                columns: vec![
                    Column::new("id", ColumnType::Int8),
                    Column::new("parent", ColumnType::Int8),
                ],
                primary_key: vec![IDS],
                uniques: Vec::new(),
                foreign_keys: keys.collect(),
                indexes: Vec::new(),
                triggers: false,
                exclusive: false,
                writes: Writes::ALL,
                span: None,
            })
        };
        add("teams", &[]);
        add("notes", &[0]);
        add("lines", &[1, 2]);
        catalog
    }

    fn tables(query: &Query) -> Vec<(u32, Whose)> {
        let all = written(&catalog(), query, Whose::Scope);
        all.iter()
            .map(|written| (written.table.0, written.whose))
            .collect()
    }

    fn delete(table: u32) -> Query {
        Query::Delete(Delete {
            table: TableId(table),
            filter: Cond::TRUE,
            outputs: Outputs::default(),
        })
    }

    fn update(table: u32, column: ColumnId) -> Query {
        let value = backflow_sql::ir::Scalar::Column(column);
        Query::Update(Update {
            table: TableId(table),
            set: vec![(column, backflow_sql::ir::Assigned::Value(value))],
            filter: Cond::TRUE,
            outputs: Outputs::default(),
        })
    }

    #[test]
    fn rows_that_go_take_others_along() {
        let (own, any) = (Whose::Scope, Whose::Any);
        assert_eq!(tables(&delete(0)), [(0, own), (1, any), (2, any)]);
        assert_eq!(tables(&delete(1)), [(1, own), (2, any)]);
        assert_eq!(tables(&delete(2)), [(2, any)], "lines follow lines");
    }

    #[test]
    fn rows_that_change_take_others_along_only_by_their_keys() {
        let (own, any) = (Whose::Scope, Whose::Any);
        assert_eq!(tables(&update(1, PARENT)), [(1, own)]);
        assert_eq!(tables(&update(1, IDS)), [(1, own), (2, any)]);
    }
}
