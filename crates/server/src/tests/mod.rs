//! The server from outside: raw sockets against an app that needs no engine.
//!
//! Role: starts servers, sends bytes, reads responses.
//! Invariant: each test has its own server on its own port.
//! Not here: routes; the binary's tests ask for those.

mod http1;
mod http2;
mod limits;
mod stop;

use crate::app::App;
use crate::body::Body;
use crate::listen::{Stopped, serve_app};
use crate::options::ServeOptions;
use backflow_engine::{BodyError, BodySource, Reply, Request};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// The largest body the app reads.
const LARGEST: usize = 1024 * 1024;

/// Answers by path: `/echo`, `/slow`, `/panic`, `/peer`, `/refuse` (reads no body), `/large`.
#[derive(Default)]
struct Stub {
    is_ill: AtomicBool,
}

impl App for Arc<Stub> {
    async fn answer<'a>(&'a self, request: Request<'a, Body<'a>>) -> Reply {
        match request.path {
            "/echo" => match request.body.read(LARGEST).await {
                Ok(body) => reply(200, body),
                Err(BodyError::TooLarge) => reply(413, "large"),
                Err(BodyError::Broken) => reply(400, "broken"),
                Err(BodyError::TimedOut) => reply(408, "slow"),
            },
            "/slow" => {
                sleep(Duration::from_millis(300)).await;
                reply(200, "late")
            }
            "/panic" => panic!("on purpose"),
            "/peer" => reply(200, request.peer.to_string()),
            "/refuse" => reply(401, "no"),
            "/large" => reply(200, vec![b'x'; 64 * 1024 * 1024]),
            _ => reply(404, request.query.unwrap_or("none").to_owned()),
        }
    }

    async fn is_healthy(&self) -> bool {
        !self.is_ill.load(Relaxed)
    }
}

fn reply(status: u16, body: impl Into<Bytes>) -> Reply {
    let mut headers = HeaderMap::new();
    headers.insert("x-request-id", HeaderValue::from_static("r1"));
    Reply {
        status: StatusCode::from_u16(status).unwrap(),
        headers,
        body: body.into(),
        route: None,
    }
}

struct Server {
    address: SocketAddr,
    stub: Arc<Stub>,
    stop: oneshot::Sender<()>,
    done: JoinHandle<Stopped>,
}

impl Server {
    async fn start(options: ServeOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stub = Arc::new(Stub::default());
        let (stop, word) = oneshot::channel();
        let word = async { drop(word.await) };
        let done = tokio::spawn(serve_app(listener, Arc::clone(&stub), options, word));
        Self {
            address,
            stub,
            stop,
            done,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes on a new connection and reads until the server closes it.
    async fn exchange(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect().await;
        // The server may refuse and close before it has taken everything.
        drop(stream.write_all(bytes.as_ref()).await);
        rest(&mut stream).await
    }

    async fn stopped(self) -> Stopped {
        self.stop.send(()).unwrap();
        self.done.await.unwrap()
    }
}

/// All that comes until the end or 5 seconds.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    drop(timeout(Duration::from_secs(5), stream.read_to_end(&mut bytes)).await);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads until this text has come.
async fn until(stream: &mut TcpStream, text: &str) -> String {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    while !String::from_utf8_lossy(&read).contains(text) {
        let count = timeout(Duration::from_secs(5), stream.read(&mut buffer))
            .await
            .unwrap()
            .unwrap();
        assert!(count > 0, "closed after {:?}", String::from_utf8_lossy(&read));
        read.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8_lossy(&read).into_owned()
}
