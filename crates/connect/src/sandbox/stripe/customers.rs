//! Customers.
//!
//! Role: the endpoints below `/v1/customers`.
//! Invariant: a deleted customer stays as `{id, object, deleted}`; its metadata is copied to nothing.
//! Not here: their subscriptions.

use super::super::world::World;
use super::args::{Args, lay, lay_given, text};
use super::failure::Failure;
use super::params::{Is, Spec};
use super::{event, list, metadata, subscriptions};
use serde_json::{Value, json};

/// Parameters of create and update.
pub(crate) const FIELDS: Spec = &[
    ("email", Is::Text),
    ("name", Is::Text),
    ("phone", Is::Text),
    ("description", Is::Text),
    ("metadata", Is::Metadata),
    ("payment_method", Is::Filled),
    ("source", Is::Filled),
    (
        "invoice_settings",
        Is::Hash(&[
            ("default_payment_method", Is::Text),
            ("custom_fields", Is::Any),
            ("footer", Is::Text),
        ]),
    ),
    ("address", Is::Any),
    ("shipping", Is::Any),
    ("preferred_locales", Is::Any),
    ("tax_exempt", Is::Any),
    ("tax", Is::Any),
];

const LAID: [&str; 4] = ["email", "name", "phone", "description"];

/// `POST /v1/customers`
pub(crate) fn create(world: &mut World, args: &Args) -> Result<Value, Failure> {
    let mut customer = json!({
        "id": world.id("cus_"), "object": "customer", "address": null, "balance": 0, "created": world.now(),
        "currency": null, "default_source": args.text("source"), "delinquent": false, "description": null,
        "discount": null, "email": null,
        "invoice_settings": {
            "custom_fields": null, "default_payment_method": null, "footer": null, "rendering_options": null,
        },
        "livemode": false, "metadata": {}, "name": null, "next_invoice_sequence": 1, "phone": null,
        "preferred_locales": [], "shipping": null, "tax_exempt": "none", "test_clock": null,
    });
    if let Some(Value::String(id)) = customer.get("id") {
        let prefix: String = id.chars().rev().take(8).collect();
        lay(
            &mut customer,
            json!({"invoice_prefix": prefix.to_ascii_uppercase()}),
        );
    }
    change(&mut customer, args)?;
    event::create(world, "customer.created", &customer);
    Ok(customer)
}

fn change(customer: &mut Value, args: &Args) -> Result<(), Failure> {
    if let Some(email) = args
        .text("email")
        .filter(|email| !email.contains('@') || email.len() > 512)
    {
        let message = format!("Invalid email address: {email}");
        return Err(Failure::invalid(message).code("email_invalid").param("email"));
    }
    if let Some(given) = args.params.get("metadata") {
        let merged = metadata::merge(customer.get("metadata").unwrap_or(&Value::Null), given)?;
        lay(customer, json!({"metadata": merged}));
    }
    lay_given(customer, args, &LAID);
    let method = args
        .params
        .get("invoice_settings")
        .and_then(|settings| settings.get("default_payment_method"));
    if let (Some(method), Some(settings)) = (method, customer.get_mut("invoice_settings")) {
        lay(settings, json!({"default_payment_method": method}));
    }
    if let Some(source) = args.text("source") {
        lay(customer, json!({"default_source": source}));
    }
    Ok(())
}

/// `GET /v1/customers/:id`
pub(crate) fn retrieve(world: &mut World, args: &Args) -> Result<Value, Failure> {
    let found = world.get("customer", &args.id).cloned();
    found.ok_or_else(|| Failure::unknown("customer", &args.id, "id"))
}

/// `POST /v1/customers/:id`
pub(crate) fn update(world: &mut World, args: &Args) -> Result<Value, Failure> {
    let mut customer = args.own(world, "customer")?;
    change(&mut customer, args)?;
    event::update(world, "customer.updated", &customer);
    Ok(customer)
}

/// `DELETE /v1/customers/:id`
pub(crate) fn delete(world: &mut World, args: &Args) -> Result<Value, Failure> {
    let customer = args.own(world, "customer")?;
    let id = text(&customer, "id");
    let theirs = world
        .all("subscription")
        .filter(|one| text(one, "customer") == id && !subscriptions::is_over(one));
    for subscription in theirs.cloned().collect::<Vec<_>>() {
        subscriptions::end(world, subscription);
    }
    let gone = json!({"id": id, "object": "customer", "deleted": true});
    world.put(gone.clone());
    event::tell(world, "customer.deleted", &customer, None);
    Ok(gone)
}

/// `GET /v1/customers`
pub(crate) fn listing(world: &mut World, args: &Args) -> Result<Value, Failure> {
    list::page(world, "customer", args, |customer| {
        list::equals(customer, args, &["email"])
    })
}
