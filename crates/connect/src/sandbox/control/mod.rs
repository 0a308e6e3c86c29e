//! The sandbox's own addresses, below `/_sandbox/`.
//!
//! Role: lists, clock, faults, events and webhooks as JSON; the page for people.
//! Invariant: reading changes nothing; what is changed over HTTP is what the methods of `Sandbox` change.
//! Not here: HTML (`page.rs`), the providers.

mod change;
mod page;

use super::asked::{Answer, Asked};
use super::shared::Shared;
use super::stripe::{self, Shape};
use super::world::World;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(crate) use change::{add_fault, add_target, resend};

/// Elements that one listing shows, the newest.
const LISTED: usize = 1000;

/// Answers a request to the sandbox itself.
pub(crate) fn answer(shared: &Shared, asked: &Asked) -> Answer {
    let below = asked
        .path
        .strip_prefix("/_sandbox")
        .unwrap_or_default()
        .trim_matches('/');
    let segments: Vec<&str> = below.split('/').collect();
    match asked.method.as_str() {
        "GET" | "HEAD" => shared.with(|world| read(world, asked, &segments)),
        _ => shared.with(|world| change::answer(world, asked, &segments)),
    }
}

fn read(world: &mut World, asked: &Asked, segments: &[&str]) -> Answer {
    let query = asked.form().unwrap_or_default();
    let word = |name: &str| query.get(name).and_then(Value::as_str);
    match segments {
        [""] => page::answer(world),
        ["checkout", id] => page::checkout(world, id),
        ["requests"] => {
            let meant = world
                .sent
                .iter()
                .rev()
                .filter(|sent| word("provider").is_none_or(|own| own == sent.provider));
            list(meant.map(super::sent::Sent::write))
        }
        ["emails"] => list(world.emails.iter().rev().map(super::sent::Email::write)),
        ["counts"] => given(&json!(counts(world))),
        ["objects"] => given(&json!(counts(world))),
        ["objects", kind] => list(objects(world, kind).into_iter().rev()),
        ["events"] => list(objects(world, "event").into_iter().rev()),
        ["deliveries"] => list(world.outbox.list().into_iter().rev()),
        ["clock"] => given(&clock(world)),
        ["faults"] => list(world.faults.iter().map(super::faults::write)),
        ["webhooks"] => list(
            world
                .targets
                .iter()
                .map(|target| json!({"url": target.url, "apiVersion": target.api_version})),
        ),
        _ => said(404, "no such page of the sandbox"),
    }
}

fn list(items: impl Iterator<Item = Value>) -> Answer {
    given(&Value::Array(items.take(LISTED).collect()))
}

/// The sandbox's clock.
pub(crate) fn clock(world: &World) -> Value {
    let now = world.now();
    let written = jiff::Timestamp::from_second(now)
        .map(|now| now.to_string())
        .unwrap_or_default();
    json!({"now": written, "unix": now})
}

/// JSON with 200.
pub(crate) fn given(value: &Value) -> Answer {
    Answer::json(200, serde_json::to_string_pretty(value).unwrap_or_default())
}

/// A refusal of the sandbox's own.
pub(crate) fn said(status: u16, message: &str) -> Answer {
    Answer::json(
        status,
        json!({"error": {"message": message, "type": "sandbox"}}).to_string(),
    )
}

/// The address is another.
pub(crate) fn moved(to: &str) -> Answer {
    let mut answer = Answer {
        status: 303,
        ..Answer::default()
    };
    answer.header("Location", to);
    answer
}

/// How many there are of everything.
pub(crate) fn counts(world: &World) -> BTreeMap<String, usize> {
    let mut counts: BTreeMap<String, usize> = world
        .counts()
        .map(|(kind, count)| (kind.to_owned(), count))
        .collect();
    let total = |total: u64| usize::try_from(total).unwrap_or(usize::MAX);
    counts.insert("email".to_owned(), total(world.emails.total()));
    counts.insert("request".to_owned(), total(world.sent.total()));
    counts
}

/// All of a kind, in the older shape.
pub(crate) fn objects(world: &World, kind: &str) -> Vec<Value> {
    world.all(kind).map(clean).collect()
}

fn clean(object: &Value) -> Value {
    let mut shown = stripe::plain(object);
    if shown.get("object").and_then(Value::as_str) == Some("event") {
        let version = super::options::DEFAULT_VERSION;
        stripe::rewrite(&mut shown, Shape::Acacia, version);
    }
    shown
}

/// What a request changes.
#[cfg(test)]
pub(crate) fn change(world: &mut World, asked: &Asked, segments: &[&str]) -> Answer {
    change::answer(world, asked, segments)
}

/// The page for people.
#[cfg(test)]
pub(crate) fn show(world: &World) -> Answer {
    page::answer(world)
}
