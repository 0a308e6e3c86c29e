//! Webhooks of a project as targets of the sandbox.
//!
//! Role: [`targets`]: where a served project wants Stripe's events, and what they are signed with.
//! Invariant: only webhooks that are signed as Stripe signs, at paths without parameters and with a secret, are told;
//! events are written in the version that the project's own calls name.
//! Not here: delivering (`sandbox`), whether an account is real (the development server).

use crate::evaluate::{self, Still};
use crate::sandbox::Target;
use crate::stripe;
use backflow_plan::Plan;
use backflow_plan::manifest::Signature;
use backflow_plan::model::Hook;
use std::collections::HashMap;

/// The webhooks of a plan that is served at `base`, `http://127.0.0.1:3000`; `env` are its variables.
#[must_use]
pub fn targets(plan: &Plan, base: &str, env: &HashMap<String, String>) -> Vec<Target> {
    let version = version(plan, env);
    let hooks = plan.hooks.iter().filter(|hook| {
        let has_fixed_path = hook.path.params().next().is_none();
        hook.provider == stripe::NAME && hook.signature == Signature::Stripe && has_fixed_path
    });
    let targets = hooks.filter_map(|hook| {
        Some(Target {
            url: format!("{base}{}", hook.path),
            secret: secret(hook, env)?,
            api_version: version.clone(),
        })
    });
    targets.collect()
}

/// The first of a webhook's secrets that has a value.
fn secret(hook: &Hook, env: &HashMap<String, String>) -> Option<String> {
    let frame = evaluate::frame(&hook.secrets.frame, env);
    let values = hook.secrets.values.iter();
    let values = values.filter_map(|program| program.run(&frame, &mut Still).ok());
    let mut texts = values.filter_map(|value| value.as_text().map(|text| text.trim().to_owned()));
    texts.find(|text| !text.is_empty())
}

/// The version that the project's credentials name.
fn version(plan: &Plan, env: &HashMap<String, String>) -> Option<String> {
    let known = plan
        .credentials
        .iter()
        .find(|known| known.provider == stripe::NAME)?;
    let (_, shape) = known.values.iter().find(|(key, _)| key == "apiVersion")?;
    let value = evaluate::shape(shape, &evaluate::frame(&known.frame, env)).ok()?;
    value.as_text().map(str::to_owned).filter(|text| !text.is_empty())
}
