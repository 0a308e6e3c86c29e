//! Usage: how much is left, and counting.
//!
//! Invariant: one statement each, which also judges the membership; no count is lost between two callers.
//! Not here: the shape of answers.

use crate::database::Database;
use crate::failure::Failure;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use bench_web::{Caller, Limit, Tracked, Usage, json, period};
use chrono::Utc;

const CHECK: &str = r#"
SELECT used, "limit", "limit" - used AS remaining FROM usage_records
WHERE organization_id = ?1 AND feature = ?2 AND period = ?3
  AND EXISTS (SELECT 1 FROM organization_members m WHERE m.organization_id = ?1 AND m.user_id = ?4)"#;

const TRACK: &str = r#"
INSERT INTO usage_records (organization_id, feature, used, period)
SELECT ?1, ?2, ?3, ?4
WHERE EXISTS (SELECT 1 FROM organization_members m WHERE m.organization_id = ?1 AND m.user_id = ?5)
ON CONFLICT (organization_id, feature, period) DO UPDATE SET used = coalesce(used, 0) + excluded.used
RETURNING id, organization_id, feature, used, "limit", period"#;

/// `GET /usage/check/{feature}`
pub(crate) async fn check(
    caller: Caller,
    State(database): State<Database>,
    Path(feature): Path<String>,
) -> Result<Response, Failure> {
    let (tenant, user) = (caller.tenant()?.to_string(), caller.id.to_string());
    let limit = database
        .read(move |connection| {
            let mut statement = connection.prepare_cached(CHECK)?;
            let limit = statement.query_row((tenant, feature, period(Utc::now()), user), |row| {
                Ok(Limit {
                    used: row.get(0)?,
                    limit: row.get(1)?,
                    remaining: row.get(2)?,
                })
            })?;
            Ok(limit)
        })
        .await?;
    Ok(json(StatusCode::OK, limit))
}

/// `POST /usage/track`
pub(crate) async fn track(
    caller: Caller,
    State(database): State<Database>,
    body: Tracked,
) -> Result<Response, Failure> {
    let (tenant, user) = (caller.tenant()?.to_string(), caller.id.to_string());
    let usage: Usage<String> = database
        .write(move |transaction| {
            let mut statement = transaction.prepare_cached(TRACK)?;
            let values = (tenant, body.feature, body.quantity, period(Utc::now()), user);
            let usage = statement.query_row(values, |row| {
                Ok(Usage {
                    id: row.get(0)?,
                    organization_id: row.get(1)?,
                    feature: row.get(2)?,
                    used: row.get(3)?,
                    limit: row.get(4)?,
                    period: row.get(5)?,
                })
            })?;
            Ok(usage)
        })
        .await?;
    Ok(json(StatusCode::OK, usage))
}
