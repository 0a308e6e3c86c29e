//! The fence around everything that goes out.
//!
//! Role: finds the addresses of a destination and passes only those that may be reached.
//! Invariant: the connection is made to an address that was judged, never to a name that is looked up again.
//! Not here: which ranges there are (`address`), sockets (`dial`).

use super::address::{Inside, inside};
use super::destination::{Destination, Host, Naming};
use backflow_engine::store::BoxFuture;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Finds the addresses of a name and port.
pub type Lookup =
    Arc<dyn Fn(String, u16) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// Why nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Barred {
    /// The name has no address now.
    NotFound(String),
    /// All its addresses are such as must not be reached.
    Inside(IpAddr, Inside),
}

/// The lookup of the operating system.
#[must_use]
pub fn system_lookup() -> Lookup {
    Arc::new(|name, port| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), port)).await?;
            Ok(found.collect())
        })
    })
}

/// Whether an address may be reached for a destination.
///
/// # Errors
/// What kind of address it is, if it may not.
pub fn judge(destination: &Destination, address: IpAddr) -> Result<(), Inside> {
    let Some(kind) = inside(address) else {
        return Ok(());
    };
    let allowed = match (destination.naming, &destination.host) {
        (Naming::BuiltIn, _) => false,
        (Naming::Named, Host::Address(named)) => *named == address,
        (Naming::Named, Host::Name(_)) => kind.is_own_network(),
    };
    if allowed { Ok(()) } else { Err(kind) }
}

/// The addresses to try, in order.
///
/// # Errors
/// When there is none, or none that may be reached.
pub async fn addresses(destination: &Destination, lookup: &Lookup) -> Result<Vec<SocketAddr>, Barred> {
    let port = destination.port;
    let found = match &destination.host {
        Host::Address(address) => vec![SocketAddr::new(*address, port)],
        Host::Name(name) => lookup(name.clone(), port)
            .await
            .map_err(|error| Barred::NotFound(error.to_string()))?,
    };
    let mut allowed = Vec::new();
    let mut barred = Barred::NotFound("it has no address".to_owned());
    for address in found {
        match judge(destination, address.ip()) {
            Ok(()) => allowed.push(SocketAddr::new(address.ip(), port)),
            Err(kind) => barred = Barred::Inside(address.ip(), kind),
        }
    }
    if allowed.is_empty() {
        Err(barred)
    } else {
        Ok(allowed)
    }
}
