//! What a provider may send.
//!
//! Role: a history of events about a few customers, in the order in which they were made.
//! Invariant: two events about one object are never of one second; the same seed gives the same history.
//! Not here: in which order they arrive.

use crate::rng::Rng;
use serde_json::{Value, json};

/// The most events of a history.
const MOST: u64 = 20;

/// The first instant of all histories, in seconds.
const BEGINNING: i64 = 1_795_000_000;

/// A history, and the names of everything in it.
pub(crate) struct History {
    /// What its names begin with.
    pub(crate) name: String,
    /// The tenants, one customer and one subscription each.
    pub(crate) tenants: Vec<String>,
    pub(crate) events: Vec<Value>,
}

impl History {
    /// The history of a number; `name` tells two deliveries of it apart.
    pub(crate) fn new(seed: u64, number: u64, name: &str) -> Self {
        let mut rng = Rng::new(seed, number);
        let name = format!("{name}{number}");
        // Two deliveries of a history differ in the first digit of their tenants' ids alone.
        let side = if name.starts_with("storm") { 1 } else { 2 };
        let tenants =
            (0..=rng.below(3)).map(|at| format!("{side}0000000-0000-4000-8000-{number:08x}{at:04x}"));
        let tenants: Vec<String> = tenants.collect();
        let events = (0..=rng.below(MOST)).map(|at| event(&mut rng, &name, &tenants, at));
        Self {
            events: events.collect(),
            name,
            tenants,
        }
    }

    /// Rows that are there before anything arrives.
    pub(crate) fn rows(&self) -> String {
        let mut sql = String::new();
        for (at, tenant) in self.tenants.iter().enumerate() {
            let (customer, subscription) = (id("cus", &self.name, at), id("sub", &self.name, at));
            sql.push_str(&format!(
                "INSERT INTO teams (id, name) VALUES ('{tenant}', '{at}');
                 INSERT INTO subscriptions (team_id, stripe_customer_id, stripe_subscription_id, status, paid)
                   VALUES ('{tenant}', '{customer}', '{subscription}', 'new', 0);
                 INSERT INTO counters (team_id, used) VALUES ('{tenant}', 100);\n"
            ));
        }
        sql
    }
}

fn id(kind: &str, name: &str, at: usize) -> String {
    format!("{kind}_{name}_{at}")
}

fn event(rng: &mut Rng, name: &str, tenants: &[String], at: u64) -> Value {
    let created = BEGINNING + i64::try_from(at).unwrap_or_default() * 60;
    let whose = usize::try_from(rng.below(tenants.len() as u64)).unwrap_or_default();
    let (customer, subscription) = (id("cus", name, whose), id("sub", name, whose));
    let about = |object: Value, kind: &str| {
        json!({"id": format!("evt_{name}_{at}"), "object": "event", "type": kind, "created": created,
               "data": {"object": object}})
    };
    let invoice =
        |customer: &str| json!({"id": format!("in_{name}_{at}"), "object": "invoice", "customer": customer});
    match rng.below(10) {
        0..4 => {
            let status = format!("status {}", rng.below(1000));
            let object =
                json!({"id": subscription, "object": "subscription", "customer": customer, "status": status});
            about(object, "customer.subscription.updated")
        }
        4 => {
            let object = json!({"id": subscription, "object": "subscription", "customer": customer});
            about(object, "customer.subscription.deleted")
        }
        5 | 6 => about(invoice(&customer), "invoice.paid"),
        7 => {
            let mut object = invoice(&customer);
            object["subscription_details"] = json!({"metadata": {"team": tenants[whose]}});
            about(object, "invoice.paid")
        }
        // Whose it is cannot be told, or is told in two ways.
        8 => match rng.percent(50) {
            true => about(invoice("cus_of_nobody"), "invoice.paid"),
            false => {
                let mut object = invoice(&customer);
                object["metadata"] = json!({"team": "00000000-0000-4000-8000-00000000ffff"});
                about(object, "invoice.paid")
            }
        },
        _ => about(
            json!({"id": format!("ch_{name}_{at}"), "object": "charge"}),
            "charge.updated",
        ),
    }
}
