//! Many who count at once: everybody is told the row as it was behind their own step, strangers and refusals count
//! nothing, and the row is the sum.
//!
//! On PostgreSQL many of them are one statement; nobody may be able to tell.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use backflow_testkit::{Answer, Project, World, person};
use std::collections::BTreeMap;
use std::sync::Barrier;
use std::time::Duration;

const THREADS: usize = 48;
const TURNS: usize = 24;
/// What a row counts from.
const FIRST: i64 = 5;
/// No name may be taken for anything else on its way through an array.
const NAMES: [&str; 6] = [
    "api",
    "NULL",
    "a,b",
    "{\"x\"}",
    "back\\slash",
    "\u{fc}mlaut \u{1F600}",
];

const TABLES: &str = "
CREATE TABLE teams (id UUID PRIMARY KEY DEFAULT gen_random_uuid(), name TEXT NOT NULL);
CREATE TABLE members (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(), team_id UUID NOT NULL REFERENCES teams(id), user_id UUID NOT NULL,
  role TEXT, UNIQUE (team_id, user_id)
);
CREATE TABLE meters (
  team_id UUID NOT NULL REFERENCES teams(id), name TEXT NOT NULL, used INTEGER DEFAULT 5 CHECK (used >= 0),
  most INTEGER DEFAULT 400, first_by TEXT, PRIMARY KEY (team_id, name)
);
";

const ROUTES: &str = r#"[
  { "path": "/teams/:id/free", "method": "post", "requireAuth": true, "validation": VALIDATION,
    "supabaseQueries": [{ "table": "meters", "operation": "upsert", "select": "name, used, most",
      "data": { "name": "{{body.name}}", "used": "used + {{body.amount}}" }, "onConflict": ["team_id", "name"] }] },
  { "path": "/teams/:id/one", "method": "post", "requireAuth": true, "validation": VALIDATION,
    "supabaseQueries": [{ "table": "meters", "operation": "upsert", "select": "name, used, most",
      "data": { "name": "{{body.name}}", "used": "used + 1" }, "onConflict": ["team_id", "name"] }] },
  { "path": "/teams/:id/limited", "method": "post", "requireAuth": true, "validation": VALIDATION,
    "supabaseQueries": [{ "table": "meters", "operation": "upsert", "select": "name, used, most",
      "data": { "name": "{{body.name}}", "used": "used + {{body.amount}}" }, "onConflict": ["team_id", "name"],
      "require": "used <= most" }] },
  { "path": "/teams/:id/meters", "method": "get", "requireAuth": true, "cache": { "ttl": 3600 },
    "supabaseQueries": [{ "table": "meters", "operation": "select", "select": "name, used", "order": "name" }] }
]"#;

fn project() -> Project {
    let validation = r#"{ "body": { "name": { "type": "string", "required": true },
        "amount": { "type": "integer", "required": true } } }"#;
    Project::default()
        .file("backflow.json", "{}")
        .file("migrations/0001_start.sql", TABLES)
        .file("routes/all.json", &ROUTES.replace("VALIDATION", validation))
}

/// One process, then two; on each database.
fn worlds() -> Vec<Vec<World>> {
    World::alone_and_beside(|backend| project().compile_for(backend.dialect()))
}

fn team(name: &str) -> String {
    person(&format!("team {name}"))
}

fn fill(world: &World) {
    for (name, members) in [("one", ["ada", "bob"]), ("two", ["ada", "eve"])] {
        let team = team(name);
        world.database().execute(&format!(
            "INSERT INTO teams (id, name) VALUES ('{team}', '{name}')"
        ));
        for member in members {
            let member = person(member);
            world.database().execute(&format!(
                "INSERT INTO members (team_id, user_id, role) VALUES ('{team}', '{member}', 'x')"
            ));
        }
    }
}

/// What a caller asked for and was told.
struct Told {
    row: (usize, usize),
    amount: i64,
    member: bool,
    answer: Answer,
}

/// Numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

/// Everybody counts, in rows and with amounts of their own.
fn count(worlds: &[World], route: &str, amounts: &[i64]) -> Vec<Told> {
    let start = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (world, start) = (&worlds[thread % worlds.len()], &start);
                scope.spawn(move || {
                    let mut numbers = Numbers(u64::try_from(thread).unwrap());
                    let runtime = tokio::runtime::Builder::new_current_thread()
                        .enable_all()
                        .build()
                        .unwrap();
                    start.wait();
                    let mut told = Vec::new();
                    for _ in 0..TURNS {
                        // Most of them want the same row.
                        let row = (
                            numbers.below(2),
                            [0, 0, 0, numbers.below(NAMES.len())][numbers.below(4)],
                        );
                        let who = ["ada", "bob", "eve"][numbers.below(3)];
                        let amount = amounts[numbers.below(amounts.len())];
                        let target = format!("/teams/{}/{route}", team(["one", "two"][row.0]));
                        let body = serde_json::json!({ "name": NAMES[row.1], "amount": amount }).to_string();
                        let headers = [("Authorization", world.token(who, ""))];
                        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
                        let answer = world.send("POST", &target, &headers, &body);
                        told.push(Told {
                            row,
                            amount,
                            member: [["ada", "bob"], ["ada", "eve"]][row.0].contains(&who),
                            answer: runtime.block_on(answer),
                        });
                    }
                    told
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    })
}

fn stored(world: &World, row: (usize, usize)) -> i64 {
    let (team, name) = (team(["one", "two"][row.0]), NAMES[row.1]);
    world.database().number(&format!(
        "SELECT coalesce(max(used), {FIRST}) FROM meters WHERE team_id = '{team}' AND name = '{name}'"
    ))
}

/// Those who were counted, by row: what each added, and what the row was then.
fn counted(all: &[Told]) -> BTreeMap<(usize, usize), Vec<(i64, i64)>> {
    let mut rows: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for told in all {
        let status = told.answer.status;
        if !told.member {
            assert_eq!(status, 404, "{}", told.answer.json());
        } else if status == 200 {
            let row = told.answer.json();
            assert_eq!(row["name"], NAMES[told.row.1], "another's row");
            rows.entry(told.row)
                .or_default()
                .push((told.amount, row["used"].as_i64().unwrap()));
        }
    }
    rows
}

/// The steps lead from the first value to the last, each from where another one ended: so every one was told what it
/// left, whatever their order.
fn judge_steps(steps: &[(i64, i64)], last: i64) {
    let mut ends: BTreeMap<i64, i64> = BTreeMap::from([(FIRST, 1)]);
    for (amount, then) in steps {
        *ends.entry(*then).or_default() += 1;
        *ends.entry(then - amount).or_default() -= 1;
    }
    ends.retain(|_, count| *count != 0);
    assert_eq!(ends, BTreeMap::from([(last, 1)]), "{steps:?}");
}

#[test]
fn each_is_told_what_it_left() {
    for (route, amounts) in [("free", &[0, 1, 1, 2, 3, 7, 7, 1_000][..]), ("one", &[1])] {
        for worlds in worlds() {
            fill(&worlds[0]);
            let all = count(&worlds, route, amounts);
            assert!(all.iter().all(|told| matches!(told.answer.status, 200 | 404)));
            let rows = counted(&all);
            assert!(rows.len() > NAMES.len(), "{}", rows.len());
            for (row, steps) in rows {
                judge_steps(&steps, stored(&worlds[0], row));
            }
        }
    }
}

