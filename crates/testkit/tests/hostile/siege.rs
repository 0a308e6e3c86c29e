//! A request and what may have come of it.
//!
//! Invariant, checked after each request: the status is not 500; a refusal has the form of all refusals and changes
//! nothing at all; an answer changes only tables that its route writes, and only rows of the caller's tenant.

use backflow_plan::model::{Operation, Route, WorkAction};
use backflow_testkit::crawl::{self, Fixture, Marks, tenant_of};
use backflow_testkit::{Answer, Probe, World};
use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// How many tenants there are; the first is the caller's.
pub(crate) const TENANTS: usize = 2;

/// The rows of every table, and those that are not the caller's.
#[derive(PartialEq, Eq, Clone, Default)]
struct Rows {
    tables: BTreeMap<&'static str, String>,
    others: String,
}

impl Rows {
    fn read(database: &Probe, fixture: &Fixture) -> Rows {
        let mut rows = Rows::default();
        for (table, owner) in fixture.tables {
            let query = format!(
                "SELECT coalesce(CAST(({owner}) AS text), ''), r.{}, r.* FROM {table} AS r ORDER BY 1, 2",
                database.place()
            );
            let all = rows.tables.entry(*table).or_default();
            for row in database.rows(&query) {
                let text = format!("{row:?}");
                all.push_str(&text);
                let owner = row.first().and_then(Option::as_deref).unwrap_or_default();
                if tenant_of(owner).is_some_and(|tenant| tenant != 0) {
                    rows.others.push_str(&text);
                }
            }
        }
        rows
    }
}

/// A request, whatever it is.
pub(crate) struct Shot<'s> {
    /// The method, by its name.
    pub(crate) method: &'s str,
    /// Path and query.
    pub(crate) target: &'s str,
    /// All headers.
    pub(crate) headers: &'s HeaderMap,
    /// The body.
    pub(crate) body: Vec<u8>,
}

/// A project under siege.
pub(crate) struct Siege<'w> {
    world: &'w World,
    pub(crate) fixture: &'w Fixture,
    database: Probe,
    before: Rows,
    /// How many requests were sent.
    pub(crate) sent: usize,
}

impl<'w> Siege<'w> {
    pub(crate) fn new(world: &'w World, fixture: &'w Fixture) -> Self {
        let mut siege = Siege {
            world,
            fixture,
            database: world.database(),
            before: Rows::default(),
            sent: 0,
        };
        siege.restore();
        siege
    }

    fn restore(&mut self) {
        let marks: Vec<Marks> = (0..TENANTS).map(Marks::new).collect();
        crawl::reset(&self.database, self.fixture, &marks);
        self.before = Rows::read(&self.database, self.fixture);
    }

    /// Sends a request and judges what came of it.
    pub(crate) async fn send(&mut self, route: &Route, shot: Shot<'_>) {
        let said = format!(
            "{} {:?} {}",
            shot.target,
            shot.headers,
            String::from_utf8_lossy(&shot.body)
        );
        let method = Method::from_bytes(shot.method.as_bytes()).expect("a method");
        let body = Bytes::from(shot.body);
        let answer = self
            .world
            .send_raw(&method, shot.target, shot.headers, body)
            .await;
        self.sent += 1;
        let short: String = said.chars().take(1000).collect();
        let about = format!(
            "{}: {method} {short}\n{} {}",
            route.name(),
            answer.status,
            answer.body
        );
        judge(&answer, &said, &about);
        let after = Rows::read(&self.database, self.fixture);
        // What a workflow wrote before a provider refused stays.
        let keeps = route.work.as_ref().is_some_and(|work| work.durable);
        if answer.status >= 400 && !keeps {
            assert!(after == self.before, "a refusal changed rows: {about}");
        } else {
            self.judge_rows(route, &after, &about);
        }
        if after != self.before {
            self.restore();
        }
    }

    fn judge_rows(&self, route: &Route, after: &Rows, about: &str) {
        let makes_tenants = matches!(route.name().as_str(), "POST /organizations" | "POST /workspaces");
        assert!(
            makes_tenants || after.others == self.before.others,
            "rows of another tenant changed: {about}"
        );
        let of_work = route.work.iter().flat_map(|work| &work.steps);
        let of_work = of_work.filter_map(|step| match &step.action {
            WorkAction::Database(statements) => Some(statements),
            _ => None,
        });
        let all = route.steps.iter().chain(of_work.flatten());
        let writes = all.filter(|step| step.operation != Operation::Select);
        let written: BTreeSet<&str> = writes.map(|step| step.table.as_str()).collect();
        for (table, rows) in &after.tables {
            let same = self.before.tables.get(table) == Some(rows);
            assert!(same || written.contains(table), "{table} changed: {about}");
        }
    }
}

fn judge(answer: &Answer, said: &str, about: &str) {
    assert_ne!(answer.status, 500, "{about}");
    let refused = answer.status >= 400;
    let inner: &[&str] = if refused {
        &["SQL", "sqlite", "constraint", "panicked"]
    } else {
        &[]
    };
    for word in ["whsec_test", "a secret for tests"].iter().chain(inner) {
        assert!(said.contains(word) || !answer.body.contains(word), "{about}");
    }
    // Ids may be the caller's own choice; texts are not.
    assert!(!answer.body.contains(&Marks::new(1).mark()), "{about}");
    if refused {
        let refusal = answer.json();
        let whole = ["error", "message", "code", "requestId"]
            .iter()
            .all(|member| refusal[member].is_string());
        assert!(whole, "{about}");
    } else {
        assert!(
            answer.body.is_empty() || serde_json::from_str::<Value>(&answer.body).is_ok(),
            "{about}"
        );
    }
}
