//! What `dev` tells people.
//!
//! Role: prints who may sign in and requests to paste, made from the project's own routes.
//! Invariant: nothing here knows any project: paths, members and rules come from the plan.
//! Not here: making values (`sample`).

use super::sandbox::Sandboxed;
use super::{State, sample};
use crate::compiled::Compiled;
use crate::terminal::{Look, Terminal};
use anyhow::Result;
use backflow_config::document::Method;
use backflow_config::tree::{Node, Tree};
use backflow_engine::{Clock, SystemClock, token};
use backflow_expr::Value;
use backflow_plan::model::{Naming, Place, Plan, Route};
use serde_json::Map;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;

const PEOPLE: [&str; 2] = ["Ada", "Bob"];
/// A week.
const LIFE: i64 = 7 * 24 * 3600;
/// Requests that are shown.
const SHOWN: usize = 8;

/// Prints people and requests.
pub(crate) fn print(
    compiled: &Compiled,
    state: &mut State,
    address: SocketAddr,
    sandbox: Option<&Sandboxed>,
    terminal: &Terminal,
) -> Result<()> {
    let base = format!("http://{address}");
    terminal.line(format_args!("\nserving {}\n", terminal.look(Look::Strong, &base)))?;
    let Some(plan) = &compiled.plan else { return Ok(()) };
    if plan.routes.iter().any(|route| route.auth) {
        terminal.line(terminal.look(Look::Strong, "Two people, signed in for a week:"))?;
        for name in PEOPLE {
            let line = format!("{}={}", name.to_uppercase(), person(name, compiled, state));
            terminal.line(line)?;
        }
        terminal.line("")?;
    }
    let requests = requests(compiled, plan, &base);
    if !requests.is_empty() {
        terminal.line(terminal.look(
            Look::Strong,
            "Paste into another terminal, after the lines above:",
        ))?;
        requests.iter().try_for_each(|request| terminal.line(request))?;
        terminal.line("")?;
    }
    look_further(compiled, plan, sandbox, terminal)
}

/// Where to look, and how to stop.
fn look_further(
    compiled: &Compiled,
    plan: &Plan,
    sandbox: Option<&Sandboxed>,
    terminal: &Terminal,
) -> Result<()> {
    let folder = compiled.folder.display();
    if let Some(sandbox) = sandbox {
        let (whom, address) = (sandbox.whom(), sandbox.address());
        terminal.line(format_args!("no account of {whom}: a sandbox answers instead"))?;
        terminal.line(format_args!("what it was sent: {address}/_sandbox/"))?;
        for url in sandbox.hooks() {
            terminal.line(format_args!("its events go to {url}"))?;
        }
    }
    if plan.journal.is_some() {
        terminal.line(format_args!("runs of workflows: backflow runs list {folder}"))?;
    }
    terminal.line(format_args!("all routes: backflow routes --dev {folder}"))?;
    terminal.line("stop: Ctrl-C\n")
}

/// A token for a person.
fn person(name: &str, compiled: &Compiled, state: &mut State) -> String {
    let Some(secret) = &compiled.jwt.secret else {
        return String::new();
    };
    let now = SystemClock.now().as_second();
    let mut claims = vec![
        ("sub", Value::text(state.person(name))),
        (
            "email",
            Value::text(format!("{}@example.com", name.to_lowercase())),
        ),
        ("name", Value::text(name)),
        ("iat", Value::int(now)),
        ("exp", Value::int(now + LIFE)),
    ];
    let configured = [("iss", &compiled.jwt.issuer), ("aud", &compiled.jwt.audience)];
    claims.extend(
        configured
            .into_iter()
            .filter_map(|(name, text)| Some((name, Value::text(text.as_deref()?)))),
    );
    token::mint(secret, &Value::object(claims))
}

