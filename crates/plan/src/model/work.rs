//! A compiled workflow.
//!
//! Role: steps of all kinds in order. Database steps that stand side by side are one transaction; a provider's
//! call ends it.
//! Invariant: a workflow of nothing but plain queries is no [`Work`]: its route has them as its own steps.
//! Not here: the journal, retries, what providers answer; the engine's.

use super::{Answer, BodyRule, Place, Results, Shape, Source, Step};
use crate::manifest::{ParamKind, Repeat};
use backflow_expr::{Program, Slot};
use backflow_sql::ir::Statement;
use std::ops::Range;
use std::sync::Arc;

/// What a workflow does.
#[derive(Debug, Clone)]
pub struct Work {
    /// What a route gives a workflow that stands alone; `None`: the workflow is the route's own.
    pub input: Option<Given>,
    /// Its steps, in order.
    pub steps: Vec<WorkStep>,
    /// How long its caller waits for the end, in milliseconds.
    pub timeout: u64,
    /// Whether the same request while it runs is the same run.
    pub join: bool,
    /// Some step calls a provider: runs are rows, and outlive their process.
    pub durable: bool,
    /// The slots with everything that it reads of its request, or of what it was given ([`Source::Input`]: once
    /// that is filled); with route, caller and tenant they tell whether two requests mean the same.
    pub intent: Vec<Slot>,
}

/// What a workflow that stands alone is given. It is computed and judged before anything is done, and fills the
/// slots of [`Source::Input`].
#[derive(Debug, Clone)]
pub struct Given {
    /// Its value.
    pub shape: Shape,
    /// What it must look like; what does not is refused as a body is, and undeclared members are dropped.
    pub rule: BodyRule,
}

impl Work {
    /// The positions of the steps that belong together: database steps up to a call, with what stands between
    /// them, are one transaction; a call is alone. A lock begins a group, so that it is not waited for inside of
    /// a transaction.
    #[must_use]
    pub fn groups(&self) -> Vec<Range<usize>> {
        let mut groups: Vec<Range<usize>> = Vec::new();
        let mut open = false;
        for (index, step) in self.steps.iter().enumerate() {
            let (joins, stays) = match step.action {
                WorkAction::Call(_) => (false, false),
                WorkAction::Lock(_) => (false, true),
                WorkAction::Database(_) | WorkAction::Refuse(_) => (open, true),
            };
            match groups.last_mut().filter(|_| joins) {
                Some(last) => last.end = index + 1,
                None => groups.push(index..index + 1),
            }
            open = stays;
        }
        groups
    }

    /// The statements of its queries.
    pub(super) fn statements(&self) -> impl Iterator<Item = &Arc<Statement>> {
        let queries = self.steps.iter().filter_map(|step| match &step.action {
            WorkAction::Database(steps) => Some(steps),
            _ => None,
        });
        queries.flatten().flat_map(Step::statements)
    }
}

/// A step of a workflow.
#[derive(Debug, Clone)]
pub struct WorkStep {
    /// Its id.
    pub id: String,
    /// Where it stands, for messages: `steps.create-customer`.
    pub label: String,
    /// It runs only if this is truthy.
    pub condition: Option<Program>,
    /// How often it is tried.
    pub retry: Retry,
    /// How long one try may take, in milliseconds.
    pub timeout: Option<u64>,
    /// Its failure does not end the workflow (`"onError": "continue"`): its result is null then.
    pub tolerated: bool,
    /// What is called if the workflow ends badly after this step was done.
    pub compensate: Option<Box<Call>>,
    /// What it does.
    pub action: WorkAction,
}

/// How often a step is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// All tries together; the first counts.
    pub attempts: u32,
    /// The pause before the second, in milliseconds; it doubles, with jitter.
    pub backoff: u64,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum WorkAction {
    /// One query: its statements in order, a count of its rows before it. Their condition is the step's.
    Database(Vec<Step>),
    /// A call to a provider.
    Call(Box<Call>),
    /// The end, with this answer.
    Refuse(Box<Refuse>),
    /// Only one run at a time for each value.
    Lock(Program),
}

/// A call to a provider.
#[derive(Debug, Clone)]
pub struct Call {
    /// The provider.
    pub provider: String,
    /// The action.
    pub action: String,
    /// The parameters: an object; undefined members are left out.
    pub params: Shape,
    /// Parameters that must be there, of their kind, neither null nor empty.
    pub required: Vec<(String, ParamKind)>,
    /// What happens if it is sent twice.
    pub repeat: Repeat,
    /// What expressions read of its result; there are no cells.
    pub results: Results,
}

/// An end that the author wrote.
#[derive(Debug, Clone)]
pub struct Refuse {
    /// Its status, 400 to 599.
    pub status: u16,
    /// `code`; `refused` without it.
    pub code: Option<Program>,
    /// `message`
    pub message: Option<Program>,
}

/// A stand-alone workflow.
#[derive(Debug, Clone)]
pub struct Workflow {
    /// Its name.
    pub name: String,
    /// Whether rows of a tenant are read or written: whoever starts it must name one ([`Place::Named`]).
    pub place: Place,
    /// What its input must look like; it fills the slots of [`Source::Input`].
    pub input: BodyRule,
    /// Where the values of expressions come from.
    pub frame: Vec<Source>,
    /// What it does.
    pub work: Work,
    /// What it answers.
    pub answer: Answer,
}

#[cfg(test)]
mod tests {
    use super::*;
    use backflow_expr::Value;

    fn work(actions: Vec<WorkAction>) -> Work {
        let steps = actions.into_iter().map(|action| WorkStep {
            id: String::new(),
            label: String::new(),
            condition: None,
            retry: Retry {
                attempts: 1,
                backoff: 1,
            },
            timeout: None,
            tolerated: false,
            compensate: None,
            action,
        });
        Work {
            input: None,
            steps: steps.collect(),
            timeout: 1,
            join: true,
            durable: true,
            intent: Vec::new(),
        }
    }

    #[test]
    fn a_call_ends_a_transaction_and_a_lock_begins_one() {
        let rows = || WorkAction::Database(Vec::new());
        let lock = || WorkAction::Lock(Program::constant(Value::Null));
        let end = || {
            WorkAction::Refuse(Box::new(Refuse {
                status: 409,
                code: None,
                message: None,
            }))
        };
        let call = || {
            WorkAction::Call(Box::new(Call {
                provider: String::new(),
                action: String::new(),
                params: Shape::Object(Vec::new()),
                required: Vec::new(),
                repeat: Repeat::Keyed,
                results: Results::default(),
            }))
        };
        assert_eq!(
            work(vec![rows(), end(), rows(), call(), rows()]).groups(),
            [0..3, 3..4, 4..5]
        );
        assert_eq!(work(vec![rows(), lock(), rows(), rows()]).groups(), [0..1, 1..4]);
        assert_eq!(
            work(vec![call(), call(), end(), rows()]).groups(),
            [0..1, 1..2, 2..4]
        );
        assert!(work(Vec::new()).groups().is_empty());
    }
}
