//! The schema as the statements so far have made it, in the author's words.
//!
//! Role: what `apply` changes and `lower` turns into a [`crate::Catalog`]; a dialect that must rebuild a table
//! reads its full definition here.
//! Invariant: constraints and indexes have names; the columns they list exist, unless a fault was reported.
//! Not here: ids.

use super::ast::{ColumnDef, Constraint, ConstraintKind, CreateIndex, Name, Reference, TypeName};
use super::types::resolve;
use super::unmodelled::Beyond;
use crate::model::{ColumnType, EnumType};

/// Everything that exists after some statements.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Definition {
    /// The tables, in the order they were made.
    pub tables: Vec<TableDef>,
    /// The enum types, in the order they were made.
    pub enums: Vec<EnumType>,
    /// Whether something ran, or could not be read, that may have made tables unknown here.
    pub(crate) opaque: bool,
    /// Statements that are not modelled.
    pub(crate) beyond: Beyond,
}

/// A table with everything that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableDef {
    /// The table.
    pub name: Name,
    /// Its columns, in order; their own `constraints` are empty.
    pub columns: Vec<ColumnDef>,
    /// Its keys and checks.
    pub constraints: Vec<Constraint>,
    /// Its indexes.
    pub indexes: Vec<CreateIndex>,
    /// Whether a part of it could not be read.
    pub(crate) incomplete: bool,
    /// Whether a statement that is not modelled may have given it triggers or rules.
    pub(crate) triggers: bool,
    /// Whether a statement that is not modelled names it and may have changed it.
    pub(crate) touched: bool,
}

impl Definition {
    /// The table of this name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&TableDef> {
        self.tables.iter().find(|table| table.name.value == name)
    }

    pub(crate) fn table_mut(&mut self, name: &str) -> Option<&mut TableDef> {
        self.tables.iter_mut().find(|table| table.name.value == name)
    }

    /// The type behind a name.
    #[must_use]
    pub fn column_type(&self, ty: &TypeName) -> ColumnType {
        resolve(ty, &self.enums)
    }

    /// The table that has an index of this name.
    #[must_use]
    pub fn table_of_index(&self, index: &str) -> Option<&TableDef> {
        self.tables.iter().find(|table| {
            table
                .indexes
                .iter()
                .any(|known| is_named(known.name.as_ref(), index))
        })
    }

    /// Foreign keys of other tables that point at this one, each with its table's name.
    pub fn referrers<'a>(&'a self, table: &'a str) -> impl Iterator<Item = (&'a str, &'a Reference)> {
        self.tables
            .iter()
            .filter(move |other| other.name.value != table)
            .flat_map(move |other| {
                let keys = other
                    .references()
                    .filter(move |key| key.schema.is_none() && key.table.value == table);
                keys.map(|key| (other.name.value.as_str(), key))
            })
    }

    /// Whether a table, index or constraint has this name.
    pub(crate) fn is_taken(&self, name: &str) -> bool {
        self.tables.iter().any(|table| {
            table.name.value == name
                || table
                    .indexes
                    .iter()
                    .any(|index| is_named(index.name.as_ref(), name))
                || table.constraint(name).is_some()
        })
    }
}

impl TableDef {
    /// The column of this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&ColumnDef> {
        self.columns.iter().find(|column| column.name.value == name)
    }

    pub(crate) fn column_mut(&mut self, name: &str) -> Option<&mut ColumnDef> {
        self.columns.iter_mut().find(|column| column.name.value == name)
    }

    /// The constraint of this name.
    #[must_use]
    pub fn constraint(&self, name: &str) -> Option<&Constraint> {
        self.constraints
            .iter()
            .find(|constraint| is_named(constraint.name.as_ref(), name))
    }

    /// The primary key's columns; empty when there is none.
    #[must_use]
    pub fn primary_key(&self) -> &[Name] {
        self.constraints
            .iter()
            .find_map(|constraint| match &constraint.kind {
                ConstraintKind::PrimaryKey(columns) => Some(columns.as_slice()),
                _ => None,
            })
            .unwrap_or(&[])
    }

    /// Its foreign keys.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.constraints
            .iter()
            .filter_map(|constraint| match &constraint.kind {
                ConstraintKind::ForeignKey(key) => Some(key),
                _ => None,
            })
    }

    /// Whether exactly these columns, in any order, are unique.
    #[must_use]
    pub fn is_unique(&self, columns: &[Name]) -> bool {
        let same = |key: &[&str]| {
            key.len() == columns.len() && columns.iter().all(|column| key.contains(&column.value.as_str()))
        };
        let keys = self.constraints.iter().any(|constraint| match &constraint.kind {
            ConstraintKind::PrimaryKey(key) | ConstraintKind::Unique { columns: key, .. } => {
                same(&key.iter().map(|name| name.value.as_str()).collect::<Vec<_>>())
            }
            _ => false,
        });
        keys || self
            .indexes
            .iter()
            .filter_map(CreateIndex::unique_columns)
            .any(|key| same(&key))
    }
}

impl CreateIndex {
    /// Its columns if it makes them unique in every row.
    #[must_use]
    pub fn unique_columns(&self) -> Option<Vec<&str>> {
        if !self.unique || self.predicate.is_some() {
            return None;
        }
        self.parts.iter().map(super::ast::IndexPart::column).collect()
    }
}

impl super::ast::IndexPart {
    /// The column, if it is not an expression.
    #[must_use]
    pub fn column(&self) -> Option<&str> {
        match &self.value.expr.kind {
            super::expr::ExprKind::Column(name) => Some(name),
            _ => None,
        }
    }
}

impl ConstraintKind {
    /// The columns of the table that it is about.
    #[must_use]
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Self::PrimaryKey(columns) | Self::Unique { columns, .. } => {
                columns.iter().map(|name| name.value.as_str()).collect()
            }
            Self::ForeignKey(key) => key.columns.iter().map(|name| name.value.as_str()).collect(),
            Self::Check(check) => check.expr.columns().into_iter().map(|(name, _)| name).collect(),
            Self::Other(_) => Vec::new(),
        }
    }
}

pub(crate) fn is_named(name: Option<&Name>, wanted: &str) -> bool {
    name.is_some_and(|name| name.value == wanted)
}
