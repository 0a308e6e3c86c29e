//! A transaction from its first turn to its end.
//!
//! Role: chooses the connection for a job, and tries again what may be tried again.
//! Invariant: a job runs again only if nothing of the last try was committed.
//! Not here: one try (drive), connections (shared, exclusive).
//!
//! A single statement that reads shares a connection with others; everything else has one of its own: behind a
//! commit nobody else shall wait.

use crate::drive::{self, End, Tools};
use crate::errors::RETRY_AFTER;
use crate::event;
use crate::exclusive::{Lease, Pool};
use crate::gate::{doubled, jittered};
use crate::guarded::Guarded;
use crate::job::{self, Job};
use crate::shared::{Flight, Shared};
use backflow_engine::store::{Call, StoreError, Turn};
use std::sync::Arc;
use std::time::Duration;

/// How often a transaction runs again after a serialization failure, a deadlock and the like.
const AGAIN: u32 = 3;

/// The longest pause before the first of these; it doubles.
const PAUSE: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_millis(100);

/// Where transactions run.
pub(crate) struct Lanes {
    pub(crate) tools: Arc<Tools>,
    pub(crate) readers: Arc<Shared>,
    pub(crate) writers: Arc<Pool>,
}

impl Lanes {
    /// Runs a job to its end.
    pub(crate) async fn run<J: Job>(&self, mut job: J) -> Result<J, StoreError> {
        let (mut again, mut lost) = (0, false);
        loop {
            let call = match job::turn(&mut job, None)? {
                Turn::Run(call) => call,
                Turn::Commit | Turn::RollBack => return Ok(job),
            };
            let (back, end) = self.attempt(job, call).await?;
            job = back;
            match end {
                End::Done => return Ok(job),
                End::Again(why) if again == AGAIN => {
                    event::given_up(why, again);
                    return Err(StoreError::Unavailable(RETRY_AFTER));
                }
                End::Again(why) => {
                    again += 1;
                    event::run_again(why, again);
                    tokio::time::sleep(jittered(doubled(PAUSE, again - 1, LONGEST))).await;
                }
                // One loss may be an old connection's; after a second one the database is away.
                End::Lost(why) => {
                    event::lost(&why);
                    if std::mem::replace(&mut lost, true) {
                        return Err(StoreError::Unavailable(RETRY_AFTER));
                    }
                }
                End::Failed(error) => {
                    if let StoreError::OutcomeUnknown(why) = &error {
                        event::outcome_unknown(why);
                    }
                    return Err(error);
                }
            }
            job.rewind();
        }
    }

    async fn attempt<J: Job>(&self, job: J, call: Call) -> Result<(J, End), StoreError> {
        let tools = Arc::clone(&self.tools);
        if call.alone
            && job.reads_only()
            && let Some(flight) = self.readers.board().await?
        {
            return Ok(read(tools, flight, job, call).await);
        }
        let lease = self.writers.acquire().await?;
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
