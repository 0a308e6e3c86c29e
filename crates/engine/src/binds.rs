//! The values of a statement's parameters.
//!
//! Role: runs a bind's program and gives its value the column's type; joins early and late values.
//! Invariant: undefined never becomes NULL unless the plan says so; the tenant comes from a [`Scope`] alone.
//! Not here: when binds are computed (`prepare`, `transaction`).

use crate::fault::{Code, Detail, Fault};
use crate::host::RequestHost;
use crate::listed;
use crate::permit::Scope;
use crate::render;
use backflow_catalog::ColumnType;
use backflow_expr::{Host, Program, Value};
use backflow_plan::convert::{Misfit, convert};
use backflow_plan::model::{Bind, BindValue, Step};
use backflow_sql::ir::Datum;
use std::sync::Arc;

/// A computed bind.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bound {
    pub(crate) datum: Datum,
    /// Whether the expression gave a value, null included.
    pub(crate) defined: bool,
    /// How many rows a list of them has.
    pub(crate) rows: usize,
}

impl Bound {
    pub(crate) fn of(datum: Datum) -> Self {
        Self {
            datum,
            defined: true,
            rows: 0,
        }
    }

    /// NULL, because nothing was there.
    fn absent() -> Self {
        Self {
            datum: Datum::Null,
            defined: false,
            rows: 0,
        }
    }
}

/// What a bind may read.
pub(crate) struct Reading<'a> {
    pub(crate) frame: &'a [Value],
    pub(crate) host: &'a mut RequestHost,
    /// The caller's id.
    pub(crate) subject: Option<&'a Arc<str>>,
}

/// The value of a bind. `None`: it is filled in by [`complete`].
pub(crate) fn value(bind: &Bind, reading: &mut Reading<'_>) -> Result<Option<Bound>, Fault> {
    let bound = match &bind.value {
        BindValue::Needed(program) => needed(bind, program, reading)?,
        BindValue::Optional(program) => optional(bind, program, reading)?,
        BindValue::Secret(program) => secret(bind, program, reading)?,
        BindValue::SameTenant(program) => tenant_named(bind, program, reading)?,
        BindValue::List(program) => list(bind, program, reading)?,
        BindValue::Count(program) => count(bind, program, reading)?,
        BindValue::Document(shape) => {
            let value = render::shape(shape, reading.frame, reading.host, &bind.label)?;
            typed(bind, &defined(bind, value)?, false)?
        }
        BindValue::Caller => {
            let subject = reading.subject.ok_or_else(|| undefined("auth.sub"))?;
            // An id in a token is always text; what it means, the column says.
            typed(bind, &Value::Text(Arc::clone(subject)), true)?
        }
        BindValue::NewKey => typed(bind, &Value::text(reading.host.key()), false)?,
        BindValue::Now => typed(bind, &Value::Time(reading.host.now()), false)?,
        BindValue::Constant(datum) => Bound::of(datum.clone()),
        BindValue::Or(program, other) => match run(bind, program, reading)? {
            Value::Undefined => return otherwise(bind, other, reading),
            value => typed(bind, &value, program.ty().wire)?,
        },
        BindValue::Rows(rows) => listed::rows(bind, rows, reading)?,
        BindValue::Given(_) | BindValue::Tenant => return Ok(None),
    };
    Ok(Some(bound))
}

/// What stands for a value that is not there; whether it was there, others ask.
fn otherwise(bind: &Bind, other: &BindValue, reading: &mut Reading<'_>) -> Result<Option<Bound>, Fault> {
    let value = other.clone();
    let bound = self::value(
        &Bind {
            value,
            ..bind.clone()
        },
        reading,
    )?;
    Ok(bound.map(|bound| Bound {
        defined: false,
        ..bound
    }))
}

pub(crate) fn run(bind: &Bind, program: &Program, reading: &mut Reading<'_>) -> Result<Value, Fault> {
    render::run(program, reading.frame, reading.host, &bind.label)
}

fn needed(bind: &Bind, program: &Program, reading: &mut Reading<'_>) -> Result<Bound, Fault> {
    let value = run(bind, program, reading)?;
    typed(bind, &defined(bind, value)?, program.ty().wire)
}

fn optional(bind: &Bind, program: &Program, reading: &mut Reading<'_>) -> Result<Bound, Fault> {
    match run(bind, program, reading)? {
        Value::Undefined => Ok(Bound::absent()),
        value => typed(bind, &value, program.ty().wire),
    }
}

/// A secret that is not a text with content opens nothing.
fn secret(bind: &Bind, program: &Program, reading: &mut Reading<'_>) -> Result<Bound, Fault> {
    let value = run(bind, program, reading)?;
    match defined(bind, value)? {
        Value::Null => Err(Fault::of(Code::NotFound)),
        Value::Text(text) if text.is_empty() => Err(Fault::of(Code::NotFound)),
        value @ Value::Text(_) => typed(bind, &value, program.ty().wire),
        _ => Err(invalid(&bind.label, "must be a text")),
    }
}

/// A tenant in `data` may be left out: then it is the route's.
fn tenant_named(bind: &Bind, program: &Program, reading: &mut Reading<'_>) -> Result<Bound, Fault> {
    match run(bind, program, reading)? {
        Value::Undefined => Ok(Bound::absent()),
        Value::Null => Err(invalid(&bind.label, "must not be null")),
        value => typed(bind, &value, program.ty().wire),
    }
}

