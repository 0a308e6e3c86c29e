//! A served project whose clock and ids stand still.
//!
//! Invariant: uuids count up from one, request ids too; time moves only when told.
//! Not here: sockets; a request goes straight to the engine.

use crate::blocking;
use crate::home::{Backend, Home};
use crate::probe::Probe;
use crate::project::Compiled;
use crate::sandboxed::Providers;
use backflow_engine::store::Store;
use backflow_engine::{Clock, Ids, Outside, Request, Runtime, Secret, Settings, handle, token};
use backflow_expr::Value;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// The secret of all tokens in tests.
const SECRET: &str = "a secret for tests, thirty-two bytes or more";

/// From where requests come: a documentation address.
const PEER: [u8; 4] = [192, 0, 2, 1];

/// A clock that moves when it is told to.
#[derive(Debug)]
pub struct FixedClock {
    micros: AtomicI64,
}

impl FixedClock {
    /// Moves the clock by so many microseconds.
    pub fn advance(&self, micros: i64) {
        self.micros.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Default for FixedClock {
    /// 2026-11-23T18:10:15.123456Z
    fn default() -> Self {
        Self {
            micros: AtomicI64::new(1_795_457_415_123_456),
        }
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.micros.load(Ordering::SeqCst)).unwrap_or_default()
    }
}

/// Ids that count.
#[derive(Debug, Default)]
struct CountedIds {
    uuids: AtomicU64,
    requests: AtomicU64,
}

impl Ids for CountedIds {
    fn uuid(&self) -> String {
        let n = self.uuids.fetch_add(1, Ordering::SeqCst) + 1;
        format!("00000000-0000-4000-8000-{n:012x}")
    }

    fn key(&self) -> String {
        self.uuid()
    }

    fn request(&self) -> String {
        format!("request-{}", self.requests.fetch_add(1, Ordering::SeqCst) + 1)
    }
}

/// A served project.
pub struct World {
    /// Serves requests.
    pub runtime: Arc<Runtime>,
    /// Its time.
    pub clock: Arc<FixedClock>,
    ids: Arc<CountedIds>,
    /// What stands in for providers.
    pub providers: Arc<Providers>,
    cache_age: Duration,
    /// Goes last.
    home: Arc<Home>,
}

/// What worlds on one database share.
#[derive(Default)]
struct Around {
    clock: Arc<FixedClock>,
    ids: Arc<CountedIds>,
    providers: Arc<Providers>,
    /// How old kept answers may be, as far as others have written. By default what tests write past a world is seen
    /// at once, so that nothing depends on how busy the machine is.
    cache_age: Duration,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body as text.
    pub body: String,
    /// The headers.
    pub headers: HeaderMap,
}

impl Answer {
    /// The body as JSON; null when it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

impl World {
    /// Serves a compiled project from a fresh SQLite database.
    ///
    /// # Panics
    /// When the project has faults or its migrations fail.
    #[must_use]
    pub fn start(compiled: Compiled) -> Self {
        Self::start_on(Backend::Sqlite, compiled)
    }

    /// Serves a project that was compiled for such a database from a fresh one.
    ///
    /// # Panics
    /// When the project has faults or its migrations fail.
    #[must_use]
    pub fn start_on(backend: Backend, compiled: Compiled) -> Self {
        Self::start_in(Arc::new(Home::new(backend)), compiled)
    }

    /// Serves a compiled project from a database that is there.
    ///
    /// # Panics
    /// When the project has faults or its migrations fail.
    #[must_use]
    pub fn start_in(home: Arc<Home>, compiled: Compiled) -> Self {
        Self::serve(compiled, home, Around::default(), |store| store)
    }

    /// Serves a project from a fresh database, and gives kept answers again without asking whether others have written
    /// for so long.
    ///
    /// # Panics
    /// When the project has faults or its migrations fail.
    #[must_use]
    pub fn start_keeping(backend: Backend, compiled: Compiled, cache_age: Duration) -> Self {
        let around = Around {
            cache_age,
            ..Around::default()
        };
        Self::serve(compiled, Arc::new(Home::new(backend)), around, |store| store)
    }

    /// Serves a project from the same database, as a second process would.
    ///
    /// # Panics
    /// When the project has faults or its migrations fail.
    #[must_use]
    pub fn beside(&self, compiled: Compiled) -> Self {
        self.beside_with(compiled, |store| store)
    }

    /// The same, with something between it and the database.
    ///
    /// # Panics
    /// When the project has faults or its migrations fail.
    #[must_use]
    pub fn beside_with(
        &self,
        compiled: Compiled,
        between: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
    ) -> Self {
        let around = Around {
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            providers: self.providers.clone(),
            cache_age: self.cache_age,
        };
        Self::serve(compiled, self.home.clone(), around, between)
    }

