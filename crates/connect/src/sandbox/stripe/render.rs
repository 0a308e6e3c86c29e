//! What goes out.
//!
//! Role: an object in its shape, with the planned paths expanded.
//! Invariant: what is expanded is the object's state at the answer, never a copy made earlier.
//! Not here: which paths there are (`edges.rs`).

use super::super::world::World;
use super::edges::{Edge, Paths, edge};
use super::shape::shape;
use super::version::Shape;
use serde_json::{Value, json};

/// An object or list of a kind as it goes out.
pub(crate) fn render(world: &World, kind: &str, object: &Value, to: Shape, paths: &Paths) -> Value {
    let mut shown = match kind.strip_prefix("list:") {
        Some(kind) => list(world, kind, object, to),
        None => one(world, kind, object, to),
    };
    expand(world, kind, object, &mut shown, (to, paths));
    shown
}

fn one(world: &World, kind: &str, object: &Value, to: Shape) -> Value {
    let mut shown = shape(object, to);
    if kind == "event" {
        // An event is written in the version of its account, whoever reads it.
        let account = Shape::of(&world.api_version).unwrap_or(Shape::Acacia);
        rewrite(&mut shown, account, &world.api_version);
        let pending = object
            .get("id")
            .and_then(Value::as_str)
            .map_or(0, |id| world.outbox.pending(id));
        set(&mut shown, "pending_webhooks", json!(pending));
    }
    shown
}

/// Writes what an event tells in a version.
pub(crate) fn rewrite(event: &mut Value, to: Shape, version: &str) {
    set(event, "api_version", Value::from(version));
    let Some(data) = event.get_mut("data").and_then(Value::as_object_mut) else {
        return;
    };
    if let Some(object) = data.get_mut("object") {
        *object = shape(object, to);
        let known: Vec<String> = object
            .as_object()
            .into_iter()
            .flat_map(|fields| fields.keys().cloned())
            .collect();
        if let Some(previous) = data.get_mut("previous_attributes").and_then(Value::as_object_mut) {
            previous.retain(|key, _| known.contains(key));
        }
    }
}

fn list(world: &World, kind: &str, list: &Value, to: Shape) -> Value {
    let mut shown = list.clone();
    let data = shown.get_mut("data").and_then(Value::as_array_mut);
    for element in data.into_iter().flatten() {
        *element = one(world, kind, element, to);
    }
    shown
}

/// Puts what is planned into what is shown; `object` is what it was made of, with our own fields.
fn expand(world: &World, kind: &str, object: &Value, shown: &mut Value, how: (Shape, &Paths)) {
    let (to, paths) = how;
    for (field, below) in &paths.0 {
        match edge(kind, field, to) {
            Some(Edge::Id(next)) => {
                let id = shown.get(field).and_then(Value::as_str).map(str::to_owned);
                if let Some(found) = id.and_then(|id| world.get(next, &id).cloned()) {
                    set(shown, field, render(world, next, &found, to, below));
                }
            }
            Some(Edge::Inside(next)) => {
                let inner = object.get(field).cloned().unwrap_or_default();
                if let Some(part) = shown.get_mut(field) {
                    inside(world, next, &inner, part, (to, below));
                }
            }
            Some(Edge::Include(next)) => {
                let mut made = include(world, next, object, to);
                expand(world, next, &Value::Null, &mut made, (to, below));
                set(shown, field, made);
            }
            None => {}
        }
    }
}

fn inside(world: &World, next: &str, inner: &Value, part: &mut Value, how: (Shape, &Paths)) {
    match part {
        Value::Array(elements) => {
            for (position, element) in elements.iter_mut().enumerate() {
                let own = inner.get(position).cloned().unwrap_or_default();
                expand(world, next, &own, element, how);
            }
        }
        Value::Object(_) => expand(world, next, inner, part, how),
        _ => {}
    }
}

/// What is there only when it is asked for.
fn include(world: &World, kind: &str, object: &Value, to: Shape) -> Value {
    let text = |key: &str| object.get(key).and_then(Value::as_str);
    let id = text("id").unwrap_or_default();
    let data: Vec<Value> = match kind {
        "list:item" => object
            .get("_line_items")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default(),
        "list:subscription" => {
            let own = world
                .all("subscription")
                .filter(|one| one.get("customer").and_then(Value::as_str) == Some(id));
            own.filter(|one| one.get("status") != Some(&json!("canceled")))
                .map(|one| shape(one, to))
                .collect()
        }
        "list:invoice_payment" => text("payment_intent")
            .map(|intent| payment(object, intent))
            .into_iter()
            .collect(),
        _ => {
            let intent = text("payment_intent").and_then(|intent| world.get("payment_intent", intent));
            let secret = intent.and_then(|intent| intent.get("client_secret"));
            return secret.map_or(
                Value::Null,
                |secret| json!({"client_secret": secret, "type": "payment_intent"}),
            );
        }
    };
    json!({"object": "list", "data": data, "has_more": false, "url": "/v1"})
}

fn payment(invoice: &Value, intent: &str) -> Value {
    let is_paid = invoice.get("status") == Some(&json!("paid"));
    json!({
        "id": intent.replacen("pi_", "inpay_", 1),
        "object": "invoice_payment",
        "amount_paid": if is_paid { invoice.get("amount_paid").cloned() } else { None },
        "amount_requested": invoice.get("amount_due"),
        "created": invoice.get("created"),
        "currency": invoice.get("currency"),
        "invoice": invoice.get("id"),
        "is_default": true,
        "livemode": false,
        "payment": {"type": "payment_intent", "payment_intent": intent},
        "status": if is_paid { "paid" } else { "open" },
    })
}

fn set(object: &mut Value, key: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(key.to_owned(), value);
    }
}
