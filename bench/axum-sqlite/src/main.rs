//! The routes written by hand: axum, rusqlite.
//!
//! Role: what a good engineer would write for exactly these routes on SQLite: a few readers, one writer, the
//! write-ahead log with `synchronous=FULL`, cached statements, a transaction where there are several.
//! Input: `DATABASE_FILE`, `JWT_SECRET`, `PORT`. Output: answers equal to the product's.
//! Invariant: an answer to a write leaves after its commit.
//! Not here: tokens and the shape of answers (`bench-web`).

mod database;
mod failure;
mod invitations;
mod organizations;
mod usage;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::{get, post};
use bench_web::{Keys, serve, setting};
use database::Database;
use std::error::Error;

/// What handlers share.
#[derive(Clone, FromRef)]
struct App {
    keys: Keys,
    database: Database,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let app = App {
        keys: Keys::new(&setting("JWT_SECRET")),
        database: Database::open(&setting("DATABASE_FILE"))?,
    };
    let router = Router::new()
        .route("/usage/check/{feature}", get(usage::check))
        .route("/usage/track", post(usage::track))
        .route("/organizations", post(organizations::create))
        .route("/organizations/{slug}", get(organizations::show))
        .route("/invites/{token}/accept", post(invitations::accept))
        .with_state(app);
    serve(router).await?;
    Ok(())
}
