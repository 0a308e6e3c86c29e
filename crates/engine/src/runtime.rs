//! A plan that is running.
//!
//! Role: [`Runtime`] holds a plan's routes ready to serve, and the world they run in.
//! Input: a plan, settings, what lies outside. Output: what [`crate::handle`] needs.
//! Invariant: once built it does not change; a reload builds another.
//! Not here: reading files, applying migrations, sockets.

use crate::cache::Answers;
use crate::clock::{Clock, Ids};
use crate::connector::Connectors;
use crate::directory::Recorder;
use crate::fault::Fault;
use crate::hook::{EventDesk, Hooks};
use crate::rate::Counters;
use crate::route::Served;
use crate::router::Router;
use crate::settings::{Secret, Settings};
use crate::signature::{NoSignatures, Signatures};
use crate::store::Store;
use crate::token::Verifier;
use crate::work::{Desk, Job, Jobs, Parts, Versions, Works};
use backflow_plan::model::{Journal, Plan, Proxies};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Shorter values of the environment are words like `on`, which hide nothing and would hide much.
const SHORTEST_SECRET: usize = 8;

/// A running plan.
pub struct Runtime {
    pub(crate) routes: Vec<Arc<Served>>,
    pub(crate) router: Router,
    pub(crate) verifier: Option<Verifier>,
    pub(crate) recorder: Option<Recorder>,
    /// What runs workflows; a plan without a journal has none.
    pub(crate) works: Option<Arc<Works>>,
    /// What takes events in; a plan without a journal has none.
    pub(crate) hooks: Option<Arc<Hooks>>,
    /// Answers that are kept; a plan in which no route keeps any has none.
    pub(crate) answers: Option<Arc<Answers>>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) max_body: usize,
    /// What limits count with.
    pub(crate) counters: Arc<Counters>,
    /// Whose word about a caller's address counts.
    pub(crate) proxies: Proxies,
    dev: bool,
}

/// What a runtime meets outside.
#[derive(Clone)]
pub struct Outside {
    /// The database.
    pub store: Arc<dyn Store>,
    /// The providers that can be called.
    pub connectors: Connectors,
    /// How deliveries to webhooks are signed.
    pub signatures: Arc<dyn Signatures>,
    /// How the files of earlier versions become plans, for runs that they started.
    pub versions: Option<Arc<dyn Versions>>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Fresh ids.
    pub ids: Arc<dyn Ids>,
    /// What limits count with. A runtime that is built with those of another counts on.
    pub counters: Arc<Counters>,
}

impl Outside {
    /// A world without providers, in which no delivery to a webhook is believed.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self {
            store,
            connectors: Connectors::default(),
            signatures: Arc::new(NoSignatures),
            versions: None,
            clock,
            ids,
            counters: Arc::default(),
        }
    }
}

