//! A sequence of queries becomes steps.
//!
//! Role: registers results, lowers each query under its kind, then closes the cells and renders the text.
//! Invariant: a query sees only results of queries before it.
//! Not here: routes, workflows and webhooks themselves; they all come through here.

use super::binds::Binds;
use super::cache;
use super::order;
use super::pin::{Anchor, Pins};
use super::query::{self, Lowered, Total};
use super::select::is_grouped;
use super::value::Cx;
use crate::draft::{DraftQuery, implies_result};
use crate::frame::{Frame, ResultInfo};
use crate::model::{Capability, Page, Results, Rows, Step};
use crate::project::Project;
use crate::prove::{Kind, NamedBy};
use backflow_catalog::{ColumnId, TableId};
use backflow_diag::{Diagnostic, Diagnostics, Spanned, codes};
use backflow_expr::{Expr, Key, Program, Slot};
use backflow_sql::ir::{Query, Whose};
use backflow_sql::{SelectItem, SelectList};
use std::sync::Arc;

/// What lowering a sequence needs to know beside the drafts.
pub(crate) struct Setting<'s, 'a> {
    pub(crate) project: &'a Project<'a>,
    pub(crate) named: Option<&'s NamedBy>,
    /// Roles that a `"tenant": "mine"` select asks for.
    pub(crate) roles: Option<Vec<String>>,
    pub(crate) excluded: Vec<&'s str>,
}

impl<'a> Setting<'_, 'a> {
    /// For what no route runs.
    pub(crate) fn system(project: &'a Project<'a>) -> Self {
        Setting {
            project,
            named: None,
            roles: None,
            excluded: Vec::new(),
        }
    }
}

/// A step whose cells are still open.
pub(crate) struct OpenStep {
    step: Step,
    query: Query,
    table: TableId,
    result: usize,
    email: Option<ColumnId>,
    /// Whose rows it writes, if it writes.
    whose: Whose,
    /// What counts its rows, before it.
    total: Option<(Step, Query)>,
}

impl OpenStep {
    /// One of several of which simply the last that ran gives the answer.
    pub(crate) fn answering_by_order(mut self) -> Self {
        self.step.selects = false;
        self
    }

    /// One of several transactions of a run: what an earlier one has made, others may have read meanwhile.
    pub(crate) fn apart(mut self) -> Self {
        if self.whose == Whose::New {
            self.whose = Whose::Any;
        }
        self
    }

    /// The step that counts this one's rows, and puts their number into a slot.
    fn counting(&mut self, total: Total, slot: Slot) -> (Step, Query) {
        self.step.page = Some(Page {
            total: slot,
            offset: total.offset,
        });
        let step = Step {
            binds: total.binds,
            rows: Rows::One,
            results: Results {
                paths: vec![(vec![Key::name(query::TOTAL)], slot)],
                ..Results::default()
            },
            keys: Vec::new(),
            limit: None,
            selects: false,
            counts: true,
            page: None,
            ..self.step.clone()
        };
        (step, total.query)
    }
}

/// Registers the result of a query under its name, before later ones are lowered.
fn register(
    frame: &mut Frame<'_>,
    draft: &DraftQuery<'_>,
    name: Option<Spanned<String>>,
    rows: Rows,
) -> usize {
    let selects_more = draft
        .select
        .as_ref()
        .is_some_and(|list| list.items.iter().any(|item| !matches!(item, SelectItem::Star(_))));
    let update = matches!(
        draft.doc.operation.value,
        backflow_config::document::Operation::Select
            | backflow_config::document::Operation::Update
            | backflow_config::document::Operation::Delete
    );
    let ignored = draft
        .doc
        .ignore_duplicates
        .as_ref()
        .is_some_and(|ignore| ignore.value);
    frame.results.push(ResultInfo {
        name,
        table: Some(draft.table),
        one: rows == Rows::One,
        grouped: draft.select.as_ref().is_some_and(has_totals),
        conditional: draft.condition.is_some(),
        maybe_absent: update || ignored || draft.condition.is_some(),
        named: named_columns(draft),
        selects_more,
        ..ResultInfo::default()
    });
    let position = frame.results.len() - 1;
    frame.query_results.push(position);
    position
}

/// Databases number a statement's parameters in 16 bits; the smallest limit of those we speak to holds for all.
const MOST_VALUES: usize = 30_000;

fn too_many(draft: &DraftQuery<'_>) -> Diagnostic {
    Diagnostic::new(
        codes::OUT_OF_RANGE,
        format!("a query may hold {MOST_VALUES} values at most"),
    )
    .at(draft.place(), "more than that")
    .help("split `data` into several queries, or put the rows into a migration")
}

