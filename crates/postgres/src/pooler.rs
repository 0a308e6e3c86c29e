//! Whether a transaction-mode pooler stands between us and the server.
//!
//! Role: judges by the connection string, by what the other side refuses, and by whose key it hands out.
//! Invariant: a doubt counts as a pooler, which costs speed but is never wrong.
//! Not here: what is done differently then (link, store).
//!
//! How it is found out, first that says yes:
//!
//! 1. `pgbouncer=true` or `=false` is believed.
//! 2. Port 6543 and hosts called `pooler.` or `….pooler.…` are Supabase's and its kind's.
//! 3. PgBouncer refuses settings in the startup message (`unsupported startup parameter`).
//! 4. A server hands out, at the start of a session, a key with which that session can be cancelled; the first
//!    half of the key is the process id of the backend. A pooler cannot know which backend will serve the
//!    session next, so it makes keys of its own. If `pg_backend_pid()` says something else than the key, what
//!    we talk to is not the backend. TCP proxies and TLS terminators pass the server's key on unchanged.
//!
//! A session-mode pooler is taken for a transaction-mode one by 4; `pgbouncer=false` corrects that.

use crate::options::{Address, Host};
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use tokio_postgres::{CancelToken, Client};

/// Where Supabase's pooler listens in transaction mode.
const POOLER_PORT: u16 = 6543;

/// Length of a request to cancel: length, code, process id, secret.
const CANCEL_BYTES: usize = 16;

/// Whether the address says so.
pub(crate) fn named(addresses: &[Address]) -> bool {
    addresses.iter().any(|address| {
        let by_name = match &address.host {
            Host::Tcp(name, _) => name.split('.').any(|label| label.eq_ignore_ascii_case("pooler")),
            Host::Folder(_) => false,
        };
        by_name || address.port == POOLER_PORT
    })
}

/// Whether the session's key is not that of the backend.
pub(crate) async fn between(client: &Client) -> Result<bool, tokio_postgres::Error> {
    let rows = client
        .query_typed("SELECT pg_catalog.pg_backend_pid()", &[])
        .await?;
    let backend: Option<i32> = rows.first().map(|row| row.try_get(0)).transpose()?;
    let key = key_process(&client.cancel_token()).await;
    Ok(backend.is_none() || backend != key)
}

/// The process id in the session's key. The driver keeps it to itself, but writes it into requests to cancel:
/// one is written into a pipe that leads nowhere.
async fn key_process(token: &CancelToken) -> Option<i32> {
    let (mut here, there) = tokio::io::duplex(64);
    // What a server says to the wish for TLS.
    here.write_all(b"S").await.ok()?;
    token.cancel_query_raw(there, Bare).await.ok()?;
    let mut written = Vec::new();
    here.read_to_end(&mut written).await.ok()?;
    let request = written.get(written.len().checked_sub(CANCEL_BYTES)?..)?;
    let process: [u8; 4] = request.get(8..12)?.try_into().ok()?;
    Some(i32::from_be_bytes(process))
}

/// Stands for TLS and does nothing.
struct Bare;

impl TlsConnect<DuplexStream> for Bare {
    type Stream = Through;
    type Error = Infallible;
    type Future = Ready<Result<Through, Infallible>>;

    fn connect(self, stream: DuplexStream) -> Self::Future {
        ready(Ok(Through(stream)))
    }
}

/// The pipe, called a TLS stream.
struct Through(DuplexStream);

impl TlsStream for Through {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Through {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Through {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;

    #[test]
    fn addresses_of_poolers() {
        let is = |text: &str| named(&Options::parse(text).expect(text).addresses);
        assert!(is(
            "postgres://u@aws-0-eu-central-1.pooler.supabase.com:5432/postgres"
        ));
        assert!(is("postgres://u@db.abc.supabase.co:6543/postgres"));
        assert!(!is("postgres://u@db.abc.supabase.co:5432/postgres"));
        assert!(!is("postgres://u@carpooler.example/d"));
        assert!(!is("postgres:///d?host=/var/run/postgresql"));
    }
}
