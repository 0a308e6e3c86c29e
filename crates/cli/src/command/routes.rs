//! `backflow routes`
//!
//! Role: a table of all routes: who may call them, how their tenant is known, what is worth a note.
//! Invariant: every path that answers is in the table, aliases and webhooks too.
//! Not here: statements; `plan` shows those.

use crate::args::RoutesArgs;
use crate::command;
use crate::terminal::{Look, Terminal};
use anyhow::Result;
use backflow_plan::model::{Naming, Place, Plan, Route};

const HEAD: [&str; 6] = ["METHOD", "PATH", "CALLER", "TENANT", "ROLES", "NOTE"];

/// Runs the command.
pub(crate) fn run(args: &RoutesArgs, terminal: &Terminal) -> Result<bool> {
    let compiled = command::look(&args.look)?;
    let Some(plan) = &compiled.plan else {
        return command::refuse(&compiled, terminal);
    };
    let rows = rows(plan);
    let widths: Vec<usize> = (0..HEAD.len())
        .map(|column| {
            let cells = rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count());
            cells
                .chain([HEAD.get(column).map_or(0, |head| head.len())])
                .max()
                .unwrap_or(0)
        })
        .collect();
    terminal.line(terminal.look(Look::Strong, &line(HEAD.iter().copied(), &widths)))?;
    for row in &rows {
        terminal.line(line(row.iter().map(String::as_str), &widths))?;
    }
    Ok(true)
}

fn line<'a>(cells: impl Iterator<Item = &'a str>, widths: &[usize]) -> String {
    let padded: Vec<String> = cells
        .zip(widths)
        .map(|(cell, width)| format!("{cell:width$}"))
        .collect();
    padded.join("  ").trim_end().to_owned()
}

fn rows(plan: &Plan) -> Vec<[String; 6]> {
    let mut rows = Vec::new();
    for route in &plan.routes {
        rows.push(row(route, route.path.to_string(), String::new()));
        for alias in &route.aliases {
            rows.push(row(route, alias.to_string(), format!("same as {}", route.path)));
        }
    }
    for hook in &plan.hooks {
        let tenant = if hook.finder.is_some() {
            "of the event"
        } else {
            "-"
        };
        let note = format!("webhook {}", hook.name);
        let [method, caller, tenant, roles] = ["POST", "signature", tenant, "-"].map(str::to_owned);
        rows.push([method, hook.path.to_string(), caller, tenant, roles, note]);
    }
    rows
}

fn row(route: &Route, path: String, note: String) -> [String; 6] {
    let caller = if route.auth { "token" } else { "anyone" };
    [
        route.method.as_str().to_owned(),
        path,
        caller.to_owned(),
        tenant(route),
        roles(route),
        note,
    ]
}

fn tenant(route: &Route) -> String {
    let guard = match &route.place {
        Place::Nowhere => return "-".to_owned(),
        Place::Mine => return "all of the caller".to_owned(),
        Place::Named(_) => return "named".to_owned(),
        Place::One(guard) => guard,
    };
    match &guard.naming {
        Naming::Param(index) => route
            .path
            .params()
            .nth(*index)
            .map_or_else(String::new, |name| format!(":{name}")),
        Naming::HeaderOrClaim(claim) => {
            let claim: String = claim.iter().map(ToString::to_string).collect();
            format!("X-Tenant-ID or auth{claim}")
        }
        Naming::Program(program) => program.to_string(),
    }
}

fn roles(route: &Route) -> String {
    match &route.place {
        Place::One(guard) => guard
            .roles
            .as_ref()
            .map_or_else(|| "any".to_owned(), |roles| roles.join(", ")),
        Place::Nowhere | Place::Mine | Place::Named(_) => "-".to_owned(),
    }
}
