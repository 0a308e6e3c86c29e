//! What the queries of a webhook compare with a tenant.
//!
//! Role: the paths of an event that must be the tenant's key, and which of them are metadata.
//! Invariant: a path counts only where it stands alone: what is computed of it may be anything. Of statements that
//! cross tenants nothing counts.
//! Not here: what is done with them.

use crate::draft::{DraftFilter, DraftQuery, DraftTest, DraftValue, keys};
use crate::manifest::Events;
use crate::tenancy::Tenancy;
use backflow_expr::{Expr, Key, Path};
use backflow_sql::FilterOp;

/// The name of metadata among the members of an object.
pub(super) const METADATA: &str = "metadata";

/// The paths of the payload that a query compares with the tenant's column of its table, or gives to it.
pub(super) fn paths(tenancy: &Tenancy, query: &DraftQuery<'_>) -> Vec<Vec<Key>> {
    let Some(column) = tenancy.tenant_column(query.table) else {
        return Vec::new();
    };
    if query.doc.cross_tenant.is_some() {
        return Vec::new();
    }
    let mut tests = Vec::new();
    query
        .filters
        .iter()
        .for_each(|filter| collect(filter, &mut tests));
    let equal = tests.into_iter().filter(|test| {
        let plain = test.column == Some(column) && test.path.json.is_empty();
        plain && test.operator.op == FilterOp::Eq && !test.operator.negated && !test.doc.not
    });
    let given = query.rows.iter().flatten();
    let given = given
        .filter(|value| value.column == column)
        .map(|value| &value.value);
    let values = equal.map(|test| &test.value).chain(given);
    values
        .filter_map(payload_path)
        .map(|path| keys(path, 0))
        .collect()
}

fn collect<'f, 'a>(filter: &'f DraftFilter<'a>, tests: &mut Vec<&'f DraftTest<'a>>) {
    match filter {
        DraftFilter::Test(test) => tests.push(test),
        DraftFilter::Or(inner) | DraftFilter::And(inner) => {
            inner.iter().for_each(|filter| collect(filter, tests));
        }
        // What must not hold says nothing of the tenant.
        DraftFilter::Not(_) => {}
    }
}

fn payload_path<'v>(value: &'v DraftValue<'_>) -> Option<&'v Path> {
    let DraftValue::Template(template) = value else {
        return None;
    };
    let path = template.single_hole().and_then(Expr::as_path);
    path.filter(|path| path.root.value == "payload")
}

/// The keys of a path with dots in it; none for an empty one.
pub(super) fn keys_of(path: &str) -> Vec<Key> {
    path.split('.')
        .filter(|name| !name.is_empty())
        .map(Key::name)
        .collect()
}

/// Where metadata lies in an event: at the object itself, then where it is copied to.
pub(super) fn homes(events: &Events) -> Vec<Vec<Key>> {
    let below = |path: &str| [keys_of(&events.subject), keys_of(path)].concat();
    let copies = events.snapshots.iter().map(|path| below(path));
    std::iter::once(below(METADATA)).chain(copies).collect()
}

/// The path below metadata, if a path of the payload leads into it.
pub(super) fn metadata_key(events: &Events, path: &[Key]) -> Option<Vec<Key>> {
    let homes = homes(events);
    let below = homes.iter().find_map(|home| path.strip_prefix(home.as_slice()));
    below.filter(|keys| !keys.is_empty()).map(<[Key]>::to_vec)
}
