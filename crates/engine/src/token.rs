//! JSON Web Tokens.
//!
//! Role: [`mint`] makes tokens for development and tests; the engine verifies those of callers.
//! Input: the compact form. Output: its claims.
//! Invariant: HS256 and nothing else, whatever a token says of itself; time comes from the engine's clock.
//! Not here: which header a token comes from (`caller`), what claims mean.

mod known;

use crate::base64url;
use crate::fault::{Code, Fault};
use crate::runtime::BuildError;
use crate::settings::{Secret, Settings};
use backflow_expr::{Number, Value, json};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, crypto};
use known::Known;
use std::cmp::Ordering;
use std::sync::OnceLock;

/// How far clocks may be apart, in seconds.
const LEEWAY: i64 = 30;
/// Shortest secret, in bytes.
const SHORTEST_SECRET: usize = 32;
/// Deepest nesting of claims.
const CLAIMS_DEPTH: usize = 64;
/// Header members that change what a token means; we understand none of them.
const REFUSED_HEADERS: [&str; 4] = ["crit", "zip", "b64", "enc"];

/// Makes a token of these claims, signed with HS256. Nothing is added: a token needs `sub` and `exp`.
#[must_use]
pub fn mint(secret: &Secret, claims: &Value) -> String {
    let header = base64url::encode(br#"{"alg":"HS256","typ":"JWT"}"#);
    let message = format!("{header}.{}", base64url::encode(claims.to_json().as_bytes()));
    let key = EncodingKey::from_secret(secret.expose().as_bytes());
    let signature = crypto::sign(message.as_bytes(), &key, Algorithm::HS256)
        .expect("invariant: HMAC signs anything with any key");
    format!("{message}.{signature}")
}

/// Verifies tokens.
pub(crate) struct Verifier {
    key: DecodingKey,
    /// Signed with this key.
    known: Known,
    /// The header of the first token that was signed with it, which others have as a rule: known to be in order without
    /// being read.
    usual_header: OnceLock<Box<str>>,
    issuer: Option<String>,
    audience: Option<String>,
}

impl Verifier {
    /// `None` without a secret.
    pub(crate) fn new(settings: &Settings) -> Result<Option<Self>, BuildError> {
        let Some(secret) = &settings.jwt_secret else {
            return Ok(None);
        };
        if secret.expose().len() < SHORTEST_SECRET {
            return Err(BuildError::WeakSecret);
        }
        Ok(Some(Self {
            key: DecodingKey::from_secret(secret.expose().as_bytes()),
            known: Known::new(),
            usual_header: OnceLock::new(),
            issuer: settings.issuer.clone(),
            audience: settings.audience.clone(),
        }))
    }

    /// The claims of a token that is valid now.
    pub(crate) fn claims(&self, token: &str, now: jiff::Timestamp) -> Result<Value, Fault> {
        let known = self.known.claims(token);
        let claims = known.map_or_else(|| self.signed_claims(token), Ok)?;
        self.check_claims(&claims, now.as_second())?;
        Ok(claims)
    }

    /// The claims of a token whose signature is good, whatever they say.
    fn signed_claims(&self, token: &str) -> Result<Value, Fault> {
        let (message, signature) = token.rsplit_once('.').ok_or_else(|| invalid("not three parts"))?;
        let (header, payload) = message
            .split_once('.')
            .ok_or_else(|| invalid("not three parts"))?;
        if payload.contains('.') {
            return Err(invalid("not three parts"));
        }
        if self.usual_header.get().is_none_or(|usual| **usual != *header) {
            check_header(&part(header)?)?;
        }
        let verified = crypto::verify(signature, message.as_bytes(), &self.key, Algorithm::HS256);
        if !verified.unwrap_or(false) {
            return Err(invalid("the signature does not match"));
        }
        let _first = self.usual_header.get_or_init(|| header.into());
        let claims = part(payload)?;
        self.known.keep(token, &claims);
        Ok(claims)
    }

    fn check_claims(&self, claims: &Value, now: i64) -> Result<(), Fault> {
        if claims.member("sub").as_text().is_none_or(str::is_empty) {
            return Err(invalid("`sub` is not a text with content"));
        }
        let expires = claims.member("exp");
        let expires = expires
            .as_number()
            .ok_or_else(|| invalid("`exp` is not a number"))?;
        if Number::Int(now - LEEWAY).compare(expires) != Ordering::Less {
            return Err(Fault::of(Code::TokenExpired));
        }
        match claims.member("nbf") {
            Value::Undefined => {}
            Value::Number(from) if Number::Int(now + LEEWAY).compare(&from) != Ordering::Less => {}
            _ => return Err(invalid("`nbf` is in the future or not a number")),
        }
        if let Some(issuer) = &self.issuer
            && claims.member("iss").as_text() != Some(issuer)
        {
            return Err(invalid("`iss` is another"));
        }
        match &self.audience {
            Some(audience) if !names(&claims.member("aud"), audience) => Err(invalid("`aud` is another")),
            _ => Ok(()),
        }
    }
}

fn names(claim: &Value, audience: &str) -> bool {
    match claim {
        Value::Text(text) => **text == *audience,
        Value::List(items) => items.iter().any(|item| item.as_text() == Some(audience)),
        _ => false,
    }
}

fn check_header(header: &Value) -> Result<(), Fault> {
    if header.member("alg").as_text() != Some("HS256") {
        return Err(invalid("`alg` is not HS256"));
    }
    if REFUSED_HEADERS
        .iter()
        .any(|name| !header.member(name).is_undefined())
    {
        return Err(invalid("the header asks for what is not supported"));
    }
    Ok(())
}

/// A part of a token: an object.
fn part(text: &str) -> Result<Value, Fault> {
    let bytes = base64url::decode(text).ok_or_else(|| invalid("not base64url"))?;
    match json::parse(&bytes, CLAIMS_DEPTH) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(invalid("not an object")),
        Err(error) => Err(invalid(error.to_string())),
    }
}

