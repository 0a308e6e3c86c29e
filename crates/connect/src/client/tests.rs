//! Where requests go, and what is known when no answer comes.

use super::address::{Inside, inside};
use super::*;
use crate::fake::{Does, Fake, line};
use backflow_engine::Secret;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(10);

/// Addresses that are not of the public internet, one and more of each kind.
const BARRED: [&str; 61] = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.254",
    "100.100.100.200",
    "127.0.0.1",
    "127.1.2.3",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "::ffff:0:8.8.8.8",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a00:1",
    "64:ff9b:1::808:808",
    "100::1",
    "2001:0:7f00:1::f7f7:f7f7",
    "2001:0:808:808:0:0:80ff:fffe",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2002:c0a8:1::1",
    "2400::5efe:127.0.0.1",
    "2400::200:5efe:10.0.0.1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fdff::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
];

const PUBLIC: [&str; 14] = [
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.0.1",
    "172.32.0.1",
    "192.0.1.1",
    "198.17.255.255",
    "198.20.0.1",
    "223.255.255.255",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
];

/// Forms of addresses, and of addresses with more, which some reader of URLs would connect by.
const FORMS: [&str; 36] = [
    "https://2130706433",
    "https://017700000001",
    "https://0x7f000001",
    "https://0x7f.0.0.1",
    "https://0x7F.1",
    "https://127.1",
    "https://127.0.1",
    "https://0177.0.0.1",
    "https://127.0.0.01",
    "https://127.0.0.1.1",
    "https://127.0.0.256",
    "https://1.1.1.1.",
    "https://[::1",
    "https://::1",
    "https://[127.0.0.1]",
    "https://[::1%25lo]",
    "https://[fe80::1%eth0]",
    "https://user@example.com",
    "https://user:pass@example.com",
    "https://example.com:80@127.0.0.1",
    "https://example.com\\@127.0.0.1",
    "https://example.com#@127.0.0.1",
    "https://example.com?@127.0.0.1",
    "https://example.com:0",
    "https://example.com:65536",
    "https://example.com:+80",
    "https://example.com:",
    "https://exa mple.com",
    "https://ex\u{e4}mple.com",
    "https://\u{2460}27.0.0.1",
    "https://%31%32%37.0.0.1",
    "https://127。0。0。1",
    "https://example.com/..",
    "https://example.com/a//b",
    "https://example..com",
    "ftp://example.com",
];

#[test]
fn addresses_that_are_not_public_are_known() {
    for text in BARRED {
        let address = text.parse().unwrap();
        assert!(inside(address).is_some(), "{text} passes");
    }
    for text in PUBLIC {
        assert_eq!(inside(text.parse().unwrap()), None, "{text}");
    }
    let kind = |text: &str| inside(text.parse().unwrap());
    assert_eq!(kind("169.254.169.254"), Some(Inside::Metadata));
    assert_eq!(kind("::ffff:127.0.0.1"), Some(Inside::Loopback));
    assert_eq!(kind("2002:a00:1::"), Some(Inside::Private));
}

#[test]
fn a_host_has_one_form() {
    for form in FORMS {
        let read = Destination::parse(form, Naming::Named);
        // A final dot is a form of the same host.
        if form.ends_with("1.1.1.1.") {
            assert_eq!(read.unwrap().host.to_string(), "1.1.1.1");
        } else {
            assert!(read.is_err(), "{form}: {read:?}");
        }
    }
    let read = |base: &str| Destination::parse(base, Naming::Named).unwrap();
    let api = read("HTTPS://API.Example.com.:8443/v2/");
    assert_eq!(
        (api.authority().as_str(), api.prefix.as_str()),
        ("api.example.com:8443", "/v2")
    );
    assert_eq!(read("http://[::1]:80").authority(), "[::1]");
    assert!(Destination::parse("http://api.stripe.com", Naming::BuiltIn).is_err());
}

/// A line to `base` whose names lead to `addresses`, one list for each time they are looked up.
fn led(base: &str, naming: Naming, addresses: Vec<Vec<SocketAddr>>) -> (Line, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let lookup: guard::Lookup = Arc::new(move |_, _| {
        let turn = count.fetch_add(1, Ordering::SeqCst);
        let found = addresses.get(turn).cloned().unwrap_or_default();
        Box::pin(async move { Ok(found) })
    });
    let destination = Destination::parse(base, naming).unwrap();
    (Line::new(destination, Dialer::new(lookup)), asked)
}

fn get(path: &str) -> Exchange {
    Exchange {
        method: "GET".to_owned(),
        path: path.to_owned(),
        ..Exchange::default()
    }
}

