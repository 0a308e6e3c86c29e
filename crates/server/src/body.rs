//! Bodies of requests.
//!
//! Role: [`Body`] reads one for the engine within its limits; [`leave`] deals with one that nobody read.
//! Invariant: no more than the limit is kept, and no peer is waited for longer than the options say.
//! Not here: what a body holds.

use crate::options::ServeOptions;
use backflow_engine::{BodyError, BodySource};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// Of a body that is not wanted, so much is read and thrown away, so that the peer gets to see the answer
/// instead of a reset.
const LEFTOVER: u64 = 4 * 1024 * 1024;
/// And for so long.
const LEFTOVER_TIME: Duration = Duration::from_secs(1);

/// A body that can be read once.
#[derive(Debug)]
pub(crate) struct Body<'a> {
    pub(crate) incoming: &'a mut Incoming,
    pub(crate) options: &'a ServeOptions,
}

impl BodySource for Body<'_> {
    async fn read(self, limit: usize) -> Result<Bytes, BodyError> {
        let limit_bytes = u64::try_from(limit).unwrap_or(u64::MAX);
        if self.incoming.size_hint().lower() > limit_bytes {
            return Err(BodyError::TooLarge);
        }
        let until = Instant::now() + self.options.body_timeout;
        let mut kept = Kept::default();
        loop {
            let pause = Instant::now() + self.options.body_pause;
            let chunk = timeout_at(until.min(pause), next(self.incoming));
            match chunk.await.map_err(|_elapsed| BodyError::TimedOut)?? {
                None => return Ok(kept.finish()),
                Some(chunk) if kept.len() + chunk.len() > limit => return Err(BodyError::TooLarge),
                Some(chunk) => kept.push(chunk, self.incoming.size_hint().lower()),
            }
        }
    }
}

/// The next bytes; `None` at the end.
async fn next(incoming: &mut Incoming) -> Result<Option<Bytes>, BodyError> {
    loop {
        match incoming.frame().await {
            None => return Ok(None),
            Some(Err(_broken)) => return Err(BodyError::Broken),
            Some(Ok(frame)) => {
                if let Ok(bytes) = frame.into_data() {
                    return Ok(Some(bytes));
                }
            }
        }
    }
}

/// What came so far. One chunk is kept as it is; only a second one makes a copy.
#[derive(Default)]
struct Kept {
    first: Bytes,
    all: BytesMut,
}

impl Kept {
    fn len(&self) -> usize {
        self.first.len() + self.all.len()
    }

    fn push(&mut self, chunk: Bytes, to_come: u64) {
        if self.len() == 0 {
            self.first = chunk;
            return;
        }
        if !self.first.is_empty() {
            let first = std::mem::take(&mut self.first);
            let to_come = usize::try_from(to_come).unwrap_or(0);
            self.all.reserve(first.len() + chunk.len() + to_come);
            self.all.extend_from_slice(&first);
        }
        self.all.extend_from_slice(&chunk);
    }

    fn finish(self) -> Bytes {
        if self.all.is_empty() {
            self.first
        } else {
            self.all.freeze()
        }
    }
}

/// Reads away what is left of a body, unless the peer waits for our word to send it. Without this an answer
/// that needs no body (401, 413) would be lost in the reset of the connection.
pub(crate) async fn leave(incoming: &mut Incoming, is_expected: bool) {
    if incoming.is_end_stream() || is_expected {
        return;
    }
    let mut left = LEFTOVER;
    let drain = async {
        while let Ok(Some(chunk)) = next(incoming).await {
            let Some(less) = left.checked_sub(chunk.len() as u64) else {
                return;
            };
            left = less;
        }
    };
    drop(timeout(LEFTOVER_TIME, drain).await);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_chunk_is_not_copied_and_several_are_joined() {
        let mut kept = Kept::default();
        let chunk = Bytes::from_static(b"ab");
        kept.push(chunk.clone(), 3);
        assert_eq!(kept.len(), 2);
        let mut one = Kept::default();
        one.push(chunk.clone(), 0);
        assert_eq!(one.finish().as_ptr(), chunk.as_ptr());
        kept.push(Bytes::from_static(b"cd"), 1);
        kept.push(Bytes::from_static(b"e"), 0);
        assert_eq!(kept.finish(), "abcde");
    }
}
