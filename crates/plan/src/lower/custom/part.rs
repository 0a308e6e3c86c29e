//! Parts of a provider's request.
//!
//! Role: reads texts and values as programs, and reports what cannot be part of a request.
//! Invariant: the same call gives the same request: nothing in it asks for the time or for an id.
//! Not here: which parts there are.

use crate::draft::{DraftValue, read_value};
use crate::frame::Frame;
use crate::lower::value::has_expressions;
use crate::model::{Shape, Source};
use crate::project::constant;
use backflow_config::tree::{Node, Tree};
use backflow_diag::{Diagnostic, Diagnostics, Span, Spanned, Text, codes};
use backflow_expr::{Expr, Part as Piece, Program, Template, Value};

/// Headers that belong to the connection.
const RESERVED: [&str; 12] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// Where parts are read.
pub(crate) struct Part<'p, 'a, 'd> {
    pub(crate) frame: &'p mut Frame<'a>,
    pub(crate) out: &'d mut Diagnostics,
}

impl<'p, 'a, 'd> Part<'p, 'a, 'd> {
    pub(crate) fn new(frame: &'p mut Frame<'a>, out: &'d mut Diagnostics) -> Self {
        Self { frame, out }
    }

    /// Text that may hold a secret, since it is added when a request is sent.
    pub(crate) fn text(&mut self, text: &Text) -> Option<Program> {
        let template = Template::parse(text, self.out)?;
        for expr in template.holes() {
            self.fixed(expr);
        }
        self.frame.template(&template, self.out)
    }

    /// A header's value: a secret in it is added when it is sent, unless the call has a say in it, too.
    pub(crate) fn header(&mut self, text: &Text) -> Option<Program> {
        let program = self.text(text)?;
        let of_call = |slot| matches!(self.frame.source(slot), Some(Source::Body(_)));
        if program.ty().secret && program.slots().any(of_call) {
            self.kept(text.span());
        }
        Some(program)
    }

    /// `baseUrl`
    pub(crate) fn base(&mut self, text: &Text) -> Option<Program> {
        let program = self.text(text)?;
        let constant = program.as_constant().and_then(Value::as_text);
        if let Some(why) = constant.and_then(bad_address) {
            self.out.push(
                Diagnostic::new(codes::BAD_ADDRESS, "this address cannot be used")
                    .at(text.span(), why)
                    .help("write `https://host`, with a port and the beginning of all paths if needed"),
            );
        }
        Some(program)
    }

    /// A parameter of the query string.
    pub(crate) fn scalar(&mut self, node: &Node) -> Option<Program> {
        match &node.tree {
            Tree::Text(text) => self.kept_text(text),
            _ => constant(node)
                .hole_text()
                .map(|text| Program::constant(Value::text(text))),
        }
    }

    /// A path with holes.
    pub(crate) fn path(&mut self, text: &Text) -> Option<Vec<(String, Option<Program>)>> {
        let template = Template::parse(text, self.out)?;
        let (mut parts, mut literal, mut whole) = (Vec::new(), String::new(), String::new());
        for piece in &template.parts {
            match piece {
                Piece::Literal { text, .. } => {
                    literal.push_str(text);
                    whole.push_str(text);
                }
                Piece::Hole { expr, .. } => {
                    self.fixed(expr);
                    let program = self.frame.expr(expr, self.out);
                    if program.as_ref().is_some_and(|program| program.ty().secret) {
                        self.kept(expr.span);
                    }
                    parts.push(program.map(|program| (std::mem::take(&mut literal), Some(program))));
                    whole.push('x');
                }
            }
        }
        if let Some(why) = bad_path(&whole) {
            self.out.push(
                Diagnostic::new(codes::BAD_PATH, "this path cannot be called")
                    .at(text.span(), why)
                    .help("start it with `/`; parameters after `?` go into `query`"),
            );
        }
        parts.push(Some((literal, None)));
        parts.into_iter().collect()
    }

    /// A body.
    pub(crate) fn shape(&mut self, node: &Node) -> Option<Shape> {
        let mut secrets = Vec::new();
        let shape = document(self, node, &mut secrets);
        for span in secrets {
            self.kept(span);
        }
        shape
    }

    fn kept_text(&mut self, text: &Text) -> Option<Program> {
        let program = self.text(text)?;
        if program.ty().secret {
            self.kept(text.span());
        }
        Some(program)
    }