/// What is less than nothing, and too much for the column, goes by itself.
#[test]
fn what_takes_away_or_is_too_much_is_counted_as_exactly() {
    for worlds in worlds() {
        fill(&worlds[0]);
        let all = count(
            &worlds,
            "free",
            &[1, 2, 2, 5, 5, 9, -1, -2, i64::from(i32::MAX), 1 << 40],
        );
        for told in &all {
            let expected: &[u16] = match (told.member, told.amount) {
                (false, _) => &[404],
                // It may be less than nothing then.
                (true, ..0) => &[200, 422],
                (true, 0..10) => &[200],
                (true, _) => &[422],
            };
            let (status, amount) = (told.answer.status, told.amount);
            assert!(
                expected.contains(&status),
                "{amount}: {status} {}",
                told.answer.json()
            );
        }
        for (row, steps) in counted(&all) {
            judge_steps(&steps, stored(&worlds[0], row));
        }
    }
}

/// What a team's meters are, by name, and where the answer was found.
fn list(world: &World, name: &str) -> (String, BTreeMap<String, i64>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let token = world.token("ada", "");
    let target = format!("/teams/{}/meters", team(name));
    let answer = runtime.block_on(world.send("GET", &target, &[("Authorization", &token)], ""));
    let found = answer
        .headers
        .get("x-cache")
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    let rows = answer.json();
    let meter = |row: &serde_json::Value| {
        (
            row["name"].as_str().unwrap().to_owned(),
            row["used"].as_i64().unwrap(),
        )
    };
    (found, rows.as_array().unwrap().iter().map(meter).collect())
}

/// Rows of which the transaction that wrote them last has no entry for their tenant.
const UNLOGGED: &str = "SELECT count(*) FROM meters WHERE NOT EXISTS (SELECT 1 FROM _backflow_changes AS c \
    WHERE c.name = 'meters' AND c.tenant = meters.team_id::text \
    AND c.xid::text::numeric % 4294967296 = meters.xmin::text::numeric)";

/// The statement for many writes down itself whose rows it has changed; no trigger does it for it.
#[test]
fn whoever_counts_makes_kept_answers_old() {
    for worlds in worlds() {
        fill(&worlds[0]);
        for round in 1..=2 {
            for world in &worlds {
                for name in ["one", "two"] {
                    list(world, name);
                    assert_eq!(list(world, name).0, "HIT");
                }
            }
            assert!(count(&worlds, "free", &[1, 2, 3]).iter().any(|told| told.member));
            let probe = worlds[0].database();
            if probe.is_postgres() {
                let unlogged = probe.number(UNLOGGED);
                assert_eq!(unlogged, 0, "rows whose last change nobody wrote down");
            }
            // What another process has written is seen within a second.
            std::thread::sleep(Duration::from_secs(if worlds.len() > 1 { 1 } else { 0 }));
            for world in &worlds {
                for (at, name) in ["one", "two"].into_iter().enumerate() {
                    let (found, meters) = list(world, name);
                    assert_eq!(found, "MISS", "round {round}");
                    for (row, meter) in NAMES.iter().enumerate() {
                        let stored = stored(world, (at, row));
                        assert_eq!(meters.get(*meter).copied().unwrap_or(FIRST), stored, "{meter}");
                    }
                }
            }
        }
    }
}

#[test]
fn limits_hold_for_each_and_for_all() {
    for worlds in worlds() {
        fill(&worlds[0]);
        let all = count(&worlds, "limited", &[0, 1, 2, 3, 4, 5, 6, 7, i64::from(i32::MAX)]);
        for (row, steps) in counted(&all) {
            let last = stored(&worlds[0], row);
            judge_steps(&steps, last);
            assert!(last <= 400, "{last}");
            assert!(row.1 != 0 || last > 393, "the limit is never met: {last}");
            let refused = all
                .iter()
                .filter(|told| told.member && told.row == row && told.answer.status != 200);
            for told in refused {
                let (status, is_huge) = (told.answer.status, told.amount > 400);
                // What no row could hold may be told so.
                assert!(
                    status == 402 || is_huge && status == 422,
                    "{}",
                    told.answer.json()
                );
                // The row only grows.
                assert!(last + told.amount > 400, "{} was refused at {last}", told.amount);
            }
        }
    }
}
