//! What can be changed from outside.
//!
//! Role: clock, faults, webhooks, events, checkout; JSON in the body, or a form of the page.
//! Invariant: a form of the page is answered by the page, JSON by JSON.
//! Not here: reading.

use super::super::asked::{Answer, Asked};
use super::super::faults::{self, Fault};
use super::super::options::Target;
use super::super::outbox::Order;
use super::super::stripe::{self, Shape};
use super::super::world::{Current, TARGETS, World};
use super::{clock, given, moved, said};
use serde_json::{Value, json};
use std::time::Duration;

/// Answers a request that changes something.
pub(crate) fn answer(world: &mut World, asked: &Asked, segments: &[&str]) -> Answer {
    let is_form = asked
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/x-www-form"));
    let body = if is_form {
        asked.form().map(Value::Object).unwrap_or_default()
    } else {
        serde_json::from_slice(&asked.body).unwrap_or_default()
    };
    let answer = match (asked.method.as_str(), segments) {
        ("POST", ["clock"]) => advance(world, &body),
        ("POST", ["faults"]) => fault(world, &body),
        ("DELETE", ["faults"]) => {
            world.faults.clear();
            given(&json!([]))
        }
        ("POST", ["webhooks"]) => webhook(world, &body),
        ("DELETE", ["webhooks"]) => {
            let url = text(&body, "url").unwrap_or_default();
            world.targets.retain(|target| target.url != url);
            world.outbox.forget(url);
            given(&json!({"url": url}))
        }
        ("POST", ["deliveries"]) => hold(world, &body),
        ("POST", ["events"]) => emit(world, &body),
        ("POST", ["events", id, "resend"]) => again(world, id, &body),
        ("POST", ["subscriptions", id, "pay"]) => pay(world, id, &body),
        ("POST", ["checkout", id]) => return checkout(world, id, is_form),
        _ => said(405, "that cannot be changed"),
    };
    if is_form && answer.status == 200 {
        moved("/_sandbox/")
    } else {
        answer
    }
}

fn text<'a>(body: &'a Value, key: &str) -> Option<&'a str> {
    body.get(key)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}

/// `{"advance": 3600}`, or `"90s"`, `"30m"`, `"23h"`, `"7d"`.
fn advance(world: &mut World, body: &Value) -> Answer {
    let Some(seconds) = body.get("advance").and_then(seconds) else {
        return said(400, "advance: seconds, or 90s, 30m, 23h, 7d");
    };
    world.advance(Duration::from_secs(seconds));
    stripe::periods::catch_up(world);
    given(&clock(world))
}

/// A number, or a text with a unit.
fn seconds(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => duration(text),
        number => number.as_u64(),
    }
}

