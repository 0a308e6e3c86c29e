//! Steps that are no queries: calls, ends, locks; and what undoes a step.
//!
//! Invariant: every text of a step is compiled where it stands, so that it reads what is there then.
//! Not here: what a provider takes; see `call`.

use super::{OpenAction, OpenWork, call, register};
use crate::frame::{Frame, ResultInfo};
use crate::lower::flow::note_present;
use crate::model::Refuse;
use crate::project::Project;
use backflow_config::document::{Refuse as RefuseDoc, Step as StepDoc, StepAction};
use backflow_diag::{Diagnostic, Diagnostics, Text, codes};
use backflow_expr::{Program, Template, parse_condition};

/// Lowers a step that is no query, and registers its result.
pub(super) fn other<'a>(
    project: &'a Project<'a>,
    frame: &mut Frame<'a>,
    doc: &'a StepDoc,
    (facts, out): (&mut Vec<String>, &mut Diagnostics),
) -> Option<OpenWork<'a>> {
    let expr = doc.condition.as_ref().and_then(|text| parse_condition(text, out));
    let condition = expr.as_ref().and_then(|expr| frame.condition(expr, out));
    note_present(frame, expr.as_ref());
    let (action, info) = match &doc.action {
        StepAction::Integration(ask) => {
            let action = call::find(project, ask, out);
            let lowered = action.and_then(|found| call::lower(project, frame, (ask, found), out));
            facts.push(call::fact(doc, ask));
            facts.extend(doc.compensate.as_ref().map(|undo| call::fact(doc, undo)));
            let known = action.and_then(|(_, action)| call::result(action));
            let info = ResultInfo {
                known,
                ..ResultInfo::default()
            };
            (lowered.map(|call| OpenAction::Call(Box::new(call))), info)
        }
        StepAction::Refuse(said) => {
            let refuse = refuse(frame, said, out);
            (
                refuse.map(|refuse| OpenAction::Refuse(Box::new(refuse))),
                ResultInfo::default(),
            )
        }
        StepAction::Lock(text) => {
            let template = Template::parse(text, out);
            let program = template.and_then(|template| frame.template(&template, out));
            (program.map(OpenAction::Lock), ResultInfo::default())
        }
        StepAction::Database(_) => (None, ResultInfo::default()),
    };
    frame.present.clear();
    let result = register(frame, doc, info);
    if let (false, Some(info)) = (
        matches!(doc.action, StepAction::Integration(_)),
        frame.results.last_mut(),
    ) {
        // There is nothing to read.
        info.name = None;
    }
    let missing = doc.condition.is_some() && condition.is_none();
    Some(OpenWork {
        doc,
        result,
        condition,
        action: action.filter(|_| !missing)?,
        compensate: None,
    })
}

/// Adds what is called if the workflow ends badly after this step was done. It may read the step's result.
pub(super) fn undone<'a>(
    project: &'a Project<'a>,
    frame: &mut Frame<'a>,
    mut work: OpenWork<'a>,
    out: &mut Diagnostics,
) -> Option<OpenWork<'a>> {
    let Some(ask) = &work.doc.compensate else {
        return Some(work);
    };
    // It is only called if the step was done.
    frame.present.push(work.result);
    let later = std::mem::take(&mut frame.later);
    let action = call::find(project, ask, out);
    let lowered = action.and_then(|found| call::lower(project, frame, (ask, found), out));
    frame.later = later;
    frame.present.clear();
    work.compensate = Some(Box::new(lowered?));
    Some(work)
}

fn refuse(frame: &mut Frame<'_>, doc: &RefuseDoc, out: &mut Diagnostics) -> Option<Refuse> {
    let code = doc.code.as_ref().map(|text| said(frame, text, out));
    let message = doc.message.as_ref().map(|text| said(frame, text, out));
    let fits = |program: &Option<Option<Program>>| !matches!(program, Some(None));
    (fits(&code) && fits(&message)).then(|| Refuse {
        status: u16::try_from(doc.status.value).unwrap_or(u16::MAX),
        code: code.flatten(),
        message: message.flatten(),
    })
}

/// A text that callers see.
fn said(frame: &mut Frame<'_>, text: &Text, out: &mut Diagnostics) -> Option<Program> {
    let template = Template::parse(text, out)?;
    let program = frame.template(&template, out)?;
    if program.ty().secret {
        out.push(
            Diagnostic::new(codes::SECRET_LEAK, "a secret would leave the server")
                .at(text.span(), "is told to the caller")
                .help("if it is no secret: list the variable under `publicEnv`"),
        );
    }
    Some(program)
}
