//! Whether values fit the parameters they are for.
//!
//! Role: names, kinds, choices; secrets among the values.
//! Invariant: what can be told from the text of the config is told at check time; the rest is judged when the call
//! is made, against the same kinds.
//! Not here: calls as a whole (`call`), what the credentials say to a value (`credential`).

use crate::draft::{DraftValue, read_value};
use crate::frame::Frame;
use crate::lower::value::has_expressions;
use crate::manifest::{Param, ParamKind};
use crate::model::Shape;
use crate::project::constant;
use backflow_config::tree::{Member, Node, Tree};
use backflow_diag::{Diagnostic, Diagnostics, Span, codes, nearest};
use backflow_expr::{Kind, Type, Value};

/// What is wanted of an object of parameters.
pub(super) struct Wanted<'m> {
    /// Whose they are: `stripe.createCustomer`.
    pub(super) of: String,
    /// What one of them is called.
    pub(super) noun: &'static str,
    pub(super) params: &'m [Param],
    /// Others pass.
    pub(super) open: bool,
}

impl Wanted<'_> {
    fn find(&self, name: &str) -> Option<&Param> {
        self.params.iter().find(|param| param.name == name)
    }

    /// Whether all names are known.
    pub(super) fn names(&self, members: &[Member], out: &mut Diagnostics) -> bool {
        let mut all = true;
        let unknown = |member: &&Member| !self.open && self.find(&member.key.value).is_none();
        for member in members.iter().filter(unknown) {
            all = false;
            let known: Vec<&str> = self.params.iter().map(|param| param.name.as_str()).collect();
            let (of, noun) = (&self.of, self.noun);
            let fault = Diagnostic::new(
                codes::UNKNOWN_PARAMETER,
                format!("`{of}` has no {noun} `{}`", member.key.value),
            )
            .at(member.key.span, format!("unknown {noun}"));
            let near = nearest(&member.key.value, known.iter().copied());
            out.push(fault.note(listed("it takes", &known)).did_you_mean(near));
        }
        all
    }

    /// Whether all that must be given are.
    pub(super) fn needed(&self, members: &[Member], place: Span, out: &mut Diagnostics) -> bool {
        let mut all = true;
        let given = |param: &Param| members.iter().any(|member| member.key.value == param.name);
        for param in self.params.iter().filter(|param| param.required && !given(param)) {
            all = false;
            out.push(
                Diagnostic::new(
                    codes::MISSING_PARAMETER,
                    format!("`{}` needs `{}`", self.of, param.name),
                )
                .at(place, format!("`{}` is not given", param.name))
                .help(format!("give it: `\"{}\": …`", param.name)),
            );
        }
        all
    }

    /// Whether a value may be what its parameter must be.
    pub(super) fn judge(&self, member: &Member, value: &Shape, out: &mut Diagnostics) -> bool {
        let Some(param) = self.find(&member.key.value) else {
            return true;
        };
        let Some(why) = misfit(param, value) else {
            return true;
        };
        let fixed = text_of(value);
        let near = fixed
            .as_deref()
            .and_then(|text| nearest(text, param.choices.iter().map(String::as_str)));
        let fault = Diagnostic::new(
            codes::BAD_PARAMETER,
            format!("`{}` of `{}` can never be this", param.name, self.of),
        )
        .at(member.value.place(), why)
        .did_you_mean(near);
        out.push(match conversion(&param.kind, value) {
            Some(how) => fault.help(how),
            None => fault,
        });
        false
    }
}

/// The function that makes of a value what a parameter must be.
fn conversion(kind: &ParamKind, value: &Shape) -> Option<&'static str> {
    let Shape::Program(program) = value else {
        return None;
    };
    match (kind, &program.ty().kind) {
        (ParamKind::Integer | ParamKind::Number, Kind::Text) => Some("`number(…)` makes a number of a text"),
        (ParamKind::Text, Kind::Integer | Kind::Number | Kind::Bool) => {
            Some("`string(…)` makes a text of it")
        }
        (ParamKind::Bool, Kind::Text) => Some("`boolean(…)` makes a truth value of a text"),
        _ => None,
    }
}

/// Names for people; of many only the first.
pub(super) fn listed(what: &str, names: &[&str]) -> String {
    const MOST: usize = 12;
    match names {
        [] => format!("{what}: none"),
        names if names.len() <= MOST => format!("{what}: {}", names.join(", ")),
        names => {
            let first: Vec<&str> = names.iter().take(MOST).copied().collect();
            format!("{what}: {}, and {} more", first.join(", "), names.len() - MOST)
        }
    }
}

/// Why a value can never be taken; `None`: it may be.
fn misfit(param: &Param, value: &Shape) -> Option<String> {
    if param.required && is_empty(value) {
        return Some("must be given, and not be empty".to_owned());
    }
    if !fits(&param.kind, value) {
        return Some(format!("must be {}", name(&param.kind)));
    }
    let unknown =
        !param.choices.is_empty() && text_of(value).is_some_and(|text| !param.choices.contains(&text));
    unknown.then(|| format!("must be one of {}", param.choices.join(", ")))
}

