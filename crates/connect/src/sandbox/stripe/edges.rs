//! What can be expanded.
//!
//! Role: from which field of which object one comes to which other, in each shape; [`plan`] checks `expand[]`
//! against that before anything is done.
//! Invariant: a path that is planned can be followed; one that a newer version removed is an error there.
//! Not here: following it (`render.rs`).

use super::failure::Failure;
use super::version::Shape;
use serde_json::Value;
use std::collections::BTreeMap;

/// Levels of one path.
const DEPTH: usize = 4;
/// Paths of one request.
const PATHS: usize = 20;

/// What lies behind a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edge {
    /// The id of such an object.
    Id(&'static str),
    /// A part of the answer that has fields to expand.
    Inside(&'static str),
    /// Something that is there only when it is asked for.
    Include(&'static str),
}

/// Fields to expand, and what to expand in them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Paths(pub(crate) BTreeMap<String, Paths>);

/// What lies behind a field of a kind of object; lists are `list:<kind>`.
pub(crate) fn edge(kind: &str, field: &str, shape: Shape) -> Option<Edge> {
    use Edge::{Id, Include, Inside};
    let is_old = shape == Shape::Acacia;
    Some(match (kind, field) {
        ("customer", "subscriptions") => Include("list:subscription"),
        ("subscription", "items") => Inside("list:subscription_item"),
        ("subscription_item", "price") => Inside("price"),
        ("price", "product") => Id("product"),
        ("product", "default_price") => Id("price"),
        ("subscription" | "invoice" | "payment_intent" | "charge" | "checkout.session", "customer") => {
            Id("customer")
        }
        ("subscription", "latest_invoice") => Id("invoice"),
        ("subscription", "default_payment_method" | "pending_setup_intent" | "schedule") => Id("absent"),
        ("invoice", "lines") => Inside("list:line_item"),
        ("invoice", "default_payment_method") => Id("absent"),
        ("invoice", "payment_intent") if is_old => Id("payment_intent"),
        ("invoice", "charge") if is_old => Id("charge"),
        ("invoice", "subscription") if is_old => Id("subscription"),
        ("invoice", "parent") if !is_old => Inside("invoice.parent"),
        ("invoice.parent", "subscription_details") => Inside("invoice.parent.subscription_details"),
        ("invoice.parent.subscription_details", "subscription") => Id("subscription"),
        ("invoice", "confirmation_secret") if !is_old => Include("confirmation_secret"),
        ("invoice", "payments") if !is_old => Include("list:invoice_payment"),
        ("invoice_payment", "payment") => Inside("invoice_payment.payment"),
        ("invoice_payment.payment" | "charge" | "refund" | "checkout.session", "payment_intent") => {
            Id("payment_intent")
        }
        ("line_item", "price") if is_old => Inside("price"),
        ("payment_intent", "latest_charge") => Id("charge"),
        ("payment_intent" | "charge", "payment_method") => Id("absent"),
        ("payment_intent" | "charge", "invoice") if is_old => Id("invoice"),
        ("charge", "balance_transaction") => Id("absent"),
        ("checkout.session", "subscription") => Id("subscription"),
        ("checkout.session", "invoice") => Id("invoice"),
        ("checkout.session", "line_items") => Include("list:item"),
        ("refund", "charge") => Id("charge"),
        (list, "data") => match list.strip_prefix("list:")? {
            "subscription" => Inside("subscription"),
            "subscription_item" => Inside("subscription_item"),
            "line_item" => Inside("line_item"),
            "invoice_payment" => Inside("invoice_payment"),
            "customer" => Inside("customer"),
            "product" => Inside("product"),
            "price" => Inside("price"),
            "invoice" => Inside("invoice"),
            "payment_intent" => Inside("payment_intent"),
            "charge" => Inside("charge"),
            "refund" => Inside("refund"),
            "checkout.session" => Inside("checkout.session"),
            _ => return None,
        },
        _ => return None,
    })
}

/// Reads and checks `expand`, for an answer of a kind.
pub(crate) fn plan(expand: Option<&Value>, kind: &'static str, shape: Shape) -> Result<Paths, Failure> {
    let mut paths = Paths::default();
    let asked = expand
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    for (position, path) in asked.enumerate() {
        if position == PATHS {
            return Err(
                Failure::invalid(format!("You cannot expand more than {PATHS} properties.")).param("expand"),
            );
        }
        let fields: Vec<&str> = path.split('.').collect();
        if fields.len() > DEPTH {
            let message =
                format!("You cannot expand more than {DEPTH} levels of a property. Property: {path}");
            return Err(Failure::invalid(message)
                .code("property_expansion_max_depth")
                .param("expand"));
        }
        walk(&fields, kind, shape)?;
        let mut node = &mut paths;
        for field in fields {
            node = node.0.entry(field.to_owned()).or_default();
        }
    }
    Ok(paths)
}

fn walk(fields: &[&str], mut kind: &'static str, shape: Shape) -> Result<(), Failure> {
    for field in fields {
        kind = match edge(kind, field, shape) {
            Some(Edge::Id(next) | Edge::Inside(next) | Edge::Include(next)) => next,
            None => {
                let message = format!("This property cannot be expanded ({field}).");
                return Err(Failure::invalid(message).param("expand"));
            }
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn can(path: &str, kind: &'static str, shape: Shape) -> bool {
        plan(Some(&json!([path])), kind, shape).is_ok()
    }

    #[test]
    fn a_removed_path_is_an_error_in_the_newer_shape() {
        let path = "latest_invoice.payment_intent";
        assert!(can(path, "subscription", Shape::Acacia));
        assert!(!can(path, "subscription", Shape::Basil));
        assert!(can(
            "latest_invoice.confirmation_secret",
            "subscription",
            Shape::Basil
        ));
        assert!(!can(
            "latest_invoice.confirmation_secret",
            "subscription",
            Shape::Acacia
        ));
        assert!(can(
            "parent.subscription_details.subscription",
            "invoice",
            Shape::Basil
        ));
    }

    #[test]
    fn four_levels_and_no_more() {
        assert!(can(
            "data.latest_invoice.payment_intent.latest_charge",
            "list:subscription",
            Shape::Acacia
        ));
        assert!(!can(
            "data.latest_invoice.payment_intent.latest_charge.customer",
            "list:subscription",
            Shape::Acacia
        ));
        assert!(can("data.customer", "list:subscription", Shape::Basil));
        assert!(!can("customer", "list:subscription", Shape::Basil));
    }
}