/// The columns that a select names one by one: secrets among them may leave.
fn named_columns(draft: &DraftQuery<'_>) -> Vec<String> {
    let items = draft.select.iter().flat_map(|list| &list.items);
    items
        .filter_map(|item| match item {
            SelectItem::Column { name, .. } => Some(name.value.clone()),
            _ => None,
        })
        .collect()
}

/// Whether a select asks for totals, those of a spread row included.
fn has_totals(select: &SelectList) -> bool {
    select.items.iter().any(|item| match item {
        SelectItem::Count { .. } => true,
        SelectItem::Column { aggregate, .. } => aggregate.is_some(),
        SelectItem::Embed { spread, select, .. } => *spread && has_totals(select),
        SelectItem::Star(_) | SelectItem::Computed { .. } => false,
    })
}

/// Lowers one query of a sequence. `name`: what later expressions call its result.
pub(crate) fn step<'a>(
    setting: &Setting<'_, 'a>,
    frame: &mut Frame<'a>,
    (draft, kind): (&DraftQuery<'a>, &Kind),
    name: Option<Spanned<String>>,
    (facts, out): (&mut Vec<String>, &mut Diagnostics),
) -> Option<OpenStep> {
    let condition = match &draft.condition {
        Some(expr) => Some(frame.condition(expr, out)?),
        None => None,
    };
    note_present(frame, draft.condition.as_ref());
    let anchor = anchor(setting, frame, kind, draft);
    let mut cx = Cx {
        project: setting.project,
        frame,
        binds: Binds::default(),
        pins: Pins {
            project: setting.project,
            anchor,
        },
        table: draft.table,
        place: draft.place(),
        facts,
        out,
    };
    let lowered = query::lower(&mut cx, draft, setting.named, &setting.excluded);
    let binds = std::mem::take(&mut cx.binds);
    frame.present.clear();
    let rows = lowered
        .as_ref()
        .map_or(fallback_rows(draft), |lowered| lowered.rows);
    let result = register(frame, draft, name, rows);
    let count = draft.doc.count.is_some().then(|| frame.total_slot(result));
    if binds.list.len() > MOST_VALUES {
        out.push(too_many(draft));
        return None;
    }
    let lowered = lowered?;
    Some(open(
        setting,
        frame,
        (draft, kind),
        (lowered, binds, condition),
        (result, count),
    ))
}

/// What a query that did not lower would answer, so that later ones are still checked.
fn fallback_rows(draft: &DraftQuery<'_>) -> Rows {
    use backflow_config::document::Operation;
    match draft.doc.operation.value {
        Operation::Insert | Operation::Upsert if !draft.many_rows => Rows::One,
        _ if draft.doc.single => Rows::One,
        _ => Rows::Many,
    }
}

/// Inside of what only runs if a result is there, the result is there.
pub(crate) fn note_present(frame: &mut Frame<'_>, condition: Option<&Expr>) {
    let Some(condition) = condition else { return };
    let present = frame.results.iter().enumerate().filter_map(|(index, result)| {
        let name = result.name.as_ref()?;
        implies_result(condition, &name.value).then_some(index)
    });
    frame.present = present.collect();
}

fn anchor(setting: &Setting<'_, '_>, frame: &mut Frame<'_>, kind: &Kind, draft: &DraftQuery<'_>) -> Anchor {
    let project = setting.project;
    let Some(tenancy) = &project.tenancy else {
        return Anchor::Anywhere;
    };
    let mut earlier = |by: usize, table: TableId, column: ColumnId| {
        let ty = project.column(table, column).ty.clone();
        let result = frame.query_results.get(by).copied().unwrap_or(usize::MAX);
        Anchor::Earlier(frame.cell_program(result, column, &ty))
    };
    match kind {
        Kind::Global | Kind::Cross(_) | Kind::Own => Anchor::Anywhere,
        Kind::Pinned if setting.named == Some(&NamedBy::Mine) => Anchor::Mine(setting.roles.clone()),
        Kind::Pinned | Kind::System => Anchor::Route,
        Kind::Creates => Anchor::New,
        Kind::Created { by } => earlier(*by, tenancy.table, tenancy.key),
        Kind::Capability { .. } => Anchor::Secret,
        Kind::Opened { by } => match tenancy.tenant_column(draft.table) {
            Some(column) => earlier(*by, draft.table, column),
            None => Anchor::Secret,
        },
        Kind::Joins { by } => {
            match opened_table(frame, *by).and_then(|t| Some((t, tenancy.tenant_column(t)?))) {
                Some((table, column)) => {
                    let ty = project.column(table, column).ty.clone();
                    let result = frame.query_results.get(*by).copied().unwrap_or(usize::MAX);
                    Anchor::Earlier(frame.cell_program(result, column, &ty))
                }
                None => Anchor::Secret,
            }
        }
    }
}

