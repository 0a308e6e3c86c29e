//! Providers without an account.
//!
//! Role: starts the sandbox where a workflow calls a provider whose credentials nobody gave.
//! Invariant: a provider whose credentials are all there is called for real; an invented key never leaves this machine.
//! Not here: what the sandbox answers (the connectors).

use super::State;
use crate::compiled::Compiled;
use crate::database::Database;
use crate::environment::Environment;
use anyhow::{Context, Result};
use backflow_connect::StandIns;
use backflow_connect::sandbox::{Options, Sandbox};
use backflow_expr::Value;
use backflow_plan::Plan;
use backflow_plan::model::Source;
use std::collections::BTreeSet;

/// The file that keeps what the sandbox knows.
const STORE: &str = "sandbox.jsonl";

/// A running sandbox, and whom it stands in for.
pub(crate) struct Sandboxed {
    sandbox: Sandbox,
    providers: Vec<&'static str>,
}

/// The providers it can stand in for, with the credentials that they ask for.
const KNOWN: [(&str, &[(&str, &str)]); 2] = [
    ("stripe", &[("secretKey", "sk_test_sandbox")]),
    (
        "sendgrid",
        &[("apiKey", "SG.sandbox"), ("fromEmail", "dev@example.com")],
    ),
];

/// Starts it if somebody needs it. `given` are the variables that were not made up.
pub(crate) fn start(
    compiled: &Compiled,
    given: &Environment,
    state: &State,
    database: &Database,
) -> Result<Option<Sandboxed>> {
    let Some(plan) = &compiled.plan else {
        return Ok(None);
    };
    let given: BTreeSet<String> = given.names().collect();
    let providers: Vec<&str> = KNOWN
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| is_called(plan, name) && !has_account(plan, name, &given))
        .collect();
    if providers.is_empty() {
        return Ok(None);
    }
    let options = Options {
        store: Some(state.folder().join(STORE)),
        ..Options::default()
    };
    let sandbox = database.runtime.block_on(Sandbox::start(options));
    let sandbox = sandbox.context("the sandbox for providers cannot be started")?;
    Ok(Some(Sandboxed { sandbox, providers }))
}

impl Sandboxed {
    /// Where it is looked at.
    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.sandbox.address())
    }

    /// The credentials that lead to it.
    pub(crate) fn stand_ins(&self) -> StandIns {
        let known = KNOWN.iter().filter(|(name, _)| self.providers.contains(name));
        known
            .map(|(name, keys)| {
                let address = ("baseUrl", Value::from(self.sandbox.base_url(name)));
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
