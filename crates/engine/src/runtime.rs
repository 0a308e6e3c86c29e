//! A plan that is running.
//!
//! Role: [`Runtime`] holds a plan's routes ready to serve, and the world they run in.
//! Input: a plan, settings, a store, a clock, ids. Output: what [`crate::handle`] needs.
//! Invariant: once built it does not change; a reload builds another.
//! Not here: reading files, applying migrations, sockets.

use crate::clock::{Clock, Ids};
use crate::directory::Recorder;
use crate::route::Served;
use crate::router::Router;
use crate::settings::Settings;
use crate::store::Store;
use crate::token::Verifier;
use backflow_plan::model::Plan;
use std::fmt;
use std::sync::Arc;

/// A running plan.
pub struct Runtime {
    pub(crate) routes: Vec<Arc<Served>>,
    pub(crate) router: Router,
    pub(crate) verifier: Option<Verifier>,
    pub(crate) recorder: Option<Recorder>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) max_body: usize,
    dev: bool,
}

/// Why a plan cannot run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildError {
    /// The secret for tokens is shorter than 32 bytes.
    WeakSecret,
    /// Two routes have the same method and path, or a path cannot be served.
    Path(String),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::WeakSecret => f.write_str("the secret for tokens must have at least 32 bytes"),
            BuildError::Path(path) => write!(f, "`{path}` cannot be served: is it there twice?"),
        }
    }
}

impl std::error::Error for BuildError {}

impl Runtime {
    /// Makes a plan ready to serve.
    ///
    /// # Errors
    /// When the secret for tokens is too short, or two routes have one method and path.
    pub fn build(
        plan: Plan,
        settings: Settings,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Result<Runtime, BuildError> {
        let router = Router::build(&plan)?;
        let verifier = Verifier::new(&settings)?;
        let routes = plan
            .routes
            .into_iter()
            .map(|route| Arc::new(Served::new(route, &settings.env)))
            .collect();
        Ok(Runtime {
            routes,
            router,
            verifier,
            recorder: plan.directory.map(Recorder::new),
            store,
            clock,
            ids,
            max_body: settings.max_body,
            dev: settings.dev,
        })
    }

    /// The store, to ask whether it answers.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Whether this is the development server.
    #[must_use]
    pub fn is_dev(&self) -> bool {
        self.dev
    }

    /// This instant, to the microsecond: what is written can be compared with what was meant.
    pub(crate) fn now(&self) -> jiff::Timestamp {
        let now = self.clock.now();
        jiff::Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("routes", &self.routes.len())
            .finish_non_exhaustive()
    }
}
