//! How a route names its tenant.
//!
//! Invariant: what the route says itself wins over names of its path.
//! Not here: whether the caller is a member; the guard finds out.

use crate::project::Project;
use backflow_catalog::{ColumnId, singular};
use backflow_config::document::Route;

use crate::model::{PathPattern, Segment};

/// What in a request names the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NamedBy {
    /// A path parameter, compared with a unique column of the tenants' table.
    Param {
        /// Its position.
        index: usize,
        /// The column.
        column: ColumnId,
    },
    /// The route's `tenant` template.
    Template,
    /// All tenants of the caller.
    Mine,
}

/// What the route itself says; `None`: header, then claim.
pub(crate) fn named_by(project: &Project<'_>, route: &Route, path: &PathPattern) -> Option<NamedBy> {
    if let Some(tenant) = &route.tenant {
        return Some(if tenant.as_str() == "mine" {
            NamedBy::Mine
        } else {
            NamedBy::Template
        });
    }
    let tenancy = project.tenancy.as_ref()?;
    let table = project.table(tenancy.table);
    let one = singular(&table.name);
    let mut index = 0;
    let mut before: Option<&str> = None;
    let mut by_name = None;
    for segment in &path.0 {
        match segment {
            Segment::Fixed(text) => before = Some(text),
            Segment::Param(name) => {
                if before == Some(table.name.as_str()) || before == Some(one.as_str()) {
                    let unique = table.column(name).filter(|column| table.is_unique(&[*column]));
                    return Some(NamedBy::Param {
                        index,
                        column: unique.unwrap_or(tenancy.key),
                    });
                }
                let conventional = *name == format!("{one}_id") || *name == format!("{one}Id");
                if conventional || tenancy.params.contains(name) {
                    by_name.get_or_insert(NamedBy::Param {
                        index,
                        column: tenancy.key,
                    });
                }
                before = None;
                index += 1;
            }
        }
    }
    by_name
}
