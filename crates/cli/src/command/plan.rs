//! `backflow plan`
//!
//! Role: prints what will be done, of all routes or of one.
//! Invariant: a plan with faults is not printed; the faults are.
//! Not here: how a plan is written; the planner owns that.

use crate::args::PlanArgs;
use crate::command;
use crate::terminal::Terminal;
use anyhow::{Result, bail};
use backflow_diag::nearest;
use backflow_plan::model::{Plan, Route};
use backflow_plan::print;

/// Runs the command.
pub(crate) fn run(args: &PlanArgs, terminal: &Terminal) -> Result<bool> {
    let compiled = command::look(&args.look)?;
    let Some(plan) = &compiled.plan else {
        return command::refuse(&compiled, terminal);
    };
    let text = match &args.route {
        None => print::plan(plan),
        Some(name) => print::route(find(plan, name)?),
    };
    terminal.write(text)?;
    Ok(true)
}

/// The route with this name, `METHOD /path`; the path may be an alias.
fn find<'p>(plan: &'p Plan, name: &str) -> Result<&'p Route> {
    let name = name.trim();
    let (method, path) = name.split_once(char::is_whitespace).unwrap_or(("GET", name));
    let path = path.trim();
    let found = plan.routes.iter().find(|route| {
        let mut paths = std::iter::once(&route.path).chain(&route.aliases);
        route.method.as_str().eq_ignore_ascii_case(method) && paths.any(|known| known.to_string() == path)
    });
    if let Some(route) = found {
        return Ok(route);
    }
    let names: Vec<String> = plan.routes.iter().map(Route::name).collect();
    match nearest(name, names.iter().map(String::as_str)) {
        Some(near) => bail!("there is no route `{name}`; did you mean `{near}`?"),
        None => bail!("there is no route `{name}`; `backflow routes` lists them"),
    }
}