/// Why a plan cannot run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildError {
    /// The secret for tokens is shorter than 32 bytes.
    WeakSecret,
    /// Two routes have the same method and path, or a path cannot be served.
    Path(String),
    /// A webhook has no secret, or an empty one: the name of the webhook.
    NoSecret(String),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::WeakSecret => f.write_str("the secret for tokens must have at least 32 bytes"),
            BuildError::NoSecret(hook) => {
                write!(
                    f,
                    "the webhook `{hook}` has no secret: the variable behind `secret` is empty"
                )
            }
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
    pub fn build(plan: Plan, settings: Settings, mut outside: Outside) -> Result<Runtime, BuildError> {
        let router = Router::build(&plan)?;
        let verifier = Verifier::new(&settings)?;
        let jobs = Job::all(&plan, &settings.env);
        let answers = plan
            .changes
            .map(|changes| Arc::new(Answers::new(changes, plan.capacity, settings.cache_age)));
        if let Some(answers) = &answers {
            outside.store = answers.watch(outside.store);
        }
        let routes = plan
            .routes
            .into_iter()
            .map(|route| Arc::new(Served::new(route, &settings.env, &jobs)))
            .collect();
        let works = plan
            .journal
            .map(|journal| works(journal, jobs, &settings, &outside));
        let hooks = works.as_ref().map(|works| {
            let signatures = Arc::clone(&outside.signatures);
            let outside = (signatures, settings.event_patience);
            Hooks::new(plan.hooks, outside, Arc::clone(works)).map(Arc::new)
        });
        Ok(Runtime {
            hooks: hooks.transpose()?,
            routes,
            router,
            verifier,
            recorder: plan.directory.map(Recorder::new),
            works,
            answers,
            store: outside.store,
            clock: outside.clock,
            ids: outside.ids,
            max_body: settings.max_body,
            counters: outside.counters,
            proxies: plan.proxies,
            dev: settings.dev,
        })
    }

    /// Keeps the version of the files that is served, and from now on looks after runs of workflows and events of
    /// webhooks: those that are under way here, and those whose process is gone. Needs a tokio runtime.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub async fn start(&self) -> Result<(), Fault> {
        if let Some(works) = &self.works {
            Arc::clone(works).start().await?;
        }
        self.hooks.iter().for_each(Hooks::start);
        if let Some(answers) = &self.answers {
            answers.look_after(&self.store, &self.clock);
        }
        Ok(())
    }

    /// Takes up no more runs of others, and waits for those that are under way, so long at most; what is not over
    /// then goes on elsewhere, or when a process starts again.
    pub async fn rest(&self, limit: Duration) {
        let Some(works) = &self.works else { return };
        works.stop();
        self.hooks.iter().for_each(|hooks| hooks.stop());
        let is_idle = || works.is_idle() && self.hooks.iter().all(|hooks| hooks.is_idle());
        let begun = Instant::now();
        while !is_idle() && begun.elapsed() < limit {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Where runs are handled; `None`: the plan keeps none.
    #[must_use]
    pub fn desk(&self) -> Option<Desk> {
        self.works.as_ref().map(|works| Desk::new(Arc::clone(works)))
    }

    /// Where events of webhooks are handled; `None`: the plan keeps none.
    #[must_use]
    pub fn events(&self) -> Option<EventDesk> {
        self.hooks.as_ref().map(|hooks| EventDesk::new(Arc::clone(hooks)))
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

/// Values of the environment that are not shown, the longest first: one may hold another.
fn secrets(settings: &Settings) -> Vec<Secret> {
    let hidden = |name: &String| !settings.public_env.contains(name);
    let values: Vec<&String> = settings
        .env
        .iter()
        .filter(|(name, value)| hidden(name) && value.len() >= SHORTEST_SECRET)
        .map(|(_, value)| value)
        .collect();
    let mut forms: Vec<String> = values.into_iter().flat_map(|value| forms(value)).collect();
    forms.sort_by_key(|value| std::cmp::Reverse(value.len()));
    forms.dedup();
    forms.into_iter().map(Secret::new).collect()
}

/// A value as it stands, in a form's body, and inside JSON.
fn forms(value: &str) -> [String; 3] {
    let encoded = value.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    let json = backflow_expr::Value::from(value).to_json();
    let inside = json.trim_matches('"').to_owned();
    [value.to_owned(), encoded.collect(), inside]
}

fn works(journal: Journal, jobs: Jobs, settings: &Settings, outside: &Outside) -> Arc<Works> {
    Arc::new(Works::new(Parts {
        jobs,
        env: settings.env.clone(),
        secrets: secrets(settings),
        version: settings.version.clone(),
        versions: outside.versions.clone(),
        journal,
        connectors: outside.connectors.clone(),
        store: Arc::clone(&outside.store),
        clock: Arc::clone(&outside.clock),
        ids: Arc::clone(&outside.ids),
    }))
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("routes", &self.routes.len())
            .finish_non_exhaustive()
    }
}
