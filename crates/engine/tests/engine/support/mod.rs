//! A runtime in a box: fixed clock, counted ids, a scripted store, one `ask` for a request.

mod build;
mod store;

pub(crate) use build::{Frame, bind, field, late, pattern, plan, route, rule, single, step};
pub(crate) use store::{FakeStore, found, row};

use backflow_engine::{
    BodyError, BodySource, Clock, Ids, Outside, Reply, Request, Runtime, Secret, Settings, handle, token,
};
use backflow_expr::{Value, json};
use backflow_plan::model::Plan;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};

/// 2026-11-23T18:10:15.123456Z
pub(crate) const NOW: i64 = 1_795_457_415;
pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const USER: &str = "00000000-0000-4000-8000-00000000aaaa";

pub(crate) struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::new(NOW, 123_456_789).unwrap()
    }
}

#[derive(Default)]
pub(crate) struct CountedIds(AtomicU32);

impl Ids for CountedIds {
    fn uuid(&self) -> String {
        format!(
            "00000000-0000-4000-8000-{:012}",
            self.0.fetch_add(1, Ordering::Relaxed)
        )
    }

    fn key(&self) -> String {
        self.uuid()
    }

    fn request(&self) -> String {
        "request-1".to_owned()
    }
}

pub(crate) struct World {
    pub(crate) runtime: Runtime,
    pub(crate) store: Arc<FakeStore>,
}

pub(crate) fn settings() -> Settings {
    Settings {
        jwt_secret: Some(Secret::new(SECRET)),
        ..Settings::default()
    }
}

impl World {
    pub(crate) fn new(plan: Plan, store: FakeStore) -> Self {
        Self::with(plan, store, settings())
    }

    pub(crate) fn with(plan: Plan, store: FakeStore, settings: Settings) -> Self {
        let store = Arc::new(store);
        let runtime = Runtime::build(
            plan,
            settings,
            Outside::new(
                Arc::clone(&store) as _,
                Arc::new(FixedClock),
                Arc::new(CountedIds::default()),
            ),
        );
        Self {
            runtime: runtime.unwrap(),
            store,
        }
    }

    pub(crate) fn ask(&self, ask: Ask<'_>) -> Answer {
        let (path, query) = match ask.target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (ask.target, None),
        };
        let request = Request {
            method: &ask.method,
            path,
            query,
            headers: &ask.headers,
            peer: [192, 0, 2, 1].into(),
            body: TestBody(ask.body),
        };
        Answer(block_on(handle(&self.runtime, request)))
    }

    /// Status and code of a request.
    pub(crate) fn outcome(&self, ask: Ask<'_>) -> String {
        self.ask(ask).outcome()
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.store.log()
    }
}

/// A request.
pub(crate) struct Ask<'a> {
    method: Method,
    target: &'a str,
    headers: HeaderMap,
    body: Result<Bytes, BodyError>,
}

pub(crate) fn ask<'a>(method: &str, target: &'a str) -> Ask<'a> {
    Ask {
        method: Method::from_bytes(method.as_bytes()).unwrap(),
        target,
        headers: HeaderMap::new(),
        body: Ok(Bytes::new()),
    }
}

impl Ask<'_> {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        self.headers
            .append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        self
    }

    /// With a valid token of the usual user.
    pub(crate) fn user(self) -> Self {
        self.claims(&format!(
            r#"{{"sub":"{USER}","exp":{},"email":"Ann@Example.org"}}"#,
            NOW + 60
        ))
    }

    pub(crate) fn claims(self, claims: &str) -> Self {
        let token = mint(claims);
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn json(self, body: &str) -> Self {
        self.header("content-type", "application/json").body(body)
    }

    pub(crate) fn body(mut self, body: &str) -> Self {
        self.body = Ok(Bytes::from(body.to_owned()));
        self
    }

    pub(crate) fn broken(mut self, error: BodyError) -> Self {
        self.body = Err(error);
        self
    }
}

pub(crate) fn mint(claims: &str) -> String {
    token::mint(&Secret::new(SECRET), &json::parse(claims.as_bytes(), 64).unwrap())
}

struct TestBody(Result<Bytes, BodyError>);

impl BodySource for TestBody {
    async fn read(self, limit: usize) -> Result<Bytes, BodyError> {
        self.0?.read(limit).await
    }
}

/// A reply.
pub(crate) struct Answer(pub(crate) Reply);

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.0.status.as_u16()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.body.to_vec()).unwrap()
    }

    pub(crate) fn value(&self) -> Value {
        json::parse(&self.0.body, 64).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.0
            .headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// `404 not_found`, `200 {"a":1}`
    pub(crate) fn outcome(&self) -> String {
        match self.value().member("code").as_text() {
            Some(code) if self.status() >= 400 => format!("{} {code}", self.status()),
            _ => format!("{} {}", self.status(), self.text()),
        }
    }

    /// `path code; path code`
    pub(crate) fn details(&self) -> String {
        let details = self.value().member("details");
        let one = |detail: &Value| {
            let text = |name| detail.member(name).as_text().unwrap_or("").to_owned();
            format!("{} {}", text("path"), text("code"))
        };
        details
            .as_list()
            .unwrap_or_default()
            .iter()
            .map(one)
            .collect::<Vec<_>>()
            .join("; ")
    }
}

/// Nothing here ever waits.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a test waited"),
    }
}
