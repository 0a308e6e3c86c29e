//! Migrations and introspection on a server of the tests' own.
#![allow(clippy::unwrap_used, clippy::panic, reason = "all of this is tests")]

mod introspect;
mod migrate;

use backflow_catalog::{Schema, read};
use backflow_diag::{Diagnostics, SourceMap};
use backflow_postgres::{Options, Postgres, Script};
use backflow_testkit::cluster::{Cluster, Database};
use tokio_postgres::{Client, NoTls};

/// An empty database, and a store on it.
async fn fresh() -> (Database, Postgres) {
    let database = tokio::task::spawn_blocking(|| Cluster::shared().create())
        .await
        .unwrap();
    let store = open(&database).await;
    (database, store)
}

async fn open(database: &Database) -> Postgres {
    Postgres::open(Options::parse(&database.url()).unwrap())
        .await
        .unwrap()
}

/// A connection beside the store.
async fn client(database: &Database) -> Client {
    let (client, connection) = tokio_postgres::connect(&database.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Files as a project has them.
fn files(files: &[(&str, &str)]) -> (Schema, Vec<Script>) {
    let (mut sources, mut out) = (SourceMap::default(), Diagnostics::default());
    let ids: Vec<_> = files
        .iter()
        .map(|(name, text)| sources.add(format!("migrations/{name}"), *text))
        .collect();
    let schema = read(&sources, &ids, &mut out);
    assert!(!out.has_errors(), "{:?}", out.iter().collect::<Vec<_>>());
    let script = |migration: &backflow_catalog::Migration| Script {
        name: migration.name.clone(),
        checksum: format!("of {}", sources.text(migration.file)),
        statements: migration.pieces(&sources),
        transactional: migration.transactional,
    };
    let scripts = schema.migrations.iter().map(script).collect();
    (schema, scripts)
}

fn scripts(named: &[(&str, &str)]) -> Vec<Script> {
    files(named).1
}

/// The one value that a query gives, as text.
async fn value(client: &Client, sql: &str) -> String {
    let rows = client.query(&format!("SELECT ({sql})::text"), &[]).await.unwrap();
    rows[0].get::<_, Option<String>>(0).unwrap_or_default()
}
