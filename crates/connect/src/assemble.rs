//! Connectors for a plan.
//!
//! Role: evaluates credentials with the environment and makes a connector of each provider.
//! Invariant: every provider is reached at its own host, or at the one that its credentials name; an error names a
//! key, never its value.
//! Not here: the environment itself, and what stands in for providers without credentials.

use crate::client::{BadAddress, Destination, Dialer, Line, Naming, guard};
use crate::custom::{self, Rest};
use crate::evaluate;
use crate::sendgrid::{self, SendGrid};
use crate::stripe::{self, Stripe};
use backflow_engine::Secret;
use backflow_engine::connector::{Connector, Connectors};
use backflow_expr::{EvalError, Object, Value};
use backflow_plan::Plan;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

/// What goes before the project's own `credentials`: `{secretKey, baseUrl, …}` by provider. The development server
/// puts its sandbox here.
pub type StandIns = BTreeMap<String, Value>;

/// The connectors of a plan.
pub struct Connected {
    /// By provider: all with credentials, and those that stand in.
    pub connectors: Connectors,
    /// Providers that are called by some workflow and have no credentials, whether something stands in or not.
    pub missing: Vec<String>,
}

impl fmt::Debug for Connected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<&String> = self.connectors.keys().collect();
        names.sort();
        f.debug_struct("Connected")
            .field("connectors", &names)
            .field("missing", &self.missing)
            .finish()
    }
}

/// Why a provider cannot be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectError {
    /// The provider.
    pub provider: String,
    /// The key of its credentials.
    pub key: String,
    /// What is wrong with it; never its value.
    pub message: String,
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: `{}` {}", self.provider, self.key, self.message)
    }
}

impl std::error::Error for ConnectError {}

/// Makes the connectors of a plan: `env` are the variables that its credentials read, `stand_ins` go
/// before them.
///
/// # Errors
/// Everything that is wrong with the values of credentials.
pub fn connectors(
    plan: &Plan,
    env: &HashMap<String, String>,
    stand_ins: &StandIns,
) -> Result<Connected, Vec<ConnectError>> {
    let dialer = Dialer::new(guard::system_lookup());
    let (mut connectors, mut errors) = (Connectors::new(), Vec::new());
    let used = used(plan);
    for name in [stripe::NAME, sendgrid::NAME] {
        let stand_in = stand_ins.get(name).and_then(Value::as_object);
        let made = match (credentials(plan, name, env), stand_in) {
            (None, None) => continue,
            (Some(Err(error)), _) => Err(error),
            (Some(Ok(values)), None) => built_in(name, &values, &dialer),
            (None, Some(stand_in)) => built_in(name, stand_in, &dialer),
            (Some(Ok(mut values)), Some(stand_in)) => {
                values.extend(stand_in.clone());
                built_in(name, &values, &dialer)
            }
        };
        match made {
            Ok(connector) => drop(connectors.insert(name.to_owned(), connector)),
            Err(error) => errors.push(error),
        }
    }
    for custom in &plan.customs {
        match rest(custom, env, &dialer) {
            Ok(rest) => drop(connectors.insert(custom.manifest.name.clone(), Arc::new(rest))),
            Err(error) => errors.push(error),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let is_custom = |name: &str| plan.customs.iter().any(|custom| custom.manifest.name == name);
    let has_credentials = |name: &str| plan.credentials.iter().any(|known| known.provider == name);
    let missing = used
        .into_iter()
        .filter(|name| !is_custom(name) && !has_credentials(name))
        .map(str::to_owned)
        .collect();
    Ok(Connected { connectors, missing })
}

/// The providers that workflows of a plan call.
fn used(plan: &Plan) -> BTreeSet<&str> {
    plan.calls().map(|call| call.provider.as_str()).collect()
}

/// The values of a provider's credentials; `None`: it has none.
fn credentials(
    plan: &Plan,
    name: &str,
    env: &HashMap<String, String>,
) -> Option<Result<Object, ConnectError>> {
    let known = plan.credentials.iter().find(|known| known.provider == name)?;
    let frame = evaluate::frame(&known.frame, env);
    let mut values = Object::new();
    for (key, shape) in &known.values {
        match evaluate::shape(shape, &frame) {
            Ok(value) => drop(values.insert(key.as_str().into(), value)),
            Err(error) => return Some(Err(unfit(name, key, error))),
        }
    }
    Some(Ok(values))
}

fn unfit(provider: &str, key: &str, error: EvalError) -> ConnectError {
    ConnectError {
        provider: provider.to_owned(),
        key: error.path.unwrap_or_else(|| key.to_owned()),
        message: error.message,
    }
}

fn built_in(name: &str, values: &Object, dialer: &Dialer) -> Result<Arc<dyn Connector>, ConnectError> {
    if name == stripe::NAME {
        let line = line(name, values, stripe::BASE, dialer)?;
        let key = secret(name, values, "secretKey")?;
        return Ok(Arc::new(Stripe::new(line, key, text(values, "apiVersion"))));
    }
    let line = line(name, values, sendgrid::BASE, dialer)?;
    let mut sendgrid = SendGrid::new(line, secret(name, values, "apiKey")?);
    if let Some(email) = text(values, "fromEmail") {
        sendgrid = sendgrid.with_sender(&email, text(values, "fromName").as_deref());
    }
    if let Some(templates) = values.get("templates").and_then(Value::as_object) {
        sendgrid = sendgrid.with_templates(templates.clone());
    }
    Ok(Arc::new(sendgrid))
}

/// A text that says something.
fn text(values: &Object, key: &str) -> Option<String> {
    let text = values.get(key).and_then(Value::as_text).map(str::trim);
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

fn secret(provider: &str, values: &Object, key: &str) -> Result<Secret, ConnectError> {
    let wrong = |message: &str| ConnectError {
        provider: provider.to_owned(),
        key: key.to_owned(),
        message: message.to_owned(),
    };
    let text = text(values, key).ok_or_else(|| wrong("has no value"))?;
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(wrong("holds a blank, or a letter that no key has"));
    }
    Ok(Secret::new(text))
}

fn line(provider: &str, values: &Object, base: &str, dialer: &Dialer) -> Result<Line, ConnectError> {
    let destination = match text(values, "baseUrl") {
        Some(named) => Destination::parse(&named, Naming::Named),
        None => Destination::parse(base, Naming::BuiltIn),
    };
    let destination = destination.map_err(|error| bad(provider, error))?;
    Ok(Line::new(destination, dialer.clone()))
}

fn bad(provider: &str, error: BadAddress) -> ConnectError {
    ConnectError {
        provider: provider.to_owned(),
        key: "baseUrl".to_owned(),
        message: format!("cannot be used: {error}"),
    }
}

fn rest(
    custom: &backflow_plan::model::Custom,
    env: &HashMap<String, String>,
    dialer: &Dialer,
) -> Result<Rest, ConnectError> {
    let name = &custom.manifest.name;
    let base = custom::base(custom, env).map_err(|error| unfit(name, "baseUrl", error))?;
    let destination = Destination::parse(&base, Naming::Named).map_err(|error| bad(name, error))?;
    let line = Line::new(destination, dialer.clone());
    Rest::new(custom.clone(), line, env).map_err(|error| unfit(name, "auth", error))
}
