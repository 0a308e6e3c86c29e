//! What a request costs in our own code: time, and how often memory is asked for.
//!
//! Invariant: no socket and one thread, so that nothing is measured but what a request does.
//! Not here: HTTP, which is the same for every route.
//!
//! Time is measured without `--features allocations`, which makes every allocation slower and counts them.

use crate::served::{Built, build};
use crate::writes::{seed, token};
use anyhow::{Result, ensure};
use backflow_engine::{Request, handle};
use backflow_sqlite::Options;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use std::time::Instant;

/// A request, and the status that it has to get.
struct Asked {
    what: &'static str,
    method: Method,
    path: &'static str,
    with_token: bool,
    body: &'static str,
    status: u16,
}

impl Asked {
    fn new(what: &'static str, method: Method, path: &'static str, status: u16) -> Self {
        Asked {
            what,
            method,
            path,
            with_token: status != 401,
            body: "",
            status,
        }
    }

    fn body(self, body: &'static str) -> Self {
        Asked { body, ..self }
    }
}

const CREATED: &str = r#"{"name":"Bench","slug":"bench"}"#;
/// The database has to be asked for these; for the others it has not.
const ROUNDS: usize = 20_000;

/// Measures one request after another.
pub(crate) fn run() -> Result<()> {
    println!("\n== one request in our own code, without sockets; SQLite where a database is asked");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let built = build(seed().compile(), Options::default())?;
        let create = Asked::new("create", Method::POST, "/organizations", 201).body(CREATED);
        ensure!(
            answer(&built, &create, &token("")).await == 201,
            "no organization"
        );
        let token = token("");
        for asked in [
            Asked::new("no such route", Method::GET, "/nothing/here", 404),
            Asked::new("no token", Method::GET, "/organizations/bench", 401),
            Asked::new("token, a body that is wrong", Method::POST, "/organizations", 400).body("{}"),
            Asked::new("organization, nested", Method::GET, "/organizations/bench", 200),
        ] {
            measure(&built, &asked, &token).await?;
        }
        Ok(())
    })
}

async fn measure(built: &Built, asked: &Asked, token: &str) -> Result<()> {
    for _ in 0..1_000 {
        ensure!(
            answer(built, asked, token).await == asked.status,
            "{}",
            asked.what
        );
    }
    let before = allocations();
    let begun = Instant::now();
    for _ in 0..ROUNDS {
        answer(built, asked, token).await;
    }
    let each = begun.elapsed() / u32::try_from(ROUNDS)?;
    let counted = allocations().zip(before).map(|(after, before)| after - before);
    match counted {
        None => println!("   {:<28} {each:>9.2?}", asked.what),
        Some(count) => println!(
            "   {:<28} {:>5} allocations",
            asked.what,
            count / u64::try_from(ROUNDS)?
        ),
    }
    Ok(())
}

async fn answer(built: &Built, asked: &Asked, token: &str) -> u16 {
    let mut headers = HeaderMap::new();
    if let Ok(token) = HeaderValue::from_str(token)
        && asked.with_token
    {
        headers.insert(header::AUTHORIZATION, token);
    }
    if !asked.body.is_empty() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    let request = Request {
        method: &asked.method,
        path: asked.path,
        query: None,
        headers: &headers,
        peer: std::net::Ipv4Addr::LOCALHOST.into(),
        body: Bytes::from_static(asked.body.as_bytes()),
    };
    handle(&built.runtime, request).await.status.as_u16()
}

#[cfg(feature = "allocations")]
fn allocations() -> Option<u64> {
    Some(dhat::HeapStats::get().total_blocks)
}

#[cfg(not(feature = "allocations"))]
fn allocations() -> Option<u64> {
    None
}
