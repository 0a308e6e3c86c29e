//! Checkout and billing portal.
//!
//! Role: the endpoints below `/v1/checkout/sessions` and `/v1/billing_portal/sessions`, and what the customer's
//! paying on the page does.
//! Invariant: a session is completed or expires once; only then is there a subscription or a payment.
//! Not here: the page itself (`control`).

use super::super::world::World;
use super::args::{Args, lay, named, number, text};
use super::failure::Failure;
use super::params::{Is, Spec};
use super::{catalog, customers, event, intents, list, metadata, subscriptions};
use serde_json::{Map, Value, json};

/// How long a session can be paid.
const OPEN: i64 = 24 * 3600;

const LINE: Spec = &[("price", Is::Filled), ("quantity", Is::Int)];

/// Parameters of a new checkout session.
pub(crate) const FIELDS: Spec = &[
    ("mode", Is::Word(&["payment", "subscription"])),
    ("line_items", Is::Rows(LINE)),
    ("success_url", Is::Filled),
    ("cancel_url", Is::Filled),
    ("customer", Is::Filled),
    ("customer_email", Is::Filled),
    ("client_reference_id", Is::Filled),
    ("metadata", Is::Metadata),
    (
        "subscription_data",
        Is::Hash(&[
            ("metadata", Is::Metadata),
            ("trial_period_days", Is::Int),
            ("description", Is::Text),
        ]),
    ),
    (
        "payment_intent_data",
        Is::Hash(&[("metadata", Is::Metadata), ("description", Is::Text)]),
    ),
    ("payment_method_types", Is::Any),
    ("allow_promotion_codes", Is::Any),
    ("billing_address_collection", Is::Any),
    ("automatic_tax", Is::Any),
    ("customer_update", Is::Any),
    ("locale", Is::Any),
    ("expires_at", Is::Int),
];

/// Parameters of a portal session.
pub(crate) const PORTAL: Spec = &[
    ("customer", Is::Filled),
    ("return_url", Is::Filled),
    ("configuration", Is::Filled),
    ("locale", Is::Any),
    ("flow_data", Is::Any),
];

/// `POST /v1/checkout/sessions`
pub(crate) fn create(world: &mut World, args: &Args) -> Result<Value, Failure> {
    let mode = args.need("mode")?.to_owned();
    args.need("success_url")?;
    let customer = args.named(world, "customer", "customer")?;
    let rows = args.params.get("line_items").and_then(Value::as_array).cloned();
    let rows = rows
        .filter(|rows| !rows.is_empty())
        .ok_or_else(|| Failure::missing("line_items"))?;
    let items = lines(world, &rows, &mode)?;
    let given = metadata::merge(&Value::Null, &args.value("metadata"))?;
    let total = items
        .iter()
        .map(|item| number(item, "amount_total"))
        .fold(0, i64::saturating_add);
    let (id, now) = (world.id("cs_test_"), world.now());
    let expires = args
        .number("expires_at")
        .and_then(|at| i64::try_from(at).ok())
        .unwrap_or(now + OPEN);
    let session = json!({
        "id": id, "object": "checkout.session", "amount_subtotal": total, "amount_total": total,
        "cancel_url": args.value("cancel_url"), "client_reference_id": args.value("client_reference_id"),
        "created": now, "currency": items.first().map(|item| item["currency"].clone()),
        "customer": customer.as_ref().map(|customer| text(customer, "id")),
        "customer_details": null, "customer_email": args.value("customer_email"), "expires_at": expires,
        "invoice": null, "livemode": false, "metadata": given, "mode": mode, "payment_intent": null,
        "payment_status": "unpaid", "status": "open", "subscription": null,
        "success_url": args.value("success_url"), "url": format!("{}/_sandbox/checkout/{id}", world.origin),
        "_line_items": items, "_due": expires, "_data": args.value("subscription_data"),
        "_intent": args.value("payment_intent_data"),
    });
    world.put(session.clone());
    Ok(session)
}

fn lines(world: &mut World, rows: &[Value], mode: &str) -> Result<Vec<Value>, Failure> {
    let mut items = Vec::new();
    for (position, row) in rows.iter().enumerate().take(100) {
        let param = format!("line_items[{position}][price]");
        let id = row
            .get("price")
            .and_then(Value::as_str)
            .ok_or_else(|| Failure::missing(&param))?;
        let price = catalog::find_price(world, id, &param)?;
        let is_once = price.get("recurring").is_none_or(Value::is_null);
        if is_once != (mode == "payment") {
            let message = format!("The price `{id}` does not fit `mode={mode}`.");
            return Err(Failure::invalid(message).param(param));
        }
        let quantity = row.get("quantity").and_then(Value::as_i64).unwrap_or(1);
        let total = number(&price, "unit_amount").saturating_mul(quantity);
        items.push(json!({
            "id": world.id("li_"), "object": "item", "amount_subtotal": total, "amount_total": total,
            "currency": price.get("currency"), "description": null,
            "price": super::shape::shape(&price, super::version::Shape::Acacia), "quantity": quantity,
        }));
    }
    Ok(items)
}

