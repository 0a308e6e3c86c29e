//! A route's limit as text.
//!
//! Invariant: everything that makes two limits different is in the text, but for the words of a refusal.
//! Not here: the rest of a route.

use crate::model::{CountBy, Rate, Route, Skips};

/// The limit of a route, on one line.
pub(super) fn line(limit: &Rate, route: &Route) -> String {
    let by = match limit.by {
        CountBy::User if !route.auth => "user, else address",
        by => by.as_str(),
    };
    let requests = match limit.skips {
        Skips::None => "requests",
        Skips::Successful => "failed requests",
        Skips::Failed => "successful requests",
    };
    let status = limit
        .status
        .map_or(String::new(), |status| format!(", then {status}"));
    format!(
        "limit: {} {requests} in {} ms by {by}, counted for {}{status}",
        limit.max, limit.window_ms, limit.counter
    )
}
