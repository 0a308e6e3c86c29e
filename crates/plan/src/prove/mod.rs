//! The proof that no request crosses a tenant boundary.
//!
//! Role: gives every statement a [`Kind`], from the data flow of the config alone.
//! Input: drafts of a route's queries. Output: kinds; or faults with a request that would leak.
//! Invariant: a statement on scoped rows whose kind cannot be shown is a fault, never "all rows".
//! Not here: the predicates that follow from a kind; see `lower::pin`.
//!
//! A workflow that calls a provider is several transactions. What is pinned stays pinned in all of them, to the key
//! that the first one verified. So does what is written under a tenant that the run itself has made: its key is
//! the result of the run's own insert, which no caller can name. What a secret opened does not (`stale`).

mod capability;
mod kind;
mod leak;
mod place;
mod stale;

pub(crate) use kind::{Flow, Stand, decide};
pub(crate) use place::{NamedBy, named_by};

use backflow_catalog::ColumnId;

/// Why a statement touches only rows that its caller may touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It touches no tenant's rows.
    Global,
    /// It crosses tenants on purpose; the author gave a reason.
    Cross(String),
    /// Every scoped row in it belongs to the route's tenant, of which the caller is a member.
    Pinned,
    /// It makes the tenant.
    Creates,
    /// Its rows belong to the tenant that the query at this position makes.
    Created {
        /// Position of the query that makes the tenant.
        by: usize,
    },
    /// It finds a row by a secret.
    Capability {
        /// The secret's column.
        column: ColumnId,
    },
    /// It updates the row that a secret opened.
    Opened {
        /// Position of the query that opened it.
        by: usize,
    },
    /// It makes the caller a member of the tenant of the row that a secret opened.
    Joins {
        /// Position of the query that opened it.
        by: usize,
    },
    /// It reads the caller's own row of the directory.
    Own,
    /// It runs for no caller, and is pinned to the tenant that it runs for.
    System,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Kind::Global => f.write_str("global"),
            Kind::Cross(reason) => write!(f, "crosses tenants: {reason}"),
            Kind::Pinned => f.write_str("pinned to the route's tenant"),
            Kind::Creates => f.write_str("creates the tenant"),
            Kind::Created { by } => write!(f, "under the tenant that query {by} creates"),
            Kind::Capability { .. } => f.write_str("opened by a secret"),
            Kind::Opened { by } => write!(f, "the row that query {by} opened"),
            Kind::Joins { by } => write!(f, "own membership, from the row that query {by} opened"),
            Kind::Own => f.write_str("the caller's own row"),
            Kind::System => f.write_str("pinned to the tenant that it runs for"),
        }
    }
}
