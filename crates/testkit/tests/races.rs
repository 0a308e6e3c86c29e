//! Many at once: one invitation, one slug, one counter, one membership that ends.
//!
//! Every test runs within one process and over two on the same database, of each kind.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use backflow_testkit::crawl::{FIXTURES, Fixture};
use backflow_testkit::{Answer, Backend, Project, World, person};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

const ORG: &str = "00000000-0000-4000-8000-00000000000a";

fn seed() -> Project {
    let Fixture { name: "seed", .. } = &FIXTURES[0] else {
        panic!("the first fixture is the starting project")
    };
    FIXTURES[0].project()
}

/// One process, then two; on each database.
fn worlds() -> Vec<Vec<World>> {
    World::alone_and_beside(|backend| seed().compile_for(backend.dialect()))
}

fn fill(world: &World, sql: &str) {
    let (owner, org) = (person("ada"), ORG);
    let common = format!(
        "INSERT INTO organizations (id, name, slug, owner_id) VALUES ('{org}', 'Acme', 'acme', '{owner}');
         INSERT INTO organization_members (organization_id, user_id, role) VALUES ('{org}', '{owner}', 'owner');"
    );
    world.database().execute(&format!("{common}{sql}"));
}

fn invitation(token: &str, email: &str) -> String {
    format!(
        "INSERT INTO invitations (organization_id, email, role, token, expires_at)
         VALUES ('{ORG}', '{email}', 'member', '{token}', '2999-01-01T00:00:00.000000+00:00');"
    )
}

fn count(world: &World, query: &str) -> i64 {
    world.database().number(query)
}

