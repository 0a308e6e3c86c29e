//! A project served from a PostgreSQL at an address of the test's choice.
//!
//! Invariant: the store lives on the test's own runtime, and nothing between the test and the engine tries again.

use backflow_engine::{Outside, Request, Runtime, Settings, SystemClock, SystemIds, handle};
use backflow_postgres::Postgres;
use backflow_sql::ir::Dialect;
use backflow_testkit::cluster::{Cluster, Database};
use backflow_testkit::proxy::Proxy;
use backflow_testkit::{Probe, Project};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const TABLES: &str = "
CREATE TABLE notes (id TEXT PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE counters (id TEXT PRIMARY KEY, n BIGINT NOT NULL);
";

/// `/notes` is one statement; `/both` is a transaction that reads what it wrote, which no single statement can.
const ROUTES: &str = r#"[
  { "path": "/notes", "method": "post", "supabaseQueries": [
    { "table": "notes", "operation": "insert", "data": { "id": "{{body.id}}", "text": "one" } }] },
  { "path": "/notes/:id", "method": "get", "supabaseQueries": [
    { "table": "notes", "operation": "select", "single": true, "filters": [{ "column": "id", "operator": "eq", "value": "{{params.id}}" }] }] },
  { "path": "/both", "method": "post", "status": 201, "supabaseQueries": [
    { "table": "notes", "operation": "insert", "data": { "id": "{{body.id}}", "text": "first" } },
    { "table": "notes", "operation": "insert", "data": { "id": "{{body.id}}-2", "text": "second" } },
    { "table": "notes", "operation": "select", "single": true, "filters": [{ "column": "id", "operator": "eq", "value": "{{body.id}}" }] }] },
  { "path": "/slow", "method": "get", "supabaseQueries": [{ "table": "slow", "operation": "select" }] },
  { "path": "/constant-row", "method": "get", "supabaseQueries": [{ "table": "counters", "operation": "select" }] },
  { "path": "/bump/:id", "method": "post", "supabaseQueries": [
    { "table": "counters", "operation": "update", "data": { "n": "n + 1" }, "single": true, "filters": [{ "column": "id", "operator": "eq", "value": "{{params.id}}" }] }] },
  { "path": "/forth", "method": "post", "supabaseQueries": [
    { "table": "counters", "operation": "update", "data": { "n": "n + 1" }, "single": true, "filters": [{ "column": "id", "operator": "eq", "value": "a" }] },
    { "table": "counters", "operation": "update", "data": { "n": "n + 1" }, "single": true, "filters": [{ "column": "id", "operator": "eq", "value": "b" }] }] },
  { "path": "/back", "method": "post", "supabaseQueries": [
    { "table": "counters", "operation": "update", "data": { "n": "n + 1" }, "single": true, "filters": [{ "column": "id", "operator": "eq", "value": "b" }] },
    { "table": "counters", "operation": "update", "data": { "n": "n + 1" }, "single": true, "filters": [{ "column": "id", "operator": "eq", "value": "a" }] }] }
]"#;

/// Read by `/slow`; to the plan a table like others.
const SLOW: &str = "CREATE TABLE slow (id TEXT PRIMARY KEY, text TEXT);";
const SLOW_VIEW: &str = "CREATE VIEW slow AS SELECT 'x' AS id, pg_sleep(0.01)::text AS text;";

/// A served project; clones are the same one.
#[derive(Clone)]
pub(crate) struct Served(Arc<Inner>);

struct Inner {
    runtime: Runtime,
    /// Goes after the store.
    database: Database,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) retry_after: Option<HeaderValue>,
}

/// A body with an id that nobody else has.
pub(crate) fn unique() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!(r#"{{"id":"u{}"}}"#, COUNT.fetch_add(1, Ordering::Relaxed))
}

impl Served {
    /// Directly.
    pub(crate) async fn on(cluster: &Arc<Cluster>, settings: &str) -> Self {
        let database = prepared(cluster).await;
        let url = format!("{}?{settings}", database.url());
        Self::open(database, &url).await
    }

    /// Over a line that may break.
    pub(crate) async fn through(cluster: &Arc<Cluster>, proxy: &Proxy, settings: &str) -> Self {
        let database = prepared(cluster).await;
        let (port, name) = (proxy.port(), database.name());
        let url = format!("postgres://postgres@127.0.0.1:{port}/{name}?{settings}");
        Self::open(database, &url).await
    }

