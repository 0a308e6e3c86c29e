//! Subscriptions.
//!
//! Role: the endpoints below `/v1/subscriptions`, and what a payment does to one.
//! Invariant: `default_incomplete` is incomplete until its first invoice is paid; `incomplete_expired` and `canceled`
//! are for good.
//! Not here: their items and fields (`subscribed.rs`), what time does to them (`periods.rs`).

use super::super::world::World;
use super::args::{Args, lay, lay_given, named, number, text};
use super::failure::Failure;
use super::params::{Is, Spec};
use super::{event, intents, invoices, list, metadata, periods, subscribed};
use serde_json::{Value, json};

/// Parameters of an item.
const ITEM: Spec = &[
    ("id", Is::Filled),
    ("price", Is::Filled),
    ("quantity", Is::Int),
    ("metadata", Is::Metadata),
    ("deleted", Is::Flag),
];

/// Parameters of create and update alike.
const COMMON: Spec = &[
    ("items", Is::Rows(ITEM)),
    ("metadata", Is::Metadata),
    ("description", Is::Text),
    ("default_payment_method", Is::Text),
    ("cancel_at_period_end", Is::Flag),
    (
        "collection_method",
        Is::Word(&["charge_automatically", "send_invoice"]),
    ),
    ("days_until_due", Is::Int),
    (
        "proration_behavior",
        Is::Word(&["create_prorations", "none", "always_invoice"]),
    ),
    ("payment_settings", Is::Any),
    ("automatic_tax", Is::Any),
    ("off_session", Is::Any),
    ("trial_settings", Is::Any),
    ("trial_end", Is::Int),
];

const BEHAVIOR: Is = Is::Word(&["allow_incomplete", "default_incomplete", "error_if_incomplete"]);

/// Parameters of create.
pub(crate) const CREATE: &[Spec] = &[
    COMMON,
    &[
        ("customer", Is::Filled),
        ("currency", Is::Filled),
        ("trial_period_days", Is::Int),
        ("billing_mode", Is::Any),
        ("payment_behavior", BEHAVIOR),
    ],
];

/// Parameters of update.
pub(crate) const UPDATE: &[Spec] = &[
    COMMON,
    &[
        ("cancellation_details", Is::Any),
        (
            "payment_behavior",
            Is::Word(&[
                "allow_incomplete",
                "default_incomplete",
                "error_if_incomplete",
                "pending_if_incomplete",
            ]),
        ),
    ],
];

/// `POST /v1/subscriptions`
pub(crate) fn create(world: &mut World, args: &Args) -> Result<Value, Failure> {
    let customer = named(world, "customer", args.need("customer")?, "customer")?;
    let rows = args.params.get("items").and_then(Value::as_array).cloned();
    let rows = rows
        .filter(|rows| !rows.is_empty())
        .ok_or_else(|| Failure::missing("items"))?;
    let items = subscribed::items(world, &rows)?;
    let behavior = args
        .text("payment_behavior")
        .unwrap_or("allow_incomplete")
        .to_owned();
    let subscription = subscribed::make(world, args, text(&customer, "id"), items)?;
    let is_free = subscribed::amount(&subscription) == 0 || !subscription["trial_end"].is_null();
    let is_charged = text(&subscription, "collection_method") == "charge_automatically" && !is_free;
    let card = method_of(&subscription, Some(&customer));
    if is_charged && behavior != "default_incomplete" && card.is_none() {
        return Err(no_method());
    }
    let is_refused = card.as_deref().is_some_and(|card| !intents::pays(card));
    if is_charged && behavior == "error_if_incomplete" && is_refused {
        return Err(Failure::declined());
    }
    event::create(world, "customer.subscription.created", &subscription);
    let id = text(&subscription, "id").to_owned();
    let intent = periods::bill(world, &id, "subscription_create", card.as_deref());
    if let (Some(intent), Some(card), true) = (intent, card, is_charged && behavior != "default_incomplete") {
        // A decline leaves the subscription incomplete; that is the answer, not an error.
        drop(intents::attempt(world, intent, &card));
    }
    named(world, "subscription", &id, "id")
}

/// No way to pay.
pub(crate) fn no_method() -> Failure {
    Failure::invalid(
        "This customer has no attached payment source or default payment method. Please consider adding a default \
         payment method.",
    )
    .code("resource_missing")
}

fn method_of(subscription: &Value, customer: Option<&Value>) -> Option<String> {
    let own = subscription.get("default_payment_method");
    let settings = customer.and_then(|customer| customer.get("invoice_settings"));
    let default = settings.and_then(|settings| settings.get("default_payment_method"));
    let source = customer.and_then(|customer| customer.get("default_source"));
    [own, default, source]
        .into_iter()
        .flatten()
        .find_map(Value::as_str)
        .map(str::to_owned)
}

