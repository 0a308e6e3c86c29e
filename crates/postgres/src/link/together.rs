//! Several calls in one transaction, sent in one go.
//!
//! Role: puts BEGIN, the calls and COMMIT on the wire one behind the other, then waits for all answers.
//! Invariant: nothing is between them, and COMMIT is sent whatever they answer: behind an error it rolls back.
//! Not here: what the answers mean together (batch).

use super::{Link, Trouble};
use backflow_engine::store::{Call, RowSet};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};
use tokio_postgres::Error;

/// The answers to what went out together.
#[derive(Debug)]
pub(crate) struct Together {
    pub(crate) begun: Result<(), Error>,
    /// One for each call.
    pub(crate) answers: Vec<Result<RowSet, Trouble>>,
    pub(crate) ended: Result<(), Error>,
}

impl Link {
    /// Makes calls ready to be sent.
    pub(crate) async fn prepare(&self, calls: &[Call]) -> Result<(), Trouble> {
        if let Some(statements) = &self.statements {
            for call in calls {
                statements.prepared(&self.client, &call.statement).await?;
            }
        }
        Ok(())
    }

    /// Runs calls that are ready in a transaction that begins so, all in one flight; `most`: what the rows of each may take
    /// in memory, in bytes.
    pub(crate) async fn together(&self, opening: &str, calls: &[Call], most: usize) -> Together {
        let mut begun = Sent::new(self.command(opening));
        let mut answers: Vec<_> = calls
            .iter()
            .map(|call| Sent::new(self.execute_upto(call, most)))
            .collect();
        let mut ended = Sent::new(self.commit());
        let flight = InFlight::new(&self.in_flight, calls.len());
        // In this order on the wire: the driver sends what is polled first.
        poll_fn(|cx| {
            begun.poll(cx);
            answers.iter_mut().for_each(|answer| answer.poll(cx));
            ended.poll(cx);
            Poll::Ready(())
        })
        .await;
        // They come in this order, too.
        let mut together = Together {
            begun: begun.output().await,
            answers: Vec::with_capacity(calls.len()),
            ended: Ok(()),
        };
        for answer in answers {
            together.answers.push(answer.output().await);
        }
        together.ended = ended.output().await;
        drop(flight);
        together
    }
}

/// Something that goes out when it is first polled, and whose answer may be asked for later.
struct Sent<F: Future> {
    future: Pin<Box<F>>,
    output: Option<F::Output>,
}

impl<F: Future> Sent<F> {
    fn new(future: F) -> Self {
        Sent {
            future: Box::pin(future),
            output: None,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) {
        if self.output.is_none()
            && let Poll::Ready(output) = self.future.as_mut().poll(cx)
        {
            self.output = Some(output);
        }
    }

    async fn output(self) -> F::Output {
        match self.output {
            Some(output) => output,
            None => self.future.await,
        }
    }
}

/// So many wait for their answers: the task that moves the bytes wants to know.
struct InFlight<'a>(&'a AtomicUsize, usize);

impl<'a> InFlight<'a> {
    fn new(count: &'a AtomicUsize, calls: usize) -> Self {
        count.fetch_add(calls, Relaxed);
        InFlight(count, calls)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Relaxed);
    }
}
