//! Events on the wire.
//!
//! Role: sends what is due to its target, signed, and notes what became of it.
//! Invariant: the signature's instant is the real one, whatever the sandbox's clock says, since receivers compare it
//! with theirs; only this machine is called.
//! Not here: what is due (`outbox.rs`).

use super::outbox::Delivery;
use super::shared::Shared;
use super::stripe::{self, Shape};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// How long a target may take.
const WITHIN: Duration = Duration::from_secs(20);
/// How often the clock is looked at while something waits.
const TICK: Duration = Duration::from_millis(100);
/// Bytes of an answer that are read.
const ANSWER: usize = 64 * 1024;

/// Delivers for ever; what is on its way ends when this does.
pub(crate) async fn deliver(shared: Arc<Shared>) {
    let mut running = JoinSet::new();
    loop {
        while running.try_join_next().is_some() {}
        let (due, is_idle) =
            shared.quietly(|world| (world.outbox.take(world.real()), world.outbox.is_empty()));
        for delivery in due {
            let shared = Arc::clone(&shared);
            running.spawn(async move { one(&shared, delivery).await });
        }
        if is_idle {
            shared.bell.notified().await;
        } else {
            // Too early is no harm: either way the outbox is looked at again.
            let rung = tokio::time::timeout(TICK, shared.bell.notified()).await;
            drop(rung);
        }
    }
}

async fn one(shared: &Shared, delivery: Delivery) {
    let status = match shared.quietly(|world| message(world, &delivery)) {
        Some((signature, body)) => send(&delivery.target.url, signature, body).await,
        None => None,
    };
    shared.with(|world| {
        let now = world.real();
        if let Some(entry) = world.outbox.end(delivery.id, status, now) {
            world.note(entry);
        }
    });
}

/// The signature and the bytes.
fn message(world: &super::world::World, delivery: &Delivery) -> Option<(String, String)> {
    let mut event = world.get("event", &delivery.event)?.clone();
    let version = delivery
        .target
        .api_version
        .as_deref()
        .unwrap_or(&world.api_version);
    let shape = Shape::of(version).unwrap_or(Shape::Acacia);
    stripe::rewrite(&mut event, shape, version);
    let body = serde_json::to_string_pretty(&event).ok()?;
    let at = world.real().as_second();
    Some((
        stripe::signature(&delivery.target.secret, at, body.as_bytes()),
        body,
    ))
}

/// The status of the answer; `None`: there was none.
async fn send(url: &str, signature: String, body: String) -> Option<u16> {
    let sending = tokio::time::timeout(WITHIN, post(url, signature, body));
    match sending.await {
        Ok(Ok(status)) => Some(status),
        Ok(Err(error)) => {
            tracing::debug!(%error, url, "an event was not delivered");
            None
        }
        Err(_) => None,
    }
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

async fn post(url: &str, signature: String, body: String) -> Result<u16, Failed> {
    let uri: http::Uri = url.parse()?;
    let host = uri.host().ok_or("no host")?.trim_matches(['[', ']']);
    if uri.scheme_str() != Some("http") {
        return Err("only http:// addresses of this machine are called".into());
    }
    let mut found = tokio::net::lookup_host((host, uri.port_u16().unwrap_or(80))).await?;
    let address = found
        .find(|address| address.ip().is_loopback())
        .ok_or("only this machine is called")?;
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let running = tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a delivery's connection ended");
        }
    });
    let request = http::Request::post(uri.path_and_query().map_or("/", |path| path.as_str()))
        .header(
            "Host",
            uri.authority()
                .map_or("localhost", |authority| authority.as_str()),
        )
        .header("Content-Type", "application/json; charset=utf-8")
        .header("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
        .header("Stripe-Signature", signature)
        .body(Full::new(Bytes::from(body)))?;
    let response = sender.send_request(request).await?;
    let status = response.status().as_u16();
    let rest = Limited::new(response.into_body(), ANSWER).collect().await;
    drop((rest, sender));
    running.abort();
    Ok(status)
}
