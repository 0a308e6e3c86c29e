//! Every seam of both workflows: the server is killed there, started again, and the caller asks on.
//!
//! Role: [`all`] lists the scenarios of a database, [`play`] plays one.
//! Invariant: a scenario whose kill never came is a failure, unless its seam is a moment or a commit that may not be.
//! Not here: kills at random; what must hold in the end.

use super::caller::{self, Kind, Order, Told};
use super::gate::{Moment, Then};
use super::judge::{Figures, judge};
use super::process::Process;
use super::relay::Side;
use super::rng::Rng;
use super::stage::Stage;
use backflow_connect::sandbox::{Fault, FaultKind};
use backflow_testkit::Backend;
use std::sync::Arc;
use std::time::Duration;

/// Where a server is killed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Seam {
    /// A request was journalled and left; its provider does not get it.
    Sent(usize),
    /// The provider did it; its answer does not arrive.
    Acted(usize),
    /// The answer to the caller has left; the caller pretends not to have got it.
    Told,
    /// Beside a commit, of those since the request.
    Commit(Side, usize),
    /// So long after the request (0) or after an answer of a provider.
    After(usize, Duration),
    /// In the pause between two tries.
    Pause(usize),
    /// Where the provider did it, and once more when the request comes again.
    Again(usize, Moment),
    /// The same, and the one who sends again is another server.
    Other(usize, Moment),
}

/// A scenario.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) backend: Backend,
    kind: Kind,
    seam: Seam,
}

/// The scenarios of a database; moments are drawn from the seed.
pub(crate) fn all(backend: Backend, seed: u64) -> Vec<Scenario> {
    let mut rng = Rng::new(seed, 1);
    let mut scenarios = Vec::new();
    for kind in Kind::ALL {
        let mut add = |seam| scenarios.push(Scenario { backend, kind, seam });
        add(Seam::Told);
        for at in 0..kind.requests() {
            let both = [Moment::Arrived, Moment::Acted];
            [Seam::Sent(at), Seam::Acted(at), Seam::Pause(at)]
                .into_iter()
                .for_each(&mut add);
            both.iter().for_each(|moment| add(Seam::Again(at, *moment)));
            if backend == Backend::Postgres {
                both.iter().for_each(|moment| add(Seam::Other(at, *moment)));
            }
        }
        let moments = if backend == Backend::Sqlite { 5 } else { 2 };
        for at in 0..=kind.requests() {
            for _ in 0..moments {
                add(Seam::After(at, Duration::from_micros(rng.below(15_000))));
            }
            if backend == Backend::Postgres {
                add(Seam::Commit(Side::Before, at));
                add(Seam::Commit(Side::After, at));
            }
        }
    }
    scenarios
}

/// Plays a scenario.
pub(crate) fn play(scenario: Scenario) -> Figures {
    let Scenario { backend, kind, seam } = scenario;
    let servers = if matches!(seam, Seam::Other(..)) { 2 } else { 1 };
    let stage = Stage::new(&format!("{scenario:?}"), backend, servers);
    let order = Order::new(kind, "one");
    lay(&stage, kind, seam);
    let told = match seam {
        Seam::Told => told_twice(&stage, &order),
        Seam::After(0, pause) => std::thread::scope(|scope| {
            let caller = scope.spawn(|| caller::insist(&stage, &order));
            std::thread::sleep(pause);
            again(stage.process(0), "a while after the request");
            caller.join().unwrap()
        }),
        _ => caller::insist(&stage, &order),
    };
    stage.settle();
    if matches!(seam, Seam::Commit(..)) && stage.relay(0).disarm() {
        stage.history.note("there was no such commit");
    }
    assert!(told.status == 201, "{told:?}\n{}", stage.report());
    judge(&stage, &[told])
}

/// Kills a server and starts it again.
fn again(process: &Process, why: &str) {
    process.kill(why);
    process.start();
}

fn lay(stage: &Stage, kind: Kind, seam: Seam) {
    let deed = |why: &'static str| {
        let process = Arc::clone(stage.process(0));
        move || {
            again(&process, why);
            Then::Drop
        }
    };
    let gate = stage.gate(0);
    match seam {
        Seam::Sent(at) => gate.lay(Moment::Arrived, at, deed("its request has left")),
        Seam::Acted(at) => gate.lay(Moment::Acted, at, deed("the provider has acted")),
        Seam::After(0, _) | Seam::Told => {}
        Seam::After(at, pause) => gate.lay(Moment::Answered(pause), at - 1, deed("a while after an answer")),
        Seam::Commit(side, at) => {
            let process = Arc::clone(stage.process(0));
            stage
                .relay(0)
                .lay(side, at, move || again(&process, "beside a commit"));
        }
        Seam::Pause(at) => {
            let path = match (kind, at) {
                (Kind::Invite, _) => "/v3/mail/send",
                (Kind::Subscribe, 0) => "/v1/customers",
                (Kind::Subscribe, _) => "/v1/subscriptions",
            };
            let busy = FaultKind::RateLimited { retry_after: 1 };
            stage.sandbox.fault(Fault::once(busy).on("POST", path));
            let pause = Moment::Answered(Duration::from_millis(300));
            gate.lay(pause, at, deed("it waits between two tries"));
        }
        Seam::Again(at, moment) => {
            gate.lay(Moment::Acted, at, deed("the provider has acted"));
            gate.lay(moment, 0, deed("it sends again"));
        }
        Seam::Other(at, moment) => {
            let first = Arc::clone(stage.process(0));
            gate.lay(Moment::Acted, at, move || {
                first.kill("the provider has acted");
                Then::Drop
            });
            let (first, second) = (Arc::clone(stage.process(0)), Arc::clone(stage.process(1)));
            stage.gate(1).lay(moment, 0, move || {
                again(&second, "it sends again");
                first.start();
                Then::Drop
            });
        }
    }
}

/// The answer has left, and is asked for again after a kill.
fn told_twice(stage: &Stage, order: &Order) -> Told {
    let first = caller::once(stage, 0, order);
    again(stage.process(0), "its answer has left");
    let told = caller::insist(stage, order);
    let first = first.map(|answer| answer.text());
    assert!(
        first.as_ref() == Some(&told.body),
        "{first:?} became {}\n{}",
        told.body,
        stage.report()
    );
    told
}
