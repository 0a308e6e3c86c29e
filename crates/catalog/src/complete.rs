//! The catalog of a project on PostgreSQL: what the files say, completed by what lives.
//!
//! Role: statements that the reader does not model make views, tables and columns; the database knows them.
//! Input: a [`Schema`] read from files, a [`Catalog`] read from a database. Output: one [`Catalog`].
//! Invariant: what the files say of a table stands, unless a statement that is not modelled names the table; so
//! a difference is seen as drift and not taken for granted.
//! Not here: reporting differences.

use crate::ddl::Schema;
use crate::model::{
    Catalog, Column, ColumnId, ColumnType, EnumId, ForeignKey, Index, Table, TableKind, UniqueKey,
};

/// Completes the catalog of files by a live one.
#[must_use]
pub fn complete(schema: &Schema, live: &Catalog) -> Catalog {
    let changes_types = schema.changes_types();
    let mut enums = schema.catalog.enums.clone();
    let ids: Vec<EnumId> = live
        .enums
        .iter()
        .map(|ty| {
            let at = enums.iter().position(|known| known.name == ty.name);
            if let Some(known) = at.and_then(|at| enums.get_mut(at)) {
                if changes_types {
                    known.labels.clone_from(&ty.labels);
                }
            } else {
                enums.push(ty.clone());
            }
            EnumId(u32::try_from(at.unwrap_or(enums.len() - 1)).unwrap_or(u32::MAX))
        })
        .collect();
    let mut sources: Vec<Source<'_>> = Vec::new();
    for (id, table) in schema.catalog.table_ids().zip(&schema.catalog.tables) {
        let found = live.find(&table.name).map(|id| live.table(id));
        sources.push(match found {
            Some(found) if schema.touched.contains(&id) => taken(table, found, live, &ids),
            found => kept(table, schema, found, &ids),
        });
    }
    for table in &live.tables {
        if schema.catalog.find(&table.name).is_none() && table.kind != TableKind::Directory {
            sources.push(taken(table, table, live, &ids));
        }
    }
    let mut catalog = Catalog {
        tables: sources.iter().map(|source| source.table.clone()).collect(),
        enums,
    };
    for (at, source) in sources.iter().enumerate() {
        let keys = source.keys(&catalog);
        if let Some(table) = catalog.tables.get_mut(at) {
            (
                table.primary_key,
                table.uniques,
                table.foreign_keys,
                table.indexes,
            ) = keys;
        }
    }
    catalog
}

/// A table without keys, and where its keys come from.
struct Source<'a> {
    table: Table,
    keys: (&'a Table, &'a Catalog),
    /// Further indexes.
    indexes: Option<&'a Table>,
}

fn bare(table: &Table, columns: Vec<Column>) -> Table {
    Table {
        name: table.name.clone(),
        kind: table.kind,
        columns,
        primary_key: Vec::new(),
        uniques: Vec::new(),
        foreign_keys: Vec::new(),
        indexes: Vec::new(),
        triggers: table.triggers,
        exclusive: table.exclusive,
        writes: table.writes,
        span: table.span,
    }
}

/// A table as the database has it; from the files only where it is declared.
fn taken<'a>(declared: &Table, found: &'a Table, live: &'a Catalog, ids: &[EnumId]) -> Source<'a> {
    let columns = found.columns.iter().map(|column| Column {
        span: declared
            .column(&column.name)
            .and_then(|id| declared.columns.get(usize::from(id.0))?.span),
        ..renumbered(column, ids)
    });
    let mut table = bare(found, columns.collect());
    table.span = declared.span;
    Source {
        table,
        keys: (found, live),
        indexes: None,
    }
}

/// A table as the files have it; from the database only what they leave open.
fn kept<'a>(declared: &'a Table, schema: &'a Schema, found: Option<&'a Table>, ids: &[EnumId]) -> Source<'a> {
    let (runs_code, changes_types) = (schema.runs_code(), schema.changes_types());
    let mut columns = declared.columns.clone();
    if let Some(found) = found {
        for column in &found.columns {
            match columns.iter_mut().find(|known| known.name == column.name) {
                Some(known) if is_open(&known.ty, changes_types) => {
                    let same = renumbered(column, ids);
                    known.ty = same.ty;
                    known.not_null |= same.not_null;
                    known.allowed = same.allowed;
                    known.bounded = same.bounded;
                    known.default = same.default;
                }
                Some(_) => {}
                None if runs_code => columns.push(renumbered(column, ids)),
                None => {}
            }
        }
    }
    let mut table = bare(declared, columns);
    if let Some(found) = found {
        table.triggers = found.triggers;
        table.exclusive |= found.exclusive;
    }
    Source {
        table,
        keys: (declared, &schema.catalog),
        indexes: found,
    }
}

/// Whether only the database knows the type.
fn is_open(ty: &ColumnType, changes_types: bool) -> bool {
    match ty {
        ColumnType::Other(_) => true,
        ColumnType::Enum(_) => changes_types,
        ColumnType::Array(item) => is_open(item, changes_types),
        _ => false,
    }
}

fn renumbered(column: &Column, ids: &[EnumId]) -> Column {
    Column {
        ty: renumbered_type(&column.ty, ids),
        ..column.clone()
    }
}

fn renumbered_type(ty: &ColumnType, ids: &[EnumId]) -> ColumnType {
    match ty {
        ColumnType::Enum(id) => ColumnType::Enum(ids.get(id.0 as usize).copied().unwrap_or(*id)),
        ColumnType::Array(item) => ColumnType::Array(Box::new(renumbered_type(item, ids))),
        other => other.clone(),
    }
}

type Keys = (Vec<ColumnId>, Vec<UniqueKey>, Vec<ForeignKey>, Vec<Index>);

impl Source<'_> {
    /// Its keys with the ids of the completed catalog; a key on what is not there is left out.
    fn keys(&self, catalog: &Catalog) -> Keys {
        let (from, home) = self.keys;
        let own = |columns: &[ColumnId]| by_name(from, columns, &self.table);
        let unique = |key: &UniqueKey| {
            let columns = own(&key.columns)?;
            Some(UniqueKey {
                name: key.name.clone(),
                columns,
            })
        };
        let foreign = |key: &ForeignKey| {
            let old = home.table(key.table);
            let table = catalog.find(&old.name)?;
            Some(ForeignKey {
                name: key.name.clone(),
                columns: own(&key.columns)?,
                table,
                references: by_name(old, &key.references, catalog.table(table))?,
            })
        };
        let mut indexes: Vec<Index> = Vec::new();
        for (table, index) in [Some(from), self.indexes]
            .into_iter()
            .flatten()
            .flat_map(|table| table.indexes.iter().map(move |index| (table, index)))
        {
            let columns = by_name(table, &index.columns, &self.table);
            if let Some(columns) = columns.filter(|_| indexes.iter().all(|known| known.name != index.name)) {
                indexes.push(Index {
                    columns,
                    ..index.clone()
                });
            }
        }
        (
            own(&from.primary_key).unwrap_or_default(),
            from.uniques.iter().filter_map(unique).collect(),
            from.foreign_keys.iter().filter_map(foreign).collect(),
            indexes,
        )
    }
}

/// The same columns in another form of the table.
fn by_name(from: &Table, columns: &[ColumnId], to: &Table) -> Option<Vec<ColumnId>> {
    let same = |column: &ColumnId| to.column(&from.columns.get(usize::from(column.0))?.name);
    columns.iter().map(same).collect()
}

#[cfg(test)]
mod tests;
