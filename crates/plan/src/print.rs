//! A plan as text: what `backflow plan` shows and golden documents compare.
//!
//! Invariant: the same plan prints the same bytes.
//! Not here: what was found out about the project in words; see `report`.

mod cache;
mod hook;
mod rate;
mod work;

use crate::model::{
    Answer, Bind, BindValue, BodyRule, Fused, FusedValue, PathPattern, Place, Plan, Route, Shape, Source,
    Step,
};
use crate::report;
use std::fmt::Write;

/// A whole plan.
#[must_use]
pub fn plan(plan: &Plan) -> String {
    let mut text = String::new();
    for fact in &plan.facts {
        line(&mut text, 0, &format!("- {fact}"));
    }
    for route in &plan.routes {
        text.push('\n');
        text.push_str(&self::route(route));
    }
    for workflow in &plan.workflows {
        text.push('\n');
        text.push_str(&work::alone(workflow));
    }
    for hook in &plan.hooks {
        text.push('\n');
        text.push_str(&hook::hook(hook));
    }
    text
}

/// One route.
#[must_use]
pub fn route(route: &Route) -> String {
    let mut text = String::new();
    line(&mut text, 0, &route.name());
    for alias in &route.aliases {
        line(&mut text, 1, &format!("also {alias}"));
    }
    line(
        &mut text,
        1,
        if route.auth {
            "caller: a valid token"
        } else {
            "caller: anyone"
        },
    );
    if let Some(limit) = &route.limit {
        line(&mut text, 1, &rate::line(limit, route));
    }
    line(&mut text, 1, &format!("place: {}", report::place(route)));
    if let Place::One(guard) = &route.place {
        line(&mut text, 2, &guard.statement.text);
    }
    body(&mut text, &route.input.body, "body");
    frame(&mut text, &route.frame, &route.path);
    for (index, step) in route.steps.iter().enumerate() {
        line(&mut text, 1, &format!("query {index}: {}", step.kind));
        self::step(&mut text, step);
    }
    if let Some(work) = &route.work {
        work::steps(&mut text, work);
    }
    if let Some(fused) = &route.fused {
        self::fused(&mut text, fused, route);
    }
    answer(&mut text, &route.answer);
    if let Some(cache) = &route.cache {
        cache::lines(&mut text, cache, &route.place);
    }
    text
}

fn answer(text: &mut String, answer: &Answer) {
    match answer {
        Answer::LastStep => {}
        Answer::Template(shape) => line(text, 1, &format!("answer: {}", self::shape(shape))),
    }
}

fn body(text: &mut String, rule: &BodyRule, what: &str) {
    match rule {
        BodyRule::Unread => {}
        BodyRule::Any => line(text, 1, &format!("{what}: any object")),
        BodyRule::Fields(fields) => {
            let names: Vec<String> = fields
                .iter()
                .map(|field| format!("{}{}", field.name, if field.required { "" } else { "?" }))
                .collect();
            line(text, 1, &format!("{what}: {}", names.join(", ")));
        }
    }
}

fn frame(text: &mut String, frame: &[Source], params: &PathPattern) {
    for (index, source) in frame.iter().enumerate() {
        line(text, 1, &format!("${index} = {}", self::source(source, params)));
    }
}

fn source(source: &Source, params: &PathPattern) -> String {
    let path = |root: &str, keys: &[backflow_expr::Key]| {
        keys.iter()
            .fold(root.to_owned(), |path, key| path + &key.to_string())
    };
    match source {
        Source::Param(index) => format!("params.{}", params.params().nth(*index).unwrap_or("?")),
        Source::Query(keys) => path("query", keys),
        Source::Body(keys) => path("body", keys),
        Source::Header(name) => format!("headers.{name}"),
        Source::Claim(keys) => path("auth", keys),
        Source::Env(name) => format!("env.{name}"),
        Source::TenantId => "the tenant".to_owned(),
        Source::TenantRole => "the caller's role".to_owned(),
        Source::Context(index) => format!("context cell {index}"),
        Source::Constant(value) => format!("constant {}", value.to_json()),
        Source::Input(keys) => path("input", keys),
        Source::Result => "a result".to_owned(),
        Source::Item(keys) => path("item", keys),
    }
}

