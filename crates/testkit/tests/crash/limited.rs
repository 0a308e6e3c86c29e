//! Counters with a limit, many callers, and kills of who counts.
//!
//! Role: 64 callers take 1 to 7 of a counter's thousand until nothing is left of it; when some of it is taken, the server
//! or its database is killed. Then the next counter.
//! Invariant: all callers together see one counter that only grows: what is stored never passes the limit, what was
//! acknowledged is in it, and what was refused was too much while its caller waited.
//! Not here: whether what callers were told fits together (`told`); counters without a limit (`counted`), limits without
//! kills (`limits`).

use super::counted::Victim;
use super::http;
use super::rng::Rng;
use super::stage::Stage;
use super::told::{self, Outcome, Told, used_in};
use backflow_engine::{Clock, SystemClock};
use backflow_testkit::cluster::{Cluster, End, Options};
use backflow_testkit::{Backend, Home, bearer};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

const CALLERS: usize = 64;
const LIMIT: i64 = 1_000;

/// How long a counter may take until it is used up.
const PATIENCE: Duration = Duration::from_secs(90);

const TABLES: &str = "
CREATE TABLE meters (
  organization_id UUID NOT NULL REFERENCES organizations(id), name TEXT NOT NULL, used INTEGER NOT NULL DEFAULT 0,
  most INTEGER NOT NULL DEFAULT 1000, PRIMARY KEY (organization_id, name)
);
CREATE TABLE uses (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(), organization_id UUID NOT NULL REFERENCES organizations(id),
  name TEXT NOT NULL, amount INTEGER NOT NULL
);
";

/// One statement; and two in a transaction.
const ROUTES: &str = r#"[
  { "path": "/take/:name", "method": "post", "requireAuth": true,
    "validation": { "body": { "amount": { "type": "integer", "minimum": 1, "required": true } } },
    "supabaseQueries": [
      { "table": "meters", "operation": "upsert", "onConflict": ["organization_id", "name"], "require": "used <= most",
        "data": { "organization_id": "{{auth.tenant_id}}", "name": "{{params.name}}", "used": "used + {{body.amount}}" } }] },
  { "path": "/note/:name", "method": "post", "requireAuth": true,
    "validation": { "body": { "amount": { "type": "integer", "minimum": 1, "required": true } } },
    "supabaseQueries": [
      { "table": "uses", "operation": "insert",
        "data": { "organization_id": "{{auth.tenant_id}}", "name": "{{params.name}}", "amount": "{{body.amount}}" } },
      { "table": "meters", "operation": "upsert", "onConflict": ["organization_id", "name"], "require": "used <= most",
        "data": { "organization_id": "{{auth.tenant_id}}", "name": "{{params.name}}", "used": "used + {{body.amount}}" } }] }
]"#;

/// What is played.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Play {
    pub(crate) backend: Backend,
    pub(crate) servers: usize,
    pub(crate) victim: Victim,
    /// How many counters are used up, with a kill in each.
    pub(crate) counters: u64,
}

/// What there was.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) admitted: usize,
    pub(crate) refused: usize,
    pub(crate) open: usize,
    /// Kills with admissions before and after.
    pub(crate) amid: u64,
}

/// A counter while it is used up.
struct Counter<'a> {
    stage: &'a Stage,
    path: String,
    token: String,
    begun: Instant,
    /// How much was acknowledged.
    taken: AtomicI64,
    /// Somebody was told that nothing is left.
    empty: AtomicBool,
}

/// Plays it.
pub(crate) fn play(play: Play, seed: u64) -> Figures {
    let cluster = (play.backend == Backend::Postgres).then(|| Cluster::start(&Options::default()));
    let home = match &cluster {
        Some(cluster) => Home::Postgres(cluster.create()),
        None => Home::new(play.backend),
    };
    let files = [
        ("migrations/0002_meters.sql", TABLES),
        ("routes/limited.json", ROUTES),
    ];
    let stage = Stage::at(&format!("{play:?}, seed {seed}"), (home, play.servers), &files);
    let mut rng = Rng::new(seed, 9);
    let mut figures = Figures::default();
    for number in 0..play.counters {
        let counter = &Counter::new(&stage, number);
        let due = 50 + i64::try_from(rng.below(800)).unwrap();
        let (told, killed) = std::thread::scope(|scope| {
            let callers: Vec<_> = (0..CALLERS)
                .map(|caller| scope.spawn(move || counter.use_up(caller)))
                .collect();
            counter.wait(due);
            let killed = Instant::now();
            match (play.victim, &cluster) {
                (Victim::Database, Some(cluster)) => cluster.restart(End::Crash),
                _ => {
                    let process = stage.process(usize::try_from(number).unwrap() % play.servers);
                    process.kill("it counts");
                    process.start();
                }
            }
            let told: Vec<Told> = callers
                .into_iter()
                .flat_map(|caller| caller.join().unwrap())
                .collect();
            (told, killed)
        });
        counter.judge(number, &told);
        figures.add(&told, killed);
    }
    figures
}

