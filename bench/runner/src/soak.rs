//! A long time under load: does anything grow that should not?
//!
//! Role: reads and writes in a fixed mix on one server of ours; speed, errors and memory of each slice of the time.
//! Invariant: an error is counted and the load goes on; without errors the database must have grown by exactly what was
//! acknowledged.
//! Not here: what the slices say together (`verdict`), other servers.

use crate::books::worth;
use crate::data::mix;
use crate::http::Connection;
use crate::load::percentiles;
use crate::meter::{Reading, Subject, memory};
use crate::people::People;
use crate::routes::{Requests, Route};
use crate::sides::Side;
use crate::turns::Stand;
use crate::verdict::{Slice, Verdict};
use anyhow::{Context, Result, ensure};
use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::spawn_local;

/// How many slices the time has.
const SLICES: u32 = 20;

/// How often of a hundred requests. What has run out is replaced by the first.
const MIX: [(Route, u64); 6] = [
    (Route::Check, 40),
    (Route::Organization, 16),
    (Route::Subscription, 16),
    (Route::Track, 20),
    (Route::Create, 6),
    (Route::Accept, 2),
];

/// Sets this load's dice apart from those with which the routes draw who calls.
const DICE: u64 = 0x50a4 << 48;

/// After an error, so that a server that is gone is not asked as fast as it can refuse.
const PAUSE: Duration = Duration::from_millis(100);

/// How many errors are shown.
const SHOWN: u64 = 5;

/// A load that lasts.
pub(crate) struct Soak {
    pub(crate) time: Duration,
    pub(crate) connections: usize,
}

/// A route with what was sent and answered.
struct Strand {
    requests: Requests,
    sent: Cell<u64>,
    done: Cell<u64>,
}

struct Shared {
    address: SocketAddr,
    strands: Vec<Strand>,
    next: Cell<u64>,
    is_over: Cell<bool>,
    /// Microseconds, of this slice.
    times: RefCell<Vec<u32>>,
    /// Of this slice, and of all.
    errors: Cell<u64>,
    all_errors: Cell<u64>,
}

impl Soak {
    /// Loads one server, prints its slices, and says how it bore that.
    pub(crate) async fn run(&self, stand: &Stand, people: &Rc<People>) -> Result<Verdict> {
        let (side, pid) = (stand.side(), stand.running.pid());
        let is_ours = matches!(side, Side::Backflow | Side::BackflowSqlite);
        ensure!(is_ours, "--soak is for servers of ours, {} is none", side.name());
        let slice = self.time / SLICES;
        println!(
            "\n{}: {} connections, {SLICES} slices of {:.1} s\n{}",
            side.name(),
            self.connections,
            slice.as_secs_f64(),
            Slice::HEAD
        );
        let before = totals(stand).await?;
        let shared = Rc::new(Shared::new(stand.running.address, side, people));
        let tasks: Vec<_> = (0..self.connections)
            .map(|_| spawn_local(Rc::clone(&shared).drive()))
            .collect();
        let begun = Instant::now();
        let (mut slices, mut last) = (Vec::new(), begun);
        let mut spent = Reading::now(Subject::Threads(pid))?;
        for number in 1..=SLICES {
            tokio::time::sleep_until((begun + slice * number).into()).await;
            let (now, times) = (Instant::now(), shared.times.take());
            let count = times.len() as f64;
            let reading = Reading::now(Subject::Threads(pid))?;
            let nanos = reading.since(&spent) as f64;
            spent = reading;
            let (p50, p99) = percentiles(times);
            let one = Slice {
                end: now - begun,
                rate: count / (now - last).as_secs_f64(),
                p50,
                p99,
                cpu: nanos / 1000.0 / count.max(1.0),
                errors: shared.errors.take(),
                memory: memory(pid).context("the server is gone")?,
            };
            println!("{}", one.line());
            slices.push(one);
            last = now;
        }
        shared.is_over.set(true);
        for task in tasks {
            task.await?;
        }
        if shared.all_errors.get() == 0 {
            shared.balance(&before, &totals(stand).await?)?;
        }
        Ok(Verdict::of(&slices, shared.all_errors.get()))
    }
}