    /// As somebody who must name a password.
    pub(crate) async fn with_password(cluster: &Arc<Cluster>, password: &str) -> Self {
        let database = prepared(cluster).await;
        let probe = Probe::postgres(&database.url());
        probe.execute(&format!(
            "CREATE ROLE app LOGIN PASSWORD '{password}'; GRANT ALL ON ALL TABLES IN SCHEMA public TO app"
        ));
        // Written by the server itself, into its own file of rules.
        probe.execute(
            "CREATE TABLE rules (line TEXT);
             INSERT INTO rules VALUES ('host all app 127.0.0.1/32 scram-sha-256'), ('host all all 127.0.0.1/32 trust'),
               ('local all all trust');
             DO $$ BEGIN EXECUTE format('COPY rules TO %L', current_setting('hba_file')); END $$;
             SELECT pg_reload_conf()",
        );
        tokio::time::sleep(Duration::from_millis(300)).await;
        let (port, name) = (cluster.port(), database.name());
        let url = format!("postgres://app:{password}@127.0.0.1:{port}/{name}");
        Self::open(database, &url).await
    }

    async fn open(database: Database, url: &str) -> Self {
        let compiled = Project::default()
            .file("backflow.json", r#"{ "tenancy": false }"#)
            .file("migrations/0001_start.sql", &format!("{TABLES}{SLOW}"))
            .file("routes/all.json", ROUTES)
            .compile_for(Dialect::Postgres);
        let report = compiled.report();
        let plan = compiled.plan.unwrap_or_else(|| panic!("{report}"));
        let options = backflow_postgres::Options::parse(url).unwrap();
        let store = Arc::new(Postgres::open(options).await.unwrap());
        let settings = Settings::default();
        let runtime = Runtime::build(
            plan,
            settings,
            Outside::new(store, Arc::new(SystemClock), Arc::new(SystemIds)),
        )
        .unwrap();
        Served(Arc::new(Inner { runtime, database }))
    }

    /// A connection past everything; of the moment, because servers come and go.
    pub(crate) fn probe(&self) -> Probe {
        Probe::postgres(&self.0.database.url())
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, "").await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Reply {
        self.send(Method::POST, path, body).await
    }

    async fn send(&self, method: Method, path: &str, body: &str) -> Reply {
        let mut headers = HeaderMap::new();
        headers.insert(
            http::header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        let request = Request {
            method: &method,
            path,
            query: None,
            headers: &headers,
            peer: [127, 0, 0, 1].into(),
            body: Bytes::copy_from_slice(body.as_bytes()),
        };
        let reply = handle(&self.0.runtime, request).await;
        Reply {
            status: reply.status.as_u16(),
            body: String::from_utf8_lossy(&reply.body).into_owned(),
            retry_after: reply.headers.get(http::header::RETRY_AFTER).cloned(),
        }
    }

    /// Ends all sessions of the store, as an administrator may, and waits until they are gone and that was heard: a
    /// write on a connection that is dead, but not known to be, has an unknown outcome.
    pub(crate) async fn disconnect(&self) {
        let ours = "FROM pg_stat_activity WHERE application_name = 'backflow'";
        let probe = self.probe();
        let _ended = probe.rows(&format!("SELECT pg_terminate_backend(pid) {ours}"));
        let begun = Instant::now();
        while probe.number(&format!("SELECT count(*) {ours}")) > 0 {
            assert!(begun.elapsed() < Duration::from_secs(10), "sessions do not end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }

    pub(crate) fn change_password(&self, password: &str) {
        self.probe()
            .execute(&format!("ALTER ROLE app PASSWORD '{password}'"));
    }

    /// Waits until no session of the store is in a transaction or runs anything.
    pub(crate) async fn at_rest(&self) {
        let begun = Instant::now();
        let busy =
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'backflow' AND state <> 'idle'";
        while self.probe().number(busy) > 0 {
            assert!(
                begun.elapsed() < Duration::from_secs(3),
                "sessions are still busy"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn prepared(cluster: &Arc<Cluster>) -> Database {
    let cluster = Arc::clone(cluster);
    crate::blocking(move || {
        let database = cluster.create();
        Probe::postgres(&database.url()).execute(&format!("{TABLES}{SLOW_VIEW}"));
        database
    })
    .await
}
