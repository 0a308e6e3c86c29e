//! Organisations: one with its members and their profiles, and a new one.
//!
//! Invariant: an organisation never exists without its owner's membership.
//! Not here: the shape of answers.

use crate::database::Database;
use crate::failure::Failure;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use bench_web::{Caller, Member, NewOrganization, Organization, Profile, Refusal, json};
use rusqlite::Row;
use rusqlite::types::ValueRef;

const SHOW: &str = "
SELECT o.id, o.name, o.slug, o.owner_id, o.created_at, m.user_id, m.role, u.id, u.name, u.email
FROM organizations o
JOIN organization_members m ON m.organization_id = o.id
LEFT JOIN users u ON u.id = m.user_id
WHERE o.slug = ?1
  AND EXISTS (SELECT 1 FROM organization_members c WHERE c.organization_id = o.id AND c.user_id = ?2)
ORDER BY m.id";

const CREATE: &str = "
INSERT INTO organizations (name, slug, owner_id) VALUES (?1, ?2, ?3)
RETURNING id, name, slug, owner_id, created_at";

const OWN: &str =
    "INSERT INTO organization_members (organization_id, user_id, role) VALUES (?1, ?2, 'owner')";

type Shown = Organization<String, String>;

/// `GET /organizations/{slug}`
pub(crate) async fn show(
    caller: Caller,
    State(database): State<Database>,
    Path(slug): Path<String>,
) -> Result<Response, Failure> {
    let organization = database
        .read(move |connection| {
            let mut statement = connection.prepare_cached(SHOW)?;
            let mut rows = statement.query((slug, caller.id.to_string()))?;
            let (mut shown, mut members) = (None, Vec::new());
            while let Some(row) = rows.next()? {
                if shown.is_none() {
                    shown = Some(organization(row)?);
                }
                members.push(member(row)?);
            }
            let mut shown = shown.ok_or(Refusal::NotFound)?;
            shown.organization_members = Some(members);
            Ok(shown)
        })
        .await?;
    Ok(json(StatusCode::OK, organization))
}

/// `POST /organizations`
pub(crate) async fn create(
    caller: Caller,
    State(database): State<Database>,
    body: NewOrganization,
) -> Result<Response, Failure> {
    let slug = body.slug.ok_or(Refusal::Missing("slug is needed"))?;
    let organization = database
        .write(move |transaction| {
            let user = caller.id.to_string();
            let mut create = transaction.prepare_cached(CREATE)?;
            let organization = create.query_row((&body.name, &slug, &user), organization)?;
            transaction
                .prepare_cached(OWN)?
                .execute((&organization.id, &user))?;
            Ok(organization)
        })
        .await?;
    Ok(json(StatusCode::CREATED, organization))
}

fn organization(row: &Row<'_>) -> rusqlite::Result<Shown> {
    Ok(Organization {
        id: row.get(0)?,
        name: row.get(1)?,
        slug: row.get(2)?,
        owner_id: row.get(3)?,
        created_at: row.get(4)?,
        organization_members: None,
    })
}

fn member(row: &Row<'_>) -> rusqlite::Result<Member<String>> {
    let users = match row.get_ref(7)? {
        ValueRef::Null => None,
        _known => Some(Profile {
            name: row.get(8)?,
            email: row.get(9)?,
        }),
    };
    Ok(Member {
        user_id: row.get(5)?,
        role: row.get(6)?,
        users,
    })
}
