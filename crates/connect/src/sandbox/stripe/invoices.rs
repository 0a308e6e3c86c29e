//! Invoices.
//!
//! Role: the endpoints below `/v1/invoices`, how an invoice is made for a period, finalised, paid and voided.
//! Invariant: `subscription_details.metadata` is the subscription's metadata at finalisation and never changes after;
//! an invoice over nothing is paid when it is finalised.
//! Not here: cards (`intents.rs`), periods (`periods.rs`).

use super::super::world::World;
use super::args::{Args, lay, lay_given, named, number, text};
use super::failure::Failure;
use super::params::{Is, Spec};
use super::{event, intents, list, metadata, subscriptions};
use serde_json::{Value, json};

/// Parameters of a new invoice.
pub(crate) const FIELDS: Spec = &[
    ("customer", Is::Filled),
    ("subscription", Is::Filled),
    ("auto_advance", Is::Flag),
    (
        "collection_method",
        Is::Word(&["charge_automatically", "send_invoice"]),
    ),
    ("days_until_due", Is::Int),
    ("currency", Is::Filled),
    ("description", Is::Text),
    ("pending_invoice_items_behavior", Is::Any),
    ("metadata", Is::Metadata),
];

/// Parameters of paying one.
pub(crate) const PAY: Spec = &[
    ("payment_method", Is::Filled),
    ("source", Is::Filled),
    ("off_session", Is::Any),
    ("paid_out_of_band", Is::Flag),
];

/// Parameters of a line.
pub(crate) const ITEM: Spec = &[
    ("customer", Is::Filled),
    ("invoice", Is::Filled),
    ("amount", Is::Int),
    ("currency", Is::Filled),
    ("description", Is::Text),
];

/// A draft without lines.
pub(crate) fn draft(world: &World, customer: &str, currency: &str, reason: &str) -> Value {
    let now = world.now();
    json!({
        "id": world.id("in_"), "object": "invoice", "amount_due": 0, "amount_paid": 0, "amount_remaining": 0,
        "attempt_count": 0, "attempted": false, "auto_advance": false, "billing_reason": reason, "charge": null,
        "collection_method": "charge_automatically", "created": now, "currency": currency, "customer": customer,
        "default_payment_method": null, "description": null, "due_date": null, "ending_balance": null,
        "hosted_invoice_url": null, "invoice_pdf": null,
        "lines": {"object": "list", "data": [], "has_more": false, "url": "/v1/invoices/lines"},
        "livemode": false, "metadata": {}, "number": null, "paid": false, "payment_intent": null,
        "period_start": now, "period_end": now, "starting_balance": 0,
        "status": "draft", "status_transitions": {
            "finalized_at": null, "marked_uncollectible_at": null, "paid_at": null, "voided_at": null,
        },
        "subscription": null, "subscription_details": null, "subtotal": 0, "total": 0,
    })
}

/// Adds a line.
pub(crate) fn add_line(invoice: &mut Value, line: Value) {
    let total = number(invoice, "total").saturating_add(number(&line, "amount"));
    lay(
        invoice,
        json!({"subtotal": total, "total": total, "amount_due": total, "amount_remaining": total}),
    );
    let lines = invoice
        .get_mut("lines")
        .and_then(|lines| lines.get_mut("data"))
        .and_then(Value::as_array_mut);
    if let Some(lines) = lines {
        lines.push(line);
    }
}

/// `POST /v1/invoices`
pub(crate) fn create(world: &mut World, args: &Args) -> Result<Value, Failure> {
    let subscription = args.named(world, "subscription", "subscription")?;
    let customer = match &subscription {
        Some(subscription) if args.text("customer").is_none() => text(subscription, "customer").to_owned(),
        _ => text(
            &named(world, "customer", args.need("customer")?, "customer")?,
            "id",
        )
        .to_owned(),
    };
    let given = metadata::merge(&Value::Null, &args.value("metadata"))?;
    let currency = args.text("currency").unwrap_or("usd").to_ascii_lowercase();
    let mut invoice = draft(world, &customer, &currency, "manual");
    if let Some(subscription) = &subscription {
        let details = json!({"metadata": subscription.get("metadata")});
        lay(
            &mut invoice,
            json!({"subscription": subscription.get("id"), "subscription_details": details}),
        );
    }
    lay_given(
        &mut invoice,
        args,
        &["auto_advance", "collection_method", "description"],
    );
    lay(&mut invoice, json!({"metadata": given}));
    event::create(world, "invoice.created", &invoice);
    Ok(invoice)
}

