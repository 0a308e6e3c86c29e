//! Load on one server.
//!
//! Role: so many kept-alive connections, one request in flight on each, for so long; what came of it.
//! Invariant: an answer with another status than the wanted one, or none, ends the run with an error; refusals
//! never pass for speed. Every request that was sent has been answered when it returns.
//! Not here: which requests (`routes`), in which order servers have their turns (`turns`).

use crate::http::Connection;
use crate::meter::{Reading, Subject};
use anyhow::{Result, bail};
use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::spawn_local;

/// Time before the span that is measured.
const RUN_UP: Duration = Duration::from_millis(100);

/// Writes the n-th request.
pub(crate) type Write = Box<dyn Fn(u64, &mut Vec<u8>)>;

/// What is sent to whom.
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) connections: usize,
    pub(crate) write: Write,
    /// How many requests there are.
    pub(crate) supply: u64,
    /// The status of every answer.
    pub(crate) status: u16,
}

/// What a turn showed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sample {
    /// Answers a second.
    pub(crate) rate: f64,
    /// Microseconds.
    pub(crate) p50: f64,
    /// Microseconds.
    pub(crate) p99: f64,
    /// Microseconds of CPU a request: the server's.
    pub(crate) server: f64,
    /// Microseconds of CPU a request: the database's own processes.
    pub(crate) database: f64,
}

/// How many requests were sent and answered.
pub(crate) struct Answered(pub(crate) u64);

struct Shared {
    load: Load,
    next: Cell<u64>,
    phase: Cell<Phase>,
    times: RefCell<Vec<u32>>,
    failure: RefCell<Option<String>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Phase {
    RunUp,
    Measured,
    Over,
}

impl Load {
    /// Sends all of the supply.
    pub(crate) async fn send_all(self) -> Result<Answered> {
        let (shared, tasks) = self.start();
        shared.finish(tasks).await
    }

    /// Sends for so long, and measures the processes meanwhile.
    pub(crate) async fn measure(
        self,
        time: Duration,
        server: Subject,
        database: Option<Subject>,
    ) -> Result<(Sample, Answered)> {
        let (shared, tasks) = self.start();
        tokio::time::sleep(RUN_UP).await;
        let before = (Reading::now(server)?, database.map(Reading::now).transpose()?);
        let begun = Instant::now();
        shared.phase.set(Phase::Measured);
        tokio::time::sleep(time).await;
        shared.phase.set(Phase::Over);
        let elapsed = begun.elapsed();
        let after = (Reading::now(server)?, database.map(Reading::now).transpose()?);
        let is_exhausted = shared.next.get() >= shared.load.supply;
        let times = std::mem::take(&mut *shared.times.borrow_mut());
        let answered = shared.finish(tasks).await?;
        if is_exhausted {
            bail!("all prepared rows are used up; take fewer rounds or shorter turns");
        }
        let count = times.len().max(1) as f64;
        let micros = |nanos: u64| nanos as f64 / 1000.0 / count;
        let database = after
            .1
            .zip(before.1)
            .map_or(0, |(after, before)| after.since(&before));
        let (p50, p99) = percentiles(times);
        let sample = Sample {
            rate: count / elapsed.as_secs_f64(),
            p50,
            p99,
            server: micros(after.0.since(&before.0)),
            database: micros(database),
        };
        Ok((sample, answered))
    }

    fn start(self) -> (Rc<Shared>, Vec<tokio::task::JoinHandle<()>>) {
        let connections = self.connections;
        let shared = Rc::new(Shared {
            load: self,
            next: Cell::new(0),
            phase: Cell::new(Phase::RunUp),
            times: RefCell::default(),
            failure: RefCell::default(),
        });
        let one = |_| spawn_local(Rc::clone(&shared).drive());
        let tasks = (0..connections).map(one).collect();
        (shared, tasks)
    }
}

impl Shared {
    /// One connection, until the load is over.
    async fn drive(self: Rc<Self>) {
        if let Err(error) = self.try_drive().await {
            self.phase.set(Phase::Over);
            self.failure.borrow_mut().get_or_insert(format!("{error:#}"));
        }
    }

    async fn try_drive(&self) -> Result<()> {
        let mut connection = Connection::open(self.load.address).await?;
        let mut request = Vec::with_capacity(1024);
        while self.phase.get() != Phase::Over {
            let n = self.next.get();
            if n >= self.load.supply {
                break;
            }
            self.next.set(n + 1);
            request.clear();
            (self.load.write)(n, &mut request);
            let sent = Instant::now();
            let status = connection.ask(&request).await?;
            if status != self.load.status {
                let head = String::from_utf8_lossy(&request);
                let line = head.lines().next().unwrap_or_default();
                bail!("{line}: {status} {}", String::from_utf8_lossy(connection.body()));
            }
            if self.phase.get() == Phase::Measured {
                let micros = u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX);
                self.times.borrow_mut().push(micros);
            }
        }
        Ok(())
    }

    async fn finish(&self, tasks: Vec<tokio::task::JoinHandle<()>>) -> Result<Answered> {
        for task in tasks {
            task.await?;
        }
        match self.failure.take() {
            Some(failure) => bail!(failure),
            None => Ok(Answered(self.next.get())),
        }
    }
}

fn percentiles(mut times: Vec<u32>) -> (f64, f64) {
    times.sort_unstable();
    let at = |part: f64| {
        let place = (times.len() as f64 * part) as usize;
        times.get(place).copied().map_or(0.0, f64::from)
    };
    (at(0.5), at(0.99))
}
