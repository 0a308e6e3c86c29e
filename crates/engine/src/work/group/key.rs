//! A caller's key, where the workflow is one transaction and keeps no run.
//!
//! Role: takes the key before the first step, tells what was answered under it before, keeps what is answered now.
//! Invariant: a key commits with what its request did; of a refusal it is kept after the rollback.
//! Not here: runs in the journal, which have the key as their intent (`first`); routes of queries.

use super::{Awaiting, Context, Group, Verdict};
use crate::fault::Fault;
use crate::key;
use crate::store::{Call, RowSet, Turn};
use crate::transaction::Outcome;
use crate::work::journal;
use crate::work::kept;
use crate::work::settled::Settled;
use backflow_expr::json;
use backflow_sql::ir::Datum;
use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use std::sync::Arc;

impl Group {
    /// Takes the key.
    pub(super) fn take_key(&mut self) -> Result<Turn, Fault> {
        let tenant = self.progress.scope.as_ref();
        let tenant = tenant.and_then(|scope| kept::tenant(scope.tenant()));
        let join = self.first.as_ref().and_then(|first| first.join());
        let join = join.ok_or_else(|| Fault::internal("a key without an intent"))?;
        let key = join.intent.text(tenant.as_deref(), &self.progress.frame);
        let values = vec![
            journal::text(&key),
            journal::text(self.context.body.as_deref().unwrap_or_default()),
            journal::instant(self.now),
        ];
        self.progress.key = Some(key);
        let journal = Arc::clone(&self.context.journal);
        Ok(self.run(Awaiting::KeyTaken, &journal.keys.take, values))
    }

    pub(super) fn key_taken(&mut self, rows: &RowSet) -> Result<Turn, Fault> {
        if !rows.rows.is_empty() {
            return self.advance();
        }
        let key = self.progress.key.take().unwrap_or_default();
        let journal = Arc::clone(&self.context.journal);
        Ok(self.run(Awaiting::KeyRead, &journal.keys.read, vec![journal::text(&key)]))
    }

    /// The key was used before.
    pub(super) fn key_read(&mut self, rows: &RowSet) -> Result<Turn, Fault> {
        let body = self.context.body.as_deref().unwrap_or_default();
        let (status, answer) = key::answered(rows, body)?;
        let settled = match status.is_client_error() {
            true => Settled::Told(status, json::parse(answer.as_bytes(), 64).unwrap_or_default()),
            false => Settled::Done(Outcome {
                status,
                body: Bytes::from(answer.to_string()),
                range: None,
            }),
        };
        Ok(self.stop(Ok(Verdict::Told(settled))))
    }

    /// Keeps a good answer, in the transaction that made it.
    pub(super) fn keep_key(&mut self, outcome: &Outcome) -> Result<(), Fault> {
        let Some(key) = &self.progress.key else {
            return Ok(());
        };
        let answer = std::str::from_utf8(&outcome.body);
        let answer = answer.map_err(|_| Fault::internal("an answer that is not text"))?;
        let call = answer_key(&self.context, key, (outcome.status, answer), self.now);
        self.outbox.push(call);
        Ok(())
    }
}

/// What keeps an answer under a key.
pub(crate) fn answer_key(
    context: &Context,
    key: &str,
    (status, answer): (StatusCode, &str),
    now: Timestamp,
) -> Call {
    let values = vec![
        journal::text(key),
        journal::text(context.body.as_deref().unwrap_or_default()),
        Datum::Int(status.as_u16().into()),
        journal::text(answer),
        journal::instant(now),
    ];
    journal::call(&context.journal.keys.answer, values, false)
}