/// `POST /v1/invoiceitems`, for a draft that it names.
pub(crate) fn create_item(world: &mut World, args: &Args) -> Result<Value, Failure> {
    named(world, "customer", args.need("customer")?, "customer")?;
    let mut invoice = named(world, "invoice", args.need("invoice")?, "invoice")?;
    let amount = args.number("amount").ok_or_else(|| Failure::missing("amount"))?;
    expect(&invoice, &["draft"], "add an item to")?;
    let line = json!({
        "id": world.id("il_"), "object": "line_item", "amount": amount, "currency": invoice.get("currency"),
        "description": args.value("description"), "livemode": false, "metadata": {}, "price": null, "quantity": 1,
        "period": {"start": world.now(), "end": world.now()}, "subscription": null, "type": "invoiceitem",
    });
    add_line(&mut invoice, line);
    event::update(world, "invoice.updated", &invoice);
    Ok(json!({
        "id": world.id("ii_"), "object": "invoiceitem", "amount": amount, "currency": invoice.get("currency"),
        "customer": invoice.get("customer"), "invoice": invoice.get("id"), "description": args.value("description"),
        "date": world.now(), "livemode": false, "metadata": {},
    }))
}

/// `GET /v1/invoices/:id`
pub(crate) fn retrieve(world: &mut World, args: &Args) -> Result<Value, Failure> {
    args.own(world, "invoice")
}

/// `GET /v1/invoices`
pub(crate) fn listing(world: &mut World, args: &Args) -> Result<Value, Failure> {
    let names = ["customer", "subscription", "status", "collection_method"];
    list::page(world, "invoice", args, |invoice| {
        list::equals(invoice, args, &names)
    })
}

/// `POST /v1/invoices/:id/finalize`
pub(crate) fn finalize(world: &mut World, args: &Args) -> Result<Value, Failure> {
    let invoice = args.own(world, "invoice")?;
    expect(&invoice, &["draft"], "finalize")?;
    Ok(finalise(world, invoice, None))
}

fn expect(invoice: &Value, states: &[&str], word: &str) -> Result<(), Failure> {
    let status = text(invoice, "status");
    if states.contains(&status) {
        return Ok(());
    }
    let message = format!("You cannot {word} this invoice because it has a status of {status}.");
    Err(Failure::invalid(message).code("invoice_not_editable"))
}

/// Closes a draft, with an intent to pay it or, over nothing, paid. `method`: the card it will be tried with.
pub(crate) fn finalise(world: &mut World, mut invoice: Value, method: Option<&str>) -> Value {
    let id = text(&invoice, "id").to_owned();
    let snapshot = world
        .get("subscription", text(&invoice, "subscription"))
        .and_then(|own| own.get("metadata"))
        .cloned();
    if let Some(snapshot) = snapshot {
        lay(
            &mut invoice,
            json!({"subscription_details": {"metadata": snapshot}}),
        );
    }
    let number_of = world.count("invoice");
    let address = format!("{}/_sandbox/#{id}", world.origin);
    lay(
        &mut invoice,
        json!({
            "status": "open", "number": format!("SANDBOX-{number_of:04}"), "auto_advance": true,
            "hosted_invoice_url": address,
        }),
    );
    transition(&mut invoice, "finalized_at", world.now());
    if number(&invoice, "amount_due") > 0 {
        let due = intents::Due {
            amount: number(&invoice, "amount_due"),
            currency: text(&invoice, "currency"),
            customer: Some(text(&invoice, "customer")),
            invoice: Some(&id),
            method,
        };
        let intent = intents::make(world, &due);
        lay(&mut invoice, json!({"payment_intent": intent.get("id")}));
        event::create(world, "payment_intent.created", &intent);
    }
    event::update(world, "invoice.finalized", &invoice);
    if number(&invoice, "amount_due") == 0 {
        paid(world, &id, None);
    }
    world.get("invoice", &id).cloned().unwrap_or(invoice)
}

fn transition(invoice: &mut Value, name: &str, now: i64) {
    if let Some(transitions) = invoice.get_mut("status_transitions") {
        lay(transitions, json!({ name: now }));
    }
}

