//! A connection that sends one request and reads its answer.
//!
//! Invariant: exactly the bytes of one answer are read; what cannot be understood is an error, never a guess.
//! Not here: how often (`load`).

use anyhow::{Context, Result, bail};
use std::net::SocketAddr;
use std::ops::Range;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const ROOM: usize = 64 * 1024;

/// A connection that is kept alive.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    body: Range<usize>,
    /// The body of an answer that came in chunks.
    joined: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: vec![0; ROOM],
            body: 0..0,
            joined: Vec::new(),
        })
    }

    /// Sends a request and gives the status of the answer.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<u16> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        loop {
            let room = self.buffer.get_mut(filled..).unwrap_or_default();
            if room.is_empty() {
                bail!("an answer of more than {ROOM} bytes");
            }
            match self.stream.read(room).await? {
                0 => bail!("the server has closed the connection"),
                more => filled += more,
            }
            let so_far = self.buffer.get(..filled).unwrap_or_default();
            if let Some(answer) = Answer::parse(so_far)? {
                if filled > answer.body.end {
                    bail!("more bytes than one answer");
                }
                if filled == answer.body.end {
                    (self.body, self.joined) = (answer.body, answer.joined);
                    return Ok(answer.status);
                }
            }
        }
    }

    /// The body of the last answer.
    pub(crate) fn body(&self) -> &[u8] {
        match self.joined.as_slice() {
            [] => self.buffer.get(self.body.clone()).unwrap_or_default(),
            joined => joined,
        }
    }
}

struct Answer {
    status: u16,
    body: Range<usize>,
    /// What is in the chunks of the body, if it comes in chunks.
    joined: Vec<u8>,
}

impl Answer {
    /// Nothing while the head is not complete.
    fn parse(bytes: &[u8]) -> Result<Option<Self>> {
        const END: &[u8] = b"\r\n\r\n";
        let Some(end) = bytes.windows(END.len()).position(|four| four == END) else {
            return Ok(None);
        };
        let head = bytes.get(..end).unwrap_or_default();
        let mut lines = head.split(|byte| *byte == b'\n');
        let first = lines.next().unwrap_or_default();
        let status = number(first.get(9..12).unwrap_or_default()).context("no status")?;
        let header = |wanted: &[u8]| {
            lines.clone().find_map(|line| {
                let at = line.iter().position(|byte| *byte == b':')?;
                let (name, value) = line.split_at_checked(at)?;
                name.eq_ignore_ascii_case(wanted).then(|| value.get(1..))?
            })
        };
        let (status, start) = (u16::try_from(status)?, end + END.len());
        if header(b"transfer-encoding").is_some_and(|value| value.trim_ascii() == b"chunked") {
            let whole = chunks(bytes.get(start..).unwrap_or_default())?;
            return Ok(whole.map(|(joined, length)| Self {
                status,
                body: start..start + length,
                joined,
            }));
        }
        let length = header(b"content-length").and_then(number);
        let length = length.context("an answer without Content-Length")?;
        Ok(Some(Self {
            status,
            body: start..start + length,
            joined: Vec::new(),
        }))
    }
}

/// What is in the chunks of a body, and how many bytes they take; nothing while the last is not there.
fn chunks(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>> {
    let (mut joined, mut at) = (Vec::new(), 0);
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(line) = rest.windows(2).position(|two| two == b"\r\n") else {
            return Ok(None);
        };
        let size = std::str::from_utf8(rest.get(..line).unwrap_or_default())?;
        let size = usize::from_str_radix(size.trim(), 16).context("no size of a chunk")?;
        let (from, to) = (line + 2, line + 2 + size);
        if rest.len() < to + 2 {
            return Ok(None);
        }
        joined.extend_from_slice(rest.get(from..to).unwrap_or_default());
        at += to + 2;
        if size == 0 {
            return Ok(Some((joined, at)));
        }
    }
}

fn number(bytes: &[u8]) -> Option<usize> {
    std::str::from_utf8(bytes).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_taken_apart() {
        let bytes = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nx: y\r\n\r\n{}";
        let answer = Answer::parse(bytes).unwrap().unwrap();
        assert_eq!((answer.status, bytes.get(answer.body)), (201, Some(&b"{}"[..])));
        assert!(Answer::parse(b"HTTP/1.1 200 OK\r\n").unwrap().is_none());
        assert!(Answer::parse(b"HTTP/1.1 200 OK\r\nx: y\r\n\r\n").is_err());
        let chunked =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{\"\r\n3\r\na\":\r\n0\r\n\r\n";
        let answer = Answer::parse(chunked).unwrap().unwrap();
        assert_eq!(
            (answer.joined.as_slice(), answer.body.end),
            (&b"{\"a\":"[..], chunked.len())
        );
        let short = chunked.get(..chunked.len() - 1).unwrap();
        assert!(Answer::parse(short).unwrap().is_none());
    }
}
