//! What of the database's errors is told.
//!
//! Invariant: a broken unique key is the caller's, everything else is ours.
//! Not here: refusals that are decided before.

use axum::response::{IntoResponse, Response};
use bench_web::Refusal;
use deadpool_postgres::PoolError;
use tokio_postgres::error::SqlState;

/// Why a handler stopped.
pub(crate) struct Failure(Refusal);

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        if error.code() == Some(&SqlState::UNIQUE_VIOLATION) {
            return Self(Refusal::Taken);
        }
        eprintln!("database: {error}");
        Self(Refusal::Internal)
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        eprintln!("pool: {error}");
        Self(Refusal::Internal)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}