/// `POST /v1/invoices/:id/pay`
pub(crate) fn pay(world: &mut World, args: &Args) -> Result<Value, Failure> {
    let mut invoice = args.own(world, "invoice")?;
    if text(&invoice, "status") == "paid" {
        return Err(Failure::invalid("Invoice is already paid").code("invoice_already_paid"));
    }
    expect(&invoice, &["draft", "open", "uncollectible"], "pay")?;
    let method = args
        .text("payment_method")
        .or(args.text("source"))
        .map(str::to_owned);
    let method = method.or_else(|| subscriptions::method(world, &invoice));
    if method.is_none() && !args.is("paid_out_of_band") && number(&invoice, "amount_due") > 0 {
        return Err(subscriptions::no_method());
    }
    if text(&invoice, "status") == "draft" {
        invoice = finalise(world, invoice, method.as_deref());
    }
    let id = text(&invoice, "id").to_owned();
    let intent = world
        .get("payment_intent", text(&invoice, "payment_intent"))
        .cloned();
    match (intent, method) {
        (Some(intent), Some(method)) if !args.is("paid_out_of_band") => {
            let intent = intents::attempt(world, intent, &method)?;
            if text(&intent, "status") == "requires_action" {
                let message =
                    "This payment requires additional user action before it can be completed successfully.";
                let failure = Failure::invalid(message).status(402).kind("card_error").begun();
                return Err(failure.code("invoice_payment_intent_requires_action"));
            }
        }
        _ => paid(world, &id, None),
    }
    args.own(world, "invoice")
}

/// Pays the open invoice of a subscription with a card, as its customer would; the subscription. `None`: there is none,
/// or nothing of it is to be paid.
pub(crate) fn settle(world: &mut World, subscription: &str, card: &str) -> Option<Result<Value, Failure>> {
    let own = world.get("subscription", subscription)?;
    let invoice = world.get("invoice", text(own, "latest_invoice"))?;
    let intent = world.get("payment_intent", text(invoice, "payment_intent"))?;
    if text(invoice, "status") != "open" {
        return None;
    }
    match intents::attempt(world, intent.clone(), card) {
        Ok(intent) if text(&intent, "status") == "succeeded" => {
            world.get("subscription", subscription).cloned().map(Ok)
        }
        Ok(_) => Some(Err(Failure::declined())),
        Err(failure) => Some(Err(failure)),
    }
}

/// `POST /v1/invoices/:id/void`
pub(crate) fn void(world: &mut World, args: &Args) -> Result<Value, Failure> {
    let invoice = args.own(world, "invoice")?;
    expect(&invoice, &["open", "uncollectible"], "void")?;
    Ok(give_up(world, invoice))
}

/// Voids an open invoice and cancels its intent.
pub(crate) fn give_up(world: &mut World, mut invoice: Value) -> Value {
    lay(&mut invoice, json!({"status": "void"}));
    transition(&mut invoice, "voided_at", world.now());
    if let Some(intent) = world
        .get("payment_intent", text(&invoice, "payment_intent"))
        .cloned()
    {
        intents::end(world, intent);
    }
    event::update(world, "invoice.voided", &invoice);
    invoice
}

/// An invoice was paid: it says so, and so does its subscription.
pub(crate) fn paid(world: &mut World, id: &str, charge: Option<&str>) {
    let Some(mut invoice) = world.get("invoice", id).cloned() else {
        return;
    };
    let over = json!({
        "status": "paid", "paid": true, "amount_paid": invoice.get("amount_due"), "amount_remaining": 0,
        "attempted": true, "attempt_count": number(&invoice, "attempt_count") + 1, "charge": charge,
        "auto_advance": false,
    });
    lay(&mut invoice, over);
    transition(&mut invoice, "paid_at", world.now());
    event::update(world, "invoice.paid", &invoice);
    event::tell(world, "invoice.payment_succeeded", &invoice, None);
    subscriptions::paid(world, text(&invoice, "subscription"));
}

/// A payment for an invoice failed.
pub(crate) fn failed(world: &mut World, id: &str) {
    let Some(mut invoice) = world.get("invoice", id).cloned() else {
        return;
    };
    let attempts = number(&invoice, "attempt_count") + 1;
    lay(
        &mut invoice,
        json!({"attempted": true, "attempt_count": attempts}),
    );
    event::update(world, "invoice.payment_failed", &invoice);
    subscriptions::failed(world, text(&invoice, "subscription"));
}
