//! Several callers' statements in one commit.
//!
//! Role: sends them in one go, each as its caller made it, in a transaction around all; says what became of it.
//! Invariant: nobody's rows are handed out before the commit that they rest on is certain; a batch of which one
//! statement failed has kept nothing of any.
//! Not here: who waits for whom (batches), one statement for all of them (at_once).
//!
//! Each statement sees the rows that those before it have written: its answer is the one that it would have had
//! behind their commits. Where that was proved to be the same, one statement does it for all.

use crate::at_once::{self, Heard};
use crate::connect::chain;
use crate::drive::{Tools, opening};
use crate::errors::{self, Failure, Loss};
use crate::event;
use crate::exclusive::Lease;
use crate::limit::Limit;
use crate::link::{Together, Trouble};
use crate::values;
use backflow_engine::store::{Call, RowSet, StatementError};
use backflow_sql::ir::Datum;
use std::cmp::Ordering;
use std::time::Duration;

/// How long a batch waits for a lock that somebody keeps: not long, as others wait for the whole batch. Shorter than
/// the server's `deadlock_timeout`, so that who is tied to others is free again before they are looked for.
const LOCK: Duration = Duration::from_millis(100);

/// How long one statement for all is left alone after it was undone: what fails there may fail always.
const FAILED: Duration = Duration::from_secs(10);
/// And after it left out everybody, as where a limit is reached.
const REFUSED: Duration = Duration::from_secs(1);

/// How a batch ended.
#[derive(Debug)]
pub(crate) enum End {
    /// It is committed: the answer of each, in the order of the calls.
    Kept(Vec<Result<RowSet, StatementError>>),
    /// Nothing of it was committed.
    Undone(String),
    /// Nobody knows.
    Unknown(String),
}

/// What became of one call of a batch.
#[derive(Debug)]
pub(crate) enum Told {
    /// It is committed.
    Kept(Result<RowSet, StatementError>),
    /// Nothing of it was.
    Undone,
    /// Nobody knows.
    Unknown(String),
}

/// What became of a batch.
pub(crate) struct Ran {
    /// In the order of the calls.
    pub(crate) told: Vec<Told>,
    /// How many were one statement.
    pub(crate) at_once: usize,
    /// For how long their own statements are the better way, as one for all was in vain.
    pub(crate) singly: Option<Duration>,
    /// Each by its own statement, it was undone.
    pub(crate) undone: bool,
}

/// Runs calls of one statement, as many as there are; `at_once`: as one statement, if they may be one.
///
/// Where that fails, or leaves out a caller who may have been refused because of others, their own statements follow.
pub(crate) async fn run(tools: &Tools, mut lease: Lease, calls: &[Call], at_once: bool) -> Ran {
    let mut ran = Ran {
        told: calls.iter().map(|_| Told::Undone).collect(),
        at_once: 0,
        singly: None,
        undone: false,
    };
    let mut left: Vec<usize> = (0..calls.len()).collect();
    if let Some(one) = at_once::call(calls).filter(|_| at_once) {
        let most = values::MOST_BYTES.saturating_mul(calls.len());
        let opening = calls.first().and_then(opens);
        match send(tools, &mut lease, (opening, &[one]), most).await {
            End::Kept(mut answers) => {
                let answer = answers.pop().unwrap_or_else(|| Ok(RowSet::default()));
                left.clear();
                for (at, heard) in at_once::apart(calls, answer).into_iter().enumerate() {
                    match heard {
                        Heard::Answer(answer) => ran.tell(at, Told::Kept(answer)),
                        Heard::Again => left.push(at),
                    }
                }
                ran.at_once = calls.len() - left.len();
                ran.singly = (ran.at_once == 0).then_some(REFUSED);
            }
            End::Unknown(why) => {
                left.iter()
                    .for_each(|at| ran.tell(*at, Told::Unknown(why.clone())));
                return ran;
            }
            End::Undone(why) => {
                event::at_once_undone(&why, calls.len());
                ran.singly = Some(FAILED);
            }
        }
    }
    if left.is_empty() {
        return ran;
    }
    let own: Vec<Call> = left.iter().filter_map(|at| calls.get(*at).cloned()).collect();
    match send(tools, &mut lease, (None, &own), values::MOST_BYTES).await {
        End::Kept(answers) => {
            for (at, answer) in left.into_iter().zip(answers) {
                ran.tell(at, Told::Kept(answer));
            }
        }
        End::Unknown(why) => left
            .iter()
            .for_each(|at| ran.tell(*at, Told::Unknown(why.clone()))),
        End::Undone(why) => {
            event::batch_undone(&why, own.len());
            ran.undone = true;
        }
    }
    ran
}

impl Ran {
    fn tell(&mut self, at: usize, told: Told) {
        if let Some(place) = self.told.get_mut(at) {
            *place = told;
        }
    }
}

