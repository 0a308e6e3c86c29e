//! Fills PostgreSQL.
//!
//! Invariant: ends with statistics gathered and everything flushed, so that no server pays for it later.
//! Not here: what the rows hold.

use super::migrate;
use crate::cluster::connect;
use crate::data::{INVITATIONS, Invitation, ORGANIZATIONS, Organization, USERS, Usage, User, instant};
use anyhow::Result;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::SinkExt;
use std::fmt::Write;
use std::path::Path;
use tokio_postgres::Client;

/// Bytes sent at once.
const PIECE: usize = 256 * 1024;

/// Makes and fills the tables.
pub(crate) async fn fill(program: &Path, url: &str, issued: DateTime<Utc>) -> Result<()> {
    migrate(program, url)?;
    let client = connect(url).await?;
    // The rows are right by construction; checking 600,000 foreign keys takes longer than writing them.
    client
        .batch_execute("SET session_replication_role = replica")
        .await?;
    let (period, issued) = (crate::data::period(issued), instant(issued));
    let organizations = (0..ORGANIZATIONS).map(Organization).map(|one| {
        let (id, name, slug, owner) = (one.id(), one.name(), one.slug(), one.owner().id());
        format!("{id}\t{name}\t{slug}\t{owner}\t{}", instant(one.created_at()))
    });
    copy(
        &client,
        "organizations (id, name, slug, owner_id, created_at)",
        organizations,
    )
    .await?;
    let users = (0..USERS).map(User).map(|one| {
        format!(
            "{}\t{}\t{}\t{issued}\t{issued}",
            one.id(),
            one.email(),
            one.name()
        )
    });
    copy(&client, "users (id, email, name, created_at, updated_at)", users).await?;
    let members = (0..USERS).map(User).map(|one| {
        let (id, organization, user) = (one.membership(), one.organization().id(), one.id());
        format!(
            "{id}\t{organization}\t{user}\t{}\t{}",
            one.role(),
            instant(one.joined_at())
        )
    });
    copy(
        &client,
        "organization_members (id, organization_id, user_id, role, joined_at)",
        members,
    )
    .await?;
    let usage = Usage::all().map(|one| {
        let limit = one
            .limit()
            .map_or_else(|| "\\N".to_owned(), |limit| limit.to_string());
        let (id, organization, feature) = (one.id(), one.organization.id(), one.feature_name());
        format!(
            "{id}\t{organization}\t{feature}\t{}\t{limit}\t{period}",
            one.used()
        )
    });
    copy(
        &client,
        "usage_records (id, organization_id, feature, used, \"limit\", period)",
        usage,
    )
    .await?;
    subscriptions(&client).await?;
    let invitations = (0..INVITATIONS).map(Invitation).map(|one| {
        let (id, organization, email, token) =
            (one.id(), one.organization().id(), one.user().email(), one.token());
        let (expires, created) = (instant(one.expires_at()), instant(one.created_at()));
        format!("{id}\t{organization}\t{email}\tmember\t{token}\t{expires}\t{created}")
    });
    let into = "invitations (id, organization_id, email, role, token, expires_at, created_at)";
    copy(&client, into, invitations).await?;
    client.batch_execute("VACUUM ANALYZE").await?;
    client.batch_execute("CHECKPOINT").await?;
    Ok(())
}

async fn subscriptions(client: &Client) -> Result<()> {
    let rows = (0..ORGANIZATIONS).map(Organization).map(|one| {
        let (id, organization, created) = (one.subscribed(), one.id(), instant(one.created_at()));
        let (customer, subscription) = (one.customer(), one.subscription());
        format!("{id}\t{organization}\t{customer}\t{subscription}\tpro\tactive\t{created}")
    });
    let columns = "id, organization_id, stripe_customer_id, stripe_subscription_id, plan, status, created_at";
    copy(client, &format!("subscriptions ({columns})"), rows).await
}

async fn copy(client: &Client, into: &str, rows: impl Iterator<Item = String>) -> Result<()> {
    let sink = client.copy_in(&format!("COPY {into} FROM STDIN")).await?;
    let mut sink = std::pin::pin!(sink);
    let mut piece = String::new();
    for row in rows {
        writeln!(piece, "{row}")?;
        if piece.len() > PIECE {
            sink.send(Bytes::from(std::mem::take(&mut piece))).await?;
        }
    }
    sink.send(Bytes::from(piece)).await?;
    sink.finish().await?;
    Ok(())
}
