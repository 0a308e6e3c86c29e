//! Turns: which server is loaded with which route when.
//!
//! Role: for every route and number of connections, all servers in turns, forth and back, so that what the
//! machine does meanwhile meets all of them alike.
//! Invariant: after a turn the database has grown by exactly what was answered, or the run fails.
//! Not here: load, figures.

use crate::books::{Books, worth};
use crate::data::USERS;
use crate::figures::{Figures, Key};
use crate::hooks::Deliveries;
use crate::load::{Load, Processes};
use crate::meter::{Memory, Subject, memory};
use crate::people::People;
use crate::pgbench::Pgbench;
use crate::report::Footprint;
use crate::routes::{Requests, Route};
use crate::sides::{Kind, Running, Side};
use anyhow::{Context, Result, ensure};
use chrono::Utc;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

/// Connections of the first pass.
const FIRST_PASS: usize = 16;
const PAUSE: Duration = Duration::from_millis(20);

/// A server with its database.
pub(crate) struct Stand {
    pub(crate) running: Running,
    pub(crate) books: Rc<Books>,
    /// The process family of the database, if it is not in the server.
    pub(crate) database: Option<u32>,
    /// The highest memory seen after a turn.
    pub(crate) most: Memory,
}

impl Stand {
    pub(crate) fn side(&self) -> Side {
        self.running.side
    }

    pub(crate) fn footprint(&self) -> Footprint {
        Footprint {
            side: self.side(),
            started: self.running.started,
            idle: self.running.idle,
            most: self.most,
        }
    }
}

/// What is measured.
pub(crate) struct Schedule {
    pub(crate) routes: Vec<Route>,
    pub(crate) widths: Vec<usize>,
    pub(crate) rounds: usize,
    pub(crate) turn: Duration,
}

/// A round's place in the schedule.
struct Spot {
    route: Route,
    width: usize,
    round: usize,
}

/// Runs turns.
pub(crate) struct Turns {
    people: Rc<People>,
    pgbench: Option<Pgbench>,
    count: u64,
    /// The first invitation nobody has used, by database.
    invitations: HashMap<Option<Side>, u64>,
}

impl Turns {
    pub(crate) fn new(people: Rc<People>, pgbench: Option<Pgbench>) -> Self {
        Self {
            people,
            pgbench,
            count: 0,
            invitations: HashMap::new(),
        }
    }

    /// All turns.
    pub(crate) async fn run(&mut self, schedule: &Schedule, stands: &mut [Stand]) -> Result<Figures> {
        for stand in stands.iter() {
            self.meet(stand).await.with_context(|| stand.side().name())?;
        }
        let mut figures = Figures::default();
        for &route in &schedule.routes {
            for &width in &schedule.widths {
                for round in 0..schedule.rounds {
                    let spot = Spot { route, width, round };
                    self.round(&spot, schedule.turn, stands, &mut figures).await?;
                }
                println!("{}", figures.line(route, width));
            }
        }
        Ok(figures)
    }

    /// One turn for everybody; every second round goes backwards.
    async fn round(
        &mut self,
        spot: &Spot,
        turn: Duration,
        stands: &mut [Stand],
        figures: &mut Figures,
    ) -> Result<()> {
        let &Spot { route, width, round } = spot;
        let stands = stands.iter_mut();
        let mut order: Vec<&mut Stand> = stands.filter(|stand| route.is_served_by(stand.side())).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for stand in order {
            let side = stand.side();
            let sample = self.turn(route, width, turn, stand).await.with_context(|| {
                format!(
                    "{} failed on {} with {width} connections",
                    side.name(),
                    route.name()
                )
            })?;
            figures.add(Key { route, width, side }, sample);
            tokio::time::sleep(PAUSE).await;
        }
        if let (Route::Hot, Some(pgbench)) = (route, &self.pgbench) {
            let key = Key {
                route,
                width,
                side: Side::Pgbench,
            };
            figures.add(key, pgbench.measure(width)?);
        }
        Ok(())
    }

    async fn turn(
        &mut self,
        route: Route,
        width: usize,
        turn: Duration,
        stand: &mut Stand,
    ) -> Result<crate::load::Sample> {
        self.count += 1;
        let shelf = shelf(stand.side());
        let first = self.invitations.get(&shelf).copied().unwrap_or_default();
        let tag = format!("{}-{}", stand.side().name(), self.count);
        let deliveries = route
            .delivers()
            .map(|kind| Deliveries::sign(kind, tag.clone(), Utc::now().timestamp(), turn));
        let requests = Requests {
            people: Rc::clone(&self.people),
            side: stand.side(),
            route,
            tag,
            first,
            deliveries: deliveries.transpose()?,
        };
        let load = Load {
            address: stand.running.address,
            connections: width,
            supply: requests.supply(),
            status: route.status(),
            write: Box::new(move |n, out| requests.write(n, out)),
        };
        let before = stand.books.total(route).await?;
        let processes = Processes {
            server: Subject::Threads(stand.running.pid()),
            database: stand.database.map(Subject::Family),
        };
        let (sample, answered) = match route {
            Route::WebhookRun => load.measure_all(turn, processes, stand.books.settled()).await?,
            _ => load.measure(turn, processes).await?,
        };
        if route == Route::Accept {
            self.invitations.insert(shelf, first + answered.0);
        }
        if let (Some(before), Some(after)) = (before, stand.books.total(route).await?) {
            let (grown, wanted) = (after - before, answered.0 * worth(route));
            ensure!(
                grown == wanted,
                "{wanted} were acknowledged, but the database has grown by {grown}"
            );
        }
        let now = memory(stand.running.pid())?;
        if now.resident > stand.most.resident {
            stand.most = now;
        }
        Ok(sample)
    }

    /// Every caller once, so that who keeps a directory of callers has met them.
    async fn meet(&self, stand: &Stand) -> Result<()> {
        let (people, side) = (Rc::clone(&self.people), stand.side());
        let load = Load {
            address: stand.running.address,
            connections: FIRST_PASS,
            write: Box::new(move |n, out| crate::routes::greet(&people, side, n, out)),
            supply: USERS,
            status: 200,
        };
        load.send_all().await.map(drop)
    }
}

/// Servers on PostgreSQL take invitations from one shelf, the others from one each.
fn shelf(side: Side) -> Option<Side> {
    match side.kind() {
        Kind::Postgres => None,
        Kind::Sqlite => Some(side),
    }
}
