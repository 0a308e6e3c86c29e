//! Webhooks: checked, and their paths answered.
//!
//! Invariant: everything that a webhook holds is checked, though none runs.
//! Not here: the steps of its actions; see `work`.

use super::flow::Setting;
use super::value::shape;
use super::{answer, paths, whole, work};
use crate::frame::{Frame, Position, TenantView};
use crate::model::Hook;
use crate::project::Project;
use crate::prove::Flow;
use backflow_config::document::Webhook;
use backflow_diag::{Diagnostic, Diagnostics, codes};
use backflow_expr::{Template, parse_condition};

/// Checks a webhook and gives its path.
pub(crate) fn lower<'a>(
    project: &'a Project<'a>,
    doc: &'a Webhook,
    facts: &mut Vec<String>,
    out: &mut Diagnostics,
) -> Option<Hook> {
    let path = paths::read(&doc.path, out);
    let mut notes = Vec::new();
    let frame = || Frame::new(project, Position::Hook, TenantView::None);
    for secret in &doc.secrets {
        if let Some(template) = Template::parse(secret, out) {
            let _ = frame().template(&template, out);
        }
    }
    if let Some(tenant) = &doc.tenant {
        let _ = shape(&mut frame(), tenant, out);
    }
    for action in &doc.actions {
        let mut frame = frame();
        if let Some(expr) = action
            .condition
            .as_ref()
            .and_then(|text| parse_condition(text, out))
        {
            let _ = frame.condition(&expr, out);
        }
        let draft = work::Draft::read(project, &action.workflow, &whole::Source::nothing(), out);
        let flow = Flow::system(project, format!("webhook {}", doc.name.value));
        let kinds = draft.decide(flow, out);
        let setting = Setting::system(project);
        let _ = work::lower(&setting, &mut frame, (&draft, &kinds), (&mut notes, out));
        let _ = answer::lower(&mut frame, action.workflow.response.as_ref(), out);
    }
    facts.extend(
        notes
            .into_iter()
            .map(|note| format!("webhook {}: {note}", doc.name.value)),
    );
    let path = path?;
    out.push(
        Diagnostic::new(codes::NOT_SERVED_YET, "webhooks do not run in this version").at(
            doc.name.span,
            format!("`POST {path}` is checked, and answers 501"),
        ),
    );
    let unavailable = Some("webhooks do not run in this version".to_owned());
    Some(Hook {
        name: doc.name.value.clone(),
        path,
        unavailable,
    })
}