#[tokio::test]
async fn nothing_reaches_a_trap() {
    let trap = Fake::saying(200, "", "caught");
    let port = trap.port;
    let mut tried = 0;
    for text in BARRED {
        let address = SocketAddr::new(text.parse().unwrap(), port);
        let host = if address.is_ipv6() {
            format!("[{text}]")
        } else {
            text.to_owned()
        };
        // As the host of a provider that nobody named, and behind its name.
        let literal = Destination::parse(&format!("https://{host}:{port}"), Naming::BuiltIn).unwrap();
        let line = Line::new(literal, Dialer::new(guard::system_lookup()));
        assert!(
            matches!(line.call(&get("/"), LONG).await, Err(Broken::Barred(_))),
            "{text}"
        );
        let base = format!("https://api.example.com:{port}");
        let (line, _) = led(&base, Naming::BuiltIn, vec![vec![address]]);
        assert!(
            matches!(line.call(&get("/"), LONG).await, Err(Broken::Barred(_))),
            "{text}"
        );
        // A name that the author wrote leads into their network, but to no metadata and no reserved address.
        if !inside(address.ip()).unwrap().is_own_network() {
            let (line, _) = led(&base, Naming::Named, vec![vec![address]]);
            assert!(
                matches!(line.call(&get("/"), LONG).await, Err(Broken::Barred(_))),
                "{text}"
            );
            tried += 1;
        }
        tried += 2;
    }
    assert!(tried > 120, "{tried}");
    assert_eq!(trap.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn the_address_that_was_judged_is_the_one_that_is_connected_to() {
    let trap = Fake::saying(200, "", "caught");
    let here = SocketAddr::from(([127, 0, 0, 1], trap.port));
    let nobody: SocketAddr = "[100::1]:9".parse().unwrap();
    // The second look-up would lead to the trap.
    let base = format!("https://api.example.com:{}", trap.port);
    let (line, asked) = led(&base, Naming::BuiltIn, vec![vec![nobody], vec![here]]);
    assert!(line.call(&get("/"), LONG).await.is_err());
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    // Of several addresses only those that may be reached are tried.
    let base = format!("http://api.example.com:{}", trap.port);
    let metadata = SocketAddr::from(([169, 254, 169, 254], trap.port));
    let (line, asked) = led(&base, Naming::Named, vec![vec![metadata, here]]);
    assert_eq!(line.call(&get("/"), LONG).await.unwrap().status, 200);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert_eq!(trap.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let trap = Fake::saying(200, "", "caught");
    let there = format!("Location: http://127.0.0.1:{}/\r\n", trap.port);
    for status in [301, 302, 303, 307, 308] {
        let there: &'static str = there.clone().leak();
        let fake = Fake::saying(status, there, "");
        assert_eq!(fake.line().call(&get("/"), LONG).await.unwrap().status, status);
    }
    assert_eq!(trap.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_path_stays_below_its_destination() {
    let fake = Fake::saying(200, "", "");
    for path in [
        "",
        "//evil.example",
        "/../x",
        "/a/%2E%2e/b",
        "/a/./b",
        "x",
        "@evil",
        "/a b",
        "/a\r\nX: y",
    ] {
        let broken = fake.line().call(&get(path), LONG).await;
        assert!(matches!(broken, Err(Broken::Barred(_))), "{path:?}: {broken:?}");
    }
    let mut exchange = get("/");
    exchange.headers = vec![("X-A".to_owned(), Sent::Plain("b\r\nX-C: d".to_owned()))];
    assert!(matches!(
        fake.line().call(&exchange, LONG).await,
        Err(Broken::Barred(_))
    ));
    assert_eq!(fake.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn connections_are_kept_and_a_broken_one_is_replaced() {
    let fake = Fake::saying(200, "", "{}");
    let line = fake.line();
    for _ in 0..3 {
        line.call(&get("/"), LONG).await.unwrap();
    }
    assert_eq!(fake.connections.load(Ordering::SeqCst), 1);
    let fake = Fake::saying(200, "Connection: close\r\n", "{}");
    let line = fake.line();
    for _ in 0..3 {
        line.call(&get("/"), LONG).await.unwrap();
    }
    assert_eq!(fake.heard().len(), 3);
}

#[tokio::test]
async fn it_is_known_whether_anything_was_sent() {
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let nobody = line(&format!("http://127.0.0.1:{free}"))
        .call(&get("/"), LONG)
        .await;
    assert!(
        matches!(nobody, Err(Broken::Unreached { timed_out: false, .. })),
        "{nobody:?}"
    );
    let (line, _) = led("https://api.example.com", Naming::BuiltIn, Vec::new());
    assert!(matches!(
        line.call(&get("/"), LONG).await,
        Err(Broken::Unreached { .. })
    ));

    let hung = Fake::start(|_| Does::HangsUp).line().call(&get("/"), LONG).await;
    assert!(
        matches!(hung, Err(Broken::Lost { timed_out: false, .. })),
        "{hung:?}"
    );
    let slow = Fake::start(|_| Does::Waits)
        .line()
        .call(&get("/"), Duration::from_millis(50))
        .await;
    assert!(
        matches!(slow, Err(Broken::Lost { timed_out: true, .. })),
        "{slow:?}"
    );
    let large = Fake::start(|_| Does::Says(200, "", "x".repeat(LARGEST + 1)));
    assert!(matches!(
        large.line().call(&get("/"), LONG).await,
        Err(Broken::Lost { .. })
    ));
}

#[test]
fn credentials_are_in_no_debug_output() {
    let mut exchange = get("/");
    exchange.headers = vec![(
        "Authorization".to_owned(),
        Sent::Hidden(Secret::new("Bearer hunter2")),
    )];
    let printed = format!("{exchange:?}");
    assert!(
        printed.contains("***") && !printed.contains("hunter2"),
        "{printed}"
    );
}
