//! Routes, as a planner would make them.

use backflow_catalog::ColumnType;
use backflow_diag::{Diagnostic, Diagnostics, FileId, Span, Text};
use backflow_expr::{Key, Kind, Path, Program, Resolved, Resolver, Slot, Template, Type, parse_condition};
use backflow_plan::model::{
    Access, Answer, Bind, BindValue, Field, Input, Method, Operation, PathPattern, Pattern, Place, Plan,
    Results, Route, RouteId, Rows, Rule, RuleKind, Segment, Source, Step,
};
use backflow_sql::ir::Statement;
use std::sync::Arc;

const NOWHERE: Span = Span {
    file: FileId(0),
    start: 0,
    end: 0,
};

/// The frame of a route while it is made.
#[derive(Default)]
pub(crate) struct Frame {
    params: Vec<String>,
    results: Vec<(String, Slot)>,
    pub(crate) sources: Vec<Source>,
}

impl Frame {
    pub(crate) fn new(params: &[&str]) -> Self {
        Self {
            params: params.iter().map(|name| (*name).to_owned()).collect(),
            ..Self::default()
        }
    }

    /// A template: `{{body.name}}`.
    pub(crate) fn template(&mut self, text: &str) -> Program {
        let mut faults = Diagnostics::default();
        let template = Template::parse(&Text::plain(text, NOWHERE), &mut faults).expect(text);
        Program::compile_template(&template, self, &mut faults).expect(text)
    }

    /// A condition.
    pub(crate) fn condition(&mut self, text: &str) -> Program {
        let mut faults = Diagnostics::default();
        let expr = parse_condition(&Text::plain(text, NOWHERE), &mut faults).expect(text);
        Program::compile_expr(&expr, self, &mut faults).expect(text)
    }

    /// A slot that a step fills: `results.invite.id`.
    pub(crate) fn result(&mut self, path: &str) -> Slot {
        let slot = self.slot(Source::Result);
        self.results.push((path.to_owned(), slot));
        slot
    }

    fn slot(&mut self, source: Source) -> Slot {
        let known =
            (source != Source::Result).then(|| self.sources.iter().position(|known| *known == source));
        let at = known.flatten().unwrap_or_else(|| {
            self.sources.push(source);
            self.sources.len() - 1
        });
        Slot(at.try_into().unwrap())
    }
}

impl Resolver for Frame {
    fn resolve(&mut self, path: &Path) -> Result<Resolved, Diagnostic> {
        let keys: Vec<Key> = path.keys.iter().map(|key| key.value.clone()).collect();
        let first = keys.first().and_then(Key::as_name).unwrap_or("").to_owned();
        let unknown = || Type::unknown().caller();
        let wire = || Type::new(Kind::Text).optional().wire().caller();
        let (source, used, ty) = match path.root.value.as_str() {
            "params" => (
                Source::Param(self.params.iter().position(|name| *name == first).unwrap()),
                1,
                wire(),
            ),
            "query" => (Source::Query(keys.clone()), keys.len(), wire()),
            "headers" => (Source::Header(first), 1, wire()),
            "body" => (Source::Body(keys.clone()), keys.len(), unknown()),
            "auth" => (Source::Claim(keys.clone()), keys.len(), unknown()),
            "env" => (Source::Env(first), 1, Type::new(Kind::Text)),
            "tenant" if first == "id" => (Source::TenantId, 1, unknown()),
            "tenant" => (Source::TenantRole, 1, unknown()),
            "context" => (Source::Context(0), 2, unknown()),
            _ => {
                let written = path.to_string();
                let (_, slot) = self
                    .results
                    .iter()
                    .find(|(known, _)| *known == written)
                    .expect(&written);
                return Ok(Resolved {
                    slot: *slot,
                    used: keys.len(),
                    ty: Type::unknown(),
                });
            }
        };
        Ok(Resolved {
            slot: self.slot(source),
            used,
            ty,
        })
    }
}

pub(crate) fn plan(routes: Vec<Route>) -> Plan {
    Plan {
        routes,
        ..Plan::default()
    }
}

/// A route that needs no token, does nothing and answers null.
pub(crate) fn route(method: &str, path: &str, frame: Frame) -> Route {
    let methods = [
        Method::Get,
        Method::Post,
        Method::Put,
        Method::Patch,
        Method::Delete,
    ];
    let method = methods
        .into_iter()
        .find(|known| known.as_str() == method)
        .unwrap();
    Route {
        id: RouteId(0),
        method,
        path: pattern(path),
        aliases: Vec::new(),
        limit: None,
        cache: None,
        auth: false,
        place: Place::Nowhere,
        input: Input::default(),
        frame: frame.sources,
        steps: Vec::new(),
        work: None,
        answer: Answer::LastStep,
        status: None,
        access: if method == Method::Get {
            Access::Read
        } else {
            Access::Write
        },
        fused: None,
        alone: false,
        shares: None,
    }
}

pub(crate) fn pattern(path: &str) -> PathPattern {
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    PathPattern(
        segments
            .map(|segment| match segment.strip_prefix(':') {
                Some(name) => Segment::Param(name.to_owned()),
                None => Segment::Fixed(segment.to_owned()),
            })
            .collect(),
    )
}

pub(crate) fn single(text: &str) -> Arc<Statement> {
    Arc::new(Statement {
        text: text.to_owned(),
        json: true,
        cells: 0,
        ..backflow_sql::ir::Statement::default()
    })
}

/// A step of this text that stands for one row.
pub(crate) fn step(operation: Operation, text: &str, binds: Vec<Bind>) -> Step {
    Step {
        label: text.to_owned(),
        table: "table".to_owned(),
        kind: String::new(),
        scoped: false,
        operation,
        condition: None,
        condition_late: false,
        statement: single(text),
        binds,
        rows: Rows::One,
        makes: None,
        results: Results::default(),
        capability: None,
        limit: None,
        any_given: Vec::new(),
        keys: Vec::new(),
        check: false,
        counts: false,
        page: None,
        selects: false,
        sort_cells: 0,
    }
}

pub(crate) fn bind(label: &str, value: BindValue, ty: ColumnType) -> Bind {
    Bind {
        label: label.to_owned(),
        value,
        ty,
        labels: Arc::new([]),
        late: false,
    }
}

pub(crate) fn late(bind: Bind) -> Bind {
    Bind { late: true, ..bind }
}

pub(crate) fn rule(kind: RuleKind) -> Rule {
    Rule {
        kind,
        nullable: false,
        choices: None,
    }
}

pub(crate) fn field(name: &str, required: bool, kind: RuleKind) -> Field {
    Field {
        name: name.to_owned(),
        required,
        default: None,
        rule: rule(kind),
    }
}

impl Frame {
    /// A compiled pattern.
    pub(crate) fn regex(source: &str) -> Option<Pattern> {
        Some(Pattern {
            source: source.to_owned(),
            regex: source.parse().unwrap(),
        })
    }
}
