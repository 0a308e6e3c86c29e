//! The roots of expressions that do not change while a route runs: request, token, environment, constants.
//!
//! Invariant: what the caller can write is marked as the caller's, and a secret of the environment as secret.
//! Not here: roots that need a tenant (`tenant`), results of queries (`results`).

use super::{Frame, Position, TenantView, first_name, resolved, unknown_field};
use crate::draft::keys;
use crate::model::Source;
use crate::project::constant;
use crate::types;
use backflow_config::document::Field;
use backflow_diag::{Diagnostic, Span, codes, nearest};
use backflow_expr::{Key, Kind, Path, Resolved, Type};

impl Frame<'_> {
    pub(super) fn roots(&self) -> &'static [&'static str] {
        match self.position {
            Position::Route => &[
                "params",
                "query",
                "body",
                "headers",
                "auth",
                "env",
                "constants",
                "tenant",
                "context",
                "results",
                "steps",
            ],
            Position::Event => &["payload", "headers", "env", "constants"],
            Position::Hook => &[
                "payload",
                "headers",
                "env",
                "constants",
                "tenant",
                "context",
                "steps",
            ],
            Position::Settings => &["env", "constants"],
            Position::Action => &["params", "env", "constants"],
            Position::Workflow => &["input", "auth", "env", "constants", "tenant", "context", "steps"],
        }
    }

    pub(super) fn find(&mut self, path: &Path) -> Result<Resolved, Diagnostic> {
        let root = path.root.value.as_str();
        if let ("item", Some(fields)) = (root, self.item) {
            let slot = self.slot(Source::Item(keys(path, 0)));
            return Ok(resolved(slot, path.keys.len(), declared(fields, path, "body")?));
        }
        if !self.roots().contains(&root) {
            return Err(self.unknown_root(path));
        }
        match root {
            "params" if self.position == Position::Action => self.action_param(path),
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

    pub(super) fn unknown_root(&self, path: &Path) -> Diagnostic {
        let root = path.root.value.as_str();
        if self.position == Position::Event && matches!(root, "tenant" | "context") {
            return Diagnostic::new(codes::UNKNOWN_ROOT, format!("`{root}` is not known here"))
                .at(path.root.span, "the tenant of an event is found later")
                .note("a condition decides whether an event is worked on at all; only then its tenant is looked for")
                .help("compare with it in a step: its `condition` and its filters may read it");
        }
        let near = nearest(&path.root.value, self.roots().iter().copied());
        let fault = Diagnostic::new(
            codes::UNKNOWN_ROOT,
            format!("nothing is called `{}` here", path.root.value),
        )
        .at(path.root.span, "unknown name")
        .note(format!("here expressions can read: {}", self.roots().join(", ")));
        match near {
            None if path.keys.is_empty() => {
                fault.help(format!("text stands in quotes: `'{}'`", path.root.value))
            }
            near => fault.did_you_mean(near),
        }
    }

    pub(super) fn param(&mut self, path: &Path) -> Result<Resolved, Diagnostic> {
        let name = first_name(path, "params", "a path parameter")?;
        let Some(index) = self.params.iter().position(|param| param == name) else {
            let near = nearest(name, self.params.iter().map(String::as_str));
            return Err(unknown_field(path, 0, "the path has no such parameter").did_you_mean(near));
        };
        let rules = self.validation.and_then(|v| v.params.as_deref());
        let ty = match rules.and_then(|fields| fields.iter().find(|field| field.name.value == name)) {
            Some(field) => Type {
                optional: false,
                ..types::of_field(field)
            }
            .wire(),
            None => Type::new(Kind::Text).wire().caller(),
        };
        Ok(resolved(self.slot(Source::Param(index)), 1, ty))
    }

    /// What an action of a provider is given.
    fn action_param(&mut self, path: &Path) -> Result<Resolved, Diagnostic> {
        let slot = self.slot(Source::Body(keys(path, 0)));
        let (Some(given), Some(first)) = (self.given, path.keys.first()) else {
            return Ok(resolved(slot, path.keys.len(), Type::unknown().caller()));
        };
        let name = first.value.as_name().unwrap_or_default();
        let Some(param) = given.iter().find(|param| param.name.value == name) else {
            let near = nearest(name, given.iter().map(|param| param.name.value.as_str()));
            let why = "the action's `params` do not declare it";
            return Err(unknown_field(path, 0, why).did_you_mean(near));
        };
        let mut ty = types::of_param(param);
        for (depth, key) in path.keys.iter().enumerate().skip(1) {
            ty = types::step(&ty, &key.value)
                .ok_or_else(|| unknown_field(path, depth, "the parameter is of another type"))?;
        }
        Ok(resolved(slot, path.keys.len(), ty.caller()))
    }

    pub(super) fn query(&mut self, path: &Path) -> Result<Resolved, Diagnostic> {
        if let Some(fields) = self.validation.and_then(|v| v.query.as_deref()) {
            let ty = declared(fields, path, "query")?.wire();
            return Ok(resolved(
                self.slot(Source::Query(keys(path, 0))),
                path.keys.len(),
                ty,
            ));
        }
        let name = first_name(path, "query", "a parameter of the query string")?;
        let slot = self.slot(Source::Query(vec![Key::name(name)]));
        Ok(resolved(
            slot,
            1,
            Type::new(Kind::Text).wire().optional().caller(),
        ))
    }

    pub(super) fn body(&mut self, path: &Path) -> Result<Resolved, Diagnostic> {
        self.reads_body = true;
        let slot = self.slot(Source::Body(keys(path, 0)));
        if let Some(fields) = self.validation.and_then(|v| v.body.as_deref()) {
            return Ok(resolved(slot, path.keys.len(), declared(fields, path, "body")?));
        }
        self.warnings.push(
            Diagnostic::new(
                codes::UNKNOWN_BODY_FIELD,
                format!("`{path}` is read, but nothing validates it"),
            )
            .at(path.span(), "may be anything the caller sends")
            .help("declare it under `validation.body`: its type, and whether it is required"),
        );
        Ok(resolved(slot, path.keys.len(), Type::unknown().caller()))
    }

    pub(super) fn rules_input(&mut self, path: &Path) -> Result<Resolved, Diagnostic> {
        let slot = self.slot(Source::Input(keys(path, 0)));
        let ty = match self.input {
            Some(fields) => declared(fields, path, "input")?,
            None => Type::unknown().caller(),
        };
        Ok(resolved(slot, path.keys.len(), ty))
    }

    pub(super) fn header(&mut self, path: &Path) -> Result<Resolved, Diagnostic> {
        let name = first_name(path, "headers", "a header")?.to_ascii_lowercase();
        if matches!(name.as_str(), "authorization" | "cookie" | "proxy-authorization") {
            return Err(
                Diagnostic::new(codes::SECRET_LEAK, format!("the header `{name}` cannot be read"))
                    .at(path.span(), "holds the caller's credentials")
                    .help("what the token says is in `auth`"),
            );
        }
        let ty = Type::new(Kind::Text).wire().optional().caller();
        Ok(resolved(self.slot(Source::Header(name)), 1, ty))
    }

    pub(super) fn claim(&mut self, path: &Path) -> Resolved {
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

    pub(super) fn env(&mut self, path: &Path) -> Result<Resolved, Diagnostic> {
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
                Diagnostic::new(
                    codes::DEFAULT_ENV,
                    format!("the environment has no `{name}`; the default is used"),
                )
                .at(path.span(), "not set")
                .help(format!("set `{name}` where the default is not what you want")),
            );
        }
        Ok(resolved(self.slot(Source::Env(name.to_owned())), 1, ty))
    }

    pub(super) fn constant(&mut self, path: &Path) -> Result<Resolved, Diagnostic> {
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
}

fn missing_env(name: &str, span: Span) -> Diagnostic {
    Diagnostic::new(codes::MISSING_ENV, format!("the environment has no `{name}`"))
        .at(span, "needed here")
        .note("variables are read once at start, from the process and from `.env`")
        .help(format!(
            "set it (`export {name}=…`), or give a default: `{{{{env.{name} || 'value'}}}}`"
        ))
}

/// The type of a path into declared fields.
fn declared(fields: &[Field], path: &Path, root: &str) -> Result<Type, Diagnostic> {
    let Some(first) = path.keys.first() else {
        return Ok(types::of_fields(fields).caller());
    };
    let name = first.value.as_name().unwrap_or_default();
    let Some(field) = fields.iter().find(|field| field.name.value == name) else {
        let near = nearest(name, fields.iter().map(|field| field.name.value.as_str()));
        let (rules, runs) = match root {
            "input" => ("input".to_owned(), "workflow"),
            _ => (format!("validation.{root}"), "route"),
        };
        return Err(unknown_field(path, 0, &format!("`{rules}` does not declare it"))
            .note(format!(
                "members that are not declared are dropped before the {runs} runs"
            ))
            .did_you_mean(near));
    };
    let mut ty = types::of_field(field);
    for (depth, key) in path.keys.iter().enumerate().skip(1) {
        ty = types::step(&ty, &key.value)
            .ok_or_else(|| unknown_field(path, depth, "the rules do not declare it"))?;
    }
    Ok(ty.caller())
}
