//! How the answers of a route are kept.
//!
//! Role: derives from a route's statements and expressions what an answer depends on, and which tables it is read
//! from; says why where an answer cannot be kept.
//! Invariant: what cannot be shown to be found by all that it depends on is not kept.
//! Not here: keeping answers (the engine), the log of changes (the sql crate).
//!
//! Values that a statement is given before anything has run are looked at as they are, so it does not matter where they
//! come from: `formatDate(now(), 'YYYY-MM')` is the same all month. Only what runs later, on results, is looked at
//! by its sources.

use super::route::Lowering;
use crate::frame::{Frame, TenantView};
use crate::model::{
    Answer, BindValue, Cache, CacheRead, Capacity, Changes, Operation, Place, Route, Source, Step,
};
use crate::project::Project;
use crate::prove::NamedBy;
use backflow_catalog::{TableId, TableKind};
use backflow_config::document::{Cache as CacheDoc, Document, Method};
use backflow_diag::{Diagnostic, Diagnostics, Text, codes};
use backflow_expr::{Program, Slot, Template};
use backflow_sql::changes::{self, Asked};
use backflow_sql::ir::visit::{self, Visit};
use backflow_sql::ir::{Query, Statement};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// For how long an answer is kept unless the author says otherwise, in seconds: what makes it old is noticed anyway.
const TTL: u32 = 3600;

/// A route as far as it is compiled.
pub(crate) struct Kept<'k, 'a> {
    pub(crate) lowering: &'k Lowering<'a>,
    pub(crate) place: &'k Place,
    pub(crate) steps: &'k [Step],
    /// What the steps do, before it was a text.
    pub(crate) queries: &'k [Query],
    pub(crate) answer: &'k Answer,
    /// It is a workflow.
    pub(crate) works: bool,
}

/// How a route's answers are kept; `None`: they are not.
pub(crate) fn lower<'a>(
    kept: &Kept<'_, 'a>,
    frame: &mut Frame<'a>,
    out: &mut Diagnostics,
) -> Option<Box<Cache>> {
    let (doc, project) = (kept.lowering.doc, kept.lowering.project);
    let of_project = project.document.project.cache.as_ref();
    // Elsewhere than on GET it was refused.
    let declared = doc
        .cache
        .as_ref()
        .filter(|cache| cache.enabled && doc.method.value == Method::Get)?;
    let key = match &declared.key {
        Some(text) => Some(template(kept, frame, text, out)?),
        None => None,
    };
    if let Some(why) = kept.hindrance(key.as_ref()) {
        out.push(never(declared, &kept.lowering.name, why));
        return None;
    }
    if of_project.is_some_and(|caches| !caches.enabled) {
        return None;
    }
    let ttl = declared.ttl.as_ref();
    let ttl = ttl.or(of_project.and_then(|caches| caches.ttl.as_ref()));
    let reads = kept.reads();
    Some(Box::new(Cache {
        ttl: ttl.map_or(TTL, |ttl| ttl.value),
        key,
        coherent: declared.coherent.then(|| kept.coherent(&reads)),
        reads,
        late: kept.late(&frame.sources),
        by_caller: kept.steps.iter().any(|step| step.capability.is_some()),
    }))
}

/// How much is kept of the answers of a project.
pub(crate) fn capacity(document: &Document) -> Capacity {
    let declared = document.project.cache.as_ref();
    let megabytes = declared.and_then(|caches| caches.max_memory_mb.as_ref());
    let answers = declared.and_then(|caches| caches.max_size.as_ref());
    Capacity {
        bytes: megabytes.map_or(Capacity::default().bytes, |size| {
            u64::from(size.value) * 1024 * 1024
        }),
        answers: answers.map(|size| size.value),
    }
}

/// The tables that are read for answers that are kept; `None`: no answers are.
pub(crate) fn watched<'r>(routes: impl Iterator<Item = &'r Route>) -> Option<BTreeSet<TableId>> {
    let mut caches = routes.filter_map(|route| route.cache.as_deref()).peekable();
    caches.peek()?;
    Some(caches.flat_map(|c| &c.reads).map(|read| read.table).collect())
}

/// What the project needs so that changes of these tables are logged.
pub(crate) fn changes(project: &Project<'_>, watched: &BTreeSet<TableId>) -> Changes {
    let watches = watched.iter().map(|table| {
        let tenant = project.logged_by(*table);
        changes::watch(project.table(*table), tenant, project.dialect)
    });
    Changes {
        setup: changes::log(project.dialect),
        watches: watches.collect(),
        tables: project
            .catalog
            .tables
            .iter()
            .map(|table| table.name.clone())
            .collect(),
        since: Arc::new(changes::since(project.dialect)),
        forget: Arc::new(changes::forget(project.dialect)),
    }
}

