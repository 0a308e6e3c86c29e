//! How long a statement may take.
//!
//! Role: waits for a statement; asks the server to stop it when its time is over or nobody waits any more; gives
//! the connection up when even that brings no answer.
//! Invariant: whoever was asked to stop answers or is cut off within a second.
//! Not here: the server's own limit, which comes first where it is known (connect).

use crate::connect::Connector;
use crate::event;
use crate::guarded::Caller;
use crate::link::{Link, Trouble};
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

/// How much later than the server's own limit ours is.
const LATER: Duration = Duration::from_millis(500);

/// How long a statement may go on for nobody; most end by themselves within that.
const FAREWELL: Duration = Duration::from_millis(100);

/// How long a server that was asked to stop may take to answer.
pub(crate) const LAST: Duration = Duration::from_secs(1);

/// Runs statements within their time.
pub(crate) struct Limit<'a> {
    pub(crate) connector: &'a Connector,
    /// `None`: the statement goes on even if nobody waits for it.
    pub(crate) caller: Option<&'a Caller>,
}

impl Limit<'_> {
    /// When ours comes.
    pub(crate) fn span(&self) -> Duration {
        match self.connector.pooled() {
            true => self.connector.options.statement_timeout,
            false => self.connector.options.statement_timeout.saturating_add(LATER),
        }
    }

    /// Waits for a statement on a link.
    pub(crate) async fn run<T>(
        &self,
        link: &Link,
        statement: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Trouble> {
        let mut statement = pin!(statement);
        let over = async {
            let span = self.span();
            let time = tokio::time::sleep(span);
            let Some(caller) = self.caller else {
                time.await;
                return ("it takes too long", span);
            };
            tokio::select! {
                () = time => ("it takes too long", span),
                () = caller.leaves() => {
                    tokio::time::sleep(FAREWELL).await;
                    ("nobody waits for it", FAREWELL)
                }
            }
        };
        let (why, after) = tokio::select! {
            biased;
            done = &mut statement => return done,
            over = over => over,
        };
        // Only the first who runs out of time asks: what it stops may be what the others wait behind.
        let first = link.retire();
        let stop = tokio::time::timeout(LAST, async {
            if first {
                event::cancelled(why, after);
                // Whether it came through shows by the statement's answer.
                // In a box: a future that connects is large, and every request would carry it.
                drop(Box::pin(self.connector.cancel(&link.cancel_token())).await);
            }
            std::future::pending::<()>().await;
        });
        tokio::select! {
            biased;
            done = &mut statement => done,
            _ = stop => {
                event::silent(after + LAST);
                link.kill();
                Err(Trouble::Silent)
            }
        }
    }
}
