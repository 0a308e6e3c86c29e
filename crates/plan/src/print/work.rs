//! Workflows as text.
//!
//! Invariant: steps with the number of one transaction commit together.
//! Not here: their statements, which print like those of routes.

use super::{answer, body, frame, line, shape, step};
use crate::manifest::Repeat;
use crate::model::{Call, PathPattern, Place, Work, WorkAction, WorkStep, Workflow};
use crate::report;

/// A workflow that stands alone.
pub(super) fn alone(workflow: &Workflow) -> String {
    let mut text = String::new();
    line(&mut text, 0, &format!("workflow {}", workflow.name));
    line(
        &mut text,
        1,
        &format!(
            "place: {}",
            report::place_of(&workflow.place, &PathPattern(Vec::new()))
        ),
    );
    if let Place::Named(row) = &workflow.place {
        line(&mut text, 2, &row.statement.text);
    }
    body(&mut text, &workflow.input, "input");
    frame(&mut text, &workflow.frame, &PathPattern(Vec::new()));
    steps(&mut text, &workflow.work);
    answer(&mut text, &workflow.answer);
    text
}

/// How a workflow runs, and its steps by transaction.
pub(super) fn steps(text: &mut String, work: &Work) {
    let (durable, patience) = (self::durable(work), time(work.timeout));
    line(text, 1, &format!("run: {durable}, waited for {patience}"));
    let read: Vec<String> = work.intent.iter().map(|slot| format!("${}", slot.0)).collect();
    let same = match (work.join, read.as_slice()) {
        (false, _) => "each request is its own".to_owned(),
        (true, []) => "the same for every request of a caller".to_owned(),
        (true, read) => format!("the same for the same {}", read.join(", ")),
    };
    line(text, 2, &same);
    if let Some(given) = &work.input {
        line(text, 1, &format!("input: {}", shape(&given.shape)));
        body(text, &given.rule, "input must be");
    }
    transactions(text, work);
}

/// The steps of a workflow by transaction.
pub(super) fn transactions(text: &mut String, work: &Work) {
    let mut number = 0;
    for group in work.groups() {
        let steps = work.steps.get(group).unwrap_or_default();
        let database = |step: &WorkStep| matches!(step.action, WorkAction::Database(_));
        number += usize::from(steps.iter().any(database));
        for step in steps {
            let within = database(step).then_some(number);
            self::one(text, step, within);
        }
    }
}

/// Whether a run is kept.
pub(super) fn durable(work: &Work) -> &'static str {
    if work.durable {
        "kept in a journal"
    } else {
        "not kept"
    }
}

/// A step; `within`: the number of its transaction.
fn one(text: &mut String, work: &WorkStep, within: Option<usize>) {
    let within = within.map_or_else(String::new, |number| format!(", transaction {number}"));
    // Steps without an id of their own are counted: `step 2`.
    let name = if work.id.contains(' ') {
        work.id.clone()
    } else {
        format!("step {}", work.id)
    };
    line(text, 1, &format!("{name}{within}: {}", what(&work.action)));
    if let Some(condition) = &work.condition {
        line(text, 2, &format!("only if {condition}"));
    }
    match &work.action {
        WorkAction::Database(statements) => {
            for (index, statement) in statements.iter().enumerate() {
                if index + 1 < statements.len() {
                    line(text, 2, "counted by");
                }
                step(text, statement);
            }
        }
        WorkAction::Call(call) => self::call(text, call),
        WorkAction::Refuse(_) | WorkAction::Lock(_) => {}
    }
    if work.retry.attempts > 1 {
        let pause = time(work.retry.backoff);
        line(
            text,
            2,
            &format!("tried {} times, first pause {pause}", work.retry.attempts),
        );
    }
    if let Some(timeout) = work.timeout {
        line(text, 2, &format!("each try at most {}", time(timeout)));
    }
    if work.tolerated {
        line(text, 2, "goes on if it fails");
    }
    if let Some(undo) = &work.compensate {
        line(text, 2, &format!("undone by {}.{}", undo.provider, undo.action));
        self::call(text, undo);
    }
}

fn what(action: &WorkAction) -> String {
    match action {
        WorkAction::Database(steps) => steps.last().map_or_else(String::new, |step| step.kind.clone()),
        WorkAction::Call(call) => format!("calls {}.{}", call.provider, call.action),
        WorkAction::Refuse(refuse) => {
            let said = [("code", &refuse.code), ("message", &refuse.message)];
            let said = said
                .iter()
                .filter_map(|(key, program)| Some(format!(", {key} {}", program.as_ref()?)));
            format!("ends with {}{}", refuse.status, said.collect::<String>())
        }
        WorkAction::Lock(program) => format!("one run at a time for {program}"),
    }
}

fn call(text: &mut String, call: &Call) {
    line(text, 2, &shape(&call.params));
    if !call.required.is_empty() {
        let names: Vec<&str> = call.required.iter().map(|(name, _)| name.as_str()).collect();
        line(text, 3, &format!("must be there: {}", names.join(", ")));
    }
    line(
        text,
        3,
        match call.repeat {
            Repeat::Keyed => "sent twice it is done once, by its key",
            Repeat::Harmless => "sent twice it is as if sent once",
            Repeat::Doubled => "sent twice it is done twice",
        },
    );
    for (path, slot) in &call.results.paths {
        let path: String = path.iter().map(ToString::to_string).collect();
        line(text, 3, &format!("result{path} → ${}", slot.0));
    }
}

fn time(milliseconds: u64) -> String {
    if milliseconds.is_multiple_of(1000) {
        format!("{} s", milliseconds / 1000)
    } else {
        format!("{milliseconds} ms")
    }
}
