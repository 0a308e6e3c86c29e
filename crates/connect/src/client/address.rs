//! Which IP addresses lie inside a network that strangers must not reach through us.
//!
//! Role: sorts every address of IPv4 and IPv6; one that carries an IPv4 address inside is judged by that.
//! Invariant: what is not plainly an address of the public internet is [`Some`].
//! Not here: which hosts may be called all the same; see `guard`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why an address is no address of the public internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inside {
    /// This machine.
    Loopback,
    /// A network of one's own: RFC 1918, unique local, a carrier's shared range.
    Private,
    /// The link, where clouds answer with credentials of the machine, and their other addresses that do.
    Metadata,
    /// Many at once.
    Multicast,
    /// Not for connections: unspecified, documentation, benchmarks, reserved, discarded.
    Reserved,
}

impl Inside {
    /// Whether a name that the author wrote may lead there. Anything else is reached only by its number.
    #[must_use]
    pub fn is_own_network(self) -> bool {
        matches!(self, Inside::Loopback | Inside::Private)
    }
}

impl fmt::Display for Inside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Inside::Loopback => "an address of this machine",
            Inside::Private => "an address of a private network",
            Inside::Metadata => "a link-local or metadata address",
            Inside::Multicast => "a multicast address",
            Inside::Reserved => "a reserved address",
        })
    }
}

/// What is wrong with an address; `None` for one of the public internet.
#[must_use]
pub fn inside(address: IpAddr) -> Option<Inside> {
    match address {
        IpAddr::V4(address) => inside_v4(address),
        IpAddr::V6(address) => inside_v6(address),
    }
}

fn inside_v4(address: Ipv4Addr) -> Option<Inside> {
    Some(match address.octets() {
        // Azure's and Alibaba's own addresses for metadata lie outside of the link's range.
        [169, 254, ..] | [168, 63, 129, 16] | [100, 100, 100, 200] => Inside::Metadata,
        [127, ..] => Inside::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Inside::Private,
        [224..=239, ..] => Inside::Multicast,
        [0, ..] | [240..=255, ..] => Inside::Reserved,
        [192, 0, 0 | 2, _] | [192, 88, 99, _] => Inside::Reserved,
        [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => Inside::Reserved,
        _ => return None,
    })
}

fn inside_v6(address: Ipv6Addr) -> Option<Inside> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let low = embedded(g, h);
    match (a, b) {
        (0, 0) => return low_v6(address, [c, d, e, f], low),
        // NAT64; the local variant leads wherever its operator likes.
        (0x64, 0xff9b) if [c, d, e, f] == [0; 4] => return inside_v4(low),
        (0x64, 0xff9b) => return Some(Inside::Private),
        // Teredo holds the server's address, and the client's with all bits turned.
        (0x2001, 0) => return inside_v4(embedded(c, d)).or(inside_v4(embedded(!g, !h))),
        (0x2001, 0x0001..=0x01ff | 0x0db8) => return Some(Inside::Reserved),
        (0x2002, _) => return inside_v4(embedded(b, c)),
        // The instance's own credentials at two clouds.
        (0xfd00, 0x0ec2) | (0xfd20, 0x00ce) => return Some(Inside::Metadata),
        _ => {}
    }
    match a {
        0xfc00..=0xfdff => Some(Inside::Private),
        0xfe80..=0xfebf => Some(Inside::Metadata),
        0xff00..=0xffff => Some(Inside::Multicast),
        0x3fff if b < 0x1000 => Some(Inside::Reserved),
        // ISATAP: an interface that carries an IPv4 address.
        0x2000..=0x3fff if matches!(e, 0 | 0x0200) && f == 0x5efe => inside_v4(low),
        0x2000..=0x3fff => None,
        _ => Some(Inside::Reserved),
    }
}

/// `::`, `::1`, and the addresses that stand for one of IPv4.
fn low_v6(address: Ipv6Addr, middle: [u16; 4], low: Ipv4Addr) -> Option<Inside> {
    match middle {
        [0, 0, 0, 0xffff] => inside_v4(low),
        // `::ffff:0:a.b.c.d`, translated; `::a.b.c.d`, compatible: neither is routed today.
        [0, 0, 0xffff, 0] => Some(inside_v4(low).unwrap_or(Inside::Reserved)),
        [0, 0, 0, 0] if address == Ipv6Addr::LOCALHOST => Some(Inside::Loopback),
        [0, 0, 0, 0] => Some(inside_v4(low).unwrap_or(Inside::Reserved)),
        _ => Some(Inside::Reserved),
    }
}

fn embedded(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}
