//! Refusals.
//!
//! Invariant: what went wrong inside is never told to the caller.
//! Not here: when to refuse.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Why a request is not answered.
#[derive(Debug, Clone, Copy)]
pub enum Refusal {
    /// The token is missing or wrong.
    Unauthorized,
    /// The request names no tenant.
    NoTenant,
    /// The invitation is for another address.
    WrongEmail,
    /// Nothing there, or not for the caller.
    NotFound,
    /// The body is not what the route takes.
    Invalid(&'static str),
    /// A value is needed.
    Missing(&'static str),
    /// A unique key is taken.
    Taken,
    /// Ours.
    Internal,
}

#[derive(Serialize)]
struct Told {
    error: &'static str,
    message: &'static str,
    code: &'static str,
}

impl Refusal {
    fn told(self) -> (StatusCode, Told) {
        let (status, message, code) = match self {
            Refusal::Unauthorized => (
                StatusCode::UNAUTHORIZED,
                "The token is not valid",
                "invalid_token",
            ),
            Refusal::NoTenant => (StatusCode::FORBIDDEN, "The request names no tenant", "no_tenant"),
            Refusal::WrongEmail => (
                StatusCode::FORBIDDEN,
                "This is for another e-mail address",
                "wrong_email",
            ),
            Refusal::NotFound => (StatusCode::NOT_FOUND, "Not found", "not_found"),
            Refusal::Invalid(message) => (StatusCode::BAD_REQUEST, message, "validation_failed"),
            Refusal::Missing(message) => (StatusCode::UNPROCESSABLE_ENTITY, message, "not_null_violation"),
            Refusal::Taken => (
                StatusCode::CONFLICT,
                "Such a row exists already",
                "unique_violation",
            ),
            Refusal::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "Internal error", "internal"),
        };
        let error = status.canonical_reason().unwrap_or("Error");
        (status, Told { error, message, code })
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, told) = self.told();
        (status, axum::Json(told)).into_response()
    }
}
