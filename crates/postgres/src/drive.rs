//! One try to run a transaction.
//!
//! Role: drives a job on a connection from its first statement to its end.
//! Invariant: a connection goes back at rest, or not at all; what is answered is certain, or said to be unknown.
//! Not here: which connection, trying again (run).

use crate::aside::Aside;
use crate::connect::Connector;
use crate::errors::{self, Failure, Loss};
use crate::exclusive::Lease;
use crate::guarded::Caller;
use crate::job::{self, Job};
use crate::keys::Keys;
use crate::limit::{LAST, Limit};
use crate::link::{Link, Trouble};
use crate::pace::Paces;
use crate::shared::Flight;
use backflow_engine::store::{Call, Mark, RowSet, StatementError, StoreError, Turn};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How a try ended.
#[derive(Debug)]
pub(crate) enum End {
    /// The job was heard to its end, which is certain.
    Done,
    /// Nothing was written, and more is asked for: it is to run by itself.
    Apart,
    /// Nothing was committed; somebody else kept a lock for too long.
    Locked,
    /// Nothing was committed, and nothing is wrong: it may run again.
    Again(&'static str),
    /// Nothing was committed; a prepared statement is not what it was, or is `unknown` to the server.
    Stale { unknown: bool },
    /// Nothing was committed; the connection is gone.
    Lost(String),
    /// It has no outcome, or an unknown one.
    Failed(StoreError),
}

/// What a try needs beside its connection.
pub(crate) struct Tools {
    pub(crate) connector: Arc<Connector>,
    pub(crate) aside: Aside,
    pub(crate) keys: Keys,
    pub(crate) paces: Paces,
}

/// What a job is told of a statement.
pub(crate) type Answer = Result<RowSet, StatementError>;

impl Tools {
    /// What a job is told of a failure; `Err`: it is told nothing, the try ends so.
    async fn told(&self, failure: Failure) -> Result<StatementError, End> {
        match failure {
            Failure::Statement(error) => Ok(error),
            // In a box: a future that may have to connect is large, and every request would carry it.
            Failure::Key(key) => {
                let columns = Box::pin(self.keys.columns(&key, &self.aside));
                Ok(StatementError::Unique(columns.await))
            }
            Failure::Store(error) => Err(End::Failed(error)),
            Failure::Locked => Err(End::Locked),
            Failure::Again(why) => Err(End::Again(why)),
            Failure::Stale { unknown } => Err(End::Stale { unknown }),
            Failure::Lost(_, why) => Err(End::Lost(why)),
            Failure::Silent => Err(End::Failed(StoreError::TimedOut)),
        }
    }

