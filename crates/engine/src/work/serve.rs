//! A run from where its callers stand.
//!
//! Role: starts a run, or finds the one that means the same, and waits for its end as long as its caller does.
//! Invariant: a run goes on when its caller has left.
//! Not here: what a run does (`drive`).

use super::drive::{Failure, lock_wait};
use super::group::{Context, Group, Join, Starting, Verdict};
use super::intent::Intent;
use super::job::Job;
use super::journal::{RunRow, State};
use super::load::{Loaded, Next};
use super::settled::Settled;
use super::{Works, patience};
use crate::caller::Identity;
use crate::event;
use crate::fault::{Code, Fault};
use crate::permit::Permit;
use crate::rate::Meter;
use crate::store::StoreError;
use backflow_expr::Value;
use backflow_sql::ir::Datum;
use jiff::SignedDuration;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How long a run that cannot go on here is left alone.
const STUCK: SignedDuration = SignedDuration::from_mins(5);

/// How long a run that is done answers the same request again.
const KEEP: SignedDuration = SignedDuration::from_secs(60);

/// The same, for requests that their caller named by a key.
const KEEP_KEYED: SignedDuration = SignedDuration::from_hours(24);

/// What is known of a run that is under way.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) run: Arc<str>,
    pub(crate) end: Option<Settled>,
}

/// What a caller gets.
pub(crate) enum Reached {
    Settled(Settled),
    /// It takes longer than its caller waits.
    Running(Arc<str>),
}

/// A request for a workflow.
pub(crate) struct Ask<'a> {
    pub(crate) job: Arc<Job>,
    pub(crate) request_id: Arc<str>,
    pub(crate) caller: Option<&'a Identity>,
    pub(crate) guard: Option<Result<Vec<Datum>, Fault>>,
    pub(crate) refused: Option<Fault>,
    pub(crate) frame: Vec<Value>,
    /// The caller's own name of the request, and the digest of its body.
    pub(crate) key: Option<(String, String)>,
    /// Counts the request, if the route is limited.
    pub(crate) meter: Option<Arc<Meter>>,
}

impl Works {
    /// Answers a request with a run.
    pub(crate) async fn serve(self: &Arc<Self>, permit: Permit, ask: Ask<'_>) -> Result<Reached, Fault> {
        let context = self.context(&ask);
        let job = Arc::clone(&ask.job);
        let starting = Starting {
            guard: ask.guard,
            refused: ask.refused,
            join: self.join_of(&job, &context, ask.key),
            meter: ask.meter,
        };
        if !job.work.durable {
            return self.at_once(permit, context, (starting, ask.frame)).await;
        }
        let world = (self.now(), Arc::clone(&self.ids));
        let group = Group::first(Arc::clone(&context), (starting, ask.frame), world);
        let seen = self.spawn(Arc::clone(&context.id), {
            let works = Arc::clone(self);
            move |sender| async move { works.begin(permit, context, group, &sender).await }
        });
        Ok(wait(seen, Duration::from_millis(job.work.timeout)).await)
    }

    fn context(&self, ask: &Ask<'_>) -> Arc<Context> {
        Arc::new(Context {
            subject: ask.caller.map(|caller| Arc::clone(&caller.subject)),
            email: ask.caller.and_then(|caller| caller.email.clone()),
            body: ask.key.as_ref().map(|(_, body)| body.clone()),
            ..self.context_of(&ask.job, &ask.request_id)
        })
    }

    /// What stays the same in a run that is new and nobody's.
    pub(super) fn context_of(&self, job: &Arc<Job>, request_id: &Arc<str>) -> Context {
        Context {
            job: Arc::clone(job),
            id: self.ids.key().into(),
            fence: 1,
            held: Instant::now(),
            version: Arc::clone(&self.version),
            worker: Arc::clone(self.worker()),
            request_id: Arc::clone(request_id),
            subject: None,
            email: None,
            body: None,
            effect: None,
            connectors: Arc::clone(&self.connectors),
            journal: Arc::clone(&self.journal),
        }
    }

    fn join_of(&self, job: &Arc<Job>, context: &Context, key: Option<(String, String)>) -> Option<Join> {
        let key = key.map(|(key, _)| key);
        // Two strangers with the same words are not known to be one.
        if key.is_none() && (!job.work.join || context.subject.is_none()) {
            return None;
        }
        Some(Join {
            keep: if key.is_some() { KEEP_KEYED } else { KEEP },
            intent: Intent {
                job: Arc::clone(job),
                caller: context.subject.clone(),
                key,
            },
        })
    }