/// What goes before one statement for all.
fn opens(call: &Call) -> Option<&str> {
    call.shares.as_ref()?.at_once.as_ref()?.opening.as_deref()
}

/// Sends what makes up a batch, behind what opens it.
async fn send(tools: &Tools, lease: &mut Lease, (opens, calls): (Option<&str>, &[Call]), most: usize) -> End {
    lease.soil();
    let limit = Limit {
        connector: &tools.connector,
        caller: None,
    };
    if let Err(trouble) = limit.run(lease, lease.prepare(calls)).await {
        let failure = errors::failure(&trouble);
        tools.note(lease, &failure);
        if !matches!(failure, Failure::Lost(..) | Failure::Silent) {
            lease.rest();
        }
        return End::Undone(why(&trouble));
    }
    let lock = LOCK.min(tools.connector.options.lock_timeout()).as_millis();
    let opening = format!(
        "{}; SET LOCAL lock_timeout={lock}; SET LOCAL array_nulls=on{}{}",
        opening(&tools.connector, false),
        opens.map_or("", |_| "; "),
        opens.unwrap_or_default()
    );
    let sent = async { Ok(lease.together(&opening, calls, most).await) };
    let Ok(together) = limit.run(lease, sent).await else {
        return End::Unknown("no answer to a batch".to_owned());
    };
    for trouble in together.answers.iter().filter_map(|answer| answer.as_ref().err()) {
        tools.note(lease, &errors::failure(trouble));
    }
    let ended = together.ended.as_ref().err().map(errors::driver);
    if !matches!(ended, Some(Failure::Lost(..))) {
        lease.rest();
    }
    end(together, ended)
}

/// What became of a batch whose COMMIT was answered so.
fn end(together: Together, ended: Option<Failure>) -> End {
    if let Err(error) = &together.begun {
        return unopened(errors::driver(error), chain(error));
    }
    let mut answers = Vec::with_capacity(together.answers.len());
    let mut lost = None;
    for answer in together.answers {
        let trouble = match answer {
            Ok(rows) => {
                answers.push(Ok(rows));
                continue;
            }
            Err(trouble) => trouble,
        };
        match (errors::failure(&trouble), is_said(&trouble)) {
            // The server may have done what follows, and its answers were lost.
            (Failure::Lost(Loss::Unknown, why), _) => {
                lost.get_or_insert(why);
            }
            // It is not understood on our side; the server has done it.
            (Failure::Statement(error), false) => answers.push(Err(error)),
            // Behind an error in a transaction COMMIT rolls back.
            _ => return End::Undone(why(&trouble)),
        }
    }
    match (ended, lost) {
        (Some(Failure::Lost(Loss::Unknown, why)), _) | (_, Some(why)) => End::Unknown(why),
        // An answer is missing only where the connection is lost.
        (None, None) => End::Kept(answers),
        (Some(failure), None) => End::Undone(format!("COMMIT was refused: {failure:?}")),
    }
}

/// Without a BEGIN each statement may stand committed by itself, and who knows which.
fn unopened(failure: Failure, why: String) -> End {
    match failure {
        Failure::Lost(Loss::Undone, _) => End::Undone(why),
        _ => End::Unknown(format!("BEGIN failed: {why}")),
    }
}

/// Whether it is the server's word.
fn is_said(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::Driver(error) if error.as_db_error().is_some())
}

fn why(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Driver(error) => chain(error),
        Trouble::Answer(text) => text.clone(),
        Trouble::Silent => "no answer".to_owned(),
    }
}

/// The order of two calls of a statement by the rows that they count in: batches that lock rows in one order are
/// never tied to each other.
pub(crate) fn by_row(one: &Call, other: &Call) -> Ordering {
    row(one)
        .zip(row(other))
        .map(|(one, other)| datum(one, other))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// The values that name the row in which a call counts.
pub(crate) fn row(call: &Call) -> impl Iterator<Item = &Datum> {
    let positions = call.shares.iter().flat_map(|shares| shares.row.iter());
    positions.filter_map(|at| call.values.get(*at))
}

fn datum(one: &Datum, other: &Datum) -> Ordering {
    match (one, other) {
        (Datum::Text(one), Datum::Text(other)) => one.cmp(other),
        (Datum::Int(one), Datum::Int(other)) => one.cmp(other),
        (Datum::Float(one), Datum::Float(other)) => one.total_cmp(other),
        (Datum::Bool(one), Datum::Bool(other)) => one.cmp(other),
        (one, other) => rank(one).cmp(&rank(other)),
    }
}

fn rank(datum: &Datum) -> u8 {
    match datum {
        Datum::Null => 0,
        Datum::Bool(_) => 1,
        Datum::Int(_) => 2,
        Datum::Float(_) => 3,
        Datum::Text(_) => 4,
    }
}
