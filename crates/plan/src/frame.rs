//! Where the values of a route's expressions come from.
//!
//! Role: resolves paths such as `body.name` or `results.org.id` to slots while expressions are compiled, and
//! notes which cells of earlier results are needed.
//! Invariant: a slot of a result is only given for a step that ran before; the tenant is only readable where
//! the route is bound to one.
//! Not here: compiling expressions; see the expression crate.

use crate::draft::keys;
use crate::model::Source;
use crate::project::{Project, constant};
use crate::types;
use backflow_catalog::{ColumnId, ColumnType, TableId, singular};
use backflow_config::document::{Field, Validation};
use backflow_diag::{Diagnostic, Diagnostics, Span, Spanned, codes, nearest};
use backflow_expr::ast::{BinaryOp, Node};
use backflow_expr::{Expr, Key, Kind, Part, Path, Program, Resolved, Resolver, Slot, Template, Type};

/// Where expressions stand; decides which roots they have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Position {
    /// In a route.
    Route,
    /// In a webhook's action.
    Hook,
    /// In a stand-alone workflow.
    Workflow,
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
    /// It is a row or null, not a list.
    pub(crate) one: bool,
    /// It may be null.
    pub(crate) maybe_absent: bool,
    /// Whether anything reads it.
    pub(crate) read: bool,
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
    auth: bool,
    pub(crate) sources: Vec<Source>,
    pub(crate) results: Vec<ResultInfo>,
    /// Positions in `results` of those that queries make.
    pub(crate) query_results: Vec<usize>,
    /// Names of results that come later, for a better message.
    pub(crate) later: Vec<String>,
    /// Columns of the tenant's row that are read.
    pub(crate) context: Vec<ColumnId>,
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
            auth: false,
            sources: Vec::new(),
            results: Vec::new(),
            query_results: Vec::new(),
            later: Vec::new(),
            context: Vec::new(),
            present: Vec::new(),
            reads_body: false,
            defaulted: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Adds what a route's requests carry.
    pub(crate) fn with_request(mut self, params: Vec<String>, validation: &'a Validation, auth: bool) -> Self {
        self.params = params;
        self.validation = Some(validation);
        self.auth = auth;
        self
    }

    /// Adds the rules of a stand-alone workflow's input.
    pub(crate) fn with_input(mut self, input: Option<&'a [Field]>) -> Self {
        self.input = input;
        self
    }

    /// The slot of a source; equal sources share one.
    pub(crate) fn slot(&mut self, source: Source) -> Slot {
        let found = self.sources.iter().position(|known| *known == source && source != Source::Result);
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
        program.slots().any(|slot| self.source(slot) == Some(&Source::Result))
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
            _ => return false,
        };
        let name = path.keys.first().and_then(|key| key.value.as_name());
        let field = fields.and_then(|fields| fields.iter().find(|field| Some(field.name.value.as_str()) == name));
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
            out.push(
                Diagnostic::new(codes::ALWAYS_TRUE, format!("this condition is always {always}"))
                    .at(expr.span, "does not depend on anything")
                    .note("lists and objects count as true, even when empty")
                    .help("leave the condition out, or compare with something"),
            );
        }
        Some(program)
    }

    fn bare_result(&self, expr: &Expr) -> Option<usize> {
        let path = expr.as_path()?;
        let [key] = path.keys.as_slice() else { return None };
        (path.root.value == "results").then_some(())?;
        self.find_result(key.value.as_name()?)
    }

    fn exists_slot(&mut self, index: usize) -> Slot {
        if let Some(slot) = self.results.get(index).and_then(|result| result.exists) {
            return slot;
        }
        let slot = self.slot(Source::Result);
        if let Some(result) = self.results.get_mut(index) {
            result.exists = Some(slot);
            result.read = true;
        }
        slot
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

    fn find_result(&self, name: &str) -> Option<usize> {
        self.results.iter().rposition(|result| result.name.as_ref().is_some_and(|n| n.value == name))
    }

    /// The slot of a column of an earlier result.
    pub(crate) fn cell(&mut self, index: usize, column: ColumnId, ty: &ColumnType) -> Slot {
        let known = self.results.get(index).and_then(|r| r.cells.iter().find(|(c, ..)| *c == column));
        if let Some((_, _, slot)) = known {
            return *slot;
        }
        let slot = self.slot(Source::Result);
        if let Some(result) = self.results.get_mut(index) {
            result.read = true;
            result.cells.push((column, ty.clone(), slot));
        }
        slot
    }

    /// A program that gives a column of an earlier result.
    pub(crate) fn cell_program(&mut self, index: usize, column: ColumnId, ty: &ColumnType) -> Program {
        let slot = self.cell(index, column, ty);
        Program::slot(slot, types::of_column(ty), "results")
    }

    fn roots(&self) -> &'static [&'static str] {
        match self.position {
            Position::Route => &[
                "params", "query", "body", "headers", "auth", "env", "constants", "tenant", "context", "results",
                "steps",
            ],
            Position::Hook => &["payload", "headers", "env", "constants", "steps"],
            Position::Workflow => &["input", "auth", "env", "constants", "tenant", "context", "steps"],
        }
    }

    fn find(&mut self, path: &Path) -> Result<Resolved, Diagnostic> {
        let root = path.root.value.as_str();
        if !self.roots().contains(&root) {
            return Err(self.unknown_root(path));
        }
        match root {
            "params" => self.param(path),
            "query" => Ok(self.query(path)?),
            "body" => self.body(path),
            "input" => self.rules_input(path),
            "headers" => self.header(path),
            "payload" => {
                let slot = self.slot(Source::Body(keys(path, 0)));
                Ok(resolved(slot, path.keys.len(), Type::unknown().caller()))
            }
            "auth" => Ok(self.claim(path)),
            "env" => self.env(path),
            "constants" => self.constant(path),
            "tenant" => self.tenant_root(path),
            "context" => self.context_root(path),
            _ => self.result(path),
        }
    }

    fn unknown_root(&self, path: &Path) -> Diagnostic {
        let near = nearest(&path.root.value, self.roots().iter().copied());
        Diagnostic::new(codes::UNKNOWN_ROOT, format!("nothing is called `{}` here", path.root.value))
            .at(path.root.span, "unknown name")
            .note(format!("here expressions can read: {}", self.roots().join(", ")))
            .did_you_mean(near)
    }

    fn param(&mut self, path: &Path) -> Result<Resolved, Diagnostic> {
        let name = first_name(path, "params", "a path parameter")?;
        let Some(index) = self.params.iter().position(|param| param == name) else {
            let near = nearest(name, self.params.iter().map(String::as_str));
            return Err(unknown_field(path, 0, "the path has no such parameter").did_you_mean(near));
        };
        let rules = self.validation.and_then(|v| v.params.as_deref());
        let ty = match rules.and_then(|fields| fields.iter().find(|field| field.name.value == name)) {
            Some(field) => Type { optional: false, ..types::of_field(field) }.wire(),
            None => Type::new(Kind::Text).wire().caller(),
        };
        Ok(resolved(self.slot(Source::Param(index)), 1, ty))
    }

    fn query(&mut self, path: &Path) -> Result<Resolved, Diagnostic> {
        if let Some(fields) = self.validation.and_then(|v| v.query.as_deref()) {
            let ty = declared(fields, path, "query")?.wire();
            return Ok(resolved(self.slot(Source::Query(keys(path, 0))), path.keys.len(), ty));
        }
        let name = first_name(path, "query", "a parameter of the query string")?;
        let slot = self.slot(Source::Query(vec![Key::name(name)]));
        Ok(resolved(slot, 1, Type::new(Kind::Text).wire().optional().caller()))
    }

    fn body(&mut self, path: &Path) -> Result<Resolved, Diagnostic> {
        self.reads_body = true;
        let slot = self.slot(Source::Body(keys(path, 0)));
        if let Some(fields) = self.validation.and_then(|v| v.body.as_deref()) {
            return Ok(resolved(slot, path.keys.len(), declared(fields, path, "body")?));
        }
        self.warnings.push(
            Diagnostic::new(codes::UNKNOWN_BODY_FIELD, format!("`{path}` is read, but nothing validates it"))
                .at(path.span(), "may be anything the caller sends")
                .help("declare it under `validation.body`: its type, and whether it is required"),
        );
        Ok(resolved(slot, path.keys.len(), Type::unknown().caller()))
    }

    fn rules_input(&mut self, path: &Path) -> Result<Resolved, Diagnostic> {
        let slot = self.slot(Source::Body(keys(path, 0)));
        let ty = match self.input {
            Some(fields) => declared(fields, path, "input")?,
            None => Type::unknown().caller(),
        };
        Ok(resolved(slot, path.keys.len(), ty))
    }

    fn header(&mut self, path: &Path) -> Result<Resolved, Diagnostic> {
        let name = first_name(path, "headers", "a header")?.to_ascii_lowercase();
        if matches!(name.as_str(), "authorization" | "cookie" | "proxy-authorization") {
            return Err(Diagnostic::new(codes::SECRET_LEAK, format!("the header `{name}` cannot be read"))
                .at(path.span(), "holds the caller's credentials")
                .help("what the token says is in `auth`"));
        }
        let ty = Type::new(Kind::Text).wire().optional().caller();
        Ok(resolved(self.slot(Source::Header(name)), 1, ty))
    }

    fn claim(&mut self, path: &Path) -> Resolved {
        let all = keys(path, 0);
        let tenancy = self.project.tenancy.as_ref();
        if self.tenant == TenantView::One && tenancy.is_some_and(|t| t.claim == all) {
            let slot = self.slot(Source::TenantId);
            return resolved(slot, all.len(), self.tenant_type());
        }
        let names: Vec<&str> = all.iter().filter_map(Key::as_name).collect();
        if let Some((&"claims", _)) = names.split_first() {
            let raw = all.get(1..).unwrap_or_default().to_vec();
            return resolved(self.slot(Source::Claim(raw)), all.len(), Type::unknown().caller());
        }
        let mut ty = match names.as_slice() {
            ["sub"] => Type::new(Kind::Text),
            ["email" | "name" | "iss" | "jti"] => Type::new(Kind::Text).optional(),
            ["exp" | "iat" | "nbf"] => Type::new(Kind::Number).optional(),
            // What the user may edit is the caller's word, whoever signed it.
            ["user_metadata", ..] => Type::unknown().caller(),
            _ => Type::unknown(),
        };
        ty.optional = ty.optional || !self.auth;
        let used = all.len();
        resolved(self.slot(Source::Claim(all)), used, ty)
    }

    fn env(&mut self, path: &Path) -> Result<Resolved, Diagnostic> {
        let name = first_name(path, "env", "a variable of the environment")?;
        let mut ty = Type::new(Kind::Text).wire();
        if !self.project.public_env.contains(name) {
            ty = ty.secret();
        }
        if !self.project.environment.has(name) {
            if !self.defaulted.contains(&path.span()) {
                return Err(missing_env(name, path.span()));
            }
            ty = ty.optional();
            self.warnings.push(
                Diagnostic::new(codes::DEFAULT_ENV, format!("the environment has no `{name}`; the default is used"))
                    .at(path.span(), "not set"),
            );
        }
        Ok(resolved(self.slot(Source::Env(name.to_owned())), 1, ty))
    }

    fn constant(&mut self, path: &Path) -> Result<Resolved, Diagnostic> {
        let all = keys(path, 0);
        let mut node = self.project.document.project.constants.as_ref();
        for (depth, key) in all.iter().enumerate() {
            node = node.and_then(|node| types::member(node, key));
            if node.is_none() {
                return Err(unknown_field(path, depth, "`constants` has no such member"));
            }
        }
        let value = node.map_or_else(|| self.project.constants.clone(), constant);
        let ty = Type::of(&value);
        Ok(resolved(self.slot(Source::Constant(value)), all.len(), ty))
    }

    fn tenant_type(&self) -> Type {
        let ty = self.project.tenancy.as_ref().map(|t| &self.project.column(t.table, t.key).ty);
        ty.map_or_else(Type::unknown, types::of_column)
    }

    fn needs_tenant(&self, path: &Path) -> Result<(), Diagnostic> {
        if self.tenant == TenantView::One {
            return Ok(());
        }
        Err(Diagnostic::new(codes::UNKNOWN_FIELD, format!("`{path}` is not known here"))
            .at(path.span(), "this is bound to no tenant")
            .help("name the tenant in the path, by `\"tenant\"` on the route, or read rows of a tenant"))
    }

    fn tenant_root(&mut self, path: &Path) -> Result<Resolved, Diagnostic> {
        self.needs_tenant(path)?;
        match first_name(path, "tenant", "`id` or `role`")? {
            "id" => Ok(resolved(self.slot(Source::TenantId), 1, self.tenant_type())),
            "role" => Ok(resolved(self.slot(Source::TenantRole), 1, Type::new(Kind::Text).nullable())),
            name => {
                let near = nearest(name, ["id", "role"]);
                Err(unknown_field(path, 0, "a tenant has `id` and `role`").did_you_mean(near))
            }
        }
    }

    fn context_root(&mut self, path: &Path) -> Result<Resolved, Diagnostic> {
        self.needs_tenant(path)?;
        let Some(tenancy) = &self.project.tenancy else { return Err(self.unknown_root(path)) };
        let table = self.project.table(tenancy.table);
        let name = singular(&table.name);
        if first_name(path, "context", &format!("`{name}`"))? != name {
            return Err(unknown_field(path, 0, "unknown context").did_you_mean(Some(&name)));
        }
        let Some(key) = path.keys.get(1).and_then(|key| key.value.as_name()) else {
            return Err(unknown_field(path, 0, "name a column of it"));
        };
        let Some(column) = table.column(key) else {
            let near = nearest(key, table.columns.iter().map(|column| column.name.as_str()));
            return Err(unknown_field(path, 1, "the tenant's table has no such column").did_you_mean(near));
        };
        let index = self.context.iter().position(|known| *known == column).unwrap_or_else(|| {
            self.context.push(column);
            self.context.len() - 1
        });
        let declared = self.project.column(tenancy.table, column);
        let ty = types::nullable(types::of_column(&declared.ty), !declared.not_null);
        Ok(resolved(self.slot(Source::Context(index)), 2, ty))
    }

    fn result(&mut self, path: &Path) -> Result<Resolved, Diagnostic> {
        let root = path.root.value.as_str();
        let name = first_name(path, root, "a result")?;
        let Some(index) = self.find_result(name) else { return Err(self.no_result(path, name)) };
        let skip = if root == "steps" { 2 } else { 1 };
        if root == "steps" && path.keys.get(1).and_then(|key| key.value.as_name()) != Some("result") {
            return Err(unknown_field(path, 1, "a step has `result`").did_you_mean(Some("result")));
        }
        let Some(info) = self.results.get_mut(index) else { return Err(self.no_result(path, name)) };
        info.read = true;
        let rest = keys(path, skip);
        let absent = info.maybe_absent && !self.present.contains(&index);
        let (Some(table), true) = (info.table, info.one) else {
            let list = info.table.is_some() && rest.is_empty();
            let ty = if list { Type::list(Type::unknown()) } else { Type::unknown() };
            return Ok(self.result_path(index, rest, path.keys.len(), ty));
        };
        let Some(key) = rest.first() else {
            let ty = types::nullable(Type::new(Kind::Object(None)), absent);
            return Ok(self.result_path(index, rest, path.keys.len(), ty));
        };
        let row = self.project.table(table);
        match key.as_name().and_then(|name| row.column(name)) {
            Some(column) => {
                let declared = self.project.column(table, column);
                let slot = self.cell(index, column, &declared.ty);
                let mut ty = types::nullable(types::of_column(&declared.ty), !declared.not_null);
                ty.optional = absent;
                Ok(resolved(slot, skip + 1, ty))
            }
            // Not a column: a computed member or an embed of the answer, if the query selects it.
            None if self.results.get(index).is_some_and(|r| r.table.is_some()) && !selects(self, index, key) => {
                let near = nearest(
                    key.as_name().unwrap_or_default(),
                    row.columns.iter().map(|column| column.name.as_str()),
                );
                let why = format!("rows of `{}` have no such column", row.name);
                Err(unknown_field(path, skip, &why).did_you_mean(near))
            }
            None => Ok(self.result_path(index, rest, path.keys.len(), Type::unknown())),
        }
    }

    fn result_path(&mut self, index: usize, rest: Vec<Key>, used: usize, ty: Type) -> Resolved {
        let known = self.results.get(index).and_then(|result| {
            if rest.is_empty() {
                return result.whole;
            }
            result.paths.iter().find(|(path, _)| *path == rest).map(|(_, slot)| *slot)
        });
        if let Some(slot) = known {
            return resolved(slot, used, ty);
        }
        let slot = self.slot(Source::Result);
        if let Some(result) = self.results.get_mut(index) {
            if rest.is_empty() {
                result.whole = Some(slot);
            } else {
                result.paths.push((rest, slot));
            }
        }
        resolved(slot, used, ty)
    }

    fn no_result(&self, path: &Path, name: &str) -> Diagnostic {
        if self.later.iter().any(|later| later == name) {
            return Diagnostic::new(codes::RESULT_NOT_YET, format!("`{path}` does not exist yet here"))
                .at(path.span(), "read before it is made")
                .note("queries and steps run in the order in which they are written")
                .help("move the reader behind the one that makes it");
        }
        let known: Vec<&str> =
            self.results.iter().filter_map(|r| r.name.as_ref().map(|name| name.value.as_str())).collect();
        unknown_field(path, 0, "nothing earlier has this name")
            .did_you_mean(nearest(name, known.iter().copied()))
            .help("give the query that makes it an `alias`")
    }
}