    /// A workflow without providers is one transaction, like a route of queries. One whose lock is taken is tried
    /// again from its start.
    async fn at_once(
        &self,
        mut permit: Permit,
        context: Arc<Context>,
        (starting, frame): (Starting, Vec<Value>),
    ) -> Result<Reached, Fault> {
        let begun = Instant::now();
        loop {
            let world = (self.now(), Arc::clone(&self.ids));
            let group = Group::first(Arc::clone(&context), (starting.clone(), frame.clone()), world);
            match self.transact(permit, group).await {
                Ok((_, Verdict::Over(outcome))) => return Ok(Reached::Settled(Settled::Done(outcome))),
                Ok((_, Verdict::Told(settled))) => return Ok(Reached::Settled(settled)),
                Ok((_, Verdict::Wait(at))) if begun.elapsed() < lock_wait(&context.job, at) => {
                    permit = Permit::judged();
                    tokio::time::sleep(patience(Duration::from_millis(50), 1, Duration::from_secs(1))).await;
                }
                Ok((_, Verdict::Wait(_))) => return Err(Fault::of(Code::Locked).retry_after(1)),
                Ok(_) => return Err(Fault::internal("a workflow without providers that does not end")),
                Err(Failure::Fault(progress, fault)) => {
                    self.keep_refusal(&context, &progress, &fault).await;
                    return Err(fault);
                }
                Err(Failure::Store(error)) => return Err(error.into()),
            }
        }
    }

    /// Keeps what a request under a caller's key was refused with, since nothing else of it was kept.
    async fn keep_refusal(&self, context: &Context, progress: &super::group::Progress, fault: &Fault) {
        let Some(key) = progress.key.as_ref().filter(|_| fault.status().is_client_error()) else {
            return;
        };
        let members = Value::object(fault.members()).to_json();
        let kept = super::group::answer_key(context, key, (fault.status(), &members), self.now());
        if self.write(kept).await.is_err() {
            event::refusal_not_kept(&context.request_id);
        }
    }

    /// Lets a run go its way in a task of its own.
    pub(super) fn spawn<F, W>(self: &Arc<Self>, id: Arc<str>, work: W) -> watch::Receiver<Seen>
    where
        W: FnOnce(watch::Sender<Seen>) -> F,
        F: Future<Output = ()> + Send + 'static,
    {
        let (sender, seen) = watch::channel(Seen {
            run: Arc::clone(&id),
            end: None,
        });
        self.live().insert(Arc::clone(&id), seen.clone());
        let (works, work) = (Arc::clone(self), work(sender));
        tokio::spawn(async move {
            // Gone even if the work panics: nobody shall wait for it.
            let _gone = Leaving { works, id };
            work.await;
        });
        seen
    }

    pub(super) async fn begin(
        &self,
        permit: Permit,
        context: Arc<Context>,
        group: Group,
        sender: &watch::Sender<Seen>,
    ) {
        let settled = match self.transact(permit, group).await {
            Ok((_, Verdict::Joined(run))) => self.join(*run, &context, sender).await,
            Ok((_, Verdict::Over(outcome))) => Settled::Done(outcome),
            Ok((_, Verdict::Fenced)) => self.follow(&context.id).await,
            Ok((progress, Verdict::Call(pending))) => {
                let next = Next::Call(pending);
                self.drive(context, Loaded::new(progress, next)).await
            }
            Ok((progress, Verdict::Wait(_) | Verdict::On)) => {
                let next = Next::Group(Vec::new());
                self.drive(context, Loaded::new(progress, next)).await
            }
            Ok((_, Verdict::Told(settled))) => settled,
            Err(Failure::Fault(_, fault)) => Settled::Fault(fault),
            Err(Failure::Store(error @ StoreError::OutcomeUnknown(_))) => self.recover(&context, error).await,
            Err(Failure::Store(error)) => Settled::Fault(error.into()),
        };
        sender.send_modify(|seen| seen.end = Some(settled));
    }

    /// After a first commit of which nothing was heard: if the run is there, it goes on.
    async fn recover(&self, context: &Arc<Context>, error: StoreError) -> Settled {
        let _held = self.holding(context);
        for tries in 1..=8 {
            tokio::time::sleep(patience(
                Duration::from_millis(100),
                tries,
                Duration::from_secs(2),
            ))
            .await;
            match self.load(&context.id).await {
                Ok(Some((run, _, _))) if run.ended.is_some() => return Settled::of(&run),
                Ok(Some((run, _, _))) if run.fence != context.fence => return self.follow(&run.id).await,
                Ok(Some((_, context, loaded))) => return self.drive(context, loaded).await,
                Ok(None) => break,
                Err(fault) => event::run_waits(&context.id, tries, fault.code_text()),
            }
        }
        Settled::Fault(error.into())
    }