    /// What has to be done on the connection's side when a statement failed.
    pub(crate) fn note(&self, link: &Link, failure: &Failure) {
        match failure {
            // Behind a pooler that showed itself late no prepared statement is of use.
            Failure::Stale { .. } if self.connector.pooled() => drop(link.retire()),
            Failure::Stale { .. } => link.forget(),
            Failure::Lost(..) => drop(link.retire()),
            _ => {}
        }
    }
}

/// A read of one statement on a shared connection.
pub(crate) async fn read<J: Job>(tools: Arc<Tools>, flight: Flight, mut job: J, call: Call) -> (J, End) {
    let pace = tools.paces.of(&call.statement);
    let limit = Limit {
        connector: &tools.connector,
        caller: None,
    };
    let begun = Instant::now();
    let result = limit.run(&flight, flight.execute(&call)).await;
    let took = begun.elapsed();
    if flight.ahead == 0 {
        pace.took_first(took);
    }
    pace.took(flight.answered(took));
    flight.took(took);
    let answer = match result.map_err(|trouble| errors::failure(&trouble)) {
        Ok(rows) => Ok(rows),
        // The request to stop was meant for the one before: this one has hardly begun.
        Err(Failure::Statement(StatementError::TimedOut))
            if !flight.usable() && begun.elapsed() < limit.span() / 2 =>
        {
            return (job, End::Again("it was stopped in another's place"));
        }
        Err(failure) => {
            tools.note(&flight, &failure);
            drop(flight);
            match tools.told(failure).await {
                Ok(error) => Err(error),
                Err(end) => return (job, end),
            }
        }
    };
    let end = last_turn(&mut job, answer);
    (job, end)
}

/// One statement, committed by itself.
pub(crate) async fn alone<J: Job>(tools: Arc<Tools>, mut lease: Lease, mut job: J, call: Call) -> (J, End) {
    lease.soil();
    let limit = Limit {
        connector: &tools.connector,
        caller: None,
    };
    let reads = job.reads_only();
    // Behind a pooler only a transaction can say how long it waits for locks.
    let enclosed = !reads && tools.connector.pooled();
    let opening = enclosed.then(|| opening(&tools.connector, reads));
    let begun = Instant::now();
    let result = match opening {
        Some(opening) => limit.run(&lease, lease.enclosed(&opening, &call)).await,
        None => limit.run(&lease, lease.execute(&call)).await,
    };
    if reads {
        tools.paces.of(&call.statement).took_alone(begun.elapsed());
    }
    let answer = match result.map_err(|trouble| errors::failure(&trouble)) {
        Ok(rows) => {
            lease.rest();
            Ok(rows)
        }
        Err(Failure::Lost(Loss::Unknown, why)) if !reads => {
            return (job, End::Failed(StoreError::OutcomeUnknown(why)));
        }
        Err(Failure::Silent) if !reads => {
            let why = "no answer to a statement that writes".to_owned();
            return (job, End::Failed(StoreError::OutcomeUnknown(why)));
        }
        Err(failure) => {
            tools.note(&lease, &failure);
            if !matches!(failure, Failure::Lost(..) | Failure::Silent) {
                lease.rest();
            }
            drop(lease);
            match tools.told(failure).await {
                Ok(error) => Err(error),
                Err(end) => return (job, end),
            }
        }
    };
    let end = last_turn(&mut job, answer);
    (job, end)
}

/// Tells a job of its first statement, which was committed together with others'.
pub(crate) fn shared_turn<J: Job>(job: &mut J, answer: Answer) -> End {
    match job::turn(job, Some(answer)) {
        Ok(Turn::Commit | Turn::RollBack) => End::Done,
        Ok(Turn::Run(_) | Turn::Mark(_)) => End::Apart,
        Err(error) => End::Failed(error),
    }
}

/// Tells a job of its only statement.
fn last_turn<J: Job>(job: &mut J, answer: Answer) -> End {
    match job::turn(job, Some(answer)) {
        Ok(Turn::Commit | Turn::RollBack) => End::Done,
        Ok(Turn::Run(_) | Turn::Mark(_)) => End::Failed(StoreError::Failed(
            "a statement that was said to stand alone is followed by another".to_owned(),
        )),
        Err(error) => End::Failed(error),
    }
}

/// A transaction of any number of statements.
pub(crate) async fn whole<J: Job>(
    tools: Arc<Tools>,
    caller: Arc<Caller>,
    mut lease: Lease,
    mut job: J,
    first: Call,
) -> (J, End) {
    lease.soil();
    let reads = job.reads_only();
    let limit = Limit {
        connector: &tools.connector,
        caller: Some(&caller),
    };
    let begun = begin(&limit, &lease, reads, &first).await;
    let mut open = Open {
        tools: &tools,
        lease,
        failed: false,
    };
    let mut result = match begun {
        Ok(result) => result,
        Err(end) => return (job, end),
    };
    loop {
        let answer = match open.answer(result).await {
            Ok(answer) => answer,
            Err(end) => return (job, end),
        };
        if caller.has_left() {
            finish(open.lease, "ROLLBACK");
            return (job, End::Done);
        }
        match job::turn(&mut job, Some(answer)) {
            Ok(Turn::Run(call)) => result = limit.run(&open.lease, open.lease.execute(&call)).await,
            Ok(Turn::Mark(mark)) => match open.mark(&limit, mark).await {
                Ok(answer) => result = answer,
                Err(end) => return (job, end),
            },
            Ok(Turn::RollBack) => {
                finish(open.lease, "ROLLBACK");
                return (job, End::Done);
            }
            // After an error the server would answer COMMIT by rolling back, without a word.
            Ok(Turn::Commit) if open.failed => {
                finish(open.lease, "ROLLBACK");
                let why = "a transaction in which a statement failed cannot be committed".to_owned();
                return (job, End::Failed(StoreError::Failed(why)));
            }
            Ok(Turn::Commit) if reads => {
                finish(open.lease, "COMMIT");
                return (job, End::Done);
            }
            Ok(Turn::Commit) => return (job, commit(open.lease, limit.span()).await),
            Err(error) => {
                finish(open.lease, "ROLLBACK");
                return (job, End::Failed(error));
            }
        }
    }
}

/// A transaction that has begun.
struct Open<'a> {
    tools: &'a Tools,
    lease: Lease,
    /// A statement failed: all that can follow is to roll back.
    failed: bool,
}

