//! A provider's request with its faults.
//!
//! Role: finds the provider and the fault, does the work, keeps what arrived, and answers, or does not.
//! Invariant: what arrived is kept together with its effect, in one commit; work that is slow is done even if the
//! caller goes away.
//! Not here: the providers.

use super::asked::{Answer, Asked, Forced};
use super::faults::{self, FaultKind};
use super::sent::Sent;
use super::serve::Cut;
use super::shared::Shared;
use super::world::World;
use super::{control, sendgrid, stripe};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// How long a caller is left without an answer before the connection ends.
const SILENCE: Duration = Duration::from_secs(600);

/// A provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Provider {
    Stripe,
    SendGrid,
}

impl Provider {
    fn of(path: &str) -> Option<Self> {
        if path.starts_with("/v1/") {
            Some(Provider::Stripe)
        } else if path.starts_with("/v3/") {
            Some(Provider::SendGrid)
        } else {
            None
        }
    }

    fn name(self) -> &'static str {
        match self {
            Provider::Stripe => "stripe",
            Provider::SendGrid => "sendgrid",
        }
    }

    fn work(self, world: &mut World, asked: &Asked, forced: Option<&Forced>) -> Answer {
        match self {
            Provider::Stripe => stripe::answer(world, asked, forced),
            Provider::SendGrid => sendgrid::answer(world, asked, forced),
        }
    }
}

/// Answers a request to a provider.
pub(crate) async fn answer(shared: &Arc<Shared>, asked: Asked) -> Result<Answer, Cut> {
    let Some(provider) = Provider::of(&asked.path) else {
        return Ok(control::said(
            404,
            "Stripe is below /v1/, SendGrid below /v3/, the sandbox itself below /_sandbox/",
        ));
    };
    let fault =
        shared.with(|world| faults::take(&mut world.faults, provider.name(), &asked.method, &asked.path));
    let Some(fault) = fault else {
        return Ok(shared.with(|world| work(world, provider, &asked, None)));
    };
    if let FaultKind::Slow(pause) = fault {
        return slow(shared, provider, asked, pause).await;
    }
    let answer = shared.with(|world| met(world, provider, &asked, &fault));
    match (fault, answer) {
        (FaultKind::Timeout | FaultKind::Lost, _) => {
            tokio::time::sleep(SILENCE).await;
            Err(Cut)
        }
        (_, Some(answer)) => Ok(answer),
        _ => Err(Cut),
    }
}

/// What a fault makes of a request; `None`: no answer leaves.
fn met(world: &mut World, provider: Provider, asked: &Asked, fault: &FaultKind) -> Option<Answer> {
    let forced = match fault {
        FaultKind::Lost | FaultKind::ResetAfter => {
            work(world, provider, asked, Some((fault, None)));
            return None;
        }
        FaultKind::FailedStored { effect } => Forced::Failed { effect: *effect },
        FaultKind::Declined => Forced::Declined,
        _ => {
            let answer = refusal(world, provider, asked, fault);
            keep(world, provider, asked, answer.as_ref(), Some(fault));
            return answer;
        }
    };
    Some(work(world, provider, asked, Some((fault, Some(forced)))))
}

/// Does the work and keeps what arrived.
fn work(
    world: &mut World,
    provider: Provider,
    asked: &Asked,
    met: Option<(&FaultKind, Option<Forced>)>,
) -> Answer {
    let forced = met.as_ref().and_then(|(_, forced)| forced.as_ref());
    let answer = provider.work(world, asked, forced);
    let fault = met.as_ref().map(|(fault, _)| *fault);
    keep(world, provider, asked, Some(&answer), fault);
    answer
}

fn keep(
    world: &mut World,
    provider: Provider,
    asked: &Asked,
    answer: Option<&Answer>,
    fault: Option<&FaultKind>,
) {
    let is_silent = matches!(fault, Some(FaultKind::Lost | FaultKind::ResetAfter));
    let mut sent = Sent {
        at: world.now(),
        provider: provider.name().to_owned(),
        method: asked.method.clone(),
        path: asked.path.clone(),
        params: answer.map(|answer| answer.params.clone()).unwrap_or_default(),
        idempotency_key: asked.key().map(str::to_owned),
        request_id: answer.and_then(|answer| answer.request.clone()),
        version: asked.header("stripe-version").map(str::to_owned),
        status: answer.filter(|_| !is_silent).map(|answer| answer.status),
        effect: answer.is_some_and(|answer| answer.effect),
        replayed: answer.is_some_and(|answer| answer.replayed),
        fault: fault.map(|fault| fault.name().to_owned()),
        ..Sent::default()
    };
    if let Some(answer) = answer.filter(|_| !is_silent) {
        sent.keep_answer(&answer.body);
    }
    if sent.params.is_null() {
        sent.params = json!(asked.form().unwrap_or_default());
    }
    world.note(json!({"sent": sent.write()}));
    world.sent.push(sent);
}

/// An answer without any work.
fn refusal(world: &World, provider: Provider, asked: &Asked, fault: &FaultKind) -> Option<Answer> {
    let request = world.id("req_");
    let failure = stripe::Failure::invalid;
    let (status, message, stripe_says) = match fault {
        FaultKind::RateLimited { .. } => (
            429,
            "too many requests",
            failure("Request rate limit exceeded.")
                .status(429)
                .code("rate_limit"),
        ),
        FaultKind::Failed => (500, "internal error", stripe::broken()),
        FaultKind::Conflict => (409, "conflict", stripe::in_use(asked.key().unwrap_or("none"))),
        _ => return None,
    };
    let mut answer = match provider {
        Provider::Stripe => stripe::failed(&stripe_says, &request),
        Provider::SendGrid => sendgrid::refused(status, message),
    };
    if let FaultKind::RateLimited { retry_after } = fault {
        answer.header("Retry-After", &retry_after.to_string());
        if provider == Provider::SendGrid {
            answer.header("X-RateLimit-Remaining", "0");
        }
    }
    if provider == Provider::Stripe {
        answer.header("Request-Id", &request);
        if *fault == FaultKind::Failed {
            answer.header("Stripe-Should-Retry", "true");
        }
    }
    answer.request = Some(request);
    Some(answer)
}

/// Works later, and whether or not the caller waits; the key is in use meanwhile.
async fn slow(
    shared: &Arc<Shared>,
    provider: Provider,
    asked: Asked,
    pause: Duration,
) -> Result<Answer, Cut> {
    let key = asked
        .key()
        .filter(|_| provider == Provider::Stripe && asked.method == "POST")
        .map(str::to_owned);
    let fault = FaultKind::Slow(pause);
    let is_first = shared.with(|world| {
        let now = world.now();
        key.as_deref()
            .is_none_or(|key| world.keys.find(key, now).is_none() && world.keys.begin(key))
    });
    if !is_first {
        return Ok(shared.with(|world| work(world, provider, &asked, Some((&fault, None)))));
    }
    let shared = Arc::clone(shared);
    let task = tokio::spawn(async move {
        tokio::time::sleep(pause).await;
        shared.with(|world| {
            if let Some(key) = &key {
                world.keys.end(key);
            }
            work(world, provider, &asked, Some((&fault, None)))
        })
    });
    task.await.map_err(|_| Cut)
}
