//! The word to stop.

use super::*;

#[tokio::test]
async fn requests_in_flight_are_answered_and_idle_connections_closed() {
    let server = Server::start(ServeOptions::default()).await;
    let mut idle = server.connect().await;
    idle.write_all(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    until(&mut idle, "none").await;
    let mut busy = server.connect().await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let mut sending = server.connect().await;
    sending
        .write_all(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nha")
        .await
        .unwrap();
    sleep(Duration::from_millis(100)).await;
    let address = server.address;
    let stopped = tokio::spawn(server.stopped());
    sleep(Duration::from_millis(50)).await;
    assert!(
        TcpStream::connect(address).await.is_err(),
        "a new connection was accepted"
    );
    assert_eq!(rest(&mut idle).await, "");
    sending.write_all(b"lf").await.unwrap();
    assert!(rest(&mut sending).await.ends_with("\r\n\r\nhalf"));
    let answer = rest(&mut busy).await;
    assert!(
        answer.ends_with("late") && answer.contains("connection: close"),
        "{answer}"
    );
    assert_eq!(stopped.await.unwrap(), Stopped { cut_off: 0 });
}

#[tokio::test]
async fn draining_ends_in_time() {
    let server = Server::start(ServeOptions {
        drain: Duration::from_millis(200),
        ..ServeOptions::default()
    })
    .await;
    let mut sending = server.connect().await;
    sending
        .write_all(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nha")
        .await
        .unwrap();
    sleep(Duration::from_millis(50)).await;
    assert_eq!(server.stopped().await, Stopped { cut_off: 1 });
}
