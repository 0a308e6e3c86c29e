//! Workflows.
//!
//! Role: runs what is more than a list of queries: steps of all kinds, in transactions between which providers are
//! called. Runs that call providers are kept in the journal and outlive their process.
//! Invariant: a provider's call never runs inside a transaction; what was asked of it is journalled before it is
//! sent.
//! Not here: what a workflow means (the plan), how a provider is spoken to (the connectors).

mod desk;
mod drive;
mod event;
mod group;
mod intent;
mod job;
mod journal;
mod kept;
mod lease;
mod load;
mod send;
mod serve;
mod settled;
mod undo;
mod view;
mod worker;

pub use desk::{Desk, RunEnd, RunInfo, StepInfo};
pub(crate) use event::Acted;
pub(crate) use group::{Group, Join, Starting};
pub(crate) use intent::{Intent, digest};
pub(crate) use job::{Job, Jobs};
pub(crate) use journal::{call, instant, maybe, text};
pub(crate) use kept::tenant as tenant_text;
pub(crate) use serve::{Ask, Reached, Seen};
pub(crate) use settled::Settled;

use crate::clock::{Clock, Ids};
use crate::connector::Connectors;
use crate::fault::Fault;
use crate::pause::{doubled, jittered};
use crate::settings::Secret;
use crate::store::Store;
use backflow_plan::model::{Journal, Plan};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// How long a worker holds a run without a sign of life.
const LEASE: SignedDuration = SignedDuration::from_secs(5);

/// Until when a run is its worker's, from now.
pub(crate) fn lease(now: Timestamp) -> Timestamp {
    now.checked_add(LEASE).unwrap_or(now)
}

/// A pause before try number `tries` + 1, from 1.
fn patience(shortest: Duration, tries: u32, longest: Duration) -> Duration {
    jittered(doubled(shortest, tries.saturating_sub(1), longest))
}

/// The plan of an earlier version of the project's files.
pub trait Versions: Send + Sync + 'static {
    /// Compiles files as the journal keeps them; `None`: they do not fit the database any more.
    fn plan(&self, files: &str) -> Option<Plan>;
}

/// The version of the files that a runtime serves.
#[derive(Debug, Clone, Default)]
pub struct Version {
    /// A digest of the files.
    pub name: String,
    /// The files, in a form that [`Versions`] reads.
    pub files: String,
}

/// Runs workflows.
pub(crate) struct Works {
    jobs: Jobs,
    /// Those of earlier versions, once they were asked for.
    former: Mutex<HashMap<String, Arc<Jobs>>>,
    env: HashMap<String, String>,
    /// Values that are not shown.
    secrets: Vec<Secret>,
    versions: Option<Arc<dyn Versions>>,
    files: String,
    version: Arc<str>,
    /// Our name among the workers, once it is needed.
    worker: OnceLock<Arc<str>>,
    journal: Arc<Journal>,
    connectors: Arc<Connectors>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    live: Mutex<HashMap<Arc<str>, watch::Receiver<Seen>>>,
    held: Mutex<lease::Holdings>,
    stopping: AtomicBool,
}

/// What a [`Works`] is made of.
pub(crate) struct Parts {
    pub(crate) jobs: Jobs,
    pub(crate) env: HashMap<String, String>,
    pub(crate) secrets: Vec<Secret>,
    pub(crate) version: Version,
    pub(crate) versions: Option<Arc<dyn Versions>>,
    pub(crate) journal: Journal,
    pub(crate) connectors: Connectors,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
}

impl Works {
    pub(crate) fn new(parts: Parts) -> Self {
        Self {
            jobs: parts.jobs,
            former: Mutex::default(),
            env: parts.env,
            secrets: parts.secrets,
            versions: parts.versions,
            files: parts.version.files,
            version: parts.version.name.into(),
            worker: OnceLock::new(),
            journal: Arc::new(parts.journal),
            connectors: Arc::new(parts.connectors),
            store: parts.store,
            clock: parts.clock,
            ids: parts.ids,
            live: Mutex::default(),
            held: Mutex::default(),
            stopping: AtomicBool::new(false),
        }
    }

    /// Keeps the files of this version, and starts to look after runs.
    pub(crate) async fn start(self: Arc<Self>) -> Result<(), Fault> {
        let values = vec![
            journal::text(&self.version),
            journal::text(&self.files),
            journal::instant(self.now()),
        ];
        self.write(journal::call(&self.journal.runs.keep_version, values, true))
            .await?;
        tokio::spawn(self.pulse());
        Ok(())
    }

    /// Takes up no more runs. Those that are under way go on.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, std::sync::atomic::Ordering::Relaxed);
    }

    /// Whether no run is under way here.
    pub(crate) fn is_idle(&self) -> bool {
        self.live().is_empty()
    }

    /// The journal's statements.
    pub(crate) fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// The values of the environment.
    pub(crate) fn env(&self) -> &HashMap<String, String> {
        &self.env
    }

    /// Fresh ids.
    pub(crate) fn ids(&self) -> &Arc<dyn Ids> {
        &self.ids
    }

    /// The database.
    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    pub(crate) fn find_job(&self, name: &str) -> Option<Arc<Job>> {
        self.jobs.get(name).map(Arc::clone)
    }

    /// A workflow of a version.
    async fn job(&self, version: &str, name: &str) -> Result<Arc<Job>, Fault> {
        let gone = || Fault::internal(format!("version {version} of `{name}` is not known here"));
        if version == &*self.version {
            return self.find_job(name).ok_or_else(gone);
        }
        if let Some(jobs) = self.former().get(version) {
            return jobs.get(name).map(Arc::clone).ok_or_else(gone);
        }
        let jobs = Arc::new(self.compile(version).await?);
        self.former().insert(version.to_owned(), Arc::clone(&jobs));
        jobs.get(name).map(Arc::clone).ok_or_else(gone)
    }

    async fn compile(&self, version: &str) -> Result<Jobs, Fault> {
        let unfit = || Fault::internal(format!("version {version} does not fit this database any more"));
        let versions = self.versions.as_ref().ok_or_else(unfit)?;
        let call = journal::call(&self.journal.runs.version, vec![journal::text(version)], true);
        let found = self.read(call).await?;
        let files = match found.rows.first().and_then(|row| row.cells.first()) {
            Some(backflow_sql::ir::Datum::Text(files)) => Arc::clone(files),
            _ => return Err(unfit()),
        };
        let plan = versions.plan(&files).ok_or_else(unfit)?;
        Ok(Job::all(&plan, &self.env))
    }

    fn worker(&self) -> &Arc<str> {
        self.worker.get_or_init(|| self.ids.key().into())
    }

    fn former(&self) -> MutexGuard<'_, HashMap<String, Arc<Jobs>>> {
        self.former.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn live(&self) -> MutexGuard<'_, HashMap<Arc<str>, watch::Receiver<Seen>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This instant, to the microsecond.
    pub(crate) fn now(&self) -> Timestamp {
        let now = self.clock.now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}
