//! Who is answered what: every route × every kind of caller, in `spec/authz-matrix.txt`.
//!
//! All ask for the rows of the same tenant, in the path and by `X-Tenant-ID`; the rows are put back before each
//! request. A route that the file does not know, or that it knows and the project does not, fails the test. The file
//! holds for every database. `BLESS=1` rewrites it from SQLite; read the diff.

use backflow_plan::model::{PathPattern, Place, Route};
use backflow_testkit::crawl::{self, Attempt, Caller, FIXTURES, Fixture, Marks, Sent};
use backflow_testkit::{Backend, World};
use std::fmt::Write;
use std::path::Path;

/// The tenant that is asked for, and another.
const TARGET: usize = 0;
const OTHER: usize = 1;

/// A column: its name, the caller, and what the token says of the tenant.
type Column = (&'static str, Caller, Option<usize>);

fn columns() -> Vec<Column> {
    let member = |tenant, role| Caller::Member { tenant, role };
    vec![
        ("nobody", Caller::Anonymous, None),
        ("expired", Caller::Expired, Some(TARGET)),
        ("stranger", Caller::Stranger, Some(TARGET)),
        ("invited", Caller::Invitee(TARGET), None),
        ("elsewhere", member(OTHER, "member"), Some(OTHER)),
        ("liar", member(OTHER, "owner"), Some(TARGET)),
        ("viewer", member(TARGET, "viewer"), Some(TARGET)),
        ("member", member(TARGET, "member"), Some(TARGET)),
        ("admin", member(TARGET, "admin"), Some(TARGET)),
        ("owner", member(TARGET, "owner"), Some(TARGET)),
    ]
}

async fn line(world: &World, fixture: &Fixture, route: &Route) -> Vec<u16> {
    let marks = [Marks::new(TARGET), Marks::new(OTHER)];
    let mut statuses = Vec::new();
    for (name, caller, claim) in columns() {
        crawl::reset(&world.database(), fixture, &marks);
        let attempt = Attempt {
            path: TARGET,
            ids: TARGET,
            refs: (TARGET, TARGET),
            // The liar's lie is all that names the tenant.
            header: (name != "liar").then_some(TARGET),
            claim,
            body: Some(TARGET),
        };
        let sent = crawl::sent(fixture, route, &caller, &attempt, &marks);
        statuses.push(crawl::send(world, &caller, &sent).await.status);
    }
    statuses
}

/// What must be so whatever the file says.
fn sane(route: &Route, statuses: &[u16]) {
    let of = |name: &str| {
        let at = columns()
            .iter()
            .position(|(column, ..)| *column == name)
            .expect("a column");
        statuses[at]
    };
    let name = route.name();
    assert!(
        statuses.iter().all(|status| *status != 500),
        "{name}: {statuses:?}"
    );
    if route.auth {
        assert_eq!((of("nobody"), of("expired")), (401, 401), "{name}");
    }
    if matches!(route.place, Place::One(_)) {
        for outsider in ["stranger", "invited", "elsewhere", "liar"] {
            assert_eq!(of(outsider), 404, "{name}: {outsider}");
        }
    }
}

async fn matrix(fixture: &Fixture, backend: Backend) -> String {
    let compiled = fixture.project().compile_for(backend.dialect());
    let plan = compiled.plan.as_ref().expect("the fixture has no faults");
    let (routes, hooks) = (
        plan.routes.clone(),
        plan.hooks.iter().map(|hook| hook.path.clone()),
    );
    let hooks: Vec<PathPattern> = hooks.collect();
    let world = World::start_on(backend, compiled);
    let width = routes
        .iter()
        .map(|route| route.name().len())
        .max()
        .unwrap_or_default();
    let mut text = format!("{:width$}", fixture.name);
    for (name, ..) in columns() {
        write!(text, " {name:>9}").expect("text grows");
    }
    text.push('\n');
    let mut lines = Vec::new();
    for route in &routes {
        let statuses = line(&world, fixture, route).await;
        sane(route, &statuses);
        let cells: String = statuses.iter().map(|status| format!(" {status:>9}")).collect();
        lines.push(format!("{:width$}{cells}\n", route.name()));
    }
    for path in &hooks {
        let (mut cells, target) = (String::new(), path.to_string());
        for (_, caller, claim) in columns() {
            let sent = Sent {
                method: "POST",
                target: target.clone(),
                headers: Vec::new(),
                claim: claim.map(|tenant| Marks::new(tenant).key()),
                body: r#"{"id": "evt_1", "type": "invoice.paid"}"#.to_owned(),
            };
            write!(cells, " {:>9}", crawl::send(&world, &caller, &sent).await.status).expect("text grows");
        }
        lines.push(format!("{:width$}{cells}\n", format!("POST {target}")));
    }
    lines.sort();
    text + &lines.concat()
}

#[test]
fn everybody_is_answered_as_written() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    for backend in Backend::chosen() {
        let tables: Vec<String> = FIXTURES
            .iter()
            .map(|fixture| runtime.block_on(matrix(fixture, backend)))
            .collect();
        compare(&tables.join("\n"), backend);
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "a test's switches come from the environment"
)]
fn compare(actual: &str, backend: Backend) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/authz-matrix.txt");
    if std::env::var("BLESS").is_ok() && backend == Backend::Sqlite {
        std::fs::write(&path, actual).expect("the matrix is writable");
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let differs: Vec<String> = actual
        .lines()
        .filter(|line| !expected.lines().any(|other| other == *line))
        .map(|line| format!("+ {line}"))
        .chain(
            expected
                .lines()
                .filter(|line| !actual.lines().any(|o| o == *line))
                .map(|line| format!("- {line}")),
        )
        .collect();
    assert!(
        expected == actual,
        "{}: spec/authz-matrix.txt says something else:\n{}",
        backend.name(),
        differs.join("\n")
    );
}
