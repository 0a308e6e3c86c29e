//! A workflow with its queries read.
//!
//! Role: what the proof and the lowering look at: each step with its query, the transactions that they are in.
//! Invariant: a query's condition is its step's and its own.
//! Not here: lowering.

use super::{ends_transaction, is_tolerated};
use crate::draft::{DraftQuery, node_paths, node_reads_tenant, text_paths};
use crate::lower::whole;
use crate::project::Project;
use crate::prove::{Flow, Kind, Stand, decide};
use backflow_config::document::{Step as StepDoc, StepAction, Workflow};
use backflow_config::tree::Node as TreeNode;
use backflow_diag::{Diagnostics, Spanned, Text};
use backflow_expr::ast::{BinaryOp, Node};
use backflow_expr::{Expr, parse_condition};

/// A workflow with its queries read.
pub(crate) struct Draft<'a> {
    pub(crate) doc: &'a Workflow,
    /// Each step, and what it queries.
    pub(crate) steps: Vec<(&'a StepDoc, Option<DraftQuery<'a>>)>,
    /// Every query could be read.
    pub(super) complete: bool,
}

impl<'a> Draft<'a> {
    /// Reads the steps. `whole`: what a template that is all of `data` may stand for.
    pub(crate) fn read(
        project: &'a Project<'a>,
        doc: &'a Workflow,
        whole: &whole::Source<'a>,
        out: &mut Diagnostics,
    ) -> Self {
        let mut complete = true;
        let mut steps = Vec::new();
        for step in &doc.steps {
            let StepAction::Database(query) = &step.action else {
                steps.push((step, None));
                continue;
            };
            let draft = DraftQuery::read(&project.catalog, query, out)
                .map(|draft| whole::data(project, whole, draft, out))
                .map(|draft| under_condition(draft, step, out));
            complete &= draft.is_some();
            steps.push((step, draft));
        }
        Draft { doc, steps, complete }
    }

    /// Leaves out the values that its route leaves out of all queries.
    pub(crate) fn leave_out(&mut self, names: &[Spanned<String>]) {
        for (_, draft) in &mut self.steps {
            *draft = draft.take().map(|draft| draft.without(names));
        }
    }

    /// The queries that could be read.
    pub(crate) fn queries(&self) -> impl Iterator<Item = (&'a StepDoc, &DraftQuery<'a>)> {
        let drafts = self.steps.iter();
        drafts.filter_map(|(step, draft)| Some((*step, draft.as_ref()?)))
    }

    /// The flow of its queries, for the proof.
    pub(crate) fn flow<'f>(&'f self, flow: Flow<'f>) -> Flow<'f> {
        let mut group = 0;
        let mut stands = Vec::new();
        for (step, draft) in &self.steps {
            group += usize::from(ends_transaction(step));
            stands.extend(draft.as_ref().map(|_| Stand {
                group,
                tolerated: is_tolerated(step),
            }));
        }
        Flow {
            names: self
                .queries()
                .map(|(step, _)| Some(step.id.value.clone()))
                .collect(),
            queries: self.queries().map(|(_, draft)| draft).collect(),
            stands,
            ..flow
        }
    }

    /// The kinds of its queries.
    pub(crate) fn decide(&self, flow: Flow<'_>, out: &mut Diagnostics) -> Vec<Kind> {
        decide(&self.flow(flow), out)
    }

    /// Whether some expression reads the tenant or its row.
    pub(crate) fn reads_tenant(&self) -> bool {
        let of_tenant = |path: &String| path.starts_with("tenant.") || path.starts_with("context.");
        let others = self.doc.steps.iter().flat_map(paths_of);
        let response = self.doc.response.as_ref().is_some_and(node_reads_tenant);
        let queries = self.queries().any(|(_, query)| query.reads_tenant());
        queries || response || others.collect::<Vec<_>>().iter().any(of_tenant)
    }
}

/// What the texts of a step that is no query read.
pub(super) fn paths_of(step: &StepDoc) -> Vec<String> {
    let text = |text: &Option<Text>| text.as_ref().map(text_paths).unwrap_or_default();
    let node = |node: &Option<TreeNode>| node.as_ref().map(node_paths).unwrap_or_default();
    let mut paths = text(&step.condition);
    paths.extend(match &step.action {
        StepAction::Integration(ask) => node(&ask.params),
        StepAction::Refuse(said) => [text(&said.code), text(&said.message)].concat(),
        StepAction::Lock(value) => text_paths(value),
        StepAction::Database(_) => Vec::new(),
    });
    paths.extend(step.compensate.iter().flat_map(|ask| node(&ask.params)));
    paths
}

/// A query runs if its step does, and its own condition holds.
fn under_condition<'a>(
    mut draft: DraftQuery<'a>,
    step: &'a StepDoc,
    out: &mut Diagnostics,
) -> DraftQuery<'a> {
    let Some(outer) = step
        .condition
        .as_ref()
        .and_then(|text| parse_condition(text, out))
    else {
        return draft;
    };
    draft.condition = Some(match draft.condition.take() {
        Some(inner) => Expr {
            span: inner.span,
            node: Node::Binary(BinaryOp::And, Box::new(outer), Box::new(inner)),
        },
        None => outer,
    });
    draft
}
