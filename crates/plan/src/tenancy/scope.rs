//! The way of every table to its tenant.
//!
//! Invariant: a table of the author is global only if that is declared, or no way leads from it to a tenant.
//! Not here: which table holds the tenants; see `infer`.
//!
//! Direct ways win over indirect ones, keys over names. Several ways of the same rank are unclear.

use super::{Scope, Tenancy};
use crate::draft;
use backflow_catalog::{Catalog, ColumnId, TableId, TableKind, singular};
use backflow_config::document::TenancyKeys;
use backflow_diag::{Diagnostic, Diagnostics, Spanned, codes};

/// The scope of every table, by id.
pub(super) fn all(
    catalog: &Catalog,
    tenancy: &Tenancy,
    keys: Option<&TenancyKeys>,
    out: &mut Diagnostics,
) -> Vec<Scope> {
    let mut scopes: Vec<Option<Scope>> = catalog
        .table_ids()
        .map(|id| direct(catalog, tenancy, id))
        .collect();
    if let Some(keys) = keys {
        declare(catalog, tenancy, keys, &mut scopes, out);
    }
    by_name(catalog, tenancy, &mut scopes);
    by_parents(catalog, &mut scopes);
    by_name_only(catalog, tenancy, &mut scopes);
    by_parents(catalog, &mut scopes);
    let scopes: Vec<Scope> = scopes
        .into_iter()
        .map(|scope| scope.unwrap_or(Scope::Global))
        .collect();
    let lost: Vec<_> = catalog
        .table_ids()
        .map(|id| leads_nowhere(catalog, &scopes, id))
        .collect();
    let settled = scopes.into_iter().zip(lost);
    settled
        .map(|(scope, lost)| lost.map_or(scope, |way| Scope::Unclear(vec![way])))
        .collect()
}

/// Why the parents of a table lead to no tenant, if they do not: declared ways may end at a table that belongs
/// to nobody, or go round in a circle.
fn leads_nowhere(catalog: &Catalog, scopes: &[Scope], id: TableId) -> Option<String> {
    let mut at = id;
    for _ in scopes {
        match scopes.get(at.0 as usize)? {
            Scope::Parent { parent, .. } => at = *parent,
            Scope::Global if at != id => {
                return Some(format!(
                    "through `{}`, which belongs to no tenant",
                    catalog.table(at).name
                ));
            }
            Scope::Unclear(_) if at != id => {
                return Some(format!(
                    "through `{}`, of which it is not clear",
                    catalog.table(at).name
                ));
            }
            _ => return None,
        }
    }
    Some("its parents lead round in a circle, to no tenant".to_owned())
}

/// The tenants themselves, keys to them, views.
fn direct(catalog: &Catalog, tenancy: &Tenancy, id: TableId) -> Option<Scope> {
    let table = catalog.table(id);
    match table.kind {
        TableKind::View => return Some(Scope::Unclear(vec!["it is a view".to_owned()])),
        TableKind::Directory => return Some(Scope::Global),
        TableKind::Table => {}
    }
    if id == tenancy.table {
        return Some(Scope::Tenant);
    }
    if id == tenancy.members.table {
        return Some(Scope::Column {
            column: tenancy.members.tenant,
            inferred: false,
        });
    }
    let columns: Vec<ColumnId> = table
        .foreign_keys
        .iter()
        .filter(|key| key.table == tenancy.table && key.references == [tenancy.key])
        .filter_map(|key| key.columns.first().copied())
        .collect();
    match columns.as_slice() {
        [] => None,
        [column] => Some(Scope::Column {
            column: *column,
            inferred: false,
        }),
        several => Some(Scope::Unclear(
            several
                .iter()
                .map(|c| catalog.column(id, *c).name.clone())
                .collect(),
        )),
    }
}

fn declare(
    catalog: &Catalog,
    tenancy: &Tenancy,
    keys: &TenancyKeys,
    scopes: &mut [Option<Scope>],
    out: &mut Diagnostics,
) {
    for (name, column) in &keys.tables {
        let Some(id) = draft::table(catalog, name, out) else {
            continue;
        };
        if id == tenancy.table || id == tenancy.members.table {
            out.push(fixed(name));
            continue;
        }
        let scope = match column {
            None => Scope::Global,
            Some(column) => {
                let Some(column) = draft::column(catalog, id, column, out) else {
                    continue;
                };
                declared_column(catalog, tenancy, id, column)
            }
        };
        if let Some(entry) = scopes.get_mut(id.0 as usize) {
            *entry = Some(scope);
        }
    }
}

/// Everything else is judged by these two.
fn fixed(name: &Spanned<String>) -> Diagnostic {
    Diagnostic::new(
        codes::BAD_TENANCY,
        format!("how `{}` belongs to tenants cannot be declared", name.value),
    )
    .at(name.span, "holds the tenants, or their members")
    .note("whose rows a caller may touch is judged by these tables; they are scoped by the tenant's key")
    .help(
        "take it out of `tenancy.tables`, or choose other tables with `tenancy.table` and `tenancy.members`",
    )
}

