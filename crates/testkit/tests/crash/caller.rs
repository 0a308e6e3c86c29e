//! A client as real ones are: it asks the same again until it gets a final answer.
//!
//! Not here: whether the answer is right.

use super::http::{self, Message};
use super::stage::Stage;
use std::time::{Duration, Instant};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(45);

/// How long somebody asks again and again.
const OVERALL: Duration = Duration::from_secs(180);

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Invite,
    Subscribe,
}

impl Kind {
    pub(crate) const ALL: [Kind; 2] = [Kind::Invite, Kind::Subscribe];

    /// How many requests a run sends to providers.
    pub(crate) fn requests(self) -> usize {
        match self {
            Kind::Invite => 1,
            Kind::Subscribe => 2,
        }
    }
}

/// Something wanted once, with a mark by which its traces are found.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) kind: Kind,
    pub(crate) mark: String,
}

impl Order {
    pub(crate) fn new(kind: Kind, mark: &str) -> Self {
        let mark = mark.to_owned();
        Self { kind, mark }
    }

    pub(crate) fn path(&self, org: &str) -> String {
        match self.kind {
            Kind::Invite => format!("/organizations/{org}/invites"),
            Kind::Subscribe => format!("/organizations/{org}/subscription"),
        }
    }

    pub(crate) fn body(&self) -> String {
        let mark = &self.mark;
        match self.kind {
            Kind::Invite => format!(r#"{{"email": "{mark}@example.com"}}"#),
            Kind::Subscribe => format!(r#"{{"price_id": "price_{mark}", "plan": "{mark}"}}"#),
        }
    }
}

/// A final answer.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) order: Order,
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) tries: u32,
}

/// Asks once, at the server of a number; `None`: no answer came.
pub(crate) fn once(stage: &Stage, server: usize, order: &Order) -> Option<Message> {
    let address = stage.process(server).address()?;
    let path = order.path(&stage.org);
    http::ask(address, ("POST", &path), &stage.token, &order.body(), PATIENCE)
}

/// Asks until the answer is final: 2xx, or 4xx but for those that say when to come again.
pub(crate) fn insist(stage: &Stage, order: &Order) -> Told {
    let begun = Instant::now();
    let mut tries = 0;
    while begun.elapsed() < OVERALL {
        let server = tries as usize % stage.servers();
        tries += 1;
        let Some(answer) = once(stage, server, order) else {
            std::thread::sleep(Duration::from_millis(50));
            continue;
        };
        let later = answer.header("retry-after").is_some();
        match answer.status() {
            202 => stage
                .history
                .note(&format!("{}: 202 {}", order.mark, answer.text())),
            200..300 => {
                return Told {
                    order: order.clone(),
                    status: answer.status(),
                    body: answer.text(),
                    tries,
                };
            }
            400..500 if !later => {
                return Told {
                    order: order.clone(),
                    status: answer.status(),
                    body: answer.text(),
                    tries,
                };
            }
            status => stage
                .history
                .note(&format!("{}: {status} {}", order.mark, answer.text())),
        }
        std::thread::sleep(Duration::from_millis(if later { 1000 } else { 100 }));
    }
    panic!(
        "{order:?} got no final answer in {tries} tries\n{}",
        stage.report()
    );
}
