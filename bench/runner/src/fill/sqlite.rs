//! Fills a SQLite file.
//!
//! Invariant: ends with statistics gathered and an empty log, so that the file can be copied.
//! Not here: what the rows hold.

use super::migrate;
use crate::data::{INVITATIONS, Invitation, ORGANIZATIONS, Organization, USERS, Usage, User, instant};
use anyhow::Result;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};
use std::path::Path;

/// Makes and fills the tables.
pub(crate) fn fill(program: &Path, file: &Path, issued: DateTime<Utc>) -> Result<()> {
    migrate(program, &format!("sqlite:{}", file.display()))?;
    let mut connection = Connection::open(file)?;
    // Nobody reads yet; a crash here ends the run.
    connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -500000")?;
    let transaction = connection.transaction()?;
    directory(&transaction, issued)?;
    subscriptions(&transaction)?;
    usage(&transaction, issued)?;
    invitations(&transaction)?;
    transaction.commit()?;
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
    Ok(())
}

/// Organisations, users, and who belongs where.
fn directory(connection: &Connection, issued: DateTime<Utc>) -> Result<()> {
    let mut insert = connection
        .prepare("INSERT INTO organizations (id, name, slug, owner_id, created_at) VALUES (?, ?, ?, ?, ?)")?;
    for one in (0..ORGANIZATIONS).map(Organization) {
        let (id, owner) = (one.id().to_string(), one.owner().id().to_string());
        insert.execute(params![
            id,
            one.name(),
            one.slug(),
            owner,
            instant(one.created_at())
        ])?;
    }
    let mut user = connection
        .prepare("INSERT INTO users (id, email, name, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?4)")?;
    let mut member = connection.prepare(
        "INSERT INTO organization_members (id, organization_id, user_id, role, joined_at) VALUES (?, ?, ?, ?, ?)",
    )?;
    for one in (0..USERS).map(User) {
        let (id, organization) = (one.id().to_string(), one.organization().id().to_string());
        user.execute(params![id, one.email(), one.name(), instant(issued)])?;
        let membership = one.membership().to_string();
        member.execute(params![
            membership,
            organization,
            id,
            one.role(),
            instant(one.joined_at())
        ])?;
    }
    Ok(())
}

fn subscriptions(connection: &Connection) -> Result<()> {
    let mut insert = connection.prepare(
        "INSERT INTO subscriptions
         (id, organization_id, stripe_customer_id, stripe_subscription_id, plan, status, created_at)
         VALUES (?, ?, ?, ?, 'pro', 'active', ?)",
    )?;
    for one in (0..ORGANIZATIONS).map(Organization) {
        let (id, organization) = (one.subscribed().to_string(), one.id().to_string());
        let (customer, subscription) = (one.customer(), one.subscription());
        insert.execute(params![
            id,
            organization,
            customer,
            subscription,
            instant(one.created_at())
        ])?;
    }
    Ok(())
}

fn usage(connection: &Connection, issued: DateTime<Utc>) -> Result<()> {
    let period = crate::data::period(issued);
    let mut insert = connection.prepare(
        "INSERT INTO usage_records (id, organization_id, feature, used, \"limit\", period) VALUES (?, ?, ?, ?, ?, ?)",
    )?;
    for one in Usage::all() {
        let (id, organization) = (one.id().to_string(), one.organization.id().to_string());
        let (used, limit) = (
            i64::try_from(one.used())?,
            one.limit().map(i64::try_from).transpose()?,
        );
        insert.execute(params![id, organization, one.feature_name(), used, limit, period])?;
    }
    Ok(())
}

fn invitations(connection: &Connection) -> Result<()> {
    let mut insert = connection.prepare(
        "INSERT INTO invitations (id, organization_id, email, role, token, expires_at, created_at)
         VALUES (?, ?, ?, 'member', ?, ?, ?)",
    )?;
    for one in (0..INVITATIONS).map(Invitation) {
        let (id, organization) = (one.id().to_string(), one.organization().id().to_string());
        let (expires, created) = (instant(one.expires_at()), instant(one.created_at()));
        insert.execute(params![
            id,
            organization,
            one.user().email(),
            one.token(),
            expires,
            created
        ])?;
    }
    Ok(())
}
