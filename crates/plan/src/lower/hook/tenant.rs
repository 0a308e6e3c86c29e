//! How an event finds its tenant.
//!
//! Role: what the author says, metadata, what is known of the provider's objects, rows with their ids.
//! Invariant: a webhook that needs a tenant has a way to find one, and every way ends at the look-up of the tenant.
//! Not here: what disagrees, and what happens then (the engine).

use super::action::Prepared;
use super::found::{self, rows, told};
use super::{Event, compared, marks};
use crate::draft;
use crate::frame::Frame;
use crate::lower::filter::is_unequal;
use crate::lower::guard;
use crate::model::{Declared, Finder, MetadataKey, RowValueFrom};
use crate::project::Project;
use crate::tenancy::{Scope, Tenancy};
use crate::types;
use backflow_catalog::{ColumnId, TableId};
use backflow_config::document::{StepAction, WebhookRows, WebhookTenant};
use backflow_diag::{Diagnostic, Diagnostics, Spanned, Text, codes};
use backflow_expr::{Program, Template};

/// What the author says; `None`: a fault was reported.
pub(super) fn declared<'a>(
    project: &'a Project<'a>,
    frame: &mut Frame<'a>,
    doc: &'a WebhookTenant,
    out: &mut Diagnostics,
) -> Option<Declared> {
    let Some(tenancy) = &project.tenancy else {
        let span = match doc {
            WebhookTenant::Key(text) => text.span(),
            WebhookTenant::Rows(rows) => rows.table.span,
        };
        let fault = Diagnostic::new(
            codes::NO_EVENT_TENANT,
            "there are no tenants that an event could have",
        )
        .at(span, "names one")
        .help("take `tenant` away, or declare `tenancy`");
        out.push(fault);
        return None;
    };
    match doc {
        WebhookTenant::Key(text) => program(frame, text, out).map(Declared::Key),
        WebhookTenant::Rows(doc) => declared_rows((project, tenancy), frame, doc, out),
    }
}

fn declared_rows<'a>(
    (project, tenancy): (&'a Project<'a>, &Tenancy),
    frame: &mut Frame<'a>,
    doc: &'a WebhookRows,
    out: &mut Diagnostics,
) -> Option<Declared> {
    let table = draft::table(&project.catalog, &doc.table, out)?;
    let Some(tenant) = tenancy.tenant_column(table) else {
        out.push(indirect(project, tenancy, (table, &doc.table)));
        return None;
    };
    let by: Vec<_> = doc
        .by
        .iter()
        .map(|(name, text)| {
            let column = draft::column(&project.catalog, table, name, out);
            let program = program(frame, text, out);
            let (column, program) = column.zip(program)?;
            let fits = judge(project, (table, column), (name, &program), out);
            fits.then_some((column, RowValueFrom::Program(program)))
        })
        .collect();
    let by: Option<Vec<_>> = by.into_iter().collect();
    Some(Declared::Rows(rows(project, (table, tenant), by?)))
}

fn program(frame: &mut Frame<'_>, text: &Text, out: &mut Diagnostics) -> Option<Program> {
    let template = Template::parse(text, out)?;
    frame.template(&template, out)
}

/// Whether a column can equal what a program gives.
fn judge(
    project: &Project<'_>,
    (table, column): (TableId, ColumnId),
    (name, program): (&Spanned<String>, &Program),
    out: &mut Diagnostics,
) -> bool {
    let ty = &project.column(table, column).ty;
    let why = if is_unequal(ty) {
        Some("`json` is kept as it was written, and never equal to another")
    } else {
        types::misfit(program.ty(), ty)
    };
    if let Some(why) = why {
        let message = format!("`{}` can never equal this", name.value);
        out.push(
            Diagnostic::new(codes::TYPE_NOT_ASSIGNABLE, message)
                .at(name.span, "of another type")
                .note(why),
        );
    }
    why.is_none()
}

/// Rows that name no tenant themselves.
fn indirect(
    project: &Project<'_>,
    tenancy: &Tenancy,
    (table, place): (TableId, &Spanned<String>),
) -> Diagnostic {
    let name = &place.value;
    let message = format!("rows of `{name}` do not name their tenant");
    let fault = Diagnostic::new(codes::NO_EVENT_TENANT, message);
    match tenancy.scope(table) {
        Scope::Parent { parent, .. } => {
            let parent = &project.table(*parent).name;
            fault
                .at(place.span, format!("belongs to the tenant of its `{parent}`"))
                .help(format!(
                    "name `{parent}` here if the event tells it apart, or give `{name}` a column with the tenant's key"
                ))
        }
        _ => fault
            .at(place.span, "belongs to no tenant that is known")
            .help("name a table with a column that holds the tenant's key"),
    }
}

