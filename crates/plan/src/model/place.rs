//! How a request is placed in a tenant, and the directory of users.
//!
//! Invariant: the key of a tenant comes out of a guard's row, never out of what the request names.
//! Not here: how a route's place was decided; see `prove::place`.

use backflow_catalog::ColumnType;
use backflow_expr::{Key, Program};
use backflow_sql::ir::Statement;
use std::sync::Arc;

/// Whether and how a route is bound to a tenant.
#[derive(Debug, Clone, Default)]
pub enum Place {
    /// To none: what it touches is global, created by it, opened by a capability, or declared.
    #[default]
    Nowhere,
    /// To one tenant, of which the caller must be a member.
    One(Box<Guard>),
    /// To all tenants of the caller (`"tenant": "mine"`); statements carry the membership themselves.
    Mine,
    /// To the tenant that whoever starts it names, by its key. There is no caller whose membership could be
    /// looked for: only the engine itself starts what stands here.
    Named(Box<TenantRow>),
}

impl Place {
    /// The statement that finds the tenant.
    pub(super) fn statement(&self) -> Option<&Arc<Statement>> {
        match self {
            Place::Nowhere | Place::Mine => None,
            Place::One(guard) => Some(&guard.statement),
            Place::Named(row) => Some(&row.statement),
        }
    }
}

/// The statement that finds a tenant's row; it runs first in every transaction.
/// Its only parameter is the tenant's key. Its cells are the key, then `context`.
#[derive(Debug, Clone)]
pub struct TenantRow {
    /// Type of the tenant's key.
    pub key_type: ColumnType,
    /// The look-up.
    pub statement: Arc<Statement>,
    /// Types of the `context` cells.
    pub context: Vec<ColumnType>,
}

/// How a request names its tenant. The name is never believed: the guard looks for the membership.
#[derive(Debug, Clone)]
pub enum Naming {
    /// A path parameter, by position.
    Param(usize),
    /// The header `X-Tenant-ID`, else this claim.
    HeaderOrClaim(Vec<Key>),
    /// A template of the route.
    Program(Program),
}

/// The statement that finds the caller's membership; it runs first in the route's transaction.
/// Its first parameter is the tenant's name, the second the caller's id.
/// Its cells are the tenant's key, the role (if members have one), then `context`.
#[derive(Debug, Clone)]
pub struct Guard {
    /// How the request names the tenant.
    pub naming: Naming,
    /// Type of the column that the name is compared with.
    pub name_type: ColumnType,
    /// Type of the members' user column.
    pub user_type: ColumnType,
    /// Type of the tenant's key.
    pub key_type: ColumnType,
    /// Type of the role column; `None`: members have no role.
    pub role_type: Option<ColumnType>,
    /// The look-up.
    pub statement: Arc<Statement>,
    /// Types of the `context` cells.
    pub context: Vec<ColumnType>,
    /// Any of these roles is needed; `None`: membership is enough.
    pub roles: Option<Vec<String>>,
}

/// The directory of users that the engine keeps from verified tokens.
#[derive(Debug, Clone)]
pub struct Directory {
    /// Its table's name.
    pub table: String,
    /// Statements that make the table, in the dialect of the plan.
    pub setup: Vec<String>,
    /// The upsert: parameters are id, e-mail, name, and the instant the token was issued; a row changes only
    /// if that instant is newer than the stored one.
    pub record: Arc<Statement>,
}
