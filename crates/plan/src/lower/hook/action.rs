//! What an event does.
//!
//! Role: each action's workflow, with the tenant of its event.
//! Invariant: nothing of an action is known where its condition is asked: neither tenant nor steps.
//! Not here: how the tenant is found; see `tenant`.

use super::{called, compared, watched};
use crate::frame::{Frame, Position, TenantView};
use crate::lower::flow::Setting;
use crate::lower::{answer, guard, whole, work};
use crate::model::{Answer, HookAction, Place, Shape, Source};
use crate::project::Project;
use crate::prove::{Flow, Kind};
use crate::tenancy::Tenancy;
use backflow_config::document::{Webhook, WebhookAction};
use backflow_diag::{Diagnostics, Span};
use backflow_expr::{Key, Program, Slot, Value, parse_condition};

/// An action whose queries are read and proved.
pub(super) struct Prepared<'a> {
    name: String,
    mark: String,
    doc: &'a WebhookAction,
    draft: work::Draft<'a>,
    kinds: Vec<Kind>,
    /// It runs in the tenant of its event.
    pub(super) bound: bool,
}

impl Prepared<'_> {
    /// The paths of the payload that its queries compare with a tenant.
    pub(super) fn compared(&self, tenancy: &Tenancy) -> Vec<Vec<Key>> {
        let queries = self.draft.queries();
        queries
            .flat_map(|(_, query)| compared::paths(tenancy, query))
            .collect()
    }

    /// Where it needs a tenant.
    pub(super) fn place(&self) -> Span {
        let mut kinds = self.draft.queries().zip(&self.kinds);
        let first = kinds.find(|(_, kind)| **kind == Kind::System);
        first.map_or(self.doc.span, |((_, query), _)| query.place())
    }
}

/// Reads all actions.
pub(super) fn prepare<'a>(
    project: &'a Project<'a>,
    doc: &'a Webhook,
    out: &mut Diagnostics,
) -> Vec<Prepared<'a>> {
    let mut all = Vec::new();
    for (mark, action) in called::marks(&doc.actions).into_iter().zip(&doc.actions) {
        let name = format!("webhook {} {mark}", doc.name.value);
        let draft = work::Draft::read(project, &action.workflow, &whole::Source::nothing(), out);
        let kinds = draft.decide(Flow::system(project, name.clone()), out);
        all.push(Prepared {
            bound: kinds.contains(&Kind::System) || draft.reads_tenant(),
            name,
            mark,
            doc: action,
            draft,
            kinds,
        });
    }
    all
}

/// The conditions of actions, in the event's frame; an inner `None` is a fault.
pub(super) fn conditions<'a>(
    frame: &mut Frame<'a>,
    prepared: &[Prepared<'a>],
    out: &mut Diagnostics,
) -> Vec<Option<Option<Program>>> {
    let mut all = Vec::new();
    for Prepared { doc, .. } in prepared {
        all.push(doc.condition.as_ref().map(|text| {
            let expr = parse_condition(text, out)?;
            frame.condition(&expr, out)
        }));
    }
    all
}

/// Compiles an action.
pub(super) fn lower<'a>(
    project: &'a Project<'a>,
    prepared: &Prepared<'a>,
    condition: Option<Option<Program>>,
    (notes, out): (&mut Vec<String>, &mut Diagnostics),
) -> Option<HookAction> {
    let workflow = &prepared.doc.workflow;
    let tenancy = project.tenancy.as_ref().filter(|_| prepared.bound);
    let view = tenancy.map_or(TenantView::None, |_| TenantView::One);
    let mut frame = Frame::new(project, Position::Hook, view);
    let setting = Setting::system(project);
    let drafted = (&prepared.draft, prepared.kinds.as_slice());
    let steps = work::lower(&setting, &mut frame, drafted, (notes, out));
    let answer = match &workflow.response {
        Some(response) => answer::lower(&mut frame, Some(response), out),
        None => Answer::Template(Shape::Constant(Value::Null)),
    };
    let place = tenancy.map_or(Place::Nowhere, |tenancy| {
        Place::Named(Box::new(guard::tenant(project, tenancy, &frame)))
    });
    let condition = match condition {
        Some(condition) => Some(condition?),
        None => None,
    };
    let steps = work::close(project, &frame, steps?);
    let work = work::route::work(workflow, steps, None, &frame, &answer);
    let compared = tenancy.map(|tenancy| prepared.compared(tenancy));
    Some(HookAction {
        name: prepared.name.clone(),
        mark: prepared.mark.clone(),
        condition,
        place,
        work,
        answer,
        completed: completed(&frame.sources, &compared.unwrap_or_default()),
        watched: watched::of(project, drafted),
        frame: frame.sources,
    })
}

/// The slots of paths that are compared with the tenant.
fn completed(frame: &[Source], compared: &[Vec<Key>]) -> Vec<Slot> {
    let is_compared = |source: &Source| matches!(source, Source::Body(keys) if compared.contains(keys));
    let slots = frame.iter().enumerate().filter(|(_, source)| is_compared(source));
    slots
        .filter_map(|(at, _)| u32::try_from(at).ok().map(Slot))
        .collect()
}
