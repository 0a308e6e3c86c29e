//! The journal's tables, and a short way to write statements on them.
//!
//! Invariant: the order of a table's columns is the order of the constants beside it.
//! Not here: the statements themselves.

use super::{inbox, keys, locks, runs, steps};
use backflow_catalog::{
    Catalog, Column, ColumnId, ColumnType, Index, Table, TableId, TableKind, UniqueKey, Writes,
};
use backflow_sql::ddl;
use backflow_sql::ir::{
    Assigned, Bound, Comparison, Cond, Conflict, Delete, Dialect, Insert, Order, Outputs, ParamId, Query,
    Read, Scalar, Statement, Update,
};
use backflow_sql::render;
use std::sync::Arc;

/// A column of one of our tables.
pub(super) type Col = usize;

/// A column as it is declared: name, type, whether it may be NULL.
type Declared = (&'static str, ColumnType, bool);

/// How rows of one of our tables are found.
pub(super) struct Keys<'a> {
    pub(super) key: &'a [Col],
    pub(super) unique: &'a [&'a [Col]],
    pub(super) index: &'a [&'a [Col]],
    /// Indexes without the rows in which the last of the columns is NULL.
    pub(super) partial: &'a [&'a [Col]],
}

impl<'a> Keys<'a> {
    /// By its primary key alone.
    pub(super) const fn of(key: &'a [Col]) -> Self {
        Keys {
            key,
            unique: &[],
            index: &[],
            partial: &[],
        }
    }
}

/// The tables.
pub(super) struct Tables {
    catalog: Catalog,
    dialect: Dialect,
    pub(super) runs: TableId,
    pub(super) steps: TableId,
    pub(super) locks: TableId,
    pub(super) keys: TableId,
    pub(super) versions: TableId,
    pub(super) events: TableId,
    pub(super) objects: TableId,
    pub(super) known: TableId,
}

impl Tables {
    pub(super) fn new(dialect: Dialect) -> Self {
        let mut catalog = Catalog::default();
        let mut add =
            |name: &str, columns: &[Declared], keys: Keys<'_>| catalog.add(table(name, columns, keys));
        let runs = add("_backflow_runs", &runs::COLUMNS, runs::KEYS);
        let steps = add("_backflow_steps", &steps::COLUMNS, steps::KEYS);
        let locks = add("_backflow_locks", &locks::COLUMNS, locks::KEYS);
        let keys = add("_backflow_keys", &keys::COLUMNS, keys::KEYS);
        let versions = add("_backflow_versions", &runs::VERSIONS, Keys::of(&[0]));
        let events = add("_backflow_events", &inbox::EVENTS, inbox::event_keys(dialect));
        let objects = add("_backflow_objects", &inbox::OBJECTS, inbox::OBJECT_KEYS);
        let known = add("_backflow_known", &inbox::KNOWN, inbox::KNOWN_KEYS);
        Tables {
            catalog,
            dialect,
            runs,
            steps,
            locks,
            keys,
            versions,
            events,
            objects,
            known,
        }
    }

    /// The texts that make them.
    pub(super) fn setup(&self) -> Vec<String> {
        let make = |table: &Table| {
            let rows = match table.name == self.catalog.table(self.events).name {
                true => ddl::Rows::Long,
                false => ddl::Rows::Short,
            };
            ddl::system(table, rows, self.dialect)
        };
        self.catalog.tables.iter().map(make).collect()
    }

    fn ty(&self, table: TableId, column: Col) -> ColumnType {
        self.catalog.column(table, id(column)).ty.clone()
    }

    fn finish(&self, query: &Query) -> Arc<Statement> {
        Arc::new(render(query, &self.catalog, self.dialect))
    }

    /// What tells a table's rows apart.
    pub(super) fn key(&self, table: TableId) -> Vec<ColumnId> {
        self.catalog.table(table).primary_key.clone()
    }

    /// The parameter at a position, of a column's type.
    pub(super) fn param(&self, table: TableId, column: Col, position: u16) -> Scalar {
        Scalar::Param(ParamId(position), self.ty(table, column))
    }

    /// `column OP parameter`
    pub(super) fn test(&self, table: TableId, column: Col, op: Comparison, position: u16) -> Cond {
        Cond::Compare {
            left: Scalar::Column(id(column)),
            op,
            right: self.param(table, column, position),
        }
    }