/// What a request is: method, target, name and claims of the caller, body.
type Ask = (&'static str, String, (String, String), String);

fn send(world: &World, (method, target, (name, claims), body): &Ask) -> Answer {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let token = world.token(name, claims);
    runtime.block_on(world.send(method, target, &[("Authorization", &token)], body))
}

/// Sends all at the same time, spread over the worlds.
fn at_once(worlds: &[World], asks: &[Ask]) -> Vec<Answer> {
    let start = Barrier::new(asks.len());
    std::thread::scope(|scope| {
        let threads: Vec<_> = asks
            .iter()
            .enumerate()
            .map(|(at, ask)| {
                let (world, start) = (&worlds[at % worlds.len()], &start);
                scope.spawn(move || {
                    start.wait();
                    send(world, ask)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn statuses(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

/// The statuses, for people.
fn told(answers: &[Answer]) -> String {
    answers
        .iter()
        .map(|answer| format!("{} ", answer.status))
        .collect()
}

fn accept(token: &str, name: &str, claims: &str) -> Ask {
    (
        "POST",
        format!("/invites/{token}/accept"),
        (name.to_owned(), claims.to_owned()),
        String::new(),
    )
}

#[test]
fn an_invitation_is_accepted_once() {
    for worlds in worlds() {
        fill(&worlds[0], &invitation("one", "bob@example.com"));
        let asks: Vec<Ask> = (0..50).map(|_| accept("one", "bob", "")).collect();
        let answers = at_once(&worlds, &asks);
        assert_eq!(statuses(&answers, 200), 1, "{}", told(&answers));
        assert_eq!(
            statuses(&answers, 404) + statuses(&answers, 409),
            49,
            "{}",
            told(&answers)
        );
        let members = format!(
            "SELECT count(*) FROM organization_members WHERE user_id = '{}'",
            person("bob")
        );
        assert_eq!(count(&worlds[0], &members), 1);
    }
}

#[test]
fn of_two_people_with_one_address_one_gets_in() {
    for worlds in worlds() {
        fill(&worlds[0], &invitation("one", "bob@example.com"));
        let asks: Vec<Ask> = (0..50)
            .map(|at| accept("one", ["bob", "rob"][at % 2], r#"{"email": "Bob@Example.com"}"#))
            .collect();
        let answers = at_once(&worlds, &asks);
        assert_eq!(statuses(&answers, 200), 1, "{}", told(&answers));
        assert_eq!(
            statuses(&answers, 404) + statuses(&answers, 409),
            49,
            "{}",
            told(&answers)
        );
        assert_eq!(count(&worlds[0], "SELECT count(*) FROM organization_members"), 2);
    }
}

#[test]
fn others_never_take_the_invitation() {
    for worlds in worlds() {
        fill(&worlds[0], &invitation("one", "bob@example.com"));
        let asks: Vec<Ask> = (0..50)
            .map(|at| accept("one", ["bob", "eve", "dan"][at % 3], ""))
            .collect();
        let answers = at_once(&worlds, &asks);
        assert_eq!(statuses(&answers, 200), 1, "{}", told(&answers));
        assert_eq!(
            answers
                .iter()
                .zip(&asks)
                .find(|(answer, _)| answer.status == 200)
                .unwrap()
                .1
                .2
                .0,
            "bob"
        );
        for (answer, ask) in answers.iter().zip(&asks).filter(|(_, ask)| ask.2.0 != "bob") {
            // Before it is taken it is another's; afterwards it is nobody's.
            assert!(matches!(answer.status, 403 | 404), "{ask:?}: {answer:?}");
        }
        assert_eq!(count(&worlds[0], "SELECT count(*) FROM organization_members"), 2);
    }
}

#[test]
fn a_member_does_not_use_an_invitation_up() {
    for worlds in worlds() {
        fill(&worlds[0], &invitation("one", "ada@example.com"));
        let asks: Vec<Ask> = (0..20).map(|_| accept("one", "ada", "")).collect();
        let answers = at_once(&worlds, &asks);
        assert_eq!(statuses(&answers, 409), 20, "{}", told(&answers));
        assert_eq!(
            count(
                &worlds[0],
                "SELECT count(*) FROM invitations WHERE accepted_at IS NULL"
            ),
            1
        );
        assert_eq!(
            count(
                &worlds[0],
                "SELECT count(*) FROM organization_members WHERE role = 'owner'"
            ),
            1
        );
    }
}

#[test]
fn a_slug_is_taken_once_and_losers_leave_nothing() {
    for worlds in worlds() {
        let asks: Vec<Ask> = (0..50)
            .map(|at| {
                let body = format!(r#"{{"name": "n{at}", "slug": "same"}}"#);
                (
                    "POST",
                    "/organizations".to_owned(),
                    (format!("p{at:02}"), String::new()),
                    body,
                )
            })
            .collect();
        let answers = at_once(&worlds, &asks);
        assert_eq!(
            (statuses(&answers, 201), statuses(&answers, 409)),
            (1, 49),
            "{}",
            told(&answers)
        );
        assert_eq!(count(&worlds[0], "SELECT count(*) FROM organizations"), 1);
        assert_eq!(count(&worlds[0], "SELECT count(*) FROM organization_members"), 1);
    }
}

#[test]
fn no_increment_is_lost_or_doubled() {
    const THREADS: usize = 64;
    const EACH: usize = 20;
    for worlds in worlds() {
        fill(&worlds[0], "");
        let body = r#"{"feature": "api", "quantity": 3}"#.to_owned();
        let claims = format!(r#"{{"tenant_id": "{ORG}"}}"#);
        let ask: Ask = (
            "POST",
            "/usage/track".to_owned(),
            ("ada".to_owned(), claims),
            body,
        );
        let mut seen: Vec<i64> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|at| {
                    let (world, ask) = (&worlds[at % worlds.len()], &ask);
                    scope.spawn(move || -> Vec<i64> {
                        let answers = (0..EACH).map(|_| send(world, ask));
                        answers
                            .map(|answer| answer.json()["used"].as_i64().expect("a good answer"))
                            .collect()
                    })
                })
                .collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().unwrap())
                .collect()
        });
        let total = i64::try_from(THREADS * EACH).unwrap();
        assert_eq!(count(&worlds[0], "SELECT used FROM usage_records"), 3 * total);
        assert_eq!(count(&worlds[0], "SELECT count(*) FROM usage_records"), 1);
        // Each answer is the state after one increment, and no two are of the same.
        seen.sort_unstable();
        assert_eq!(seen, (1..=total).map(|n| 3 * n).collect::<Vec<_>>());
    }
}

#[test]
fn who_is_told_that_a_member_is_gone_can_rely_on_it() {
    for backend in Backend::chosen() {
        a_member_goes(backend);
    }
}

fn a_member_goes(backend: Backend) {
    let fixture = &FIXTURES[1];
    let compile = || fixture.project().compile_for(backend.dialect());
    let first = World::start_on(backend, compile());
    let second = first.beside(compile());
    let (ada, bob) = (person("ada"), person("bob"));
    let fill = format!(
        "INSERT INTO workspaces (id, slug, name) VALUES ('{ORG}', 'acme', 'Acme');
         INSERT INTO workspace_members (workspace_id, user_id, role) VALUES ('{ORG}', '{ada}', 'owner'), ('{ORG}', '{bob}', 'member');"
    );
    first.database().execute(&fill);
    let claims = format!(r#"{{"tenant_id": "{ORG}"}}"#);
    let remove: Ask = (
        "DELETE",
        format!("/workspaces/{ORG}/members/{bob}"),
        ("ada".to_owned(), String::new()),
        String::new(),
    );
    let write: Ask = (
        "POST",
        "/counters/x".to_owned(),
        ("bob".to_owned(), claims.clone()),
        "{}".to_owned(),
    );
    let read: Ask = (
        "GET",
        "/counters/x".to_owned(),
        ("bob".to_owned(), claims),
        String::new(),
    );
    let gone = AtomicBool::new(false);
    let served: Vec<(bool, u16)> = std::thread::scope(|scope| {
        let threads: Vec<_> = [
            (&first, &write),
            (&second, &write),
            (&first, &read),
            (&second, &read),
        ]
        .into_iter()
        .map(|(world, ask)| {
            let gone = &gone;
            scope.spawn(move || -> Vec<(bool, u16)> {
                let mut after = 0;
                let mut seen = Vec::new();
                while after < 10 {
                    let was_gone = gone.load(Ordering::SeqCst);
                    after += usize::from(was_gone);
                    seen.push((was_gone, send(world, ask).status));
                }
                seen
            })
        })
        .collect();
        std::thread::sleep(std::time::Duration::from_millis(50));
        assert_eq!(send(&second, &remove).status, 200);
        gone.store(true, Ordering::SeqCst);
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    let before = served
        .iter()
        .filter(|(gone, status)| !gone && *status == 200)
        .count();
    let after: Vec<u16> = served
        .iter()
        .filter(|(gone, _)| *gone)
        .map(|(_, status)| *status)
        .collect();
    assert!(before > 0 && after.len() >= 40, "{served:?}");
    assert!(after.iter().all(|status| *status == 404), "{after:?}");
}

#[test]
fn a_limit_admits_exactly_so_many_in_each_process() {
    const MAX: usize = 17;
    let project = |by: &str| {
        let limit = format!(
            r#"{{"rateLimit": {{"perEndpoint": {{"/usage/track": {{"by": "{by}", "max": {MAX}}}}}}}}}"#
        );
        seed().file("routes/limits.json", &limit)
    };
    for (backend, by) in Backend::chosen()
        .into_iter()
        .flat_map(|b| [(b, "tenant"), (b, "user")])
    {
        let compiled = || project(by).compile_for(backend.dialect());
        let first = World::start_on(backend, compiled());
        let worlds = [first.beside(compiled()), first];
        fill(&worlds[0], "");
        let claims = format!(r#"{{"tenant_id": "{ORG}"}}"#);
        let body = r#"{"feature": "api", "quantity": 1}"#;
        let ask: Ask = (
            "POST",
            "/usage/track".to_owned(),
            ("ada".to_owned(), claims),
            body.to_owned(),
        );
        let answers = at_once(&worlds, &vec![ask; 64]);
        assert_eq!(statuses(&answers, 200), 2 * MAX, "{}", told(&answers));
        assert_eq!(statuses(&answers, 429), 64 - 2 * MAX, "{}", told(&answers));
        let mut left: Vec<&str> = answers
            .iter()
            .filter(|answer| answer.status == 200)
            .map(|answer| answer.headers["x-ratelimit-remaining"].to_str().unwrap())
            .collect();
        left.sort_unstable();
        left.dedup();
        assert_eq!(left.len(), MAX, "two were told the same");
        let used = count(&worlds[0], "SELECT used FROM usage_records");
        assert_eq!(used, i64::try_from(2 * MAX).unwrap(), "who was refused wrote");
    }
}
