//! The rows that one upsert offers.
//!
//! Role: refuses two rows of one key, of which databases make different things.
//! Invariant: judged before the statement runs, as soon as the keys are known.
//! Not here: rows that exist already; the database finds them.

use crate::binds::Bound;
use crate::fault::{Code, Detail, Fault};
use backflow_catalog::ColumnType;
use backflow_plan::model::{BindValue, KeyPart, Step};
use backflow_sql::functions::Decimal;
use backflow_sql::ir::Datum;

/// Refuses a row whose key an earlier one has. Keys that are not known yet are judged later.
pub(crate) fn judge(step: &Step, bounds: &[Option<Bound>]) -> Result<(), Fault> {
    let mut seen: Vec<(usize, Vec<Value>)> = Vec::with_capacity(step.keys.len());
    for (at, key) in step.keys.iter().enumerate() {
        let key: Option<Vec<Value>> = key.iter().map(|part| value(step, bounds, part)).collect();
        let Some(key) = key else { continue };
        if let Some((first, _)) = seen.iter().find(|(_, other)| is_same(other, &key)) {
            return Err(repeated(*first, at));
        }
        seen.push((at, key));
    }
    Ok(())
}

/// A value of a key, as far as equality goes.
#[derive(Debug, PartialEq)]
pub(crate) enum Value {
    /// The route's tenant, which is one and the same in all rows.
    Tenant,
    /// A decimal, by its value.
    Decimal(String),
    /// Any other.
    Datum(Datum),
}

/// A value of a key; `None` while it is not computed.
fn value(step: &Step, bounds: &[Option<Bound>], part: &KeyPart) -> Option<Value> {
    let at = match part {
        KeyPart::Fixed(datum, ty) => return Some(plain(datum, ty)),
        KeyPart::Bind(at) => *at,
    };
    let bind = step.binds.get(at)?;
    if matches!(bind.value, BindValue::Tenant | BindValue::SameTenant(_)) {
        return Some(Value::Tenant);
    }
    let bound = bounds.get(at)?.as_ref()?;
    Some(plain(&bound.datum, &bind.ty))
}

/// A value of a type.
pub(crate) fn plain(datum: &Datum, ty: &ColumnType) -> Value {
    if let (Datum::Text(digits), ColumnType::Numeric(_)) = (datum, ty)
        && let Ok(number) = Decimal::parse(digits)
    {
        return Value::Decimal(number.key());
    }
    Value::Datum(datum.clone())
}

/// NULL is no other's key.
fn is_same(one: &[Value], other: &[Value]) -> bool {
    one == other && !one.contains(&Value::Datum(Datum::Null))
}

/// Two rows of one key.
pub(crate) fn repeated(first: usize, second: usize) -> Fault {
    let code = Code::InvalidValue;
    let (path, message) = (format!("data[{second}]"), format!("has the key of data[{first}]"));
    Fault::new(code, format!("{path} {message}")).detail(Detail::new(path, code.text(), message))
}
