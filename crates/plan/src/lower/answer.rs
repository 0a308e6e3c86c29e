//! What a route answers.
//!
//! Invariant: an answer that cannot be made is a fault here, never an empty body later.
//! Not here: rendering; see the engine.

use super::value::shape;
use crate::frame::Frame;
use crate::model::Answer;
use backflow_config::tree::Node;
use backflow_diag::{Diagnostic, Diagnostics, codes};

/// The `response` template, or the last step.
pub(crate) fn lower(frame: &mut Frame<'_>, response: Option<&Node>, out: &mut Diagnostics) -> Answer {
    match response {
        None => Answer::LastStep,
        Some(node) => shape(frame, node, out).map_or(Answer::LastStep, Answer::Template),
    }
}

/// Warns of results that have a name which nobody reads.
pub(crate) fn report_unread(frame: &Frame<'_>, answers: usize, out: &mut Diagnostics) {
    for (index, result) in frame.results.iter().enumerate() {
        let (Some(name), false) = (&result.name, result.read) else {
            continue;
        };
        let is_hidden = frame.find_result(name) != Some(index);
        if result.table.is_none() || index == answers || is_hidden {
            continue;
        }
        out.push(
            Diagnostic::new(
                codes::UNREAD_RESULT,
                format!("nobody reads the result `{}`", name.value),
            )
            .at(name.span, "named, but not read, and not the answer")
            .help(format!(
                "read it as `{{{{results.{}.…}}}}`, or take the name away",
                name.value
            )),
        );
    }
}
