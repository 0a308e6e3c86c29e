//! A caller's own name for a request: `Idempotency-Key`.
//!
//! Role: reads the header; makes the names under which request and body are kept; reads what is kept under them.
//! Invariant: a key is its caller's; two callers never share one.
//! Not here: what is kept under it.

use crate::caller::Identity;
use crate::fault::{Code, Detail, Fault};
use crate::input::Input;
use crate::store::RowSet;
use crate::work::digest;
use backflow_expr::Value;
use backflow_plan::model::{Naming, Place};
use backflow_sql::ir::Datum;
use http::{HeaderMap, Method, StatusCode};
use std::sync::Arc;

/// The header.
const HEADER: &str = "idempotency-key";

/// The longest key.
const LONGEST: usize = 255;

/// A request that its caller named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// The key, with the parameters of the path.
    pub(crate) key: String,
    /// A digest of the query string and the body.
    pub(crate) body: String,
}

/// The caller's name of a request; `None`: it has none, or changes nothing.
pub(crate) fn of(
    method: &Method,
    headers: &HeaderMap,
    caller: Option<&Identity>,
    (input, place): (&Input, &Place),
) -> Result<Option<Named>, Fault> {
    let mut values = headers.get_all(HEADER).iter();
    let changes = matches!(
        *method,
        Method::POST | Method::PATCH | Method::DELETE | Method::PUT
    );
    let Some(value) = values.next().filter(|_| changes) else {
        return Ok(None);
    };
    let key = value
        .to_str()
        .ok()
        .filter(|key| (1..=LONGEST).contains(&key.len()));
    let (Some(key), None) = (key, values.next()) else {
        return Err(refused("must be one header of 1 to 255 visible characters"));
    };
    if caller.is_none() {
        return Err(refused(
            "needs a caller with a token: a key belongs to who sends it",
        ));
    }
    // The tenant is known by its key, however the path spells it.
    let named = match place {
        Place::One(guard) => match guard.naming {
            Naming::Param(at) => Some(at),
            _ => None,
        },
        _ => None,
    };
    let others = input.params.iter().enumerate();
    let others = others.filter(|(at, _)| Some(*at) != named);
    let params = Value::list(others.map(|(_, value)| value.clone())).to_json();
    let content = Value::list([input.query.clone(), input.body.clone()]).to_json();
    Ok(Some(Named {
        key: format!("{params}{key}"),
        body: digest(content.as_bytes()),
    }))
}

/// What was answered under a key that was used before, out of its row: body, status, answer.
pub(crate) fn answered(found: &RowSet, body: &str) -> Result<(StatusCode, Arc<str>), Fault> {
    let busy = || Fault::of(Code::InProgress).retry_after(1);
    let row = found.rows.first().ok_or_else(busy)?;
    let [Datum::Text(known), status, answer] = row.cells.as_slice() else {
        return Err(Fault::internal("a key that cannot be read"));
    };
    if **known != *body {
        return Err(Fault::of(Code::KeyReused));
    }
    let (Datum::Int(status), Datum::Text(answer)) = (status, answer) else {
        return Err(busy());
    };
    let status = u16::try_from(*status)
        .ok()
        .and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.ok_or_else(|| Fault::internal("a key with a status that is none"))?;
    Ok((status, Arc::clone(answer)))
}

fn refused(why: &str) -> Fault {
    let detail = Detail::new("headers.Idempotency-Key", Code::BadKey.text(), why);
    Fault::new(Code::BadKey, format!("Idempotency-Key {why}")).detail(detail)
}
