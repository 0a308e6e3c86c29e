//! A socket that does not wait for ever.
//!
//! Role: reads and writes for hyper; a peer that keeps us waiting longer than its [`Pace`] allows gets an
//! error instead, which ends the connection.
//! Invariant: one timer for each direction, made when first needed and moved rather than made again.
//! Not here: what the bytes mean.

use crate::pace::Pace;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

/// How long we go on reading after we said goodbye to a peer in the middle of a request.
const LINGER: Duration = Duration::from_secs(1);

/// A socket with its pace.
#[derive(Debug)]
pub(crate) struct Pipe {
    stream: TcpStream,
    pace: Arc<Pace>,
    write_timeout: Duration,
    read_timer: Option<Pin<Box<Sleep>>>,
    write_timer: Option<Pin<Box<Sleep>>>,
    is_stuck: bool,
    linger: Option<Pin<Box<Sleep>>>,
}

impl Pipe {
    pub(crate) fn new(stream: TcpStream, pace: Arc<Pace>, write_timeout: Duration) -> Self {
        Self {
            stream,
            pace,
            write_timeout,
            read_timer: None,
            write_timer: None,
            is_stuck: false,
            linger: None,
        }
    }

    /// Reads what still comes: to close with bytes unread resets the connection, and the peer never sees why
    /// it was refused.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let timer = timer(&mut self.linger, Instant::now() + LINGER);
        if timer.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Ok(()));
        }
        let mut bytes = [0; 4096];
        loop {
            let mut buffer = ReadBuf::new(&mut bytes);
            let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// Pending until the peer has kept us waiting too long for bytes.
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let now = Instant::now();
            // A request in flight has no deadline, but hyper does not read again when it ends: wake up by then.
            let deadline = self.pace.deadline().unwrap_or(now + self.pace.idle());
            if deadline <= now {
                return Poll::Ready(());
            }
            let timer = timer(&mut self.read_timer, deadline);
            // A timer that is too early is left to fire and then moved: cheaper than moving it each time.
            if timer.deadline() > deadline || timer.is_elapsed() {
                timer.as_mut().reset(deadline);
            }
            ready!(timer.as_mut().poll(cx));
        }
    }

    /// Looks at the outcome of a write: pending for too long is an error.
    fn judge<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.is_stuck = false;
            return written;
        }
        let deadline = Instant::now() + self.write_timeout;
        let timer = timer(&mut self.write_timer, deadline);
        if !self.is_stuck {
            self.is_stuck = true;
            timer.as_mut().reset(deadline);
        }
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Err(too_slow("the peer takes nothing")))
    }
}

fn timer(slot: &mut Option<Pin<Box<Sleep>>>, deadline: Instant) -> &mut Pin<Box<Sleep>> {
    slot.get_or_insert_with(|| Box::pin(sleep_until(deadline)))
}

fn too_slow(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, what)
}

impl AsyncRead for Pipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if read.is_ready() {
            if buffer.filled().len() > before {
                self.pace.received();
            }
            return read;
        }
        ready!(self.poll_patience(cx));
        Poll::Ready(Err(too_slow("the peer sends nothing")))
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.judge(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.judge(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.linger.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        }
        if !self.pace.is_mid_head() {
            return Poll::Ready(Ok(()));
        }
        self.poll_linger(cx)
    }
}
