//! Signatures of deliveries.
//!
//! Role: what the engine needs of those who know how providers sign.
//! Invariant: whoever checks sees the bytes as they arrived, and every secret that may have signed.
//! Not here: the schemes (the connectors), what a verified delivery is good for (`hook`).

use crate::settings::Secret;
use backflow_plan::manifest::Signature;
use http::HeaderMap;
use jiff::Timestamp;

/// Knows how providers sign.
pub trait Signatures: Send + Sync + 'static {
    /// Whether a delivery was signed by somebody who knows one of the secrets, and lately.
    ///
    /// # Errors
    /// When it was not.
    fn check(&self, delivery: &Delivery<'_>) -> Result<(), Forged>;
}

/// What arrived at a webhook.
pub struct Delivery<'a> {
    /// How its provider signs.
    pub signature: &'a Signature,
    /// Any of these may have signed; empty ones have not.
    pub secrets: &'a [Secret],
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body as it arrived.
    pub body: &'a [u8],
    /// This instant.
    pub now: Timestamp,
}

/// Why a delivery is not believed, for the log: nothing of a secret, and nothing that would help to forge one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forged(pub &'static str);

/// Believes nobody.
pub(crate) struct NoSignatures;

impl Signatures for NoSignatures {
    fn check(&self, _delivery: &Delivery<'_>) -> Result<(), Forged> {
        Err(Forged("no signature is known here"))
    }
}
