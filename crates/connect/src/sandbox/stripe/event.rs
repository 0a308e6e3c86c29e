//! Events.
//!
//! Role: every change is told as Stripe tells it; on demand any type is.
//! Invariant: an event holds a copy of its object as it was then, and names the request and key that caused it.
//! Not here: delivery (`outbox.rs`, `deliver.rs`), versions (`render.rs`).

use super::super::world::World;
use super::args::{Args, text};
use super::failure::Failure;
use super::list;
use jiff::SignedDuration;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Takes a new object in and tells it.
pub(crate) fn create(world: &mut World, kind: &str, object: &Value) {
    world.put(object.clone());
    tell(world, kind, object, None);
}

/// Takes a newer state in and tells it, with what it was before.
pub(crate) fn update(world: &mut World, kind: &str, object: &Value) {
    let old = world.get(text(object, "object"), text(object, "id")).cloned();
    let previous = difference(&old.unwrap_or_default(), object);
    world.put(object.clone());
    if previous.keys().any(|key| !key.starts_with('_')) {
        tell(world, kind, object, Some(Value::Object(previous)));
    }
}

/// The fields of `old` that are others in `new`.
fn difference(old: &Value, new: &Value) -> Map<String, Value> {
    let fields = new.as_object().into_iter().flatten();
    let changed = fields.filter_map(|(key, value)| {
        let before = old.get(key).cloned().unwrap_or_default();
        (before != *value).then(|| (key.clone(), before))
    });
    changed.collect()
}

/// Tells something about an object; the event's id.
pub(crate) fn tell(world: &mut World, kind: &str, object: &Value, previous: Option<Value>) -> String {
    let id = world.id("evt_");
    let mut data = json!({"object": object});
    if let (Some(previous), Some(data)) = (previous, data.as_object_mut()) {
        data.insert("previous_attributes".to_owned(), previous);
    }
    let event = json!({
        "id": id,
        "object": "event",
        "api_version": world.api_version,
        "created": world.now(),
        "data": data,
        "livemode": false,
        "pending_webhooks": world.targets.len(),
        "request": {"id": world.current.request, "idempotency_key": world.current.key},
        "type": kind,
    });
    world.put(event);
    queue(world, &id);
    id
}

/// Sends an event to all targets.
pub(crate) fn queue(world: &mut World, id: &str) {
    queue_later(world, id, Duration::ZERO);
}

/// Sends an event to all targets after a pause.
pub(crate) fn queue_later(world: &mut World, id: &str, after: Duration) {
    let after = SignedDuration::try_from(after).unwrap_or(SignedDuration::ZERO);
    let due = world.real().checked_add(after).unwrap_or(world.real());
    let targets = world.targets.clone();
    let urls: Vec<&str> = targets.iter().map(|target| target.url.as_str()).collect();
    world.note(json!({"due": id, "to": urls}));
    world.outbox.add(id, &targets, due);
}

/// Tells an event of any type: about the object `id`, else the newest of the kind the type is about, else one made up;
/// `data` is laid over it. The event's id.
pub(crate) fn emit(world: &mut World, kind: &str, id: Option<&str>, data: Option<&Value>) -> Option<String> {
    let about = about(kind);
    let found = match id {
        Some(id) => Some(world.get(about, id)?.clone()),
        None => world.all(about).next_back().cloned(),
    };
    let mut object = found.unwrap_or_else(|| {
        let prefix = prefix(about);
        json!({"id": world.id(prefix), "object": about, "livemode": false, "metadata": {}, "created": world.now()})
    });
    if let Some(data) = data {
        merge(&mut object, data);
    }
    world.current = super::super::world::Current::default();
    Some(tell(world, kind, &object, None))
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}

/// The kind of object that a type of event is about.
fn about(kind: &str) -> &str {
    let begins = |start: &str| kind.starts_with(start);
    match kind {
        _ if begins("customer.subscription.") => "subscription",
        _ if begins("checkout.session.") => "checkout.session",
        _ if begins("billing_portal.session.") => "billing_portal.session",
        "charge.refund.updated" => "refund",
        _ => kind.split('.').next().unwrap_or(kind),
    }
}

fn prefix(kind: &str) -> &'static str {
    match kind {
        "customer" => "cus_",
        "subscription" => "sub_",
        "invoice" => "in_",
        "payment_intent" => "pi_",
        "charge" => "ch_",
        "checkout.session" => "cs_test_",
        "price" => "price_",
        "product" => "prod_",
        "refund" => "re_",
        _ => "obj_",
    }
}

/// `GET /v1/events/:id`
pub(crate) fn retrieve(world: &mut World, args: &Args) -> Result<Value, Failure> {
    args.own(world, "event")
}

/// `GET /v1/events`
pub(crate) fn listing(world: &mut World, args: &Args) -> Result<Value, Failure> {
    let types = args.params.get("types").and_then(Value::as_array);
    if types.is_some() && args.text("type").is_some() {
        return Err(Failure::invalid("You may not specify both `type` and `types`.").param("types"));
    }
    list::page(world, "event", args, |event| {
        let kind = text(event, "type");
        args.text("type").is_none_or(|wanted| is_like(wanted, kind))
            && types.is_none_or(|types| {
                types
                    .iter()
                    .filter_map(Value::as_str)
                    .any(|wanted| wanted == kind)
            })
    })
}

/// `customer.*` is every type that begins so.
fn is_like(wanted: &str, kind: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(start) => kind.starts_with(start),
        None => wanted == kind,
    }
}
