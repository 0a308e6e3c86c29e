//! Our side: a project with a route for each case, and the database that both sides use.
//!
//! Invariant: each case starts from the same rows; a case that cannot be compiled is a fault of its own and leaves
//! the others alone.
//! Not here: the other side; see `peer`.

use crate::outcome::Outcome;
use crate::peer;
use backflow_diag::{Diagnostic, Severity};
use backflow_testkit::cluster::{Cluster, Database};
use backflow_testkit::{Compiled, Home, Probe, Project, World};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Files of tests/peers/postgrest/schema that are the project's migrations.
const MIGRATIONS: [&str; 2] = ["0001_shop.sql", "0002_postgres.sql"];

/// A case as the peer tells it.
pub(crate) struct Case {
    pub(crate) name: String,
    /// The query of the config.
    pub(crate) query: Value,
    route: Value,
    body: String,
    target: String,
    writes: bool,
}

impl Case {
    /// Reads what the peer tells of a case.
    pub(crate) fn read(number: usize, told: &Value) -> Self {
        let query = told["ours"].clone();
        let operation = query["operation"].as_str().unwrap_or_default();
        let usual = match operation {
            "insert" | "upsert" => "post",
            "update" => "patch",
            "delete" => "delete",
            _ => "get",
        };
        let method = told["method"].as_str().unwrap_or(usual);
        let path = format!("/case-{number}");
        let mut route = json!({ "path": path, "method": method, "supabaseQueries": [query] });
        for key in ["response", "validation"] {
            if let Some(value) = told.get(key) {
                route[key] = value.clone();
            }
        }
        let body = told["body"].as_str().unwrap_or_default().to_owned();
        Case {
            name: told["name"].as_str().unwrap_or_default().to_owned(),
            route,
            body,
            target: format!("{path}{}", query_string(&told["query"])),
            writes: operation != "select",
            query,
        }
    }

    fn file(&self) -> String {
        format!("routes{}.json", self.route["path"].as_str().unwrap_or_default())
    }

    /// Whether rows are embedded in the answer.
    pub(crate) fn embeds(&self) -> bool {
        self.query["select"]
            .as_str()
            .is_some_and(|select| select.contains('('))
    }
}

/// Our side.
pub(crate) struct Ours {
    world: World,
    faults: BTreeMap<String, Outcome>,
    probe: Probe,
    wait: tokio::runtime::Runtime,
    /// The rows from which every case starts.
    pub(crate) start: String,
}

impl Ours {
    /// Serves the cases from a database of their own; also says how PostgREST gets there.
    pub(crate) fn start(cases: &[Case]) -> (Self, String) {
        let database = database();
        let url = database.url();
        let home = Arc::new(Home::Postgres(database));
        let (project, faults) = compile(cases, &home);
        let world = World::start_in(home, project);
        let probe = world.database();
        for name in ["seed.sql", "oracle.sql"] {
            probe.execute(&text(name));
        }
        let mut ours = Ours {
            world,
            faults,
            probe,
            wait: tokio::runtime::Builder::new_current_thread()
                .build()
                .expect("a runtime"),
            start: String::new(),
        };
        ours.start = ours.contents();
        (ours, url)
    }

    /// What our route answers, or the fault for which there is none.
    pub(crate) fn ask(&self, case: &Case) -> Outcome {
        if let Some(fault) = self.faults.get(&case.name) {
            return fault.clone();
        }
        let method = case.route["method"].as_str().unwrap_or_default().to_uppercase();
        let answer = self
            .wait
            .block_on(self.world.send(&method, &case.target, &[], &case.body));
        let range = answer.headers.get(http::header::CONTENT_RANGE);
        let range = range.map(|range| String::from_utf8_lossy(range.as_bytes()).into_owned());
        Outcome::answered(answer.status, range, &answer.body)
    }

    /// All rows as they are after a case; then they are as they were before it.
    pub(crate) fn contents_then_reset(&self, case: &Case) -> String {
        if !case.writes {
            return self.start.clone();
        }
        let contents = self.contents();
        let changed = contents != self.start;
        self.probe.execute(if changed {
            "SELECT oracle_reset()"
        } else {
            "SELECT oracle_counters()"
        });
        contents
    }

    fn contents(&self) -> String {
        self.probe.table("SELECT oracle_contents()")
    }
}

/// A database that sorts by bytes: how a language sorts is the matter of single columns.
fn database() -> Database {
    let cluster = Cluster::shared();
    let template = "CREATE DATABASE plain TEMPLATE template0 LOCALE_PROVIDER libc LOCALE 'C'";
    Probe::postgres(&cluster.url("postgres")).execute(template);
    cluster.create_from("plain")
}

fn schema() -> Project {
    let project = Project::default().file("backflow.json", r#"{"tenancy": false}"#);
    let file = |project: Project, name: &&str| project.file(&format!("migrations/{name}"), &text(name));
    MIGRATIONS.iter().fold(project, file)
}

fn text(name: &str) -> String {
    let path = peer::folder().join("schema").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The project of all cases that have no fault, and the faults of the others.
fn compile(cases: &[Case], home: &Home) -> (Compiled, BTreeMap<String, Outcome>) {
    let mut faults = BTreeMap::new();
    loop {
        let good = cases.iter().filter(|case| !faults.contains_key(&case.name));
        let add = |project: Project, case: &Case| project.file(&case.file(), &case.route.to_string());
        let compiled = good.fold(schema(), add).compile_in(home);
        if compiled.plan.is_some() {
            return (compiled, faults);
        }
        let found: Vec<(&Case, &str)> = cases
            .iter()
            .filter_map(|case| Some((case, fault(&compiled, &case.file())?)))
            .collect();
        assert!(
            !found.is_empty(),
            "the project itself has faults:\n{}",
            compiled.report()
        );
        // While files cannot be read, nothing else is looked at closely.
        let unread = found.iter().any(|(_, code)| of_reading(code));
        for (case, code) in found.into_iter().filter(|(_, code)| !unread || of_reading(code)) {
            faults.insert(case.name.clone(), Outcome::Refusal(format!("fault {code}")));
        }
    }
}

fn of_reading(code: &str) -> bool {
    code.starts_with("E02")
}

/// The first fault that stands in a file.
fn fault(compiled: &Compiled, file: &str) -> Option<&'static str> {
    let here = |found: &&Diagnostic| {
        let place = found.span().map(|span| compiled.sources.name(span.file));
        found.code.severity == Severity::Error && place == Some(file)
    };
    compiled.diagnostics.iter().find(here).map(|found| found.code.id)
}

/// `?name=value&…`, percent-encoded.
fn query_string(values: &Value) -> String {
    let mut text = String::new();
    for (name, value) in values.as_object().into_iter().flatten() {
        text.push(if text.is_empty() { '?' } else { '&' });
        text.push_str(&format!("{name}="));
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text.extend(value.bytes().map(|byte| format!("%{byte:02X}")));
    }
    text
}