fn fused(text: &mut String, fused: &Fused, route: &Route) {
    let how = if route.alone {
        "commits by itself"
    } else {
        "in a transaction"
    };
    line(text, 1, &format!("as one statement, {how}:"));
    line(text, 2, &fused.statement.text);
    for (position, value) in fused.values.iter().enumerate() {
        let value = match value {
            FusedValue::Guard(0) => "the tenant's name".to_owned(),
            FusedValue::Guard(_) => "the caller".to_owned(),
            FusedValue::Step { step, bind } => format!("?{} of query {step}", bind + 1),
            FusedValue::Email => "the caller's e-mail".to_owned(),
        };
        line(text, 3, &format!("?{} = {value}", position + 1));
    }
    if let Some(shares) = &route.shares {
        let row: Vec<String> = shares
            .row
            .iter()
            .map(|position| format!("?{}", position + 1))
            .collect();
        let row = row.join(", ");
        line(
            text,
            3,
            &format!("others who count in the row of {row} may share its commit"),
        );
        if let Some(at_once) = &shares.at_once {
            line(text, 2, "for many callers at once:");
            if let Some(opening) = &at_once.opening {
                line(text, 3, opening);
            }
            line(text, 3, &at_once.statement.text);
        }
    }
}

/// What is below the line that says what a query is.
fn step(text: &mut String, step: &Step) {
    if let Some(condition) = &step.condition {
        line(text, 2, &format!("only if {condition}"));
    }
    line(text, 2, &step.statement.text);
    for (position, bind) in step.binds.iter().enumerate() {
        line(text, 3, &format!("?{} = {}", position + 1, self::bind(bind)));
    }
    if let Some(limit) = &step.limit {
        line(text, 3, &format!("if no row is touched, is it `{}`?", limit.text));
        for look in &limit.looks {
            line(text, 4, &look.statement.text);
            let takes = look.takes.iter().enumerate();
            for (position, of) in takes {
                line(text, 5, &format!("?{} = ?{} of the query", position + 1, of + 1));
            }
        }
    }
    for (cell, ty, slot) in &step.results.cells {
        line(text, 3, &format!("cell {cell} ({ty}) → ${}", slot.0));
    }
    if step
        .capability
        .as_ref()
        .is_some_and(|capability| capability.email_cell.is_some())
    {
        line(text, 3, "the row's e-mail must be the caller's");
    }
}

fn bind(bind: &Bind) -> String {
    format!("{} as {}", value(&bind.value), bind.ty)
}

fn value(value: &BindValue) -> String {
    match value {
        BindValue::Needed(program) => program.to_string(),
        BindValue::Optional(program) => format!("{program} if there"),
        BindValue::Secret(program) => format!("{program}, not empty"),
        BindValue::Document(shape) => self::shape(shape),
        BindValue::List(program) => format!("list {program}"),
        BindValue::Given(of) => format!("whether ?{} is there", of + 1),
        BindValue::Tenant => "the tenant".to_owned(),
        BindValue::SameTenant(program) => format!("{program}, which must be the tenant"),
        BindValue::Caller => "the caller".to_owned(),
        BindValue::NewKey => "a new key".to_owned(),
        BindValue::Now => "now".to_owned(),
        BindValue::Constant(datum) => format!("{datum:?}"),
        BindValue::Count(program) => format!("count {program}"),
        BindValue::Or(program, other) => format!("{program}, else {}", self::value(other)),
        BindValue::Rows(rows) => {
            let values: Vec<String> = rows.values.iter().map(self::bind).collect();
            format!("for each of {}: [{}]", rows.list, values.join("; "))
        }
    }
}

fn shape(shape: &Shape) -> String {
    match shape {
        Shape::Constant(value) => value.to_json(),
        Shape::Program(program) => format!("{{{{{program}}}}}"),
        Shape::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(key, value)| format!("\"{key}\": {}", self::shape(value)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        Shape::List(items) => {
            let items: Vec<String> = items.iter().map(self::shape).collect();
            format!("[{}]", items.join(", "))
        }
    }
}

fn line(text: &mut String, depth: usize, content: &str) {
    // Writing into a string does not fail.
    writeln!(text, "{}{content}", "  ".repeat(depth)).unwrap_or_default();
}
