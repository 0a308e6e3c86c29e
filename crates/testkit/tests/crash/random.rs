//! Kills at random, under callers that do not give up.
//!
//! Role: many callers, each with one thing after another; servers that are killed, stopped and started again every
//! moment; providers that lose, delay and refuse by chance.
//! Invariant: what is drawn depends on the seed alone, though not when it meets which request.
//! Not here: what must hold in the end (`judge`).

use super::caller::{self, Kind, Order, Told};
use super::gate::Fate;
use super::judge::{Figures, judge};
use super::rng::Rng;
use super::stage::Stage;
use backflow_connect::sandbox::{Fault, FaultKind, Sandbox};
use backflow_testkit::Backend;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many ask, each with a pause before the next thing.
const CALLERS: usize = 12;

/// What is played.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chaos {
    pub(crate) backend: Backend,
    pub(crate) servers: usize,
    pub(crate) runs: usize,
    pub(crate) seed: u64,
    /// After this long nothing new is wanted.
    pub(crate) limit: Duration,
}

/// Plays it: how often a server was killed, and what there was.
pub(crate) fn play(chaos: Chaos) -> (usize, Figures) {
    let stage = Stage::new(&format!("{chaos:?}"), chaos.backend, chaos.servers);
    for number in 0..chaos.servers {
        trouble(&stage, number, chaos.seed);
    }
    let over = AtomicBool::new(false);
    let (kills, told) = std::thread::scope(|scope| {
        let killer = scope.spawn(|| kill(&stage, chaos.seed, &over));
        let asked = catch_unwind(AssertUnwindSafe(|| ask(&stage, chaos)));
        over.store(true, Ordering::SeqCst);
        let kills = killer.join().unwrap();
        (kills, asked.unwrap_or_else(|fault| resume_unwind(fault)))
    });
    (0..chaos.servers).for_each(|number| stage.gate(number).clear());
    (kills, judge(&stage, &told))
}

/// All callers; what they were told.
fn ask(stage: &Stage, chaos: Chaos) -> Vec<Told> {
    let (next, told) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= chaos.runs || begun.elapsed() > chaos.limit {
                        return;
                    }
                    let mut rng = Rng::new(chaos.seed, 1000 + number as u64);
                    std::thread::sleep(rng.millis(0, 1000));
                    let one = want(stage, &mut rng, number);
                    told.lock().unwrap_or_else(PoisonError::into_inner).push(one);
                }
            });
        }
    });
    told.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// One thing that is wanted, by some with a double click.
fn want(stage: &Stage, rng: &mut Rng, number: usize) -> Told {
    let kind = Kind::ALL[usize::from(rng.percent(60))];
    let order = Order::new(kind, &format!("n{number}"));
    if !rng.percent(10) {
        return caller::insist(stage, &order);
    }
    let (one, other) = std::thread::scope(|scope| {
        let other = scope.spawn(|| caller::insist(stage, &order));
        (caller::insist(stage, &order), other.join().unwrap())
    });
    let same = (one.status, &one.body) == (other.status, &other.body);
    assert!(
        same,
        "a double click got {one:?} and {other:?}\n{}",
        stage.report()
    );
    one
}

/// Kills servers until it is over, and leaves them running; how often.
pub(crate) fn kill(stage: &Stage, seed: u64, over: &AtomicBool) -> usize {
    let mut rng = Rng::new(seed, 2);
    let mut kills = 0;
    while !over.load(Ordering::SeqCst) {
        // A look-up waits two seconds for its provider: now and then a server must live for longer.
        let alive = if rng.percent(15) { (3000, 6000) } else { (50, 2000) };
        std::thread::sleep(rng.millis(alive.0, alive.1));
        let number = rng.below(stage.servers() as u64) as usize;
        let process = stage.process(number);
        kills += 1;
        match rng.below(10) {
            0 => process.terminate(Duration::from_secs(2)),
            1 => {
                // While it starts, too.
                process.kill("by chance");
                process.spawn();
                std::thread::sleep(rng.millis(0, 400));
                process.kill("while it starts");
                kills += 1;
            }
            _ => process.kill("by chance"),
        }
        std::thread::sleep(rng.millis(0, 300));
        process.start();
    }
    kills
}

/// One request in eight meets something.
pub(crate) fn trouble(stage: &Stage, number: usize, seed: u64) {
    let rng = Mutex::new(Rng::new(seed, 100 + number as u64));
    let sandbox = Arc::clone(&stage.sandbox);
    stage.gate(number).weather(move |request| {
        let drawn = || {
            let mut rng = rng.lock().unwrap_or_else(PoisonError::into_inner);
            (rng.millis(0, 300), rng.below(48), rng.millis(100, 1500))
        };
        let (way, luck, pause) = drawn();
        // Providers are far away: most of a run's time it waits for one.
        std::thread::sleep(way);
        match luck {
            _ if !request.is("POST") => Fate::Pass,
            0 => Fate::CutBefore,
            1 => Fate::CutAfter,
            luck => {
                befall(&sandbox, request.path(), luck, pause);
                Fate::Pass
            }
        }
    });
}

fn befall(sandbox: &Sandbox, path: &str, luck: u64, pause: Duration) {
    let kind = match luck {
        2 => FaultKind::RateLimited { retry_after: 1 },
        3 => FaultKind::Failed,
        4 => FaultKind::FailedStored { effect: true },
        5 => FaultKind::FailedStored { effect: false },
        6 => FaultKind::Slow(pause),
        _ => return,
    };
    // SendGrid keeps nothing for a key: such a failure is one more mail there, as a lost answer is.
    sandbox.fault(Fault::once(kind).on("POST", path));
}