/// What is certainly nothing.
fn is_empty(value: &Shape) -> bool {
    match fixed(value) {
        Some(Value::Null | Value::Undefined) => true,
        Some(Value::Text(text)) => text.is_empty(),
        Some(Value::List(items)) => items.is_empty(),
        Some(Value::Object(members)) => members.iter().next().is_none(),
        Some(_) => false,
        None => match value {
            Shape::Program(program) => program.ty().kind == Kind::Null,
            _ => false,
        },
    }
}

/// Whether a value may be of a kind.
fn fits(kind: &ParamKind, value: &Shape) -> bool {
    match (value, kind) {
        (_, ParamKind::Any) => true,
        (value, ParamKind::OneOf(kinds)) => kinds.iter().any(|kind| fits(kind, value)),
        (Shape::Constant(value), kind) => type_fits(kind, &Type::of(value)),
        (Shape::Program(program), kind) => type_fits(kind, program.ty()),
        (Shape::Object(_), kind) => *kind == ParamKind::Object,
        (Shape::List(items), ParamKind::List(item)) => items.iter().all(|value| fits(item, value)),
        (Shape::List(_), _) => false,
    }
}

fn type_fits(kind: &ParamKind, ty: &Type) -> bool {
    match (kind, &ty.kind) {
        (_, Kind::Unknown | Kind::Null) | (ParamKind::Any, _) => true,
        (ParamKind::OneOf(kinds), _) => kinds.iter().any(|kind| type_fits(kind, ty)),
        (ParamKind::Text, Kind::Text | Kind::Time)
        // Whether a number is whole is known when it is there.
        | (ParamKind::Integer | ParamKind::Number, Kind::Integer | Kind::Number)
        | (ParamKind::Bool, Kind::Bool)
        | (ParamKind::Object, Kind::Object(_)) => true,
        (ParamKind::List(item), Kind::List(ty)) => type_fits(item, ty),
        _ => false,
    }
}

fn name(kind: &ParamKind) -> String {
    match kind {
        ParamKind::Text => "text".to_owned(),
        ParamKind::Integer => "a whole number".to_owned(),
        ParamKind::Number => "a number".to_owned(),
        ParamKind::Bool => "true or false".to_owned(),
        ParamKind::Object => "an object".to_owned(),
        ParamKind::List(item) => match item.as_ref() {
            ParamKind::Any => "a list".to_owned(),
            item => format!("a list, each item {}", name(item)),
        },
        ParamKind::OneOf(kinds) => kinds.iter().map(name).collect::<Vec<_>>().join(", or "),
        ParamKind::Any => "anything".to_owned(),
    }
}

/// The value, if the config alone says it.
pub(super) fn fixed(value: &Shape) -> Option<&Value> {
    match value {
        Shape::Constant(value) => Some(value),
        Shape::Program(program) => program.as_constant(),
        Shape::Object(_) | Shape::List(_) => None,
    }
}

/// The text, if the config alone says it.
pub(super) fn text_of(value: &Shape) -> Option<String> {
    fixed(value)?.as_text().map(str::to_owned)
}

/// A parameter's value. A secret may go to a provider, but hardly ever should.
pub(super) fn lower<'a>(
    frame: &mut Frame<'a>,
    provider: &str,
    node: &'a Node,
    out: &mut Diagnostics,
) -> Option<Shape> {
    if !has_expressions(node) {
        return Some(Shape::Constant(constant(node)));
    }
    match &node.tree {
        Tree::List(items) => {
            let items: Vec<_> = items
                .iter()
                .map(|item| lower(frame, provider, item, out))
                .collect();
            items.into_iter().collect::<Option<_>>().map(Shape::List)
        }
        Tree::Object(members) => {
            let lowered: Vec<_> = members
                .iter()
                .map(|member| {
                    let value = lower(frame, provider, &member.value, out)?;
                    Some((member.key.value.clone(), value))
                })
                .collect();
            lowered.into_iter().collect::<Option<_>>().map(Shape::Object)
        }
        _ => {
            let DraftValue::Template(template) = read_value(node, out)? else {
                return Some(Shape::Constant(constant(node)));
            };
            let program = frame.template(&template, out)?;
            if program.ty().secret {
                out.push(secret_sent(provider, node.span));
            }
            Some(Shape::Program(program))
        }
    }
}

fn secret_sent(provider: &str, span: Span) -> Diagnostic {
    Diagnostic::new(codes::SECRET_SENT, format!("a secret is sent to `{provider}`"))
        .at(span, "comes from the environment, or from a secret column")
        .note("a provider keeps what it is sent, and shows it to whoever may look there")
        .help("if it is no secret, list the variable under `publicEnv`; a credential belongs under `credentials`")
}
