//! How long a connection may keep us waiting.
//!
//! Role: [`Pace`] knows what a connection is doing and until when it may go on with it.
//! Input: bytes that came, requests that began and ended. Output: a deadline for the next read.
//! Invariant: while no request is in flight there is always a deadline.
//! Not here: the pause of a body (`body`), reading and writing (`pipe`).

use crate::options::ServeOptions;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use tokio::time::Instant;

/// No byte of the next request has come; since when is in `since`.
const IDLE: u64 = u64::MAX;

/// The pace of one connection. Its requests may run in other tasks than its bytes (HTTP/2).
#[derive(Debug)]
pub(crate) struct Pace {
    opened: Instant,
    head: Duration,
    idle: Duration,
    in_flight: AtomicUsize,
    is_http2: AtomicBool,
    has_served: AtomicBool,
    /// Milliseconds from `opened` to the end of the last request, or to the last byte in HTTP/2.
    since: AtomicU64,
    /// Milliseconds from `opened` to the first byte of a head, or [`IDLE`].
    head_since: AtomicU64,
}

impl Pace {
    pub(crate) fn new(options: &ServeOptions) -> Self {
        Self {
            opened: Instant::now(),
            head: options.head_timeout,
            idle: options.idle_timeout,
            in_flight: AtomicUsize::new(0),
            is_http2: AtomicBool::new(false),
            has_served: AtomicBool::new(false),
            since: AtomicU64::new(0),
            head_since: AtomicU64::new(IDLE),
        }
    }

    /// A request begins; it ends when the guard goes.
    pub(crate) fn begin(&self, is_http2: bool) -> InFlight<'_> {
        self.in_flight.fetch_add(1, Relaxed);
        self.is_http2.store(is_http2, Relaxed);
        self.has_served.store(true, Relaxed);
        self.head_since.store(IDLE, Relaxed);
        InFlight(self)
    }

    /// Bytes came.
    pub(crate) fn received(&self) {
        if self.in_flight.load(Relaxed) > 0 {
            return;
        }
        if self.is_http2.load(Relaxed) {
            self.since.store(self.elapsed(), Relaxed);
        } else if self.head_since.load(Relaxed) == IDLE {
            self.head_since.store(self.elapsed(), Relaxed);
        }
    }

    /// Until when the next bytes must come; `None` while a request is in flight.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        if self.in_flight.load(Relaxed) > 0 {
            return None;
        }
        if !self.has_served.load(Relaxed) {
            return Some(self.opened + self.head);
        }
        Some(match self.head_since.load(Relaxed) {
            IDLE => self.opened + Duration::from_millis(self.since.load(Relaxed)) + self.idle,
            since => self.opened + Duration::from_millis(since) + self.head,
        })
    }

    /// How long a connection may be idle.
    pub(crate) fn idle(&self) -> Duration {
        self.idle
    }

    /// Whether bytes came that no request was made of.
    pub(crate) fn is_mid_head(&self) -> bool {
        self.in_flight.load(Relaxed) == 0 && self.head_since.load(Relaxed) != IDLE
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(IDLE - 1)
    }
}

/// A request in flight.
#[derive(Debug)]
pub(crate) struct InFlight<'a>(&'a Pace);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.since.store(self.0.elapsed(), Relaxed);
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::sleep;

    const STEP: Duration = Duration::from_millis(20);

    /// Which of the two times the deadline is from, and how long after the start it began to count.
    fn allowed(pace: &Pace) -> Option<(&'static str, Duration)> {
        let after = pace.deadline()? - pace.opened;
        Some(if after >= pace.idle {
            ("idle", after - pace.idle)
        } else {
            ("head", after - pace.head)
        })
    }

    #[test]
    fn a_new_connection_has_the_time_of_a_head_however_often_it_sends() {
        let pace = Pace::new(&ServeOptions::default());
        sleep(STEP);
        pace.received();
        assert_eq!(allowed(&pace), Some(("head", Duration::ZERO)));
    }

    #[test]
    fn between_requests_idleness_is_long_and_heads_are_short() {
        let pace = Pace::new(&ServeOptions::default());
        let request = pace.begin(false);
        pace.received();
        assert_eq!(allowed(&pace), None);
        sleep(STEP);
        drop(request);
        let (kind, idle_since) = allowed(&pace).unwrap();
        assert!(kind == "idle" && idle_since >= STEP);
        sleep(STEP);
        pace.received();
        let (kind, head_since) = allowed(&pace).unwrap();
        assert!(kind == "head" && head_since >= idle_since + STEP);
        sleep(STEP);
        pace.received();
        assert_eq!(
            allowed(&pace),
            Some(("head", head_since)),
            "further bytes gave it more time"
        );
    }

    #[test]
    fn frames_of_http2_without_a_request_keep_it_open() {
        let pace = Pace::new(&ServeOptions::default());
        drop(pace.begin(true));
        sleep(STEP);
        pace.received();
        let (kind, since) = allowed(&pace).unwrap();
        assert!(kind == "idle" && since >= STEP);
    }
}