    /// Another run means the same: its answer is this one's.
    async fn join(&self, mut run: RunRow, ours: &Context, sender: &watch::Sender<Seen>) -> Settled {
        if let Some(fault) = self.refuses(&run, ours) {
            return Settled::Fault(fault);
        }
        event::joined(&ours.request_id, &run.id, run.state.text());
        sender.send_modify(|seen| seen.run = Arc::clone(&run.id));
        if run.state == State::Failed {
            // What cannot be read is left as it is.
            if let Err(fault) = self.unfold(&run).await {
                return Settled::Fault(fault);
            }
            match self.resume(&run.id, run.fence).await {
                Ok(Some(taken)) => run = taken,
                // Somebody else was faster.
                Ok(None) => return self.follow(&run.id).await,
                Err(fault) => return Settled::Fault(fault),
            }
            return self.drive_row(run).await;
        }
        match run.state {
            State::Running => self.follow(&run.id).await,
            _ => Settled::of(&run),
        }
    }

    /// Why a request with a caller's key is not answered by the run that has the key.
    fn refuses(&self, run: &RunRow, ours: &Context) -> Option<Fault> {
        let request = run.request.as_deref()?;
        let body = super::kept::read_request(request, &[], &mut []).ok()?.body?;
        let sent = ours.body.as_deref()?;
        if body != sent {
            return Some(Fault::of(Code::KeyReused));
        }
        (run.state == State::Running).then(|| Fault::of(Code::InProgress).retry_after(1))
    }

    /// Drives a run that was claimed or resumed.
    pub(super) async fn drive_row(&self, run: RunRow) -> Settled {
        match self.unfold(&run).await {
            Ok((context, loaded)) => self.drive(context, loaded).await,
            Err(fault) => {
                event::run_stuck(&run.id, fault.private_text().unwrap_or(fault.code_text()));
                self.put_off(&run).await;
                Settled::Fault(fault)
            }
        }
    }

    /// A run that cannot go on here is not looked at again at once: its lease runs for longer.
    async fn put_off(&self, run: &RunRow) {
        let until = self.now().checked_add(STUCK).unwrap_or(run.lease);
        let hold = super::journal::hold(&self.journal, &run.id, run.fence, until);
        if let Err(fault) = self.write(hold).await {
            event::run_waits(&run.id, 1, fault.code_text());
        }
    }

    /// Lets a claimed run go on, for whoever waits.
    pub(super) fn go_on(self: &Arc<Self>, run: RunRow) {
        let (works, id) = (Arc::clone(self), Arc::clone(&run.id));
        self.spawn(id, move |sender| async move {
            let settled = works.drive_row(run).await;
            sender.send_modify(|seen| seen.end = Some(settled));
        });
    }

    /// Waits for the end of a run that somebody else drives, here or elsewhere; takes it over if nobody does.
    pub(super) async fn follow(&self, id: &Arc<str>) -> Settled {
        let (mut looked, mut failures) = (0, 0);
        loop {
            let run = match self.find(id).await {
                Ok(Some(run)) => run,
                Ok(None) => return Settled::Fault(Fault::of(Code::RunLost)),
                Err(fault) if failures > 200 => return Settled::Fault(fault),
                Err(_) => {
                    failures += 1;
                    tokio::time::sleep(Duration::from_millis(250)).await;
                    continue;
                }
            };
            failures = 0;
            if run.state != State::Running {
                return Settled::of(&run);
            }
            if run.lease < self.now()
                && !self.stopping.load(Ordering::Relaxed)
                && let Ok(Some(taken)) = self.claim(id).await
            {
                event::taken_over(&taken.id, &taken.name, taken.fence);
                // A run that is followed may itself come to follow another worker.
                return Box::pin(self.drive_row(taken)).await;
            }
            looked += 1;
            tokio::time::sleep(patience(
                Duration::from_millis(20),
                looked,
                Duration::from_millis(500),
            ))
            .await;
        }
    }
}

/// Waits for the end of a run, so long at most.
async fn wait(mut seen: watch::Receiver<Seen>, limit: Duration) -> Reached {
    let over = async {
        let seen = seen.wait_for(|seen| seen.end.is_some()).await;
        seen.map(|seen| seen.end.clone()).ok().flatten()
    };
    let over = tokio::time::timeout(limit, over).await;
    match over {
        Ok(Some(settled)) => Reached::Settled(settled),
        Ok(None) => Reached::Settled(Settled::Fault(Fault::internal("a run's task went away"))),
        Err(_elapsed) => Reached::Running(Arc::clone(&seen.borrow().run)),
    }
}

/// Takes a run out of those that are under way here.
struct Leaving {
    works: Arc<Works>,
    id: Arc<str>,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.works.live().remove(&self.id);
    }
}