/// The card that an invoice would be paid with.
pub(crate) fn method(world: &World, invoice: &Value) -> Option<String> {
    let customer = world.get("customer", text(invoice, "customer"));
    let subscription = world.get("subscription", text(invoice, "subscription"));
    method_of(subscription.unwrap_or(&Value::Null), customer)
}

/// `GET /v1/subscriptions/:id`
pub(crate) fn retrieve(world: &mut World, args: &Args) -> Result<Value, Failure> {
    args.own(world, "subscription")
}

/// `POST /v1/subscriptions/:id`
pub(crate) fn update(world: &mut World, args: &Args) -> Result<Value, Failure> {
    let mut subscription = args.own(world, "subscription")?;
    if is_over(&subscription) {
        let only = ["metadata", "cancellation_details", "expand"];
        if args.params.keys().any(|name| !only.contains(&name.as_str())) {
            let message = "A canceled subscription can only update its cancellation_details and metadata.";
            return Err(Failure::invalid(message));
        }
    }
    if let Some(rows) = args.params.get("items").and_then(Value::as_array) {
        subscribed::change_items(world, &mut subscription, rows)?;
    }
    if let Some(given) = args.params.get("metadata") {
        let merged = metadata::merge(subscription.get("metadata").unwrap_or(&Value::Null), given)?;
        lay(&mut subscription, json!({"metadata": merged}));
    }
    lay_given(
        &mut subscription,
        args,
        &["description", "default_payment_method", "cancel_at_period_end"],
    );
    if args.params.contains_key("cancel_at_period_end") {
        let is_ending = args.is("cancel_at_period_end");
        let end = number(&subscription, "current_period_end");
        let now = world.now();
        lay(
            &mut subscription,
            json!({"cancel_at": is_ending.then_some(end), "canceled_at": is_ending.then_some(now)}),
        );
    }
    event::update(world, "customer.subscription.updated", &subscription);
    Ok(subscription)
}

/// `DELETE /v1/subscriptions/:id`
pub(crate) fn cancel(world: &mut World, args: &Args) -> Result<Value, Failure> {
    let subscription = args.own(world, "subscription")?;
    if is_over(&subscription) {
        return Err(Failure::unknown("subscription", &args.id, "id"));
    }
    Ok(end(world, subscription))
}

/// Cancels at once; an unpaid first invoice is voided.
pub(crate) fn end(world: &mut World, mut subscription: Value) -> Value {
    let now = world.now();
    let canceled = subscription
        .get("canceled_at")
        .and_then(Value::as_i64)
        .unwrap_or(now);
    lay(
        &mut subscription,
        json!({"status": "canceled", "canceled_at": canceled, "ended_at": now, "_due": null}),
    );
    world.put(subscription.clone());
    event::tell(world, "customer.subscription.deleted", &subscription, None);
    let invoice = world
        .get("invoice", text(&subscription, "latest_invoice"))
        .cloned();
    if let Some(invoice) = invoice.filter(|invoice| text(invoice, "status") == "open") {
        invoices::give_up(world, invoice);
    }
    subscription
}

/// Whether nothing can happen to it any more.
pub(crate) fn is_over(subscription: &Value) -> bool {
    matches!(text(subscription, "status"), "canceled" | "incomplete_expired")
}

/// `GET /v1/subscriptions`
pub(crate) fn listing(world: &mut World, args: &Args) -> Result<Value, Failure> {
    list::page(world, "subscription", args, |subscription| {
        let status = text(subscription, "status");
        let is_meant = match args.text("status") {
            None => status != "canceled",
            Some("all") => true,
            Some("ended") => is_over(subscription),
            Some(wanted) => wanted == status,
        };
        let price = args.text("price");
        is_meant
            && list::equals(subscription, args, &["customer", "collection_method"])
            && price.is_none_or(|price| subscribed::has_price(subscription, price))
    })
}

/// Its invoice was paid.
pub(crate) fn paid(world: &mut World, id: &str) {
    let Some(mut subscription) = world.get("subscription", id).cloned() else {
        return;
    };
    if matches!(
        text(&subscription, "status"),
        "incomplete" | "past_due" | "unpaid"
    ) {
        let due = subscription.get("current_period_end").cloned();
        lay(&mut subscription, json!({"status": "active", "_due": due}));
        event::update(world, "customer.subscription.updated", &subscription);
    }
}

/// A payment for its invoice failed.
pub(crate) fn failed(world: &mut World, id: &str) {
    let Some(mut subscription) = world.get("subscription", id).cloned() else {
        return;
    };
    if text(&subscription, "status") == "active" {
        lay(&mut subscription, json!({"status": "past_due"}));
        event::update(world, "customer.subscription.updated", &subscription);
    }
}
