//! Peers that send too much, too slowly, or nothing.

use super::*;
use std::time::Instant;

fn quick() -> ServeOptions {
    ServeOptions {
        head_timeout: Duration::from_millis(300),
        idle_timeout: Duration::from_millis(600),
        body_pause: Duration::from_millis(300),
        body_timeout: Duration::from_millis(700),
        write_timeout: Duration::from_millis(300),
        ..ServeOptions::default()
    }
}

#[tokio::test]
async fn heads_that_are_too_large_are_431() {
    let server = Server::start(ServeOptions::default()).await;
    let long = format!(
        "GET /x HTTP/1.1\r\nHost: a\r\nX-Long: {}\r\n\r\n",
        "a".repeat(64 * 1024)
    );
    let answer = server.exchange(long).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer:?}");
    let many: String = (0..200).map(|n| format!("X-{n}: 1\r\n")).collect();
    let answer = server
        .exchange(format!("GET /x HTTP/1.1\r\nHost: a\r\n{many}\r\n"))
        .await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn bodies_that_are_too_large_are_413_and_the_answer_arrives() {
    let server = Server::start(ServeOptions::default()).await;
    let body = "x".repeat(LARGEST + 1);
    let told = format!(
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = server.exchange(told).await;
    assert!(
        answer.starts_with("HTTP/1.1 413 ") && answer.contains("connection: close"),
        "{answer}"
    );
    let chunk = "x".repeat(0x10000);
    let chunks = format!("10000\r\n{chunk}\r\n").repeat(20);
    let untold =
        format!("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n");
    let answer = server.exchange(untold).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_not_asked_for() {
    let server = Server::start(ServeOptions::default()).await;
    let mut stream = server.connect().await;
    let head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn the_largest_body_passes_in_pieces() {
    let server = Server::start(ServeOptions::default()).await;
    let mut stream = server.connect().await;
    let head =
        format!("POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {LARGEST}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut read, mut write) = stream.into_split();
    let send = tokio::spawn(async move {
        for piece in vec![b'y'; LARGEST].chunks(100_000) {
            write.write_all(piece).await.unwrap();
        }
        write
    });
    let mut answer = Vec::new();
    read.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200 ") && answer.len() > LARGEST);
    drop(send.await);
}

#[tokio::test]
async fn a_connection_that_says_nothing_or_half_a_head_is_closed() {
    let server = Server::start(quick()).await;
    for start in [
        "",
        "P",
        "PRI * HTTP/2.0\r\n",
        "GET /x HTTP/1.1\r\nHost:",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let began = Instant::now();
        let answer = server.exchange(start).await;
        assert!(!answer.contains("HTTP/1.1 2"), "{answer}");
        assert!(
            began.elapsed() < Duration::from_secs(2),
            "{start:?} was kept for {:?}",
            began.elapsed()
        );
    }
}

#[tokio::test]
async fn a_head_that_drips_is_cut_off_on_a_used_connection_too() {
    let server = Server::start(quick()).await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    until(&mut stream, "none").await;
    let began = Instant::now();
    for byte in b"GET /x HTTP/1.1\r\nHost: a\r\n".iter().cycle() {
        sleep(Duration::from_millis(30)).await;
        if stream.write_all(&[*byte]).await.is_err() || began.elapsed() > Duration::from_secs(3) {
            break;
        }
    }
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "kept for {:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn an_idle_connection_may_rest_longer_than_a_head_but_not_for_ever() {
    let server = Server::start(quick()).await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    until(&mut stream, "none").await;
    sleep(Duration::from_millis(450)).await;
    stream
        .write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    until(&mut stream, "late").await;
    let began = Instant::now();
    assert_eq!(rest(&mut stream).await, "");
    let kept = began.elapsed();
    assert!(
        kept > Duration::from_millis(500) && kept < Duration::from_secs(3),
        "kept for {kept:?}"
    );
}

#[tokio::test]
async fn a_body_that_pauses_or_drips_is_408() {
    let server = Server::start(quick()).await;
    let head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc";
    let answer = server.exchange(head).await;
    assert!(
        answer.starts_with("HTTP/1.1 408 ") && answer.contains("connection: close"),
        "{answer}"
    );

    let mut stream = server.connect().await;
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut read, mut write) = stream.into_split();
    let drip = tokio::spawn(async move {
        while write.write_all(b"d").await.is_ok() {
            sleep(Duration::from_millis(100)).await;
        }
    });
    let mut answer = [0; 13];
    timeout(Duration::from_secs(4), read.read_exact(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408 ");
    drip.abort();
}

#[tokio::test]
async fn a_body_that_ends_early_ends_the_request() {
    let server = Server::start(ServeOptions::default()).await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
        .await
        .unwrap();
    stream.shutdown().await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(!answer.contains("200"), "{answer}");
}

#[tokio::test]
async fn a_peer_that_takes_nothing_is_let_go() {
    let server = Server::start(quick()).await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    sleep(Duration::from_secs(1)).await;
    let mut bytes = Vec::new();
    let read = timeout(Duration::from_secs(5), stream.read_to_end(&mut bytes))
        .await
        .unwrap();
    assert!(
        read.is_err() || bytes.len() < 64 * 1024 * 1024,
        "all of it came after all"
    );
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_their_turn() {
    let server = Server::start(ServeOptions {
        connections: 1,
        ..ServeOptions::default()
    })
    .await;
    let first = server.connect().await;
    sleep(Duration::from_millis(50)).await;
    let mut second = server.connect().await;
    second
        .write_all(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    assert!(
        timeout(Duration::from_millis(200), second.read_u8())
            .await
            .is_err()
    );
    drop(first);
    until(&mut second, "none").await;
}
