//! Requests to one provider.
//!
//! Role: sends a request, waits for its answer, and keeps connections for the next.
//! Invariant: a line leads to its destination and nowhere else: a redirect is an answer like any other. Whether
//! anything of a request may have been read by the provider is always known.
//! Not here: what an answer means; the connectors know.

use super::destination::{Destination, is_plain_path};
use super::dial::{Dialer, NoLine, Sender};
use super::guard::Barred;
use crate::encode;
use backflow_engine::Secret;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use http_body_util::{BodyExt, Full, Limited};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The largest answer that is read.
pub const LARGEST: usize = 8 * 1024 * 1024;

/// Connections that wait for a next request, and for how long.
const IDLE: usize = 16;
const IDLE_FOR: Duration = Duration::from_secs(15);

/// A way to one provider.
pub struct Line {
    destination: Destination,
    dialer: Dialer,
    idle: Mutex<Vec<(Sender, Instant)>>,
}

/// A request as it is sent.
#[derive(Debug, Clone, Default)]
pub struct Exchange {
    /// `POST`
    pub method: String,
    /// Path and query below the destination.
    pub path: String,
    /// A credential that goes into the query string.
    pub hidden_query: Option<(String, Secret)>,
    /// Headers in order; `Host` and `Content-Length` are added.
    pub headers: Vec<(String, Sent)>,
    /// The body.
    pub body: Bytes,
}

/// A header's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// One that may be seen.
    Plain(String),
    /// A credential.
    Hidden(Secret),
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Heard {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Heard {
    /// A header, if it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken {
    /// Nothing was sent: no connection.
    Unreached {
        /// Why.
        message: String,
        /// The time was up.
        timed_out: bool,
    },
    /// Nothing was sent, and never will be: it must not go there, or is no request.
    Barred(String),
    /// It was sent, at least in part, and no whole answer came.
    Lost {
        /// Why.
        message: String,
        /// The time was up.
        timed_out: bool,
    },
}

impl Line {
    /// A line to a destination.
    #[must_use]
    pub fn new(destination: Destination, dialer: Dialer) -> Self {
        Self {
            destination,
            dialer,
            idle: Mutex::default(),
        }
    }

    /// Where it leads.
    #[must_use]
    pub fn destination(&self) -> &Destination {
        &self.destination
    }

    /// Sends a request and waits for the answer, `within` at most.
    ///
    /// # Errors
    /// When there is no whole answer; the error says whether anything was sent.
    pub async fn call(&self, exchange: &Exchange, within: Duration) -> Result<Heard, Broken> {
        let request = self.request(exchange)?;
        let sent = AtomicBool::new(false);
        let ended = tokio::time::timeout(within, self.exchange(request, &sent)).await;
        ended.unwrap_or_else(|_| {
            let message = format!("no answer within {} ms", within.as_millis());
            let timed_out = true;
            Err(if sent.load(Ordering::Relaxed) {
                Broken::Lost { message, timed_out }
            } else {
                Broken::Unreached { message, timed_out }
            })
        })
    }

    async fn exchange(&self, mut request: Request<Full<Bytes>>, sent: &AtomicBool) -> Result<Heard, Broken> {
        while let Some(mut sender) = self.waiting() {
            if sender.ready().await.is_err() {
                continue;
            }
            match self.send(&mut sender, request, sent).await {
                Ok(heard) => return self.keep(sender, heard),
                // The provider had hung up; nothing of the request was written.
                Err((_, Some(unsent))) => request = unsent,
                Err((broken, None)) => return Err(broken),
            }
        }
        let mut sender = self
            .dialer
            .dial(&self.destination)
            .await
            .map_err(|why| self.unreached(why))?;
        match self.send(&mut sender, request, sent).await {
            Ok(heard) => self.keep(sender, heard),
            Err((broken, _)) => Err(broken),
        }
    }

    async fn send(
        &self,
        sender: &mut Sender,
        request: Request<Full<Bytes>>,
        sent: &AtomicBool,
    ) -> Result<Heard, (Broken, Option<Request<Full<Bytes>>>)> {
        sent.store(true, Ordering::Relaxed);
        let response = match sender.try_send_request(request).await {
            Ok(response) => response,
            Err(mut error) => {
                let unsent = error.take_message();
                let message = error.into_error().to_string();
                let timed_out = false;
                if unsent.is_some() {
                    sent.store(false, Ordering::Relaxed);
                    return Err((Broken::Unreached { message, timed_out }, unsent));
                }
                return Err((Broken::Lost { message, timed_out }, None));
            }
        };
        let (head, body) = response.into_parts();
        let body = Limited::new(body, LARGEST).collect().await.map_err(|error| {
            let message = format!("the answer was not read to its end: {error}");
            let timed_out = false;
            (Broken::Lost { message, timed_out }, None)
        })?;
        Ok(Heard {
            status: head.status.as_u16(),
            headers: head.headers,
            body: body.to_bytes(),
        })
    }

    /// A connection that is still open.
    fn waiting(&self) -> Option<Sender> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(sender, since)| !sender.is_closed() && since.elapsed() < IDLE_FOR);
        idle.pop().map(|(sender, _)| sender)
    }

    fn keep(&self, sender: Sender, heard: Heard) -> Result<Heard, Broken> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE && !sender.is_closed() {
            idle.push((sender, Instant::now()));
        }
        Ok(heard)
    }

    fn request(&self, exchange: &Exchange) -> Result<Request<Full<Bytes>>, Broken> {
        let barred = |what: &str| Broken::Barred(what.to_owned());
        let mut path = format!("{}{}", self.destination.prefix, exchange.path);
        let bare = path.split(['?', '#']).next().unwrap_or_default();
        if bare.is_empty() || (bare != "/" && !is_plain_path(bare.strip_suffix('/').unwrap_or(bare))) {
            return Err(barred("the path of the request has empty or dotted segments"));
        }
        if let Some((name, secret)) = &exchange.hidden_query {
            path.push(if path.contains('?') { '&' } else { '?' });
            path.push_str(&encode::form([(name.as_str(), &secret.expose().into())]));
        }
        let method = Method::from_bytes(exchange.method.as_bytes());
        let mut request = Request::builder()
            .method(method.map_err(|_| barred("the method of the request is none"))?)
            .uri(path)
            .header(http::header::HOST, self.destination.authority())
            .body(Full::new(exchange.body.clone()))
            .map_err(|_| barred("the path of the request cannot be sent"))?;
        for (name, value) in &exchange.headers {
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| barred("the name of a header cannot be sent"))?;
            let value = match value {
                Sent::Plain(text) => HeaderValue::from_str(text),
                Sent::Hidden(secret) => HeaderValue::from_str(secret.expose()).map(|mut value| {
                    value.set_sensitive(true);
                    value
                }),
            };
            let value = value.map_err(|_| Broken::Barred(format!("the header `{name}` cannot be sent")))?;
            request.headers_mut().append(name, value);
        }
        Ok(request)
    }

    fn unreached(&self, why: NoLine) -> Broken {
        let host = &self.destination.host;
        let timed_out = false;
        match why {
            NoLine::Barred(Barred::Inside(address, kind)) => {
                Broken::Barred(format!("{host} leads to {address}, {kind}, which is not called"))
            }
            NoLine::Barred(Barred::NotFound(why)) => Broken::Unreached {
                message: format!("{host} is not found: {why}"),
                timed_out,
            },
            NoLine::Failed(why) => Broken::Unreached {
                message: format!("{host} cannot be reached: {why}"),
                timed_out,
            },
        }
    }
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line")
            .field("destination", &self.destination)
            .finish_non_exhaustive()
    }
}
