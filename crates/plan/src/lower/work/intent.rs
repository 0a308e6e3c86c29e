//! What a workflow reads of its request.
//!
//! Invariant: everything that can make two requests mean different things is among the slots; who sends them, and
//! in which tenant, is compared besides.
//! What a route gives is compared as it was sent; a whole body that is given only as far as it is read.
//! Not here: comparing.

use crate::model::{Answer, Call, Given, Refuse, Shape, Source, WorkAction, WorkStep};
use backflow_expr::{Program, Slot};
use std::collections::BTreeSet;

/// The slots of the request that steps, input and answer read.
pub(crate) fn intent(
    steps: &[WorkStep],
    input: Option<&Given>,
    answer: &Answer,
    frame: &[Source],
) -> Vec<Slot> {
    let mut read: BTreeSet<Slot> = steps.iter().flat_map(of_step).collect();
    let given = input.filter(|given| !is_whole_body(given, frame));
    read.extend(given.into_iter().flat_map(|given| given.shape.slots()));
    if let Answer::Template(shape) = answer {
        read.extend(shape.slots());
    }
    read.retain(|slot| match frame.get(slot.0 as usize) {
        Some(Source::Input(_)) => given.is_none(),
        Some(source) => is_of_request(source),
        None => false,
    });
    read.into_iter().collect()
}

fn is_whole_body(given: &Given, frame: &[Source]) -> bool {
    let Shape::Program(program) = &given.shape else {
        return false;
    };
    let source = program.as_slot().and_then(|slot| frame.get(slot.0 as usize));
    matches!(source, Some(Source::Body(keys)) if keys.is_empty())
}

fn is_of_request(source: &Source) -> bool {
    match source {
        Source::Param(_) | Source::Query(_) | Source::Body(_) | Source::Header(_) => true,
        Source::Claim(keys) => keys.first().and_then(|key| key.as_name()) != Some("sub"),
        _ => false,
    }
}

fn of_step(step: &WorkStep) -> Vec<Slot> {
    let mut slots = programs(step.condition.as_ref());
    if let Some(call) = &step.compensate {
        slots.extend(of_call(call));
    }
    slots.extend(match &step.action {
        WorkAction::Database(steps) => steps
            .iter()
            .flat_map(|step| {
                let binds = step.binds.iter().flat_map(|bind| bind.value.slots());
                binds.chain(programs(step.condition.as_ref())).collect::<Vec<_>>()
            })
            .collect(),
        WorkAction::Call(call) => of_call(call),
        WorkAction::Refuse(refuse) => {
            let Refuse {
                status: _,
                code,
                message,
            } = refuse.as_ref();
            [code, message]
                .into_iter()
                .flat_map(|said| programs(said.as_ref()))
                .collect()
        }
        WorkAction::Lock(program) => program.slots().collect(),
    });
    slots
}

fn of_call(call: &Call) -> Vec<Slot> {
    Shape::slots(&call.params)
}

fn programs(program: Option<&Program>) -> Vec<Slot> {
    program.into_iter().flat_map(Program::slots).collect()
}
