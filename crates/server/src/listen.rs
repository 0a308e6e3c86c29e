//! Accepts connections until told to stop, then lets those in flight finish.
//!
//! Role: [`serve`].
//! Invariant: after the word to stop nothing new is accepted, and within the drain time every request that
//! was begun is answered.
//! Not here: signals, closing the store.

use crate::app::App;
use crate::connection::{self, Shared};
use crate::options::ServeOptions;
use backflow_engine::Runtime;
use hyper_util::server::graceful::GracefulShutdown;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

/// Pause after the system could not give us a connection (too many open files).
const PAUSE: Duration = Duration::from_millis(50);

/// How serving ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// Connections that were still busy after the drain time.
    pub cut_off: usize,
}

/// Serves a runtime on a listener until `stop` is ready and requests in flight are answered.
///
/// Needs a Tokio runtime with time and IO. Connections beyond the limit wait to be accepted.
pub async fn serve(
    listener: TcpListener,
    runtime: Arc<Runtime>,
    options: ServeOptions,
    stop: impl Future<Output = ()>,
) -> Stopped {
    serve_app(listener, runtime, options, stop).await
}

pub(crate) async fn serve_app<A: App>(
    listener: TcpListener,
    app: A,
    options: ServeOptions,
    stop: impl Future<Output = ()>,
) -> Stopped {
    let drain = options.drain;
    let limit = options.connections.clamp(1, Semaphore::MAX_PERMITS);
    let permits = Arc::new(Semaphore::new(limit));
    let shared = Arc::new(Shared::new(app, options));
    let connections = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let next = accept(&listener, &permits);
        let (socket, permit) = tokio::select! {
            biased;
            () = &mut stop => break,
            next = next => next,
        };
        let (shared, watcher) = (Arc::clone(&shared), connections.watcher());
        tokio::spawn(async move {
            connection::run(shared, socket, watcher).await;
            drop(permit);
        });
    }
    drop(listener);
    let open = || limit - permits.available_permits();
    tracing::debug!(connections = open(), "draining");
    match timeout(drain, connections.shutdown()).await {
        Ok(()) => Stopped { cut_off: 0 },
        Err(_elapsed) => Stopped { cut_off: open() },
    }
}

/// The next connection, when there is room for one.
async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> ((TcpStream, IpAddr), OwnedSemaphorePermit) {
    let permit = Arc::clone(permits)
        .acquire_owned()
        .await
        .expect("invariant: nobody closes the semaphore");
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return ((stream, peer.ip()), permit),
            Err(error) if is_of_peer(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections");
                sleep(PAUSE).await;
            }
        }
    }
}

fn is_of_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}
