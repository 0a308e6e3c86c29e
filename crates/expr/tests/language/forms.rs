//! How texts are taken apart.

use crate::world::text_of;
use backflow_diag::{Diagnostics, SourceMap};
use backflow_expr::ast::Node;
use backflow_expr::{Expr, Part, Template, Value, parse_condition};

fn parsed(text: &str) -> Template {
    let mut sources = SourceMap::default();
    Template::parse(&text_of(&mut sources, text), &mut Diagnostics::default()).unwrap()
}

fn expr(text: &str) -> Expr {
    let mut sources = SourceMap::default();
    parse_condition(&text_of(&mut sources, text), &mut Diagnostics::default()).unwrap()
}

#[test]
fn parts_cover_the_text_in_order() {
    let text = "a{{ b.c }}${D}é{{x}}";
    let template = parsed(text);
    let mut end = 0;
    for part in &template.parts {
        let (Part::Literal { range, .. } | Part::Hole { range, .. }) = part;
        assert_eq!(range.start, end);
        end = range.end;
    }
    assert_eq!(end, text.len());
    assert_eq!(template.holes().count(), 3);
    assert!(!template.is_literal() && template.single_hole().is_none());
    assert!(parsed("plain").is_literal());
    assert!(parsed("").parts.is_empty());
    let env = parsed("${D}");
    assert_eq!(env.single_hole(), parsed("{{env.D}}").single_hole());
}

#[test]
fn a_condition_is_one_expression_with_or_without_braces() {
    for text in [
        "a.b === 'x' && c",
        "{{a.b}} === 'x' && {{c}}",
        "{{a.b === 'x' && c}}",
        "(({{a.b}}) == \"x\") && (c)",
    ] {
        assert_eq!(expr(text), expr("a.b === 'x' && c"), "{text}");
    }
    assert_eq!(expr("${A}"), expr("env.A"));
    // Braces group: the payload's comparison is an operand of its own.
    assert_eq!(expr("{{a || b}} && c"), expr("(a || b) && c"));
    assert_ne!(expr("{{a || b}} && c"), expr("a || b && c"));
}

#[test]
fn callers_can_look_into_expressions() {
    let call = expr("dateAdd(now(), '7d')");
    let (name, arguments) = call.as_call().unwrap();
    assert_eq!(name, "dateAdd");
    assert_eq!(arguments[0].as_call().map(|(name, _)| name), Some("now"));
    assert_eq!(arguments[1].as_literal(), Some(&Value::from("7d")));
    let paths: Vec<_> = expr("a.b-c[0] + f(d['x y'], !e ? g : split(h, 'x')[0])")
        .paths()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(paths, ["a.b-c[0]", "d['x y']", "e", "g", "h"]);
    assert_eq!(expr("-5").as_literal(), Some(&Value::from(-5)));
    assert!(matches!(expr("a ? b : c").node, Node::Choice(_)));
    assert_eq!(expr("a.b").as_path().unwrap().first(0).to_string(), "a");
}

#[test]
fn precedence_is_that_of_javascript() {
    for (text, same) in [
        ("a || b && c", "a || (b && c)"),
        ("a && b === c", "a && (b === c)"),
        ("a === b < c", "a === (b < c)"),
        ("a < b + c", "a < (b + c)"),
        ("a + b * c", "a + (b * c)"),
        ("a - b - c", "(a - b) - c"),
        ("!a && b", "(!a) && b"),
        ("-a * b", "(-a) * b"),
        ("a ? b : c ? d : e", "a ? b : (c ? d : e)"),
        ("a || b ? c : d", "(a || b) ? c : d"),
        ("a ?? b && c", "a ?? (b && c)"),
    ] {
        assert_eq!(expr(text), expr(same), "{text}");
    }
}
