//! Webhooks: how their events are verified, what they say of themselves, and what they do.
//!
//! Invariant: an action whose statements touch rows of tenants is pinned to the tenant of its event.
//! Not here: the steps of its actions; see `work`.

use super::flow::Setting;
use super::{guard, paths, work};
use crate::frame::{Frame, Position, TenantView};
use crate::manifest::{Events, Signature};
use crate::model::{Answer, Hook, HookAction, Place, Reads, Secrets, Shape};
use crate::project::Project;
use crate::prove::{Flow, Kind};
use backflow_config::document::{Webhook, WebhookAction};
use backflow_diag::Diagnostics;
use backflow_expr::{Template, Value, parse_condition};

/// Checks a webhook and compiles it.
pub(crate) fn lower<'a>(
    project: &'a Project<'a>,
    doc: &'a Webhook,
    facts: &mut Vec<String>,
    out: &mut Diagnostics,
) -> Option<Hook> {
    let path = paths::read(&doc.path, out);
    let mut notes = Vec::new();
    let mut frame = Frame::new(project, Position::Hook, TenantView::None);
    let secrets = secrets(project, doc, out);
    let mut actions = Vec::new();
    for (index, action) in doc.actions.iter().enumerate() {
        let name = format!("webhook {} #{}", doc.name.value, index + 1);
        actions.push(self::action(
            project,
            &mut frame,
            (name, action),
            (&mut notes, out),
        ));
    }
    facts.extend(
        notes
            .into_iter()
            .map(|note| format!("webhook {}: {note}", doc.name.value)),
    );
    let actions: Option<Vec<_>> = actions.into_iter().collect();
    Some(Hook {
        name: doc.name.value.clone(),
        provider: doc.provider.value.clone(),
        path: path?,
        signature: Events::unknown().signature.unwrap_or(Signature::Stripe),
        secrets: secrets?,
        frame: frame.sources,
        reads: Reads::default(),
        finder: None,
        actions: actions?,
        keep_days: 30,
    })
}

fn secrets<'a>(project: &'a Project<'a>, doc: &'a Webhook, out: &mut Diagnostics) -> Option<Secrets> {
    let mut frame = Frame::new(project, Position::Settings, TenantView::None);
    let mut values = Vec::new();
    for secret in &doc.secrets {
        let template = Template::parse(secret, out);
        values.push(template.and_then(|template| frame.template(&template, out)));
    }
    let values: Option<Vec<_>> = values.into_iter().collect();
    Some(Secrets {
        values: values?,
        frame: frame.sources,
    })
}

fn action<'a>(
    project: &'a Project<'a>,
    event: &mut Frame<'a>,
    (name, doc): (String, &'a WebhookAction),
    (notes, out): (&mut Vec<String>, &mut Diagnostics),
) -> Option<HookAction> {
    let condition = match &doc.condition {
        None => None,
        Some(text) => Some(parse_condition(text, out).and_then(|expr| event.condition(&expr, out))),
    };
    let draft = work::Draft::read(project, &doc.workflow, &super::whole::Source::nothing(), out);
    let kinds = draft.decide(Flow::system(project, name.clone()), out);
    let bound = kinds.contains(&Kind::System) || draft.reads_tenant();
    let view = match &project.tenancy {
        Some(_) if bound => TenantView::One,
        _ => TenantView::None,
    };
    let mut frame = Frame::new(project, Position::Hook, view);
    let setting = Setting::system(project);
    let steps = work::lower(&setting, &mut frame, (&draft, &kinds), (notes, out));
    let answer = Answer::Template(Shape::Constant(Value::Null));
    let place = match (&project.tenancy, view) {
        (Some(tenancy), TenantView::One) => Place::Named(Box::new(guard::tenant(project, tenancy, &frame))),
        _ => Place::Nowhere,
    };
    let condition = match condition {
        Some(condition) => Some(condition?),
        None => None,
    };
    let steps = work::close(project, &frame, steps?);
    let work = work::route::work(&doc.workflow, steps, None, &frame, &answer);
    Some(HookAction {
        name,
        condition,
        place,
        frame: frame.sources,
        work,
        answer,
        completed: Vec::new(),
        watched: Vec::new(),
    })
}
