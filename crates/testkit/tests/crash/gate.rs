//! The way from a server to its providers, on which a test can act.
//!
//! Role: passes requests on to the sandbox; does a deed when a chosen one arrives, was acted upon, or was answered.
//! Invariant: a request is passed on once and whole, or not at all; deeds happen in the order in which they were laid.
//! Not here: what the deeds are; what the sandbox answers.

use super::http;
use std::collections::VecDeque;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// When a deed is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The request is here; the provider has not seen it.
    Arrived,
    /// The provider has done it; its answer is still here.
    Acted,
    /// The answer was passed on, so long ago.
    Answered(Duration),
}

/// What becomes of the request after a deed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    Pass,
    Drop,
}

type Deed = Box<dyn FnOnce() -> Then + Send>;

struct Trap {
    moment: Moment,
    /// So many requests pass before.
    spares: usize,
    deed: Deed,
}

/// What passed.
#[derive(Debug, Clone)]
pub(crate) struct Passed {
    pub(crate) at: Instant,
    pub(crate) path: String,
    pub(crate) status: Option<u16>,
}

/// What happens to a request by chance.
pub(crate) enum Fate {
    Pass,
    CutBefore,
    CutAfter,
}

type Weather = Box<dyn Fn(&http::Message) -> Fate + Send + Sync>;

/// A gate; it is closed with the value.
pub(crate) struct Gate {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    provider: SocketAddr,
    traps: Mutex<VecDeque<Trap>>,
    passed: Mutex<Vec<Passed>>,
    weather: Mutex<Option<Arc<Weather>>>,
    closed: AtomicBool,
    /// Traps that were sprung and whose deed is not over.
    acting: AtomicUsize,
}

impl Gate {
    pub(crate) fn open(provider: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            provider,
            traps: Mutex::default(),
            passed: Mutex::default(),
            weather: Mutex::default(),
            closed: AtomicBool::new(false),
            acting: AtomicUsize::new(0),
        });
        let theirs = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if theirs.closed.load(Ordering::Relaxed) {
                    return;
                }
                let shared = Arc::clone(&theirs);
                std::thread::spawn(move || shared.serve(stream));
            }
        });
        Self { address, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The deed is done at a moment of the request that comes after `spares` others, once traps laid before are sprung.
    pub(crate) fn lay(&self, moment: Moment, spares: usize, deed: impl FnOnce() -> Then + Send + 'static) {
        let deed = Box::new(deed);
        lock(&self.shared.traps).push_back(Trap { moment, spares, deed });
    }

    /// How many deeds are not done.
    pub(crate) fn waiting(&self) -> usize {
        lock(&self.shared.traps).len() + self.shared.acting.load(Ordering::SeqCst)
    }

    pub(crate) fn passed(&self) -> Vec<Passed> {
        lock(&self.shared.passed).clone()
    }

    /// What passed, for people.
    pub(crate) fn report(&self) -> String {
        let passed = self.passed();
        let lines = passed
            .iter()
            .map(|passed| format!("{:?} {}", passed.status, passed.path));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// What happens by chance from now on.
    pub(crate) fn weather(&self, weather: impl Fn(&http::Message) -> Fate + Send + Sync + 'static) {
        *lock(&self.shared.weather) = Some(Arc::new(Box::new(weather)));
    }

    pub(crate) fn clear(&self) {
        *lock(&self.shared.weather) = None;
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(self.address));
    }
}

impl Shared {
    fn serve(&self, mut client: TcpStream) {
        drop(client.set_nodelay(true));
        while let Some(request) = http::read(&mut client) {
            let trap = self.spring(&request);
            let acting = usize::from(trap.is_some());
            let goes_on = self.request(&mut client, &request, trap);
            self.acting.fetch_sub(acting, Ordering::SeqCst);
            if goes_on.is_none() {
                return;
            }
        }
    }

    /// Passes a request on; `None`: the connection ends.
    fn request(&self, client: &mut TcpStream, request: &http::Message, mut trap: Option<Trap>) -> Option<()> {
        let fate = match (&trap, lock(&self.weather).clone()) {
            (None, Some(weather)) => weather(request),
            _ => Fate::Pass,
        };
        self.done(&mut trap, Moment::Arrived, request)?;
        if matches!(fate, Fate::CutBefore) {
            return None;
        }
        let answer = self.forward(request)?;
        if matches!(fate, Fate::CutAfter) {
            return None;
        }
        self.done(&mut trap, Moment::Acted, request)?;
        self.note(request, Some(answer.status()));
        http::write(client, &answer)?;
        if let Some(Trap {
            moment: Moment::Answered(pause),
            deed,
            ..
        }) = trap
        {
            std::thread::sleep(pause);
            deed();
        }
        Some(())
    }

    /// Does the deed of a trap if this is its moment; `None`: the request is dropped.
    fn done(&self, trap: &mut Option<Trap>, moment: Moment, request: &http::Message) -> Option<()> {
        let Some(trap) = trap.take_if(|trap| trap.moment == moment) else {
            return Some(());
        };
        match (trap.deed)() {
            Then::Pass => Some(()),
            Then::Drop => {
                self.note(request, None);
                None
            }
        }
    }

    fn note(&self, request: &http::Message, status: Option<u16>) {
        lock(&self.passed).push(Passed {
            at: Instant::now(),
            path: request.path().to_owned(),
            status,
        });
    }

    /// The trap that this request springs. Questions spring none.
    fn spring(&self, request: &http::Message) -> Option<Trap> {
        if !request.is("POST") {
            return None;
        }
        let mut traps = lock(&self.traps);
        let first = traps.front_mut()?;
        match first.spares.checked_sub(1) {
            Some(left) => {
                first.spares = left;
                None
            }
            None => {
                self.acting.fetch_add(1, Ordering::SeqCst);
                traps.pop_front()
            }
        }
    }

    fn forward(&self, request: &http::Message) -> Option<http::Message> {
        let mut provider = TcpStream::connect(self.provider).ok()?;
        drop(provider.set_nodelay(true));
        http::write(&mut provider, request)?;
        http::read(&mut provider)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
