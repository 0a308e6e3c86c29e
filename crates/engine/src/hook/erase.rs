//! What is erased when nobody needs it any more.
//!
//! Role: old events, objects of which nothing was heard, in slices.
//! Invariant: an event is erased only if it is over for as long as its webhook says.
//! Not here: when it is done (`later`).

use super::Hooks;
use super::replay::NO_ID;
use crate::event as log;
use crate::fault::Fault;
use crate::work::{call, instant, text};
use backflow_expr::Value;
use backflow_sql::ir::Datum;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// How many events are looked at together: a statement must end in its time, and nobody wait behind it.
const SLICE: i64 = 500;

/// How long events of webhooks that are gone are kept, at least.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);

/// How long it is known of an object who wrote last: longer than any provider sends again.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 90);

/// How long it is known what calls put on an object of a provider, since it was needed last: longer than it takes until
/// what is paid once a year is paid again.
const KNOWN: SignedDuration = SignedDuration::from_hours(24 * 400);

impl Hooks {
    /// What could not be erased now is erased the next time.
    pub(super) async fn erase(&self) {
        let forget = call(
            &self.journal.inbox.forget,
            vec![instant(self.before(REMEMBERED))],
            true,
        );
        let forgotten = self.works.write(forget).await.map(drop);
        let unlearn = call(
            &self.journal.inbox.unlearn,
            vec![instant(self.before(KNOWN))],
            true,
        );
        let unlearnt = self.works.write(unlearn).await.map(drop);
        for outcome in [self.erase_events().await, forgotten, unlearnt] {
            if let Err(fault) = outcome {
                log::not_erased(fault.private_text().unwrap_or(fault.code_text()));
            }
        }
    }

    /// Goes through all events that are older than any may have to be, the oldest first.
    async fn erase_events(&self) -> Result<(), Fault> {
        let days = self.ready.iter().map(|ready| days(ready.hook.keep_days));
        let shortest = days.min().map_or(KEPT, |least| least.min(KEPT));
        let until = instant(self.before(shortest));
        let (mut received, mut id) = (instant(Timestamp::UNIX_EPOCH), text(NO_ID));
        loop {
            let values = vec![until.clone(), received, id, Datum::Int(SLICE)];
            let old = self
                .works
                .read(call(&self.journal.inbox.old, values, true))
                .await?;
            let mut over: BTreeMap<&str, (Vec<Value>, Vec<Value>)> = BTreeMap::new();
            for row in &old.rows {
                let [
                    Datum::Text(id),
                    Datum::Text(hook),
                    _,
                    Datum::Text(_),
                    Datum::Text(event),
                ] = row.cells.as_slice()
                else {
                    continue;
                };
                let (ids, events) = over.entry(hook).or_default();
                ids.push(Value::from(&**id));
                events.push(Value::from(&**event));
            }
            for (hook, (ids, events)) in over {
                let values = vec![
                    text(&Value::list(ids).to_json()),
                    text(&Value::list(events).to_json()),
                    text(hook),
                    instant(self.before(self.kept(hook))),
                ];
                self.works
                    .write(call(&self.journal.inbox.erase, values, true))
                    .await?;
            }
            let Some([last, _, at, ..]) = old.rows.last().map(|row| row.cells.as_slice()) else {
                return Ok(());
            };
            (received, id) = (at.clone(), last.clone());
        }
    }

    /// How long events of a webhook are kept; of one that is gone as long as any.
    fn kept(&self, hook: &str) -> SignedDuration {
        let all = || self.ready.iter().map(|ready| days(ready.hook.keep_days));
        let own = self.find(hook).map(|ready| days(ready.hook.keep_days));
        own.unwrap_or_else(|| all().fold(KEPT, SignedDuration::max))
    }

    fn before(&self, span: SignedDuration) -> Timestamp {
        self.works
            .now()
            .checked_sub(span)
            .unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

fn days(count: u32) -> SignedDuration {
    SignedDuration::from_hours(24 * i64::from(count))
}
