//! Organisations: one with its members and their profiles, and a new one.
//!
//! Invariant: an organisation never exists without its owner's membership.
//! Not here: the shape of answers.

use crate::failure::Failure;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use bench_web::{Caller, Member, NewOrganization, Organization, Profile, Refusal, json};
use chrono::{DateTime, Utc};
use deadpool_postgres::Pool;
use tokio_postgres::Row;
use uuid::Uuid;

const SHOW: &str = "
SELECT o.id, o.name, o.slug, o.owner_id, o.created_at, m.user_id, m.role, u.id, u.name, u.email
FROM organizations o
JOIN organization_members m ON m.organization_id = o.id
LEFT JOIN users u ON u.id = m.user_id
WHERE o.slug = $1
  AND EXISTS (SELECT 1 FROM organization_members c WHERE c.organization_id = o.id AND c.user_id = $2)
ORDER BY m.id";

const CREATE: &str = "
INSERT INTO organizations (name, slug, owner_id) VALUES ($1, $2, $3)
RETURNING id, name, slug, owner_id, created_at";

const OWN: &str =
    "INSERT INTO organization_members (organization_id, user_id, role) VALUES ($1, $2, 'owner')";

type Shown = Organization<Uuid, DateTime<Utc>>;

/// `GET /organizations/{slug}`
pub(crate) async fn show(
    caller: Caller,
    State(pool): State<Pool>,
    Path(slug): Path<String>,
) -> Result<Response, Failure> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(SHOW).await?;
    let rows = client.query(&statement, &[&slug, &caller.id]).await?;
    let mut organization = organization(rows.first().ok_or(Refusal::NotFound)?)?;
    let members = rows.iter().map(member).collect::<Result<_, _>>()?;
    organization.organization_members = Some(members);
    Ok(json(StatusCode::OK, organization))
}

/// `POST /organizations`
pub(crate) async fn create(
    caller: Caller,
    State(pool): State<Pool>,
    body: NewOrganization,
) -> Result<Response, Failure> {
    let slug = body.slug.ok_or(Refusal::Missing("slug is needed"))?;
    let mut client = pool.get().await?;
    let create = client.prepare_cached(CREATE).await?;
    let own = client.prepare_cached(OWN).await?;
    let transaction = client.transaction().await?;
    let row = transaction
        .query_one(&create, &[&body.name, &slug, &caller.id])
        .await?;
    let organization = organization(&row)?;
    transaction.execute(&own, &[&organization.id, &caller.id]).await?;
    transaction.commit().await?;
    Ok(json(StatusCode::CREATED, organization))
}

fn organization(row: &Row) -> Result<Shown, tokio_postgres::Error> {
    Ok(Organization {
        id: row.try_get(0)?,
        name: row.try_get(1)?,
        slug: row.try_get(2)?,
        owner_id: row.try_get(3)?,
        created_at: row.try_get(4)?,
        organization_members: None,
    })
}

fn member(row: &Row) -> Result<Member<Uuid>, tokio_postgres::Error> {
    let known: Option<Uuid> = row.try_get(7)?;
    let users = match known {
        Some(_) => Some(Profile {
            name: row.try_get(8)?,
            email: row.try_get(9)?,
        }),
        None => None,
    };
    Ok(Member {
        user_id: row.try_get(5)?,
        role: row.try_get(6)?,
        users,
    })
}
