//! A delivery, from its bytes to the acknowledgement.
//!
//! Role: verifies it, keeps it by one durable commit, and waits for its first run as long as a provider likes.
//! Invariant: nothing is parsed, and nothing kept, before the signature is verified.
//! Not here: running events (`run`).

use super::arrival::Told;
use super::event::{ActionState, Event, State};
use super::marks::Marks;
use super::ready::Ready;
use super::run::{Held, Next, Taken};
use super::{Hooks, arrival, calls};
use crate::event as log;
use crate::fault::{Code, Fault};
use crate::host::RequestHost;
use crate::input;
use crate::permit::{Permit, Verified};
use crate::reply::Reply;
use crate::request::{BodySource, Request};
use crate::signature::Delivery;
use crate::store::{Call, RowSet};
use crate::transaction::Transaction;
use backflow_expr::Value;
use backflow_sql::ir::{Datum, Shares};
use bytes::Bytes;
use http::StatusCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// What became of a delivery.
enum Accepted {
    /// It was here before.
    Duplicate,
    /// It is kept; the object's marks, if we have taken it, and whether no other event about it is due.
    Kept(Option<Marks>, bool),
    /// One that was in quarantine is due again; the marks.
    Again(Option<Marks>),
}

impl Hooks {
    /// Answers a delivery.
    pub(crate) async fn receive<B: BodySource>(
        self: &Arc<Self>,
        (index, id): (usize, &Arc<str>),
        request: Request<'_, B>,
        max_body: usize,
    ) -> Result<Reply, Fault> {
        let unknown = || Fault::internal("the router knows a webhook that the plan does not");
        let ready = Arc::clone(self.ready.get(index).ok_or_else(unknown)?);
        let body = input::bytes(request.body, max_body).await?;
        let verified = self.verify(&ready, request.headers, body)?;
        let (mut event, told) = arrival::read(&ready, &self.works, &verified, request.headers)?;
        if let Some(challenge) = arrival::challenge(&ready, &self.works, &told)? {
            log::hook_confirmed(id, &event.hook);
            let body = Value::object([("challenge", Value::from(challenge))]);
            return Ok(Reply::json_of(StatusCode::OK, Bytes::from(body.to_json())));
        }
        self.sort_out(&ready, &told, &mut event);
        let state = self.take_in(verified, (event, told), id).await?;
        let body = Value::object([("received", Value::Bool(true)), ("status", state.into())]);
        Ok(Reply::json_of(StatusCode::OK, Bytes::from(body.to_json())))
    }

    fn verify(&self, ready: &Ready, headers: &http::HeaderMap, body: Bytes) -> Result<Verified, Fault> {
        let delivery = Delivery {
            signature: &ready.hook.signature,
            secrets: &ready.secrets,
            headers,
            body: &body,
            now: self.works.now(),
        };
        match self.signatures.check(&delivery) {
            Ok(()) => Ok(Verified::checked(body)),
            Err(forged) => Err(Fault::of(Code::InvalidSignature)
                .private(format!("webhook {}: {}", ready.hook.name, forged.0))),
        }
    }

    /// An event that leads to nothing is over when it is kept. What cannot be judged is judged when it runs.
    fn sort_out(&self, ready: &Ready, told: &Told, event: &mut Event) {
        let mut host = RequestHost::new(event.received, Arc::clone(self.works.ids()));
        let mut holds = |at: &usize| {
            let condition = ready.hook.actions.get(*at).and_then(|a| a.condition.as_ref());
            told.holds(condition, &mut host).unwrap_or(true)
        };
        if (0..ready.actions.len()).any(|at| holds(&at)) {
            return;
        }
        for at in 0..ready.actions.len() {
            event.actions.set(ready.mark(at), ActionState::Skipped);
        }
        event.state = State::Ignored;
        event.due = None;
        event.ended = Some(event.received);
    }

