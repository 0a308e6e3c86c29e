//! What actions are known by.
//!
//! Role: an event notes which of its actions are done; it must know them again in a file that was changed meanwhile.
//! Invariant: two actions of a webhook never have one name; where an action stands in the file is not in its name, unless
//! several are called the same.
//! Not here: what is noted; see the engine.

use backflow_config::document::{Operation, Step, StepAction, WebhookAction};

/// The only step of an action that is written without a workflow.
const SHORT: &str = "action";

/// Of each action the author's name, or what its steps are called. A digest of all that it does would be another one
/// whenever the action is mended, and what is done would be done again.
pub(super) fn marks(actions: &[WebhookAction]) -> Vec<String> {
    let mut known: Vec<String> = Vec::new();
    for action in actions {
        let own = action.name.as_ref().map(|name| name.value.clone());
        let mark = own.unwrap_or_else(|| steps(&action.workflow.steps));
        let numbered = (2..).map(|number| format!("{mark}#{number}"));
        let mut free = std::iter::once(mark.clone()).chain(numbered);
        known.extend(free.find(|mark| !known.contains(mark)));
    }
    known
}

fn steps(steps: &[Step]) -> String {
    let names: Vec<String> = steps.iter().map(step).collect();
    names.join("+")
}

/// The step's id, or what it does if its author gave it none.
fn step(step: &Step) -> String {
    match &step.action {
        _ if step.id.value != SHORT => step.id.value.clone(),
        StepAction::Database(query) => {
            let word = match query.operation.value {
                Operation::Select => "select",
                Operation::Insert => "insert",
                Operation::Upsert => "upsert",
                Operation::Update => "update",
                Operation::Delete => "delete",
            };
            format!("{word}-{}", query.table.value)
        }
        StepAction::Integration(ask) => format!("{}.{}", ask.provider.value, ask.action.value),
        StepAction::Refuse(_) | StepAction::Lock(_) => step.id.value.clone(),
    }
}