/// Whose rows of a table a query of this kind writes.
fn whose(setting: &Setting<'_, '_>, kind: &Kind, table: TableId) -> Whose {
    match kind {
        _ if !setting.project.is_scoped(table) || !setting.project.tenants_have_texts() => Whose::Any,
        Kind::Pinned if setting.named != Some(&NamedBy::Mine) => Whose::Scope,
        Kind::System => Whose::Scope,
        Kind::Creates | Kind::Created { .. } => Whose::New,
        _ => Whose::Any,
    }
}

/// The table of the row that a query opened.
fn opened_table(frame: &Frame<'_>, by: usize) -> Option<TableId> {
    frame.results.get(*frame.query_results.get(by)?)?.table
}

fn open(
    setting: &Setting<'_, '_>,
    frame: &Frame<'_>,
    (draft, kind): (&DraftQuery<'_>, &Kind),
    (lowered, binds, condition): (Lowered, Binds, Option<Program>),
    (result, count): (usize, Option<Slot>),
) -> OpenStep {
    let table = setting.project.table(draft.table);
    let email = matches!(kind, Kind::Capability { .. })
        .then(|| table.column("email"))
        .flatten();
    let capability = matches!(kind, Kind::Capability { .. }).then_some(Capability { email_cell: None });
    let total = lowered.total;
    let step = Step {
        label: String::new(),
        table: table.name.clone(),
        kind: kind.to_string(),
        scoped: cache::is_scoped(setting.named, kind),
        operation: lowered.operation,
        condition_late: condition
            .as_ref()
            .is_some_and(|condition| frame.is_late(condition)),
        condition,
        statement: Arc::default(),
        binds: binds.list,
        rows: lowered.rows,
        makes: lowered.makes,
        results: Results::default(),
        capability,
        limit: lowered.limit.map(Box::new),
        any_given: lowered.any_given,
        keys: lowered.keys,
        check: false,
        counts: false,
        page: None,
        selects: draft.doc.select.is_some(),
        sort_cells: 0,
    };
    let mut opened = OpenStep {
        step,
        query: lowered.query,
        table: draft.table,
        result,
        email,
        whose: whose(setting, kind, draft.table),
        total: None,
    };
    opened.total = total.zip(count).map(|(total, slot)| opened.counting(total, slot));
    opened
}

/// Closes the cells, now that every reader is known, and renders the statements of what runs in one transaction:
/// for each step what counts its rows, and itself. `label` names a step by its position.
pub(crate) fn close(
    project: &Project<'_>,
    frame: &Frame<'_>,
    steps: Vec<OpenStep>,
    label: impl Fn(usize) -> String,
) -> Vec<Vec<(Step, Query)>> {
    let written: Vec<Option<TableId>> = steps
        .iter()
        .map(|open| (!matches!(open.query, Query::Read(_))).then_some(open.table))
        .collect();
    let mut closed = Vec::new();
    for (index, mut open) in steps.into_iter().enumerate() {
        let mut statements = Vec::new();
        if let Some((mut step, query)) = open.total.take() {
            step.statement = project.statement(&query);
            step.label = format!("{}, its count", label(index));
            statements.push((step, query));
        }
        let mut cells: Vec<ColumnId> = Vec::new();
        if let Some(info) = frame.results.get(open.result) {
            for (column, ty, slot) in &info.cells {
                open.step.results.cells.push((cells.len(), ty.clone(), *slot));
                cells.push(*column);
            }
            open.step.results.paths.clone_from(&info.paths);
            open.step.results.whole = info.whole;
            open.step.results.exists = info.exists;
        }
        if let (Some(column), Some(capability)) = (open.email, &mut open.step.capability) {
            capability.email_cell = Some(cells.len());
            cells.push(column);
        }
        let sorted =
            open.step.rows == Rows::Many && matches!(open.query, Query::Update(_) | Query::Delete(_));
        if sorted {
            let key = order::decisive(project, open.table);
            open.step.sort_cells = key.len();
            cells.extend(key);
        }
        query::outputs_mut(&mut open.query).0.cells = cells;
        if let Query::Read(read) = &mut open.query {
            // A row that is selected and written later must not change in between. A total is of no row.
            let members = read.outputs.members.as_deref().unwrap_or_default();
            let later = written.iter().skip(index + 1);
            read.lock = !is_grouped(members) && later.into_iter().any(|table| *table == Some(read.from));
        }
        open.step.statement = project.writing(&open.query, open.whose);
        open.step.label = label(index);
        statements.push((open.step, open.query));
        closed.push(statements);
    }
    closed
}
