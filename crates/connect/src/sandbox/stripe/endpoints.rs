//! The endpoints there are.
//!
//! Role: [`find`]: method and path give parameters, the kind of the answer, and the function that does it.
//! Invariant: what is not in the table is a 404 of Stripe's shape.
//! Not here: what the functions do.

use super::super::world::World;
use super::args::Args;
use super::failure::Failure;
use super::params::{Is, LIST, Spec};
use super::{catalog, checkout, customers, event, intents, invoices, refunds, subscriptions};
use serde_json::Value;

/// What an endpoint does.
pub(crate) type Run = fn(&mut World, &Args) -> Result<Value, Failure>;

/// An endpoint.
pub(crate) struct Endpoint {
    /// `POST`
    pub(crate) method: &'static str,
    /// Below `/v1/`; `:id` stands for an id.
    path: &'static str,
    /// Its parameters.
    pub(crate) params: &'static [Spec],
    /// The kind of its answer.
    pub(crate) gives: &'static str,
    /// What it does.
    pub(crate) run: Run,
}

const fn on(
    method: &'static str,
    path: &'static str,
    params: &'static [Spec],
    gives: &'static str,
    run: Run,
) -> Endpoint {
    Endpoint {
        method,
        path,
        params,
        gives,
        run,
    }
}

const PRODUCTS: Spec = &[("active", Is::Flag), ("ids", Is::List)];
const PRICES: Spec = &[
    ("active", Is::Flag),
    ("product", Is::Filled),
    ("currency", Is::Filled),
    ("type", Is::Word(&["one_time", "recurring"])),
    ("lookup_keys", Is::List),
];
const CUSTOMERS: Spec = &[("email", Is::Filled)];
const OF_CUSTOMER: Spec = &[("customer", Is::Filled), ("payment_intent", Is::Filled)];
const SUBSCRIPTIONS: Spec = &[
    ("customer", Is::Filled),
    ("price", Is::Filled),
    (
        "status",
        Is::Word(&[
            "active",
            "all",
            "canceled",
            "ended",
            "incomplete",
            "incomplete_expired",
            "past_due",
            "paused",
            "trialing",
            "unpaid",
        ]),
    ),
    (
        "collection_method",
        Is::Word(&["charge_automatically", "send_invoice"]),
    ),
];
const CANCEL: Spec = &[
    ("invoice_now", Is::Flag),
    ("prorate", Is::Flag),
    ("cancellation_details", Is::Any),
];
const INVOICES: Spec = &[
    ("customer", Is::Filled),
    ("subscription", Is::Filled),
    (
        "status",
        Is::Word(&["draft", "open", "paid", "uncollectible", "void"]),
    ),
    (
        "collection_method",
        Is::Word(&["charge_automatically", "send_invoice"]),
    ),
];
const FINALIZE: Spec = &[("auto_advance", Is::Flag)];
const SESSIONS: Spec = &[
    ("customer", Is::Filled),
    ("subscription", Is::Filled),
    ("payment_intent", Is::Filled),
    ("status", Is::Word(&["open", "complete", "expired"])),
];
const REFUNDS: Spec = &[("charge", Is::Filled), ("payment_intent", Is::Filled)];
const EVENTS: Spec = &[
    ("type", Is::Filled),
    ("types", Is::List),
    ("delivery_success", Is::Any),
];

