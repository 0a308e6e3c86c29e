//! A route, compiled.
//!
//! Role: drafts → kinds → place → frame → steps → answer, for one route.
//! Invariant: a route that is not wholly understood is not in the plan.
//! Not here: what each of these does; see their modules.

use super::flow::{self, OpenStep, Setting};
use super::rate::Limits;
use super::{answer, binds, cache, exclude, fuse, guard, input, paths, shape, whole, work};
use crate::draft::DraftQuery;
use crate::frame::{Frame, Position, TenantView};
use crate::model::{
    Access, Answer, CountBy, Operation, PathPattern, Place, Route, RouteId, Source, Work, WorkAction,
};
use crate::project::Project;
use crate::prove::{Flow, Kind, NamedBy, decide, named_by};
use backflow_config::document::{Query, Route as RouteDoc};
use backflow_diag::{Diagnostic, Diagnostics, Spanned, codes};
use backflow_expr::{Program, Template};
use backflow_sql::ir;
use std::sync::Arc;

/// Compiles a route, and what many of its callers are as one; `None`: a fault was reported.
pub(crate) fn lower<'a>(
    project: &'a Project<'a>,
    doc: &'a RouteDoc,
    (prefixes, limits): (&mut [paths::Prefix<'a>], &mut Limits<'a>),
    (facts, out): (&mut Vec<String>, &mut Diagnostics),
) -> Option<(Route, Option<fuse::Many>)> {
    let path = paths::read(&doc.path, out)?;
    let name = format!("{} {path}", doc.method.value.as_str());
    let aliases = paths::aliases(&path, prefixes);
    let limit = limits.choose(doc, &path, &aliases, out);
    shape::faults(doc, out);
    let named = named_by(project, doc, &path);
    let mut notes = Vec::new();
    let mut lowering = Lowering {
        project,
        doc,
        path,
        name,
        named,
    };
    let Body {
        mut frame,
        place,
        guard,
        steps,
        work,
        answer,
    } = lowering.body(&mut notes, out)?;
    facts.extend(notes.into_iter().map(|note| format!("{}: {note}", lowering.name)));
    let closed = flow::close(project, &frame, steps, |index| format!("query {index}"));
    let (steps, queries): (Vec<_>, Vec<_>) = closed.into_iter().flatten().unzip();
    let writes = steps.iter().any(|step| step.operation != Operation::Select)
        || work.as_ref().is_some_and(work_writes);
    let cache = cache::lower(
        &cache::Kept {
            lowering: &lowering,
            place: &place,
            steps: &steps,
            queries: &queries,
            answer: &answer,
            works: work.is_some(),
        },
        &mut frame,
        out,
    );
    let sequence = fuse::Sequence {
        project,
        place: &place,
        guard,
        steps: &steps,
        queries,
        frame: &frame.sources,
        answer: &answer,
    };
    let limit = limits.settle(limit, (doc, &lowering.name), &place);
    let by_tenant = limit.as_ref().is_some_and(|limit| limit.by == CountBy::Tenant);
    let fusion = match by_tenant && writes {
        // What was written must not have to be undone because the tenant has no request left.
        true => fuse::Fusion::default(),
        false => fuse::fuse(sequence),
    };
    let route = Route {
        id: RouteId(0),
        method: doc.method.value,
        aliases,
        auth: doc.require_auth,
        limit,
        cache,
        place,
        input: input::lower(&doc.validation, &lowering.path, frame.reads_body, out),
        path: lowering.path,
        frame: frame.sources,
        steps,
        work,
        answer,
        status: doc.status.as_ref().map(|status| status.value),
        access: if writes { Access::Write } else { Access::Read },
        fused: fusion.fused,
        alone: fusion.alone,
        shares: fusion.shares.map(Arc::new),
    };
    Some((route, fusion.many))
}

/// Whether a workflow does more than read: rows, calls, locks.
fn work_writes(work: &Work) -> bool {
    work.durable
        || work.steps.iter().any(|step| match &step.action {
            WorkAction::Database(steps) => steps.iter().any(|step| step.operation != Operation::Select),
            WorkAction::Call(_) | WorkAction::Lock(_) => true,
            WorkAction::Refuse(_) => false,
        })
}

/// A route while it is compiled.
pub(crate) struct Lowering<'a> {
    pub(crate) project: &'a Project<'a>,
    pub(crate) doc: &'a RouteDoc,
    path: PathPattern,
    pub(crate) name: String,
    pub(crate) named: Option<NamedBy>,
}

/// What binds a route to a tenant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stance {
    /// Some statement is pinned.
    pub(crate) pinned: bool,
    /// Some expression of its queries or steps reads the tenant.
    pub(crate) reads: bool,
}

