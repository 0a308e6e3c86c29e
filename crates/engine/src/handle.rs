//! The way of a request.
//!
//! Role: `Matched → Caller → Permit → Input → Outcome → Reply`, on one screen. The scope is found inside the
//! transaction, by its first statement.
//! Invariant: every request gets a reply, and every refusal one event.
//! Not here: what each station does.

mod recall;

use crate::caller::Identity;
use crate::event;
use crate::fault::{Code, Fault};
use crate::frame;
use crate::guard::{self, Named};
use crate::host::RequestHost;
use crate::input::{Input, Sent};
use crate::key;
use crate::permit::Permit;
use crate::rate::{Meter, caller_address};
use crate::reply::{self, Reply};
use crate::request::{BodySource, Request};
use crate::route::Served;
use crate::router::Found;
use crate::runtime::Runtime;
use crate::transaction::{Keyed, Transaction, Work};
use crate::work::{Ask, Job, Reached};
use backflow_expr::Value;
use backflow_plan::model::Place;
use http::{HeaderMap, Method};
use std::sync::Arc;

/// Answers a request.
pub async fn handle<B: BodySource>(runtime: &Runtime, request: Request<'_, B>) -> Reply {
    let id = reply::request_id(request.headers, &*runtime.ids);
    let method = request.method;
    let found = match run_of(method, request.path) {
        Some(run) => Ok(Found::Run(run)),
        None => runtime.router.find(method, request.path),
    };
    let mut meter = None;
    let reply = match found {
        Ok(Found::Options(allow)) => Ok(Reply::options(&allow)),
        Ok(Found::Run(run)) => show(runtime, request.headers, run)
            .await
            .map_err(|fault| (None, fault)),
        Ok(Found::Hook(index)) => match &runtime.hooks {
            Some(hooks) => hooks.receive((index, &id), request, runtime.max_body).await,
            None => Err(Fault::of(Code::NotServed)),
        }
        .map_err(|fault| (None, fault)),
        Ok(Found::Route { index, params }) => match runtime.routes.get(index) {
            Some(served) => {
                meter = Meter::of(served, runtime);
                let matched = Matched {
                    served,
                    params: &params,
                    id: &id,
                    meter: meter.as_ref(),
                };
                serve(runtime, request, matched)
                    .await
                    .map_err(|fault| (Some(served), fault))
            }
            None => Err((
                None,
                Fault::internal("the router knows a route that the plan does not"),
            )),
        },
        Err(fault) => Err((None, fault)),
    };
    let mut reply = reply.unwrap_or_else(|(served, fault)| {
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
    if let Some(meter) = meter {
        meter.settle(&mut reply);
    }
    reply.finished(method, &id)
}

/// What a request is for.
struct Matched<'a> {
    served: &'a Arc<Served>,
    params: &'a [Arc<str>],
    id: &'a Arc<str>,
    /// Counts the request, if the route is limited.
    meter: Option<&'a Arc<Meter>>,
}

async fn serve<B: BodySource>(
    runtime: &Runtime,
    request: Request<'_, B>,
    Matched {
        served,
        params,
        id,
        meter,
    }: Matched<'_>,
) -> Result<Reply, Fault> {
    let (method, headers, now) = (request.method, request.headers, runtime.now());
    let address = || caller_address(request.peer, headers, &runtime.proxies);
    if let Some(meter) = meter {
        meter.unknown(address)?;
    }
    let identified = identify(runtime, served, headers, now);
    if let Some(meter) = meter {
        let caller = identified.as_ref().ok().and_then(|(_, caller)| caller.as_ref());
        meter.known(caller.map(|caller| &*caller.subject), address)?;
    }
    let (permit, caller) = identified?;
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
    let asking = Asking {
        served,
        request_id: id,
        caller: caller.as_ref(),
        params,
        headers,
        refused,
        meter: meter.map(Arc::clone),
        now,
    };
    let reply = match &served.job {
        Some(job) => asking.run(runtime, permit, job, (method, input)).await?,
        None => match (&runtime.answers, &served.route.cache) {
            (Some(answers), Some(cache)) => asking.recall(runtime, permit, (answers, cache), &input).await?,
            _ => asking.execute(runtime, permit, (method, input)).await?,
        },
    };
    Ok(Reply {
        route: Some(Arc::clone(&served.name)),
        ..reply
    })
}

/// A request that may be answered.
struct Asking<'a> {
    served: &'a Arc<Served>,
    request_id: &'a Arc<str>,
    caller: Option<&'a Identity>,
    params: &'a [Arc<str>],
    headers: &'a HeaderMap,
    /// What was found wrong with the input; told once the tenant is judged.
    refused: Option<Fault>,
    meter: Option<Arc<Meter>>,
    now: jiff::Timestamp,
}

