//! What tells whose an event is: columns and keys of metadata, over all webhooks of a project.
//!
//! Role: the convention `<provider>_<object>_id`, and the metadata that webhooks compare with a tenant.
//! Invariant: whatever a webhook believes by itself is here, so that no caller can fill it (`claimed`).
//! Not here: what the author declares under `tenant`; that is the author's word.

use super::compared;
use crate::draft::DraftQuery;
use crate::manifest::Events;
use crate::project::{Project, workflow_queries};
use crate::tenancy::Tenancy;
use backflow_catalog::{ColumnId, TableId};
use backflow_config::document::Webhook;
use backflow_diag::Diagnostics;
use backflow_expr::Key;
use std::collections::BTreeMap;

/// What tells whose an event is.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    /// Columns, and a webhook that looks there.
    pub(super) columns: BTreeMap<(TableId, ColumnId), String>,
    /// Keys below the metadata of a provider's objects.
    pub(super) metadata: Vec<MetadataMark>,
}

/// A key below the metadata of a provider's objects, and a webhook that reads it.
#[derive(Debug)]
pub(super) struct MetadataMark {
    pub(super) provider: String,
    pub(super) keys: Vec<Key>,
    pub(super) webhook: String,
}

/// What is known of the events of a webhook's provider.
pub(super) fn events<'p>(project: &'p Project<'_>, doc: &Webhook) -> Option<&'p Events> {
    project.manifests.events(&doc.provider.value)
}

/// The marks of all webhooks.
pub(crate) fn of(project: &Project<'_>) -> Marks {
    let mut marks = Marks::default();
    let Some(tenancy) = &project.tenancy else {
        return marks;
    };
    for doc in &project.document.webhooks {
        let (name, provider) = (&doc.name.value, &doc.provider.value);
        for (table, column, _) in columns(project, tenancy, doc) {
            marks
                .columns
                .entry((table, column))
                .or_insert_with(|| name.clone());
        }
        let unknown = Events::unknown();
        let known = events(project, doc).unwrap_or(&unknown);
        for keys in metadata(project, tenancy, (doc, known)) {
            marks.metadata.push(MetadataMark {
                provider: provider.clone(),
                keys,
                webhook: name.clone(),
            });
        }
    }
    marks
}

/// The metadata that a webhook compares with a tenant.
fn metadata(project: &Project<'_>, tenancy: &Tenancy, (doc, known): (&Webhook, &Events)) -> Vec<Vec<Key>> {
    let queries = doc
        .actions
        .iter()
        .flat_map(|action| workflow_queries(&action.workflow));
    let drafts =
        queries.filter_map(|query| DraftQuery::read(&project.catalog, query, &mut Diagnostics::default()));
    let paths = drafts.flat_map(|draft| compared::paths(tenancy, &draft));
    let mut found = Vec::new();
    for keys in paths.filter_map(|path| compared::metadata_key(known, &path)) {
        if !found.contains(&keys) {
            found.push(keys);
        }
    }
    found
}

/// Columns of tables whose rows name their tenant that hold ids of a provider's objects: `stripe_customer_id` holds
/// those of `customer`.
pub(super) fn columns<'p>(
    project: &'p Project<'_>,
    tenancy: &Tenancy,
    doc: &Webhook,
) -> Vec<(TableId, ColumnId, &'p str)> {
    let Some(known) = events(project, doc) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for table in project.catalog.table_ids() {
        let Some(tenant) = tenancy.tenant_column(table) else {
            continue;
        };
        for column in project
            .table(table)
            .column_ids()
            .filter(|column| *column != tenant)
        {
            let declared = project.column(table, column);
            let object = object_of(&declared.name, &doc.provider.value);
            let object = object.filter(|object| !known.shared.iter().any(|shared| shared == object));
            let plain = declared.ty.is_text() || declared.ty.is_number();
            found.extend(object.filter(|_| plain).map(|object| (table, column, object)));
        }
    }
    found
}

/// `customer` of `stripe_customer_id`.
fn object_of<'n>(column: &'n str, provider: &str) -> Option<&'n str> {
    let rest = column.strip_prefix(provider)?.strip_prefix('_')?;
    rest.strip_suffix("_id").filter(|object| !object.is_empty())
}
