//! Providers without an account.
//!
//! Role: starts the sandbox where a workflow calls a provider whose credentials nobody gave, and lets it deliver its
//! events to the project's webhooks.
//! Invariant: a provider whose credentials are all there is called for real, and nobody else's events are taken for its
//! own; an invented key never leaves this machine.
//! Not here: what the sandbox answers (the connectors).

use super::State;
use crate::compiled::Compiled;
use crate::database::Database;
use crate::environment::Environment;
use anyhow::{Context, Result};
use backflow_connect::StandIns;
use backflow_connect::sandbox::{Options, Sandbox, Target};
use backflow_expr::Value;
use backflow_plan::Plan;
use backflow_plan::model::Source;
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The file that keeps what the sandbox knows.
const STORE: &str = "sandbox.jsonl";

/// The file that tells other commands where the sandbox of a running server listens.
const ADDRESS: &str = "sandbox.address";

/// How long a sandbox may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(2);

/// A running sandbox, and whom it stands in for.
pub(crate) struct Sandboxed {
    /// `None`: it is a development server's.
    _own: Option<Own>,
    address: SocketAddr,
    providers: Vec<&'static str>,
    /// Where its events go.
    hooks: Vec<String>,
}

/// A sandbox of this process; the file with its address goes with it.
struct Own {
    _sandbox: Sandbox,
    file: PathBuf,
}

impl Drop for Own {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.file));
    }
}

/// The provider whose events it delivers.
const STRIPE: &str = backflow_connect::stripe::NAME;

/// The providers it can stand in for, with the credentials that they ask for.
const KNOWN: [(&str, &[(&str, &str)]); 2] = [
    (STRIPE, &[("secretKey", "sk_test_sandbox")]),
    (
        "sendgrid",
        &[("apiKey", "SG.sandbox"), ("fromEmail", "dev@example.com")],
    ),
];

/// Starts it if somebody needs it. `given` are the variables that were not made up; at `served` the project will
/// listen.
pub(crate) fn start(
    compiled: &Compiled,
    given: &Environment,
    state: &State,
    database: &Database,
    served: Option<SocketAddr>,
) -> Result<Option<Sandboxed>> {
    let providers = needed(compiled, given);
    if providers.is_empty() {
        return Ok(None);
    }
    let folder = state.made()?;
    let webhooks = match served {
        Some(served) if providers.contains(&STRIPE) => targets(compiled, served),
        _ => Vec::new(),
    };
    let hooks = webhooks.iter().map(|target| target.url.clone()).collect();
    let options = Options {
        store: Some(folder.join(STORE)),
        webhooks,
        ..Options::default()
    };
    let sandbox = database.runtime.block_on(Sandbox::start(options));
    let sandbox = sandbox.context("the sandbox for providers cannot be started")?;
    let (address, file) = (sandbox.address(), folder.join(ADDRESS));
    fs::write(&file, address.to_string()).with_context(|| format!("{} cannot be written", file.display()))?;
    Ok(Some(Sandboxed {
        _own: Some(Own {
            _sandbox: sandbox,
            file,
        }),
        address,
        providers,
        hooks,
    }))
}

/// The project's webhooks for Stripe's events; none where it does not listen on the loopback, since nobody else is
/// called.
fn targets(compiled: &Compiled, served: SocketAddr) -> Vec<Target> {
    let Some(plan) = &compiled.plan else {
        return Vec::new();
    };
    let ip = match served.ip() {
        ip if ip.is_loopback() => ip,
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        _ => return Vec::new(),
    };
    let base = format!("http://{}", SocketAddr::new(ip, served.port()));
    let env = compiled.environment.clone().into_values().collect();
    backflow_connect::targets(plan, &base, &env)
}

/// The sandbox of a development server that runs now, else one of our own: there is one state, and one process that
/// writes it.
pub(crate) fn join(
    compiled: &Compiled,
    given: &Environment,
    state: &State,
    database: &Database,
) -> Result<Option<Sandboxed>> {
    let providers = needed(compiled, given);
    match running(&state.folder().join(ADDRESS)) {
        Some(address) if !providers.is_empty() => Ok(Some(Sandboxed {
            _own: None,
            address,
            providers,
            hooks: Vec::new(),
        })),
        _ => start(compiled, given, state, database, None),
    }
}

/// Where a sandbox listens, if the file is not left over.
fn running(file: &Path) -> Option<SocketAddr> {
    let address = fs::read_to_string(file).ok()?.trim().parse().ok()?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let ask = format!("GET /_sandbox/counts HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(ask.as_bytes()).ok()?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).ok()?;
    (answer == *b"HTTP/1.1 200").then_some(address)
}

/// The providers that are called, that it can stand in for, and that nobody gave an account of.
fn needed(compiled: &Compiled, given: &Environment) -> Vec<&'static str> {
    let Some(plan) = &compiled.plan else {
        return Vec::new();
    };
    let given: BTreeSet<String> = given.names().collect();
    let known = KNOWN.iter().map(|(name, _)| *name);
    known
        .filter(|name| is_called(plan, name) && !has_account(plan, name, &given))
        .collect()
}

impl Sandboxed {
    /// Where it is looked at.
    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where its events go.
    pub(crate) fn hooks(&self) -> &[String] {
        &self.hooks
    }

    /// Whom it stands in for, in words.
    pub(crate) fn whom(&self) -> String {
        self.providers.join(" and ")
    }

    /// The variables that nothing reads but the accounts that it stands in for.
    pub(crate) fn spared(&self, plan: &Plan) -> BTreeSet<String> {
        let accounts = plan.credentials.iter();
        let accounts = accounts.filter(|known| self.providers.contains(&known.provider.as_str()));
        let mut spared: BTreeSet<String> = accounts.flat_map(|known| variables(&known.frame)).collect();
        let routes = plan.routes.iter().flat_map(|route| variables(&route.frame));
        let workflows = plan.workflows.iter().flat_map(|one| variables(&one.frame));
        for name in routes.chain(workflows) {
            spared.remove(&name);
        }
        spared
    }

    /// The credentials that lead to it.
    pub(crate) fn stand_ins(&self) -> StandIns {
        let known = KNOWN.iter().filter(|(name, _)| self.providers.contains(name));
        known
            .map(|(name, keys)| {
                let address = ("baseUrl", Value::from(self.address()));
                let keys = keys.iter().map(|(key, value)| (*key, Value::from(*value)));
                ((*name).to_owned(), Value::object(keys.chain([address])))
            })
            .collect()
    }
}

/// Whether some workflow calls a provider.
fn is_called(plan: &Plan, name: &str) -> bool {
    plan.calls().any(|call| call.provider == name)
}

/// Whether a provider has credentials, none of which are made up.
fn has_account(plan: &Plan, name: &str, given: &BTreeSet<String>) -> bool {
    let credentials = plan.credentials.iter().find(|known| known.provider == name);
    credentials.is_some_and(|known| {
        known.frame.iter().all(|source| match source {
            Source::Env(variable) => given.contains(variable),
            _ => true,
        })
    })
}

fn variables(frame: &[Source]) -> impl Iterator<Item = String> + '_ {
    frame.iter().filter_map(|source| match source {
        Source::Env(name) => Some(name.clone()),
        _ => None,
    })
}
