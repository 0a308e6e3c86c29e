//! A project served in this process, on real sockets, with the real clock.
//!
//! Invariant: listens on loopback, on a port that is free.
//! Not here: the load; see `load`.

use anyhow::{Context, Result};
use backflow_engine::{Outside, Runtime, Secret, Settings, SystemClock, SystemIds};
use backflow_server::{ServeOptions, serve};
use backflow_sqlite::{Options, Sqlite};
use backflow_testkit::Compiled;
use std::net::SocketAddr;
use std::sync::Arc;

/// The secret of tokens; the one that `backflow_testkit::bearer` signs with.
const SECRET: &str = "a secret for tests, thirty-two bytes or more";

/// A running server.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) store: Arc<Sqlite>,
    _folder: tempfile::TempDir,
}

/// A project that is ready to answer.
pub(crate) struct Built {
    pub(crate) runtime: Arc<Runtime>,
    store: Arc<Sqlite>,
    folder: tempfile::TempDir,
}

/// Serves a compiled project from a fresh database file.
pub(crate) async fn start(compiled: Compiled, options: Options) -> Result<Served> {
    let built = build(compiled, options)?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(serve(
        listener,
        built.runtime,
        ServeOptions::default(),
        std::future::pending(),
    ));
    Ok(Served {
        address,
        store: built.store,
        _folder: built.folder,
    })
}

/// Makes a compiled project ready to answer, with a fresh database file.
pub(crate) fn build(compiled: Compiled, options: Options) -> Result<Built> {
    let report = compiled.report();
    let plan = compiled.plan.context(report)?;
    let folder = tempfile::tempdir_in(std::env::current_dir()?.join("target"))?;
    let store = Arc::new(Sqlite::open(&folder.path().join("app.db"), options)?);
    let setup = plan
        .directory
        .as_ref()
        .map(|d| d.setup.clone())
        .unwrap_or_default();
    store.migrate(&compiled.migrations, &setup)?;
    let settings = Settings {
        jwt_secret: Some(Secret::new(SECRET)),
        env: compiled.env.into_iter().collect(),
        ..Settings::default()
    };
    let runtime = Runtime::build(
        plan,
        settings,
        Outside::new(store.clone(), Arc::new(SystemClock), Arc::new(SystemIds)),
    )?;
    Ok(Built {
        runtime: Arc::new(runtime),
        store,
        folder,
    })
}
