//! Objects as a version writes them.
//!
//! Role: objects are kept in the older shape with a few fields of our own (`_…`); here they become what goes out.
//! Invariant: no field that begins with `_` leaves.
//! Not here: expansion (`render.rs`).

use super::version::Shape;
use serde_json::{Map, Value, json};

/// An object in a shape, nothing expanded.
pub(crate) fn shape(object: &Value, shape: Shape) -> Value {
    let Value::Object(fields) = object else {
        return object.clone();
    };
    let mut fields: Map<String, Value> = fields
        .iter()
        .filter(|(key, _)| !key.starts_with('_'))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if shape == Shape::Basil && !fields.contains_key("deleted") {
        match fields.get("object").and_then(Value::as_str) {
            Some("invoice") => invoice(&mut fields),
            Some("subscription") => subscription(&mut fields),
            Some("payment_intent" | "charge") => {
                fields.remove("invoice");
            }
            _ => {}
        }
    }
    Value::Object(fields)
}

fn take(fields: &mut Map<String, Value>, key: &str) -> Value {
    fields.remove(key).unwrap_or_default()
}

fn invoice(fields: &mut Map<String, Value>) {
    for gone in ["payment_intent", "charge", "paid"] {
        fields.remove(gone);
    }
    let subscription = take(fields, "subscription");
    let details = take(fields, "subscription_details");
    let parent = if subscription.is_null() {
        Value::Null
    } else {
        json!({
            "type": "subscription_details",
            "quote_details": null,
            "subscription_details": {"metadata": details.get("metadata"), "subscription": subscription},
        })
    };
    fields.insert("parent".to_owned(), parent);
    let lines = fields
        .get_mut("lines")
        .and_then(|lines| lines.get_mut("data"))
        .and_then(Value::as_array_mut);
    lines
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
        .for_each(line);
}

fn line(fields: &mut Map<String, Value>) {
    let price = take(fields, "price");
    let (subscription, item) = (take(fields, "subscription"), take(fields, "subscription_item"));
    fields.remove("type");
    fields.remove("proration");
    let parent = if subscription.is_null() {
        Value::Null
    } else {
        json!({
            "type": "subscription_item_details",
            "invoice_item_details": null,
            "subscription_item_details": {
                "subscription": subscription, "subscription_item": item, "invoice_item": null,
                "proration": false, "proration_details": {"credited_items": null},
            },
        })
    };
    fields.insert("parent".to_owned(), parent);
    let pricing = if price.is_null() {
        Value::Null
    } else {
        json!({
            "type": "price_details",
            "price_details": {"price": price.get("id"), "product": price.get("product")},
            "unit_amount_decimal": price.get("unit_amount_decimal"),
        })
    };
    fields.insert("pricing".to_owned(), pricing);
}

fn subscription(fields: &mut Map<String, Value>) {
    let period = (
        take(fields, "current_period_start"),
        take(fields, "current_period_end"),
    );
    let items = fields
        .get_mut("items")
        .and_then(|items| items.get_mut("data"))
        .and_then(Value::as_array_mut);
    for item in items.into_iter().flatten().filter_map(Value::as_object_mut) {
        item.insert("current_period_start".to_owned(), period.0.clone());
        item.insert("current_period_end".to_owned(), period.1.clone());
    }
}

/// An object in the older shape.
pub(crate) fn plain(object: &Value) -> Value {
    shape(object, Shape::Acacia)
}
