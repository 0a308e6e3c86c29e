//! The frame of a request.
//!
//! Role: puts the request's values where the route's programs read them.
//! Invariant: slots that the guard or a step fills are undefined here.
//! Not here: running programs.

use crate::caller::Identity;
use crate::input::Input;
use crate::route::Served;
use backflow_expr::Value;
use backflow_plan::model::Source;
use http::HeaderMap;

/// The frame as far as the request alone fills it.
pub(crate) fn fill(
    served: &Served,
    input: &Input,
    headers: &HeaderMap,
    caller: Option<&Identity>,
) -> Vec<Value> {
    let mut frame = served.template.clone();
    for (slot, source) in frame.iter_mut().zip(&served.route.frame) {
        match source {
            Source::Param(at) => *slot = input.params.get(*at).cloned().unwrap_or_default(),
            Source::Query(keys) => *slot = input.query.at_path(keys),
            Source::Body(keys) => *slot = input.body.at_path(keys),
            Source::Header(name) => *slot = header(headers, name),
            Source::Claim(keys) => {
                *slot = caller.map_or(Value::Undefined, |identity| identity.claims.at_path(keys));
            }
            Source::Env(_)
            | Source::Constant(_)
            | Source::TenantId
            | Source::TenantRole
            | Source::Context(_)
            | Source::Input(_)
            | Source::Item(_)
            | Source::Result => {}
        }
    }
    frame
}

/// Puts what a workflow was given where its programs read it.
pub(crate) fn give(sources: &[Source], given: &Value, frame: &mut [Value]) {
    for (slot, source) in frame.iter_mut().zip(sources) {
        if let Source::Input(keys) = source {
            *slot = given.at_path(keys);
        }
    }
}

/// The first value of a header; undefined if it is absent or not UTF-8.
pub(crate) fn header(headers: &HeaderMap, name: &str) -> Value {
    let value = headers
        .get(name)
        .and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
    value.map_or(Value::Undefined, Value::from)
}
