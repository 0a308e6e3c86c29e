//! Runs as whoever runs the project handles them: list, look, take up again, end, start.
//!
//! Invariant: what is shown holds no value of a variable of the environment that is not public.
//! Not here: what callers see (`view`).

use super::drive::Failure;
use super::group::{Context, Group, Starting, Verdict};
use super::journal::{self, RunRow, State};
use super::load::{Loaded, Next};
use super::settled::Settled;
use super::{Job, Works, kept};
use crate::fault::{Code, Fault};
use crate::frame;
use crate::input;
use crate::permit::Permit;
use backflow_expr::{Value, json};
use backflow_plan::convert::convert;
use backflow_plan::model::Place;
use backflow_sql::ir::Datum;
use jiff::Timestamp;
use std::sync::Arc;

/// The most runs that are listed at once.
const MOST: i64 = 1000;

/// Where runs are handled.
#[derive(Clone)]
pub struct Desk {
    works: Arc<Works>,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunInfo {
    /// Its id.
    pub id: String,
    /// `POST /organizations/:orgId/invites`, or the name of a stand-alone workflow.
    pub name: String,
    /// `running`, `done`, `refused`, `failed` or `canceled`.
    pub state: &'static str,
    /// The status of its answer, once it is over.
    pub status: Option<u16>,
    /// The key of its tenant.
    pub tenant: Option<String>,
    /// Who started it.
    pub caller: Option<String>,
    /// A digest of the files that it runs by.
    pub version: String,
    /// When it was stored.
    pub started: Timestamp,
    /// When it was over.
    pub ended: Option<Timestamp>,
    /// Why it did not end with its answer.
    pub error: Option<String>,
}

/// A step of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepInfo {
    /// Its id.
    pub id: String,
    /// `sending`, `done`, `skipped`, `tolerated` or `failed`.
    pub state: &'static str,
    /// How many idempotency keys were used up before.
    pub epoch: i64,
    /// What was asked of a provider: method, path and body.
    pub request: Option<String>,
    /// What came of it, as JSON.
    pub outcome: Option<String>,
}

/// How a run ended that was driven here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEnd {
    /// Its id.
    pub id: String,
    /// The status of its answer.
    pub status: u16,
    /// Its answer, or the members of its refusal, as JSON.
    pub body: String,
}

impl Desk {
    pub(crate) fn new(works: Arc<Works>) -> Self {
        Self { works }
    }

    /// Runs, newest first: all of them or those in a state.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn list(&self, state: Option<&str>, most: i64) -> Result<Vec<RunInfo>, Fault> {
        let values = vec![
            journal::text(state.unwrap_or("")),
            journal::instant(Timestamp::MAX.min(self.works.now() + jiff::SignedDuration::from_hours(24))),
            Datum::Int(most.clamp(1, MOST)),
        ];
        let call = journal::call(&self.works.journal.runs.list, values, true);
        let found = self.works.read(call).await?;
        let runs = found.rows.iter().map(journal::read_run);
        let runs = runs.map(|run| run.ok_or_else(|| Fault::internal("a run that cannot be read")));
        runs.map(|run| run.map(|run| self.info(run))).collect()
    }

    /// A run with its steps; `None`: there is none of this id.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn show(&self, id: &str) -> Result<Option<(RunInfo, Vec<StepInfo>)>, Fault> {
        let Some(run) = self.works.find(&checked(id)?).await? else {
            return Ok(None);
        };
        let call = journal::call(
            &self.works.journal.steps.of_run,
            vec![journal::text(&run.id)],
            true,
        );
        let found = self.works.read(call).await?;
        let steps =
            journal::read_steps(&found).ok_or_else(|| Fault::internal("steps that cannot be read"))?;
        let steps = steps.into_iter().map(|step| StepInfo {
            id: step.step,
            state: step.state.text(),
            epoch: step.epoch,
            request: step
                .request
                .as_deref()
                .map(|text| self.works.masked(&asked(text))),
            outcome: step.outcome.as_deref().map(|text| self.works.masked(text)),
        });
        Ok(Some((self.info(run.clone()), steps.collect())))
    }

    /// Takes a failed run up again and drives it to its end; `None`: there is no failed run of this id.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub async fn retry(&self, id: &str) -> Result<Option<RunEnd>, Fault> {
        let id = checked(id)?;
        let Some(run) = self
            .works
            .find(&id)
            .await?
            .filter(|run| run.state == State::Failed)
        else {
            return Ok(None);
        };
        let Some(run) = self.works.resume(&id, run.fence).await? else {
            return Ok(None);
        };
        let _heart = self.works.heart();
        Ok(Some(end(&id, self.works.drive_row(run).await)))
    }

    /// Ends a run that is under way or has failed; what it did stays done. `false`: there is no such run.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub async fn cancel(&self, id: &str) -> Result<bool, Fault> {
        let values = vec![
            journal::text(&checked(id)?),
            journal::text(State::Canceled.text()),
            journal::text("canceled by hand"),
            journal::instant(self.works.now()),
        ];
        let call = journal::call(&self.works.journal.runs.stop, values, true);
        Ok(!self.works.write(call).await?.rows.is_empty())
    }

    /// Starts a stand-alone workflow and drives it to its end. `tenant` is the key of the tenant whose rows it
    /// touches; `given` is its input, as JSON.
    ///
    /// # Errors
    /// When there is no such workflow, its input does not fit, or its tenant is missing.
    pub async fn run(&self, name: &str, tenant: Option<&str>, given: &str) -> Result<RunEnd, Fault> {
        let missing = |what: &str| Fault::new(Code::UndefinedValue, what.to_owned());
        let job = self.works.find_job(name).filter(|job| job.given.is_some());
        let job = job.ok_or_else(|| missing("there is no stand-alone workflow of this name"))?;
        let given = json::parse(given.as_bytes(), 64)
            .map_err(|error| Fault::new(Code::InvalidJson, format!("the input is {error}")))?;
        let rule = job.given.as_ref().ok_or_else(|| missing("no input"))?;
        let given = input::given(rule, given)?;
        let mut frame = job.template.clone();
        frame::give(&job.sources, &given, &mut frame);
        let starting = Starting {
            guard: named(&job, tenant)?,
            refused: None,
            join: None,
            meter: None,
        };
        self.works.run_alone(&job, starting, frame).await
    }

    fn info(&self, run: RunRow) -> RunInfo {
        RunInfo {
            id: run.id.to_string(),
            name: run.name,
            state: run.state.text(),
            status: run.status,
            tenant: run.tenant,
            caller: run.caller,
            version: run.version,
            started: run.started,
            ended: run.ended,
            error: run.error.as_deref().map(|text| self.works.masked(text)),
        }
    }
}

