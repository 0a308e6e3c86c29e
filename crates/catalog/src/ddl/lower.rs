//! A definition becomes a catalog.
//!
//! Role: names become ids; what PostgreSQL alone can know is left out.
//! Output: [`Catalog`].
//! Invariant: every id points into the catalog made here.
//! Not here: faults; whatever does not resolve was reported when it was applied.

use super::allowed::allowed;
use super::ast::{Action, ConstraintKind, CreateIndex, Generated, Name, Reference};
use super::bounds::bounded;
use super::defaults::default_value;
use super::definition::{Definition, TableDef};
use crate::model::{
    Catalog, Column, ColumnId, ForeignKey, Index, Table, TableId, TableKind, UniqueKey, Writes,
};

impl Definition {
    /// The catalog of what exists.
    #[must_use]
    pub fn catalog(&self) -> Catalog {
        let mut catalog = Catalog {
            tables: Vec::new(),
            enums: self.enums.clone(),
        };
        for table in &self.tables {
            catalog.add(lower_table(self, table));
        }
        catalog.spread_triggers(&self.spreading());
        catalog
    }

    /// The keys along which a change of one table changes another: holder and target.
    fn spreading(&self) -> Vec<(TableId, TableId)> {
        let stays = |action: Action| matches!(action, Action::NoAction | Action::Restrict);
        let mut keys = Vec::new();
        for table in &self.tables {
            for key in table
                .references()
                .filter(|key| !stays(key.on_delete) || !stays(key.on_update))
            {
                let holder = self.table_id(&table.name.value);
                keys.extend(holder.zip(self.table_id(&key.table.value)));
            }
        }
        keys
    }

    fn table_id(&self, name: &str) -> Option<TableId> {
        let index = self.tables.iter().position(|table| table.name.value == name)?;
        u32::try_from(index).ok().map(TableId)
    }
}

fn lower_table(definition: &Definition, table: &TableDef) -> Table {
    let mut lowered = Table {
        name: table.name.value.clone(),
        kind: TableKind::Table,
        columns: lower_columns(definition, table),
        primary_key: Vec::new(),
        uniques: Vec::new(),
        foreign_keys: Vec::new(),
        indexes: Vec::new(),
        triggers: table.may_have_triggers(&definition.beyond),
        exclusive: false,
        writes: Writes::ALL,
        span: Some(table.name.span),
    };
    for constraint in &table.constraints {
        let name = constraint
            .name
            .as_ref()
            .map(|name| name.value.clone())
            .unwrap_or_default();
        match &constraint.kind {
            ConstraintKind::PrimaryKey(columns) => {
                lowered.primary_key = ids(table, columns).unwrap_or_default()
            }
            ConstraintKind::Unique { columns, .. } => {
                lowered
                    .uniques
                    .extend(ids(table, columns).map(|columns| UniqueKey { name, columns }));
            }
            ConstraintKind::ForeignKey(key) => {
                lowered
                    .foreign_keys
                    .extend(lower_key(definition, table, key, name));
            }
            ConstraintKind::Other(_) => lowered.exclusive = true,
            ConstraintKind::Check(_) => {}
        }
    }
    for index in &table.indexes {
        lower_index(table, index, &mut lowered);
    }
    lowered
}

fn lower_columns(definition: &Definition, table: &TableDef) -> Vec<Column> {
    let column = |column: &super::ast::ColumnDef| {
        let ty = definition.column_type(&column.ty);
        let always = matches!(
            column.generated,
            Some(Generated::Stored(_) | Generated::Identity { always: true })
        );
        let allowed = if ty.is_text() {
            allowed(table, &column.name.value)
        } else {
            Vec::new()
        };
        Column {
            name: column.name.value.clone(),
            default: default_value(column, &ty),
            ty,
            not_null: column.not_null,
            generated: always,
            allowed,
            bounded: bounded(table, &column.name.value),
            span: Some(column.name.span),
        }
    };
    table.columns.iter().map(column).collect()
}

fn column_id(table: &TableDef, name: &str) -> Option<ColumnId> {
    let index = table
        .columns
        .iter()
        .position(|column| column.name.value == name)?;
    u16::try_from(index).ok().map(ColumnId)
}

fn ids(table: &TableDef, names: &[Name]) -> Option<Vec<ColumnId>> {
    names.iter().map(|name| column_id(table, &name.value)).collect()
}

fn lower_key(definition: &Definition, table: &TableDef, key: &Reference, name: String) -> Option<ForeignKey> {
    if key.schema.is_some() {
        return None;
    }
    let target = definition.table(&key.table.value)?;
    let (columns, references) = (ids(table, &key.columns)?, ids(target, &key.references)?);
    let id = definition.table_id(&key.table.value)?;
    (columns.len() == references.len()).then_some(ForeignKey {
        name,
        columns,
        table: id,
        references,
    })
}

fn lower_index(table: &TableDef, index: &CreateIndex, lowered: &mut Table) {
    let name = index
        .name
        .as_ref()
        .map(|name| name.value.clone())
        .unwrap_or_default();
    let columns: Vec<ColumnId> = index
        .parts
        .iter()
        .map_while(|part| column_id(table, part.column()?))
        .collect();
    lowered.exclusive |= index.unique && index.unique_columns().is_none();
    if index.unique_columns().is_some() {
        lowered.uniques.push(UniqueKey { name, columns });
    } else if index.method.value == "btree" {
        lowered.indexes.push(Index {
            name,
            columns,
            partial: index.predicate.is_some(),
        });
    }
}
