//! HTTP/1.1 as peers speak and misspeak it.

use super::*;

fn head(method: &str, path: &str, more: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: a\r\n{more}\r\n")
}

#[tokio::test]
async fn a_request_is_answered_with_the_headers_that_all_answers_have() {
    let server = Server::start(ServeOptions::default()).await;
    let answer = server
        .exchange(head("GET", "/nothing?a=1&b", "Connection: close\r\n"))
        .await;
    assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\n"), "{answer}");
    for header in [
        "content-length: 5\r\n",
        "x-content-type-options: nosniff\r\n",
        "date: ",
        "x-request-id: r1\r\n",
    ] {
        assert!(answer.contains(header), "{header} in {answer}");
    }
    assert!(answer.ends_with("\r\n\r\na=1&b"), "{answer}");
}

#[tokio::test]
async fn the_address_of_the_peer_is_handed_on() {
    let server = Server::start(ServeOptions::default()).await;
    let forged = "X-Forwarded-For: 192.0.2.9\r\nConnection: close\r\n";
    let answer = server.exchange(head("GET", "/peer", forged)).await;
    assert!(answer.ends_with("\r\n\r\n127.0.0.1"), "{answer}");
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = Server::start(ServeOptions::default()).await;
    let three = [
        head("GET", "/slow", ""),
        head("POST", "/echo", "Content-Length: 3\r\n") + "abc",
        head("GET", "/x", "Connection: close\r\n"),
    ];
    let answer = server.exchange(three.concat()).await;
    let places: Vec<_> = ["late", "abc", "none"]
        .iter()
        .map(|text| answer.find(text))
        .collect();
    assert!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{answer}"
    );
}

#[tokio::test]
async fn what_is_no_request_is_400_and_the_server_lives_on() {
    let server = Server::start(ServeOptions::default()).await;
    let smuggled = head(
        "POST",
        "/echo",
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
    );
    let bad = [
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{fc}\u{3}\u{3}".to_owned() + &"\u{1}".repeat(500),
        "GET\r\n\r\n".to_owned(),
        "GET /a b HTTP/1.1\r\n\r\n".to_owned(),
        "GET /a HTTP/9.9\r\nHost: a\r\n\r\n".to_owned(),
        head("POST", "/echo", "Content-Length: 3\r\nContent-Length: 4\r\n") + "abcd",
        head("POST", "/echo", "Content-Length: -1\r\n"),
        head("GET", "/x", "Bad Name: 1\r\n"),
        head("POST", "/echo", "Transfer-Encoding: gzip\r\n"),
        "GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n".to_owned(),
        "GET /x HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(),
    ];
    for request in bad {
        let answer = server.exchange(&request).await;
        assert!(
            answer.starts_with("HTTP/1.1 400 "),
            "{request:?} gives {answer:?}"
        );
    }
    let answer = server
        .exchange(smuggled + "0\r\n\r\n" + &head("GET", "/hidden", ""))
        .await;
    assert!(
        !answer.contains("404"),
        "a smuggled request was answered: {answer}"
    );
    assert!(
        server
            .exchange(head("GET", "/x", "Connection: close\r\n"))
            .await
            .contains("404")
    );
}

#[tokio::test]
async fn head_has_the_length_but_no_body() {
    let server = Server::start(ServeOptions::default()).await;
    let answer = server
        .exchange(head("HEAD", "/health", "Connection: close\r\n"))
        .await;
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\n"),
        "{answer}"
    );
    assert!(answer.contains("content-length: 15\r\n"), "{answer}");
}

#[tokio::test]
async fn health_follows_the_store() {
    let server = Server::start(ServeOptions::default()).await;
    let request = head("GET", "/health", "Connection: close\r\n");
    let well = server.exchange(&request).await;
    assert!(
        well.contains(" 200 OK") && well.ends_with(r#"{"status":"ok"}"#),
        "{well}"
    );
    assert!(well.contains("cache-control: no-store"), "{well}");
    server.stub.is_ill.store(true, Relaxed);
    let ill = server.exchange(&request).await;
    assert!(ill.contains(" 503 ") && ill.contains("retry-after: 1"), "{ill}");
    let post = server
        .exchange(head("POST", "/health", "Connection: close\r\n"))
        .await;
    assert!(
        post.contains(" 405 ") && post.contains("allow: GET, HEAD"),
        "{post}"
    );
}

#[tokio::test]
async fn a_panic_is_500_with_an_id_and_the_connection_stays() {
    let server = Server::start(ServeOptions::default()).await;
    let answer = server
        .exchange(head("GET", "/panic", "") + &head("GET", "/x", "Connection: close\r\n"))
        .await;
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    assert!(
        answer.contains(r#""code":"internal""#) && answer.contains("x-request-id: "),
        "{answer}"
    );
    assert!(!answer.contains("on purpose"), "{answer}");
    assert!(answer.contains("HTTP/1.1 404 "), "{answer}");
}

#[tokio::test]
async fn a_refused_body_does_not_cost_the_connection() {
    let server = Server::start(ServeOptions::default()).await;
    let mut stream = server.connect().await;
    stream
        .write_all(head("POST", "/refuse", "Content-Length: 5\r\n").as_bytes())
        .await
        .unwrap();
    sleep(Duration::from_millis(100)).await;
    stream.write_all(b"hello").await.unwrap();
    until(&mut stream, "no").await;
    stream.write_all(head("GET", "/x", "").as_bytes()).await.unwrap();
    until(&mut stream, "none").await;
}
