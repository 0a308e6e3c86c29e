//! Bodies of requests.
//!
//! Invariant: a body that a handler sees is valid.
//! Not here: what is done with it.

use crate::refusal::Refusal;
use axum::Json;
use axum::extract::{FromRequest, Request};
use serde::Deserialize;

/// Body of `POST /organizations`.
#[derive(Deserialize)]
pub struct NewOrganization {
    /// Shown to people.
    pub name: String,
    /// Part of addresses; the column wants one, the body may lack it.
    pub slug: Option<String>,
}

/// Body of `POST /usage/track`.
#[derive(Deserialize)]
pub struct Tracked {
    /// What was used.
    pub feature: String,
    /// How much of it.
    #[serde(default = "one")]
    pub quantity: i32,
}

fn one() -> i32 {
    1
}

impl NewOrganization {
    fn is_valid(&self) -> bool {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let slug = self.slug.as_deref();
        slug.is_none_or(|slug| !slug.is_empty() && slug.bytes().all(allowed))
    }
}

impl<S: Send + Sync> FromRequest<S> for NewOrganization {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let Json(body) = Json::<Self>::from_request(request, state)
            .await
            .map_err(|_wrong| Refusal::Invalid("The body needs a name"))?;
        if body.is_valid() {
            Ok(body)
        } else {
            Err(Refusal::Invalid("The slug must match ^[a-z0-9-]+$"))
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Tracked {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let Json(body) = Json::<Self>::from_request(request, state)
            .await
            .map_err(|_wrong| Refusal::Invalid("The body needs a feature and a whole quantity"))?;
        Ok(body)
    }
}
