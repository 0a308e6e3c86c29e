//! Accepting an invitation.
//!
//! Invariant: an invitation gives one membership, to the person it was sent to.
//! Not here: the shape of answers.

use crate::failure::Failure;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use bench_web::{Caller, Invitation, Refusal, json};
use chrono::{DateTime, Utc};
use deadpool_postgres::Pool;
use uuid::Uuid;

const FIND: &str = "
SELECT id, organization_id, email, role FROM invitations
WHERE token = $1 AND expires_at > now() AND accepted_at IS NULL
FOR NO KEY UPDATE";

const JOIN: &str = "INSERT INTO organization_members (organization_id, user_id, role) VALUES ($1, $2, $3)";

const CLOSE: &str = "
UPDATE invitations SET accepted_at = now() WHERE id = $1
RETURNING id, organization_id, email, role, expires_at, accepted_at, created_at";

/// `POST /invites/{token}/accept`
pub(crate) async fn accept(
    caller: Caller,
    State(pool): State<Pool>,
    Path(token): Path<String>,
) -> Result<Response, Failure> {
    let mut client = pool.get().await?;
    let find = client.prepare_cached(FIND).await?;
    let join = client.prepare_cached(JOIN).await?;
    let close = client.prepare_cached(CLOSE).await?;
    let transaction = client.transaction().await?;
    let found = transaction
        .query_opt(&find, &[&token])
        .await?
        .ok_or(Refusal::NotFound)?;
    let (id, organization): (Uuid, Option<Uuid>) = (found.try_get(0)?, found.try_get(1)?);
    let (email, role): (&str, Option<&str>) = (found.try_get(2)?, found.try_get(3)?);
    let is_theirs = caller
        .email
        .as_deref()
        .is_some_and(|own| own.eq_ignore_ascii_case(email));
    if !is_theirs {
        return Err(Refusal::WrongEmail.into());
    }
    transaction
        .execute(&join, &[&organization, &caller.id, &role])
        .await?;
    let row = transaction.query_one(&close, &[&id]).await?;
    transaction.commit().await?;
    let invitation: Invitation<Uuid, DateTime<Utc>> = Invitation {
        id: row.try_get(0)?,
        organization_id: row.try_get(1)?,
        email: row.try_get(2)?,
        role: row.try_get(3)?,
        expires_at: row.try_get(4)?,
        accepted_at: row.try_get(5)?,
        created_at: row.try_get(6)?,
    };
    Ok(json(StatusCode::OK, [invitation]))
}
