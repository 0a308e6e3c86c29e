//! A server that is paused for longer than its lease.
//!
//! Role: SIGSTOP where a request is under way, between two tries, or after an answer; another server takes the run
//! over and ends it; SIGCONT: the first one does nothing any more.
//! Invariant: what was in flight when it was paused arrives late, as a network may have it.
//! Not here: kills.

use super::caller::{self, Kind, Order};
use super::gate::{Moment, Then};
use super::judge::{Figures, judge};
use super::stage::Stage;
use backflow_connect::sandbox::{Fault, FaultKind};
use backflow_testkit::Backend;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Where it is paused.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Where {
    /// A request has left and arrives when it goes on.
    InFlight(usize),
    /// It waits between two tries.
    Pause(usize),
    /// An answer is on its way.
    Acted(usize),
}

/// A scenario.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paused {
    kind: Kind,
    place: Where,
}

pub(crate) fn all() -> Vec<Paused> {
    let of = |kind: Kind| {
        (0..kind.requests()).flat_map(move |at| {
            let places = [Where::InFlight(at), Where::Pause(at), Where::Acted(at)];
            places.map(|place| Paused { kind, place })
        })
    };
    Kind::ALL.into_iter().flat_map(of).collect()
}

/// Two servers; the first is paused, the second ends its run.
pub(crate) fn play(scenario: Paused) -> Figures {
    let stage = Stage::new(&format!("{scenario:?}"), Backend::Postgres, 2);
    let order = Order::new(scenario.kind, "one");
    lay(&stage, scenario);
    let (first, told, woken) = std::thread::scope(|scope| {
        let first = scope.spawn(|| caller::once(&stage, 0, &order));
        until_over(&stage);
        let before = stage.gate(0).passed().len();
        let woken = Instant::now();
        stage.process(0).signal("CONT");
        stage.settle();
        let first = first.join().unwrap();
        // Long enough for whatever it still means to do.
        std::thread::sleep(Duration::from_secs(3));
        (first, caller::insist(&stage, &order), (woken, before))
    });
    let first = first.map(|answer| (answer.status(), answer.text()));
    assert!(
        first == Some((told.status, told.body.clone())),
        "the paused server answered {first:?}, the journal says {told:?}\n{}",
        stage.report()
    );
    let late = stage.gate(0).passed();
    let in_flight = usize::from(!matches!(scenario.place, Where::Pause(_)));
    let sent: Vec<_> = late
        .iter()
        .skip(woken.1)
        .filter(|passed| passed.at > woken.0)
        .collect();
    assert!(
        sent.len() <= in_flight,
        "the paused server sent late: {sent:?}\n{}",
        stage.report()
    );
    judge(&stage, &[told])
}

/// Waits until the run came to its end in the other server.
fn until_over(stage: &Stage) {
    let (probe, begun) = (stage.probe(), Instant::now());
    let over = "SELECT count(*) FROM _backflow_runs WHERE state = 'done' AND fence > 1";
    while probe.number(over) == 0 {
        let waited = begun.elapsed();
        assert!(
            waited < Duration::from_secs(60),
            "nobody took over\n{}",
            stage.report()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn lay(stage: &Stage, Paused { kind, place }: Paused) {
    let process = Arc::clone(stage.process(0));
    // Held until the other server is done, which the row says; then it goes on its way.
    let probe = stage.probe();
    let hold = move || {
        process.signal("STOP");
        let over = "SELECT count(*) FROM _backflow_runs WHERE state = 'done' AND fence > 1";
        let begun = Instant::now();
        while probe.number(over) == 0 && begun.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(20));
        }
        Then::Pass
    };
    let gate = stage.gate(0);
    match place {
        Where::InFlight(at) => gate.lay(Moment::Arrived, at, hold),
        Where::Acted(at) => gate.lay(Moment::Acted, at, hold),
        Where::Pause(at) => {
            let path = match (kind, at) {
                (Kind::Invite, _) => "/v3/mail/send",
                (Kind::Subscribe, 0) => "/v1/customers",
                (Kind::Subscribe, _) => "/v1/subscriptions",
            };
            // It wakes up after it has given signs of life again.
            let busy = FaultKind::RateLimited { retry_after: 14 };
            stage.sandbox.fault(Fault::once(busy).on("POST", path));
            let process = Arc::clone(stage.process(0));
            gate.lay(Moment::Answered(Duration::from_millis(200)), at, move || {
                process.signal("STOP");
                Then::Pass
            });
        }
    }
}

/// One server on SQLite that sleeps for longer than its lease: nobody takes over, it goes on by itself.
pub(crate) fn alone(kind: Kind) -> Figures {
    let stage = Stage::new(&format!("asleep: {kind:?}"), Backend::Sqlite, 1);
    let process = Arc::clone(stage.process(0));
    stage.gate(0).lay(Moment::Acted, 0, move || {
        process.signal("STOP");
        std::thread::sleep(Duration::from_secs(7));
        process.signal("CONT");
        Then::Pass
    });
    let told = caller::insist(&stage, &Order::new(kind, "one"));
    judge(&stage, &[told])
}