impl Kept<'_, '_> {
    /// Why no answer can be kept.
    fn hindrance(&self, key: Option<&Program>) -> Option<&'static str> {
        let catalog = &self.lowering.project.catalog;
        let mut tables = self
            .reads()
            .into_iter()
            .map(|read| catalog.table(read.table).kind);
        let status = self.lowering.doc.status.as_ref();
        if self.works {
            Some("a workflow runs each time")
        } else if self.steps.iter().any(|step| step.operation != Operation::Select) {
            Some("it writes each time")
        } else if status.is_some_and(|status| status.value != 200) {
            Some("only answers with status 200 are kept")
        } else if tables.any(|kind| kind == TableKind::View) {
            Some("it reads a view, and nobody is told what a view's tables are")
        } else if self.is_momentary() || key.is_some_and(is_anew) {
            Some("it depends on the instant of the request, or on an id of its own: no two answers are one")
        } else {
            None
        }
    }

    /// Whether each request is given values of its own, whatever it asks.
    fn is_momentary(&self) -> bool {
        let of_now = |program: &Program| program.calls("now") || program.calls("uuid");
        let late = self.late_programs().any(of_now);
        let early = self
            .steps
            .iter()
            .flat_map(|step| &step.binds)
            .filter(|bind| !bind.late);
        late || early.map(|bind| &bind.value).any(is_new)
    }

    /// What runs once results are known.
    fn late_programs(&self) -> impl Iterator<Item = &Program> {
        let conditions = self.steps.iter().filter(|step| step.condition_late);
        let binds = self
            .steps
            .iter()
            .flat_map(|step| &step.binds)
            .filter(|bind| bind.late);
        let answer = match self.answer {
            Answer::Template(shape) => shape.programs(),
            Answer::LastStep => Vec::new(),
        };
        let conditions = conditions.filter_map(|step| step.condition.as_ref());
        conditions
            .chain(binds.flat_map(|bind| bind.value.programs()))
            .chain(answer)
    }

    fn late(&self, sources: &[Source]) -> Vec<Slot> {
        let is_given = |slot: &Slot| {
            !matches!(
                sources.get(slot.0 as usize),
                None | Some(Source::Result | Source::Constant(_) | Source::Env(_))
            )
        };
        let slots: BTreeSet<Slot> = self.late_programs().flat_map(Program::slots).collect();
        slots.into_iter().filter(is_given).collect()
    }

    /// The tables of all statements.
    fn reads(&self) -> Vec<CacheRead> {
        let project = self.lowering.project;
        let mut found: BTreeMap<TableId, bool> = BTreeMap::new();
        for (query, step) in self.queries.iter().zip(self.steps) {
            let mut tables = Tables::default();
            visit::query(&mut query.clone(), &mut tables);
            for table in tables.0 {
                let scoped = step.scoped && project.is_scoped(table) && project.tenants_have_texts();
                found
                    .entry(table)
                    .and_modify(|all| *all &= scoped)
                    .or_insert(scoped);
            }
        }
        let read = |(table, scoped)| CacheRead {
            table,
            name: project.table(table).name.clone(),
            scoped,
        };
        found.into_iter().map(read).collect()
    }

    fn coherent(&self, reads: &[CacheRead]) -> Arc<Statement> {
        let project = self.lowering.project;
        let named = |scoped: bool| {
            let tables = reads.iter().filter(move |read| read.scoped == scoped);
            tables.map(|read| read.name.as_str())
        };
        let asked = Asked {
            scoped: named(true).collect(),
            whole: named(false).collect(),
        };
        project.kept(match self.place {
            // Name and caller.
            Place::One(guard) => changes::guarded(&guard.statement, 2, &asked, project.dialect),
            _ => changes::unguarded(&asked, project.dialect),
        })
    }
}

/// Whether a step of this kind reads rows of the route's tenant alone.
pub(crate) fn is_scoped(named: Option<&NamedBy>, kind: &crate::prove::Kind) -> bool {
    *kind == crate::prove::Kind::Pinned && named != Some(&NamedBy::Mine)
}

#[derive(Default)]
struct Tables(BTreeSet<TableId>);

impl Visit for Tables {
    fn reads(&mut self, table: TableId) {
        self.0.insert(table);
    }
}

/// Whether a value is another one for each request. A date that is written in a form of its own is not.
fn is_new(value: &BindValue) -> bool {
    match value {
        BindValue::Now | BindValue::NewKey => true,
        BindValue::Or(_, other) if is_new(other) => true,
        value => value.programs().into_iter().any(is_anew),
    }
}

fn is_anew(program: &Program) -> bool {
    let is_now = program.calls("now") && !program.calls("formatDate");
    is_now || program.calls("uuid")
}

/// What the author adds to that by which an answer is found. It is looked at before any query runs, and so knows no
/// result; the tenant is part of every key anyway.
fn template<'a>(
    kept: &Kept<'_, 'a>,
    frame: &mut Frame<'a>,
    text: &Text,
    out: &mut Diagnostics,
) -> Option<Program> {
    let template = Template::parse(text, out)?;
    let mut plain = kept.lowering.frame(TenantView::None);
    std::mem::swap(&mut plain.sources, &mut frame.sources);
    let program = plain.template(&template, out);
    std::mem::swap(&mut plain.sources, &mut frame.sources);
    let program = program?;
    if program.ty().secret {
        out.push(
            Diagnostic::new(codes::SECRET_LEAK, "a secret would become part of a cache key")
                .at(text.span(), "comes from the environment or a secret column")
                .help("leave it out: an answer is found by all that it depends on anyway"),
        );
    }
    Some(program)
}

fn never(declared: &CacheDoc, route: &str, why: &str) -> Diagnostic {
    Diagnostic::new(codes::NEVER_KEPT, format!("no answer of `{route}` is kept"))
        .at(declared.span, "has no effect")
        .note(why)
        .help("take `cache` away, or change what the answer depends on")
}
