//! A catalog out of rows.
//!
//! Role: numbers of the server become ids of the catalog.
//! Invariant: every id points into the catalog; a key to a relation that is not in it is left out.
//! Not here: types (`types`).

use super::Live;
use super::rows::{self, Found, Relation};
use super::types::Types;
use backflow_catalog::ddl::{printed_bounds, printed_choices, printed_default};
use backflow_catalog::{
    Catalog, Column, ColumnId, DefaultValue, ForeignKey, Index, Table, TableId, TableKind, UniqueKey,
};
use std::collections::HashMap;

/// Where the things of the server are in the catalog.
struct Places {
    tables: HashMap<u32, TableId>,
    /// By relation and number of the column, which is no position: columns that were dropped leave gaps.
    columns: HashMap<(u32, i16), ColumnId>,
}

impl Places {
    fn columns(&self, relation: u32, numbers: &[i16]) -> Option<Vec<ColumnId>> {
        let place = |number: &i16| self.columns.get(&(relation, *number)).copied();
        numbers.iter().map(place).collect()
    }
}

/// What lives.
pub(super) fn live(found: &Found) -> Live {
    let (types, enums) = Types::new(&found.types);
    let mut catalog = Catalog {
        tables: Vec::new(),
        enums,
    };
    let mut places = Places {
        tables: HashMap::new(),
        columns: HashMap::new(),
    };
    for relation in &found.relations {
        places.tables.insert(relation.oid, catalog.add(table(relation)));
    }
    for row in &found.columns {
        let Some(table) = table_of(&mut catalog, &places, row.relation) else {
            continue;
        };
        if let Ok(at) = u16::try_from(table.columns.len()) {
            places.columns.insert((row.relation, row.number), ColumnId(at));
        }
        table.columns.push(column(row, &types, &found.constraints));
    }
    for row in &found.constraints {
        add_key(&mut catalog, &places, row);
    }
    for row in &found.indexes {
        add_index(&mut catalog, &places, row);
    }
    spread_triggers(&mut catalog, &places, &found.constraints);
    let veiled = found.relations.iter().filter(|relation| relation.is_veiled);
    Live {
        catalog,
        veiled: veiled.map(|relation| relation.name.clone()).collect(),
    }
}

fn table_of<'c>(catalog: &'c mut Catalog, places: &Places, relation: u32) -> Option<&'c mut Table> {
    let id = places.tables.get(&relation)?;
    catalog.tables.get_mut(id.0 as usize)
}

fn table(relation: &Relation) -> Table {
    let kind = match relation.kind.as_str() {
        "v" | "m" => TableKind::View,
        _ if relation.is_ours => TableKind::Directory,
        _ => TableKind::Table,
    };
    Table {
        name: relation.name.clone(),
        kind,
        columns: Vec::new(),
        primary_key: Vec::new(),
        uniques: Vec::new(),
        foreign_keys: Vec::new(),
        indexes: Vec::new(),
        triggers: relation.has_triggers,
        exclusive: false,
        writes: relation.writes,
        span: None,
    }
}

fn column(row: &rows::Column, types: &Types<'_>, constraints: &[rows::Constraint]) -> Column {
    let resolved = types.resolve(row.ty, row.modifier);
    let checks = || {
        let of_column =
            |one: &&rows::Constraint| one.relation == row.relation && one.columns.contains(&row.number);
        constraints
            .iter()
            .filter(of_column)
            .filter_map(|one| one.check.as_deref())
    };
    let own = || checks().filter_map(condition);
    let of_domains = || resolved.checks.iter().filter_map(|check| condition(check));
    // Rows that are there need not obey what is not valid.
    let bounds = (
        printed_bounds(own(), &row.name),
        printed_bounds(of_domains(), "value"),
    );
    let bounded = match bounds {
        (Some(own), Some(of_domains)) if !checks().any(|check| check.ends_with("NOT VALID")) => {
            Some(own.max(of_domains))
        }
        _ => None,
    };
    let allowed = if resolved.ty.is_text() {
        let mut allowed = printed_choices(own(), &row.name);
        if allowed.is_empty() {
            allowed = printed_choices(of_domains(), "value");
        }
        allowed
    } else {
        Vec::new()
    };
    let default = match (row.generated.as_str(), row.identity.as_str()) {
        ("", "") => {
            let text = row.default.as_deref().or(resolved.default);
            text.and_then(|text| printed_default(text, &resolved.ty))
        }
        ("", _) => Some(DefaultValue::Sequence),
        _ => None,
    };
    Column {
        name: row.name.clone(),
        ty: resolved.ty,
        not_null: row.not_null || resolved.not_null,
        default,
        generated: !row.generated.is_empty() || row.identity == "a",
        allowed,
        bounded,
        span: None,
    }
}

/// The condition in `CHECK (…) NOT VALID`.
fn condition(printed: &str) -> Option<&str> {
    let start = printed.find('(')?;
    let end = printed.rfind(')')?;
    printed.get(start..=end)
}

fn add_key(catalog: &mut Catalog, places: &Places, row: &rows::Constraint) {
    if row.kind == "x"
        && let Some(table) = table_of(catalog, places, row.relation)
    {
        table.exclusive = true;
    }
    let Some(columns) = places.columns(row.relation, &row.columns) else {
        return;
    };
    let target = places.tables.get(&row.target).copied();
    let references = places.columns(row.target, &row.references);
    let Some(table) = table_of(catalog, places, row.relation) else {
        return;
    };
    let name = row.name.clone();
    match row.kind.as_str() {
        "p" => table.primary_key = columns,
        "u" => table.uniques.push(UniqueKey { name, columns }),
        "f" => {
            if let (Some(target), Some(references)) = (target, references) {
                table.foreign_keys.push(ForeignKey {
                    name,
                    columns,
                    table: target,
                    references,
                });
            }
        }
        _ => {}
    }
}

fn add_index(catalog: &mut Catalog, places: &Places, row: &rows::Index) {
    let all = places.columns(row.relation, &row.columns);
    let leading = row.columns.iter().take_while(|number| **number != 0).copied();
    let leading = places.columns(row.relation, &leading.collect::<Vec<_>>());
    let Some(table) = table_of(catalog, places, row.relation) else {
        return;
    };
    let name = row.name.clone();
    table.exclusive |= row.unique && (row.partial || all.is_none());
    match (all, leading) {
        (Some(columns), _) if row.unique && !row.partial => table.uniques.push(UniqueKey { name, columns }),
        (_, Some(columns)) if row.btree => table.indexes.push(Index {
            name,
            columns,
            partial: row.partial,
        }),
        _ => {}
    }
}

/// A change that spreads along keys (`ON DELETE CASCADE`) is one to the tables that it reaches, too.
fn spread_triggers(catalog: &mut Catalog, places: &Places, constraints: &[rows::Constraint]) {
    let keys = constraints.iter().filter(|row| row.kind == "f" && row.follows);
    let keys: Vec<(TableId, TableId)> = keys
        .filter_map(|row| {
            Some((
                *places.tables.get(&row.relation)?,
                *places.tables.get(&row.target)?,
            ))
        })
        .collect();
    catalog.spread_triggers(&keys);
}
