//! Scripted jobs and servers for this crate's tests.
//!
//! Role: stands in for the engine's transactions, which cannot be made here.
//! Invariant: every bench has a database of its own.
//! Not here: tests.

use crate::job::Job;
use crate::options::Options;
use crate::store::Postgres;
use backflow_engine::store::{Call, RowSet, StatementError, StoreError, Turn};
use backflow_sql::ir::{Datum, Statement};
use backflow_testkit::Probe;
use backflow_testkit::cluster::{Cluster, Database};
use backflow_testkit::proxy::Proxy;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;

/// A statement of its own.
pub(crate) fn statement(text: &str, json: bool, cells: usize) -> Arc<Statement> {
    Arc::new(Statement {
        text: text.to_owned(),
        json,
        cells,
        ..backflow_sql::ir::Statement::default()
    })
}

/// A call of a statement of its own.
pub(crate) fn call(text: &str, cells: usize, values: Vec<Datum>) -> Call {
    Call {
        statement: statement(text, false, cells),
        values,
        alone: false,
        shares: None,
    }
}

pub(crate) fn text(text: &str) -> Datum {
    Datum::Text(text.into())
}

type Answer = Result<RowSet, StatementError>;

/// A job that runs its calls one after another and commits, or rolls back when one fails.
pub(crate) struct Script {
    calls: Vec<Call>,
    reads: bool,
    rolls_back: bool,
    at: usize,
    /// What came back, since the last start.
    pub(crate) answers: Vec<Answer>,
    /// How often it was rewound.
    pub(crate) rewound: usize,
    seen: Arc<Mutex<Vec<usize>>>,
}

impl Script {
    pub(crate) fn new(calls: Vec<Call>) -> Self {
        Script {
            calls,
            reads: false,
            rolls_back: false,
            at: 0,
            answers: Vec::new(),
            rewound: 0,
            seen: Arc::default(),
        }
    }

    /// One call, for itself.
    pub(crate) fn alone(mut call: Call) -> Self {
        call.alone = true;
        Script::new(vec![call])
    }

    /// One call that reads, for itself.
    pub(crate) fn read(call: Call) -> Self {
        Script::alone(call).reading()
    }

    pub(crate) fn reading(mut self) -> Self {
        self.reads = true;
        self
    }

    pub(crate) fn rolling_back(mut self) -> Self {
        self.rolls_back = true;
        self
    }

    /// Which calls have been asked for, for those who do not have the script any more.
    pub(crate) fn progress(&self) -> Arc<Mutex<Vec<usize>>> {
        Arc::clone(&self.seen)
    }

    /// The only cell of the last answer.
    pub(crate) fn cell(&self) -> Datum {
        let last = self.answers.last().expect("an answer").as_ref().expect("rows");
        last.rows
            .first()
            .expect("a row")
            .cells
            .first()
            .expect("a cell")
            .clone()
    }

    /// The last answer, a fault.
    pub(crate) fn error(&self) -> StatementError {
        let last = self.answers.last().expect("an answer");
        last.as_ref().expect_err("a fault").clone()
    }
}

impl Job for Script {
    fn rewind(&mut self) {
        self.at = 0;
        self.answers.clear();
        self.rewound += 1;
    }

    fn next(&mut self, last: Option<Answer>) -> Turn {
        let failed = matches!(last, Some(Err(_)));
        self.answers.extend(last);
        if failed {
            return Turn::RollBack;
        }
        match self.calls.get(self.at) {
            Some(call) => {
                self.seen.lock().expect("lock").push(self.at);
                self.at += 1;
                Turn::Run(call.clone())
            }
            None if self.rolls_back => Turn::RollBack,
            None => Turn::Commit,
        }
    }

    fn reads_only(&self) -> bool {
        self.reads
    }
}

/// A store on a database of its own, with a table `t (id text PRIMARY KEY, n int4)`.
pub(crate) struct Bench {
    pub(crate) store: Arc<Postgres>,
    pub(crate) probe: Probe,
    pub(crate) proxy: Option<Proxy>,
    /// Dropped last.
    database: Database,
}

impl Bench {
    /// Directly.
    pub(crate) async fn new(settings: &str) -> Self {
        Self::on(&Cluster::shared(), settings).await
    }

    /// On a cluster.
    pub(crate) async fn on(cluster: &Arc<Cluster>, settings: &str) -> Self {
        let database = create(cluster).await;
        let url = format!("{}?{settings}", database.url());
        Self::open(database, parse(&url), None).await
    }

    /// Directly, with what no connection string can say.
    pub(crate) async fn tuned(settings: &str, tune: impl FnOnce(&mut Options)) -> Self {
        let database = create(&Cluster::shared()).await;
        let mut options = parse(&format!("{}?{settings}", database.url()));
        tune(&mut options);
        Self::open(database, options, None).await
    }

    /// Through a line that can be cut.
    pub(crate) async fn through_proxy(settings: &str) -> Self {
        let cluster = Cluster::shared();
        let database = create(&cluster).await;
        let proxy = Proxy::start(cluster.port()).await;
        let url = format!(
            "postgres://postgres@127.0.0.1:{}/{}?{settings}",
            proxy.port(),
            database.name()
        );
        Self::open(database, parse(&url), Some(proxy)).await
    }

    async fn open(database: Database, options: Options, proxy: Option<Proxy>) -> Self {
        let probe = Probe::postgres(&database.url());
        probe.execute("CREATE TABLE t (id text PRIMARY KEY, n int4)");
        let store = Postgres::open(options).await.expect("open");
        Bench {
            store: Arc::new(store),
            probe,
            proxy,
            database,
        }
    }

    /// A second store on the same database, as of another process.
    pub(crate) async fn beside(&self) -> Arc<Postgres> {
        let store = Postgres::open(parse(&self.database.url())).await;
        Arc::new(store.expect("open"))
    }

    pub(crate) fn proxy(&self) -> &Proxy {
        self.proxy.as_ref().expect("a proxy")
    }

    /// Runs a script to its end.
    pub(crate) async fn run(&self, script: Script) -> Result<Script, StoreError> {
        self.store.lanes().run(script).await
    }

    /// Runs a script beside the test.
    pub(crate) fn start(&self, script: Script) -> JoinHandle<Result<Script, StoreError>> {
        let store = Arc::clone(&self.store);
        tokio::spawn(async move { store.lanes().run(script).await })
    }

    /// Sessions of the store that are in one of these states.
    pub(crate) fn sessions(&self, condition: &str) -> i64 {
        let name = self.database.name();
        self.probe.number(&format!(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND application_name = 'backflow' AND {condition}"
        ))
    }

    /// Waits until no session of the store is in such a state.
    pub(crate) async fn until_none(&self, condition: &str, patience: Duration) {
        let begun = std::time::Instant::now();
        while self.sessions(condition) > 0 {
            assert!(begun.elapsed() < patience, "sessions are still {condition}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn parse(url: &str) -> Options {
    Options::parse(url).expect(url)
}

async fn create(cluster: &Arc<Cluster>) -> Database {
    let cluster = Arc::clone(cluster);
    tokio::task::spawn_blocking(move || cluster.create())
        .await
        .expect("a database")
}

/// Inserts a row.
pub(crate) fn insert(id: &str) -> Call {
    call("INSERT INTO t VALUES ($1, 1)", 0, vec![text(id)])
}

/// Takes a while.
pub(crate) fn sleep(seconds: f64) -> Call {
    call("SELECT pg_sleep($1)::text", 1, vec![Datum::Float(seconds)])
}