/// A declared column names the tenant, unless its key leads to another table: then that row does.
fn declared_column(catalog: &Catalog, tenancy: &Tenancy, id: TableId, column: ColumnId) -> Scope {
    let key = catalog
        .table(id)
        .foreign_keys
        .iter()
        .find(|key| key.columns == [column]);
    match key {
        Some(key) if key.table != tenancy.table || key.references != [tenancy.key] => Scope::Parent {
            pairs: key
                .columns
                .iter()
                .copied()
                .zip(key.references.iter().copied())
                .collect(),
            parent: key.table,
        },
        _ => Scope::Column {
            column,
            inferred: key.is_none(),
        },
    }
}

/// Tables without a key whose column is called like a tenant column, or `<singular>_id` of the tenants.
fn by_name(catalog: &Catalog, tenancy: &Tenancy, scopes: &mut [Option<Scope>]) {
    let names = tenant_names(catalog, tenancy, scopes);
    let key_type = &catalog.column(tenancy.table, tenancy.key).ty;
    for (id, scope) in catalog.table_ids().zip(scopes.iter_mut()) {
        let table = catalog.table(id);
        let named = table
            .column_ids()
            .find(|c| names.contains(&catalog.column(id, *c).name) && catalog.column(id, *c).ty == *key_type);
        if let (None, Some(column)) = (&scope, named) {
            *scope = Some(Scope::Column {
                column,
                inferred: true,
            });
        }
    }
}

/// Tables without a way, with a column that is called like a tenant column but cannot be one: neither surely
/// a tenant's nor surely everybody's.
fn by_name_only(catalog: &Catalog, tenancy: &Tenancy, scopes: &mut [Option<Scope>]) {
    let names = tenant_names(catalog, tenancy, scopes);
    let tenants = &catalog.table(tenancy.table).name;
    for (id, scope) in catalog.table_ids().zip(scopes.iter_mut()) {
        let columns = &catalog.table(id).columns;
        if let (None, Some(column)) = (&scope, columns.iter().find(|c| names.contains(&c.name))) {
            let way = format!(
                "`{}` is called like a key of `{tenants}`, but has another type",
                column.name
            );
            *scope = Some(Scope::Unclear(vec![way]));
        }
    }
}

/// What columns that name the tenant are called: as those with a key to it, or `<singular>_id`. The name of the
/// tenants' own key says nothing: every table has an `id`.
fn tenant_names(catalog: &Catalog, tenancy: &Tenancy, scopes: &[Option<Scope>]) -> Vec<String> {
    let own = &catalog.column(tenancy.table, tenancy.key).name;
    let mut names = vec![format!("{}_id", singular(&catalog.table(tenancy.table).name))];
    for (id, scope) in catalog.table_ids().zip(scopes.iter()) {
        if let Some(Scope::Column {
            column,
            inferred: false,
        }) = scope
        {
            names.push(catalog.column(id, *column).name.clone());
        }
    }
    names.retain(|name| name != own);
    names
}

/// Each round settles the tables whose parents were settled in the round before.
fn by_parents(catalog: &Catalog, scopes: &mut [Option<Scope>]) {
    while let Some((id, scope)) = next_indirect(catalog, scopes) {
        if let Some(entry) = scopes.get_mut(id.0 as usize) {
            *entry = Some(scope);
        }
    }
}

/// A table without a way whose keys lead to tables that have one.
fn next_indirect(catalog: &Catalog, scopes: &[Option<Scope>]) -> Option<(TableId, Scope)> {
    let scoped = |id: TableId| {
        scopes
            .get(id.0 as usize)
            .and_then(Option::as_ref)
            .is_some_and(|scope| *scope != Scope::Global)
    };
    for id in catalog
        .table_ids()
        .filter(|id| scopes.get(id.0 as usize).is_some_and(Option::is_none))
    {
        let parents: Vec<_> = catalog
            .table(id)
            .foreign_keys
            .iter()
            .filter(|key| key.table != id && scoped(key.table))
            .collect();
        match parents.as_slice() {
            [] => {}
            [key] if is_unclear(scopes, key.table) => {
                let way = format!(
                    "through `{}`, of which it is not clear",
                    catalog.table(key.table).name
                );
                return Some((id, Scope::Unclear(vec![way])));
            }
            [key] => {
                let pairs = key
                    .columns
                    .iter()
                    .copied()
                    .zip(key.references.iter().copied())
                    .collect();
                return Some((
                    id,
                    Scope::Parent {
                        pairs,
                        parent: key.table,
                    },
                ));
            }
            several => {
                let names = several.iter().map(|key| {
                    let columns: Vec<&str> = key
                        .columns
                        .iter()
                        .map(|c| catalog.column(id, *c).name.as_str())
                        .collect();
                    columns.join(", ")
                });
                return Some((id, Scope::Unclear(names.collect())));
            }
        }
    }
    None
}

fn is_unclear(scopes: &[Option<Scope>], table: TableId) -> bool {
    matches!(scopes.get(table.0 as usize), Some(Some(Scope::Unclear(_))))
}
