//! Who is asking.
//!
//! Role: finds the one bearer token of a request and makes an [`Identity`] of it.
//! Invariant: a token that is there and not valid is refused on every route; it never makes its bearer
//! anonymous.
//! Not here: what the caller may do.

use crate::fault::{Code, Fault};
use crate::token::Verifier;
use backflow_expr::Value;
use http::header::{AUTHORIZATION, HeaderMap};
use std::sync::Arc;

/// Longest `Authorization` header, in bytes.
const LONGEST_HEADER: usize = 16 * 1024;

/// A caller with a valid token.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// The claim `sub`.
    pub(crate) subject: Arc<str>,
    /// The claim `email`, unless the token says that it is not verified.
    pub(crate) email: Option<Arc<str>>,
    /// All claims; an unverified e-mail is not among them.
    pub(crate) claims: Value,
}

impl Identity {
    /// `None`: the request carries no token.
    pub(crate) fn of(
        headers: &HeaderMap,
        verifier: Option<&Verifier>,
        now: jiff::Timestamp,
    ) -> Result<Option<Identity>, Fault> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let Some(value) = values.next() else {
            return Ok(None);
        };
        if values.next().is_some() {
            return Err(refused("several Authorization headers"));
        }
        if value.len() > LONGEST_HEADER {
            return Err(refused("the Authorization header is too long"));
        }
        let text = value
            .to_str()
            .map_err(|_| refused("the Authorization header is not ASCII"))?;
        let (scheme, token) = text.trim().split_once(' ').unwrap_or((text, ""));
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(refused("the scheme is not Bearer"));
        }
        let verifier = verifier.ok_or_else(|| refused("no secret for tokens is configured"))?;
        verifier
            .claims(token.trim(), now)
            .map(|claims| Some(Identity::from_claims(claims)))
    }

    /// Of verified claims.
    fn from_claims(claims: Value) -> Self {
        let claims = without_unverified_email(claims);
        let text = |name: &str| match claims.member(name) {
            Value::Text(text) => Some(text),
            _ => None,
        };
        let subject = text("sub").unwrap_or_default();
        Self {
            subject,
            email: text("email").filter(|email| !email.is_empty()),
            claims,
        }
    }
}

fn without_unverified_email(claims: Value) -> Value {
    let verified = match claims.member("email_verified") {
        Value::Undefined | Value::Bool(true) => true,
        Value::Text(text) => &*text == "true",
        _ => false,
    };
    match claims {
        Value::Object(members) if !verified => Value::object(
            members
                .iter()
                .filter(|(name, _)| &***name != "email")
                .map(|(name, value)| (Arc::clone(name), value.clone())),
        ),
        claims => claims,
    }
}

fn refused(why: &str) -> Fault {
    Fault::of(Code::InvalidToken).private(why)
}
