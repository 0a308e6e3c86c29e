//! Where the values of a route's expressions come from.
//!
//! Role: resolves paths such as `body.name` or `results.org.id` to slots while expressions are compiled, and
//! notes which cells of earlier results are needed.
//! Invariant: a slot of a result is only given for a step that ran before; the tenant is only readable where
//! the route is bound to one.
//! Not here: compiling expressions; see the expression crate.

mod results;
mod roots;
mod tenant;

use crate::model::Source;
use crate::project::Project;
use backflow_catalog::{ColumnId, ColumnType, TableId};
use backflow_config::document::{Field, IntegrationParam, Validation};
use backflow_diag::{Diagnostic, Diagnostics, Span, Spanned, codes};
use backflow_expr::ast::{BinaryOp, Node};
use backflow_expr::{Expr, Key, Kind, Part, Path, Program, Resolved, Resolver, Slot, Template, Type};

/// Where expressions stand; decides which roots they have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Position {
    /// In a route.
    Route,
    /// In a webhook, before anything is known but the event.
    Event,
    /// In a webhook's action.
    Hook,
    /// In a stand-alone workflow.
    Workflow,
    /// In what is known at start: credentials, addresses.
    Settings,
    /// In an action of a provider that the author describes.
    Action,
}

/// How much of the tenant expressions may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TenantView {
    /// The route is bound to no tenant.
    None,
    /// To one tenant.
    One,
}

/// A result that expressions may read.
#[derive(Debug, Default)]
pub(crate) struct ResultInfo {
    /// `alias` or step id; `None`: nobody can read it.
    pub(crate) name: Option<Spanned<String>>,
    /// The table, for results of queries.
    pub(crate) table: Option<TableId>,
    /// What is known of a result that comes from elsewhere.
    pub(crate) known: Option<Type>,
    /// It is a row or null, not a list.
    pub(crate) one: bool,
    /// It may be null.
    pub(crate) maybe_absent: bool,
    /// It holds totals, of which only the answer's own members can be read.
    pub(crate) grouped: bool,
    /// Its query may be skipped.
    pub(crate) conditional: bool,
    /// How many rows there are, if its query counts them.
    pub(crate) total: Option<Slot>,
    /// Whether anything reads it.
    pub(crate) read: bool,
    /// Columns that its select names one by one.
    pub(crate) named: Vec<String>,
    /// Its select names more than columns: embeds, computed members.
    pub(crate) selects_more: bool,
    pub(crate) cells: Vec<(ColumnId, ColumnType, Slot)>,
    pub(crate) paths: Vec<(Vec<Key>, Slot)>,
    pub(crate) whole: Option<Slot>,
    pub(crate) exists: Option<Slot>,
}

