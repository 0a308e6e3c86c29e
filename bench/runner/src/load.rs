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

/// Whose time is measured: a server's, and its database's if that is another process.
#[derive(Clone, Copy)]
pub(crate) struct Processes {
    pub(crate) server: Subject,
    pub(crate) database: Option<Subject>,
}

impl Processes {
    fn read(self) -> Result<(Reading, Option<Reading>)> {
        let database = self.database.map(Reading::now).transpose()?;
        Ok((Reading::now(self.server)?, database))
    }
}

/// What processes had spent when it began.
struct Meter {
    processes: Processes,
    before: (Reading, Option<Reading>),
    begun: Instant,
}

/// What was spent since.
struct Spent {
    time: Duration,
    /// Nanoseconds of CPU.
    server: u64,
    database: u64,
}

impl Meter {
    fn start(processes: Processes) -> Result<Self> {
        Ok(Self {
            processes,
            before: processes.read()?,
            begun: Instant::now(),
        })
    }

    fn stop(self) -> Result<Spent> {
        let time = self.begun.elapsed();
        let (server, database) = self.processes.read()?;
        let database = database.zip(self.before.1);
        Ok(Spent {
            time,
            server: server.since(&self.before.0),
            database: database.map_or(0, |(after, before)| after.since(&before)),
        })
    }
}

impl Spent {
    /// For each answer.
    fn each(&self, times: Vec<u32>) -> Sample {
        let count = times.len().max(1) as f64;
        let micros = |nanos: u64| nanos as f64 / 1000.0 / count;
        let (p50, p99) = percentiles(times);
        Sample {
            rate: count / self.time.as_secs_f64(),
            p50,
            p99,
            server: micros(self.server),
            database: micros(self.database),
        }
    }
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
    /// No more is sent; what is answered still counts.
    Stopping,
    Over,
}

impl Load {
    /// Sends all of the supply.
    pub(crate) async fn send_all(self) -> Result<Answered> {
        let (shared, tasks) = self.start();
        shared.finish(tasks).await
    }

    /// Sends for so long, and measures the processes meanwhile.
    pub(crate) async fn measure(self, time: Duration, processes: Processes) -> Result<(Sample, Answered)> {
        let (shared, tasks) = self.start();
        tokio::time::sleep(RUN_UP).await;
        let meter = Meter::start(processes)?;
        shared.phase.set(Phase::Measured);
        tokio::time::sleep(time).await;
        shared.phase.set(Phase::Over);
        let spent = meter.stop()?;
        let times = std::mem::take(&mut *shared.times.borrow_mut());
        let answered = shared.finish(tasks).await?;
        shared.had_enough()?;
        Ok((spent.each(times), answered))
    }

    /// Sends for so long, and measures from the first request until all that the answers promised is done: a rate of
    /// promises would say nothing.
    pub(crate) async fn measure_all(
        self,
        time: Duration,
        processes: Processes,
        done: impl Future<Output = Result<()>>,
    ) -> Result<(Sample, Answered)> {
        let meter = Meter::start(processes)?;
        let (shared, tasks) = self.start();
        shared.phase.set(Phase::Measured);
        tokio::time::sleep(time).await;
        shared.phase.set(Phase::Stopping);
        let answered = shared.finish(tasks).await?;
        shared.had_enough()?;
        done.await?;
        let spent = meter.stop()?;
        let times = std::mem::take(&mut *shared.times.borrow_mut());
        Ok((spent.each(times), answered))
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
        while matches!(self.phase.get(), Phase::RunUp | Phase::Measured) {
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
            if matches!(self.phase.get(), Phase::Measured | Phase::Stopping) {
                let micros = u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX);
                self.times.borrow_mut().push(micros);
            }
        }
        Ok(())
    }

    /// Whether there were requests up to the end.
    fn had_enough(&self) -> Result<()> {
        match self.next.get() < self.load.supply {
            true => Ok(()),
            false => bail!("all prepared rows are used up; take fewer rounds or shorter turns"),
        }
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

/// The median, and what one in a hundred exceeds.
pub(crate) fn percentiles(mut times: Vec<u32>) -> (f64, f64) {
    times.sort_unstable();
    let at = |part: f64| {
        let place = (times.len() as f64 * part) as usize;
        times.get(place).copied().map_or(0.0, f64::from)
    };
    (at(0.5), at(0.99))
}
