//! A runtime out of a compiled project and its database.
//!
//! Role: settings, providers and versions put together, for whatever serves or runs.
//! Invariant: a workflow whose provider has no credentials is a reason not to start, unless something stands in.
//! Not here: sockets; which stand-ins there are (`dev`).

use crate::compiled::Compiled;
use crate::database::Database;
use anyhow::{Context, Result, anyhow, bail};
use backflow_connect::{Connected, StandIns};
use backflow_engine::connector::Connectors;
use backflow_engine::{Outside, Runtime, Settings, SystemIds};
use backflow_plan::Plan;
use std::collections::HashMap;
use std::sync::Arc;

/// Whether providers are called at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Reach {
    #[default]
    Called,
    /// Runs are only looked at.
    Unused,
}

/// How providers are reached.
#[derive(Default)]
pub(crate) struct Providers {
    pub(crate) reach: Reach,
    /// What stands in for providers, by name.
    pub(crate) stand_ins: StandIns,
    /// Whether this is the development server.
    pub(crate) is_dev: bool,
}

/// Builds it.
pub(crate) fn runtime(compiled: Compiled, database: &Database, providers: Providers) -> Result<Runtime> {
    let (version, former) = (compiled.version(), compiled.former());
    let public_env = &compiled.document.project.public_env;
    let public_env = public_env.iter().map(|name| name.value.clone()).collect();
    let Compiled {
        plan,
        environment,
        jwt,
        ..
    } = compiled;
    let plan = plan.context("a project with faults cannot be served")?;
    let env: HashMap<String, String> = environment.into_values().collect();
    let connectors = match providers.reach {
        Reach::Called => connect(&plan, &env, &providers.stand_ins)?,
        Reach::Unused => Connectors::new(),
    };
    let settings = Settings {
        jwt_secret: jwt.secret,
        issuer: jwt.issuer,
        audience: jwt.audience,
        env,
        public_env,
        dev: providers.is_dev,
        version,
        ..Settings::default()
    };
    let outside = Outside {
        connectors,
        signatures: Arc::new(backflow_connect::signature::Schemes),
        versions: Some(Arc::new(former)),
        ..Outside::new(database.store(), database.clock(), Arc::new(SystemIds))
    };
    Ok(Runtime::build(plan, settings, outside)?)
}

/// A reason not to start, known before anything is touched: a provider that cannot be called.
pub(crate) fn judge(compiled: &Compiled) -> Result<()> {
    let Some(plan) = &compiled.plan else { return Ok(()) };
    let env = compiled.environment.clone().into_values().collect();
    connect(plan, &env, &StandIns::new()).map(drop)
}

/// The connectors of all providers that workflows call.
fn connect(plan: &Plan, env: &HashMap<String, String>, stand_ins: &StandIns) -> Result<Connectors> {
    let Connected { connectors, missing } =
        backflow_connect::connectors(plan, env, stand_ins).map_err(|errors| {
            let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
            anyhow!("credentials cannot be used: {}", all.join("; "))
        })?;
    let missing: Vec<&str> = missing
        .iter()
        .filter(|name| !connectors.contains_key(*name))
        .map(String::as_str)
        .collect();
    let Some(first) = missing.first() else {
        return Ok(connectors);
    };
    bail!(
        "workflows call {}, but backflow.json has no credentials for it\n  add `credentials.{first}`; `backflow dev` \
         needs none, it has a sandbox",
        missing.join(" and ")
    );
}
