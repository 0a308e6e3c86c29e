//! A transaction from its first turn to its end.
//!
//! Role: chooses the connection for a job, and tries again what may be tried again.
//! Invariant: a job runs again only if nothing of the last try was committed.
//! Not here: one try (drive), connections (shared, exclusive).
//!
//! A single statement that reads shares a connection with others; a statement that counts shares a commit with those
//! that wait for the same row; everything else has a connection of its own: behind a commit nobody else shall wait.

use crate::batches::{self, Batches, Entry, Fate};
use crate::drive::{self, Answer, End, Tools};
use crate::errors::RETRY_AFTER;
use crate::event;
use crate::exclusive::{Lease, Pool};
use crate::guarded::Guarded;
use crate::jam::Jams;
use crate::job::{self, Job};
use crate::shared::{Flight, Shared};
use backflow_engine::pause::{doubled, spread};
use backflow_engine::store::{Call, StoreError, Turn};
use std::sync::Arc;
use std::time::Duration;

/// How often a transaction runs again after a serialization failure, a deadlock and the like.
const AGAIN: u32 = 3;

/// How often because of prepared statements: after a change of the schema those of every connection are old.
const STALE: u32 = 64;

/// The longest pause before the first of these, and how often it doubles before each next. Those who were tied
/// start at the same moment: unless they are spread over more time than they all need, they are tied again.
const PAUSE: Duration = Duration::from_millis(25);
const WIDER: u32 = 2;
const LONGEST: Duration = Duration::from_millis(500);

/// How long a read may wait behind others where it could run beside them,
const MOMENT: Duration = Duration::from_millis(8);
/// unless it is so quick: of such reads a few connections serve more than we could ask, and over many of them a database
/// whose cores are taken serves fewer.
const BRIEF: Duration = Duration::from_micros(500);

/// What a read goes over.
enum Way {
    Shared(Flight),
    Spare(Lease),
    /// A connection of its own, whenever there is one.
    Own,
}

/// What became of a first call.
enum Gathered {
    /// It runs by itself; others may wait for that.
    Itself(Call, Option<batches::Turn>),
    /// It is committed with others.
    Kept(Answer),
    /// It has no outcome, or an unknown one.
    Failed(StoreError),
}

/// How often a job was tried, and why.
#[derive(Default)]
struct Tries {
    again: u32,
    stale: u32,
    /// How often the server did not know a statement at all.
    unknown: u32,
    lost: bool,
    /// It has to run by itself.
    apart: bool,
}

/// Where transactions run.
pub(crate) struct Lanes {
    pub(crate) tools: Arc<Tools>,
    pub(crate) readers: Arc<Shared>,
    pub(crate) writers: Arc<Pool>,
    pub(crate) jams: Jams,
    pub(crate) batches: Arc<Batches>,
}

impl Lanes {
    /// Runs a job to its end.
    pub(crate) async fn run<J: Job>(&self, mut job: J) -> Result<J, StoreError> {
        let mut tries = Tries::default();
        loop {
            let call = match job::turn(&mut job, None)? {
                Turn::Run(call) => call,
                Turn::Commit | Turn::RollBack => return Ok(job),
                Turn::Mark(_) => {
                    let why = "a transaction begins with a mark".to_owned();
                    return Err(StoreError::Failed(why));
                }
            };
            let (back, end) = self.attempt(job, call, &tries).await?;
            job = back;
            match end {
                End::Done => return Ok(job),
                End::Failed(error) => {
                    if let StoreError::OutcomeUnknown(why) = &error {
                        event::outcome_unknown(why);
                    }
                    return Err(error);
                }
                End::Locked => return Err(self.jammed(job)),
                end => self.pause(&mut tries, end).await?,
            }
            job.rewind();
        }
    }

    /// Before a job runs again; an error if it was tried often enough.
    async fn pause(&self, tries: &mut Tries, end: End) -> Result<(), StoreError> {
        let refused = StoreError::Unavailable(RETRY_AFTER);
        match end {
            End::Done => {}
            End::Apart => tries.apart = true,
            End::Failed(error) => return Err(error),
            End::Locked => return Err(refused),
            End::Again(why) if tries.again == AGAIN => {
                event::given_up(why, tries.again);
                return Err(refused);
            }
            End::Again(why) => {
                tries.again += 1;
                event::run_again(why, tries.again);
                let times = WIDER * (tries.again - 1);
                tokio::time::sleep(spread(doubled(PAUSE, times, LONGEST))).await;
            }
            End::Stale { unknown } => {
                tries.stale += 1;
                event::run_again("a prepared statement is not valid any more", tries.stale);
                if tries.stale > STALE {
                    return Err(refused);
                }
                tries.unknown += u32::from(unknown);
                self.suspect(tries.unknown);
            }
            // One loss may be an old connection's; after a second one the database is away.
            End::Lost(why) => {
                event::lost(&why);
                if std::mem::replace(&mut tries.lost, true) {
                    return Err(refused);
                }
            }
        }
        Ok(())
    }

