//! The way from a server to PostgreSQL, on which a test can act when a transaction commits.
//!
//! Invariant: bytes are passed on unchanged and in order, or not at all.
//! Not here: what the bytes mean, but for the word.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

const WORD: &[u8] = b"COMMIT";

/// On which side of a commit the deed is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The database has not heard of it.
    Before,
    /// The database has answered; the server has not heard.
    After,
}

struct Trap {
    side: Side,
    spares: usize,
    deed: Box<dyn FnOnce() + Send>,
}

/// A relay; it is closed with the value.
pub(crate) struct Relay {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    database: SocketAddr,
    trap: Mutex<Option<Trap>>,
    closed: AtomicBool,
}

impl Relay {
    pub(crate) fn open(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            database: SocketAddr::from(([127, 0, 0, 1], port)),
            trap: Mutex::default(),
            closed: AtomicBool::new(false),
        });
        let theirs = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if theirs.closed.load(Ordering::Relaxed) {
                    return;
                }
                serve(client, &theirs);
            }
        });
        Self { address, shared }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// The deed is done beside the commit that comes after `spares` others.
    pub(crate) fn lay(&self, side: Side, spares: usize, deed: impl FnOnce() + Send + 'static) {
        let deed = Box::new(deed);
        *self.shared.trap.lock().unwrap_or_else(PoisonError::into_inner) = Some(Trap { side, spares, deed });
    }

    /// Takes the trap away; whether it was still there.
    pub(crate) fn disarm(&self) -> bool {
        self.shared
            .trap
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
            .is_some()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(self.address));
    }
}

impl Shared {
    fn springs(&self, bytes: &[u8]) -> Option<Trap> {
        if !bytes.windows(WORD.len()).any(|window| window == WORD) {
            return None;
        }
        let mut trap = self.trap.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = trap.as_mut()?;
        match waiting.spares.checked_sub(1) {
            Some(left) => {
                waiting.spares = left;
                None
            }
            None => trap.take(),
        }
    }
}

/// What the way back does when the next answer comes.
type Waiting = Arc<Mutex<Option<Trap>>>;

fn serve(client: TcpStream, shared: &Arc<Shared>) {
    let Ok(server) = TcpStream::connect(shared.database) else {
        return;
    };
    drop(client.set_nodelay(true));
    drop(server.set_nodelay(true));
    let (Ok(to_client), Ok(from_server)) = (client.try_clone(), server.try_clone()) else {
        return;
    };
    let waiting = Waiting::default();
    let (theirs, shared) = (Arc::clone(&waiting), Arc::clone(shared));
    std::thread::spawn(move || forth(client, server, &shared, &waiting));
    std::thread::spawn(move || back(from_server, to_client, &theirs));
}

fn forth(mut client: TcpStream, mut server: TcpStream, shared: &Shared, waiting: &Waiting) {
    let mut bytes = vec![0; 16 * 1024];
    while let Some(count) = client.read(&mut bytes).ok().filter(|count| *count > 0) {
        let some = &bytes[..count];
        match shared.springs(some) {
            Some(trap) if trap.side == Side::Before => {
                (trap.deed)();
                break;
            }
            Some(trap) => *waiting.lock().unwrap_or_else(PoisonError::into_inner) = Some(trap),
            None => {}
        }
        if server.write_all(some).is_err() {
            break;
        }
    }
    drop(server.shutdown(Shutdown::Both));
    drop(client.shutdown(Shutdown::Both));
}

fn back(mut server: TcpStream, mut client: TcpStream, waiting: &Waiting) {
    let mut bytes = vec![0; 16 * 1024];
    while let Some(count) = server.read(&mut bytes).ok().filter(|count| *count > 0) {
        let trap = waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(trap) = trap {
            (trap.deed)();
            break;
        }
        if client.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    drop(server.shutdown(Shutdown::Both));
    drop(client.shutdown(Shutdown::Both));
}
