//! A small world of roots to compile and run against.

use backflow_diag::{Diagnostic, Diagnostics, SourceMap, Span, Text, codes, render};
use backflow_expr::{
    EvalError, Host, Kind, Path, Program, Resolved, Resolver, Slot, Template, Type, Value, json,
    parse_condition, parse_timestamp,
};
use jiff::Timestamp;

/// The roots of every test, by slot; `any` is wholly unknown.
const ROOTS: [&str; 5] = ["body", "any", "params", "env", "steps"];

pub(crate) struct World;

pub(crate) fn body_type() -> Type {
    let text = || Type::new(Kind::Text).caller();
    Type::object(vec![
        ("name".into(), text()),
        ("nick".into(), text().optional().nullable()),
        ("used".into(), Type::new(Kind::Integer).caller()),
        ("price".into(), Type::new(Kind::Number).caller()),
        ("flag".into(), Type::new(Kind::Bool).caller()),
        ("at".into(), Type::new(Kind::Time).caller()),
        ("tags".into(), Type::list(text()).caller()),
        ("maybe".into(), Type::list(text()).optional()),
        (
            "box".into(),
            Type::object(vec![("length".into(), Type::new(Kind::Integer))]),
        ),
    ])
}

impl Resolver for World {
    fn resolve(&mut self, path: &Path) -> Result<Resolved, Diagnostic> {
        let Some(slot) = ROOTS.iter().position(|root| *root == path.root.value) else {
            let message = format!("unknown root `{}`", path.root.value);
            return Err(Diagnostic::new(codes::UNKNOWN_ROOT, message).at(path.root.span, ""));
        };
        let ty = match path.root.as_str() {
            "body" => body_type(),
            "params" => Type::object(vec![("id".into(), Type::new(Kind::Text).wire().caller())]),
            "env" => Type::object(vec![("KEY".into(), Type::new(Kind::Text).secret())]),
            _ => Type::unknown(),
        };
        Ok(Resolved {
            slot: Slot(u32::try_from(slot).unwrap()),
            used: 0,
            ty,
        })
    }
}

pub(crate) struct Clock;

impl Host for Clock {
    fn now(&self) -> Timestamp {
        parse_timestamp("2026-01-31T12:00:00.123456Z").unwrap()
    }

    fn uuid(&mut self) -> String {
        "11111111-2222-4333-8444-555555555555".into()
    }
}

/// What the slots hold: `any` and `steps` are given as JSON.
pub(crate) fn frame(any: &str) -> Vec<Value> {
    let any = json::parse(any.as_bytes(), 64).unwrap();
    let mut body = json::parse(
        br#"{"name":"Ann","nick":null,"used":7,"price":1.50,"flag":true,"tags":["a","b"],"box":{"length":99}}"#,
        8,
    )
    .unwrap();
    if let Value::Object(members) = &mut body {
        let members = std::sync::Arc::make_mut(members);
        members.insert(
            "at".into(),
            Value::Time(parse_timestamp("2026-11-23T18:10:15Z").unwrap()),
        );
    }
    let params = Value::object([("id", "42".into())]);
    let env = Value::object([("KEY", "s3cret".into())]);
    vec![body, any.clone(), params, env, any]
}

pub(crate) fn text_of(sources: &mut SourceMap, text: &str) -> Text {
    let file = sources.add("t", text);
    let span: Span = sources.span(file, 0..text.len());
    Text::plain(text, span)
}

/// All diagnostics of a template or condition as `CODE range` lines, and the program if there is one.
pub(crate) struct Outcome {
    pub(crate) program: Option<Program>,
    pub(crate) found: Vec<String>,
    pub(crate) report: String,
}

fn outcome(text: &str, compile: impl FnOnce(&Text, &mut Diagnostics) -> Option<Program>) -> Outcome {
    let mut sources = SourceMap::default();
    let text = text_of(&mut sources, text);
    let mut diagnostics = Diagnostics::default();
    let program = compile(&text, &mut diagnostics);
    assert_eq!(
        program.is_none(),
        diagnostics.has_errors(),
        "{}",
        render::human(&sources, diagnostics.iter(), false)
    );
    let found = diagnostics
        .iter()
        .map(|d| {
            format!(
                "{} `{}`",
                d.code.id,
                d.span().map_or("", |span| sources.slice(span))
            )
        })
        .collect();
    Outcome {
        program,
        found,
        report: render::human(&sources, diagnostics.iter(), false),
    }
}

pub(crate) fn template(text: &str) -> Outcome {
    outcome(text, |text, diagnostics| {
        let template = Template::parse(text, diagnostics)?;
        Program::compile_template(&template, &mut World, diagnostics)
    })
}

pub(crate) fn condition(text: &str) -> Outcome {
    outcome(text, |text, diagnostics| {
        let expr = parse_condition(text, diagnostics)?;
        Program::compile_expr(&expr, &mut World, diagnostics)
    })
}

/// The program of an expression that must compile without a fault.
pub(crate) fn program(text: &str) -> Program {
    let outcome = condition(text);
    outcome
        .program
        .unwrap_or_else(|| panic!("{text}\n{}", outcome.report))
}

pub(crate) fn eval_with(text: &str, any: &str) -> Result<Value, EvalError> {
    program(text).run(&frame(any), &mut Clock)
}

/// The value as JSON; `undefined` and errors as such.
pub(crate) fn shown(result: Result<Value, EvalError>) -> String {
    match result {
        Ok(Value::Undefined) => "undefined".into(),
        Ok(value) => value.to_json(),
        Err(error) => format!("error: {}", error.message),
    }
}

pub(crate) fn eval(text: &str) -> String {
    shown(eval_with(
        text,
        r#"{"s":"text","n":5,"d":2.50,"b":true,"z":null,"l":[1,"x"],"o":{"k":1},"t":"2026-01-31T10:00:00Z"}"#,
    ))
}
