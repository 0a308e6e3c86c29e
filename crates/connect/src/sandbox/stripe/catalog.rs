//! Products and prices.
//!
//! Role: their endpoints, and the price that a `price_…` id means.
//! Invariant: while no price was seeded or created, every `price_…` id is known: 20.00 USD a month. One of our own
//! ends that.
//! Not here: who subscribes to them.

use super::super::options::SeedPrice;
use super::super::world::World;
use super::args::{Args, lay, lay_given, named, text};
use super::failure::Failure;
use super::params::{Is, Spec};
use super::{event, list, metadata};
use serde_json::{Value, json};

/// Parameters of a new product, and of its update.
pub(crate) const PRODUCT: Spec = &[
    ("id", Is::Filled),
    ("name", Is::Filled),
    ("active", Is::Flag),
    ("description", Is::Text),
    ("metadata", Is::Metadata),
    ("default_price", Is::Filled),
    ("tax_code", Is::Any),
    ("images", Is::Any),
    ("url", Is::Text),
];

/// How often is paid.
const RECURRING: Spec = &[
    ("interval", Is::Word(&["day", "week", "month", "year"])),
    ("interval_count", Is::Int),
    ("usage_type", Is::Word(&["licensed"])),
];

/// Parameters of a new price.
pub(crate) const PRICE: Spec = &[
    ("currency", Is::Filled),
    ("unit_amount", Is::Int),
    ("product", Is::Filled),
    (
        "product_data",
        Is::Hash(&[("name", Is::Filled), ("metadata", Is::Metadata)]),
    ),
    ("recurring", Is::Hash(RECURRING)),
    ("active", Is::Flag),
    ("lookup_key", Is::Text),
    ("nickname", Is::Text),
    ("metadata", Is::Metadata),
    ("tax_behavior", Is::Any),
];

/// `POST /v1/products`
pub(crate) fn create_product(world: &mut World, args: &Args) -> Result<Value, Failure> {
    let name = args.need("name")?;
    let id = args.text("id").map_or_else(|| world.id("prod_"), str::to_owned);
    if world.get("product", &id).is_some() {
        let message = format!("Product already exists with the ID '{id}'.");
        return Err(Failure::invalid(message)
            .code("resource_already_exists")
            .param("id"));
    }
    let mut product = product(&id, name, world.now());
    lay_given(
        &mut product,
        args,
        &["active", "description", "url", "default_price"],
    );
    lay(
        &mut product,
        json!({"metadata": metadata::merge(&Value::Null, &args.value("metadata"))?}),
    );
    event::create(world, "product.created", &product);
    Ok(product)
}

fn product(id: &str, name: &str, now: i64) -> Value {
    json!({
        "id": id, "object": "product", "active": true, "created": now, "default_price": null, "description": null,
        "images": [], "livemode": false, "marketing_features": [], "metadata": {}, "name": name,
        "package_dimensions": null, "shippable": null, "statement_descriptor": null, "tax_code": null,
        "type": "service", "unit_label": null, "updated": now, "url": null,
    })
}

/// `POST /v1/products/:id`
pub(crate) fn update_product(world: &mut World, args: &Args) -> Result<Value, Failure> {
    let mut product = args.own(world, "product")?;
    lay_given(
        &mut product,
        args,
        &["active", "description", "url", "default_price", "name"],
    );
    if let Some(given) = args.params.get("metadata") {
        let merged = metadata::merge(product.get("metadata").unwrap_or(&Value::Null), given)?;
        lay(&mut product, json!({"metadata": merged}));
    }
    event::update(world, "product.updated", &product);
    Ok(product)
}

/// `GET /v1/products/:id`
pub(crate) fn retrieve_product(world: &mut World, args: &Args) -> Result<Value, Failure> {
    args.own(world, "product")
}

/// `GET /v1/products`
pub(crate) fn list_products(world: &mut World, args: &Args) -> Result<Value, Failure> {
    let ids = args.params.get("ids").and_then(Value::as_array);
    list::page(world, "product", args, |product| {
        list::equals(product, args, &["active"])
            && ids.is_none_or(|ids| product.get("id").is_some_and(|id| ids.contains(id)))
    })
}

