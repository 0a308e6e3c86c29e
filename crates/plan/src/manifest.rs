//! What providers offer.
//!
//! Role: actions, their parameters and results, and the credentials a provider needs, as data. Steps of type
//! `integration` are checked against it.
//! Input: the built-in providers describe themselves (the crate of connectors); `customIntegrations` become
//! manifests here.
//! Invariant: a manifest holds no secret, no handle and nothing of the environment.
//! Not here: how a request to a provider is made, sent or judged.

mod events;

pub use events::{Algorithm, At, Encoding, Events, HeaderSignature, SecretForm, Signature, Signed};

use std::collections::BTreeMap;

/// All providers that a project may call, by name, and those that only send events.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Manifests {
    providers: BTreeMap<String, Manifest>,
    senders: BTreeMap<String, Events>,
}

impl Manifests {
    /// Providers with these manifests; of two with one name the later stands.
    pub fn new(manifests: impl IntoIterator<Item = Manifest>) -> Self {
        let named = manifests
            .into_iter()
            .map(|manifest| (manifest.name.clone(), manifest));
        Self {
            providers: named.collect(),
            senders: BTreeMap::new(),
        }
    }

    /// Adds those who send events and are called by no step.
    #[must_use]
    pub fn with_senders(mut self, senders: impl IntoIterator<Item = (String, Events)>) -> Self {
        self.senders.extend(senders);
        self
    }

    /// The events that somebody sends; `None`: nothing is known of them.
    #[must_use]
    pub fn events(&self, sender: &str) -> Option<&Events> {
        let called = self.providers.get(sender).and_then(|one| one.events.as_ref());
        self.senders.get(sender).or(called)
    }

    /// The manifest of a provider.
    #[must_use]
    pub fn find(&self, provider: &str) -> Option<&Manifest> {
        self.providers.get(provider)
    }

    /// Adds a provider.
    pub fn add(&mut self, manifest: Manifest) {
        self.providers.insert(manifest.name.clone(), manifest);
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Manifest> {
        self.providers.values()
    }
}

/// What a provider offers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Manifest {
    /// Its name: `integration` of a step, key of `credentials`.
    pub name: String,
    /// What `credentials.<name>` may hold.
    pub credentials: Vec<Credential>,
    /// What can be asked of it.
    pub actions: Vec<Action>,
    /// Parameters whose names are looked up in its credentials.
    pub lookups: Vec<Lookup>,
    /// What it sends to webhooks; `None`: nothing that is understood here.
    pub events: Option<Events>,
}

/// A parameter that may be a name of the author's own, which a credential maps to what the provider knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Lookup {
    /// The action.
    pub action: String,
    /// Its parameter.
    pub param: String,
    /// The credential, an object from names to values.
    pub credential: String,
    /// How the provider's own values start; those are no names.
    pub own: String,
}

impl Manifest {
    /// The action of this name.
    #[must_use]
    pub fn action(&self, name: &str) -> Option<&Action> {
        self.actions.iter().find(|action| action.name == name)
    }
}

/// A key of `credentials.<provider>`.
#[derive(Debug, Clone, PartialEq)]
pub struct Credential {
    /// Its name, `secretKey`.
    pub name: String,
    /// Without it the provider cannot be called.
    pub required: bool,
    /// Its value may be shown in logs and lists.
    pub public: bool,
    /// What it must be.
    pub kind: ParamKind,
}

/// Something that a provider does.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// Its name, `createCustomer`.
    pub name: String,
    /// Its parameters.
    pub params: Vec<Param>,
    /// Names of which at least one must be given, for each list.
    pub one_of: Vec<Vec<String>>,
    /// Parameters that are not listed are passed on; else they are faults.
    pub open: bool,
    /// What is known of its result; `None`: nothing, any member may be read.
    pub result: Option<Vec<Member>>,
    /// What happens if it is asked for twice.
    pub repeat: Repeat,
    /// Values that a provider's newer version does not take any more.
    pub retired: Vec<Retired>,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// It must be given, of its kind, and neither null nor empty.
    pub required: bool,
    /// What it must be.
    pub kind: ParamKind,
    /// The texts that it may be; empty: any.
    pub choices: Vec<String>,
}

/// What a parameter must be.
#[derive(Debug, Clone, PartialEq)]
pub enum ParamKind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
    /// An object with any members.
    Object,
    /// A list of such values.
    List(Box<ParamKind>),
    /// One of these.
    OneOf(Vec<ParamKind>),
    /// Anything.
    Any,
}

/// A member of a result.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: ParamKind,
    /// It may be null or absent.
    pub optional: bool,
}

/// What happens if the same request is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// The provider knows it by its idempotency key, and answers as before.
    Keyed,
    /// It changes nothing, or leaves what one request leaves.
    Harmless,
    /// It has its effect again: what cannot be known is sent again all the same, so at least once.
    Doubled,
}

/// A value that a newer version of a provider's interface refuses.
#[derive(Debug, Clone, PartialEq)]
pub struct Retired {
    /// The parameter.
    pub param: String,
    /// Its value, or the beginning of a dotted path.
    pub value: String,
    /// The first version that refuses it.
    pub since: String,
    /// What stands in its place.
    pub instead: String,
}
