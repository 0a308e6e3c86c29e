//! Stripe's manifest.
//!
//! Invariant: every action of the table is in it, `expand` is a list of texts everywhere.
//! Not here: the table (`actions`).

use super::actions::{ACTIONS, Action, Verb};
use crate::describe::{credentials, members, names, params};
use backflow_plan::manifest::{self, At, Events, Manifest, Repeat, Retired, Signature};

/// The version of the interface that is spoken unless the credentials name another.
pub const VERSION: &str = "2025-02-24.acacia";

/// The first version that refuses what `retired` lists.
const BASIL: &str = "2025-03-31";

/// What is expanded in which object, and what stands in its place since then.
const RETIRED: [(&str, &str); 4] = [
    ("payment_intent", "confirmation_secret"),
    ("charge", "payments"),
    ("subscription", "parent.subscription_details.subscription"),
    ("discount", "discounts"),
];

pub(super) fn manifest() -> Manifest {
    let mut actions: Vec<manifest::Action> = ACTIONS.iter().map(action).collect();
    actions.push(request());
    Manifest {
        name: super::NAME.to_owned(),
        credentials: credentials(
            "text!: secretKey  text: apiVersion baseUrl webhookSecret",
            &["apiVersion", "baseUrl"],
        ),
        actions,
        events: Some(events()),
        ..Manifest::default()
    }
}

/// Events as Stripe sends them: those of versions before and since 2025-03-31, when what an invoice says of its
/// subscription moved below `parent`.
fn events() -> Events {
    let payload = |path: &str| Some(At::Payload(path.to_owned()));
    Events {
        signature: Some(Signature::Stripe),
        id: payload("id"),
        kind: payload("type"),
        object: payload("data.object.id"),
        challenge: None,
        created: payload("created"),
        subject: "data.object".to_owned(),
        type_member: Some("object".to_owned()),
        snapshots: names(&[
            "subscription_details.metadata",
            "parent.subscription_details.metadata",
        ]),
        related: vec![(
            "subscription".to_owned(),
            "parent.subscription_details.subscription".to_owned(),
        )],
        carriers: names(&["subscription", "customer"]),
        shared: names(&[
            "price",
            "product",
            "plan",
            "coupon",
            "promotion_code",
            "tax_rate",
            "shipping_rate",
        ]),
    }
}

fn action(action: &Action) -> manifest::Action {
    let mut all = params(action.params);
    let id_kind = action.id.join(" ");
    all.extend(params(&format!("text: {id_kind}")));
    all.extend(params("texts: expand"));
    let one_of = [action.id, action.one_of]
        .into_iter()
        .filter(|list| !list.is_empty());
    manifest::Action {
        name: action.name.to_owned(),
        params: all,
        one_of: one_of.map(names).collect(),
        open: true,
        result: Some(members(action.result)),
        repeat: match action.verb {
            Verb::Post => Repeat::Keyed,
            Verb::Get | Verb::Delete => Repeat::Harmless,
        },
        retired: retired(action),
    }
}

fn request() -> manifest::Action {
    let mut all = params("text!: method path  object: params");
    if let Some(method) = all.first_mut() {
        method.choices = names(&["GET", "POST", "DELETE"]);
    }
    manifest::Action {
        name: "request".to_owned(),
        params: all,
        one_of: Vec::new(),
        open: false,
        result: None,
        repeat: Repeat::Keyed,
        retired: Vec::new(),
    }
}

/// Where an invoice lies in the result, the invoice's members that were removed.
fn retired(action: &Action) -> Vec<Retired> {
    let places: &[&str] = match action.path {
        path if path.starts_with("/v1/subscriptions") => &["latest_invoice."],
        "/v1/invoices" if action.verb == Verb::Get => &["data."],
        path if path.starts_with("/v1/invoices") => &[""],
        path if path.starts_with("/v1/checkout") => &["invoice.", "subscription.latest_invoice."],
        _ => &[],
    };
    let list = places.iter().flat_map(|place| {
        RETIRED.map(|(gone, instead)| Retired {
            param: "expand".to_owned(),
            value: format!("{place}{gone}"),
            since: BASIL.to_owned(),
            instead: format!("{place}{instead}"),
        })
    });
    list.collect()
}
