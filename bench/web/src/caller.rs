//! Who calls, by a bearer token.
//!
//! Invariant: claims are read only from a token whose HS256 signature and expiry hold.
//! Not here: membership; that is in the statements.

use crate::refusal::Refusal;
use axum::extract::{FromRef, FromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use std::sync::Arc;
use uuid::Uuid;

/// What tokens are checked with.
#[derive(Clone)]
pub struct Keys(Arc<(DecodingKey, Validation)>);

impl Keys {
    /// Keys of a shared secret.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 30;
        validation.validate_nbf = true;
        validation.validate_aud = false;
        Self(Arc::new((
            DecodingKey::from_secret(secret.as_bytes()),
            validation,
        )))
    }
}

#[derive(Deserialize)]
struct Claims {
    sub: Uuid,
    email: Option<String>,
    tenant_id: Option<Uuid>,
}

/// A caller whose token holds.
pub struct Caller {
    /// The user.
    pub id: Uuid,
    /// The address that the token names.
    pub email: Option<String>,
    claimed: Option<Uuid>,
    header: Option<Result<Uuid, Refusal>>,
}

impl Caller {
    /// The tenant that the caller names: `X-Tenant-ID`, else the claim. Not judged yet.
    ///
    /// # Errors
    /// None is named, or what is named cannot exist.
    pub fn tenant(&self) -> Result<Uuid, Refusal> {
        match self.header {
            Some(named) => named,
            None => self.claimed.ok_or(Refusal::NoTenant),
        }
    }
}

impl<S> FromRequestParts<S> for Caller
where
    Keys: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let token = parts
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or(Refusal::Unauthorized)?;
        let keys = Keys::from_ref(state);
        let (key, validation) = &*keys.0;
        let claims = jsonwebtoken::decode::<Claims>(token, key, validation)
            .map_err(|_wrong| Refusal::Unauthorized)?
            .claims;
        let header = parts
            .headers
            .get("x-tenant-id")
            .map(|value| Uuid::try_parse_ascii(value.as_bytes()).map_err(|_wrong| Refusal::NotFound));
        Ok(Self {
            id: claims.sub,
            email: claims.email,
            claimed: claims.tenant_id,
            header,
        })
    }
}
