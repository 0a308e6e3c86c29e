//! Placing a request in a tenant.
//!
//! Role: finds the name by which a request names its tenant, and judges the membership that the guard's
//! statement found.
//! Invariant: a [`Scope`] is made here and nowhere else, from a row that the database gave for this caller.
//! Not here: the statement (the plan).

use crate::caller::Identity;
use crate::fault::{Code, Fault};
use crate::frame;
use crate::host::RequestHost;
use crate::permit::Scope;
use crate::render;
use crate::store::RowSet;
use backflow_catalog::ColumnType;
use backflow_expr::Value;
use backflow_plan::convert::{convert, restore};
use backflow_plan::model::{Guard, Naming, Source, TenantRow};
use backflow_sql::ir::Datum;
use http::HeaderMap;
use std::sync::Arc;

/// The header that names a tenant.
const TENANT_HEADER: &str = "x-tenant-id";

/// The parts of a request that may name a tenant.
pub(crate) struct Named<'a> {
    pub(crate) params: &'a [Arc<str>],
    pub(crate) headers: &'a HeaderMap,
    pub(crate) caller: Option<&'a Identity>,
    pub(crate) frame: &'a [Value],
}

/// The guard's parameters. A name or caller that does not fit its column is nobody's.
pub(crate) fn values(guard: &Guard, named: &Named<'_>, host: &mut RequestHost) -> Result<Vec<Datum>, Fault> {
    let caller = named.caller.ok_or_else(|| Fault::of(Code::Unauthorized))?;
    let (name, wire) = name(guard, named, host)?;
    if name.is_nothing() || name.as_text().is_some_and(str::is_empty) {
        return Err(Fault::of(Code::NoTenant));
    }
    let not_found = |_| Fault::of(Code::NotFound);
    let subject = Value::Text(Arc::clone(&caller.subject));
    Ok(vec![
        convert(&name, &guard.name_type, &[], wire).map_err(not_found)?,
        convert(&subject, &guard.user_type, &[], true).map_err(not_found)?,
    ])
}

fn name(guard: &Guard, named: &Named<'_>, host: &mut RequestHost) -> Result<(Value, bool), Fault> {
    match &guard.naming {
        Naming::Param(at) => Ok((
            named
                .params
                .get(*at)
                .map_or(Value::Undefined, |text| Value::Text(Arc::clone(text))),
            true,
        )),
        Naming::HeaderOrClaim(keys) => match frame::header(named.headers, TENANT_HEADER) {
            Value::Text(text) if !text.is_empty() => Ok((Value::Text(text), true)),
            _ => Ok((
                named
                    .caller
                    .map_or(Value::Undefined, |caller| caller.claims.at_path(keys)),
                false,
            )),
        },
        Naming::Program(program) => {
            render::run(program, named.frame, host, "tenant").map(|value| (value, program.ty().wire))
        }
    }
}

/// Judges what the guard found, and tells the frame of it.
pub(crate) fn admit(
    guard: &Guard,
    found: &RowSet,
    sources: &[Source],
    frame: &mut [Value],
) -> Result<Scope, Fault> {
    let row = found.rows.first().ok_or_else(|| Fault::of(Code::NotFound))?;
    let mut cells = row.cells.iter();
    let key = cells.next().filter(|key| **key != Datum::Null);
    let key = key.ok_or_else(|| Fault::internal("the guard found a tenant without key"))?;
    if found.rows.iter().any(|other| other.cells.first() != Some(key)) {
        return Err(Fault::internal("the guard found several tenants of one name"));
    }
    let role = match &guard.role_type {
        Some(ty) => restore(cells.next().unwrap_or(&Datum::Null), ty),
        None => Value::Undefined,
    };
    if let Some(roles) = &guard.roles
        && !roles.iter().any(|wanted| role.as_text() == Some(wanted))
    {
        return Err(Fault::of(Code::ForbiddenRole));
    }
    if let Naming::Param(at) = &guard.naming {
        canonical(*at, (key, guard), sources, frame);
    }
    let found = Found {
        key: restore(key, &guard.key_type),
        role,
        context: cells.collect(),
        types: &guard.context,
    };
    found.tell(sources, frame)?;
    Ok(Scope::verified(key.clone()))
}

/// A key that the path names in another spelling reads as it is written in the database: what is compared by its
/// text (locks, intents, a provider's metadata) must not differ by letter case.
fn canonical(at: usize, (key, guard): (&Datum, &Guard), sources: &[Source], frame: &mut [Value]) {
    for (slot, source) in frame.iter_mut().zip(sources) {
        if *source == Source::Param(at)
            && convert(slot, &guard.name_type, &[], true).as_ref() == Ok(key)
            && let Datum::Text(text) = key
        {
            *slot = Value::Text(Arc::clone(text));
        }
    }
}

/// Takes the tenant that the engine itself named, and tells the frame of it.
pub(crate) fn find(
    row: &TenantRow,
    found: &RowSet,
    sources: &[Source],
    frame: &mut [Value],
) -> Result<Scope, Fault> {
    let tenant = found.rows.first().ok_or_else(|| Fault::of(Code::NotFound))?;
    let mut cells = tenant.cells.iter();
    let key = cells.next().filter(|key| **key != Datum::Null);
    let key = key.ok_or_else(|| Fault::internal("a tenant without key was found"))?;
    let found = Found {
        key: restore(key, &row.key_type),
        role: Value::Undefined,
        context: cells.collect(),
        types: &row.context,
    };
    found.tell(sources, frame)?;
    Ok(Scope::of_run(key.clone()))
}

/// What was found of a tenant.
struct Found<'a> {
    key: Value,
    role: Value,
    context: Vec<&'a Datum>,
    types: &'a [ColumnType],
}

impl Found<'_> {
    fn tell(&self, sources: &[Source], frame: &mut [Value]) -> Result<(), Fault> {
        for (slot, source) in frame.iter_mut().zip(sources) {
            match source {
                Source::TenantId => *slot = self.key.clone(),
                Source::TenantRole => *slot = self.role.clone(),
                Source::Context(at) => {
                    *slot = match (self.context.get(*at), self.types.get(*at)) {
                        (Some(cell), Some(ty)) => restore(cell, ty),
                        _ => return Err(Fault::internal("the guard gave too few cells")),
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}
