//! A config of 10,000 routes: how long it takes to check and build, and whether it routes as fast as ten.
//!
//! Invariant: both sizes are measured in turns within one run.
//! Not here: serving (`served`), the generator (`load`).

use crate::load::{self, http};
use crate::served::start;
use anyhow::Result;
use backflow_sqlite::Options;
use backflow_testkit::{Project, bearer};
use std::fmt::Write;
use std::time::{Duration, Instant};

/// A project of `count` routes over one table.
fn project(count: usize) -> Project {
    let mut routes = String::from("[");
    for n in 0..count {
        let comma = if n == 0 { "" } else { "," };
        write!(
            routes,
            r#"{comma}{{"path":"/area{a}/things{n}/:id","method":"get","requireAuth":true,"supabaseQueries":[{{"table":"things","operation":"select","select":"id, label, (amount + 1) as more","filters":[{{"column":"id","operator":"eq","value":"{{{{params.id}}}}"}}],"single":true}}]}}"#,
            a = n % 100
        )
        .unwrap_or_default();
    }
    routes.push(']');
    Project::default()
        .file("backflow.json", r#"{"tenancy": false}"#)
        .file("migrations/0001_init.sql", "CREATE TABLE things (id BIGINT PRIMARY KEY, label TEXT NOT NULL, amount INTEGER);\nINSERT INTO things (id, label, amount) VALUES (1, 'one', 1);")
        .file("routes/all.json", &routes)
}

/// Measures both.
pub(crate) fn run() -> Result<()> {
    println!("\n== 10,000 routes");
    let begun = Instant::now();
    let compiled = project(10_000).compile();
    println!("   compiled in {:.0?}", begun.elapsed());
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let begun = Instant::now();
        let large = start(compiled, Options::default()).await?;
        println!(
            "   built and listening in {:.0?} more (asked: at most 1 s together)",
            begun.elapsed()
        );
        let small = start(project(10).compile(), Options::default()).await?;
        let now = jiff_now();
        let (mut hot, mut all) = (Vec::new(), Vec::new());
        for pair in 1..=5 {
            let token = bearer(now, "ada", "");
            let few = one(small.address, &token, 10).await?;
            let same = one(large.address, &token, 10).await?;
            let every = one(large.address, &token, 10_000).await?;
            println!("   pair {pair}: ten {few:.0}/s; of ten thousand: ten of them {same:.0}/s, all of them {every:.0}/s");
            hot.push(same / few);
            all.push(every / few);
        }
        println!("   median ratio to ten: {:.2} asking ten of them, {:.2} asking all at random", median(hot), median(all));
        Ok(())
    })
}

fn median(mut ratios: Vec<f64>) -> f64 {
    ratios.sort_by(f64::total_cmp);
    ratios.get(ratios.len() / 2).copied().unwrap_or_default()
}

async fn one(address: std::net::SocketAddr, token: &str, count: u64) -> Result<f64> {
    let token = token.to_owned();
    let figures = load::run(address, 16, Duration::from_secs(2), 200, move |n| {
        let n = n % count;
        http("GET", &format!("/area{}/things{n}/1", n % 100), &token, "")
    })
    .await?;
    anyhow::ensure!(figures.odd == 0, "{} unexpected answers", figures.odd);
    Ok(figures.per_second)
}

#[allow(clippy::disallowed_methods, reason = "a bench runs in real time")]
fn jiff_now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
