//! Counters of requests, in memory.
//!
//! Role: for each key one window with the number of its requests. A window begins with its first request, takes
//! `max` of them and ends after its length; the next request begins another.
//! Invariant: a window takes exactly `max` requests, whoever asks at once; memory is bounded; a window that is used
//! up is never forgotten before its end.
//! Not here: whose request it is, the answer's headers.
//!
//! Windows, and not a bucket that drips (the crate `governor`): the headers promise a number of requests until an
//! instant, and only a window keeps such a promise. Two windows that touch may take twice `max` in a short time.
//!
//! A key leads to one of many shelves, each with a lock and a few places. Where a shelf is full, a window that is
//! over makes room, else the one that has taken the fewest requests. Were a flood of keys to push out whom it
//! likes, anybody could reset a counter; so a used up window stays, and where all are used up a new key is refused.
//! Users and tenants have tables of their own, which callers without a token cannot fill. A key is kept as 128 bits
//! of a hash with secret seeds: its length is nobody's choice, and nobody can aim at a shelf.

use backflow_plan::model::Counter;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// Shelves of a table.
const SHELVES: usize = 4096;
/// Places of a shelf: a quarter of a million windows to a table, 8 MiB.
const PLACES: usize = 64;
/// A clock that was set back by more than that shortens the windows that are open.
const SLACK: i64 = 1_000_000;

/// Counters of requests. Runtimes that share them count on where another stopped.
#[derive(Default)]
pub struct Counters {
    seeds: [RandomState; 2],
    users: Table,
    tenants: Table,
    addresses: Table,
}

#[derive(Default)]
struct Table(OnceLock<Box<[Mutex<Vec<Window>>]>>);

/// Whose request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Who<'a> {
    /// A user, by the token's subject.
    User(&'a str),
    /// A tenant, by its key.
    Tenant(&'a str),
    /// Somebody at an address; of IPv6, in a network of 64 bits, which is one customer's at least.
    Address(IpAddr),
}

/// How many requests a window takes, and how long it is, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Rule {
    pub(crate) window: i64,
    pub(crate) max: u32,
}

/// The name of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    kind: Kind,
    bits: [u64; 2],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    User,
    Tenant,
    Address,
}

/// A request that was counted, or was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    /// Whether there was room for it.
    pub(crate) admitted: bool,
    /// For how many more there is room.
    pub(crate) left: u32,
    /// When the window ends, in microseconds.
    pub(crate) end: i64,
}

/// A window.
struct Window {
    key: [u64; 2],
    end: i64,
    count: u32,
    max: u32,
}

impl Counters {
    /// The name of the window in which a request is counted. A limit that is changed begins anew.
    pub(crate) fn key(&self, counter: &Counter, rule: Rule, who: &Who<'_>) -> Key {
        let (kind, who) = match *who {
            Who::Address(IpAddr::V6(address)) => {
                let network = address.to_bits() >> 64 << 64;
                (Kind::Address, Who::Address(IpAddr::V6(network.into())))
            }
            Who::Address(_) => (Kind::Address, *who),
            Who::User(_) => (Kind::User, *who),
            Who::Tenant(_) => (Kind::Tenant, *who),
        };
        let bits = self
            .seeds
            .each_ref()
            .map(|seed| seed.hash_one((counter, rule, who)));
        Key { kind, bits }
    }

    /// Counts a request, if there is room for it.
    pub(crate) fn take(&self, key: Key, rule: Rule, now: impl FnOnce() -> i64) -> Count {
        let mut shelf = self.shelf(key);
        // Read behind the lock, instants are in the order of the requests.
        let now = now();
        if let Some(window) = shelf.iter_mut().find(|window| window.key == key.bits) {
            return window.take(rule, now);
        }
        let mut fresh = Window {
            key: key.bits,
            end: now.saturating_add(rule.window),
            count: 0,
            max: rule.max,
        };
        let count = fresh.take(rule, now);
        match place(&shelf, now) {
            Place::New => shelf.push(fresh),
            Place::Of(at) => {
                if let Some(window) = shelf.get_mut(at) {
                    *window = fresh;
                }
            }
            Place::None { until } => {
                return Count {
                    admitted: false,
                    left: 0,
                    end: until,
                };
            }
        }
        count
    }

    /// Takes a request out of the count again, if its window is still the same.
    pub(crate) fn give_back(&self, key: Key, count: Count) {
        let mut shelf = self.shelf(key);
        let window = shelf.iter_mut().find(|window| window.key == key.bits);
        if let Some(window) = window.filter(|window| count.admitted && window.end == count.end) {
            window.count = window.count.saturating_sub(1);
        }
    }

    fn shelf(&self, key: Key) -> MutexGuard<'_, Vec<Window>> {
        let table = match key.kind {
            Kind::User => &self.users,
            Kind::Tenant => &self.tenants,
            Kind::Address => &self.addresses,
        };
        let shelves = table
            .0
            .get_or_init(|| (0..SHELVES).map(|_| Mutex::default()).collect());
        let [first, _] = key.bits;
        let at = usize::try_from(first % SHELVES as u64).unwrap_or(0);
        let shelf = shelves
            .get(at)
            .expect("invariant: a remainder is less than its divisor");
        shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    fn take(&mut self, rule: Rule, now: i64) -> Count {
        let longest = now.saturating_add(rule.window);
        if self.end <= now {
            self.end = longest;
            self.count = 0;
        } else if self.end - SLACK > longest {
            self.end = longest;
        }
        let admitted = self.count < self.max;
        self.count += u32::from(admitted);
        Count {
            admitted,
            left: self.max - self.count,
            end: self.end,
        }
    }
}

/// Where a new window can be put.
enum Place {
    New,
    Of(usize),
    /// Nowhere, until then.
    None {
        until: i64,
    },
}

fn place(shelf: &[Window], now: i64) -> Place {
    if let Some(over) = shelf.iter().position(|window| window.end <= now) {
        return Place::Of(over);
    }
    if shelf.len() < PLACES {
        return Place::New;
    }
    let open = shelf
        .iter()
        .enumerate()
        .filter(|(_, window)| window.count < window.max);
    if let Some((at, _)) = open.min_by_key(|(_, window)| window.count) {
        return Place::Of(at);
    }
    let until = shelf.iter().map(|window| window.end).min().unwrap_or(now);
    Place::None { until }
}

impl std::fmt::Debug for Counters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Counters").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