fn list(bind: &Bind, program: &Program, reading: &mut Reading<'_>) -> Result<Bound, Fault> {
    let value = run(bind, program, reading)?;
    let value = defined(bind, value)?;
    let ty = ColumnType::Array(Box::new(bind.ty.clone()));
    match value {
        Value::List(_) => checked(bind, convert(&value, &ty, &bind.labels, program.ty().wire)),
        _ => Err(invalid(&bind.label, "must be a list")),
    }
}

fn count(bind: &Bind, program: &Program, reading: &mut Reading<'_>) -> Result<Bound, Fault> {
    let value = run(bind, program, reading)?;
    let datum = convert(&defined(bind, value)?, &ColumnType::Int8, &[], program.ty().wire);
    match checked(bind, datum)? {
        bound @ Bound {
            datum: Datum::Int(0..),
            ..
        } => Ok(bound),
        _ => Err(invalid(
            &bind.label,
            "must be a whole number that is not negative",
        )),
    }
}

fn typed(bind: &Bind, value: &Value, wire: bool) -> Result<Bound, Fault> {
    checked(bind, convert(value, &bind.ty, &bind.labels, wire))
}

fn checked(bind: &Bind, datum: Result<Datum, Misfit>) -> Result<Bound, Fault> {
    datum
        .map(Bound::of)
        .map_err(|misfit| invalid(&bind.label, &misfit.message))
}

pub(crate) fn defined(bind: &Bind, value: Value) -> Result<Value, Fault> {
    if value.is_undefined() {
        Err(undefined(&bind.label))
    } else {
        Ok(value)
    }
}

fn undefined(label: &str) -> Fault {
    let code = Code::UndefinedValue;
    Fault::new(code, format!("{label} is missing")).detail(Detail::new(label, code.text(), "is missing"))
}

pub(crate) fn invalid(label: &str, message: &str) -> Fault {
    let code = Code::InvalidValue;
    Fault::new(code, format!("{label} {message}")).detail(Detail::new(label, code.text(), message))
}

/// All values of a step, in order: flags and the tenant filled in.
pub(crate) fn complete(
    step: &Step,
    bounds: &[Option<Bound>],
    scope: Option<&Scope>,
) -> Result<Vec<Datum>, Fault> {
    if nothing_given(step, bounds) == Some(true) {
        return Err(Fault::of(Code::NothingToUpdate));
    }
    let mut values = Vec::with_capacity(step.binds.len());
    for (at, bind) in step.binds.iter().enumerate() {
        values.push(match (&bind.value, bounds.get(at).and_then(Option::as_ref)) {
            (BindValue::Tenant, _) => tenant(scope)?.clone(),
            (BindValue::SameTenant(_), Some(bound)) => same_tenant(bound, scope)?,
            (BindValue::Given(of), _) => Datum::Bool(is_given(bounds, *of) == Some(true)),
            (_, Some(bound)) => bound.datum.clone(),
            (_, None) => {
                return Err(Fault::internal(format!(
                    "{}: {} was not computed",
                    step.label, bind.label
                )));
            }
        });
    }
    Ok(values)
}

/// Whether none of an update's optional values is there; `None` while that is not known.
pub(crate) fn nothing_given(step: &Step, bounds: &[Option<Bound>]) -> Option<bool> {
    let mut nothing = !step.any_given.is_empty();
    for flag in &step.any_given {
        let of = match step.binds.get(*flag).map(|bind| &bind.value) {
            Some(BindValue::Given(of)) => *of,
            _ => *flag,
        };
        nothing &= !is_given(bounds, of)?;
    }
    Some(nothing)
}

/// What a flag says; `None` if the bind is no flag.
pub(crate) fn flag(step: &Step, bounds: &[Option<Bound>], bind: usize) -> Option<bool> {
    match step.binds.get(bind).map(|bind| &bind.value) {
        Some(BindValue::Given(of)) => Some(is_given(bounds, *of) == Some(true)),
        _ => None,
    }
}

fn is_given(bounds: &[Option<Bound>], of: usize) -> Option<bool> {
    bounds.get(of).and_then(Option::as_ref).map(|bound| bound.defined)
}

/// Checks the tenants that early values of a step name.
pub(crate) fn check_tenant(
    step: &Step,
    bounds: &[Option<Bound>],
    scope: Option<&Scope>,
) -> Result<(), Fault> {
    for (bind, bound) in step.binds.iter().zip(bounds) {
        if let (BindValue::SameTenant(_), Some(bound)) = (&bind.value, bound) {
            same_tenant(bound, scope)?;
        }
    }
    Ok(())
}

fn tenant(scope: Option<&Scope>) -> Result<&Datum, Fault> {
    scope
        .map(Scope::tenant)
        .ok_or_else(|| Fault::internal("a statement of a tenant runs without one"))
}

fn same_tenant(bound: &Bound, scope: Option<&Scope>) -> Result<Datum, Fault> {
    let tenant = tenant(scope)?;
    if bound.defined && bound.datum != *tenant {
        return Err(Fault::of(Code::WrongTenant));
    }
    Ok(tenant.clone())
}
