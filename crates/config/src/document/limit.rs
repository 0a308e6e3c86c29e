//! Limits of rates, and whose word about a caller's address counts, as written.
//!
//! Invariant: what was left out is `None`; no default of another place is mixed in.
//! Not here: which limit a route has; see the planner.

use backflow_diag::{Span, Spanned, Text};
use std::fmt;
use std::net::IpAddr;

/// `rateLimit` of the project.
#[derive(Debug, Clone)]
pub struct RateLimits {
    /// Where it stands.
    pub span: Span,
    /// `enabled` (default true when the object is there)
    pub enabled: bool,
    /// The limit of routes of which nothing closer is said: `default`, or what stands in the object itself.
    pub default: Option<RateLimit>,
    /// `perEndpoint`: paths, and the limit of the routes that have them.
    pub per_endpoint: Vec<(Text, RateLimit)>,
}

equal_but_for_place!(RateLimits {
    enabled,
    default,
    per_endpoint,
});

/// One limit.
#[derive(Debug, Clone)]
pub struct RateLimit {
    /// Where it stands.
    pub span: Span,
    /// `enabled` (default true when the object is there)
    pub enabled: bool,
    /// `by`
    pub by: Option<Spanned<CountBy>>,
    /// `windowMs`
    pub window_ms: Option<Spanned<u32>>,
    /// `max`
    pub max: Option<Spanned<u32>>,
    /// `message`
    pub message: Option<Text>,
    /// `statusCode`
    pub status_code: Option<Spanned<u16>>,
    /// `skipSuccessfulRequests`
    pub skip_successful: bool,
    /// `skipFailedRequests`
    pub skip_failed: bool,
}

equal_but_for_place!(RateLimit {
    enabled,
    by,
    window_ms,
    max,
    message,
    status_code,
    skip_successful,
    skip_failed,
});

/// Whose requests are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CountBy {
    /// Those of one user.
    User,
    /// Those in one tenant.
    Tenant,
    /// Those from one address.
    Address,
}

impl CountBy {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            CountBy::User => "user",
            CountBy::Tenant => "tenant",
            CountBy::Address => "address",
        }
    }
}

/// `server.trustedProxies`: who may say from where a request comes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Proxies {
    /// Nobody: a caller's address is that of the connection.
    #[default]
    None,
    /// So many proxies in a row stand in front.
    Hops(u32),
    /// Proxies have addresses in these networks.
    Networks(Vec<Network>),
}

/// A network such as `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Reads an address, or an address with a number of bits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let most: u8 = if address.is_ipv4() { 32 } else { 128 };
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let bits: u8 = match bits {
            None => most,
            Some(bits) => bits.parse().ok().filter(|n| digits(bits) && *n <= most)?,
        };
        // IPv4 in IPv6's clothes is IPv4.
        match (address.to_canonical(), bits.checked_sub(96)) {
            (IpAddr::V4(inner), Some(bits)) if address.is_ipv6() => Some(Self {
                address: IpAddr::V4(inner),
                bits,
            }),
            _ => Some(Self { address, bits }),
        }
    }

    /// Whether an address is in it. An IPv4 address written as IPv6 is to be made IPv4 before.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let (ours, theirs, width) = match (self.address, address) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                (u128::from(ours.to_bits()), u128::from(theirs.to_bits()), 32)
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => (ours.to_bits(), theirs.to_bits(), 128),
            _ => return false,
        };
        let shift = width - u32::from(self.bits);
        (ours ^ theirs).checked_shr(shift).unwrap_or(0) == 0
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_what_shares_their_bits() {
        for (network, address, inside) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.9.8.7/8", "10.1.1.1", true),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("0.0.0.0/0", "255.255.255.255", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "2001:db8::1", true),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::1", "::1", true),
            ("::1", "::2", false),
            ("::ffff:10.0.0.0/104", "10.9.9.9", true),
            ("::ffff:10.0.0.0/104", "11.9.9.9", false),
        ] {
            let read = Network::parse(network).unwrap();
            assert_eq!(
                read.contains(address.parse().unwrap()),
                inside,
                "{network} {address}"
            );
        }
    }

    #[test]
    fn what_is_no_network_is_not_read() {
        for text in [
            "",
            "/8",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0/8",
            "a.example",
            "[::1]",
        ] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