impl Resolver for Frame<'_> {
    fn resolve(&mut self, path: &Path) -> Result<Resolved, Diagnostic> {
        self.find(path)
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
    path.keys.first().and_then(|key| key.value.as_name()).ok_or_else(|| {
        Diagnostic::new(codes::UNKNOWN_FIELD, format!("`{root}` alone is no value here"))
            .at(path.span(), format!("name {what}: `{root}.…`"))
    })
}

fn unknown_field(path: &Path, at: usize, why: &str) -> Diagnostic {
    let span = path.keys.get(at).map_or_else(|| path.span(), |key| key.span);
    Diagnostic::new(codes::UNKNOWN_FIELD, format!("`{path}` does not exist")).at(span, why)
}

fn missing_env(name: &str, span: Span) -> Diagnostic {
    Diagnostic::new(codes::MISSING_ENV, format!("the environment has no `{name}`"))
        .at(span, "needed here")
        .note("variables are read once at start, from the process and from `.env`")
        .help(format!("set it (`export {name}=…`), or give a default: `{{{{env.{name} || 'value'}}}}`"))
}

/// The type of a path into declared fields.
fn declared(fields: &[Field], path: &Path, root: &str) -> Result<Type, Diagnostic> {
    let Some(first) = path.keys.first() else {
        return Ok(types::of_fields(fields).caller());
    };
    let name = first.value.as_name().unwrap_or_default();
    let Some(field) = fields.iter().find(|field| field.name.value == name) else {
        let near = nearest(name, fields.iter().map(|field| field.name.value.as_str()));
        return Err(unknown_field(path, 0, &format!("`validation.{root}` does not declare it"))
            .note("members that are not declared are dropped before the route runs")
            .did_you_mean(near));
    };
    let mut ty = types::of_field(field);
    for (depth, key) in path.keys.iter().enumerate().skip(1) {
        ty = types::step(&ty, &key.value)
            .ok_or_else(|| unknown_field(path, depth, "the rules do not declare it"))?;
    }
    Ok(ty.caller())
}
