//! What a scenario plays on: a project folder, a database, a sandbox, and servers that can be killed.
//!
//! Invariant: everything has ports, folders and a database of its own, so that scenarios may run beside each other.
//! Not here: what is played.

use super::gate::Gate;
use super::history::History;
use super::http;
use super::process::{Launch, Process};
use super::relay::Relay;
use backflow_connect::sandbox::{Options, Sandbox};
use backflow_engine::{Clock, SystemClock};
use backflow_testkit::{Backend, Home, Probe, bearer};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const SECRET: &str = "a secret for tests, thirty-two bytes or more";

const CONFIG: &str = r#"{
  "jwt": { "secret": "{{env.JWT_SECRET}}" },
  "credentials": {
    "stripe": { "secretKey": "{{env.STRIPE_KEY}}", "baseUrl": "{{env.PROVIDERS}}" },
    "sendgrid": { "apiKey": "{{env.SENDGRID_KEY}}", "fromEmail": "hello@example.com", "baseUrl": "{{env.PROVIDERS}}" }
  }
}"#;

/// How long a deed may take, with the start of a server.
const PATIENCE: Duration = Duration::from_secs(60);

/// A stage.
pub(crate) struct Stage {
    pub(crate) label: String,
    pub(crate) history: Arc<History>,
    pub(crate) org: String,
    pub(crate) token: String,
    processes: Vec<Arc<Process>>,
    gates: Vec<Arc<Gate>>,
    relays: Vec<Arc<Relay>>,
    pub(crate) sandbox: Arc<Sandbox>,
    home: Home,
    folder: tempfile::TempDir,
}

impl Stage {
    /// Servers that listen, and an organization of Ada's.
    pub(crate) fn new(label: &str, backend: Backend, servers: usize) -> Self {
        Self::with(label, (backend, servers), &[])
    }

    /// The same, with further files in the project.
    pub(crate) fn with(label: &str, (backend, servers): (Backend, usize), files: &[(&str, &str)]) -> Self {
        Self::at(label, (Home::new(backend), servers), files)
    }

    /// The same, in a database that is there.
    pub(crate) fn at(label: &str, (home, servers): (Home, usize), files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let seed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/seed");
        copy(&seed, folder.path());
        write(folder.path(), "backflow.json", CONFIG);
        files
            .iter()
            .for_each(|(name, text)| write(folder.path(), name, text));
        let sandbox = Arc::new(runtime().block_on(Sandbox::start(Options::default())).unwrap());
        let mut stage = Self {
            label: label.to_owned(),
            history: Arc::new(History::new()),
            org: String::new(),
            token: bearer(SystemClock.now(), "ada", ""),
            processes: Vec::new(),
            gates: Vec::new(),
            relays: Vec::new(),
            sandbox,
            home,
            folder,
        };
        for number in 0..servers {
            stage.add(number);
        }
        stage.org = stage.organization();
        stage
    }

    fn add(&mut self, number: usize) {
        let gate = Gate::open(self.sandbox.address());
        let folder = self.folder.path().to_owned();
        let database = self.database();
        let env = [
            ("JWT_SECRET", SECRET.to_owned()),
            ("STRIPE_KEY", "sk_test_sandbox".to_owned()),
            ("SENDGRID_KEY", "SG.sandbox".to_owned()),
            ("STRIPE_WEBHOOK_SECRET", "whsec_test".to_owned()),
            ("APP_URL", "https://app.example.com".to_owned()),
            ("PROVIDERS", gate.url()),
            ("DATABASE_URL", database),
        ];
        let launch = Launch {
            log: folder.join(format!("server-{number}.log")),
            folder,
            env: env.map(|(name, value)| (name.to_owned(), value)).into(),
        };
        let name = format!("server {number}");
        let process = Process::new(&name, launch, Arc::clone(&self.history));
        process.start();
        self.processes.push(process);
        self.gates.push(Arc::new(gate));
    }