const ENDPOINTS: &[Endpoint] = &[
    on(
        "POST",
        "customers",
        &[customers::FIELDS],
        "customer",
        customers::create,
    ),
    on(
        "GET",
        "customers",
        &[LIST, CUSTOMERS],
        "list:customer",
        customers::listing,
    ),
    on("GET", "customers/:id", &[], "customer", customers::retrieve),
    on(
        "POST",
        "customers/:id",
        &[customers::FIELDS],
        "customer",
        customers::update,
    ),
    on("DELETE", "customers/:id", &[], "customer", customers::delete),
    on(
        "POST",
        "products",
        &[catalog::PRODUCT],
        "product",
        catalog::create_product,
    ),
    on(
        "GET",
        "products",
        &[LIST, PRODUCTS],
        "list:product",
        catalog::list_products,
    ),
    on("GET", "products/:id", &[], "product", catalog::retrieve_product),
    on(
        "POST",
        "products/:id",
        &[catalog::PRODUCT],
        "product",
        catalog::update_product,
    ),
    on(
        "POST",
        "prices",
        &[catalog::PRICE],
        "price",
        catalog::create_price,
    ),
    on(
        "GET",
        "prices",
        &[LIST, PRICES],
        "list:price",
        catalog::list_prices,
    ),
    on("GET", "prices/:id", &[], "price", catalog::retrieve_price),
    on(
        "POST",
        "subscriptions",
        subscriptions::CREATE,
        "subscription",
        subscriptions::create,
    ),
    on(
        "GET",
        "subscriptions",
        &[LIST, SUBSCRIPTIONS],
        "list:subscription",
        subscriptions::listing,
    ),
    on(
        "GET",
        "subscriptions/:id",
        &[],
        "subscription",
        subscriptions::retrieve,
    ),
    on(
        "POST",
        "subscriptions/:id",
        subscriptions::UPDATE,
        "subscription",
        subscriptions::update,
    ),
    on(
        "DELETE",
        "subscriptions/:id",
        &[CANCEL],
        "subscription",
        subscriptions::cancel,
    ),
    on(
        "POST",
        "invoiceitems",
        &[invoices::ITEM],
        "invoiceitem",
        invoices::create_item,
    ),
    on(
        "POST",
        "invoices",
        &[invoices::FIELDS],
        "invoice",
        invoices::create,
    ),
    on(
        "GET",
        "invoices",
        &[LIST, INVOICES],
        "list:invoice",
        invoices::listing,
    ),
    on("GET", "invoices/:id", &[], "invoice", invoices::retrieve),
    on(
        "POST",
        "invoices/:id/finalize",
        &[FINALIZE],
        "invoice",
        invoices::finalize,
    ),
    on(
        "POST",
        "invoices/:id/pay",
        &[invoices::PAY],
        "invoice",
        invoices::pay,
    ),
    on("POST", "invoices/:id/void", &[], "invoice", invoices::void),
    on(
        "POST",
        "payment_intents",
        &[intents::FIELDS],
        "payment_intent",
        intents::create,
    ),
    on(
        "GET",
        "payment_intents",
        &[LIST, OF_CUSTOMER],
        "list:payment_intent",
        intents::listing,
    ),
    on(
        "GET",
        "payment_intents/:id",
        &[],
        "payment_intent",
        intents::retrieve,
    ),
    on(
        "POST",
        "payment_intents/:id",
        &[intents::FIELDS],
        "payment_intent",
        intents::update,
    ),
    on(
        "POST",
        "payment_intents/:id/confirm",
        &[intents::CONFIRM],
        "payment_intent",
        intents::confirm,
    ),
    on(
        "POST",
        "payment_intents/:id/cancel",
        &[CANCEL],
        "payment_intent",
        intents::cancel,
    ),
    on(
        "GET",
        "charges",
        &[LIST, OF_CUSTOMER],
        "list:charge",
        intents::list_charges,
    ),
    on("GET", "charges/:id", &[], "charge", intents::retrieve_charge),
    on(
        "POST",
        "checkout/sessions",
        &[checkout::FIELDS],
        "checkout.session",
        checkout::create,
    ),
    on(
        "GET",
        "checkout/sessions",
        &[LIST, SESSIONS],
        "list:checkout.session",
        checkout::listing,
    ),
    on(
        "GET",
        "checkout/sessions/:id",
        &[],
        "checkout.session",
        checkout::retrieve,
    ),
    on(
        "POST",
        "checkout/sessions/:id/expire",
        &[],
        "checkout.session",
        checkout::expire_now,
    ),
    on(
        "POST",
        "billing_portal/sessions",
        &[checkout::PORTAL],
        "billing_portal.session",
        checkout::create_portal,
    ),
    on("POST", "refunds", &[refunds::FIELDS], "refund", refunds::create),
    on(
        "GET",
        "refunds",
        &[LIST, REFUNDS],
        "list:refund",
        refunds::listing,
    ),
    on("GET", "refunds/:id", &[], "refund", refunds::retrieve),
    on("GET", "events", &[LIST, EVENTS], "list:event", event::listing),
    on("GET", "events/:id", &[], "event", event::retrieve),
];

/// The endpoint for a request, and the id in its path.
pub(crate) fn find(method: &str, path: &str) -> Option<(&'static Endpoint, String)> {
    let below = path.strip_prefix("/v1/")?;
    let mut found = ENDPOINTS.iter().filter(|endpoint| endpoint.method == method);
    found.find_map(|endpoint| Some((endpoint, fits(endpoint.path, below)?)))
}

/// The id, empty if the pattern has none; `None` if the path is another.
fn fits(pattern: &str, path: &str) -> Option<String> {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    let mut id = String::new();
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return Some(id),
            (Some(":id"), Some(own)) if !own.is_empty() => id = own.to_owned(),
            (Some(word), Some(own)) if word == own => {}
            _ => return None,
        }
    }
}
