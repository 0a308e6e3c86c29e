//! Connections.
//!
//! Role: HTTP/1.1 on a loopback socket; hands requests to `flow.rs` and `control`, and cuts connections when told.
//! Invariant: a request is bounded in size and in time before anything looks at it; a cut connection carries no byte
//! of an answer.
//! Not here: what is answered.

use super::asked::{Answer, Asked};
use super::shared::Shared;
use super::{control, flow};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Bytes of a body.
const BODY: usize = 4 * 1024 * 1024;
/// Time for a head, and for a body.
const READING: Duration = Duration::from_secs(30);
/// Connections at once.
const CONNECTIONS: usize = 1024;
/// Pause after the system could not give us a connection.
const PAUSE: Duration = Duration::from_millis(50);

/// The connection ends without an answer.
#[derive(Debug)]
pub(crate) struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cut as a fault asks for")
    }
}

impl std::error::Error for Cut {}

/// Accepts connections for ever; they end when this does.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let shared = Arc::clone(&shared);
                connections.spawn(async move {
                    connection(stream, shared).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::debug!(%error, "the sandbox cannot accept a connection");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "connection without TCP_NODELAY");
    }
    let is_reset = Arc::new(AtomicBool::new(false));
    let line = Line {
        stream,
        is_reset: Arc::clone(&is_reset),
    };
    let service = service_fn(move |request| {
        let (shared, is_reset) = (Arc::clone(&shared), Arc::clone(&is_reset));
        async move {
            let answer = answer(&shared, request).await;
            is_reset.store(answer.is_err(), Ordering::Relaxed);
            answer.map(respond)
        }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(READING)
        .max_headers(100);
    if let Err(error) = builder.serve_connection(TokioIo::new(line), service).await {
        tracing::debug!(%error, "a connection to the sandbox ended");
    }
}

async fn answer(shared: &Arc<Shared>, request: http::Request<Incoming>) -> Result<Answer, Cut> {
    let (head, body) = request.into_parts();
    let read = tokio::time::timeout(READING, Limited::new(body, BODY).collect()).await;
    let Ok(Ok(body)) = read else {
        return Ok(control::said(413, "the body is too long, too slow or broken"));
    };
    let headers = head.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    let asked = Asked {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: headers.collect(),
        body: body.to_bytes().to_vec(),
    };
    if !is_local(&asked) {
        return Ok(control::said(
            403,
            "the sandbox answers to the names of this machine only",
        ));
    }
    match asked.path.as_str() {
        path if path == "/_sandbox" || path.starts_with("/_sandbox/") => Ok(control::answer(shared, &asked)),
        "/" => Ok(control::moved("/_sandbox/")),
        _ => flow::answer(shared, asked).await,
    }
}

/// Whether the request was meant for this machine, and not sent here by a page from elsewhere.
fn is_local(asked: &Asked) -> bool {
    let is_ours = |authority: &str| {
        let host = authority
            .rsplit_once(':')
            .filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
        let host = host.map_or(authority, |(host, _)| host);
        let is_loopback = |address: std::net::Ipv4Addr| address.is_loopback();
        host == "localhost" || host == "[::1]" || host.parse().is_ok_and(is_loopback)
    };
    let origin = asked
        .header("origin")
        .map(|origin| origin.rsplit("://").next().unwrap_or_default());
    asked.header("host").is_none_or(is_ours) && origin.is_none_or(is_ours)
}

fn respond(answer: Answer) -> http::Response<Full<Bytes>> {
    let mut response = http::Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = http::StatusCode::from_u16(answer.status).unwrap_or_default();
    for (name, value) in answer.headers {
        let name = http::HeaderName::try_from(name);
        if let (Ok(name), Ok(value)) = (name, http::HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// A socket that can end with a reset.
struct Line {
    stream: TcpStream,
    is_reset: Arc<AtomicBool>,
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.is_reset.load(Ordering::Relaxed)
            && let Err(error) = self.stream.set_zero_linger()
        {
            tracing::debug!(%error, "a connection cannot be reset");
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_reset.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
