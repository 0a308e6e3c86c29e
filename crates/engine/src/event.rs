//! What the engine tells the log.
//!
//! Role: the one place that emits events, with names that do not change.
//! Invariant: no value of a request, no token, no secret is ever in an event.
//! Not here: where events go; the binary decides.

use crate::fault::Fault;
use crate::hook::Event;
use backflow_plan::model::{Route, Step};

/// A request was refused, or failed.
pub(crate) fn refused(request_id: &str, route: &str, fault: &Fault) {
    let (status, code, why) = (fault.status().as_u16(), fault.code_text(), fault.private_text());
    if status >= 500 {
        tracing::error!(request_id, route, status, code, why, "request failed");
    } else {
        tracing::info!(request_id, route, status, code, why, "request refused");
    }
}

/// A refusal under a caller's key could not be kept; the same request will be tried anew.
pub(crate) fn refusal_not_kept(request_id: &str) {
    tracing::warn!(request_id, "refusal under an Idempotency-Key was not kept");
}

/// The condition of a query did not hold.
pub(crate) fn skipped(request_id: &str, step: &Step) {
    tracing::debug!(request_id, step = %step.label, "query skipped");
}

/// The condition of a workflow's step did not hold.
pub(crate) fn step_skipped(request_id: &str, step: &str) {
    tracing::debug!(request_id, step, "step skipped");
}

/// A transaction starts again.
pub(crate) fn run_again(request_id: &str, route: &Route) {
    tracing::debug!(request_id, method = route.method.as_str(), path = %route.path, "transaction starts again");
}

/// A caller cannot be kept in the directory of users.
pub(crate) fn not_in_directory(request_id: &str, why: &'static str) {
    tracing::warn!(request_id, why, "caller is not kept in the directory of users");
}

/// What others have changed cannot be learnt: nothing that is kept is given again until it can.
pub(crate) fn changes_unknown(fault: &Fault) {
    let (code, why) = (fault.code_text(), fault.private_text());
    tracing::warn!(
        code,
        why,
        "log of changes cannot be read; answers are computed each time"
    );
}

/// Another version of the project has ended the logging of what this one reads.
pub(crate) fn changes_end() {
    tracing::warn!(
        "changes are not logged any more: another version of the project runs; answers are computed each time"
    );
}

/// Old entries of the log of changes are still there.
pub(crate) fn changes_not_forgotten(fault: &Fault) {
    let (code, why) = (fault.code_text(), fault.private_text());
    tracing::warn!(code, why, "old changes were not forgotten");
}

/// The directory of users could not be written; the request goes on.
pub(crate) fn directory_failed(request_id: &str, fault: &Fault) {
    let (code, why) = (fault.code_text(), fault.private_text());
    tracing::warn!(request_id, code, why, "directory of users was not written");
}

/// A workflow's step failed, and the workflow goes on.
pub(crate) fn step_tolerated(run: &str, step: &str, status: Option<u16>) {
    tracing::warn!(run, step, status, "step failed and is tolerated");
}

/// A run waits for the database.
pub(crate) fn run_waits(run: &str, tries: u32, why: &str) {
    tracing::warn!(run, tries, why, "run waits for the database");
}

/// A run ended otherwise than by its answer.
pub(crate) fn run_ended(run: &str, state: &str, status: u16, why: Option<&str>) {
    tracing::warn!(run, state, status, why, "run ended");
}

/// A run is another worker's now.
pub(crate) fn run_lost(run: &str) {
    tracing::warn!(run, "run was taken over by another worker");
}

/// A run cannot go on here.
pub(crate) fn run_stuck(run: &str, why: &str) {
    tracing::error!(run, why, "run cannot go on");
}

/// A run whose worker is gone goes on here.
pub(crate) fn taken_over(run: &str, name: &str, fence: i64) {
    tracing::info!(run, name, fence, "run taken over");
}

/// A request means the same as an earlier one.
pub(crate) fn joined(request_id: &str, run: &str, state: &str) {
    tracing::info!(request_id, run, state, "request joined a run");
}

/// A provider is asked again.
pub(crate) fn call_again(run: &str, step: &str, tries: u32, status: Option<u16>) {
    tracing::warn!(run, step, tries, status, "provider's call failed");
}

/// A call is made under a new idempotency key.
pub(crate) fn new_key(run: &str, step: &str, epoch: i64) {
    tracing::warn!(
        run,
        step,
        epoch,
        "call left no trace under its old key; it is made under a new one"
    );
}

/// A step could not be undone.
pub(crate) fn not_undone(run: &str, step: &str, why: &str) {
    tracing::error!(run, step, why, "step could not be undone");
}

/// The worker's sign of life did not arrive.
pub(crate) fn no_pulse(why: &str) {
    tracing::warn!(why, "runs could not be kept alive");
}

/// Runs of other workers could not be looked for.
pub(crate) fn no_take_over(why: &str) {
    tracing::warn!(why, "lost runs could not be looked for");
}

/// Old data of runs could not be erased.
pub(crate) fn not_erased(why: &str) {
    tracing::warn!(why, "old runs could not be erased");
}

/// An event of a webhook was kept.
pub(crate) fn event_kept(request_id: &str, event: &Event, state: &str) {
    let (id, hook, kind) = (&*event.id, event.hook.as_str(), event.kind.as_deref());
    tracing::info!(request_id, event = id, hook, kind, state, "event kept");
}

/// A provider asked whether somebody is at the address of a webhook.
pub(crate) fn hook_confirmed(request_id: &str, hook: &str) {
    tracing::info!(request_id, hook, "address of a webhook confirmed");
}

/// An event arrived again.
pub(crate) fn event_duplicate(request_id: &str, hook: &str, event: &str) {
    tracing::info!(request_id, hook, event, "event is here already");
}

/// An event's action comes too late.
pub(crate) fn event_superseded(event: &str, action: &str) {
    tracing::info!(event, action, "action superseded by a newer event");
}

/// An event has no tenant.
pub(crate) fn event_quarantined(event: &str, hook: &str, why: &str) {
    tracing::warn!(event, hook, why, "event has no tenant and waits");
}

/// An event failed.
pub(crate) fn event_failed(event: &str, hook: &str, tries: i64, why: &str, is_dead: bool) {
    match is_dead {
        true => tracing::error!(event, hook, tries, why, "event given up"),
        false => tracing::warn!(event, hook, tries, why, "event failed and waits"),
    }
}

/// Somebody else runs an event now, or it is not known whether it was done.
pub(crate) fn event_lost(event: &str) {
    tracing::warn!(event, "event is left to whoever looks next");
}

/// The events of an object could not be run to their end.
pub(crate) fn object_left(object: &str, why: &str) {
    tracing::warn!(object, why, "events of an object are left to whoever looks next");
}

/// The inbox could not be looked at.
pub(crate) fn inbox_away(why: &str) {
    tracing::warn!(why, "events could not be looked for");
}
