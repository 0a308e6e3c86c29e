//! Payment intents and charges.
//!
//! Role: the endpoints below `/v1/payment_intents` and `/v1/charges`, and what a card does.
//! Invariant: a card is its token: one whose name says `decline` is declined, one that says `authenticationRequired`
//! or `threeDSecure` needs an action, any other pays.
//! Not here: what is paid for (`invoices.rs`).

use super::super::world::World;
use super::args::{Args, lay, number, text};
use super::failure::Failure;
use super::params::{Is, Spec};
use super::{event, invoices, list, metadata};
use serde_json::{Value, json};

/// Parameters of a new intent.
pub(crate) const FIELDS: Spec = &[
    ("amount", Is::Int),
    ("currency", Is::Filled),
    ("customer", Is::Filled),
    ("payment_method", Is::Filled),
    ("payment_method_types", Is::Any),
    ("automatic_payment_methods", Is::Any),
    ("confirm", Is::Flag),
    ("off_session", Is::Any),
    ("setup_future_usage", Is::Text),
    ("receipt_email", Is::Text),
    ("return_url", Is::Text),
    ("description", Is::Text),
    ("capture_method", Is::Word(&["automatic", "automatic_async"])),
    ("metadata", Is::Metadata),
];

/// Parameters of confirming one.
pub(crate) const CONFIRM: Spec = &[
    ("payment_method", Is::Filled),
    ("return_url", Is::Text),
    ("off_session", Is::Any),
];

/// What a payment is for.
pub(crate) struct Due<'a> {
    pub(crate) amount: i64,
    pub(crate) currency: &'a str,
    pub(crate) customer: Option<&'a str>,
    pub(crate) invoice: Option<&'a str>,
    pub(crate) method: Option<&'a str>,
}

/// A new intent, which is not taken in yet.
pub(crate) fn make(world: &World, due: &Due<'_>) -> Value {
    let id = world.id("pi_");
    let secret = format!("{id}_secret_{}", world.id(""));
    let status = if due.method.is_some() {
        "requires_confirmation"
    } else {
        "requires_payment_method"
    };
    json!({
        "id": id, "object": "payment_intent", "amount": due.amount, "amount_capturable": 0, "amount_received": 0,
        "canceled_at": null, "cancellation_reason": null, "capture_method": "automatic", "client_secret": secret,
        "confirmation_method": "automatic", "created": world.now(), "currency": due.currency,
        "customer": due.customer, "description": null, "invoice": due.invoice, "last_payment_error": null,
        "latest_charge": null, "livemode": false, "metadata": {}, "next_action": null,
        "payment_method": due.method, "payment_method_types": ["card"], "receipt_email": null,
        "setup_future_usage": null, "status": status,
    })
}

/// `POST /v1/payment_intents`
pub(crate) fn create(world: &mut World, args: &Args) -> Result<Value, Failure> {
    let amount = args.number("amount").ok_or_else(|| Failure::missing("amount"))?;
    let currency = args.need("currency")?.to_ascii_lowercase();
    let customer = args.named(world, "customer", "customer")?;
    let given = metadata::merge(&Value::Null, &args.value("metadata"))?;
    if amount == 0 {
        let message = "This value must be greater than or equal to 1.";
        return Err(Failure::invalid(message)
            .code("parameter_invalid_integer")
            .param("amount"));
    }
    let due = Due {
        amount: i64::try_from(amount).unwrap_or(i64::MAX),
        currency: &currency,
        customer: customer.as_ref().map(|customer| text(customer, "id")),
        invoice: None,
        method: args.text("payment_method"),
    };
    if args.is("confirm") && due.method.is_none() {
        return Err(Failure::missing("payment_method"));
    }
    let mut intent = make(world, &due);
    lay(
        &mut intent,
        json!({"metadata": given, "description": args.value("description")}),
    );
    event::create(world, "payment_intent.created", &intent);
    match due.method {
        Some(method) if args.is("confirm") => attempt(world, intent, method),
        _ => Ok(intent),
    }
}

/// `GET /v1/payment_intents/:id`
pub(crate) fn retrieve(world: &mut World, args: &Args) -> Result<Value, Failure> {
    args.own(world, "payment_intent")
}

/// `POST /v1/payment_intents/:id`
pub(crate) fn update(world: &mut World, args: &Args) -> Result<Value, Failure> {
    let mut intent = args.own(world, "payment_intent")?;
    if let Some(given) = args.params.get("metadata") {
        let merged = metadata::merge(intent.get("metadata").unwrap_or(&Value::Null), given)?;
        lay(&mut intent, json!({"metadata": merged}));
    }
    super::args::lay_given(&mut intent, args, &["description", "receipt_email"]);
    world.put(intent.clone());
    Ok(intent)
}