fn duration(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match text.strip_prefix(digits)? {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

fn fault(world: &mut World, body: &Value) -> Answer {
    match faults::read(body) {
        Some(fault) if world.faults.len() < faults::MOST => {
            add_fault(world, fault);
            given(&Value::Array(world.faults.iter().map(faults::write).collect()))
        }
        Some(_) => said(400, "there are too many faults"),
        None => said(
            400,
            "kind: timeout, lost, resetBefore, resetAfter, rateLimited, failedStored, failed, conflict, slow or declined",
        ),
    }
}

/// Adds a fault, unless there are too many.
pub(crate) fn add_fault(world: &mut World, fault: Fault) {
    if world.faults.len() < faults::MOST {
        world.faults.push(fault);
    }
}

fn webhook(world: &mut World, body: &Value) -> Answer {
    let (Some(url), Some(secret)) = (text(body, "url"), text(body, "secret")) else {
        return said(400, "a webhook has url and secret");
    };
    let version = text(body, "apiVersion");
    let is_url = url
        .parse::<http::Uri>()
        .is_ok_and(|uri| uri.scheme_str() == Some("http") && uri.host().is_some());
    if !is_url || version.is_some_and(|version| Shape::of(version).is_err()) {
        return said(
            400,
            "url: http:// and an address of this machine; apiVersion: a version of Stripe's API",
        );
    }
    let target = Target {
        url: url.to_owned(),
        secret: secret.to_owned(),
        api_version: version.map(str::to_owned),
    };
    if !add_target(world, target) {
        return said(400, "there are too many webhooks");
    }
    given(&json!({"url": url}))
}

/// Adds a target or takes the place of one with its address; `false`: there are too many.
pub(crate) fn add_target(world: &mut World, target: Target) -> bool {
    world.targets.retain(|own| own.url != target.url);
    let has_room = world.targets.len() < TARGETS;
    if has_room {
        world.targets.push(target);
    }
    has_room
}

/// `{"hold": true}` holds all deliveries back; `{"hold": false, "order": …}` lets them go: `"reversed"`, `"shuffled"`
/// (with a `seed`), or a list of events that leave first.
fn hold(world: &mut World, body: &Value) -> Answer {
    let Some(is_held) = body.get("hold").and_then(Value::as_bool) else {
        return said(400, "hold: true or false");
    };
    let seed = body.get("seed").and_then(Value::as_u64).unwrap_or(1);
    let order = match body.get("order") {
        None => Order::Kept,
        Some(Value::Array(events)) => {
            let events = events.iter().filter_map(Value::as_str);
            Order::First(events.map(str::to_owned).collect())
        }
        Some(word) if word == "reversed" => Order::Reversed,
        Some(word) if word == "shuffled" => Order::Shuffled(seed),
        Some(_) => return said(400, "order: reversed, shuffled, or a list of events"),
    };
    if is_held {
        world.outbox.hold();
    } else {
        world.outbox.release(&order);
    }
    given(&json!({"hold": is_held}))
}

/// `{"times": 2, "after": "30s"}`: an event once more, or more often, at once or later.
fn again(world: &mut World, id: &str, body: &Value) -> Answer {
    let times = body.get("times").map_or(Some(1), Value::as_u64);
    let after = body.get("after").map_or(Some(0), seconds);
    let (Some(times @ 1..=100), Some(after)) = (times, after) else {
        return said(400, "times: 1 to 100; after: seconds, or 90s, 30m, 23h, 7d");
    };
    if world.get("event", id).is_none() {
        return said(404, "no such event");
    }
    for _ in 0..times {
        stripe::event::queue_later(world, id, Duration::from_secs(after));
    }
    given(&json!({"resent": id}))
}

/// `{"card": "pm_card_visa"}`: pays a subscription's open invoice.
fn pay(world: &mut World, id: &str, body: &Value) -> Answer {
    let card = text(body, "card").unwrap_or("pm_card_visa");
    world.current = Current::default();
    match stripe::pay(world, id, card) {
        Some(Ok(subscription)) => given(&stripe::plain(&subscription)),
        Some(Err(failure)) => said(failure.status, "the card does not pay"),
        None => said(404, "no such subscription, or nothing of it is to be paid"),
    }
}

/// `{"type": "invoice.paid", "object": "in_…", "data": {…}}`
fn emit(world: &mut World, body: &Value) -> Answer {
    let Some(kind) = text(body, "type").filter(|kind| kind.len() <= 100) else {
        return said(400, "an event has a type");
    };
    let data = body.get("data").filter(|data| data.is_object());
    match stripe::event::emit(world, kind, text(body, "object"), data) {
        Some(id) => given(&json!({"id": id})),
        None => said(404, "there is no such object of the kind that this type is about"),
    }
}

/// Sends an event once more; `false`: there is none.
pub(crate) fn resend(world: &mut World, id: &str) -> bool {
    let is_there = world.get("event", id).is_some();
    if is_there {
        stripe::event::queue(world, id);
    }
    is_there
}

fn checkout(world: &mut World, id: &str, is_form: bool) -> Answer {
    match stripe::checkout::complete(world, id) {
        Ok(session) if is_form => {
            let to = text(&session, "success_url").unwrap_or("/_sandbox/");
            moved(&to.replace("{CHECKOUT_SESSION_ID}", id))
        }
        Ok(session) => given(&stripe::plain(&session)),
        Err(failure) => said(
            failure.status,
            "this session cannot be paid: it is not open, or its customer is gone",
        ),
    }
}
