//! One connection.
//!
//! Role: runs calls and commands, counts what is in flight, knows when it is not to be used any more.
//! Invariant: a link that was asked to cancel is retired: the cancel may arrive late, and hit whatever runs then.
//! Not here: who uses it (lanes), what errors mean (errors).

mod together;

pub(crate) use together::Together;

use crate::connect::{Connected, Connector};
use crate::statements::Statements;
use crate::values::{self, Bound};
use backflow_engine::store::{Call, RowSet};
use futures_core::Stream;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio_postgres::types::Type;
use tokio_postgres::{CancelToken, Client, Error, RowStream, SimpleQueryMessage};

/// A connection.
pub(crate) struct Link {
    client: Client,
    task: JoinHandle<()>,
    /// None where a prepared statement would not survive.
    statements: Option<Statements>,
    retired: AtomicBool,
    /// How many statements wait for their answer.
    in_flight: Arc<AtomicUsize>,
    /// When something last went right here, in microseconds after the first look at a clock.
    moved: AtomicU64,
}

/// What goes wrong on a link.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The driver's or the server's word.
    Driver(Error),
    /// The answer is not what a statement can give; the text is for the log.
    Answer(String),
    /// There was no answer, not even to the request to stop.
    Silent,
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Trouble::Driver(error)
    }
}

impl Link {
    /// A new connection.
    pub(crate) fn new(connected: Connected, connector: &Connector) -> Self {
        Link {
            client: connected.client,
            task: connected.task,
            statements: (!connector.pooled()).then(Statements::default),
            retired: AtomicBool::new(false),
            in_flight: connected.in_flight,
            moved: AtomicU64::new(micros()),
        }
    }

    /// Runs a call to its end.
    pub(crate) async fn execute(&self, call: &Call) -> Result<RowSet, Trouble> {
        self.execute_upto(call, values::MOST_BYTES).await
    }

    /// The same, with rows that take at most so many bytes in memory.
    async fn execute_upto(&self, call: &Call, most: usize) -> Result<RowSet, Trouble> {
        let stream = match &self.statements {
            Some(statements) => {
                let handle = statements.prepared(&self.client, &call.statement).await?;
                let expected = handle.params().len();
                let values = call
                    .values
                    .get(..expected)
                    .ok_or_else(|| missing(expected, call))?;
                let bound: Vec<Bound<'_>> = values.iter().map(Bound).collect();
                self.client.query_raw(&handle, bound).await?
            }
            // One message and one answer: nothing of it has to survive.
            None => {
                let expected = parameters(&call.statement.text);
                let values = call
                    .values
                    .get(..expected)
                    .ok_or_else(|| missing(expected, call))?;
                let typed: Vec<_> = values.iter().map(|value| (Bound(value), Type::UNKNOWN)).collect();
                self.client.query_typed_raw(&call.statement.text, typed).await?
            }
        };
        read(stream, call, most).await
    }

    /// Runs a call in a transaction of its own that begins so, all in one flight: it is committed whatever it
    /// answers, as if it had stood alone.
    pub(crate) async fn enclosed(&self, opening: &str, call: &Call) -> Result<RowSet, Trouble> {
        // In this order on the wire: the driver sends what is polled first.
        let (begun, rows, ended) =
            tokio::join!(biased; self.command(opening), self.execute(call), self.commit());
        match (begun, rows) {
            // What came first tells why.
            (Err(error), Err(_)) => Err(error.into()),
            (_, Err(trouble)) => Err(trouble),
            // If it was not begun, the statement did stand alone.
            (_, Ok(rows)) => ended.map(|()| rows).map_err(Trouble::from),
        }
    }

    /// Runs a statement without values or rows.
    pub(crate) async fn command(&self, text: &str) -> Result<(), Error> {
        self.client.batch_execute(text).await
    }

