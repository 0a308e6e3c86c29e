//! A server from start to stop.
//!
//! Role: builds the runtime of a compiled project, listens, serves, stops in order.
//! Input: a project without faults and an open database with its migrations. Output: requests answered.
//! Invariant: the database is closed after the last request in flight was answered.
//! Not here: sockets (the server), preparing the project (`command::serve`, `command::dev`).

use crate::args::ListenArgs;
use crate::assemble::{self, Providers};
use crate::compiled::Compiled;
use crate::database::Database;
use crate::environment::Environment;
use anyhow::{Context, Result, anyhow};
use backflow_server::{ServeOptions, serve};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

const PORT: u16 = 3000;

/// How long runs of workflows may go on after the last connection is closed; what is left is taken up again later.
const REST: Duration = Duration::from_secs(5);

/// Binds the address of the arguments, else of `HOST` and `PORT`, else 127.0.0.1:3000.
pub(crate) fn bind(args: &ListenArgs, environment: &Environment) -> Result<TcpListener> {
    let host = match (args.host, environment.value("HOST")) {
        (Some(host), _) => host,
        (None, Some("localhost") | None) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        (None, Some(text)) => text
            .parse()
            .with_context(|| format!("HOST is no address: {text}"))?,
    };
    let port = match (args.port, environment.value("PORT")) {
        (Some(port), _) => port,
        (None, Some(text)) => text.parse().with_context(|| format!("PORT is no port: {text}"))?,
        (None, None) => PORT,
    };
    let address = SocketAddr::new(host, port);
    let listener = TcpListener::bind(address)
        .with_context(|| format!("cannot listen on {address}; is it taken? choose another with --port"))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves until told to stop.
pub(crate) fn run(
    compiled: Compiled,
    database: &Database,
    listener: TcpListener,
    providers: Providers,
) -> Result<()> {
    let runtime = Arc::new(assemble::runtime(compiled, database, providers)?);
    database.runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        let stop = stop_signal()?;
        runtime
            .start()
            .await
            .map_err(|fault| anyhow!("runs cannot be kept: {}", fault.message()))?;
        tracing::info!(%address, "listening");
        let stopped = serve(listener, Arc::clone(&runtime), ServeOptions::default(), stop).await;
        if stopped.cut_off > 0 {
            tracing::warn!(connections = stopped.cut_off, "connections were cut off");
        }
        runtime.rest(REST).await;
        anyhow::Ok(())
    })?;
    database.close();
    tracing::info!("stopped");
    Ok(())
}

/// Ready at the first SIGTERM or SIGINT; a second one ends the process at once.
#[cfg(unix)]
fn stop_signal() -> Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        tracing::info!("stopping");
        tokio::spawn(async move {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            // Lines that wait are lost; whoever asks twice does not want to wait.
            std::process::exit(130);
        });
    })
}

#[cfg(not(unix))]
fn stop_signal() -> Result<impl Future<Output = ()>> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        tracing::info!("stopping");
    })
}
