//! Durable writes of 64 callers: group commit against one transaction a commit; and reads.
//!
//! Invariant: every counted write was durable before its answer.
//! Not here: the generator; see `load`.

use crate::load::{self, Figures, http};
use crate::served::{Served, start};
use anyhow::Result;
use backflow_sqlite::Options;
use backflow_testkit::{Project, bearer};
use std::path::Path;
use std::time::Duration;

const SECONDS: u64 = 4;

/// The starting project.
pub(crate) fn seed() -> Project {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/seed");
    Project::default()
        .folder(&root)
        .env("APP_URL", "https://app.example.com")
        .env("STRIPE_WEBHOOK_SECRET", "whsec_bench")
}

pub(crate) fn token(claims: &str) -> String {
    #[allow(clippy::disallowed_methods, reason = "a bench runs in real time")]
    let now = std::time::SystemTime::now();
    bearer(now.try_into().unwrap_or_default(), "ada", claims)
}

/// Measures creating organizations, interleaved, median of three pairs.
pub(crate) fn run() -> Result<()> {
    println!("\n== durable writes (create organization, two inserts), 64 connections, synchronous=FULL");
    let mut ratios = Vec::new();
    for pair in 1..=3 {
        let single = creating(
            Options {
                batch: 1,
                ..Options::default()
            },
            pair,
        )?;
        let group = creating(Options::default(), pair)?;
        ratios.push(group / single);
        println!(
            "   pair {pair}: one a commit {single:>7.0}/s, group commit {group:>7.0}/s, ratio {:.2}",
            group / single
        );
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "   median ratio {:.2} (asked: at least 3.5)",
        ratios.get(1).copied().unwrap_or_default()
    );
    Ok(())
}

fn creating(options: Options, pair: u32) -> Result<f64> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let served = start(seed().compile(), options).await?;
        let token = token("");
        let figures = load::run(served.address, 64, Duration::from_secs(SECONDS), 201, move |n| {
            let body = format!("{{\"name\":\"Bench {n}\",\"slug\":\"bench-{pair}-{n}\"}}");
            http("POST", "/organizations", &token, &body)
        })
        .await?;
        show(&figures, &served);
        Ok(figures.per_second)
    })
}

fn show(figures: &Figures, served: &Served) {
    let stats = served.store.stats();
    println!(
        "     {:>8.0}/s  p50 {:>8.2?}  p99 {:>8.2?}  unexpected answers {}  commits {} for {} transactions",
        figures.per_second, figures.p50, figures.p99, figures.odd, stats.commits, stats.transactions
    );
}

/// Reads: check limit and nested organization, at 16 and 64 connections.
pub(crate) fn reads() -> Result<()> {
    println!("\n== reads");
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let served = start(seed().compile(), Options::default()).await?;
        let mut connection = crate::load::Connection::open(served.address).await?;
        let plain = token("");
        connection
            .ask(&http(
                "POST",
                "/organizations",
                &plain,
                "{\"name\":\"Bench\",\"slug\":\"bench\"}",
            ))
            .await?;
        for connections in [16, 64] {
            for path in ["/organizations/bench"] {
                let token = plain.clone();
                let figures = load::run(
                    served.address,
                    connections,
                    Duration::from_secs(SECONDS),
                    200,
                    move |_| http("GET", path, &token, ""),
                )
                .await?;
                println!("   GET {path}, {connections} connections");
                show(&figures, &served);
            }
        }
        Ok(())
    })
}