    /// Runs COMMIT; whether it was done, as far as is known.
    ///
    /// The server says that a COMMIT is complete only after the commit. What comes after that word changes
    /// nothing: it may still be told to stop, and say so, while it writes its log.
    pub(crate) async fn commit(&self) -> Result<(), Error> {
        let stream = self.client.simple_query_raw("COMMIT").await?;
        let mut stream = pin!(stream);
        let mut complete = false;
        while let Some(message) = poll_fn(|cx| stream.as_mut().poll_next(cx)).await {
            match message {
                Ok(SimpleQueryMessage::CommandComplete(_)) => complete = true,
                Ok(_) => {}
                Err(_) if complete => {
                    self.retire();
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// A round trip that does nothing.
    pub(crate) async fn check(&self) -> Result<(), Error> {
        self.client.check_connection().await
    }

    /// The driver's half, for questions of our own.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// With what its statements can be cancelled.
    pub(crate) fn cancel_token(&self) -> CancelToken {
        self.client.cancel_token()
    }

    /// Whether a new statement may go out here.
    pub(crate) fn usable(&self) -> bool {
        !self.retired.load(Relaxed) && !self.client.is_closed()
    }

    /// Takes no new statement; whether it took some until now.
    pub(crate) fn retire(&self) -> bool {
        !self.retired.swap(true, Relaxed)
    }

    /// Ends the connection at once, whoever waits.
    pub(crate) fn kill(&self) {
        self.retire();
        self.task.abort();
    }

    /// Forgets what was prepared.
    pub(crate) fn forget(&self) {
        if let Some(statements) = &self.statements {
            statements.forget();
        }
    }

    /// Says goodbye and waits for the end.
    pub(crate) async fn close(self) {
        drop(self.client);
        drop(tokio::time::timeout(Duration::from_secs(1), self.task).await);
    }

    /// How many statements wait for their answer.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Relaxed)
    }

    /// A statement goes out.
    pub(crate) fn departs(&self) {
        if self.in_flight.fetch_add(1, Relaxed) == 0 {
            self.moved.store(micros(), Relaxed);
        }
    }

    /// It is not awaited any more.
    pub(crate) fn arrived(&self) {
        self.in_flight.fetch_sub(1, Relaxed);
    }

    /// The answer is there of a statement that went out so long ago; how long the server worked on it, which had
    /// others to answer before.
    pub(crate) fn answered(&self, ago: Duration) -> Duration {
        let now = micros();
        let before = self.moved.swap(now, Relaxed);
        ago.min(Duration::from_micros(now.saturating_sub(before)))
    }

    /// How long nothing has arrived although something is awaited.
    pub(crate) fn stalled(&self) -> Duration {
        if self.in_flight() == 0 {
            return Duration::ZERO;
        }
        Duration::from_micros(micros().saturating_sub(self.moved.load(Relaxed)))
    }

    /// How long ago something last went right.
    pub(crate) fn quiet(&self) -> Duration {
        Duration::from_micros(micros().saturating_sub(self.moved.load(Relaxed)))
    }

    /// Something went right.
    pub(crate) fn touch(&self) {
        self.moved.store(micros(), Relaxed);
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link")
            .field("usable", &self.usable())
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}

fn missing(expected: usize, call: &Call) -> Trouble {
    Trouble::Answer(format!(
        "a statement has {expected} parameters, and {} values came",
        call.values.len()
    ))
}

async fn read(stream: RowStream, call: &Call, most: usize) -> Result<RowSet, Trouble> {
    let mut stream: Pin<&mut RowStream> = pin!(stream);
    let mut set = RowSet::default();
    let mut bytes = 0;
    while let Some(row) = poll_fn(|cx| stream.as_mut().poll_next(cx)).await {
        let why = match values::row(&row?, &call.statement) {
            Ok(row) => {
                bytes += values::size(&row);
                set.rows.push(row);
                if bytes <= most {
                    continue;
                }
                format!("the rows take more than {most} bytes: give the query a `limit`")
            }
            Err(why) => why,
        };
        if call.shares.is_some() {
            heard_out(stream).await?;
        }
        return Err(Trouble::Answer(why));
    }
    Ok(set)
}

/// Waits for the end of a statement: an error of the server's may come late, and says that nothing was kept.
async fn heard_out(mut stream: Pin<&mut RowStream>) -> Result<(), Error> {
    while let Some(row) = poll_fn(|cx| stream.as_mut().poll_next(cx)).await {
        row?;
    }
    Ok(())
}

/// The highest `$n` of a text. In our statements a `$` before a digit is nothing else.
fn parameters(text: &str) -> usize {
    let number = |rest: &str| {
        rest.bytes()
            .take_while(u8::is_ascii_digit)
            .fold(0_usize, |sum, digit| {
                sum.saturating_mul(10).saturating_add(usize::from(digit - b'0'))
            })
    };
    text.split('$').skip(1).map(number).max().unwrap_or(0)
}

/// Microseconds after the first call.
fn micros() -> u64 {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    let first = FIRST.get_or_init(Instant::now);
    u64::try_from(first.elapsed().as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_counted_in_the_text() {
        assert_eq!(parameters("SELECT 1"), 0);
        assert_eq!(parameters("SELECT $1, $12::int, $2 || '$'"), 12);
        assert_eq!(parameters("$99999999999999999999999"), usize::MAX);
    }
}
