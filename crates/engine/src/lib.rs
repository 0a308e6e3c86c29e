//! Runs a Plan: the request path, the executor, and the traits that stores implement.
//!
//! Role: [`handle`] turns a [`Request`] into a [`Reply`] by way of a [`Runtime`], which is a
//! [`Plan`](backflow_plan::model::Plan) with settings, a store, a clock and a source of ids.
//! Invariant: no statement runs without a [`permit::Permit`]; no caller sees a database's own words; a request
//! commits all it wrote or nothing.
//! Not here: sockets (the server), drivers (the stores), SQL text and names (the plan).
//!
//! ```no_run
//! # use backflow_engine::*;
//! # async fn example(plan: backflow_plan::model::Plan, store: std::sync::Arc<dyn store::Store>) -> Result<(), BuildError> {
//! let outside = Outside::new(store, std::sync::Arc::new(SystemClock), std::sync::Arc::new(SystemIds));
//! let runtime = Runtime::build(plan, Settings::default(), outside)?;
//! let headers = http::HeaderMap::new();
//! let request = Request {
//!     method: &http::Method::GET,
//!     path: "/organizations/acme",
//!     query: None,
//!     headers: &headers,
//!     peer: [127, 0, 0, 1].into(),
//!     body: bytes::Bytes::new(),
//! };
//! let reply = handle(&runtime, request).await;
//! assert!(reply.headers.contains_key("x-request-id"));
//! # Ok(()) }
//! ```

mod base64url;
mod binds;
mod cache;
mod caller;
mod clock;
pub mod connector;
mod directory;
mod event;
mod fault;
mod format;
mod frame;
mod guard;
mod handle;
mod hook;
mod host;
mod input;
mod key;
mod limit;
mod listed;
pub mod migrations;
mod offered;
mod path;
pub mod pause;
pub mod permit;
mod prepare;
mod query;
mod rate;
mod render;
mod reply;
mod request;
mod results;
mod route;
mod router;
mod runtime;
mod settings;
pub mod signature;
pub mod store;
pub mod token;
pub mod transaction;
mod validate;
mod work;

pub use clock::{Clock, CorrectedClock, Ids, SystemClock, SystemIds};
pub use fault::{Code, Detail, Fault};
pub use handle::handle;
pub use hook::{EventDesk, EventDetail, EventInfo, Rehearsed, Replay, RowChange};
pub use rate::Counters;
pub use reply::Reply;
pub use request::{BodyError, BodySource, Request};
pub use runtime::{BuildError, Outside, Runtime};
pub use settings::{Secret, Settings};
pub use work::{Desk, RunEnd, RunInfo, StepInfo, Version, Versions};