impl<'a> Counter<'a> {
    fn new(stage: &'a Stage, number: u64) -> Self {
        let claims = format!(r#"{{"tenant_id": "{}"}}"#, stage.org);
        let form = if number.is_multiple_of(2) { "take" } else { "note" };
        Self {
            stage,
            path: format!("/{form}/{number}"),
            token: bearer(SystemClock.now(), "ada", &claims),
            begun: Instant::now(),
            taken: AtomicI64::new(0),
            empty: AtomicBool::new(false),
        }
    }

    /// Waits until so much is taken.
    fn wait(&self, due: i64) {
        let is_over = || self.empty.load(Ordering::SeqCst) || self.begun.elapsed() > PATIENCE;
        while self.taken.load(Ordering::SeqCst) < due && !is_over() {
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    /// One caller, in its own order, until not even 1 is left, or more is taken than there is; where one server is away it
    /// goes to another.
    fn use_up(&self, caller: usize) -> Vec<Told> {
        let mut told = Vec::new();
        let (mut server, mut turn) = (caller, caller * 3);
        while self.begun.elapsed() < PATIENCE {
            let cost = i64::try_from(turn % 7).unwrap() + 1;
            let Some(one) = self.ask(server % self.stage.servers(), cost) else {
                server += 1;
                std::thread::sleep(Duration::from_millis(5));
                continue;
            };
            turn += 5;
            let is_last = match one.outcome {
                Outcome::Refused(_) => cost == 1,
                Outcome::Admitted(used) => used > LIMIT,
                Outcome::Open => false,
            };
            told.push(one);
            if is_last {
                self.empty.store(true, Ordering::SeqCst);
                return told;
            }
        }
        told
    }

    /// `None`: it has certainly not counted.
    fn ask(&self, server: usize, cost: i64) -> Option<Told> {
        let address = self.stage.process(server).address()?;
        let (sent, body) = (Instant::now(), format!(r#"{{"amount": {cost}}}"#));
        let target = ("POST", self.path.as_str());
        let answer = http::ask(address, target, &self.token, &body, Duration::from_secs(30));
        let got = Instant::now();
        let read = |text: &str| -> serde_json::Value { serde_json::from_str(text).unwrap() };
        let outcome = match answer.map(|answer| (answer.status(), answer.text())) {
            None => Outcome::Open,
            Some((200, text)) => {
                self.taken.fetch_add(cost, Ordering::SeqCst);
                Outcome::Admitted(used_in(&read(&text)))
            }
            Some((402, text)) => Outcome::Refused(read(&text)),
            Some((500, text)) if text.contains("outcome_unknown") => Outcome::Open,
            Some((503, _)) => return None,
            Some((status, text)) => panic!("{status} {text}\n{}", self.stage.report()),
        };
        Some(Told {
            cost,
            sent,
            got,
            outcome,
        })
    }

    fn judge(&self, number: u64, all: &[Told]) {
        let probe = self.stage.probe();
        let stored = probe.number(&format!("SELECT used FROM meters WHERE name = '{number}'"));
        let mut faults = told::faults(all, LIMIT, stored);
        if self.path.starts_with("/note") {
            let noted = probe.number(&format!("SELECT sum(amount) FROM uses WHERE name = '{number}'"));
            if noted != stored {
                faults.push(format!("{noted} noted, {stored} stored"));
            }
        }
        assert!(
            faults.is_empty(),
            "{}: {} faults:\n  {}\n{}",
            self.path,
            faults.len(),
            faults.join("\n  "),
            self.stage.report()
        );
    }
}

impl Figures {
    fn add(&mut self, all: &[Told], killed: Instant) {
        let (mut before, mut after) = (false, false);
        for told in all {
            match told.outcome {
                Outcome::Admitted(_) => {
                    self.admitted += 1;
                    before |= told.got < killed;
                    after |= told.sent > killed;
                }
                Outcome::Refused(_) => self.refused += 1,
                Outcome::Open => self.open += 1,
            }
        }
        self.amid += u64::from(before && after);
    }
}
