//! What of the database's errors is told.
//!
//! Invariant: a broken unique key is the caller's, everything else is ours.
//! Not here: refusals that are decided before.

use axum::response::{IntoResponse, Response};
use bench_web::Refusal;
use rusqlite::Error;
use rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE;

/// Why a handler stopped.
pub(crate) struct Failure(Refusal);

impl Failure {
    /// Too much is waiting.
    pub(crate) fn busy() -> Self {
        eprintln!("database: the queue is full");
        Self(Refusal::Internal)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::QueryReturnedNoRows => Self(Refusal::NotFound),
            Error::SqliteFailure(code, _) if code.extended_code == SQLITE_CONSTRAINT_UNIQUE => {
                Self(Refusal::Taken)
            }
            other => {
                eprintln!("database: {other}");
                Self(Refusal::Internal)
            }
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}