/// `POST /v1/prices`
pub(crate) fn create_price(world: &mut World, args: &Args) -> Result<Value, Failure> {
    let currency = args.need("currency")?.to_ascii_lowercase();
    let amount = args
        .number("unit_amount")
        .ok_or_else(|| Failure::missing("unit_amount"))?;
    let given = metadata::merge(&Value::Null, &args.value("metadata"))?;
    let name = args
        .below("product_data", "name")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let of = match (args.named(world, "product", "product")?, name) {
        (Some(product), _) => text(&product, "id").to_owned(),
        (None, Some(name)) => {
            let product = product(&world.id("prod_"), &name, world.now());
            event::create(world, "product.created", &product);
            text(&product, "id").to_owned()
        }
        (None, None) => return Err(Failure::missing("product")),
    };
    let every = args.params.get("recurring").map(|recurring| {
        let count = recurring
            .get("interval_count")
            .and_then(Value::as_u64)
            .unwrap_or(1);
        (text(recurring, "interval").to_owned(), count)
    });
    let mut price = price(&world.id("price_"), &of, (amount, &currency), every, world.now());
    lay(&mut price, json!({"metadata": given}));
    lay_given(&mut price, args, &["active", "lookup_key", "nickname"]);
    event::create(world, "price.created", &price);
    Ok(price)
}

fn price(id: &str, product: &str, money: (u64, &str), every: Option<(String, u64)>, now: i64) -> Value {
    let kind = if every.is_some() { "recurring" } else { "one_time" };
    let recurring = every.map(|(interval, count)| {
        json!({
            "interval": interval, "interval_count": count, "usage_type": "licensed", "meter": null,
            "trial_period_days": null,
        })
    });
    json!({
        "id": id, "object": "price", "active": true, "billing_scheme": "per_unit", "created": now,
        "currency": money.1, "custom_unit_amount": null, "livemode": false, "lookup_key": null, "metadata": {},
        "nickname": null, "product": product, "recurring": recurring, "tax_behavior": "unspecified",
        "tiers_mode": null, "transform_quantity": null, "type": kind, "unit_amount": money.0,
        "unit_amount_decimal": money.0.to_string(),
    })
}

/// Takes a seeded price in, unless it is there.
pub(crate) fn seed(world: &mut World, seed: &SeedPrice) {
    if world.get("price", &seed.id).is_some() {
        return;
    }
    let of = seed.id.replacen("price_", "prod_", 1);
    let every = seed.interval.clone().map(|interval| (interval, 1));
    let now = world.now();
    world.put(product(&of, &of, now));
    world.put(price(
        &seed.id,
        &of,
        (seed.unit_amount, &seed.currency),
        every,
        now,
    ));
}

/// The price of an id; see the head of this file.
pub(crate) fn find_price(world: &mut World, id: &str, param: &str) -> Result<Value, Failure> {
    let is_assumed = |price: &Value| price.get("_assumed").is_some();
    let is_known = world.get("price", id).is_some();
    if !is_known && id.starts_with("price_") && id.len() <= 255 && world.all("price").all(is_assumed) {
        let now = world.now();
        world.put(product("prod_sandbox", "Sandbox", now));
        let mut made = price(
            id,
            "prod_sandbox",
            (2000, "usd"),
            Some(("month".to_owned(), 1)),
            now,
        );
        lay(&mut made, json!({"_assumed": true}));
        world.put(made);
    }
    named(world, "price", id, param)
}

/// `GET /v1/prices/:id`
pub(crate) fn retrieve_price(world: &mut World, args: &Args) -> Result<Value, Failure> {
    find_price(world, &args.id, "id")
}

/// `GET /v1/prices`
pub(crate) fn list_prices(world: &mut World, args: &Args) -> Result<Value, Failure> {
    let keys = args.params.get("lookup_keys").and_then(Value::as_array);
    list::page(world, "price", args, |price| {
        list::equals(price, args, &["active", "product", "currency", "type"])
            && keys.is_none_or(|keys| price.get("lookup_key").is_some_and(|key| keys.contains(key)))
    })
}