/// The frame of a route while it is built.
pub(crate) struct Frame<'a> {
    project: &'a Project<'a>,
    position: Position,
    tenant: TenantView,
    params: Vec<String>,
    validation: Option<&'a Validation>,
    input: Option<&'a [Field]>,
    given: Option<&'a [IntegrationParam]>,
    auth: bool,
    /// What names the tenant by its key, verified by the guard.
    verified: Option<Source>,
    pub(crate) sources: Vec<Source>,
    pub(crate) results: Vec<ResultInfo>,
    /// Positions in `results` of those that queries make.
    pub(crate) query_results: Vec<usize>,
    /// Names of results that come later, for a better message.
    pub(crate) later: Vec<String>,
    /// Columns of the tenant's row that are read.
    pub(crate) context: Vec<ColumnId>,
    /// The members of an item, where a list is written.
    pub(crate) item: Option<&'a [Field]>,
    /// Results that are certainly there in the query being lowered.
    pub(crate) present: Vec<usize>,
    /// Whether some expression reads the body, or the query string.
    pub(crate) reads_body: bool,
    defaulted: Vec<Span>,
    warnings: Vec<Diagnostic>,
}
impl<'a> Frame<'a> {
    pub(crate) fn new(project: &'a Project<'a>, position: Position, tenant: TenantView) -> Self {
        Frame {
            project,
            position,
            tenant,
            params: Vec::new(),
            validation: None,
            input: None,
            given: None,
            auth: false,
            verified: None,
            sources: Vec::new(),
            results: Vec::new(),
            query_results: Vec::new(),
            later: Vec::new(),
            context: Vec::new(),
            item: None,
            present: Vec::new(),
            reads_body: false,
            defaulted: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Adds what a route's requests carry.
    pub(crate) fn with_request(
        mut self,
        params: Vec<String>,
        validation: &'a Validation,
        auth: bool,
    ) -> Self {
        self.params = params;
        self.validation = Some(validation);
        self.auth = auth;
        self
    }

    /// Goes on in a workflow that stands alone, with the rules of its input.
    pub(crate) fn enter(&mut self, input: Option<&'a [Field]>) {
        self.position = Position::Workflow;
        self.input = input;
    }

    /// Comes back into the route that started it.
    pub(crate) fn leave(&mut self) {
        self.position = Position::Route;
        self.input = None;
    }

    /// The whole body as a value that its reader judges.
    pub(crate) fn whole_body(&mut self) -> Program {
        self.reads_body = true;
        let slot = self.slot(Source::Body(Vec::new()));
        let declared = self.validation.and_then(|rules| rules.body.as_deref());
        let ty = declared.map_or_else(Type::unknown, crate::types::of_fields);
        Program::slot(slot, ty.caller(), "body")
    }

    /// From here on expressions stand in an action that is given these parameters, or any.
    pub(crate) fn enter_action(&mut self, given: Option<&'a [IntegrationParam]>) {
        self.position = Position::Action;
        self.given = given;
    }

    /// Whether expressions stand in a webhook.
    pub(crate) fn is_of_event(&self) -> bool {
        matches!(self.position, Position::Event | Position::Hook)
    }

    /// From here on this value is the key of the tenant that a guard has verified, where the route is bound to one.
    pub(crate) fn believe(&mut self, source: Source) {
        self.verified = Some(source).filter(|_| self.tenant == TenantView::One);
    }

    /// Whether expressions stand in an action, which is given parameters.
    pub(crate) fn is_in_action(&self) -> bool {
        self.position == Position::Action
    }

    /// The slot of a source; equal sources share one.
    pub(crate) fn slot(&mut self, source: Source) -> Slot {
        let found = self
            .sources
            .iter()
            .position(|known| *known == source && source != Source::Result);
        let index = found.unwrap_or_else(|| {
            self.sources.push(source);
            self.sources.len() - 1
        });
        Slot(u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// What fills a slot.
    pub(crate) fn source(&self, slot: Slot) -> Option<&Source> {
        self.sources.get(slot.0 as usize)
    }

    /// Whether a program needs results of earlier steps.
    pub(crate) fn is_late(&self, program: &Program) -> bool {
        program
            .slots()
            .any(|slot| self.source(slot) == Some(&Source::Result))
    }

    /// The position of a path parameter.
    pub(crate) fn param_index(&self, name: &str) -> Option<usize> {
        self.params.iter().position(|param| param == name)
    }

    /// Whether the caller may put anything where this path leads: no rule lists the values.
    pub(crate) fn is_free(&self, path: &Path) -> bool {
        let fields = match path.root.value.as_str() {
            "body" => self.validation.and_then(|v| v.body.as_deref()),
            "query" => self.validation.and_then(|v| v.query.as_deref()),
            "params" => self.validation.and_then(|v| v.params.as_deref()),
            "item" => self.item,
            "input" => self.input,
            _ => return false,
        };
        let name = path.keys.first().and_then(|key| key.value.as_name());
        let field = fields.and_then(|fields| {
            fields
                .iter()
                .find(|field| Some(field.name.value.as_str()) == name)
        });
        field.is_none_or(|field| field.rules.choices.is_none())
    }

    /// Compiles a template here.
    pub(crate) fn template(&mut self, template: &Template, out: &mut Diagnostics) -> Option<Program> {
        for part in &template.parts {
            if let Part::Hole { expr, .. } = part {
                self.note_defaults(expr);
            }
        }
        let program = Program::compile_template(template, self, out);
        self.flush(out);
        program
    }

    /// Compiles an expression here.
    pub(crate) fn expr(&mut self, expr: &Expr, out: &mut Diagnostics) -> Option<Program> {
        self.note_defaults(expr);
        let program = Program::compile_expr(expr, self, out);
        self.flush(out);
        program
    }

    /// A condition. One that is just a result asks only whether there is one.
    pub(crate) fn condition(&mut self, expr: &Expr, out: &mut Diagnostics) -> Option<Program> {
        if let Some(index) = self.bare_result(expr) {
            let slot = self.exists_slot(index);
            return Some(Program::slot(slot, Type::new(Kind::Bool), "results"));
        }
        let program = self.expr(expr, out)?;
        if let Some(always) = program.always() {
            let warning = Diagnostic::new(codes::ALWAYS_TRUE, format!("this condition is always {always}"));
            let warning = if program.as_constant().is_some() {
                warning.at(expr.span, "does not depend on anything")
            } else {
                let kind = &program.ty().kind;
                warning
                    .at(expr.span, format!("is a {kind} that is always there"))
                    .note("lists and objects count as true, even when empty")
            };
            out.push(warning.help("leave the condition out, or compare with something"));
        }
        Some(program)
    }

    fn note_defaults(&mut self, expr: &Expr) {
        if let Node::Binary(BinaryOp::Or | BinaryOp::Default, left, _) = &expr.node {
            self.defaulted.push(left.span);
        }
        for child in expr.children() {
            self.note_defaults(child);
        }
    }

    fn flush(&mut self, out: &mut Diagnostics) {
        self.defaulted.clear();
        for warning in self.warnings.drain(..) {
            out.push(warning);
        }
    }
}

impl Resolver for Frame<'_> {
    fn resolve(&mut self, path: &Path) -> Result<Resolved, Diagnostic> {
        let mut found = self.find(path)?;
        // What a guard has verified is not just the caller's word.
        if self.verified.is_some() && found.used == path.keys.len() {
            found.ty.caller &= self.source(found.slot) != self.verified.as_ref();
        }
        Ok(found)
    }
}
/// Whether a later check may still find the key in the answer: the select is not looked into here, so only a
/// list of members noted by the query's lowering would tell; rows without `select` have columns only.
fn selects(frame: &Frame<'_>, index: usize, _key: &Key) -> bool {
    frame.results.get(index).is_some_and(|result| result.selects_more)
}
fn resolved(slot: Slot, used: usize, ty: Type) -> Resolved {
    Resolved { slot, used, ty }
}

fn first_name<'p>(path: &'p Path, root: &str, what: &str) -> Result<&'p str, Diagnostic> {
    path.keys
        .first()
        .and_then(|key| key.value.as_name())
        .ok_or_else(|| {
            Diagnostic::new(codes::UNKNOWN_FIELD, format!("`{root}` alone is no value here"))
                .at(path.span(), format!("name {what}: `{root}.…`"))
        })
}

fn unknown_field(path: &Path, at: usize, why: &str) -> Diagnostic {
    let span = path.keys.get(at).map_or_else(|| path.span(), |key| key.span);
    Diagnostic::new(codes::UNKNOWN_FIELD, format!("`{path}` does not exist")).at(span, why)
}
