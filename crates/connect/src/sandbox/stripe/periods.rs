//! What time does.
//!
//! Role: periods and their invoices; what is due when the clock has moved.
//! Invariant: an incomplete subscription expires after 23 hours, a paid one is billed at the end of each period, a
//! checkout session expires; each in the order of time, and each once.
//! Not here: moving the clock (`world.rs`).

use super::super::world::{Current, World};
use super::args::{lay, number, text};
use super::{checkout, event, intents, invoices, subscribed, subscriptions};
use jiff::{SignedDuration, Span, Timestamp, tz::TimeZone};
use serde_json::{Value, json};

/// Steps of time in one go; what is left is done at the next request.
const STEPS: usize = 10_000;

/// A rhythm: `month` and a count.
pub(crate) type Rhythm = (String, i64);

/// The rhythm of an item.
pub(crate) fn rhythm(item: &Value) -> Rhythm {
    let recurring = &item["price"]["recurring"];
    (
        text(recurring, "interval").to_owned(),
        number(recurring, "interval_count").clamp(1, 60),
    )
}

/// The end of the period that begins at an instant.
pub(crate) fn after(begin: i64, every: &Rhythm) -> i64 {
    let count = every.1;
    let span = match every.0.as_str() {
        "year" => Span::new().try_years(count),
        "week" => Span::new().try_weeks(count),
        "day" => Span::new().try_days(count),
        _ => Span::new().try_months(count),
    };
    let begun = Timestamp::from_second(begin).map(|begun| begun.to_zoned(TimeZone::UTC));
    let end = begun
        .and_then(|begun| begun.checked_add(span?))
        .map(|end| end.timestamp().as_second());
    end.unwrap_or_else(|_| begin.saturating_add(SignedDuration::from_hours(720).as_secs()))
}

/// Bills a subscription for its current period; the intent that would pay it.
pub(crate) fn bill(world: &mut World, id: &str, reason: &str, card: Option<&str>) -> Option<Value> {
    let mut subscription = world.get("subscription", id)?.clone();
    let mut invoice = invoices::draft(
        world,
        text(&subscription, "customer"),
        text(&subscription, "currency"),
        reason,
    );
    let period = json!({
        "start": subscription.get("current_period_start"), "end": subscription.get("current_period_end"),
    });
    lay(
        &mut invoice,
        json!({
            "subscription": id, "subscription_details": {"metadata": subscription.get("metadata")},
            "collection_method": subscription.get("collection_method"),
            "period_start": period.get("start"), "period_end": period.get("end"),
        }),
    );
    let is_trial = text(&subscription, "status") == "trialing";
    for item in subscribed::of(&subscription) {
        let amount = if is_trial { 0 } else { subscribed::cost(item) };
        let line = json!({
            "id": world.id("il_"), "object": "line_item", "amount": amount, "currency": invoice.get("currency"),
            "description": null, "livemode": false, "metadata": subscription.get("metadata"), "period": period,
            "price": item.get("price"), "proration": false, "quantity": item.get("quantity"), "subscription": id,
            "subscription_item": item.get("id"), "type": "subscription",
        });
        invoices::add_line(&mut invoice, line);
    }
    event::create(world, "invoice.created", &invoice);
    lay(&mut subscription, json!({"latest_invoice": invoice.get("id")}));
    world.put(subscription);
    let invoice = invoices::finalise(world, invoice, card);
    world
        .get("payment_intent", text(&invoice, "payment_intent"))
        .cloned()
}

/// Does all that is due.
pub(crate) fn catch_up(world: &mut World) {
    for _ in 0..STEPS {
        let Some((kind, id)) = world.next_due() else {
            return;
        };
        let Some(object) = world.get(&kind, &id).cloned() else {
            return;
        };
        world.current = Current::default();
        match kind.as_str() {
            "subscription" => subscription(world, object),
            _ => checkout::expire(world, object),
        }
    }
}

fn subscription(world: &mut World, mut subscription: Value) {
    if text(&subscription, "status") == "incomplete" {
        lay(
            &mut subscription,
            json!({"status": "incomplete_expired", "ended_at": world.now(), "_due": null}),
        );
        event::update(world, "customer.subscription.updated", &subscription);
        if let Some(invoice) = world
            .get("invoice", text(&subscription, "latest_invoice"))
            .cloned()
        {
            invoices::give_up(world, invoice);
        }
        return;
    }
    if subscription.get("cancel_at_period_end") == Some(&Value::Bool(true)) {
        subscriptions::end(world, subscription);
        return;
    }
    renew(world, subscription);
}

fn renew(world: &mut World, mut subscription: Value) {
    let begin = number(&subscription, "current_period_end");
    let every = subscribed::of(&subscription)
        .next()
        .map(rhythm)
        .unwrap_or_default();
    let end = after(begin, &every);
    let mut over = json!({"current_period_start": begin, "current_period_end": end, "_due": end});
    if text(&subscription, "status") == "trialing" {
        lay(&mut over, json!({"status": "active"}));
    }
    lay(&mut subscription, over);
    event::update(world, "customer.subscription.updated", &subscription);
    let card = subscriptions::method(world, &subscription_as_invoice(&subscription));
    let id = text(&subscription, "id").to_owned();
    let intent = bill(world, &id, "subscription_cycle", card.as_deref());
    let is_charged = text(&subscription, "collection_method") == "charge_automatically";
    if let Some(intent) = intent.filter(|_| is_charged) {
        // Without a card of its own a subscription that was paid once is paid again: see docs/sandbox.md.
        drop(intents::attempt(
            world,
            intent,
            card.as_deref().unwrap_or("pm_card_visa"),
        ));
    }
}

/// Names customer and subscription as an invoice does.
fn subscription_as_invoice(subscription: &Value) -> Value {
    json!({"customer": subscription.get("customer"), "subscription": subscription.get("id")})
}