impl Works {
    /// A text without secret values.
    pub(crate) fn masked(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            text = text.replace(secret.expose(), "***");
        }
        // What a terminal obeys is not passed on.
        text.replace(|c: char| c.is_control(), "\u{fffd}")
    }

    async fn run_alone(
        self: &Arc<Self>,
        job: &Arc<Job>,
        starting: Starting,
        frame: Vec<Value>,
    ) -> Result<RunEnd, Fault> {
        let nobody = Arc::from("");
        let context = self.context_of(job, &nobody);
        let id = Arc::clone(&context.id);
        let context = Arc::new(Context {
            request_id: Arc::clone(&id),
            ..context
        });
        let world = (self.now(), Arc::clone(&self.ids));
        let group = Group::first(Arc::clone(&context), (starting, frame), world);
        let next = match self.transact(Permit::of_run(), group).await {
            Ok((_, Verdict::Over(outcome))) => return Ok(end(&id, Settled::Done(outcome))),
            Ok((progress, Verdict::Call(pending))) => (progress, Next::Call(pending)),
            Ok((progress, Verdict::Wait(_) | Verdict::On)) => (progress, Next::Group(Vec::new())),
            Ok((_, Verdict::Joined(_) | Verdict::Fenced | Verdict::Told(_))) => {
                return Err(Fault::internal("a run that is not its starter's"));
            }
            Err(Failure::Fault(_, fault)) => return Err(fault),
            Err(Failure::Store(error)) => return Err(error.into()),
        };
        let (progress, next) = next;
        let _heart = self.heart();
        Ok(end(&id, self.drive(context, Loaded::new(progress, next)).await))
    }
}

/// The parameters that find the tenant.
fn named(job: &Job, tenant: Option<&str>) -> Result<Option<Result<Vec<Datum>, Fault>>, Fault> {
    let Place::Named(row) = &job.place else {
        return Ok(None);
    };
    let name = tenant.ok_or_else(|| Fault::of(Code::NoTenant))?;
    let key = convert(&Value::from(name), &row.key_type, &[], true);
    let key = key.map_err(|_| Fault::of(Code::NotFound))?;
    Ok(Some(Ok(vec![key])))
}

/// An id as the journal writes it.
fn checked(id: &str) -> Result<String, Fault> {
    match convert(&Value::from(id), &backflow_catalog::ColumnType::Uuid, &[], true) {
        Ok(Datum::Text(id)) => Ok(id.to_string()),
        _ => Err(Fault::new(Code::InvalidValue, "the id of a run is a uuid")),
    }
}

/// A request to a provider, for people.
fn asked(kept: &str) -> String {
    match kept::read_frozen(kept) {
        Ok(frozen) => {
            let body = String::from_utf8_lossy(&frozen.body);
            format!("{} {} {body}", frozen.method, frozen.path)
        }
        Err(_) => "a request that cannot be read".to_owned(),
    }
}

fn end(id: &str, settled: Settled) -> RunEnd {
    let (status, body) = match settled {
        Settled::Done(outcome) => (
            outcome.status,
            String::from_utf8_lossy(&outcome.body).into_owned(),
        ),
        Settled::Fault(fault) => (fault.status(), Value::object(fault.members()).to_json()),
        Settled::Told(status, members) => (status, members.to_json()),
    };
    RunEnd {
        id: id.to_owned(),
        status: status.as_u16(),
        body,
    }
}
