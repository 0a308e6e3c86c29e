//! The look-up of the caller's membership, first in a route's transaction.
//!
//! Invariant: the tenant's key that everything else is pinned to comes out of a member's row of the caller.
//! Not here: what the engine does when there is no such row.

use crate::frame::Frame;
use crate::model::{Guard, Naming, TenantRow};
use crate::project::Project;
use crate::prove::NamedBy;
use crate::tenancy::Tenancy;
use backflow_catalog::{ColumnId, ColumnType};
use backflow_expr::Program;
use backflow_sql::ir::{Bound, Comparison, Cond, Outputs, ParamId, Query, Read, Scalar};

/// The guard of a route, and its look-up before it was a text. `template`: the route's `tenant`, compiled.
pub(crate) fn build(
    project: &Project<'_>,
    tenancy: &Tenancy,
    frame: &Frame<'_>,
    (named, template): (Option<&NamedBy>, Option<Program>),
    roles: Option<Vec<String>>,
) -> (Guard, Query) {
    let column = match named {
        Some(NamedBy::Param { column, .. }) => *column,
        _ => tenancy.key,
    };
    let naming = match (named, template) {
        (Some(NamedBy::Param { index, .. }), _) => Naming::Param(*index),
        (_, Some(program)) => Naming::Program(program),
        _ => Naming::HeaderOrClaim(tenancy.claim.clone()),
    };
    let members = &tenancy.members;
    let of = |column: ColumnId| project.column(tenancy.table, column).ty.clone();
    let query = statement(project, tenancy, column, &frame.context);
    let guard = Guard {
        naming,
        name_type: of(column),
        user_type: project.column(members.table, members.user).ty.clone(),
        key_type: of(tenancy.key),
        role_type: members
            .role
            .map(|role| project.column(members.table, role).ty.clone()),
        statement: project.statement(&query),
        context: frame.context.iter().map(|column| of(*column)).collect(),
        roles,
    };
    (guard, query)
}

/// What finds the row of a tenant that the engine itself names: `SELECT key, … FROM tenants WHERE key = …`
pub(crate) fn tenant(project: &Project<'_>, tenancy: &Tenancy, frame: &Frame<'_>) -> TenantRow {
    let key_type = project.column(tenancy.table, tenancy.key).ty.clone();
    let columns = std::iter::once(&tenancy.key).chain(&frame.context);
    let query = Query::Read(Read {
        from: tenancy.table,
        outputs: Outputs {
            members: None,
            cells: columns.copied().collect(),
            extra: Vec::new(),
        },
        filter: Cond::equals(tenancy.key, ParamId(0), key_type.clone()),
        order: Vec::new(),
        limit: Some(Bound::Fixed(1)),
        offset: None,
        lock: false,
    });
    let of = |column: &ColumnId| project.column(tenancy.table, *column).ty.clone();
    TenantRow {
        statement: project.statement(&query),
        context: frame.context.iter().map(of).collect(),
        key_type,
    }
}

/// `SELECT tenant, role, … FROM members WHERE tenant = … AND user = …`
fn statement(project: &Project<'_>, tenancy: &Tenancy, named: ColumnId, context: &[ColumnId]) -> Query {
    let members = &tenancy.members;
    let name_type: ColumnType = project.column(tenancy.table, named).ty.clone();
    let user_type = project.column(members.table, members.user).ty.clone();
    let name = Scalar::Param(ParamId(0), name_type);
    let tenant = if named == tenancy.key {
        name
    } else {
        let (table, column) = (tenancy.table, tenancy.key);
        Scalar::Lookup {
            table,
            column,
            key: named,
            value: Box::new(name),
        }
    };
    let in_tenant = Cond::Compare {
        left: Scalar::Column(members.tenant),
        op: Comparison::Eq,
        right: tenant,
    };
    let lookups = context.iter().map(|column| Scalar::Lookup {
        table: tenancy.table,
        column: *column,
        key: tenancy.key,
        value: Box::new(Scalar::Column(members.tenant)),
    });
    Query::Read(Read {
        from: members.table,
        outputs: Outputs {
            members: None,
            cells: std::iter::once(members.tenant).chain(members.role).collect(),
            extra: lookups.collect(),
        },
        filter: in_tenant.and(Cond::equals(members.user, ParamId(1), user_type)),
        order: Vec::new(),
        limit: Some(Bound::Fixed(1)),
        offset: None,
        lock: false,
    })
}