impl Asking<'_> {
    /// Answers by the route's own queries.
    async fn execute(
        self,
        runtime: &Runtime,
        permit: Permit,
        (method, input): (&Method, Input),
    ) -> Result<Reply, Fault> {
        let named = key::of(
            method,
            self.headers,
            self.caller,
            (&input, &self.served.route.place),
        );
        let (named, refused) = match (named, self.refused) {
            (Ok(named), refused) => (named, refused),
            (Err(fault), refused) => (None, Some(refused.unwrap_or(fault))),
        };
        let works = runtime.works.as_ref();
        let key = named.and_then(|named| {
            let journal = Arc::clone(works?.journal());
            Some(Keyed { named, journal })
        });
        let transaction = Transaction::new(Work {
            served: Arc::clone(self.served),
            request_id: Arc::clone(self.request_id),
            frame: frame::fill(self.served, &input, self.headers, self.caller),
            params: self.params,
            headers: self.headers,
            caller: self.caller,
            refused,
            key,
            meter: self.meter,
            recall: None,
            now: self.now,
            ids: Arc::clone(&runtime.ids),
        });
        let done = execute(runtime, permit, transaction, self.request_id).await?;
        Ok(Reply::of(done.into_outcome()?, self.caller.is_some()))
    }

    /// Answers by a run of the route's workflow.
    async fn run(
        self,
        runtime: &Runtime,
        permit: Permit,
        job: &Arc<Job>,
        (method, input): (&Method, Input),
    ) -> Result<Reply, Fault> {
        let works = runtime.works.as_ref().ok_or_else(|| Fault::of(Code::NotServed))?;
        let frame = frame::fill(self.served, &input, self.headers, self.caller);
        let named = key::of(
            method,
            self.headers,
            self.caller,
            (&input, &self.served.route.place),
        );
        let guard = match &job.place {
            Place::One(guard) => {
                let mut host = RequestHost::new(self.now, Arc::clone(&runtime.ids));
                let named = Named {
                    params: self.params,
                    headers: self.headers,
                    caller: self.caller,
                    frame: &frame,
                };
                Some(guard::values(guard, &named, &mut host))
            }
            _ => None,
        };
        let (key, refused) = match (named, self.refused) {
            (Ok(named), refused) => (named.map(|named| (named.key, named.body)), refused),
            (Err(fault), refused) => (None, Some(refused.unwrap_or(fault))),
        };
        let ask = Ask {
            job: Arc::clone(job),
            request_id: Arc::clone(self.request_id),
            caller: self.caller,
            guard,
            refused,
            frame,
            key,
            meter: self.meter,
        };
        match works.serve(permit, ask).await? {
            Reached::Settled(settled) => settled.reply(self.caller.is_some(), self.request_id),
            Reached::Running(run) => Ok(Reply::running(&run)),
        }
    }
}

/// The run whose address this is.
fn run_of<'a>(method: &Method, path: &'a str) -> Option<&'a str> {
    let run = path.strip_prefix("/_runs/")?;
    matches!(*method, Method::GET | Method::HEAD).then(|| run.trim_end_matches('/'))
}

/// Shows a run to its caller.
async fn show(runtime: &Runtime, headers: &HeaderMap, run: &str) -> Result<Reply, Fault> {
    let caller = Identity::of(headers, runtime.verifier.as_ref(), runtime.now())?;
    let works = runtime.works.as_ref().ok_or_else(|| Fault::of(Code::NotFound))?;
    works.show(run, caller.as_ref()).await
}

/// Who asks, and the evidence that such callers may try.
fn identify(
    runtime: &Runtime,
    served: &Served,
    headers: &HeaderMap,
    now: jiff::Timestamp,
) -> Result<(Permit, Option<Identity>), Fault> {
    let caller = Identity::of(headers, runtime.verifier.as_ref(), now)?;
    let permit = permit(served, caller.as_ref())?;
    Ok((permit, caller))
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

async fn execute(
    runtime: &Runtime,
    permit: Permit,
    mut transaction: Transaction,
    request_id: &str,
) -> Result<Transaction, Fault> {
    if transaction.is_idle() {
        drop(transaction.next(None));
        return Ok(transaction);
    }
    let mut transaction = runtime.store.run(permit, transaction).await?;
    if let Some(call) = transaction.refused_under_key() {
        let kept = runtime
            .store
            .run(Permit::judged(), Transaction::single(call))
            .await;
        if kept.is_err() {
            event::refusal_not_kept(request_id);
        }
    }
    Ok(transaction)
}
