//! Scripted jobs and folders for this crate's tests.
//!
//! Role: stands in for the engine's transactions, which cannot be made here.
//! Invariant: a folder is removed with its guard.
//! Not here: tests.

use crate::connection::Place;
use crate::job::Job;
use crate::options::Options;
use crate::store::Pool;
use backflow_engine::store::{Call, RowSet, StatementError, StoreError, Turn};
use backflow_sql::ir::{Datum, Statement};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;

/// A folder for one test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("backflow-sqlite-{}-{number}", std::process::id()));
        drop(std::fs::remove_dir_all(&path));
        std::fs::create_dir_all(&path).expect("folder");
        Folder(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.join("app.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// A call of a statement of its own.
pub(crate) fn call(text: &str, json: bool, cells: usize, values: Vec<Datum>) -> Call {
    Call {
        statement: Arc::new(Statement {
            text: text.to_owned(),
            json,
            cells,
            ..backflow_sql::ir::Statement::default()
        }),
        values,
        alone: false,
        shares: None,
    }
}

type Decide = Box<dyn FnMut(usize, Option<Result<RowSet, StatementError>>) -> Turn + Send>;

/// A job that a closure decides; it is told how many turns have passed since its start.
pub(crate) struct Script {
    decide: Decide,
    turn: usize,
    reads: bool,
    /// How often it was rewound.
    pub(crate) rewound: usize,
}

impl Script {
    pub(crate) fn new(
        decide: impl FnMut(usize, Option<Result<RowSet, StatementError>>) -> Turn + Send + 'static,
    ) -> Self {
        Script {
            decide: Box::new(decide),
            turn: 0,
            reads: false,
            rewound: 0,
        }
    }

    /// Runs a statement and keeps it; rolls back if it fails.
    pub(crate) fn write(call: Call) -> Self {
        Script::new(move |turn, last| match (turn, last) {
            (0, _) => Turn::Run(call.clone()),
            (_, Some(Ok(_))) => Turn::Commit,
            _ => Turn::RollBack,
        })
    }

    pub(crate) fn reading(mut self) -> Self {
        self.reads = true;
        self
    }
}

impl Job for Script {
    fn rewind(&mut self) {
        self.turn = 0;
        self.rewound += 1;
    }

    fn next(&mut self, last: Option<Result<RowSet, StatementError>>) -> Turn {
        let turn = self.turn;
        self.turn += 1;
        (self.decide)(turn, last)
    }

    fn reads_only(&self) -> bool {
        self.reads
    }
}

/// A pool over scripted jobs, with a table `t (id TEXT PRIMARY KEY, n INT)`.
pub(crate) struct Bench {
    pub(crate) pool: Arc<Pool<Script>>,
    pub(crate) folder: Folder,
}

impl Bench {
    pub(crate) fn new(options: Options) -> Self {
        let folder = Folder::new();
        let plain = rusqlite::Connection::open(folder.file()).expect("open");
        plain
            .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (id TEXT PRIMARY KEY, n INT) STRICT")
            .expect("table");
        drop(plain);
        let pool = Pool::open(&Place::File(folder.file()), &options).expect("pool");
        Bench {
            pool: Arc::new(pool),
            folder,
        }
    }

    /// What another process would see.
    pub(crate) fn ids(&self) -> Vec<String> {
        let plain = rusqlite::Connection::open(self.folder.file()).expect("open");
        let mut statement = plain.prepare("SELECT id FROM t ORDER BY id").expect("prepare");
        let rows = statement.query_map([], |row| row.get(0)).expect("query");
        rows.collect::<rusqlite::Result<_>>().expect("ids")
    }

    /// Queues a job while its thread is held up; it has been queued when this returns.
    pub(crate) async fn queue(&self, job: Script) -> JoinHandle<Result<Script, StoreError>> {
        let pool = Arc::clone(&self.pool);
        let before = pool.waiting();
        let handle = tokio::spawn(async move { pool.run(job).await });
        while self.pool.waiting() == before && !handle.is_finished() {
            tokio::time::sleep(Duration::from_micros(100)).await;
        }
        handle
    }

    /// Holds the writer until the guard is dropped, so that what is queued meanwhile makes one batch.
    pub(crate) async fn hold(&self) -> Hold {
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (release, released) = std::sync::mpsc::channel::<()>();
        let mut begun = Some(begun);
        let pool = Arc::clone(&self.pool);
        let job = Script::new(move |_, _| {
            if let Some(begun) = begun.take() {
                begun.send(()).ok();
            }
            released.recv().ok();
            Turn::RollBack
        });
        let handle = tokio::spawn(async move { pool.run(job).await });
        has_begun.await.expect("held");
        Hold {
            release: Some(release),
            handle,
        }
    }
}

/// Keeps the writer in one job.
pub(crate) struct Hold {
    release: Option<std::sync::mpsc::Sender<()>>,
    handle: JoinHandle<Result<Script, StoreError>>,
}

impl Hold {
    /// Lets the writer go on; the held job's answer.
    pub(crate) async fn release(mut self) -> Result<Script, StoreError> {
        drop(self.release.take());
        self.handle.await.expect("no panic")
    }
}

/// Inserts a row.
pub(crate) fn insert(id: &str) -> Call {
    call(
        "INSERT INTO t VALUES (?1, 1)",
        false,
        0,
        vec![Datum::Text(id.into())],
    )
}

/// Runs until it is stopped.
pub(crate) const ENDLESS: &str =
    "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c";

/// Options under which a held batch stays open for as long as a test needs.
pub(crate) fn patient() -> Options {
    Options {
        batch_time: Duration::from_secs(60),
        ..Options::default()
    }
}