/// `GET /v1/checkout/sessions/:id`
pub(crate) fn retrieve(world: &mut World, args: &Args) -> Result<Value, Failure> {
    args.own(world, "checkout.session")
}

/// `GET /v1/checkout/sessions`
pub(crate) fn listing(world: &mut World, args: &Args) -> Result<Value, Failure> {
    let names = ["customer", "subscription", "payment_intent", "status"];
    list::page(world, "checkout.session", args, |session| {
        list::equals(session, args, &names)
    })
}

/// `POST /v1/checkout/sessions/:id/expire`
pub(crate) fn expire_now(world: &mut World, args: &Args) -> Result<Value, Failure> {
    let session = args.own(world, "checkout.session")?;
    if text(&session, "status") != "open" {
        return Err(Failure::invalid(
            "Only Checkout Sessions with a status in [\"open\"] can be expired.",
        ));
    }
    expire(world, session);
    args.own(world, "checkout.session")
}

/// It was not paid in time.
pub(crate) fn expire(world: &mut World, mut session: Value) {
    lay(
        &mut session,
        json!({"status": "expired", "url": null, "_due": null}),
    );
    event::update(world, "checkout.session.expired", &session);
}

/// The customer paid on the page, with a card that pays.
pub(crate) fn complete(world: &mut World, id: &str) -> Result<Value, Failure> {
    let mut session = named(world, "checkout.session", id, "id")?;
    if text(&session, "status") != "open" {
        return Err(Failure::invalid("This session is no longer open."));
    }
    let customer = match text(&session, "customer") {
        "" => {
            let email = session
                .get("customer_email")
                .filter(|email| !email.is_null())
                .cloned();
            let given = json!({"email": email.unwrap_or_else(|| "customer@example.com".into())});
            text(&customers::create(world, &inner(given))?, "id").to_owned()
        }
        known => known.to_owned(),
    };
    let over = match text(&session, "mode") {
        "subscription" => subscribe(world, &session, &customer)?,
        _ => pay(world, &session, &customer)?,
    };
    lay(&mut session, over);
    let details =
        json!({"email": world.get("customer", &customer).and_then(|customer| customer.get("email"))});
    lay(
        &mut session,
        json!({
            "customer": customer, "customer_details": details, "status": "complete", "payment_status": "paid",
            "url": null, "_due": null,
        }),
    );
    event::update(world, "checkout.session.completed", &session);
    Ok(session)
}

fn inner(params: Value) -> Args {
    let params = match params {
        Value::Object(params) => params,
        _ => Map::new(),
    };
    Args {
        params,
        ..Args::default()
    }
}

fn subscribe(world: &mut World, session: &Value, customer: &str) -> Result<Value, Failure> {
    let lines = session
        .get("_line_items")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let items: Vec<Value> = lines
        .map(|line| json!({"price": line["price"]["id"], "quantity": line["quantity"]}))
        .collect();
    let mut params = json!({"customer": customer, "items": items, "default_payment_method": "pm_card_visa"});
    if let Some(data) = session.get("_data").filter(|data| data.is_object()) {
        lay(&mut params, data.clone());
    }
    let subscription = subscriptions::create(world, &inner(params))?;
    Ok(json!({"subscription": subscription["id"], "invoice": subscription["latest_invoice"]}))
}

fn pay(world: &mut World, session: &Value, customer: &str) -> Result<Value, Failure> {
    let mut params = json!({
        "amount": number(session, "amount_total"), "currency": session.get("currency"), "customer": customer,
        "payment_method": "pm_card_visa", "confirm": true,
    });
    if let Some(data) = session.get("_intent").filter(|data| data.is_object()) {
        lay(&mut params, data.clone());
    }
    let intent = intents::create(world, &inner(params))?;
    Ok(json!({"payment_intent": intent.get("id")}))
}

/// `POST /v1/billing_portal/sessions`
pub(crate) fn create_portal(world: &mut World, args: &Args) -> Result<Value, Failure> {
    let customer = named(world, "customer", args.need("customer")?, "customer")?;
    let (id, now) = (world.id("bps_"), world.now());
    let session = json!({
        "id": id, "object": "billing_portal.session", "configuration": args.text("configuration"), "created": now,
        "customer": customer.get("id"), "flow": null, "livemode": false, "locale": null, "on_behalf_of": null,
        "return_url": args.value("return_url"), "url": format!("{}/_sandbox/#{id}", world.origin),
    });
    world.put(session.clone());
    Ok(session)
}