/// All ways that there are.
pub(super) fn finder<'a>(
    (project, tenancy): (&'a Project<'a>, &Tenancy),
    event: &Event<'a>,
    (frame, prepared): (&mut Frame<'a>, &[Prepared<'a>]),
    declared: Option<Declared>,
) -> Finder {
    let columns = marks::columns(project, tenancy, event.doc);
    let rows = columns.into_iter().filter_map(|(table, column, object)| {
        let tenant = tenancy.tenant_column(table)?;
        let from = RowValueFrom::Told(told(frame, &event.events, object));
        Some(rows(project, (table, tenant), vec![(column, from)]))
    });
    let rows = rows.collect();
    let carriers = &event.events.carriers;
    let carriers: Vec<_> = carriers
        .iter()
        .flat_map(|object| told(frame, &event.events, object))
        .collect();
    Finder {
        declared,
        metadata: metadata(tenancy, event, (frame, prepared)),
        carriers,
        rows,
        tenant: guard::tenant(project, tenancy, frame),
    }
}

/// Metadata that actions compare with a tenant's column.
fn metadata(
    tenancy: &Tenancy,
    event: &Event<'_>,
    (frame, prepared): (&mut Frame<'_>, &[Prepared<'_>]),
) -> Vec<MetadataKey> {
    let mut found: Vec<MetadataKey> = Vec::new();
    for path in prepared.iter().flat_map(|one| one.compared(tenancy)) {
        let Some(keys) = compared::metadata_key(&event.events, &path) else {
            continue;
        };
        if found.iter().any(|known| known.keys == keys) {
            continue;
        }
        let homes = compared::homes(&event.events).into_iter();
        let places = homes.map(|home| found::slot(frame, [home, keys.clone()].concat()));
        found.push(MetadataKey {
            places: places.collect(),
            keys,
        });
    }
    found
}

/// Whether some event may find its tenant. What calls of this project put on the provider's objects counts only if
/// there are such calls.
pub(super) fn finds(project: &Project<'_>, event: &Event<'_>, finder: &Finder) -> bool {
    let Finder {
        declared,
        metadata,
        carriers,
        rows,
        tenant: _,
    } = finder;
    let known = !carriers.is_empty() && calls(project, &event.doc.provider.value);
    declared.is_some() || !metadata.is_empty() || !rows.is_empty() || known
}

/// Whether some workflow calls a provider.
fn calls(project: &Project<'_>, provider: &str) -> bool {
    let routes = project
        .document
        .routes
        .iter()
        .filter_map(|route| route.workflow.as_ref());
    let mut steps = routes
        .chain(&project.document.workflows)
        .flat_map(|workflow| &workflow.steps);
    steps.any(|step| matches!(&step.action, StepAction::Integration(ask) if ask.provider.value == provider))
}

/// An action that needs a tenant, in a webhook none of whose events can have one.
pub(super) fn never(event: &Event<'_>, prepared: &[Prepared<'_>]) -> Diagnostic {
    let name = &event.doc.name;
    let message = format!("no event of `{}` can find its tenant", name.value);
    let mut fault = Diagnostic::new(codes::NO_EVENT_TENANT, message);
    if let Some(bound) = prepared.iter().find(|one| one.bound) {
        fault = fault.at(bound.place(), "belongs to a tenant");
    }
    fault = fault.at(name.span, "and nothing here tells which");
    let provider = &event.doc.provider.value;
    let rows = "`\"tenant\": {\"table\": \"…\", \"by\": {\"column\": \"{{payload.…}}\"}}`";
    let fault = fault.note("every event would be put aside, and nothing done");
    if provider == "custom" {
        return fault.help(format!(
            "say whose an event is: `\"tenant\": \"{{{{payload.…}}}}\"`, or {rows}"
        ));
    }
    fault.help(format!(
        "keep the ids of {provider} in a column `{provider}_<object>_id` beside the tenant's key, or say whose an \
         event is: {rows}"
    ))
}