impl Open<'_> {
    /// Does something with the mark; undoing to it mends what failed since.
    async fn mark(&mut self, limit: &Limit<'_>, mark: Mark) -> Result<Result<RowSet, Trouble>, End> {
        let text = match mark {
            Mark::Set => "SAVEPOINT step",
            Mark::Keep => "RELEASE SAVEPOINT step",
            Mark::Undo => "ROLLBACK TO SAVEPOINT step; RELEASE SAVEPOINT step",
        };
        let done = limit
            .run(&self.lease, async { Ok(self.lease.command(text).await) })
            .await;
        match done {
            Ok(Ok(())) => {
                self.failed &= mark != Mark::Undo;
                Ok(Ok(RowSet::default()))
            }
            Ok(Err(error)) => match errors::driver(&error) {
                Failure::Lost(_, why) => Err(End::Lost(why)),
                _ => Err(End::Failed(StoreError::Failed(format!(
                    "{text} failed: {}",
                    crate::connect::chain(&error)
                )))),
            },
            Err(trouble) => Ok(Err(trouble)),
        }
    }

    /// What the job is told of a statement; `Err`: the try ends here.
    async fn answer(&mut self, result: Result<RowSet, Trouble>) -> Result<Answer, End> {
        let failure = match result {
            Ok(rows) => return Ok(Ok(rows)),
            Err(trouble) => errors::failure(&trouble),
        };
        self.failed = true;
        self.tools.note(&self.lease, &failure);
        let end = match self.tools.told(failure).await {
            Ok(error) => return Ok(Err(error)),
            Err(end) => end,
        };
        if !matches!(end, End::Lost(_)) && self.lease.usable() {
            // Before it runs again, so that it does not wait for its own locks.
            roll_back(&mut self.lease, "ROLLBACK").await;
        }
        Err(end)
    }
}

/// BEGIN and the first statement in one flight.
async fn begin(
    limit: &Limit<'_>,
    lease: &Lease,
    reads: bool,
    first: &Call,
) -> Result<Result<RowSet, Trouble>, End> {
    let text = opening(limit.connector, reads);
    let both = async {
        // In this order on the wire: the driver sends what is polled first.
        let both = tokio::join!(biased; lease.command(&text), lease.execute(first));
        Ok(both)
    };
    let (begun, result) = match limit.run(lease, both).await {
        Ok(both) => both,
        Err(Trouble::Silent) => return Err(End::Failed(StoreError::TimedOut)),
        Err(trouble) => return Ok(Err(trouble)),
    };
    let Err(error) = begun else {
        return Ok(result);
    };
    match (errors::driver(&error), result) {
        // The statement ran outside of the transaction that was not begun, and is committed.
        (failure, Ok(_)) if !reads && !matches!(failure, Failure::Lost(..)) => {
            let why = format!("BEGIN failed, and the statement behind it did not: {failure:?}");
            Err(End::Failed(StoreError::OutcomeUnknown(why)))
        }
        (Failure::Lost(_, why), _) => Err(End::Lost(why)),
        (Failure::Statement(StatementError::TimedOut), _) => Err(End::Failed(StoreError::TimedOut)),
        (Failure::Store(error), _) => Err(End::Failed(error)),
        (_, _) => Err(End::Failed(StoreError::Failed(format!(
            "BEGIN failed: {}",
            crate::connect::chain(&error)
        )))),
    }
}

/// How a transaction begins. Behind a pooler the limits of time go with the transaction, as no setting outlives
/// it there.
pub(crate) fn opening(connector: &Connector, reads: bool) -> String {
    let begin = match reads {
        true => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        false => "BEGIN ISOLATION LEVEL READ COMMITTED",
    };
    if !connector.pooled() {
        return begin.to_owned();
    }
    let limits = connector.options.limits("SET LOCAL", "; ");
    format!("{begin}; {limits}")
}

/// Commits, and waits for it.
async fn commit(mut lease: Lease, span: Duration) -> End {
    // A COMMIT is never stopped: that would leave open what became of it. Time is up when nothing is heard.
    let error = match tokio::time::timeout(span.saturating_add(LAST), lease.commit()).await {
        Ok(Ok(())) => {
            lease.rest();
            return End::Done;
        }
        Ok(Err(error)) => error,
        Err(_elapsed) => {
            let why = "no answer to COMMIT".to_owned();
            return End::Failed(StoreError::OutcomeUnknown(why));
        }
    };
    if !matches!(errors::driver(&error), Failure::Lost(..)) {
        // A COMMIT that was refused has rolled back.
        lease.rest();
    }
    errors::commit(&error).map_or(End::Again("serialization failure"), End::Failed)
}

/// Ends a transaction whose outcome does not depend on it; nobody waits. The connection is lent again after it.
fn finish(mut lease: Lease, text: &'static str) {
    if lease.usable() {
        tokio::spawn(async move { roll_back(&mut lease, text).await });
    }
}

async fn roll_back(lease: &mut Lease, text: &'static str) {
    if let Ok(Ok(())) = tokio::time::timeout(LAST, lease.command(text)).await {
        lease.rest();
    }
}