/// What a route does, before its steps are closed.
pub(crate) struct Body<'a> {
    pub(crate) frame: Frame<'a>,
    pub(crate) place: Place,
    /// The guard's look-up.
    pub(crate) guard: Option<ir::Query>,
    pub(crate) steps: Vec<OpenStep>,
    /// A workflow that is more than queries.
    pub(crate) work: Option<Work>,
    pub(crate) answer: Answer,
}

impl<'a> Lowering<'a> {
    /// Everything between the path and the answer.
    fn body(&mut self, facts: &mut Vec<String>, out: &mut Diagnostics) -> Option<Body<'a>> {
        if let Some(started) = work::route::started(self, out) {
            return work::route::body(self, started?, (facts, out));
        }
        let queries: &'a [Query] = self.doc.queries.as_deref().unwrap_or_default();
        let read: Vec<_> = queries
            .iter()
            .map(|query| DraftQuery::read(&self.project.catalog, query, out))
            .collect();
        let complete = read.iter().all(Option::is_some);
        let drafts: Vec<DraftQuery<'a>> = read.into_iter().flatten().collect();
        let drafts: Vec<DraftQuery<'a>> = drafts
            .into_iter()
            .map(|draft| whole::data(self.project, &whole::Source::of_route(self.doc), draft, out))
            .map(|draft| draft.without(&self.doc.exclude_fields))
            .collect();
        let body = self.doc.validation.body.as_deref().unwrap_or_default();
        let judged: Vec<_> = drafts.iter().collect();
        exclude::faults(self.project, (&judged, &self.doc.exclude_fields), body, out);
        let kinds = decide(&self.flow_of(&drafts), out);
        let view = self.view(Stance {
            pinned: kinds.contains(&Kind::Pinned),
            reads: drafts.iter().any(DraftQuery::reads_tenant),
        });
        let mut frame = self.frame(view);
        let roles = self.roles(out);
        if self.named == Some(NamedBy::Mine) && !kinds.contains(&Kind::Pinned) {
            self.report_unheld(out);
        }
        let template = self.tenant_template(&mut frame, out);
        let steps = self.steps(&mut frame, (&drafts, &kinds), roles.clone(), (facts, out));
        let answer = answer::lower(&mut frame, self.doc.response.as_ref(), out);
        let answering = drafts.iter().rposition(|draft| draft.select.is_some());
        answer::report_unread(&frame, answering.unwrap_or(drafts.len().saturating_sub(1)), out);
        let (place, guard) = self.place(view, &frame, template, roles);
        let steps = steps.filter(|_| complete)?;
        Some(Body {
            frame,
            place,
            guard,
            steps,
            work: None,
            answer,
        })
    }

    pub(crate) fn frame(&self, view: TenantView) -> Frame<'a> {
        let params = self.path.params().map(str::to_owned).collect();
        let mut frame = Frame::new(self.project, Position::Route, view).with_request(
            params,
            &self.doc.validation,
            self.doc.require_auth,
        );
        let key = self.project.tenancy.as_ref().map(|tenancy| tenancy.key);
        if let Some(NamedBy::Param { index, column }) = self.named
            && key == Some(column)
        {
            frame.believe(Source::Param(index));
        }
        frame
    }

    /// The flow of the route, without its queries.
    pub(crate) fn flow(&self) -> Flow<'_> {
        Flow {
            project: self.project,
            name: self.name.clone(),
            auth: self.doc.require_auth,
            cross: self.doc.cross_tenant.as_ref().map(|reason| reason.value.as_str()),
            named: self.named.clone(),
            system: false,
            names: Vec::new(),
            queries: Vec::new(),
            stands: Vec::new(),
        }
    }

    fn flow_of<'f>(&'f self, drafts: &'f [DraftQuery<'a>]) -> Flow<'f>
    where
        'a: 'f,
    {
        Flow {
            names: drafts
                .iter()
                .map(|draft| draft.doc.alias.as_ref().map(|alias| alias.value.clone()))
                .collect(),
            queries: drafts.iter().collect(),
            ..self.flow()
        }
    }

    /// Whether the route is bound to one tenant: some statement is pinned, a role is asked for, or an
    /// expression reads the tenant.
    pub(crate) fn view(&self, stance: Stance) -> TenantView {
        if self.project.tenancy.is_none() || self.named == Some(NamedBy::Mine) {
            return TenantView::None;
        }
        let response = self.doc.response.as_ref();
        let answers = response.is_some_and(crate::draft::node_reads_tenant);
        if stance.pinned || stance.reads || answers || self.doc.roles.is_some() {
            TenantView::One
        } else {
            TenantView::None
        }
    }

    pub(crate) fn place(
        &self,
        view: TenantView,
        frame: &Frame<'_>,
        template: Option<Program>,
        roles: Option<Vec<String>>,
    ) -> (Place, Option<ir::Query>) {
        match (&self.project.tenancy, &self.named, view) {
            (Some(_), Some(NamedBy::Mine), _) => (Place::Mine, None),
            (Some(tenancy), named, TenantView::One) => {
                let named = (named.as_ref(), template);
                let (guard, query) = guard::build(self.project, tenancy, frame, named, roles);
                (Place::One(Box::new(guard)), Some(query))
            }
            _ => (Place::Nowhere, None),
        }
    }

    /// The route's `tenant` template.
    pub(crate) fn tenant_template(&self, frame: &mut Frame<'a>, out: &mut Diagnostics) -> Option<Program> {
        let text = self
            .doc
            .tenant
            .as_ref()
            .filter(|_| self.named == Some(NamedBy::Template))?;
        let template = Template::parse(text, out)?;
        // Who names the tenant cannot read it from the tenant.
        let mut plain = self.frame(TenantView::None);
        std::mem::swap(&mut plain.sources, &mut frame.sources);
        let program = plain.template(&template, out);
        std::mem::swap(&mut plain.sources, &mut frame.sources);
        let slot = program.as_ref().and_then(Program::as_slot);
        if let Some(source) = slot.and_then(|slot| frame.source(slot)) {
            frame.believe(source.clone());
        }
        program
    }

    /// With `"tenant": "mine"` roles limit the tenants whose rows are read; without such rows they limit nothing.
    pub(crate) fn report_unheld(&self, out: &mut Diagnostics) {
        let Some(roles) = &self.doc.roles else { return };
        out.push(
            Diagnostic::new(codes::ROLES_WITHOUT_TENANT, "these roles would limit nothing")
                .at(roles.span, "no query here reads rows of the caller's tenants")
                .help("name one tenant in the path, or take `rbac` away"),
        );
    }

    /// The roles asked for, each of which must be possible.
    pub(crate) fn roles(&self, out: &mut Diagnostics) -> Option<Vec<String>> {
        let roles = self.doc.roles.as_ref()?;
        let members = self.project.tenancy.as_ref().map(|tenancy| &tenancy.members);
        let Some((table, role)) = members.and_then(|members| Some((members.table, members.role?))) else {
            out.push(
                Diagnostic::new(
                    codes::ROLES_WITHOUT_TENANT,
                    "roles are held by members of a tenant",
                )
                .at(roles.span, "but no tenant is known here")
                .note("an owner of one tenant is nobody in another, and a role that a token claims is not believed")
                .help("declare `tenancy` with a members' table that has a role column, or take `rbac` away"),
            );
            return None;
        };
        let declared = self.project.column(table, role);
        let labels = binds::labels(self.project, &declared.ty);
        let possible: &[String] = if declared.allowed.is_empty() {
            &labels
        } else {
            &declared.allowed
        };
        for name in &roles.value {
            if !possible.is_empty() && !possible.contains(&name.value) {
                out.push(shape::unknown_role(name, possible));
            }
        }
        Some(roles.value.iter().map(|role| role.value.clone()).collect())
    }

    /// What lowering the route's queries needs to know, but for its roles.
    pub(crate) fn setting(&self) -> Setting<'_, 'a> {
        let excluded = self.doc.exclude_fields.iter().map(|field| field.value.as_str());
        Setting {
            project: self.project,
            named: self.named.as_ref(),
            roles: None,
            excluded: excluded.collect(),
        }
    }

    fn steps(
        &self,
        frame: &mut Frame<'a>,
        (drafts, kinds): (&[DraftQuery<'a>], &[Kind]),
        roles: Option<Vec<String>>,
        (facts, out): (&mut Vec<String>, &mut Diagnostics),
    ) -> Option<Vec<OpenStep>> {
        let setting = Setting {
            roles,
            ..self.setting()
        };
        let mut steps = Vec::new();
        for (index, (draft, kind)) in drafts.iter().zip(kinds).enumerate() {
            let later = drafts.iter().skip(index).filter_map(|d| d.doc.alias.as_ref());
            frame.later = later.map(|alias| alias.value.clone()).collect();
            let name: Option<Spanned<String>> = draft.doc.alias.clone();
            steps.push(flow::step(&setting, frame, (draft, kind), name, (facts, out)));
        }
        frame.later.clear();
        steps.into_iter().collect()
    }
}