    /// `column = parameter`
    pub(super) fn is(&self, table: TableId, column: Col, position: u16) -> Cond {
        self.test(table, column, Comparison::Eq, position)
    }

    /// `column = 'text'`
    pub(super) fn says(&self, column: Col, text: &str) -> Cond {
        Cond::Compare {
            left: Scalar::Column(id(column)),
            op: Comparison::Eq,
            right: literal(text),
        }
    }

    /// `INSERT`, each column from a value; `conflict` says what happens to a row that is there.
    pub(super) fn insert(
        &self,
        table: TableId,
        values: Vec<(Col, Scalar)>,
        conflict: Option<Conflict>,
        cells: &[Col],
    ) -> Arc<Statement> {
        let (columns, row): (Vec<_>, Vec<_>) = values
            .into_iter()
            .map(|(column, value)| (id(column), Assigned::Value(value)))
            .unzip();
        self.finish(&Query::Insert(Insert {
            into: table,
            columns,
            rows: vec![row],
            each: None,
            guard: Cond::TRUE,
            conflict,
            outputs: outputs(cells),
        }))
    }

    /// `UPDATE`
    pub(super) fn update(
        &self,
        table: TableId,
        set: Vec<(Col, Scalar)>,
        filter: Cond,
        cells: &[Col],
    ) -> Arc<Statement> {
        let set = set
            .into_iter()
            .map(|(column, value)| (id(column), Assigned::Value(value)));
        self.finish(&Query::Update(Update {
            table,
            set: set.collect(),
            filter,
            outputs: outputs(cells),
        }))
    }

    /// `DELETE`
    pub(super) fn delete(&self, table: TableId, filter: Cond, cells: &[Col]) -> Arc<Statement> {
        self.finish(&Query::Delete(Delete {
            table,
            filter,
            outputs: outputs(cells),
        }))
    }

    /// `SELECT`, ordered by the columns, largest first where asked; a parameter may say how many rows.
    pub(super) fn read(
        &self,
        table: TableId,
        filter: Cond,
        (order, limit): (&[(Col, bool)], Option<u16>),
        cells: &[Col],
    ) -> Arc<Statement> {
        let order = order.iter().map(|(column, descending)| Order {
            by: Scalar::Column(id(*column)),
            descending: *descending,
            nulls_first: *descending,
        });
        self.finish(&Query::Read(Read {
            from: table,
            outputs: outputs(cells),
            filter,
            order: order.collect(),
            limit: limit.map(|position| Bound::Param(ParamId(position))),
            offset: None,
            lock: false,
        }))
    }
}

pub(super) fn id(column: Col) -> ColumnId {
    ColumnId(u16::try_from(column).unwrap_or(u16::MAX))
}

pub(super) fn literal(text: &str) -> Scalar {
    Scalar::Literal(backflow_sql::ir::Datum::Text(text.into()), ColumnType::Text)
}

fn outputs(cells: &[Col]) -> Outputs {
    Outputs {
        cells: cells.iter().map(|column| id(*column)).collect(),
        ..Outputs::default()
    }
}

fn table(name: &str, columns: &[Declared], keys: Keys<'_>) -> Table {
    let Keys {
        key,
        unique,
        index,
        partial,
    } = keys;
    let columns = columns.iter().map(|(name, ty, nullable)| {
        let mut column = Column::new(*name, ty.clone());
        column.not_null = !nullable;
        column
    });
    let uniques = unique.iter().enumerate().map(|(number, columns)| UniqueKey {
        name: format!("{name}_{number}_key"),
        columns: columns.iter().map(|column| id(*column)).collect(),
    });
    let whole = index.iter().map(|columns| (columns, false));
    let indexes = whole.chain(partial.iter().map(|columns| (columns, true)));
    let indexes = indexes.enumerate().map(|(number, (columns, partial))| Index {
        name: format!("{name}_{number}_idx"),
        columns: columns.iter().map(|column| id(*column)).collect(),
        partial,
    });
    Table {
        name: name.to_owned(),
        kind: TableKind::Table,
        columns: columns.collect(),
        primary_key: key.iter().map(|column| id(*column)).collect(),
        uniques: uniques.collect(),
        foreign_keys: Vec::new(),
        indexes: indexes.collect(),
        triggers: false,
        exclusive: false,
        writes: Writes::ALL,
        span: None,
    }
}
