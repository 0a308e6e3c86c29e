//! Providers that the author describes.
//!
//! Role: any REST API as a connector.
//! Input: a compiled [`model::Custom`] and the environment. Output: [`Rest`].
//! Invariant: what is secret is evaluated once, at start, and added to a request when it is sent.
//! Not here: how an action becomes a request (`freeze`), what answers mean (`outcome`).

mod freeze;
mod outcome;

use crate::client::{Exchange, Line, Sent};
use crate::evaluate::{self, Still};
use crate::judge;
use backflow_engine::Secret;
use backflow_engine::connector::{Asked, Connector, Found, Frozen, Misfit, Outcome};
use backflow_engine::store::BoxFuture;
use backflow_expr::{EvalError, Program, Value};
use backflow_plan::model::{self, CustomAction, CustomAuth, Source};
use std::collections::HashMap;
use std::time::Duration;

/// For how long a provider with an idempotency header is taken to remember keys; most promise a day.
const REMEMBERED: Duration = Duration::from_hours(24);

/// A provider that the author describes.
pub struct Rest {
    line: Line,
    custom: model::Custom,
    /// The frame as far as it is known at start.
    known: Vec<Value>,
    auth: Auth,
    /// Headers that hold secrets, for all actions and for each.
    hidden: Vec<(String, Secret)>,
    hidden_by_action: Vec<Vec<(String, Secret)>>,
    /// Everything that must not be repeated to anybody.
    secrets: Vec<Secret>,
}

/// How the provider knows us, evaluated.
#[derive(Debug)]
enum Auth {
    None,
    Header(String, Secret),
    Query(String, Secret),
}

/// The address of a custom provider.
///
/// # Errors
/// When the expression has no value, or one that is no text.
pub(crate) fn base(custom: &model::Custom, env: &HashMap<String, String>) -> Result<String, EvalError> {
    text(&custom.base, &evaluate::frame(&custom.frame, env), "baseUrl")
}

impl Rest {
    /// A connector for this provider, by this line.
    ///
    /// # Errors
    /// When a credential has no value.
    pub fn new(custom: model::Custom, line: Line, env: &HashMap<String, String>) -> Result<Self, EvalError> {
        let known = evaluate::frame(&custom.frame, env);
        let (auth, mut secrets) = auth(&custom.auth, &known)?;
        let hidden = hidden_of(&custom, &custom.headers, &known)?;
        let of_action = |action: &CustomAction| hidden_of(&custom, &action.headers, &known);
        let hidden_by_action: Result<Vec<_>, EvalError> = custom.actions.iter().map(of_action).collect();
        let hidden_by_action = hidden_by_action?;
        let headers = hidden.iter().chain(hidden_by_action.iter().flatten());
        secrets.extend(headers.map(|(_, secret)| secret.clone()));
        Ok(Self {
            line,
            known,
            auth,
            hidden,
            hidden_by_action,
            secrets,
            custom,
        })
    }

    /// The position of an action.
    fn find(&self, name: &str) -> Option<usize> {
        let actions = &self.custom.manifest.actions;
        actions.iter().position(|action| action.name == name)
    }

    /// The request with its credentials.
    fn signed(&self, frozen: &Frozen) -> Exchange {
        let mut exchange = judge::exchange(frozen);
        let at = self.find(&frozen.action);
        let own = at
            .and_then(|at| self.hidden_by_action.get(at))
            .into_iter()
            .flatten();
        for (name, secret) in self.hidden.iter().chain(own) {
            exchange
                .headers
                .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            exchange
                .headers
                .push((name.clone(), Sent::Hidden(secret.clone())));
        }
        let key_header = at
            .and_then(|at| self.custom.actions.get(at))
            .and_then(|action| action.key_header.as_ref());
        if let (Some(header), Some(key)) = (key_header, &frozen.key) {
            exchange.headers.push((header.clone(), Sent::Plain(key.clone())));
        }
        match &self.auth {
            Auth::None => {}
            Auth::Header(name, secret) => {
                exchange
                    .headers
                    .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
                exchange
                    .headers
                    .push((name.clone(), Sent::Hidden(secret.clone())));
            }
            Auth::Query(name, secret) => exchange.hidden_query = Some((name.clone(), secret.clone())),
        }
        exchange
    }
}

