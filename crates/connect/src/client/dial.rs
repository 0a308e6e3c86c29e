//! Sockets to providers, with TLS.
//!
//! Role: opens a connection to one of the addresses that the guard passed.
//! Invariant: certificates are verified for the destination's host; the cryptography is aws-lc, given by name.
//! Not here: which addresses may be reached (`guard`), requests (`line`).

use super::destination::{Destination, Host};
use super::guard::{Barred, Lookup, addresses};
use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// An address that does not answer leaves time for the next one.
const CONNECT: Duration = Duration::from_secs(5);

/// A connection that takes requests.
pub(crate) type Sender = SendRequest<Full<Bytes>>;

/// What connections are made with; shared by all providers.
#[derive(Clone)]
pub struct Dialer {
    lookup: Lookup,
    tls: Arc<OnceLock<Result<TlsConnector, String>>>,
}

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoLine {
    Barred(Barred),
    Failed(String),
}

impl Dialer {
    /// Connections to where this lookup leads.
    #[must_use]
    pub fn new(lookup: Lookup) -> Self {
        Self {
            lookup,
            tls: Arc::default(),
        }
    }

    /// Opens a connection.
    pub(crate) async fn dial(&self, destination: &Destination) -> Result<Sender, NoLine> {
        let addresses = addresses(destination, &self.lookup)
            .await
            .map_err(NoLine::Barred)?;
        let mut last = "no address".to_owned();
        for address in addresses {
            match tokio::time::timeout(CONNECT, self.open(destination, address)).await {
                Ok(Ok(sender)) => return Ok(sender),
                Ok(Err(why)) => last = why,
                Err(_) => last = "no answer".to_owned(),
            }
        }
        Err(NoLine::Failed(last))
    }

    async fn open(&self, destination: &Destination, address: SocketAddr) -> Result<Sender, String> {
        let socket = TcpStream::connect(address)
            .await
            .map_err(|error| error.to_string())?;
        socket.set_nodelay(true).map_err(|error| error.to_string())?;
        if !destination.https {
            return speak(socket).await;
        }
        let name = match &destination.host {
            Host::Name(name) => {
                ServerName::try_from(name.clone()).map_err(|_| "the host is no name for TLS".to_owned())?
            }
            Host::Address(address) => ServerName::from(*address),
        };
        let tls = self.tls.get_or_init(connector).as_ref().map_err(Clone::clone)?;
        let stream = tls
            .connect(name, socket)
            .await
            .map_err(|error| format!("TLS: {error}"))?;
        speak(stream).await
    }
}

async fn speak(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Result<Sender, String> {
    let (sender, connection) = handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    // It ends with its sender; what went wrong is told to whoever waits for an answer.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}

fn connector() -> Result<TlsConnector, String> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (added, _unreadable) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        return Err("TLS: the operating system has no certificates (Debian: `ca-certificates`)".to_owned());
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