    fn serve(
        compiled: Compiled,
        home: Arc<Home>,
        around: Around,
        between: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
    ) -> Self {
        let Around {
            clock,
            ids,
            providers,
            cache_age,
        } = around;
        assert!(
            compiled.plan.is_some(),
            "the project has faults:\n{}",
            compiled.report()
        );
        let setup: Vec<String> = compiled
            .plan
            .iter()
            .flat_map(|plan| plan.setup().cloned())
            .collect();
        let watches = compiled.plan.iter().flat_map(|plan| plan.watches().to_vec());
        let store = between(home.open(&compiled, (&setup, &watches.collect::<Vec<_>>())));
        let plan = compiled.plan.expect("looked at a moment before");
        let settings = Settings {
            jwt_secret: Some(Secret::new(SECRET)),
            env: compiled.env.into_iter().collect(),
            // What is told of an event must not depend on how busy the machine is.
            event_patience: std::time::Duration::from_secs(20),
            cache_age,
            ..Settings::default()
        };
        let outside = Outside {
            connectors: providers.connect(&plan, &settings.env, clock.clone()),
            signatures: Arc::new(backflow_connect::signature::Schemes),
            ..Outside::new(store, clock.clone(), ids.clone())
        };
        let runtime = Runtime::build(plan, settings, outside).expect("a runtime");
        Self {
            runtime: Arc::new(runtime),
            clock,
            ids,
            providers,
            cache_age,
            home,
        }
    }

    /// On each database that is asked for: one process alone, and two beside each other on a fresh one.
    ///
    /// # Panics
    /// When the project has faults or its migrations fail.
    #[must_use]
    pub fn alone_and_beside(compile: impl Fn(Backend) -> Compiled) -> Vec<Vec<Self>> {
        let of = |backend: Backend| {
            let alone = Self::start_on(backend, compile(backend));
            let first = Self::start_on(backend, compile(backend));
            let second = first.beside(compile(backend));
            [vec![alone], vec![first, second]]
        };
        Backend::chosen().into_iter().flat_map(of).collect()
    }

    /// A connection to the database, for looking and preparing.
    ///
    /// # Panics
    /// When the database cannot be opened.
    #[must_use]
    pub fn database(&self) -> Probe {
        self.home.probe()
    }

    /// The database.
    #[must_use]
    pub fn home(&self) -> &Arc<Home> {
        &self.home
    }

    /// Sends a request. `headers` are pairs of name and value; a body is JSON unless they say otherwise.
    ///
    /// # Panics
    /// When a header or the method is none.
    pub async fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
            map.append(name, HeaderValue::from_str(value).expect("a header value"));
        }
        if !body.is_empty() && !map.contains_key(http::header::CONTENT_TYPE) {
            map.insert(
                http::header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            );
        }
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        self.send_raw(&method, target, &map, Bytes::copy_from_slice(body.as_bytes()))
            .await
    }

    /// Sends a request of any bytes, with exactly these headers. When the future is dropped, the caller has hung up.
    ///
    /// # Panics
    /// When the engine does.
    pub async fn send_raw(&self, method: &Method, target: &str, headers: &HeaderMap, body: Bytes) -> Answer {
        let (runtime, method) = (Arc::clone(&self.runtime), method.clone());
        let (target, headers) = (target.to_owned(), headers.clone());
        // Connections that are opened on the way must not end with the test's own runtime.
        let mut call = HangUp(blocking::runtime().spawn(async move {
            let (path, query) = match target.split_once('?') {
                Some((path, query)) => (path, Some(query)),
                None => (target.as_str(), None),
            };
            let request = Request {
                method: &method,
                path,
                query,
                headers: &headers,
                peer: PEER.into(),
                body,
            };
            handle(&runtime, request).await
        }));
        let reply = (&mut call.0).await.expect("the engine answers");
        Answer {
            status: reply.status.as_u16(),
            body: String::from_utf8_lossy(&reply.body).into_owned(),
            headers: reply.headers,
        }
    }

    /// An `Authorization` header for a person of the tests, with further claims as a JSON object.
    ///
    /// # Panics
    /// When `claims` is no JSON object.
    #[must_use]
    pub fn token(&self, name: &str, claims: &str) -> String {
        bearer(self.clock.now(), name, claims)
    }
}

/// A call that ends when nobody waits for it.
struct HangUp<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for HangUp<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The id of a person of the tests: the same for the same name.
#[must_use]
pub fn person(name: &str) -> String {
    let bytes: String = name.bytes().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("00000000-0000-4000-a000-{bytes:0<12}")
}

/// `Bearer …` for a person: `sub`, `email`, `iat`, `exp` in an hour, and what `claims` adds or replaces.
///
/// # Panics
/// When `claims` is no JSON object.
#[must_use]
pub fn bearer(now: Timestamp, name: &str, claims: &str) -> String {
    let text = if claims.trim().is_empty() { "{}" } else { claims };
    let extra = backflow_expr::json::parse(text.as_bytes(), 32).expect("claims are JSON");
    let second = now.as_second();
    let mut all: Vec<(String, Value)> = vec![
        ("sub".to_owned(), Value::text(person(name))),
        ("email".to_owned(), Value::text(format!("{name}@example.com"))),
        ("iat".to_owned(), Value::int(second)),
        ("exp".to_owned(), Value::int(second + 3600)),
    ];
    for (key, value) in extra.as_object().expect("claims are an object") {
        all.retain(|(known, _)| **known != **key);
        all.push((key.to_string(), value.clone()));
    }
    let claims = Value::object(all.iter().map(|(key, value)| (key.as_str(), value.clone())));
    format!("Bearer {}", token::mint(&Secret::new(SECRET), &claims))
}
