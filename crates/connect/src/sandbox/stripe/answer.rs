//! A request to Stripe from its head to its answer.
//!
//! Role: key, version, parameters, idempotency, the endpoint, and the headers of the answer.
//! Invariant: an answer is kept for its key once the work began, whatever it says, and never before.
//! Not here: the endpoints, sockets.

use super::super::asked::{Answer, Asked, Forced};
use super::super::form;
use super::super::keys::{LONGEST, Stored};
use super::super::world::{Current, World};
use super::args::Args;
use super::failure::Failure;
use super::version::Shape;
use super::{access, edges, endpoints, params, periods, render};
use serde_json::{Map, Value};

/// What is known of a request once its head is judged.
struct Call<'a> {
    asked: &'a Asked,
    shape: Shape,
    given: Map<String, Value>,
    key: Option<&'a str>,
    request: &'a str,
    forced: Option<&'a Forced>,
}

/// Answers a request; with `forced`, as that says.
pub(crate) fn answer(world: &mut World, asked: &Asked, forced: Option<&Forced>) -> Answer {
    let request = world.id("req_");
    periods::catch_up(world);
    world.current = Current {
        request: Some(request.clone()),
        key: asked.key().map(str::to_owned),
    };
    let before = world.changes;
    let mut answer = match judge(world, asked, &request, forced) {
        Ok(call) => keyed(world, &call),
        Err(failure) => failed(&failure, &request),
    };
    answer.effect = asked.method != "GET" && world.changes > before;
    if answer.effect {
        world.weigh(asked.body.len());
    }
    answer.params = Value::Object(asked.form().unwrap_or_default());
    let version = asked
        .header("stripe-version")
        .unwrap_or(&world.api_version)
        .to_owned();
    answer.header("Request-Id", &request);
    answer.header("Stripe-Version", &version);
    if let Some(key) = asked.key() {
        answer.header("Idempotency-Key", key);
    }
    answer.request = Some(request);
    world.current = Current::default();
    answer
}

fn judge<'a>(
    world: &World,
    asked: &'a Asked,
    request: &'a str,
    forced: Option<&'a Forced>,
) -> Result<Call<'a>, Failure> {
    access::check(asked.header("authorization"))?;
    let shape = Shape::of(asked.header("stripe-version").unwrap_or(&world.api_version))?;
    let given = asked.form().map_err(Failure::invalid)?;
    let key = if asked.method == "POST" { asked.key() } else { None };
    if key.is_some_and(|key| key.chars().count() > LONGEST) {
        return Err(Failure::invalid(format!(
            "Idempotency keys can be up to {LONGEST} characters long."
        )));
    }
    if world.is_full() && asked.method == "POST" {
        return Err(Failure::invalid("This sandbox is full: start it anew.")
            .status(507)
            .kind("api_error"));
    }
    Ok(Call {
        asked,
        shape,
        given,
        key,
        request,
        forced,
    })
}

/// With the key's rules around it.
fn keyed(world: &mut World, call: &Call<'_>) -> Answer {
    let Some(key) = call.key else {
        return done(world, call).0;
    };
    if world.keys.is_in_use(key) {
        return failed(&in_use(key), call.request);
    }
    let now = world.now();
    if let Some(stored) = world.keys.find(key, now) {
        return match mismatch(stored, call, key) {
            Some(failure) => failed(&failure, call.request),
            None => replayed(stored),
        };
    }
    let (mut answer, is_kept) = done(world, call);
    if is_kept {
        let stored = Stored {
            at: now,
            path: call.asked.path.clone(),
            params: Value::Object(call.given.clone()),
            status: answer.status,
            body: answer.body.clone(),
            request: call.request.to_owned(),
        };
        let entry = world.keys.keep(key, stored);
        world.note(entry);
        answer.header("Original-Request", call.request);
    }
    answer
}

/// A key that another request is being worked on with.
pub(crate) fn in_use(key: &str) -> Failure {
    let message = format!(
        "There is currently another in-progress request using this Idempotent Key (that probably means you submitted \
         twice, and the other request is still going through): {key}. Please try again later."
    );
    Failure::invalid(message)
        .status(409)
        .kind("idempotency_error")
        .code("idempotency_key_in_use")
}

fn mismatch(stored: &Stored, call: &Call<'_>, key: &str) -> Option<Failure> {
    let end = format!("Try using a key other than '{key}' if you meant to execute a different request.");
    let failure = |middle: String| {
        let message = format!("Keys for idempotent requests can only be used {middle}. {end}");
        Some(Failure::invalid(message).kind("idempotency_error"))
    };
    if stored.path != call.asked.path {
        let middle = format!(
            "for the same endpoint they were first used for ('{}' vs '{}')",
            call.asked.path, stored.path
        );
        return failure(middle);
    }
    if stored.params != Value::Object(call.given.clone()) {
        return failure("with the same parameters they were first used with".to_owned());
    }
    None
}

fn replayed(stored: &Stored) -> Answer {
    let mut answer = Answer::json(stored.status, stored.body.clone());
    answer.header("Idempotent-Replayed", "true");
    answer.header("Original-Request", &stored.request);
    answer.replayed = true;
    answer
}

/// The work itself; whether its answer is kept for the key.
fn done(world: &mut World, call: &Call<'_>) -> (Answer, bool) {
    if let Some(Forced::Declined) = call.forced {
        return (failed(&Failure::declined(), call.request), true);
    }
    if let Some(Forced::Failed { effect: false }) = call.forced {
        return (failed(&broken(), call.request), true);
    }
    match work(world, call) {
        Ok(_) if call.forced.is_some() => (failed(&broken(), call.request), true),
        Ok(body) => (Answer::json(200, body), true),
        Err(failure) => (failed(&failure, call.request), failure.had_begun),
    }
}

/// An error of Stripe's own.
pub(crate) fn broken() -> Failure {
    Failure::invalid("An unknown error occurred.")
        .status(500)
        .kind("api_error")
}

fn work(world: &mut World, call: &Call<'_>) -> Result<String, Failure> {
    let asked = call.asked;
    let (endpoint, id) = endpoints::find(&asked.method, &asked.path).ok_or_else(|| unrouted(asked))?;
    let id = form::unescape(id.replace('+', "%2B").as_bytes()).map_err(Failure::invalid)?;
    let params = params::check(&call.given, endpoint.params)?;
    let paths = edges::plan(params.get("expand"), endpoint.gives, call.shape)?;
    let args = Args {
        path: asked.path.clone(),
        id,
        params,
    };
    let object = (endpoint.run)(world, &args)?;
    let shown = render::render(world, endpoint.gives, &object, call.shape, &paths);
    Ok(serde_json::to_string_pretty(&shown).unwrap_or_default())
}

fn unrouted(asked: &Asked) -> Failure {
    let message = format!(
        "Unrecognized request URL ({}: {}). The sandbox may not have it; see docs/sandbox.md.",
        asked.method, asked.path
    );
    Failure::invalid(message).status(404)
}

/// The answer to a failure.
pub(crate) fn failed(failure: &Failure, request: &str) -> Answer {
    let body = serde_json::to_string_pretty(&failure.body(request)).unwrap_or_default();
    let mut answer = Answer::json(failure.status, body);
    if failure.status == 401 {
        answer.header("WWW-Authenticate", "Basic realm=\"Stripe\"");
    }
    answer
}
