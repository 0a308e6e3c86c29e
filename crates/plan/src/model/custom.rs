//! A provider that the author describes: any REST API.
//!
//! Invariant: every expression reads only what its action is given (`params`), the environment and constants.
//! Not here: sending; see the crate of connectors.

use super::{Shape, Source};
use crate::manifest::{Manifest, Repeat};
use backflow_expr::Program;

/// A member of `customIntegrations`.
#[derive(Debug, Clone)]
pub struct Custom {
    /// What steps may ask of it.
    pub manifest: Manifest,
    /// Where the values of all its expressions come from: [`Source::Body`] is what the action is given.
    pub frame: Vec<Source>,
    /// `baseUrl`
    pub base: Program,
    /// `auth`
    pub auth: CustomAuth,
    /// `headers`, for all actions.
    pub headers: Vec<(String, Program)>,
    /// Its actions, in the order of the manifest.
    pub actions: Vec<CustomAction>,
}

/// How a custom provider knows us.
#[derive(Debug, Clone)]
pub enum CustomAuth {
    /// Not at all.
    None,
    /// `Authorization: Bearer …`
    Bearer(Program),
    /// `Authorization: Basic …`
    Basic(Program, Program),
    /// A header of this name.
    Header(String, Program),
    /// A parameter of the query string.
    Query(String, Program),
}

/// An action of a custom provider.
#[derive(Debug, Clone)]
pub struct CustomAction {
    /// `POST`
    pub method: String,
    /// Path below the address, with holes; a value is percent-encoded as one segment.
    pub path: Vec<(String, Option<Program>)>,
    /// Parameters of the query string.
    pub query: Vec<(String, Program)>,
    /// Further headers.
    pub headers: Vec<(String, Program)>,
    /// What is sent.
    pub body: CustomBody,
    /// The header that takes the idempotency key, if the provider knows one.
    pub key_header: Option<String>,
    /// What happens if it is sent twice.
    pub repeat: Repeat,
}

/// A body of a custom provider's request.
#[derive(Debug, Clone)]
pub enum CustomBody {
    /// None.
    None,
    /// JSON.
    Json(Shape),
    /// A form; nested members in brackets.
    Form(Shape),
}