    /// Where a server finds its database: on PostgreSQL, over a relay of its own.
    fn database(&mut self) -> String {
        match &self.home {
            Home::Sqlite(folder) => folder.path().join("app.db").display().to_string(),
            Home::Postgres(database) | Home::Pooled(database, _) => {
                let relay = Relay::open(database.cluster().port());
                let url = format!(
                    "postgres://postgres@127.0.0.1:{}/{}",
                    relay.port(),
                    database.name()
                );
                self.relays.push(Arc::new(relay));
                url
            }
        }
    }

    fn organization(&self) -> String {
        let body = r#"{"name": "Acme", "slug": "acme"}"#;
        let address = self.processes[0].address().unwrap();
        let limit = Duration::from_secs(30);
        let answer = http::ask(address, ("POST", "/organizations"), &self.token, body, limit).unwrap();
        assert_eq!(answer.status(), 201, "{}", answer.text());
        let rows = self.probe().rows("SELECT CAST(id AS text) FROM organizations");
        rows[0][0].clone().unwrap()
    }

    pub(crate) fn servers(&self) -> usize {
        self.processes.len()
    }

    pub(crate) fn process(&self, number: usize) -> &Arc<Process> {
        &self.processes[number]
    }

    pub(crate) fn gate(&self, number: usize) -> &Arc<Gate> {
        &self.gates[number]
    }

    pub(crate) fn relay(&self, number: usize) -> &Arc<Relay> {
        &self.relays[number]
    }

    /// Waits until all that was laid at the gates was done.
    pub(crate) fn settle(&self) {
        let begun = Instant::now();
        while self.gates.iter().any(|gate| gate.waiting() > 0) {
            assert!(begun.elapsed() < PATIENCE, "kills never came\n{}", self.report());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// A connection past everything.
    pub(crate) fn probe(&self) -> Probe {
        self.home.probe()
    }

    /// Nothing went wrong; else everything that happened is told.
    pub(crate) fn blameless(&self, faults: &[String]) {
        assert!(
            faults.is_empty(),
            "{} faults:\n  {}\n{}",
            faults.len(),
            faults.join("\n  "),
            self.report()
        );
    }

    /// All that is needed to understand what went wrong.
    pub(crate) fn report(&self) -> String {
        let probe = self.probe();
        let runs = probe.table(
            "SELECT CAST(id AS text), name, state, status, fence, worker, error FROM _backflow_runs \
             WHERE state <> 'done' OR fence > 1 ORDER BY started",
        );
        let steps = probe.table(
            "SELECT CAST(s.run AS text), s.step, s.state, s.epoch FROM _backflow_steps s JOIN _backflow_runs r ON r.id = s.run \
             WHERE r.state <> 'done' OR r.fence > 1 ORDER BY s.run, s.position",
        );
        let sent: Vec<String> = self.sandbox.sent().iter().map(shown).collect();
        let sent = &sent[sent.len().saturating_sub(200)..];
        let passed: Vec<String> = self.gates.iter().map(|gate| gate.report()).collect();
        let logs: Vec<String> = self.processes.iter().map(|process| process.log()).collect();
        format!(
            "=== {}\n--- history\n{}\n--- runs that were not done, or taken over\n{runs}--- their steps\n{steps}--- \
             what the sandbox saw\n{}\n--- what passed the gates\n{}\n--- logs\n{}",
            self.label,
            self.history.text(),
            sent.join("\n"),
            passed.join("\n"),
            logs.join("\n")
        )
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for process in &self.processes {
            process.close();
        }
    }
}

fn shown(sent: &backflow_connect::sandbox::Sent) -> String {
    let key = sent.idempotency_key.as_deref().unwrap_or("-");
    let fault = sent.fault.as_deref().unwrap_or("");
    format!(
        "{} {} {:?} key {key} effect {} replayed {} {fault} {}",
        sent.method, sent.path, sent.status, sent.effect, sent.replayed, sent.params
    )
}

/// Where sandboxes live.
pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap()
    })
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().map_while(Result::ok) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