/// `POST /v1/payment_intents/:id/confirm`
pub(crate) fn confirm(world: &mut World, args: &Args) -> Result<Value, Failure> {
    let intent = args.own(world, "payment_intent")?;
    let known = text(&intent, "payment_method").to_owned();
    open(&intent, "confirm")?;
    match args.text("payment_method").or(Some(known.as_str()).filter(|known| !known.is_empty())) {
        Some(method) => attempt(world, intent, method),
        None => Err(Failure::invalid(
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the \
             PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a \
             payment method or ConfirmationToken.",
        )
        .code("payment_intent_unexpected_state")),
    }
}

/// `POST /v1/payment_intents/:id/cancel`
pub(crate) fn cancel(world: &mut World, args: &Args) -> Result<Value, Failure> {
    let intent = args.own(world, "payment_intent")?;
    open(&intent, "cancel")?;
    Ok(end(world, intent))
}

/// Cancels an intent.
pub(crate) fn end(world: &mut World, mut intent: Value) -> Value {
    lay(
        &mut intent,
        json!({"status": "canceled", "canceled_at": world.now()}),
    );
    event::update(world, "payment_intent.canceled", &intent);
    intent
}

fn open(intent: &Value, word: &str) -> Result<(), Failure> {
    let status = text(intent, "status");
    if status.starts_with("requires_") {
        return Ok(());
    }
    let message = format!("You cannot {word} this PaymentIntent because it has a status of {status}.");
    let failure = Failure::invalid(message).code("payment_intent_unexpected_state");
    Err(failure.with(
        "payment_intent",
        super::shape::shape(intent, super::version::Shape::Basil),
    ))
}

/// `GET /v1/payment_intents`
pub(crate) fn listing(world: &mut World, args: &Args) -> Result<Value, Failure> {
    list::page(world, "payment_intent", args, |intent| {
        list::equals(intent, args, &["customer"])
    })
}

/// `GET /v1/charges/:id`
pub(crate) fn retrieve_charge(world: &mut World, args: &Args) -> Result<Value, Failure> {
    args.own(world, "charge")
}

/// `GET /v1/charges`
pub(crate) fn list_charges(world: &mut World, args: &Args) -> Result<Value, Failure> {
    list::page(world, "charge", args, |charge| {
        list::equals(charge, args, &["customer", "payment_intent"])
    })
}

/// Whether a card pays without more ado.
pub(crate) fn pays(method: &str) -> bool {
    !is_declined(method) && !needs_action(method)
}

fn is_declined(method: &str) -> bool {
    method.to_ascii_lowercase().contains("decline")
}

fn needs_action(method: &str) -> bool {
    method.contains("authenticationRequired") || method.contains("threeDSecure")
}

/// Tries to pay with a card. A decline is a failure that had begun, and leaves the intent open.
pub(crate) fn attempt(world: &mut World, mut intent: Value, method: &str) -> Result<Value, Failure> {
    lay(&mut intent, json!({"payment_method": method}));
    let invoice = text(&intent, "invoice").to_owned();
    if is_declined(method) {
        let error = Failure::declined();
        let told = error.body("").get("error").cloned();
        lay(
            &mut intent,
            json!({"status": "requires_payment_method", "payment_method": null, "last_payment_error": told}),
        );
        event::update(world, "payment_intent.payment_failed", &intent);
        invoices::failed(world, &invoice);
        let shown = super::shape::shape(&intent, super::version::Shape::Basil);
        return Err(error.with("payment_intent", shown));
    }
    if needs_action(method) {
        let action = json!({"type": "use_stripe_sdk", "use_stripe_sdk": {}});
        lay(
            &mut intent,
            json!({"status": "requires_action", "next_action": action}),
        );
        event::update(world, "payment_intent.requires_action", &intent);
        return Ok(intent);
    }
    let charge = charge(world, &intent, method);
    let over = json!({
        "status": "succeeded", "latest_charge": charge.get("id"), "amount_received": intent.get("amount"),
        "next_action": null, "last_payment_error": null,
    });
    lay(&mut intent, over);
    event::create(world, "charge.succeeded", &charge);
    event::update(world, "payment_intent.succeeded", &intent);
    invoices::paid(world, &invoice, Some(text(&charge, "id")));
    Ok(intent)
}

fn charge(world: &World, intent: &Value, method: &str) -> Value {
    json!({
        "id": world.id("ch_"), "object": "charge", "amount": number(intent, "amount"),
        "amount_captured": number(intent, "amount"), "amount_refunded": 0, "balance_transaction": null,
        "captured": true, "created": world.now(), "currency": intent.get("currency"),
        "customer": intent.get("customer"), "description": null, "disputed": false, "failure_code": null,
        "failure_message": null, "invoice": intent.get("invoice"), "livemode": false,
        "metadata": intent.get("metadata"), "paid": true, "payment_intent": intent.get("id"),
        "payment_method": method, "receipt_email": null, "refunded": false, "status": "succeeded",
    })
}
