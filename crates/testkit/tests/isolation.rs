//! Every route, every caller, every other tenant's names and ids: no row of a stranger is seen or changed.

use backflow_plan::model::Route;
use backflow_testkit::World;
use backflow_testkit::crawl::{FIXTURES, Plan, crawl};

/// Tenants in the crawl.
const TENANTS: usize = 5;

#[test]
fn tenants_stay_apart() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut answers = 0;
    for fixture in &FIXTURES {
        let compiled = fixture.project().compile();
        let routes = compiled
            .plan
            .as_ref()
            .expect("the fixture has no faults")
            .routes
            .clone();
        let world = World::start(compiled);
        let started = std::time::Instant::now();
        let report = runtime.block_on(crawl(&world, fixture, &routes, &Plan::whole(TENANTS)));
        println!(
            "{}: {} answers in {:.1?}, {} with rows of the caller's own tenants, by status {:?}",
            fixture.name,
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
        let served = routes.iter().filter(|route| route.unavailable.is_none());
        let unreached: Vec<String> = served
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
        answers += report.answers;
    }
    println!("{answers} answers");
}
