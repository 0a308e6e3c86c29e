//! Accepting an invitation.
//!
//! Invariant: an invitation gives one membership, to the person it was sent to.
//! Not here: the shape of answers.

use crate::database::Database;
use crate::failure::Failure;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use bench_web::{Caller, Invitation, Refusal, json};
use chrono::{SecondsFormat, Utc};

const FIND: &str = "
SELECT id, organization_id, email, role FROM invitations
WHERE token = ?1 AND expires_at > ?2 AND accepted_at IS NULL";

const JOIN: &str = "INSERT INTO organization_members (organization_id, user_id, role) VALUES (?1, ?2, ?3)";

const CLOSE: &str = "
UPDATE invitations SET accepted_at = ?2 WHERE id = ?1
RETURNING id, organization_id, email, role, expires_at, accepted_at, created_at";

type Found = (String, Option<String>, String, Option<String>);

/// `POST /invites/{token}/accept`
pub(crate) async fn accept(
    caller: Caller,
    State(database): State<Database>,
    Path(token): Path<String>,
) -> Result<Response, Failure> {
    let now = Utc::now().to_rfc3339_opts(SecondsFormat::Micros, false);
    let invitation: Invitation<String, String> = database
        .write(move |transaction| {
            let mut find = transaction.prepare_cached(FIND)?;
            let (id, organization, email, role): Found =
                find.query_row((&token, &now), |row| row.try_into())?;
            let is_theirs = caller
                .email
                .as_deref()
                .is_some_and(|own| own.eq_ignore_ascii_case(&email));
            if !is_theirs {
                return Err(Refusal::WrongEmail.into());
            }
            let mut join = transaction.prepare_cached(JOIN)?;
            join.execute((&organization, caller.id.to_string(), &role))?;
            let mut close = transaction.prepare_cached(CLOSE)?;
            let invitation = close.query_row((&id, &now), |row| {
                Ok(Invitation {
                    id: row.get(0)?,
                    organization_id: row.get(1)?,
                    email: row.get(2)?,
                    role: row.get(3)?,
                    expires_at: row.get(4)?,
                    accepted_at: row.get(5)?,
                    created_at: row.get(6)?,
                })
            })?;
            Ok(invitation)
        })
        .await?;
    Ok(json(StatusCode::OK, [invitation]))
}