    /// Keeps an event; what is known of it when the sender is answered.
    async fn take_in(
        self: &Arc<Self>,
        verified: Verified,
        (event, told): (Event, Told),
        request_id: &Arc<str>,
    ) -> Result<&'static str, Fault> {
        let place = match event.state == State::Waiting && !self.stopping.load(Ordering::Relaxed) {
            true => Arc::clone(&self.places).try_acquire_owned().ok(),
            false => None,
        };
        let token: Arc<str> = self.works.ids().key().into();
        let taking = match place {
            Some(_) => vec![
                calls::take(&self.journal, &event.object, &token, event.received),
                calls::waiting(&self.journal, &event.object, event.received),
            ],
            None => Vec::new(),
        };
        let accepted = self.keep(verified, &event, taking).await?;
        let (state, alone, marks) = match accepted {
            Accepted::Duplicate => {
                log::event_duplicate(request_id, &event.hook, &event.event);
                return Ok("duplicate");
            }
            Accepted::Kept(marks, alone) => (event.state, Some(alone), marks),
            Accepted::Again(marks) => (State::Quarantined, None, marks),
        };
        log::event_kept(request_id, &event, state.text());
        let (Some(marks), Some(place)) = (marks, place) else {
            self.hand_on(&event);
            return Ok(state.text());
        };
        let id = alone.map(|_| Arc::clone(&event.id));
        let held = Held::new(&event.object, token, marks);
        // Where others wait, too, the oldest goes first: whoever runs them looks again.
        let next = alone.filter(|alone| *alone).map(|_| Next {
            told: Some(told),
            ..Next::from(event)
        });
        let taken = Taken {
            held,
            is_last: next.is_some(),
            next,
        };
        Ok(self.first_run(taken, id, place).await.unwrap_or(state).text())
    }

    /// An event whose object could not be taken.
    fn hand_on(&self, event: &Event) {
        if event.state != State::Waiting {
            return;
        }
        if let Some(holder) = self.held().get_mut(&event.object) {
            holder.is_asked_for = true;
            return;
        }
        self.queue().push(&event.object);
        self.wake.notify_one();
    }

    /// Runs an object's events, and waits a while for the one that has just arrived; `None`: it is not known yet.
    async fn first_run(
        self: &Arc<Self>,
        taken: Taken,
        event: Option<Arc<str>>,
        place: OwnedSemaphorePermit,
    ) -> Option<State> {
        let Some(id) = event else {
            self.go_on(place, Some(taken), None);
            return None;
        };
        let (sender, first) = oneshot::channel();
        self.waiting().insert(Arc::clone(&id), sender);
        self.go_on(place, Some(taken), Some(Arc::clone(&id)));
        let state = tokio::time::timeout(self.patience, first).await;
        self.waiting().remove(&id);
        state.ok()?.ok()
    }

    async fn keep(&self, verified: Verified, event: &Event, taking: Vec<Call>) -> Result<Accepted, Fault> {
        let mut calls = vec![calls::accept(&self.journal, event)];
        calls.extend(taking);
        if let [only] = calls.as_mut_slice() {
            only.alone = true;
            only.shares = Some(Arc::new(Shares::of(calls::EVENT)));
        }
        let transaction = Transaction::first_decides(calls);
        let permit = Permit::of_event(&verified);
        let rows = self
            .works
            .store()
            .run(permit, transaction)
            .await?
            .into_all_rows()?;
        Ok(accepted(&rows))
    }
}

/// What the rows of [`Hooks::keep`] mean: the event's state, then the object's marks, then
/// what is due of it. No event begins in quarantine.
fn accepted(rows: &[RowSet]) -> Accepted {
    let first = |at: usize| {
        let row = rows.get(at).and_then(|set| set.rows.first());
        row.and_then(|row| row.cells.first())
    };
    let marks = first(1).map(Marks::of);
    // The event itself is one of those that are due.
    let alone = rows.get(2).is_some_and(|due| due.rows.len() == 1);
    match first(0) {
        None => Accepted::Duplicate,
        Some(Datum::Text(state)) if State::of(state) == Some(State::Quarantined) => Accepted::Again(marks),
        Some(_) => Accepted::Kept(marks, alone),
    }
}