/// Requests in an order in which they can work: what needs no tenant first.
fn requests(compiled: &Compiled, plan: &Plan, base: &str) -> Vec<String> {
    let mut routes: Vec<&Route> = plan.routes.iter().collect();
    routes.sort_by_key(|route| rank(route));
    let listed = listed(compiled);
    let mut known = BTreeMap::new();
    let mut requests = Vec::new();
    let mut tenant = None;
    for route in routes {
        if requests.len() >= SHOWN {
            break;
        }
        let Ok(mut body) = sample::body(route) else {
            continue;
        };
        body.iter_mut()
            .for_each(|body| sample::prefer(body, route, &listed));
        let by_key = key_param(route).map(|name| (name.to_owned(), "$TENANT".to_owned()));
        known.extend(by_key);
        let Some(path) = sample::path(route, &known) else {
            continue;
        };
        let request = curl(route, &format!("{base}{path}"), body.as_ref());
        if needs_key(route) {
            match tenant.take() {
                Some(Finder::Request(line)) => requests.push(line),
                Some(Finder::Done) => {}
                // Nothing shown so far tells an id.
                None => continue,
            }
            tenant = Some(Finder::Done);
        } else if let (None, Some(key)) = (&tenant, tenant_key(compiled, plan, route)) {
            tenant = Some(Finder::Request(format!(
                "TENANT=$({} | grep -o '\"{key}\":[^,}}]*' | head -1 | cut -d: -f2 | tr -d '\"')",
                request.replacen("curl", "curl -s", 1)
            )));
        }
        requests.push(request);
        for (name, value) in body.iter().flatten() {
            known.extend(sample::scalar_text(value).map(|text| (name.clone(), text)));
        }
    }
    requests
}

/// What the project's constants list, by the word for one of it: `prices` lists what a `price` may be.
fn listed(compiled: &Compiled) -> BTreeMap<String, String> {
    let constants = compiled.document.project.constants.as_ref();
    let Some(Tree::Object(members)) = constants.map(|node| &node.tree) else {
        return BTreeMap::new();
    };
    let first = |node: &Node| match &node.tree {
        Tree::Object(members) => members.first().map(|member| member.value.clone()),
        Tree::List(items) => items.first().cloned(),
        _ => None,
    };
    let lists = members.iter().filter_map(|member| {
        let word = member.key.value.strip_suffix('s')?.to_ascii_lowercase();
        match first(&member.value)?.tree {
            Tree::Text(text) => Some((word, text.value.to_string())),
            _ => None,
        }
    });
    lists.collect()
}

/// How pasted lines come to know a tenant.
enum Finder {
    /// By this line.
    Request(String),
    /// They do already.
    Done,
}

/// The name of the tenants' key, if the route reads one tenant and so shows it.
fn tenant_key<'c>(compiled: &'c Compiled, plan: &Plan, route: &Route) -> Option<&'c str> {
    let tenancy = plan.tenancy.as_ref()?;
    let first = route.steps.first()?;
    let reads = route.method == Method::Get && first.table == compiled.catalog.table(tenancy.table).name;
    reads.then(|| compiled.catalog.column(tenancy.table, tenancy.key).name.as_str())
}

/// Lower comes first.
fn rank(route: &Route) -> (bool, bool, bool, bool) {
    let writes = route.method != Method::Get;
    (
        !matches!(route.place, Place::Nowhere),
        needs_key(route),
        !writes,
        route.path.params().next().is_some(),
    )
}

/// Whether its tenant is named by the key, in a header or in the path.
fn needs_key(route: &Route) -> bool {
    wants_tenant(route) || key_param(route).is_some()
}

/// The parameter of the path that holds the tenant's key.
fn key_param(route: &Route) -> Option<&str> {
    match &route.place {
        Place::One(guard) if guard.name_type == guard.key_type => match guard.naming {
            Naming::Param(index) => route.path.params().nth(index),
            _ => None,
        },
        _ => None,
    }
}

fn wants_tenant(route: &Route) -> bool {
    matches!(&route.place, Place::One(guard) if matches!(guard.naming, Naming::HeaderOrClaim(_)))
}

fn curl(route: &Route, url: &str, body: Option<&Map<String, serde_json::Value>>) -> String {
    let mut line = "curl".to_owned();
    let method = route.method.as_str();
    if route.method != if body.is_some() { Method::Post } else { Method::Get } {
        write!(line, " -X {method}").expect("invariant: text grows");
    }
    if route.auth {
        line.push_str(" -H \"Authorization: Bearer $ADA\"");
    }
    if wants_tenant(route) {
        line.push_str(" -H \"X-Tenant-ID: $TENANT\"");
    }
    if let Some(body) = body {
        let text = serde_json::Value::Object(body.clone())
            .to_string()
            .replace('\'', "'\\''");
        write!(line, " -H 'Content-Type: application/json' -d '{text}'").expect("invariant: text grows");
    }
    // A variable stands in some.
    let quote = if url.contains('$') { '"' } else { '\'' };
    format!("{line} {quote}{url}{quote}")
}
