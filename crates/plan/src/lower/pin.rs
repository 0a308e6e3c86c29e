//! The predicates that keep a statement inside its tenant.
//!
//! Role: turns a [`Kind`] into conditions. This is the only place that makes them.
//! Invariant: for an [`Anchor`] other than `Anywhere`, no scoped table gets a condition that is always true.
//! Not here: which kind a statement is of.

use super::binds::{Binds, param};
use crate::model::BindValue;
use crate::project::Project;
use crate::tenancy::{Scope, Tenancy};
use backflow_catalog::{ColumnType, TableId};
use backflow_expr::Program;
use backflow_sql::ir::{Comparison, Cond, Scalar};

/// The tenant that the rows of a statement belong to.
#[derive(Debug, Clone)]
pub(crate) enum Anchor {
    /// No tenant: global rows, or crossing on purpose.
    Anywhere,
    /// The route's verified tenant.
    Route,
    /// All tenants of the caller; with roles, only those where one of them is held.
    Mine(Option<Vec<String>>),
    /// The tenant whose key is in an earlier result.
    Earlier(Program),
    /// The row that a secret opens: the secret itself is the tie.
    Secret,
    /// The row being made is the tenant.
    New,
}

/// What pins need to know.
pub(crate) struct Pins<'p> {
    pub(crate) project: &'p Project<'p>,
    pub(crate) anchor: Anchor,
}

impl Pins<'_> {
    /// The condition on rows of a table, in the scope of that table.
    pub(crate) fn on(&self, table: TableId, binds: &mut Binds) -> Cond {
        let Some(tenancy) = &self.project.tenancy else {
            return Cond::TRUE;
        };
        if matches!(self.anchor, Anchor::Anywhere | Anchor::Secret | Anchor::New) {
            return Cond::TRUE;
        }
        self.scoped(tenancy, table, binds)
    }

    fn scoped(&self, tenancy: &Tenancy, table: TableId, binds: &mut Binds) -> Cond {
        match tenancy.scope(table) {
            Scope::Global => Cond::TRUE,
            // An unclear table was reported; no row of it matches.
            Scope::Unclear(_) => Cond::Any(Vec::new()),
            Scope::Tenant => self.is_tenant(tenancy, Scalar::Column(tenancy.key), binds),
            Scope::Column { column, .. } => self.is_tenant(tenancy, Scalar::Column(*column), binds),
            Scope::Parent { pairs, parent } => {
                let filter = Box::new(self.scoped(tenancy, *parent, binds));
                Cond::Exists {
                    table: *parent,
                    on: pairs.clone(),
                    filter,
                }
            }
        }
    }

    /// A value is the tenant's key.
    fn is_tenant(&self, tenancy: &Tenancy, left: Scalar, binds: &mut Binds) -> Cond {
        if let Anchor::Mine(roles) = &self.anchor {
            return mine(self.project, tenancy, left, roles.as_deref(), binds);
        }
        Cond::Compare {
            left,
            op: Comparison::Eq,
            right: self.tenant(tenancy, binds),
        }
    }

    /// The tenant's key as a value.
    pub(crate) fn tenant(&self, tenancy: &Tenancy, binds: &mut Binds) -> Scalar {
        let ty = self.key_type(tenancy);
        let value = match &self.anchor {
            Anchor::Earlier(program) => BindValue::Needed(program.clone()),
            _ => BindValue::Tenant,
        };
        let id = binds.shared("tenant", &ty, value);
        if let Some(bind) = binds.list.get_mut(usize::from(id.0)) {
            bind.late = matches!(self.anchor, Anchor::Earlier(_));
        }
        param(id, &ty)
    }

    fn key_type(&self, tenancy: &Tenancy) -> ColumnType {
        self.project.column(tenancy.table, tenancy.key).ty.clone()
    }
}

/// A value is the key of a tenant in which the caller is a member.
fn mine(
    project: &Project<'_>,
    tenancy: &Tenancy,
    left: Scalar,
    roles: Option<&[String]>,
    binds: &mut Binds,
) -> Cond {
    let members = &tenancy.members;
    let user_type = project.column(members.table, members.user).ty.clone();
    let caller = binds.shared("auth.sub", &user_type, BindValue::Caller);
    let mut filter = Cond::equals(members.user, caller, user_type);
    if let (Some(roles), Some(role)) = (roles, members.role) {
        let ty = &project.column(members.table, role).ty;
        let any = roles.iter().map(|name| Cond::Compare {
            left: Scalar::Column(role),
            op: Comparison::Eq,
            right: Scalar::Literal(backflow_sql::ir::Datum::Text(name.as_str().into()), ty.clone()),
        });
        filter = filter.and(Cond::Any(any.collect()));
    }
    Cond::InRows {
        left,
        table: members.table,
        column: members.tenant,
        filter: Box::new(filter),
    }
}
