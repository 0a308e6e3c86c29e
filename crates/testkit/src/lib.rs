//! What tests share: projects in memory, a world that stands still, golden documents.
//!
//! Role: [`Project`] compiles files given as text, [`World`] serves them with a fixed clock and counted ids from one
//! of the databases of [`Backend`], [`document::run`] executes a golden document on one. [`cluster`] and [`bouncer`]
//! are a PostgreSQL and a PgBouncer of the tests' own, [`proxy`] a bad line to them.
//! Invariant: the same document gives the same bytes, on every database and every day.
//! Not here: anything that ships.
//!
//! ```
//! let compiled = backflow_testkit::Project::default()
//!     .file("backflow.json", r#"{"tenancy": false}"#)
//!     .file("migrations/0001_init.sql", "CREATE TABLE notes (id BIGINT PRIMARY KEY, text TEXT NOT NULL);")
//!     .file("routes/list.json", r#"{"path": "/notes", "method": "get", "supabaseQueries": [{"table": "notes", "operation": "select"}]}"#)
//!     .compile();
//! assert!(compiled.plan.is_some(), "{}", compiled.report());
//! ```

#![allow(
    clippy::panic,
    reason = "a broken fixture is told at once; nothing here ships"
)]

mod blocking;
pub mod bouncer;
pub mod cluster;
pub mod crawl;
pub mod document;
mod home;
pub mod mutants;
mod parse;
mod probe;
mod project;
pub mod proxy;
mod sandboxed;
mod world;

pub use home::{Backend, Home};
pub use probe::{Probe, Row};
pub use project::{Compiled, Project};
pub use sandboxed::Providers;
pub use world::{Answer, FixedClock, World, bearer, person};
