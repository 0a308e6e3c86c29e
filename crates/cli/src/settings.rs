//! Settings of the project that are templates over the environment.
//!
//! Role: evaluates `jwt.*` and `database.url` once, at start.
//! Input: the document and the environment. Output: texts; faults for what is missing or too weak.
//! Invariant: these templates see the environment and nothing else; no value of it is in a fault.
//! Not here: templates in routes (the planner).

use crate::environment::Environment;
use backflow_config::document::Document;
use backflow_diag::{Diagnostic, Diagnostics, Span, Text, codes};
use backflow_engine::{Clock, Ids, Secret, SystemClock, SystemIds};
use backflow_expr::ast::{BinaryOp, Expr, Node, Path};
use backflow_expr::{Host, Kind, Program, Resolved, Resolver, Slot, Template, Type, Value};

/// The variable that holds the secret when `jwt.secret` is absent.
pub(crate) const SECRET: &str = "JWT_SECRET";
/// Shortest secret, in bytes.
const SHORTEST: usize = 32;

/// How tokens are checked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Jwt {
    pub(crate) secret: Option<Secret>,
    pub(crate) issuer: Option<String>,
    pub(crate) audience: Option<String>,
}

/// Reads `jwt`.
pub(crate) fn jwt(document: &Document, environment: &Environment, out: &mut Diagnostics) -> Jwt {
    let settings = &document.project.jwt;
    let mut text = |template: &Option<Text>| {
        template
            .as_ref()
            .and_then(|text| evaluate(text, environment, out))
    };
    let secret = match &settings.secret {
        Some(_) => text(&settings.secret),
        None => environment.value(SECRET).map(str::to_owned),
    };
    Jwt {
        secret: secret.map(Secret::new),
        issuer: text(&settings.issuer),
        audience: text(&settings.audience),
    }
}

/// Reports a secret that is missing or too short, if some route asks for tokens.
pub(crate) fn check_secret(document: &Document, jwt: &Jwt, out: &mut Diagnostics) {
    if !document.routes.iter().any(|route| route.require_auth) {
        return;
    }
    let template = &document.project.jwt.secret;
    let what = match &jwt.secret {
        Some(secret) if secret.expose().len() >= SHORTEST => return,
        Some(secret) => format!(
            "the JWT secret has {} bytes, {SHORTEST} are needed",
            secret.expose().len()
        ),
        // Why it could not be read has been reported.
        None if template.is_some() => return,
        None => format!("routes ask for a token, but neither `jwt.secret` nor `{SECRET}` is set"),
    };
    let mut fault = Diagnostic::new(codes::WEAK_SECRET, what)
        .note("a short secret can be guessed from one token; then anybody can sign tokens for anybody")
        .help(format!(
            "`{}=$(openssl rand -hex 32)`, in `.env` or the process",
            template.as_ref().and_then(variable).as_deref().unwrap_or(SECRET)
        ))
        .help("`backflow dev` makes one for development");
    if let Some(template) = template {
        fault = fault.at(template.map.whole(), "comes from here");
    }
    out.push(fault);
}

/// The variable that a template is, if it is nothing else.
fn variable(text: &Text) -> Option<String> {
    let template = Template::parse(text, &mut Diagnostics::default())?;
    let path = template.single_hole()?.as_path()?;
    let name = path.keys.first()?.value.as_name()?;
    (path.root.value == "env").then(|| name.to_owned())
}

/// The text that a template gives.
pub(crate) fn evaluate(text: &Text, environment: &Environment, out: &mut Diagnostics) -> Option<String> {
    let template = Template::parse(text, out)?;
    let mut variables = Variables {
        environment,
        values: Vec::new(),
        defaulted: Vec::new(),
    };
    template.holes().for_each(|hole| variables.note_defaults(hole));
    let program = Program::compile_template(&template, &mut variables, out)?;
    let why = match program.run(&variables.values, &mut World) {
        Ok(Value::Text(text)) => return Some(text.to_string()),
        Ok(other) => format!("it is {}, not text", other.kind_name()),
        Err(error) => error.to_string(),
    };
    out.push(Diagnostic::new(codes::TYPE_MISMATCH, "this setting gives no text").at(text.map.whole(), why));
    None
}

/// Finds `env.NAME`; each variable has a slot of its own.
struct Variables<'e> {
    environment: &'e Environment,
    values: Vec<Value>,
    defaulted: Vec<Span>,
}

impl Variables<'_> {
    fn note_defaults(&mut self, expr: &Expr) {
        if let Node::Binary(BinaryOp::Or | BinaryOp::Default, left, _) = &expr.node {
            self.defaulted.push(left.span);
        }
        for child in expr.children() {
            self.note_defaults(child);
        }
    }
}

impl Resolver for Variables<'_> {
    fn resolve(&mut self, path: &Path) -> Result<Resolved, Diagnostic> {
        let name = path.keys.first().and_then(|key| key.value.as_name());
        let (true, Some(name)) = (path.root.value == "env", name) else {
            let fault = Diagnostic::new(codes::UNKNOWN_ROOT, format!("`{path}` is not known here"));
            return Err(fault
                .at(path.span(), "only variables of the environment")
                .note("settings of the project are read once, at start")
                .help("write `{{env.NAME}}`"));
        };
        let value = self.environment.value(name);
        if value.is_none() && !self.defaulted.contains(&path.span()) {
            let fault = Diagnostic::new(codes::MISSING_ENV, format!("the environment has no `{name}`"));
            return Err(fault
                .at(path.span(), "needed here")
                .note("variables are read once at start, from the process and from `.env`")
                .help(format!("set it: `export {name}=…`, or in `.env`")));
        }
        let slot = Slot(u32::try_from(self.values.len()).unwrap_or(u32::MAX));
        self.values.push(value.map_or(Value::Undefined, Value::text));
        Ok(Resolved {
            slot,
            used: 1,
            ty: Type::new(Kind::Text).optional().secret(),
        })
    }
}

/// The world at start.
struct World;

impl Host for World {
    fn now(&self) -> jiff::Timestamp {
        SystemClock.now()
    }

    fn uuid(&mut self) -> String {
        SystemIds.uuid()
    }
}
