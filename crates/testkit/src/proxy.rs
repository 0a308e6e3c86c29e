//! A way to a server that fails on demand.
//!
//! Role: passes bytes on between a client and a port of this machine; cuts or stalls connections when told, or when a
//! client says a certain word.
//! Invariant: bytes are passed on unchanged and in order, or not at all.
//! Not here: what the bytes mean.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What happens to bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// They are passed on.
    Pass,
    /// They stay here; nobody is told.
    Stall,
    /// Connections are closed, and new ones are closed at once.
    Cut,
}

/// What happens when a client says the word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// The server does not get it; the connection is closed.
    CutBefore,
    /// The server gets it; its answer does not come through, the connection is closed.
    CutAfter,
    /// The server gets it; its answer does not come through, and nothing else does.
    StallAfter,
}

/// A proxy in this process.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    mode: watch::Sender<Mode>,
    word: Mutex<Option<(Vec<u8>, Then)>>,
}

impl Proxy {
    /// Listens on a port of its own for a server's port on 127.0.0.1.
    ///
    /// # Panics
    /// When there is no port.
    pub async fn start(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let shared = Arc::new(Shared {
            mode: watch::Sender::new(Mode::Pass),
            word: Mutex::default(),
        });
        let theirs = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(
                    client,
                    SocketAddr::from(([127, 0, 0, 1], server)),
                    Arc::clone(&theirs),
                ));
            }
        });
        Proxy { port, shared, task }
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What happens to all bytes from now on. Bytes that were held back are passed on by [`Mode::Pass`].
    pub fn set(&self, mode: Mode) {
        self.shared.mode.send_replace(mode);
    }

    /// What happens to the next client that says a word, once.
    pub fn when(&self, word: &str, then: Then) {
        *self.shared.word() = Some((word.as_bytes().to_vec(), then));
    }

    /// Whether somebody has said the word.
    #[must_use]
    pub fn said(&self) -> bool {
        self.shared.word().is_none()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.shared.mode.send_replace(Mode::Cut);
    }
}

impl Shared {
    fn word(&self) -> std::sync::MutexGuard<'_, Option<(Vec<u8>, Then)>> {
        self.word.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to do with these bytes of a client.
    fn hears(&self, bytes: &[u8]) -> Option<Then> {
        let mut word = self.word();
        let (text, then) = word.as_ref()?;
        let then = bytes
            .windows(text.len())
            .any(|window| window == text)
            .then_some(*then)?;
        *word = None;
        Some(then)
    }
}

async fn serve(client: TcpStream, server: SocketAddr, shared: Arc<Shared>) {
    if *shared.mode.borrow() == Mode::Cut {
        return;
    }
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    // Of this connection alone: what its word brought about.
    let own = watch::Sender::new(Mode::Pass);
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let forth = pump(
        from_client,
        to_server,
        [shared.mode.subscribe(), own.subscribe()],
        Some((&shared, &own)),
    );
    let back = pump(
        from_server,
        to_client,
        [shared.mode.subscribe(), own.subscribe()],
        None,
    );
    tokio::select! {
        () = forth => {}
        () = back => {}
    }
}

type Listener<'a> = Option<(&'a Shared, &'a watch::Sender<Mode>)>;

/// Passes bytes on as long as the modes allow.
async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut modes: [watch::Receiver<Mode>; 2],
    listens: Listener<'_>,
) {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let count = tokio::select! {
            biased;
            () = cut(&mut modes) => return,
            read = from.read(&mut bytes) => read.unwrap_or(0),
        };
        if count == 0 {
            return;
        }
        let some = bytes.get(..count).unwrap_or_default();
        let then = listens.and_then(|(shared, _)| shared.hears(some));
        match (then, listens) {
            (Some(Then::CutBefore), _) => return,
            (Some(_), Some((_, own))) => drop(own.send_replace(Mode::Stall)),
            _ => passes(&mut modes).await,
        }
        if modes.iter().any(|mode| *mode.borrow() == Mode::Cut) {
            return;
        }
        if to.write_all(some).await.is_err() {
            return;
        }
        if then == Some(Then::CutAfter) {
            // Long enough for the server to do what it was told.
            tokio::time::sleep(Duration::from_millis(100)).await;
            return;
        }
    }
}

/// Comes back when bytes may pass, or never will.
async fn passes(modes: &mut [watch::Receiver<Mode>; 2]) {
    for mode in modes {
        // A proxy that is gone lets nothing wait.
        drop(mode.wait_for(|mode| *mode != Mode::Stall).await);
    }
}

async fn cut(modes: &mut [watch::Receiver<Mode>; 2]) {
    let [all, own] = modes;
    tokio::select! {
        _ = all.wait_for(|mode| *mode == Mode::Cut) => {}
        _ = own.wait_for(|mode| *mode == Mode::Cut) => {}
    }
}