    /// A job has run out of time behind a lock: its kind will wait its turn.
    fn jammed<J: Job>(&self, mut job: J) -> StoreError {
        event::locked();
        job.rewind();
        if let Ok(Turn::Run(call)) = job::turn(&mut job, None) {
            self.jams.note(&call);
        }
        StoreError::Unavailable(RETRY_AFTER)
    }

    /// A connection for a job that begins with a call; who waits for the batch's turn waits until it comes back.
    async fn lease(
        &self,
        call: &Call,
        lost: bool,
        batch: Option<batches::Turn>,
    ) -> Result<Lease, StoreError> {
        loop {
            let jam = self.jams.turn(call).await?;
            let mut lease = self.writers.acquire(lost).await?;
            // The jam may have come while it waited for the connection, which is then somebody else's.
            if jam.is_some() || !self.jams.holds(call) {
                lease.keep(jam, batch);
                return Ok(lease);
            }
        }
    }

    /// Lets a call that counts go with others, if it finds some.
    async fn gather(&self, call: Call, tries: &Tries) -> Result<Gathered, StoreError> {
        if call.shares.is_none() || tries.apart || tries.lost || self.jams.holds(&call) {
            return Ok(Gathered::Itself(call, None));
        }
        let fate = match self.batches.enter(call) {
            Entry::Now(call, turn) => return Ok(Gathered::Itself(call, turn)),
            Entry::Full => return Err(StoreError::Unavailable(RETRY_AFTER)),
            Entry::Waits(fate) => fate.await,
        };
        Ok(match fate {
            Ok(Fate::Answer(answer)) => Gathered::Kept(answer),
            Ok(Fate::Apart(call)) => Gathered::Itself(call, None),
            Ok(Fate::Failed(error)) => Gathered::Failed(error),
            Err(_gone) => Gathered::Failed(StoreError::OutcomeUnknown(
                "who committed for several callers is gone".to_owned(),
            )),
        })
    }

    /// A server forgets statements when it is told to; one that has forgotten again what was prepared a moment
    /// ago is not the same server.
    fn suspect(&self, times: u32) {
        let connector = &self.tools.connector;
        if times > 1 && !connector.pooled() && connector.options.pooler.is_none() {
            event::pooler_found();
            connector.found_pooler();
        }
    }

    /// Where a read goes: to a shared connection, if its turn comes there within a moment; else to one of its own
    /// that is idle; else it shares all the same.
    async fn shared(&self, call: &Call) -> Result<Way, StoreError> {
        if self.tools.connector.pooled() {
            return Ok(Way::Own);
        }
        let pace = self.tools.paces.of(&call.statement);
        if pace.behind(0).is_none() {
            return Ok(Way::Own);
        }
        let Some(flight) = self.readers.board().await? else {
            return Ok(Way::Own);
        };
        if pace.behind(flight.ahead) > Some(MOMENT)
            && pace.behind(1) > Some(BRIEF)
            && let Some(lease) = self.writers.spare()
        {
            return Ok(Way::Spare(lease));
        }
        Ok(Way::Shared(flight))
    }

    /// One try; on a connection that has just answered, if one was lost before.
    async fn attempt<J: Job>(&self, mut job: J, call: Call, tries: &Tries) -> Result<(J, End), StoreError> {
        let tools = Arc::clone(&self.tools);
        if call.alone && job.reads_only() && !tries.lost {
            match self.shared(&call).await? {
                Way::Shared(flight) => return Ok(read(tools, flight, job, call).await),
                Way::Spare(lease) => return Ok(alone(tools, lease, job, call).await),
                Way::Own => {}
            }
        }
        let (call, turn) = match self.gather(call, tries).await? {
            Gathered::Itself(call, turn) => (call, turn),
            Gathered::Kept(answer) => {
                let end = drive::shared_turn(&mut job, answer);
                return Ok((job, end));
            }
            Gathered::Failed(error) => return Ok((job, End::Failed(error))),
        };
        let lease = self.lease(&call, tries.lost, turn).await?;
        Ok(match call.alone {
            true => alone(tools, lease, job, call).await,
            false => whole(tools, lease, job, call).await,
        })
    }
}

/// It counts as in flight until its answer is there, whoever waits for it.
fn read<J: Job>(tools: Arc<Tools>, flight: Flight, job: J, call: Call) -> Guarded<(J, End)> {
    Guarded::new(|_| drive::read(tools, flight, job, call))
}

fn alone<J: Job>(tools: Arc<Tools>, lease: Lease, job: J, call: Call) -> Guarded<(J, End)> {
    Guarded::new(|_| drive::alone(tools, lease, job, call))
}

fn whole<J: Job>(tools: Arc<Tools>, lease: Lease, job: J, call: Call) -> Guarded<(J, End)> {
    Guarded::new(|caller| drive::whole(tools, caller, lease, job, call))
}
