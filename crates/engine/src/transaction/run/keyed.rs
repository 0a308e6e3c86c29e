//! Requests that their callers named by a key.
//!
//! Role: takes the key before the first step, tells what was answered under it before, keeps what is answered now.
//! Invariant: a key commits with what its request did; permission is judged before anything is told of it.
//! Not here: the header (`key`), runs of workflows (`work`).

use super::{Phase, Run};
use crate::fault::Fault;
use crate::key::{self, Named};
use crate::store::{Call, RowSet, Turn};
use crate::transaction::Outcome;
use crate::work::{digest, instant, tenant_text};
use backflow_expr::{Value, json};
use backflow_plan::model::Journal;
use backflow_sql::ir::{Datum, Statement};
use bytes::Bytes;
use http::StatusCode;
use std::sync::Arc;

/// A request under its caller's key.
pub(crate) struct Keyed {
    pub(crate) named: Named,
    pub(crate) journal: Arc<Journal>,
}

/// What a run knows of its key.
pub(super) struct Held {
    keyed: Keyed,
    /// The key as it is kept, once the tenant is known.
    text: String,
    /// It was free.
    taken: bool,
}

impl Held {
    pub(super) fn new(keyed: Keyed) -> Self {
        Self {
            keyed,
            text: String::new(),
            taken: false,
        }
    }

    /// Nothing was learnt from the database.
    pub(super) fn forget(&mut self) {
        self.taken = false;
    }
}

impl Run {
    /// Takes the key.
    pub(super) fn take_key(&mut self) -> Result<Turn, Fault> {
        let tenant = self.scope.as_ref().and_then(|scope| tenant_text(scope.tenant()));
        let parts = [
            Some(self.served.name.to_string()),
            self.subject.as_deref().map(str::to_owned),
            tenant,
        ];
        let held = held(&mut self.key)?;
        let parts = parts.into_iter().chain([Some(held.keyed.named.key.clone())]);
        let parts = Value::list(parts.map(|part| part.map_or(Value::Null, Value::from)));
        held.text = digest(parts.to_json().as_bytes());
        let values = vec![
            text(&held.text),
            text(&held.keyed.named.body),
            instant(self.host_now()),
        ];
        let statement = Arc::clone(&self.journal()?.keys.take);
        Ok(self.ask(Phase::KeyTaken, statement, values))
    }

    pub(super) fn key_taken(&mut self, rows: &RowSet) -> Result<Turn, Fault> {
        let held = held(&mut self.key)?;
        if !rows.rows.is_empty() {
            held.taken = true;
            return self.advance(0);
        }
        let values = vec![text(&held.text)];
        let statement = Arc::clone(&self.journal()?.keys.read);
        Ok(self.ask(Phase::KeyRead, statement, values))
    }

    /// The key was used before: tells what was answered then.
    pub(super) fn key_read(&mut self, rows: &RowSet) -> Result<Turn, Fault> {
        let held = held(&mut self.key)?;
        let (status, answer) = key::answered(rows, &held.keyed.named.body)?;
        let body = match status.is_client_error() {
            true => self.told(&answer)?,
            false => Bytes::from(answer.to_string()),
        };
        self.phase = Phase::Ended;
        self.end = Some(Ok(Outcome {
            status,
            body,
            range: None,
        }));
        Ok(Turn::RollBack)
    }

    /// A refusal that was given before, for this request.
    fn told(&self, members: &str) -> Result<Bytes, Fault> {
        let members = json::parse(members.as_bytes(), 64);
        let members = members.map_err(|error| Fault::internal(format!("a refusal that is {error}")))?;
        let known = members.as_object().into_iter().flat_map(|members| members.iter());
        let known = known.map(|(name, value)| (name.to_string(), value.clone()));
        let all = known.chain([("requestId".to_owned(), Value::from(&*self.request_id))]);
        Ok(Bytes::from(Value::object(all).to_json()))
    }

    /// Keeps a good answer, in the transaction that made it; `None`: nobody named the request.
    pub(super) fn keep_answer(&mut self, outcome: &Outcome) -> Result<Option<Turn>, Fault> {
        if self.key.is_none() {
            return Ok(None);
        }
        let body = String::from_utf8(outcome.body.to_vec());
        let body = body.map_err(|_| Fault::internal("an answer that is not text"))?;
        let call = self.answer_call(outcome.status, &body)?;
        self.phase = Phase::KeyKept;
        Ok(Some(Turn::Run(call)))
    }

    /// What keeps a refusal, which rolled back everything else.
    pub(crate) fn refused_under_key(&mut self) -> Option<Call> {
        let refused = match &self.end {
            Some(Err(fault)) if fault.status().is_client_error() => fault.clone(),
            _ => return None,
        };
        if !self.key.as_ref().is_some_and(|held| held.taken) {
            return None;
        }
        let members = Value::object(refused.members()).to_json();
        self.answer_call(refused.status(), &members).ok()
    }

    fn answer_call(&mut self, status: StatusCode, answer: &str) -> Result<Call, Fault> {
        let now = instant(self.host_now());
        let held = held(&mut self.key)?;
        let values = vec![
            text(&held.text),
            text(&held.keyed.named.body),
            Datum::Int(status.as_u16().into()),
            text(answer),
            now,
        ];
        Ok(Call {
            statement: Arc::clone(&held.keyed.journal.keys.answer),
            values,
            alone: false,
            shares: None,
        })
    }

    fn journal(&mut self) -> Result<Arc<Journal>, Fault> {
        held(&mut self.key).map(|held| Arc::clone(&held.keyed.journal))
    }

    fn host_now(&self) -> jiff::Timestamp {
        backflow_expr::Host::now(&self.host)
    }

    fn ask(&mut self, phase: Phase, statement: Arc<Statement>, values: Vec<Datum>) -> Turn {
        self.phase = phase;
        Turn::Run(Call {
            statement,
            values,
            alone: false,
            shares: None,
        })
    }
}

fn held(key: &mut Option<Held>) -> Result<&mut Held, Fault> {
    key.as_mut()
        .ok_or_else(|| Fault::internal("a key that nobody sent"))
}

fn text(text: &str) -> Datum {
    Datum::Text(text.into())
}
