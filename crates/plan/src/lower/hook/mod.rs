//! Webhooks: how their events are verified and told apart, how they find a tenant, and what they do.
//!
//! Role: a webhook of the document becomes a [`Hook`].
//! Invariant: an action whose statements touch rows of tenants is pinned to the tenant of its event, and a webhook
//! with such an action has a way to find it.
//! Not here: the steps of actions; see `work`.

mod action;
mod called;
pub(crate) mod claimed;
mod compared;
mod event;
mod found;
pub(crate) mod marks;
mod signature;
mod signed;
mod tenant;
mod watched;

use super::paths;
use crate::frame::{Frame, Position, TenantView};
use crate::manifest::Events;
use crate::model::Hook;
use crate::project::Project;
use backflow_config::document::Webhook;
use backflow_diag::Diagnostics;

/// How many days an event is kept, if the author does not say.
const KEPT: u32 = 30;

/// What is known of the events of a webhook.
struct Event<'a> {
    doc: &'a Webhook,
    events: Events,
}

/// Checks a webhook and compiles it.
pub(crate) fn lower<'a>(
    project: &'a Project<'a>,
    doc: &'a Webhook,
    facts: &mut Vec<String>,
    out: &mut Diagnostics,
) -> Option<Hook> {
    let path = paths::read(&doc.path, out);
    let event = Event {
        doc,
        events: marks::events(project, doc)
            .cloned()
            .unwrap_or_else(Events::unknown),
    };
    let signature = signature::lower(&event);
    let secrets = signature::secrets(project, doc, out);
    let mut frame = Frame::new(project, Position::Event, TenantView::None);
    let reads = event::reads(&event, &mut frame, out);
    let prepared = action::prepare(project, doc, out);
    let conditions = action::conditions(&mut frame, &prepared, out);
    let declared = doc
        .tenant
        .as_ref()
        .map(|tenant| tenant::declared(project, &mut frame, tenant, out));
    let whole = !matches!(declared, Some(None));
    let finder = project
        .tenancy
        .as_ref()
        .zip(prepared.iter().find(|one| one.bound));
    let finder = finder.map(|(tenancy, _)| {
        let finder = tenant::finder(
            (project, tenancy),
            &event,
            (&mut frame, &prepared),
            declared.flatten(),
        );
        let finds = !whole || tenant::finds(project, &event, &finder);
        if !finds {
            out.push(tenant::never(&event, &prepared));
        }
        (whole && finds).then_some(finder)
    });
    let mut notes = Vec::new();
    let actions: Vec<_> = prepared
        .iter()
        .zip(conditions)
        .map(|(prepared, condition)| action::lower(project, prepared, condition, (&mut notes, out)))
        .collect();
    let noted = notes
        .into_iter()
        .map(|note| format!("webhook {}: {note}", doc.name.value));
    facts.extend(noted);
    let actions: Option<Vec<_>> = actions.into_iter().collect();
    let finder = match finder {
        Some(finder) => Some(finder?),
        None => None,
    };
    Some(Hook {
        name: doc.name.value.clone(),
        provider: doc.provider.value.clone(),
        path: path?,
        signature: signature?,
        secrets: secrets?,
        frame: frame.sources,
        reads: reads?,
        finder,
        actions: actions?,
        keep_days: doc.keep_days.as_ref().map_or(KEPT, |days| days.value),
    })
}