fn text(program: &Program, frame: &[Value], name: &str) -> Result<String, EvalError> {
    let value = program.run(frame, &mut Still)?;
    let text = value.hole_text().map(|text| text.trim().to_owned());
    text.filter(|text| !text.is_empty()).ok_or_else(|| EvalError {
        message: "has no value".to_owned(),
        path: Some(program.as_path().unwrap_or(name).to_owned()),
    })
}

/// How the provider knows us, and what of that is secret.
fn auth(auth: &CustomAuth, frame: &[Value]) -> Result<(Auth, Vec<Secret>), EvalError> {
    let header = |value: String| Auth::Header("Authorization".to_owned(), Secret::new(value));
    let read = |program, name| text(program, frame, name).map(Secret::new);
    Ok(match auth {
        CustomAuth::None => (Auth::None, Vec::new()),
        CustomAuth::Bearer(token) => {
            let token = read(token, "auth.token")?;
            (header(format!("Bearer {}", token.expose())), vec![token])
        }
        CustomAuth::Basic(name, password) => {
            let name = text(name, frame, "auth.username")?;
            // Some providers take a key as the name, and no password.
            let password = password.run(frame, &mut Still)?;
            let password = Secret::new(password.hole_text().unwrap_or_default());
            let pair = Secret::new(base64(format!("{name}:{}", password.expose()).as_bytes()));
            (header(format!("Basic {}", pair.expose())), vec![pair, password])
        }
        CustomAuth::Header(name, value) => {
            let value = read(value, "auth.value")?;
            (Auth::Header(name.clone(), value.clone()), vec![value])
        }
        CustomAuth::Query(name, value) => {
            let value = read(value, "auth.value")?;
            (Auth::Query(name.clone(), value.clone()), vec![value])
        }
    })
}

/// Whether a header is added when a request is sent: it is secret, and the same for every call.
fn is_hidden(custom: &model::Custom, program: &Program) -> bool {
    let of_call = |slot: backflow_expr::Slot| {
        let source = custom.frame.get(slot.0 as usize);
        matches!(source, Some(Source::Body(_)))
    };
    program.ty().secret && !program.slots().any(of_call)
}

fn hidden_of(
    custom: &model::Custom,
    headers: &[(String, Program)],
    frame: &[Value],
) -> Result<Vec<(String, Secret)>, EvalError> {
    let secret = headers.iter().filter(|(_, program)| is_hidden(custom, program));
    let read = secret.map(|(name, program)| {
        let value = text(program, frame, name)?;
        Ok((name.clone(), Secret::new(value)))
    });
    read.collect()
}

/// Base64 as RFC 4648 has it, with padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| chunk.get(at).copied().unwrap_or(0);
        let bits = u32::from_be_bytes([0, byte(0), byte(1), byte(2)]);
        for at in 0..4 {
            if at <= chunk.len() {
                let index = (bits >> (18 - 6 * at)) & 63;
                out.push(char::from(ALPHABET[index as usize]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

impl std::fmt::Debug for Rest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rest")
            .field("name", &self.custom.manifest.name)
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}

impl Connector for Rest {
    fn freeze(&self, asked: &Asked<'_>) -> Result<Frozen, Misfit> {
        self.request(asked)
    }

    fn send<'a>(&'a self, frozen: &'a Frozen, within: Duration) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let action = self
                .find(&frozen.action)
                .and_then(|at| self.custom.actions.get(at));
            let repeat = action.map_or(backflow_plan::manifest::Repeat::Doubled, |action| action.repeat);
            match self.line.call(&self.signed(frozen), within).await {
                Ok(heard) => outcome::outcome(&heard, repeat, &self.secrets),
                Err(broken) => judge::broken(broken),
            }
        })
    }

    /// Nothing is known of how to ask such a provider: what may be made again is made again.
    fn look_up<'a>(&'a self, _: &'a Frozen, _: jiff::Timestamp, _: Duration) -> BoxFuture<'a, Found> {
        Box::pin(async { Found::Nothing })
    }

    fn remembers(&self) -> Option<Duration> {
        let keyed = self
            .custom
            .actions
            .iter()
            .any(|action| action.key_header.is_some());
        keyed.then_some(REMEMBERED)
    }
}
