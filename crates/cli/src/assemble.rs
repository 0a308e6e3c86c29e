//! A runtime out of a compiled project and its database.
//!
//! Role: settings, providers and versions put together, for whatever serves or runs.
//! Invariant: a workflow whose provider has no credentials is a reason not to start, unless something stands in.
//! Not here: sockets; which stand-ins there are (`dev`).

use crate::compiled::Compiled;
use crate::database::Database;
use anyhow::{Context, Result, bail};
use backflow_connect::{Connected, StandIns};
use backflow_engine::{Outside, Runtime, Settings, SystemIds};
use std::collections::HashMap;
use std::sync::Arc;

/// How providers are reached.
#[derive(Default)]
pub(crate) struct Providers {
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
    let connected = backflow_connect::connectors(&plan, &env, &providers.stand_ins);
    let Connected { connectors, missing } = match connected {
        Ok(connected) => connected,
        Err(errors) => {
            let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
            bail!("credentials cannot be used: {}", all.join("; "));
        }
    };
    let missing: Vec<&String> = missing
        .iter()
        .filter(|name| !connectors.contains_key(*name))
        .collect();
    if let Some(first) = missing.first() {
        bail!(
            "workflows call {missing:?}, which has no credentials\n  give `credentials.{first}` in backflow.json; \
             `backflow dev` needs none, it has a sandbox"
        );
    }
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
        versions: Some(Arc::new(former)),
        ..Outside::new(database.store(), database.clock(), Arc::new(SystemIds))
    };
    Ok(Runtime::build(plan, settings, outside)?)
}
