//! Settings and the socket.
//!
//! Invariant: listens on loopback, without Nagle's delay, on as many threads as there are cores.
//! Not here: routes.

use axum::Router;
use axum::serve::ListenerExt;
use std::net::{Ipv4Addr, SocketAddr};

/// A variable that must be set.
///
/// # Panics
/// It is not; the server has not started yet.
#[must_use]
pub fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_missing| panic!("{name} is not set"))
}

/// Serves on `PORT`.
///
/// # Errors
/// The port is taken.
pub async fn serve(router: Router) -> std::io::Result<()> {
    let port = setting("PORT").parse().map_err(std::io::Error::other)?;
    let listener = tokio::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            eprintln!("no TCP_NODELAY: {error}");
        }
    });
    axum::serve(listener, router).await
}