/// What the database holds for each route of the mix.
async fn totals(stand: &Stand) -> Result<Vec<(Route, u64)>> {
    let mut totals = Vec::new();
    for route in [Route::Track, Route::Create] {
        let total = stand.books.total(route).await?;
        totals.extend(total.map(|total| (route, total)));
    }
    Ok(totals)
}

impl Shared {
    fn new(address: SocketAddr, side: Side, people: &Rc<People>) -> Self {
        let strand = |(route, _): (Route, u64)| Strand {
            requests: Requests {
                people: Rc::clone(people),
                side,
                route,
                tag: format!("soak-{}", side.name()),
                first: 0,
                deliveries: None,
            },
            sent: Cell::new(0),
            done: Cell::new(0),
        };
        Self {
            address,
            strands: MIX.map(strand).into(),
            next: Cell::new(0),
            is_over: Cell::new(false),
            times: RefCell::default(),
            errors: Cell::new(0),
            all_errors: Cell::new(0),
        }
    }

    /// One connection, until it is over; a new one after an error.
    async fn drive(self: Rc<Self>) {
        while !self.is_over.get() {
            if let Err(error) = self.connection().await {
                self.errors.set(self.errors.get() + 1);
                self.all_errors.set(self.all_errors.get() + 1);
                if self.all_errors.get() <= SHOWN {
                    println!("error: {error:#}");
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    async fn connection(&self) -> Result<()> {
        let mut connection = Connection::open(self.address).await?;
        let mut request = Vec::with_capacity(1024);
        while !self.is_over.get() {
            let Some(strand) = self.draw() else { return Ok(()) };
            let n = strand.sent.replace(strand.sent.get() + 1);
            request.clear();
            strand.requests.write(n, &mut request);
            let sent = Instant::now();
            let status = connection.ask(&request).await?;
            let head = || {
                String::from_utf8_lossy(&request)
                    .lines()
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            };
            ensure!(
                status == strand.requests.route.status(),
                "{}: {status} {}",
                head(),
                String::from_utf8_lossy(connection.body())
            );
            strand.done.set(strand.done.get() + 1);
            let micros = u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX);
            self.times.borrow_mut().push(micros);
        }
        Ok(())
    }

    /// Whose turn it is.
    fn draw(&self) -> Option<&Strand> {
        let n = self.next.replace(self.next.get() + 1);
        let mut dice = mix(n ^ DICE) % MIX.iter().map(|(_, share)| share).sum::<u64>();
        let place = MIX.iter().position(|(_, share)| match dice.checked_sub(*share) {
            Some(rest) => {
                dice = rest;
                false
            }
            None => true,
        });
        let drawn = self.strands.get(place?)?;
        match drawn.sent.get() < drawn.requests.supply() {
            true => Some(drawn),
            false => self.strands.first(),
        }
    }

    /// Whether the database has grown by what was acknowledged. Two routes write the same tables.
    fn balance(&self, before: &[(Route, u64)], after: &[(Route, u64)]) -> Result<()> {
        let same = |route: Route| match route {
            Route::Accept => Route::Create,
            other => other,
        };
        for ((route, before), (_, after)) in before.iter().zip(after) {
            let own = self
                .strands
                .iter()
                .filter(|strand| same(strand.requests.route) == *route);
            let wanted: u64 = own
                .map(|strand| strand.done.get() * worth(strand.requests.route))
                .sum();
            let grown = after - before;
            ensure!(
                grown == wanted,
                "{wanted} were acknowledged, but the database has grown by {grown} ({})",
                route.name()
            );
        }
        Ok(())
    }
}
