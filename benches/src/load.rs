//! A small load generator: keep-alive connections, one request in flight on each.
//!
//! Invariant: an answer with another status than the wanted one is counted apart, so that refusals never pass
//! for speed.
//! Not here: what is asked; see the benches.

use anyhow::{Context, Result, bail};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What a run of load showed.
pub(crate) struct Figures {
    pub(crate) per_second: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    /// Answers with a status other than the wanted one.
    pub(crate) odd: u64,
}

/// Sends requests made by `request(n)` over so many connections for so long.
pub(crate) async fn run(
    address: SocketAddr,
    connections: usize,
    duration: Duration,
    wanted: u16,
    request: impl Fn(u64) -> String + Send + Sync + 'static,
) -> Result<Figures> {
    let (request, stop) = (Arc::new(request), Arc::new(AtomicBool::new(false)));
    let (counter, odd) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let begun = Instant::now();
    let mut tasks = Vec::new();
    for _ in 0..connections {
        let (request, stop) = (Arc::clone(&request), Arc::clone(&stop));
        let (counter, odd) = (Arc::clone(&counter), Arc::clone(&odd));
        tasks.push(tokio::spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut times = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let n = counter.fetch_add(1, Ordering::Relaxed);
                let sent = Instant::now();
                if connection.ask(&request(n)).await? != wanted {
                    odd.fetch_add(1, Ordering::Relaxed);
                }
                times.push(sent.elapsed());
            }
            anyhow::Ok(times)
        }));
    }
    tokio::time::sleep(duration).await;
    stop.store(true, Ordering::Relaxed);
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await??);
    }
    let elapsed = begun.elapsed();
    times.sort_unstable();
    let at = |share: f64| {
        times
            .get(((times.len() as f64) * share) as usize)
            .copied()
            .unwrap_or_default()
    };
    Ok(Figures {
        per_second: times.len() as f64 / elapsed.as_secs_f64(),
        p50: at(0.5),
        p99: at(0.99),
        odd: odd.load(Ordering::Relaxed),
    })
}

/// A keep-alive connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(8192),
        })
    }

    /// Sends a request and reads the whole answer; gives its status.
    pub(crate) async fn ask(&mut self, request: &str) -> Result<u16> {
        self.stream.write_all(request.as_bytes()).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the server closed the connection");
            }
            let text = String::from_utf8_lossy(&self.buffer);
            let Some((head, body)) = text.split_once("\r\n\r\n") else {
                continue;
            };
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("content-length:")?
                        .trim()
                        .parse()
                        .ok()
                })
                .unwrap_or(0_usize);
            if body.len() >= length {
                let status = head.split(' ').nth(1).context("a status line")?;
                return Ok(status.parse()?);
            }
        }
    }
}

/// A request with a JSON body, or none.
pub(crate) fn http(method: &str, path: &str, token: &str, body: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}
