//! Usage: how much is left, and counting.
//!
//! Invariant: one statement each, which also judges the membership; no count is lost between two callers.
//! Not here: the shape of answers.

use crate::failure::Failure;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use bench_web::{Caller, Limit, Refusal, Tracked, Usage, json, period};
use chrono::Utc;
use deadpool_postgres::Pool;
use uuid::Uuid;

const CHECK: &str = r#"
SELECT used, "limit", "limit" - used AS remaining FROM usage_records
WHERE organization_id = $1 AND feature = $2 AND period = $3
  AND EXISTS (SELECT 1 FROM organization_members m WHERE m.organization_id = $1 AND m.user_id = $4)"#;

const TRACK: &str = r#"
INSERT INTO usage_records AS u (organization_id, feature, used, period)
SELECT $1, $2, $3, $4
WHERE EXISTS (SELECT 1 FROM organization_members m WHERE m.organization_id = $1 AND m.user_id = $5)
ON CONFLICT (organization_id, feature, period) DO UPDATE SET used = coalesce(u.used, 0) + excluded.used
RETURNING id, organization_id, feature, used, "limit", period"#;

/// `GET /usage/check/{feature}`
pub(crate) async fn check(
    caller: Caller,
    State(pool): State<Pool>,
    Path(feature): Path<String>,
) -> Result<Response, Failure> {
    let tenant = caller.tenant()?;
    let client = pool.get().await?;
    let statement = client.prepare_cached(CHECK).await?;
    let row = client
        .query_opt(&statement, &[&tenant, &feature, &period(Utc::now()), &caller.id])
        .await?
        .ok_or(Refusal::NotFound)?;
    let limit = Limit {
        used: row.try_get(0)?,
        limit: row.try_get(1)?,
        remaining: row.try_get(2)?,
    };
    Ok(json(StatusCode::OK, limit))
}

/// `POST /usage/track`
pub(crate) async fn track(
    caller: Caller,
    State(pool): State<Pool>,
    body: Tracked,
) -> Result<Response, Failure> {
    let tenant = caller.tenant()?;
    let client = pool.get().await?;
    let statement = client.prepare_cached(TRACK).await?;
    let row = client
        .query_opt(
            &statement,
            &[
                &tenant,
                &body.feature,
                &body.quantity,
                &period(Utc::now()),
                &caller.id,
            ],
        )
        .await?
        .ok_or(Refusal::NotFound)?;
    let usage: Usage<Uuid> = Usage {
        id: row.try_get(0)?,
        organization_id: row.try_get(1)?,
        feature: row.try_get(2)?,
        used: row.try_get(3)?,
        limit: row.try_get(4)?,
        period: row.try_get(5)?,
    };
    Ok(json(StatusCode::OK, usage))
}
