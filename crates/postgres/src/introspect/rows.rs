//! Rows of the system's tables.
//!
//! Role: each struct is a row of one question, its fields in the order of the answer.
//! Invariant: nothing is judged here.
//! Not here: the questions; see `queries`.

use backflow_catalog::Writes;
use tokio_postgres::{Error, Row};

/// All answers.
pub(super) struct Found {
    pub(super) relations: Vec<Relation>,
    pub(super) columns: Vec<Column>,
    pub(super) types: Vec<Type>,
    pub(super) constraints: Vec<Constraint>,
    pub(super) indexes: Vec<Index>,
}

/// A table or view.
pub(super) struct Relation {
    pub(super) oid: u32,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) is_ours: bool,
    pub(super) has_triggers: bool,
    pub(super) writes: Writes,
    pub(super) is_veiled: bool,
}

impl Relation {
    pub(super) fn read(row: &Row) -> Result<Self, Error> {
        Ok(Relation {
            oid: row.try_get(0)?,
            name: row.try_get(1)?,
            kind: row.try_get(2)?,
            is_ours: row.try_get(3)?,
            has_triggers: row.try_get(4)?,
            is_veiled: row.try_get(5)?,
            writes: Writes {
                insert: row.try_get(6)?,
                update: row.try_get(7)?,
                delete: row.try_get(8)?,
            },
        })
    }
}

/// A column.
pub(super) struct Column {
    pub(super) relation: u32,
    pub(super) number: i16,
    pub(super) name: String,
    pub(super) ty: u32,
    pub(super) modifier: i32,
    pub(super) not_null: bool,
    pub(super) identity: String,
    pub(super) generated: String,
    pub(super) default: Option<String>,
}

impl Column {
    pub(super) fn read(row: &Row) -> Result<Self, Error> {
        Ok(Column {
            relation: row.try_get(0)?,
            number: row.try_get(1)?,
            name: row.try_get(2)?,
            ty: row.try_get(3)?,
            modifier: row.try_get(4)?,
            not_null: row.try_get(5)?,
            identity: row.try_get(6)?,
            generated: row.try_get(7)?,
            default: row.try_get(8)?,
        })
    }
}

/// A type.
pub(super) struct Type {
    pub(super) oid: u32,
    pub(super) name: String,
    pub(super) is_systems: bool,
    pub(super) is_visible: bool,
    pub(super) kind: String,
    pub(super) element: u32,
    pub(super) base: u32,
    pub(super) modifier: i32,
    pub(super) not_null: bool,
    pub(super) default: Option<String>,
    pub(super) labels: Vec<String>,
    pub(super) checks: Vec<String>,
}

impl Type {
    pub(super) fn read(row: &Row) -> Result<Self, Error> {
        Ok(Type {
            oid: row.try_get(0)?,
            name: row.try_get(1)?,
            is_systems: row.try_get(2)?,
            is_visible: row.try_get(3)?,
            kind: row.try_get(4)?,
            element: row.try_get(5)?,
            base: row.try_get(6)?,
            modifier: row.try_get(7)?,
            not_null: row.try_get(8)?,
            default: row.try_get(9)?,
            labels: row.try_get(10)?,
            checks: row.try_get(11)?,
        })
    }
}

/// A key or check.
pub(super) struct Constraint {
    pub(super) relation: u32,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) columns: Vec<i16>,
    pub(super) target: u32,
    pub(super) references: Vec<i16>,
    /// A change of the row it points at changes or removes the row that has it.
    pub(super) follows: bool,
    pub(super) check: Option<String>,
}

impl Constraint {
    pub(super) fn read(row: &Row) -> Result<Self, Error> {
        Ok(Constraint {
            relation: row.try_get(0)?,
            name: row.try_get(1)?,
            kind: row.try_get(2)?,
            columns: row.try_get(3)?,
            target: row.try_get(4)?,
            references: row.try_get(5)?,
            follows: row.try_get(6)?,
            check: row.try_get(7)?,
        })
    }
}

/// An index; zero stands for an expression among its columns.
pub(super) struct Index {
    pub(super) relation: u32,
    pub(super) name: String,
    pub(super) unique: bool,
    pub(super) partial: bool,
    pub(super) btree: bool,
    pub(super) columns: Vec<i16>,
}

impl Index {
    pub(super) fn read(row: &Row) -> Result<Self, Error> {
        Ok(Index {
            relation: row.try_get(0)?,
            name: row.try_get(1)?,
            unique: row.try_get(2)?,
            partial: row.try_get(3)?,
            btree: row.try_get(4)?,
            columns: row.try_get(5)?,
        })
    }
}
