//! What a provider's events look like.
//!
//! Role: how they are signed, where they say what they are about, and where a tenant can be told from.
//! Invariant: paths are names with dots between them; those of `subject` and below start at the payload.
//! Not here: checking a signature (the connectors), what an event does (the engine).

/// Events that a provider sends.
#[derive(Debug, Clone, PartialEq)]
pub struct Events {
    /// How they are signed; `None`: the author says it.
    pub signature: Option<Signature>,
    /// What tells one event from another; `None`: its bytes.
    pub id: Option<At>,
    /// What it is.
    pub kind: Option<At>,
    /// The object that it is about: events about one object run one at a time, in order.
    pub object: Option<At>,
    /// When it was made: seconds since 1970, or a timestamp; `None`: when it arrived.
    pub created: Option<At>,
    /// Deliveries that only ask whether somebody is here: the `type` of such, and where lies what is sent back.
    pub challenge: Option<(String, String)>,
    /// Where the object lies in the payload; empty: it is the payload.
    pub subject: String,
    /// The member of the object that tells its type, if it has one.
    pub type_member: Option<String>,
    /// Where metadata of an object above it is copied to, below the subject: `subscription_details.metadata`.
    pub snapshots: Vec<String>,
    /// Where ids of other objects lie below the subject, beside the member of their type's own name: type and
    /// path.
    pub related: Vec<(String, String)>,
    /// Types of objects on which a project's own calls may have put metadata.
    pub carriers: Vec<String>,
    /// Types of objects that many tenants have alike, so that they tell none: prices.
    pub shared: Vec<String>,
}

impl Events {
    /// Events of which only the author knows anything.
    #[must_use]
    pub fn unknown() -> Self {
        Self {
            signature: None,
            id: None,
            kind: None,
            object: None,
            created: None,
            challenge: None,
            subject: String::new(),
            type_member: None,
            snapshots: Vec::new(),
            related: Vec::new(),
            carriers: Vec::new(),
            shared: Vec::new(),
        }
    }
}

/// Where something stands in a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At {
    /// At this path of the payload.
    Payload(String),
    /// In this header, in lower case.
    Header(String),
    /// At the first of these paths of the payload that is there.
    First(Vec<String>),
}

/// How a delivery is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signature {
    /// `Stripe-Signature: t=…,v1=…`: HMAC-SHA256 over `t.body`, any `v1`.
    Stripe,
    /// A header with an HMAC of what is signed.
    Header(HeaderSignature),
}

/// A signature in a header. It may hold several, with blanks between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderSignature {
    /// The header, in lower case.
    pub header: String,
    /// The hash.
    pub algorithm: Algorithm,
    /// How the digest is written.
    pub encoding: Encoding,
    /// What stands before the digest, `sha256=`.
    pub prefix: String,
    /// What is signed, in order.
    pub signed: Vec<Signed>,
    /// The header with the instant of sending (seconds since 1970), in lower case, and how many seconds it may be
    /// off, both ways.
    pub timestamp: Option<(String, u32)>,
    /// How the secret is written.
    pub secret: SecretForm,
}

/// A hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// SHA-1
    Sha1,
    /// SHA-256
    Sha256,
    /// SHA-512
    Sha512,
}

/// How a digest is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Hexadecimal digits.
    Hex,
    /// Base64 with padding.
    Base64,
}

/// How a secret becomes the bytes of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretForm {
    /// As it is written.
    Text,
    /// Base64, behind `whsec_` if that stands there.
    Base64,
}

/// A part of what is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signed {
    /// This text.
    Text(String),
    /// The value of a header, in lower case.
    Header(String),
    /// The body.
    Body,
}
