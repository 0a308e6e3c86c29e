//! HTTP/2 with prior knowledge, frame by frame.

use super::*;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: u8 = 4;
const HEADERS: u8 = 1;
const DATA: u8 = 0;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = (u32::try_from(payload.len()).unwrap()).to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// HPACK: `:method GET`, `:scheme http` from the static table; `:path` and `:authority` as literals.
fn get(path: &str) -> Vec<u8> {
    let mut block = vec![0x82, 0x86, 0x04, u8::try_from(path.len()).unwrap()];
    block.extend(path.as_bytes());
    block.extend([0x01, 0x01, b'a']);
    block
}

/// Reads the next frame: its kind, stream and payload.
async fn next(stream: &mut TcpStream) -> (u8, u32, Vec<u8>) {
    let mut head = [0; 9];
    timeout(Duration::from_secs(5), stream.read_exact(&mut head))
        .await
        .unwrap()
        .unwrap();
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let mut payload = vec![0; usize::try_from(length).unwrap()];
    stream.read_exact(&mut payload).await.unwrap();
    (
        head[3],
        u32::from_be_bytes([head[5], head[6], head[7], head[8]]),
        payload,
    )
}

async fn open(server: &Server) -> TcpStream {
    let mut stream = server.connect().await;
    stream.write_all(PREFACE).await.unwrap();
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).await.unwrap();
    stream
}

#[tokio::test]
async fn streams_are_answered_side_by_side() {
    let server = Server::start(ServeOptions::default()).await;
    let mut stream = open(&server).await;
    stream
        .write_all(&frame(HEADERS, 5, 1, &get("/slow")))
        .await
        .unwrap();
    stream
        .write_all(&frame(HEADERS, 5, 3, &get("/health")))
        .await
        .unwrap();
    let mut answers = Vec::new();
    while answers.len() < 2 {
        let (kind, id, payload) = next(&mut stream).await;
        if kind == DATA && !payload.is_empty() {
            answers.push((id, String::from_utf8(payload).unwrap()));
        }
    }
    assert_eq!(
        answers,
        [(3, r#"{"status":"ok"}"#.to_owned()), (1, "late".to_owned())]
    );
}

#[tokio::test]
async fn stopping_says_goaway_and_answers_what_began() {
    let server = Server::start(ServeOptions::default()).await;
    let mut stream = open(&server).await;
    stream
        .write_all(&frame(HEADERS, 5, 1, &get("/slow")))
        .await
        .unwrap();
    sleep(Duration::from_millis(100)).await;
    let stopped = tokio::spawn(server.stopped());
    let (mut goaway, mut late) = (false, false);
    while !(goaway && late) {
        let (kind, _, payload) = next(&mut stream).await;
        if kind == PING {
            stream.write_all(&frame(PING, ACK, 0, &payload)).await.unwrap();
        }
        goaway |= kind == GOAWAY;
        late |= kind == DATA && payload == b"late";
    }
    assert_eq!(stopped.await.unwrap(), Stopped { cut_off: 0 });
}

#[tokio::test]
async fn frames_that_are_none_end_the_connection_only() {
    let server = Server::start(ServeOptions::default()).await;
    let mut stream = open(&server).await;
    stream
        .write_all(&frame(DATA, 0, 1, b"on a stream that was never opened"))
        .await
        .unwrap();
    let mut bytes = Vec::new();
    timeout(Duration::from_secs(5), stream.read_to_end(&mut bytes))
        .await
        .unwrap()
        .ok();
    let mut fresh = open(&server).await;
    fresh.write_all(&frame(HEADERS, 5, 1, &get("/x"))).await.unwrap();
    while next(&mut fresh).await.0 != DATA {}
}
