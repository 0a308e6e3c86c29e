//! Answers.
//!
//! Invariant: members and their order are those of the product's answers. `Id` and `Time` are what a database
//! gives: a uuid and an instant, or the texts that SQLite keeps.
//! Not here: rows.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use serde::{Serialize, Serializer};

/// An instant as it is written in answers; text is written already.
pub trait Instant {
    /// Writes it.
    ///
    /// # Errors
    /// Those of the serializer.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

impl Instant for DateTime<Utc> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_rfc3339_opts(SecondsFormat::Micros, false))
    }
}

impl Instant for String {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<T: Instant> Instant for Option<T> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(time) => time.write(serializer),
            None => serializer.serialize_none(),
        }
    }
}

fn instant<T: Instant, S: Serializer>(time: &T, serializer: S) -> Result<S::Ok, S::Error> {
    time.write(serializer)
}

/// Answer of `GET /usage/check/:feature`.
#[derive(Serialize)]
#[allow(missing_docs, reason = "columns")]
pub struct Limit {
    pub used: Option<i32>,
    pub limit: Option<i32>,
    pub remaining: Option<i32>,
}

/// Answer of `POST /usage/track`.
#[derive(Serialize)]
#[allow(missing_docs, reason = "columns")]
pub struct Usage<Id> {
    pub id: Id,
    pub organization_id: Option<Id>,
    pub feature: String,
    pub used: Option<i32>,
    pub limit: Option<i32>,
    pub period: String,
}

/// Answer of `GET /organizations/:slug` and, without members, of `POST /organizations`.
#[derive(Serialize)]
#[serde(bound = "Id: Serialize, Time: Instant")]
#[allow(missing_docs, reason = "columns")]
pub struct Organization<Id, Time> {
    pub id: Id,
    pub name: String,
    pub slug: String,
    pub owner_id: Id,
    #[serde(serialize_with = "instant")]
    pub created_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_members: Option<Vec<Member<Id>>>,
}

/// A member of an organisation.
#[derive(Serialize)]
#[allow(missing_docs, reason = "columns")]
pub struct Member<Id> {
    pub user_id: Id,
    pub role: Option<String>,
    pub users: Option<Profile>,
}

/// What is told of a user.
#[derive(Serialize)]
#[allow(missing_docs, reason = "columns")]
pub struct Profile {
    pub name: Option<String>,
    pub email: Option<String>,
}

/// Answer of `POST /invites/:token/accept`, in a list of one.
#[derive(Serialize)]
#[serde(bound = "Id: Serialize, Time: Instant")]
#[allow(missing_docs, reason = "columns")]
pub struct Invitation<Id, Time> {
    pub id: Id,
    pub organization_id: Option<Id>,
    pub email: String,
    pub role: Option<String>,
    #[serde(serialize_with = "instant")]
    pub expires_at: Time,
    #[serde(serialize_with = "instant")]
    pub accepted_at: Option<Time>,
    #[serde(serialize_with = "instant")]
    pub created_at: Option<Time>,
}

/// An answer with its status.
pub fn json<T: Serialize>(status: StatusCode, body: T) -> Response {
    (status, axum::Json(body)).into_response()
}

/// The month that usage is counted in.
#[must_use]
pub fn period(now: DateTime<Utc>) -> String {
    format!("{:04}-{:02}", now.year(), now.month())
}
