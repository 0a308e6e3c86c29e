//! A compiled workflow.
//!
//! Role: steps of all kinds in order. Database steps that stand side by side are one transaction; a provider's
//! call ends it.
//! Invariant: a workflow of nothing but plain queries is no [`Work`]: its route has them as its own steps.
//! Not here: the journal, retries, what providers answer; the engine's.

use super::{Answer, Place, Results, Shape, Source, Step};
use crate::manifest::{ParamKind, Repeat};
use backflow_expr::{Program, Slot};

/// What a workflow does.
#[derive(Debug, Clone)]
pub struct Work {
    /// Its steps, in order.
    pub steps: Vec<WorkStep>,
    /// How long its caller waits for the end, in milliseconds.
    pub timeout: u64,
    /// Whether the same request while it runs is the same run.
    pub join: bool,
    /// Some step calls a provider: runs are rows, and outlive their process.
    pub durable: bool,
    /// The slots with everything that it reads of its request; with route, caller and tenant they tell whether
    /// two requests mean the same.
    pub intent: Vec<Slot>,
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
    /// One query: its statements in order, with checks of parents and counts before it.
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
    /// Whether rows of a tenant are read or written: whoever starts it must name one.
    pub place: Place,
    /// What its input must look like.
    pub input: super::BodyRule,
    /// Where the values of expressions come from.
    pub frame: Vec<Source>,
    /// What it does.
    pub work: Work,
    /// What it answers.
    pub answer: Answer,
}
