//! What the engine tells the log.
//!
//! Role: the one place that emits events, with names that do not change.
//! Invariant: no value of a request, no token, no secret is ever in an event.
//! Not here: where events go; the binary decides.

use crate::fault::Fault;
use backflow_plan::model::{Route, Step};

/// A request was refused, or failed.
pub(crate) fn refused(request_id: &str, route: &str, fault: &Fault) {
    let (status, code, why) = (fault.status().as_u16(), fault.code().text(), fault.private_text());
    if status >= 500 {
        tracing::error!(request_id, route, status, code, why, "request failed");
    } else {
        tracing::info!(request_id, route, status, code, why, "request refused");
    }
}

/// The condition of a query did not hold.
pub(crate) fn skipped(request_id: &str, step: &Step) {
    tracing::debug!(request_id, step = %step.label, "query skipped");
}

/// A transaction starts again.
pub(crate) fn run_again(request_id: &str, route: &Route) {
    tracing::debug!(request_id, method = route.method.as_str(), path = %route.path, "transaction starts again");
}

/// A caller cannot be kept in the directory of users.
pub(crate) fn not_in_directory(request_id: &str, why: &'static str) {
    tracing::warn!(request_id, why, "caller is not kept in the directory of users");
}

/// The directory of users could not be written; the request goes on.
pub(crate) fn directory_failed(request_id: &str, fault: &Fault) {
    let (code, why) = (fault.code().text(), fault.private_text());
    tracing::warn!(request_id, code, why, "directory of users was not written");
}
