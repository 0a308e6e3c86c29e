//! Who owns which rows.
//!
//! Role: finds the tenants' table, their members and the way from every table to its tenant, from the
//! declaration or from the schema.
//! Input: the document's `tenancy` and the catalog. Output: [`Tenancy`].
//! Invariant: a table is never taken for global because its way to the tenant is unclear; it is
//! [`Scope::Unclear`] and refused where it is used.
//! Not here: what a query does with it; see `prove`.

mod infer;
mod scope;

use backflow_catalog::{ColumnId, TableId};
use backflow_expr::Key;

pub(crate) use infer::read;

/// How tenants, members and tables hang together.
#[derive(Debug, Clone, PartialEq)]
pub struct Tenancy {
    /// The tenants.
    pub table: TableId,
    /// The column that other tables name a tenant by.
    pub key: ColumnId,
    /// Who belongs to which tenant.
    pub members: Members,
    /// Path of the token's claim that names a tenant.
    pub claim: Vec<Key>,
    /// Names of path parameters that name the tenant, beside the conventional ones.
    pub params: Vec<String>,
    /// The way of every table to its tenant, by table id.
    pub scopes: Vec<Scope>,
}

/// The members' table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Members {
    /// The table.
    pub table: TableId,
    /// The column that names the tenant.
    pub tenant: ColumnId,
    /// The column that names the user.
    pub user: ColumnId,
    /// The column that holds the role.
    pub role: Option<ColumnId>,
}

/// The way from a table's rows to their tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Rows belong to nobody in particular.
    Global,
    /// Rows are the tenants.
    Tenant,
    /// A column names the tenant. `inferred`: no key says so, only the column's name.
    Column {
        /// The column.
        column: ColumnId,
        /// Whether only the name says so.
        inferred: bool,
    },
    /// Rows belong to the tenant of the row that a foreign key points at.
    Parent {
        /// Pairs of (column, parent's column).
        pairs: Vec<(ColumnId, ColumnId)>,
        /// The parent's table.
        parent: TableId,
    },
    /// Several ways, or a view: the author must say. Holds the candidates.
    Unclear(Vec<String>),
}

impl Tenancy {
    /// The way of a table.
    #[must_use]
    pub fn scope(&self, table: TableId) -> &Scope {
        self.scopes.get(table.0 as usize).unwrap_or(&Scope::Global)
    }

    /// Whether rows of a table belong to a tenant.
    #[must_use]
    pub fn is_scoped(&self, table: TableId) -> bool {
        !matches!(self.scope(table), Scope::Global)
    }

    /// The column of a table that holds the tenant's key itself.
    #[must_use]
    pub fn tenant_column(&self, table: TableId) -> Option<ColumnId> {
        match self.scope(table) {
            Scope::Tenant => Some(self.key),
            Scope::Column { column, .. } => Some(*column),
            _ => None,
        }
    }
}
