//! Refunds.
//!
//! Role: the endpoints below `/v1/refunds`.
//! Invariant: no more is given back than was paid.
//! Not here: charges (`intents.rs`).

use super::super::world::World;
use super::args::{Args, lay, named, number, text};
use super::failure::Failure;
use super::params::{Is, Spec};
use super::{event, list, metadata};
use serde_json::{Value, json};

/// Parameters of a refund.
pub(crate) const FIELDS: Spec = &[
    ("payment_intent", Is::Filled),
    ("charge", Is::Filled),
    ("amount", Is::Int),
    (
        "reason",
        Is::Word(&["duplicate", "fraudulent", "requested_by_customer"]),
    ),
    ("metadata", Is::Metadata),
];

/// `POST /v1/refunds`
pub(crate) fn create(world: &mut World, args: &Args) -> Result<Value, Failure> {
    let mut charge = paid(world, args)?;
    let left = number(&charge, "amount") - number(&charge, "amount_refunded");
    if left <= 0 {
        let message = format!("Charge {} has already been refunded.", text(&charge, "id"));
        return Err(Failure::invalid(message).code("charge_already_refunded"));
    }
    let amount = args
        .number("amount")
        .map_or(left, |amount| i64::try_from(amount).unwrap_or(i64::MAX));
    if amount > left || amount == 0 {
        let message =
            format!("Refund amount ({amount}) is greater than unrefunded amount on charge ({left})");
        return Err(Failure::invalid(message).param("amount"));
    }
    let refund = json!({
        "id": world.id("re_"), "object": "refund", "amount": amount, "balance_transaction": null,
        "charge": charge.get("id"), "created": world.now(), "currency": charge.get("currency"),
        "metadata": metadata::merge(&Value::Null, &args.value("metadata"))?,
        "payment_intent": charge.get("payment_intent"), "reason": args.value("reason"), "receipt_number": null,
        "status": "succeeded",
    });
    let refunded = number(&charge, "amount_refunded") + amount;
    lay(
        &mut charge,
        json!({"amount_refunded": refunded, "refunded": amount == left}),
    );
    event::create(world, "refund.created", &refund);
    event::update(world, "charge.refunded", &charge);
    Ok(refund)
}

fn paid(world: &World, args: &Args) -> Result<Value, Failure> {
    if let Some(id) = args.text("charge") {
        return named(world, "charge", id, "charge");
    }
    let id = args
        .text("payment_intent")
        .ok_or_else(|| Failure::missing("payment_intent"))?;
    let intent = named(world, "payment_intent", id, "payment_intent")?;
    let charge = world.get("charge", text(&intent, "latest_charge")).cloned();
    charge.ok_or_else(|| {
        let message = format!("This PaymentIntent ({id}) does not have a successful charge to refund.");
        Failure::invalid(message).param("payment_intent")
    })
}

/// `GET /v1/refunds/:id`
pub(crate) fn retrieve(world: &mut World, args: &Args) -> Result<Value, Failure> {
    args.own(world, "refund")
}

/// `GET /v1/refunds`
pub(crate) fn listing(world: &mut World, args: &Args) -> Result<Value, Failure> {
    list::page(world, "refund", args, |refund| {
        list::equals(refund, args, &["charge", "payment_intent"])
    })
}
