//! From where a request comes.
//!
//! Role: the address of the connection, or, where that is a proxy which the project trusts, the address that the
//! proxy says.
//! Invariant: what a caller can write itself is never believed: `X-Forwarded-For` is read from its right end, and
//! only as far as trusted proxies wrote it.
//! Not here: what is done with the address.

use backflow_plan::model::Proxies;
use http::HeaderMap;
use std::net::{IpAddr, SocketAddr};

/// Each proxy adds, at the right end, the address from which it was asked.
const FORWARDED: &str = "x-forwarded-for";

/// The caller's address. Where the header is too short or no list of addresses, the connection's.
pub(crate) fn caller_address(peer: IpAddr, headers: &HeaderMap, proxies: &Proxies) -> IpAddr {
    let peer = peer.to_canonical();
    let told = match proxies {
        Proxies::None => None,
        Proxies::Hops(hops) => {
            let place = usize::try_from(*hops).unwrap_or(usize::MAX).saturating_sub(1);
            from_the_right(headers).nth(place).flatten()
        }
        Proxies::Networks(networks) => {
            let trusted = |address: IpAddr| networks.iter().any(|network| network.contains(address));
            outermost(peer, headers, trusted)
        }
    };
    told.unwrap_or(peer)
}

/// The first address from the right that is no trusted proxy; if all are, the last.
fn outermost(peer: IpAddr, headers: &HeaderMap, trusted: impl Fn(IpAddr) -> bool) -> Option<IpAddr> {
    let mut address = peer;
    let mut told = from_the_right(headers);
    while trusted(address) {
        match told.next() {
            Some(next) => address = next?,
            None => break,
        }
    }
    Some(address)
}

/// What proxies said, the nearest first; `None` for what is no address.
fn from_the_right(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    let lines = headers.get_all(FORWARDED).iter().rev();
    lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b',').map(address))
}

/// An address, with a port or without.
fn address(bytes: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let address = bare.unwrap_or(text).parse();
    let address = address.or_else(|_| text.parse().map(|socket: SocketAddr| socket.ip()));
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use backflow_plan::model::Network;
    use http::HeaderValue;

    const PEER: &str = "10.0.0.1";

    fn seen(lines: &[&str], proxies: &Proxies) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        caller_address(PEER.parse().unwrap(), &headers, proxies).to_string()
    }

    #[test]
    fn without_proxies_nothing_is_believed() {
        for lines in [&[][..], &["1.1.1.1"], &["1.1.1.1, 2.2.2.2", "3.3.3.3"]] {
            assert_eq!(seen(lines, &Proxies::None), PEER);
        }
    }

    #[test]
    fn hops_are_counted_from_the_right() {
        for (lines, hops, expected) in [
            (&["1.1.1.1"][..], 1, "1.1.1.1"),
            (&["6.6.6.6, 1.1.1.1"], 1, "1.1.1.1"),
            (&["6.6.6.6", "1.1.1.1"], 1, "1.1.1.1"),
            (&["6.6.6.6, 1.1.1.1, 2.2.2.2"], 2, "1.1.1.1"),
            (&["6.6.6.6, 1.1.1.1", " 2.2.2.2 "], 2, "1.1.1.1"),
            (&["1.1.1.1"], 2, PEER),
            (&[], 1, PEER),
        ] {
            assert_eq!(seen(lines, &Proxies::Hops(hops)), expected, "{lines:?} {hops}");
        }
    }

    #[test]
    fn what_is_no_address_is_the_connection() {
        for line in [
            "unknown",
            "",
            ",",
            "1.1.1.1,",
            "1.1.1",
            "1.1.1.1 2.2.2.2",
            "_hidden",
            "\u{e9}",
            "[1.1.1.1",
        ] {
            assert_eq!(seen(&[line], &Proxies::Hops(1)), PEER, "{line}");
        }
    }

    #[test]
    fn forms_of_addresses_are_one() {
        for (line, expected) in [
            ("1.1.1.1:4711", "1.1.1.1"),
            ("::ffff:1.1.1.1", "1.1.1.1"),
            ("[2001:DB8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("2001:db8:0::1", "2001:db8::1"),
        ] {
            assert_eq!(seen(&[line], &Proxies::Hops(1)), expected);
        }
    }

    #[test]
    fn networks_are_passed_until_somebody_else_comes() {
        let networks = |list: &[&str]| {
            Proxies::Networks(list.iter().map(|text| Network::parse(text).unwrap()).collect())
        };
        let inside = networks(&["10.0.0.0/8"]);
        for (lines, expected) in [
            (&["6.6.6.6, 1.1.1.1"][..], "1.1.1.1"),
            (&["6.6.6.6, 1.1.1.1, 10.9.9.9"], "1.1.1.1"),
            (&["6.6.6.6", "1.1.1.1", "10.9.9.9, 10.8.8.8"], "1.1.1.1"),
            (&["10.0.0.7"], "10.0.0.7"),
            (&[], PEER),
            (&["1.1.1.1, nonsense"], PEER),
            (&["nonsense, 1.1.1.1"], "1.1.1.1"),
        ] {
            assert_eq!(seen(lines, &inside), expected, "{lines:?}");
        }
        // The connection itself is no proxy's.
        assert_eq!(seen(&["1.1.1.1"], &networks(&["192.0.2.0/24"])), PEER);
    }
}
