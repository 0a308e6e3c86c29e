//! A route whose answers are kept.
//!
//! Role: looks for an answer behind the guard; where there is none, computes it once for all who wait for the same.
//! Invariant: every request is judged by the database before it gets an answer; an answer is kept only under the state
//! of things that was noted before it was read.
//! Not here: what an answer is found by (`transaction::run::recalled`), what makes one old (`cache`).

use super::{Asking, execute};
use crate::cache::{Answers, Kept, Turn};
use crate::fault::Fault;
use crate::frame;
use crate::input::Input;
use crate::permit::Permit;
use crate::reply::{Found, Reply, tag};
use crate::runtime::Runtime;
use crate::transaction::{Missed, Outcome, Recall, Recalled, Transaction, Work};
use backflow_plan::model::Cache;
use http::StatusCode;
use std::sync::Arc;

impl Asking<'_> {
    /// Answers from what is kept, or keeps the answer.
    pub(super) async fn recall(
        mut self,
        runtime: &Runtime,
        permit: Permit,
        (answers, cache): (&Arc<Answers>, &Cache),
        input: &Input,
    ) -> Result<Reply, Fault> {
        let Some(token) = answers.heard(&runtime.store, self.now).await else {
            let (outcome, _) = self.compute(runtime, permit, input, None).await?;
            return Ok(self.reply(&outcome, &tag(&outcome), Found::Computed));
        };
        let look = Recall::Look(Arc::clone(answers), token);
        let look = self.transaction(runtime, input, Some(look));
        let look = execute(runtime, permit, look, self.request_id).await?;
        let missed = match look.into_recalled()? {
            Recalled::Found(kept) => return Ok(self.reply(&kept.outcome, &kept.tag, Found::Kept)),
            Recalled::Missed(missed) => missed,
        };
        // The look has counted the request.
        self.meter = None;
        let mut filling = None;
        if missed.moved {
            answers.doubt();
        } else {
            match answers.fills.enter(&missed.key).await {
                Turn::First(first) => filling = Some(first),
                Turn::Waited => {
                    let version = answers.version(cache, missed.tenant.as_deref());
                    if let Some(kept) = answers.find(&missed.key, version, self.now) {
                        return Ok(self.reply(&kept.outcome, &kept.tag, Found::Kept));
                    }
                }
            }
        }
        let reply = self.fill(runtime, (answers, cache), input, missed).await;
        drop(filling);
        reply
    }

    async fn fill(
        self,
        runtime: &Runtime,
        (answers, cache): (&Arc<Answers>, &Cache),
        input: &Input,
        missed: Missed,
    ) -> Result<Reply, Fault> {
        let version = answers.version(cache, missed.tenant.as_deref());
        let fill = Some(Recall::Fill);
        let (outcome, key) = self.compute(runtime, Permit::judged(), input, fill).await?;
        let tag = tag(&outcome);
        // The caller's role, or the tenant behind its name, may be another one since the look.
        if let Some(key) = key
            && key == missed.key
            && outcome.status == StatusCode::OK
        {
            let current = answers.version(cache, missed.tenant.as_deref());
            let kept = Kept::new(outcome.clone(), tag.clone(), version, (self.now, cache.ttl));
            answers.keep(key, kept, current);
        }
        Ok(self.reply(&outcome, &tag, Found::Computed))
    }

    async fn compute(
        &self,
        runtime: &Runtime,
        permit: Permit,
        input: &Input,
        recall: Option<Recall>,
    ) -> Result<(Outcome, Option<crate::cache::Key>), Fault> {
        let transaction = self.transaction(runtime, input, recall);
        let done = execute(runtime, permit, transaction, self.request_id).await?;
        done.into_filled()
    }

    fn transaction(&self, runtime: &Runtime, input: &Input, recall: Option<Recall>) -> Transaction {
        Transaction::new(Work {
            served: Arc::clone(self.served),
            request_id: Arc::clone(self.request_id),
            frame: frame::fill(self.served, input, self.headers, self.caller),
            params: self.params,
            headers: self.headers,
            caller: self.caller,
            refused: self.refused.clone(),
            key: None,
            meter: self.meter.clone(),
            recall,
            now: self.now,
            ids: Arc::clone(&runtime.ids),
        })
    }

    fn reply(&self, outcome: &Outcome, tag: &http::HeaderValue, found: Found) -> Reply {
        Reply::of(outcome.clone(), self.caller.is_some()).recalled(self.headers, tag, found)
    }
}
