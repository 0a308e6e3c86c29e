//! Where a provider is: scheme, host, port and the beginning of every path.
//!
//! Role: reads a `baseUrl`.
//! Invariant: a host has one form only: lower case, no final dot; a number is written as four decimals or as IPv6
//! in brackets, so that nobody reads another address out of it than we do.
//! Not here: which addresses may be reached; see `guard`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A host.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// A name.
    Name(String),
    /// A number.
    Address(IpAddr),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Name(name) => f.write_str(name),
            Host::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Host::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// Who said that this host is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// The program: a provider's own, public host, by https.
    BuiltIn,
    /// The author or operator, who may name a host of their own network, and http.
    Named,
}

/// Where a provider is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Whether the connection is encrypted.
    pub https: bool,
    /// The host.
    pub host: Host,
    /// The port.
    pub port: u16,
    /// What every path starts with; empty, or `/v2` without a slash at its end.
    pub prefix: String,
    /// Who named it.
    pub naming: Naming,
}

/// Why a `baseUrl` cannot be used; a sentence about it, without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadAddress(pub &'static str);

impl fmt::Display for BadAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for BadAddress {}

impl Destination {
    /// Reads `https://host[:port][/path]`.
    ///
    /// # Errors
    /// When it is not of this form, has a user, a query or a fragment, or its host has an unusual form; when it is
    /// http without having been named.
    pub fn parse(base: &str, naming: Naming) -> Result<Self, BadAddress> {
        let (https, rest) = match base.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (true, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (false, rest),
            _ => return Err(BadAddress("it must start with `https://` or `http://`")),
        };
        if !https && naming == Naming::BuiltIn {
            return Err(BadAddress("a provider is called by https"));
        }
        if !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(BadAddress("it holds a blank or a character beyond ASCII"));
        }
        if rest.contains(['?', '#', '\\']) {
            return Err(BadAddress("it must not have a query, a fragment or a backslash"));
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(BadAddress("it must not hold a user name"));
        }
        let (host, port) = split_port(authority)?;
        let prefix = path.trim_end_matches('/');
        if !is_plain_path(prefix) {
            return Err(BadAddress("its path must not have empty or dotted segments"));
        }
        Ok(Self {
            https,
            host: read_host(host)?,
            port: port.unwrap_or(if https { 443 } else { 80 }),
            prefix: prefix.to_owned(),
            naming,
        })
    }

    /// Host, and port where it is not the scheme's own: the header `Host`.
    #[must_use]
    pub fn authority(&self) -> String {
        let usual = if self.https { 443 } else { 80 };
        if self.port == usual {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// Whether a path has no segment that leads elsewhere; empty, or it starts with a slash.
#[must_use]
pub fn is_plain_path(path: &str) -> bool {
    let Some(segments) = path.strip_prefix('/') else {
        return path.is_empty();
    };
    segments.split('/').all(|segment| {
        let dots = segment.to_ascii_lowercase().replace("%2e", ".");
        !matches!(dots.as_str(), "" | "." | "..")
    })
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), BadAddress> {
    let end = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    let (_, tail) = authority.split_at(end);
    let Some(colon) = tail.find(':') else {
        return Ok((authority, None));
    };
    let (host, port) = authority.split_at(end + colon);
    let digits = port.strip_prefix(':').unwrap_or(port);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.parse::<u16>().ok().filter(|port| plain && *port > 0);
    number
        .map(|number| (host, Some(number)))
        .ok_or(BadAddress("its port is no number from 1 to 65535"))
}

fn read_host(text: &str) -> Result<Host, BadAddress> {
    if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inner
            .parse::<Ipv6Addr>()
            .map(|address| Host::Address(IpAddr::V6(address)))
            .map_err(|_| BadAddress("its host is no IPv6 address"));
    }
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    if let Ok(address) = name.parse::<Ipv4Addr>() {
        return Ok(Host::Address(IpAddr::V4(address)));
    }
    let labels = || name.split('.');
    let is_label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        !label.is_empty() && label.len() <= 63 && label.bytes().all(inner)
    };
    if name.len() > 253 || !labels().all(is_label) {
        return Err(BadAddress("its host is no name and no address"));
    }
    // `2130706433`, `0x7f.1`, `127.1`: some readers take these for addresses.
    let last = labels().next_back().unwrap_or_default();
    let is_hex = last
        .strip_prefix("0x")
        .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()));
    if is_hex || last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(BadAddress("an address is written as four decimal numbers"));
    }
    Ok(Host::Name(name))
}
