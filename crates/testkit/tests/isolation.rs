//! Every route, every caller, every other tenant's names and ids: no row of a stranger is seen or changed.

#![allow(clippy::print_stdout, reason = "tests tell how much they did")]

use backflow_plan::model::Route;
use backflow_testkit::crawl::{FIXTURES, Fixture, Plan, crawl};
use backflow_testkit::{Backend, World};

/// Tenants in the crawl; their number squared is how many requests there are. Three are enough for every mixture of
/// own and others' names, the rest is for luck, which SQLite has the time for.
fn tenants(backend: Backend) -> usize {
    match backend {
        Backend::Sqlite => 5,
        Backend::Postgres => 3,
        Backend::Pooled => 2,
    }
}

#[test]
fn tenants_stay_apart() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut answers = 0;
    for backend in Backend::chosen() {
        for fixture in &FIXTURES {
            answers += runtime.block_on(apart(backend, fixture));
        }
    }
    println!("{answers} answers");
}

async fn apart(backend: Backend, fixture: &Fixture) -> usize {
    let compiled = fixture.project().compile_for(backend.dialect());
    let routes = compiled
        .plan
        .as_ref()
        .expect("the fixture has no faults")
        .routes
        .clone();
    let world = World::start_on(backend, compiled);
    let started = std::time::Instant::now();
    let report = crawl(&world, fixture, &routes, &Plan::whole(tenants(backend))).await;
    println!(
        "{} on {}: {} answers in {:.1?}, {} with rows of the caller's own tenants, by status {:?}",
        fixture.name,
        backend.name(),
        report.answers,
        started.elapsed(),
        report.own,
        report.statuses
    );
    for finding in report.findings.iter().take(5) {
        println!("{}\n  {}\n  {}", finding.what, finding.after, finding.detail);
    }
    assert!(
        report.findings.is_empty(),
        "{}: {} findings",
        fixture.name,
        report.findings.len()
    );
    // A crawl that reaches nothing would find nothing.
    let unreached: Vec<String> = routes
        .iter()
        .map(Route::name)
        .filter(|route| !report.reached.contains(route))
        .collect();
    assert!(
        unreached.is_empty(),
        "{}: nobody was served by {unreached:?}",
        fixture.name
    );
    assert!(
        report.own * 10 > report.answers,
        "{}: callers hardly see rows of their own",
        fixture.name
    );
    report.answers
}
