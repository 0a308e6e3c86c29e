//! The routes written by hand: axum, tokio-postgres, deadpool.
//!
//! Role: what a good engineer would write for exactly these routes and nothing else: prepared statements, a
//! pool, membership judged within the statement where there is one statement, a transaction where there are
//! several.
//! Input: `DATABASE_URL`, `JWT_SECRET`, `PORT`, `POOL`. Output: answers equal to the product's.
//! Invariant: no row of an organisation leaves without a membership of the caller in it.
//! Not here: tokens and the shape of answers (`bench-web`).

mod failure;
mod invitations;
mod organizations;
mod usage;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::{get, post};
use bench_web::{Keys, serve, setting};
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use std::error::Error;
use std::time::Duration;
use tokio_postgres::NoTls;

/// What handlers share.
#[derive(Clone, FromRef)]
struct App {
    keys: Keys,
    pool: Pool,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config: tokio_postgres::Config = setting("DATABASE_URL").parse()?;
    let recycling = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    let pool = Pool::builder(Manager::from_config(config, NoTls, recycling))
        .max_size(setting("POOL").parse()?)
        .wait_timeout(Some(Duration::from_secs(5)))
        .runtime(Runtime::Tokio1)
        .build()?;
    let app = App {
        keys: Keys::new(&setting("JWT_SECRET")),
        pool,
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