fn invalid(why: impl Into<String>) -> Fault {
    Fault::of(Code::InvalidToken).private(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000;

    fn verifier(secret: &str) -> Verifier {
        let settings = Settings {
            jwt_secret: Some(Secret::new(secret)),
            ..Settings::default()
        };
        Verifier::new(&settings).ok().flatten().expect("a verifier")
    }

    fn at(second: i64) -> jiff::Timestamp {
        jiff::Timestamp::from_second(second).expect("an instant")
    }

    #[test]
    fn a_token_that_is_known_is_judged_each_time() {
        let secret = "one secret of thirty-two bytes, or more";
        let claims = format!(r#"{{"sub": "a", "exp": {}, "nbf": {NOW}}}"#, NOW + 100);
        let claims = json::parse(claims.as_bytes(), CLAIMS_DEPTH).expect("claims");
        let token = mint(&Secret::new(secret), &claims);
        let ours = verifier(secret);
        for _ in 0..3 {
            assert!(ours.claims(&token, at(NOW)).is_ok());
        }
        assert!(ours.known.claims(&token).is_some());
        assert!(ours.claims(&token, at(NOW + 100 + LEEWAY)).is_err(), "it is over");
        assert!(
            ours.claims(&token, at(NOW - LEEWAY - 1)).is_err(),
            "it has not begun"
        );
        assert!(ours.claims(&token, at(NOW)).is_ok());
        let other = verifier("another secret of thirty-two bytes or more");
        assert!(other.claims(&token, at(NOW)).is_err(), "another key");
        let (head, signature) = token.rsplit_once('.').expect("three parts");
        let forged = format!("{head}.A{}", signature.get(1..).unwrap_or_default());
        let (payload, forged_payload) = (
            mint(&Secret::new(secret), &Value::Null),
            format!("{head}x.{signature}"),
        );
        for bad in [&forged, &forged_payload, &payload] {
            assert!(ours.claims(bad, at(NOW)).is_err(), "{bad}");
        }
        assert!(ours.known.claims(&forged).is_none() && ours.known.claims(&forged_payload).is_none());
    }
    #[test]
    fn a_header_is_read_unless_it_is_the_usual_one() {
        let secret = "one secret of thirty-two bytes, or more";
        let claims = format!(r#"{{"sub": "a", "exp": {}}}"#, NOW + 100);
        let signed = |header: &str| {
            let (header, claims) = (
                base64url::encode(header.as_bytes()),
                base64url::encode(claims.as_bytes()),
            );
            let message = format!("{header}.{claims}");
            let key = EncodingKey::from_secret(secret.as_bytes());
            let signature = crypto::sign(message.as_bytes(), &key, Algorithm::HS256).expect("a signature");
            format!("{message}.{signature}")
        };
        let ours = verifier(secret);
        let bad = r#"{"alg":"HS256","crit":["x"]}"#;
        for header in [
            bad,
            r#"{"typ":"JWT","alg":"HS256"}"#,
            bad,
            r#"{"alg":"HS256"}"#,
            bad,
        ] {
            assert_eq!(
                ours.claims(&signed(header), at(NOW)).is_ok(),
                header != bad,
                "{header}"
            );
        }
    }
}
