//! Tokens of the users.
//!
//! Invariant: every user has a token of their own, as an issuer would make it, valid for a day.
//! Not here: sending them.

use crate::data::{USERS, User};
use anyhow::Result;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

/// The secret that all servers share.
pub(crate) const SECRET: &str = "a secret for benches, which has thirty-two bytes or more";

const DAY: i64 = 24 * 3600;

/// The tokens of all users.
pub(crate) struct People {
    /// Seconds since 1970 at which the tokens were issued.
    pub(crate) issued: i64,
    tokens: Vec<String>,
}

impl People {
    /// Signs them.
    pub(crate) fn new(issued: i64) -> Result<Self> {
        let tokens = (0..USERS)
            .map(|number| sign(&claims(&User(number), issued), SECRET))
            .collect::<Result<_>>()?;
        Ok(Self { issued, tokens })
    }

    /// The token of a user.
    pub(crate) fn token(&self, user: &User) -> &str {
        usize::try_from(user.0)
            .ok()
            .and_then(|at| self.tokens.get(at))
            .map_or("", String::as_str)
    }

    /// One whose day is over.
    pub(crate) fn expired(&self, user: &User) -> Result<String> {
        sign(&claims(user, self.issued - 2 * DAY), SECRET)
    }

    /// One that somebody else signed.
    pub(crate) fn forged(&self, user: &User) -> Result<String> {
        sign(
            &claims(user, self.issued),
            "a secret that nobody has agreed upon with us",
        )
    }
}

/// The claims that an issuer such as Supabase puts in.
fn claims(user: &User, issued: i64) -> Value {
    json!({
        "iss": "https://auth.example.com/auth/v1",
        "sub": user.id(),
        "aud": "authenticated",
        "role": "authenticated",
        "email": user.email(),
        "name": user.name(),
        "iat": issued,
        "exp": issued + DAY,
    })
}

fn sign(claims: &Value, secret: &str) -> Result<String> {
    let key = EncodingKey::from_secret(secret.as_bytes());
    Ok(encode(&Header::new(Algorithm::HS256), claims, &key)?)
}
