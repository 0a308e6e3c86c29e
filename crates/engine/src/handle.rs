//! The way of a request.
//!
//! Role: `Matched → Caller → Permit → Input → Outcome → Reply`, on one screen. The scope is found inside the
//! transaction, by its first statement.
//! Invariant: every request gets a reply, and every refusal one event.
//! Not here: what each station does.

use crate::caller::Identity;
use crate::event;
use crate::fault::{Code, Fault};
use crate::frame;
use crate::input::{Input, Sent};
use crate::permit::Permit;
use crate::reply::{self, Reply};
use crate::request::{BodySource, Request};
use crate::route::Served;
use crate::router::Found;
use crate::runtime::Runtime;
use crate::transaction::{Outcome, Transaction, Work};
use backflow_expr::Value;
use std::sync::Arc;

/// Answers a request.
pub async fn handle<B: BodySource>(runtime: &Runtime, request: Request<'_, B>) -> Reply {
    let id = reply::request_id(request.headers, &*runtime.ids);
    let method = request.method;
    let reply = match runtime.router.find(method, request.path) {
        Ok(Found::Options(allow)) => Ok(Reply::options(&allow)),
        Ok(Found::Hook) => Err((None, Fault::of(Code::NotServed))),
        Ok(Found::Route { index, params }) => match runtime.routes.get(index) {
            Some(served) => serve(runtime, served, request, &params, &id)
                .await
                .map_err(|fault| (Some(served), fault)),
            None => Err((
                None,
                Fault::internal("the router knows a route that the plan does not"),
            )),
        },
        Err(fault) => Err((None, fault)),
    };
    let reply = reply.unwrap_or_else(|(served, fault)| {
        event::refused(
            &id,
            served.map_or("no route", |served| served.name.as_ref()),
            &fault,
        );
        Reply {
            route: served.map(|served| Arc::clone(&served.name)),
            ..Reply::fault(&fault, &id)
        }
    });
    reply.finished(method, &id)
}

async fn serve<B: BodySource>(
    runtime: &Runtime,
    served: &Arc<Served>,
    request: Request<'_, B>,
    params: &[Arc<str>],
    id: &Arc<str>,
) -> Result<Reply, Fault> {
    if let Some(why) = &served.route.unavailable {
        return Err(Fault::of(Code::NotServed).private(why.as_str()));
    }
    if served.route.work.is_some() {
        return Err(Fault::of(Code::NotServed));
    }
    let (headers, now) = (request.headers, runtime.now());
    let caller = Identity::of(headers, runtime.verifier.as_ref(), now)?;
    let permit = permit(served, caller.as_ref())?;
    let sent = Sent {
        params,
        query: request.query,
        headers,
        body: request.body,
        max_body: runtime.max_body,
    };
    let (input, refused) = match Input::read(served, sent).await {
        Ok(input) => (input, None),
        Err(fault) => (raw(params), Some(fault)),
    };
    if let (Some(recorder), Some(caller)) = (&runtime.recorder, &caller) {
        recorder.record(&*runtime.store, caller, id).await;
    }
    let transaction = Transaction::new(Work {
        served: Arc::clone(served),
        request_id: Arc::clone(id),
        frame: frame::fill(served, &input, headers, caller.as_ref()),
        params,
        headers,
        caller: caller.as_ref(),
        refused,
        now,
        ids: Arc::clone(&runtime.ids),
    });
    let outcome = execute(runtime, permit, transaction).await?;
    Ok(Reply {
        route: Some(Arc::clone(&served.name)),
        ..Reply::of(outcome, caller.is_some())
    })
}

/// Whether such callers may try this route at all.
fn permit(served: &Served, caller: Option<&Identity>) -> Result<Permit, Fault> {
    if served.route.auth && caller.is_none() {
        return Err(Fault::of(Code::Unauthorized));
    }
    Ok(Permit::judged())
}

/// What is left of a request whose input was refused: enough to place it in a tenant.
fn raw(params: &[Arc<str>]) -> Input {
    let params = params
        .iter()
        .map(|param| Value::Text(Arc::clone(param)))
        .collect();
    Input {
        params,
        ..Input::default()
    }
}

async fn execute(runtime: &Runtime, permit: Permit, mut transaction: Transaction) -> Result<Outcome, Fault> {
    if transaction.is_idle() {
        drop(transaction.next(None));
        return transaction.into_outcome();
    }
    runtime.store.run(permit, transaction).await?.into_outcome()
}
