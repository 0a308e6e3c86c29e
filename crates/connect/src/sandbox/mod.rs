//! A small, stateful stand-in for Stripe and SendGrid.
//!
//! Role: an HTTP server on the loopback that behaves as the two do, by the rules in `docs/sandbox.md`, shows what it
//! was sent, and fails on demand.
//! Invariant: nothing leaves this machine; no credential is kept; no request can make it panic or grow without end.
//! Not here: how Backflow calls providers.

mod asked;
mod control;
mod deliver;
mod faults;
mod flow;
mod form;
mod journal;
mod keys;
mod options;
mod outbox;
mod ring;
mod sendgrid;
mod sent;
mod serve;
mod shared;
mod stripe;
mod world;

#[cfg(test)]
mod tests;

pub use faults::{Fault, FaultKind};
pub use options::{DEFAULT_VERSION, Options, SeedPrice, Target};
pub use outbox::Order;
pub use sent::{Email, Sent};
pub use stripe::signature;

use journal::Journal;
use serde_json::Value;
use shared::Shared;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use world::World;

/// A running sandbox; it ends with the value.
pub struct Sandbox {
    shared: Arc<Shared>,
    address: SocketAddr,
    tasks: [JoinHandle<()>; 2],
}

impl Sandbox {
    /// Starts one. Needs a Tokio runtime with time and IO.
    ///
    /// # Errors
    /// When the address is not of the loopback or is taken, or the store cannot be read.
    pub async fn start(options: Options) -> io::Result<Self> {
        if !options.address.ip().is_loopback() {
            let message = format!("{}: a sandbox listens on the loopback only", options.address);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        if stripe::Shape::of(&options.api_version).is_err() {
            let message = format!("{}: no version of Stripe's API", options.api_version);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let listener = TcpListener::bind(options.address).await?;
        let address = listener.local_addr()?;
        let mut world = World::new(&options);
        if let Some(path) = &options.store {
            let journal = Journal::open(path, |entry| world.replay(entry))?;
            world.keep_in(journal);
        }
        world.origin = format!("http://{address}");
        for price in &options.prices {
            stripe::catalog::seed(&mut world, price);
        }
        world.commit();
        let shared = Arc::new(Shared::new(world));
        let tasks = [
            tokio::spawn(serve::serve(listener, Arc::clone(&shared))),
            tokio::spawn(deliver::deliver(Arc::clone(&shared))),
        ];
        Ok(Self {
            shared,
            address,
            tasks,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What stands for `https://api.stripe.com` and `https://api.sendgrid.com`: one address for both, since their
    /// paths differ.
    #[must_use]
    pub fn base_url(&self, _provider: &str) -> String {
        format!("http://{}", self.address)
    }

    /// What arrived, the oldest first; the latest 50,000.
    #[must_use]
    pub fn sent(&self) -> Vec<Sent> {
        self.shared.with(|world| world.sent.iter().cloned().collect())
    }

    /// The e-mails that would have been sent, the oldest first.
    #[must_use]
    pub fn emails(&self) -> Vec<Email> {
        self.shared.with(|world| world.emails.iter().cloned().collect())
    }

    /// How many objects there are of each kind of Stripe's (`customer`, `subscription`, …), deleted ones included, and
    /// how many `email`s there were.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, usize> {
        self.shared.with(|world| control::counts(world))
    }

    /// The objects of a kind as the older shape writes them, the oldest first.
    #[must_use]
    pub fn objects(&self, kind: &str) -> Vec<Value> {
        self.shared.with(|world| control::objects(world, kind))
    }

    /// Moves its clock forward, and does what is due by then.
    pub fn advance(&self, by: Duration) {
        self.shared.with(|world| {
            world.advance(by);
            stripe::periods::catch_up(world);
        });
    }

    /// From now on this goes wrong.
    pub fn fault(&self, fault: Fault) {
        self.shared.with(|world| control::add_fault(world, fault));
    }

    /// From now on events go there, too.
    pub fn webhook(&self, target: Target) {
        self.shared.with(|world| control::add_target(world, target));
    }

    /// Delivers nothing until [`Sandbox::release`].
    pub fn hold(&self) {
        self.shared.with(|world| world.outbox.hold());
    }

    /// Delivers what was held back, in this order.
    pub fn release(&self, order: &Order) {
        self.shared.with(|world| world.outbox.release(order));
    }

    /// Pays a subscription's open invoice with a card (`pm_card_visa`); `false`: there is none, or the card does not
    /// pay.
    pub fn pay(&self, subscription: &str, card: &str) -> bool {
        self.shared
            .with(|world| matches!(stripe::pay(world, subscription, card), Some(Ok(_))))
    }

    /// Tells an event of any type: about the object `id`, else about the newest of the kind that the type is about,
    /// else about one that is made up; `data` is laid over it. The event's id; `None`: there is no such object.
    pub fn emit(&self, kind: &str, id: Option<&str>, data: Option<&Value>) -> Option<String> {
        self.shared
            .with(|world| stripe::event::emit(world, kind, id, data))
    }

    /// Sends an event once more; `false`: there is none of that id.
    pub fn resend(&self, event: &str) -> bool {
        self.shared.with(|world| control::resend(world, event))
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