    fn kept(&mut self, span: Span) {
        self.out.push(
            Diagnostic::new(
                codes::SECRET_KEPT,
                "a secret becomes part of the requests that are kept",
            )
            .at(span, "comes from the environment")
            .note("requests are kept in the journal of runs until they are done; credentials never are")
            .help("put it into `auth` or into a header of its own; or list it under `publicEnv`"),
        );
    }

    /// Reports the name of a header that cannot be set.
    pub(crate) fn header_name(&mut self, name: &Spanned<String>) {
        let lower = name.value.to_ascii_lowercase();
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let why = if name.value.is_empty() || !name.value.bytes().all(is_token) {
            "no name of a header"
        } else if RESERVED.contains(&lower.as_str()) {
            "set for you"
        } else {
            return;
        };
        self.out.push(
            Diagnostic::new(
                codes::BAD_HEADER,
                format!("the header `{}` cannot be set", name.value),
            )
            .at(name.span, why)
            .help("leave it out, or choose another name"),
        );
    }

    /// Reports what would make the same call another request.
    fn fixed(&mut self, expr: &Expr) {
        if let Some((name @ ("now" | "uuid"), _)) = expr.as_call() {
            let help = if self.frame.is_in_action() {
                let handed = format!("`\"params\": {{\"at\": \"{{{{{name}()}}}}\"}}`");
                format!("make the value in the step that calls, and hand it over: {handed}")
            } else {
                "take the value from the environment".to_owned()
            };
            self.out.push(
                Diagnostic::new(
                    codes::NOT_FIXED,
                    format!("`{name}()` gives another value each time"),
                )
                .at(expr.span, "not the same when the request is made again")
                .note("a request that is repeated must be the same, or its provider takes it for another")
                .help(help),
            );
        }
        for child in expr.children() {
            self.fixed(child);
        }
    }
}

/// A value with expressions, and where it holds secrets.
pub(crate) fn document(part: &mut Part<'_, '_, '_>, node: &Node, secrets: &mut Vec<Span>) -> Option<Shape> {
    if !has_expressions(node) {
        return Some(Shape::Constant(constant(node)));
    }
    match &node.tree {
        Tree::List(items) => {
            let items: Vec<_> = items.iter().map(|item| document(part, item, secrets)).collect();
            items.into_iter().collect::<Option<_>>().map(Shape::List)
        }
        Tree::Object(members) => {
            let members: Vec<_> = members
                .iter()
                .map(|member| Some((member.key.value.clone(), document(part, &member.value, secrets)?)))
                .collect();
            members.into_iter().collect::<Option<_>>().map(Shape::Object)
        }
        _ => match read_value(node, part.out)? {
            DraftValue::Fixed(node) => Some(Shape::Constant(constant(node))),
            DraftValue::Template(template) => {
                let program = part.text(&template.text)?;
                if program.ty().secret {
                    secrets.push(node.span);
                }
                Some(Shape::Program(program))
            }
        },
    }
}

/// Why a text is no address of a provider.
pub(crate) fn bad_address(base: &str) -> Option<&'static str> {
    let Some((scheme, rest)) = base.split_once("://") else {
        return Some("does not start with `https://` or `http://`");
    };
    let host = rest.split('/').next().unwrap_or_default();
    if !matches!(scheme.to_ascii_lowercase().as_str(), "https" | "http") {
        return Some("does not start with `https://` or `http://`");
    }
    if host.is_empty() {
        return Some("names no host");
    }
    if host.contains('@') {
        return Some("holds a user name; say it in `auth`");
    }
    let is_plain = rest.bytes().all(|byte| byte.is_ascii_graphic()) && !rest.contains(['?', '#', '\\']);
    (!is_plain).then_some("holds a blank, a query, a fragment or a letter beyond ASCII")
}

fn bad_path(path: &str) -> Option<&'static str> {
    let Some(rest) = path.strip_prefix('/') else {
        return Some("does not start with `/`");
    };
    if !path.bytes().all(|byte| byte.is_ascii_graphic()) || path.contains(['?', '#', '\\']) {
        return Some("holds a blank, a query, a fragment or a letter beyond ASCII");
    }
    let is_odd = |segment: &str| {
        let dots = segment.to_ascii_lowercase().replace("%2e", ".");
        matches!(dots.as_str(), "." | "..") || dots.is_empty()
    };
    let segments = rest.strip_suffix('/').unwrap_or(rest);
    (!segments.is_empty() && segments.split('/').any(is_odd)).then_some("has an empty or dotted segment")
}
