//! One connection from its first byte to its last.
//!
//! Role: lets hyper speak HTTP/1.1 or HTTP/2 on a socket and answers what it asks.
//! Invariant: an error of a peer ends its connection and nothing else.
//! Not here: accepting and stopping (`listen`).

use crate::answer::answer;
use crate::app::App;
use crate::options::ServeOptions;
use crate::pace::Pace;
use crate::pipe::Pipe;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::Watcher;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;

/// Headers of one request.
const HEADERS: usize = 100;
/// Requests at once on one HTTP/2 connection.
const STREAMS: u32 = 128;
/// How often an HTTP/2 peer is asked whether it is there, and how long it has to say so.
const PING: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(10));

/// What all connections share.
pub(crate) struct Shared<A> {
    app: A,
    options: ServeOptions,
    http: Builder<TokioExecutor>,
}

impl<A: App> Shared<A> {
    pub(crate) fn new(app: A, options: ServeOptions) -> Self {
        let mut http = Builder::new(TokioExecutor::new());
        http.http1()
            .timer(TokioTimer::new())
            // Our own clock for heads knows idle connections from slow ones.
            .header_read_timeout(None)
            .max_headers(HEADERS)
            .max_buf_size(options.head_bytes.max(8192));
        http.http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(u32::try_from(options.head_bytes).unwrap_or(u32::MAX))
            .keep_alive_interval(PING.0)
            .keep_alive_timeout(PING.1);
        Self { app, options, http }
    }
}

/// Serves a connection from an address until either side closes it.
pub(crate) async fn run<A: App>(shared: Arc<Shared<A>>, (stream, peer): (TcpStream, IpAddr), stop: Watcher) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "connection without TCP_NODELAY");
    }
    let pace = Arc::new(Pace::new(&shared.options));
    let pipe = Pipe::new(stream, Arc::clone(&pace), shared.options.write_timeout);
    let service = service_fn({
        let shared = Arc::clone(&shared);
        move |request: http::Request<hyper::body::Incoming>| {
            let (shared, pace) = (Arc::clone(&shared), Arc::clone(&pace));
            async move {
                let _in_flight = pace.begin(request.version() == http::Version::HTTP_2);
                Ok::<_, Infallible>(answer(&shared.app, &shared.options, (request, peer)).await)
            }
        }
    });
    let connection = shared.http.serve_connection(TokioIo::new(pipe), service);
    if let Err(error) = stop.watch(connection).await {
        tracing::debug!(error = %error, "connection ended");
    }
}
