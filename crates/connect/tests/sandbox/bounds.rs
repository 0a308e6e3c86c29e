//! Who is served, and how much.
//!
//! Role: addresses, names and sizes that are refused.
//! Invariant: nothing from outside reaches the sandbox, not even through a browser.
//! Not here: what requests mean.

use backflow_connect::sandbox::{Options, Sandbox};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

fn ask(address: SocketAddr, head: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(
        stream,
        "{head}Connection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .expect("sent");
    // The answer may come, and the connection end, before all of a long body is taken.
    drop(stream.write_all(body));
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_this_machine_is_served_and_in_bounds() {
    let outside = Options {
        address: SocketAddr::from(([0, 0, 0, 0], 0)),
        ..Options::default()
    };
    assert!(Sandbox::start(outside).await.is_err());
    let sandbox = Sandbox::start(Options::default()).await.expect("a sandbox");
    let address = sandbox.address();
    let run = tokio::task::spawn_blocking(move || {
        let get = |host: &str, more: &str| {
            ask(
                address,
                &format!("GET /_sandbox/counts HTTP/1.1\r\nHost: {host}\r\n{more}"),
                b"",
            )
        };
        assert!(get("localhost:80", "").starts_with("HTTP/1.1 200"));
        assert!(get("[::1]:80", "Origin: http://127.0.0.1:9\r\n").starts_with("HTTP/1.1 200"));
        assert!(get("evil.example", "").starts_with("HTTP/1.1 403"));
        assert!(get("localhost", "Origin: https://evil.example\r\n").starts_with("HTTP/1.1 403"));
        let long = vec![b'a'; 4 * 1024 * 1024 + 1];
        let answer = ask(
            address,
            "POST /v1/customers HTTP/1.1\r\nHost: localhost\r\n",
            &long,
        );
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 413"),
            "{answer}"
        );
    });
    run.await.expect("it ends");
    assert_eq!(sandbox.sent().len(), 0);
    let mut open = TcpStream::connect(address).expect("it listens");
    write!(open, "GET /_sandbox/counts HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("sent");
    let mut byte = [0];
    open.read_exact(&mut byte)
        .expect("an answer, and the connection stays");
    drop(sandbox);
    let end = tokio::task::spawn_blocking(move || open.read_to_end(&mut Vec::new()));
    drop(end.await.expect("it ends with the value"));
}
