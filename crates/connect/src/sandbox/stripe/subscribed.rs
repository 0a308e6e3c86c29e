//! What a subscription is made of.
//!
//! Role: its fields and items, what they cost.
//! Invariant: an item always has a price that is there; all prices of one subscription recur in the same rhythm and
//! currency.
//! Not here: the endpoints (`subscriptions.rs`).

use super::super::world::World;
use super::args::{Args, lay, lay_given, number, text};
use super::failure::Failure;
use super::{catalog, metadata, periods};
use serde_json::{Value, json};

/// Items of a subscription.
const ITEMS: usize = 20;
/// How long an incomplete subscription waits for its first payment.
const INCOMPLETE: i64 = 23 * 3600;

/// The items that rows ask for.
pub(crate) fn items(world: &mut World, rows: &[Value]) -> Result<Vec<Value>, Failure> {
    if rows.len() > ITEMS {
        return Err(Failure::invalid(format!("A subscription can have up to {ITEMS} items.")).param("items"));
    }
    let mut items = Vec::new();
    for (position, row) in rows.iter().enumerate() {
        items.push(item(world, row, position)?);
    }
    let rhythm = |item: &Value| {
        (
            item["price"]["currency"].clone(),
            item["price"]["recurring"].clone(),
        )
    };
    if items
        .iter()
        .any(|item| Some(rhythm(item)) != items.first().map(rhythm))
    {
        let message = "All prices on a subscription must have the same currency and `recurring.interval`.";
        return Err(Failure::invalid(message).param("items"));
    }
    Ok(items)
}

fn item(world: &mut World, row: &Value, position: usize) -> Result<Value, Failure> {
    let param = format!("items[{position}][price]");
    let id = row
        .get("price")
        .and_then(Value::as_str)
        .ok_or_else(|| Failure::missing(&param))?;
    let price = catalog::find_price(world, id, &param)?;
    if price.get("recurring").is_none_or(Value::is_null) {
        let message = "The price specified is set to `type=one_time` but this field only accepts prices with \
                       `type=recurring`.";
        return Err(Failure::invalid(message).param(param));
    }
    let mut price = price;
    price.as_object_mut().map(|fields| fields.remove("_assumed"));
    Ok(json!({
        "id": world.id("si_"), "object": "subscription_item", "created": world.now(), "discounts": [],
        "metadata": metadata::merge(&Value::Null, row.get("metadata").unwrap_or(&Value::Null))?,
        "price": price, "quantity": row.get("quantity").and_then(Value::as_u64).unwrap_or(1), "subscription": null,
        "tax_rates": [],
    }))
}

/// A new subscription, which is not taken in yet.
pub(crate) fn make(world: &World, args: &Args, customer: &str, items: Vec<Value>) -> Result<Value, Failure> {
    let (id, now) = (world.id("sub_"), world.now());
    let days = args
        .number("trial_period_days")
        .filter(|days| *days > 0)
        .and_then(|days| i64::try_from(days).ok());
    let until = args.number("trial_end").and_then(|end| i64::try_from(end).ok());
    let trial = until
        .or(days.map(|days| now + days.min(730) * 86_400))
        .filter(|end| *end > now);
    let every = items.first().map(periods::rhythm).unwrap_or_default();
    let end = trial.unwrap_or_else(|| periods::after(now, &every));
    let currency = items.first().map(|item| item["price"]["currency"].clone());
    let mut subscription = json!({
        "id": id, "object": "subscription", "application": null, "billing_cycle_anchor": trial.unwrap_or(now),
        "cancel_at": null, "cancel_at_period_end": false, "canceled_at": null,
        "cancellation_details": {"comment": null, "feedback": null, "reason": null},
        "collection_method": "charge_automatically", "created": now, "currency": currency,
        "current_period_start": now, "current_period_end": end, "customer": customer, "days_until_due": null,
        "default_payment_method": null, "default_source": null, "description": null, "discounts": [],
        "ended_at": null, "items": listed(&id, items), "latest_invoice": null, "livemode": false,
        "metadata": metadata::merge(&Value::Null, &args.value("metadata"))?, "pause_collection": null,
        "pending_setup_intent": null, "pending_update": null, "schedule": null, "start_date": now,
        "status": "active", "test_clock": null, "trial_end": trial, "trial_start": trial.map(|_| now), "_due": end,
    });
    let names = [
        "description",
        "default_payment_method",
        "cancel_at_period_end",
        "collection_method",
        "days_until_due",
    ];
    lay_given(&mut subscription, args, &names);
    if trial.is_some() {
        lay(&mut subscription, json!({"status": "trialing"}));
    } else if amount(&subscription) > 0 && text(&subscription, "collection_method") == "charge_automatically"
    {
        lay(
            &mut subscription,
            json!({"status": "incomplete", "_due": now + INCOMPLETE}),
        );
    }
    Ok(subscription)
}

fn listed(id: &str, items: Vec<Value>) -> Value {
    let owned: Vec<Value> = items
        .into_iter()
        .map(|mut item| {
            lay(&mut item, json!({"subscription": id}));
            item
        })
        .collect();
    let count = owned.len();
    let url = format!("/v1/subscription_items?subscription={id}");
    json!({"object": "list", "data": owned, "has_more": false, "total_count": count, "url": url})
}

/// Its items.
pub(crate) fn of(subscription: &Value) -> impl Iterator<Item = &Value> {
    let items = subscription.get("items").and_then(|items| items.get("data"));
    items.and_then(Value::as_array).into_iter().flatten()
}

/// What an item costs for one period.
pub(crate) fn cost(item: &Value) -> i64 {
    let price = item.get("price").map_or(0, |price| number(price, "unit_amount"));
    price.saturating_mul(number(item, "quantity"))
}

/// What all cost.
pub(crate) fn amount(subscription: &Value) -> i64 {
    of(subscription).map(cost).fold(0, i64::saturating_add)
}

/// Whether an item has a price.
pub(crate) fn has_price(subscription: &Value, price: &str) -> bool {
    of(subscription).any(|item| item.get("price").is_some_and(|own| text(own, "id") == price))
}

/// Changes, adds and removes items as an update's rows say. Nothing is prorated.
pub(crate) fn change_items(
    world: &mut World,
    subscription: &mut Value,
    rows: &[Value],
) -> Result<(), Failure> {
    let mut kept: Vec<Value> = of(subscription).cloned().collect();
    for (position, row) in rows.iter().enumerate() {
        let Some(id) = row.get("id").and_then(Value::as_str) else {
            kept.extend(items(world, std::slice::from_ref(row))?);
            continue;
        };
        let found = kept.iter().position(|item| text(item, "id") == id);
        let param = format!("items[{position}][id]");
        let Some(found) = found else {
            return Err(Failure::unknown("subscription_item", id, &param));
        };
        if row.get("deleted").and_then(Value::as_bool) == Some(true) {
            kept.remove(found);
            continue;
        }
        if row.get("price").is_some() {
            let made = item(world, row, position)?;
            lay(&mut kept[found], json!({"price": made["price"]}));
        }
        if let Some(quantity) = row.get("quantity") {
            lay(&mut kept[found], json!({"quantity": quantity}));
        }
    }
    if kept.is_empty() || kept.len() > ITEMS {
        return Err(Failure::invalid(format!("A subscription has 1 to {ITEMS} items.")).param("items"));
    }
    let id = text(subscription, "id").to_owned();
    lay(subscription, json!({"items": listed(&id, kept)}));
    Ok(())
}
