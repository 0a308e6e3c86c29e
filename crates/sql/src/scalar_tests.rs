//! What row expressions are read as.

use super::*;
use backflow_diag::SourceMap;
use proptest::prelude::*;

fn text(value: &str) -> Text {
    let mut sources = SourceMap::default();
    let file = sources.add("a.json", value);
    Text::plain(value, sources.span(file, 0..value.len()))
}

/// The expression with every operation in brackets.
fn show(ast: &ScalarAst) -> String {
    let pair =
        |op: String, left: &ScalarAst, right: &ScalarAst| format!("[{} {op} {}]", show(left), show(right));
    match ast {
        ScalarAst::Column(name) => name.value.clone(),
        ScalarAst::Number(number) => number.value.clone(),
        ScalarAst::Text(text) => format!("'{}'", text.value),
        ScalarAst::Duration(duration) => format!("{:?}", duration.value),
        ScalarAst::Hole(index) => format!("${}", index.value),
        ScalarAst::Now(_) => "now".to_owned(),
        ScalarAst::Null(_) => "null".to_owned(),
        ScalarAst::Bool(value) => value.value.to_string(),
        ScalarAst::Binary { op, left, right } => pair(format!("{:?}", op.value), left, right),
        ScalarAst::Compare { op, left, right } => pair(format!("{:?}", op.value), left, right),
        ScalarAst::Neg { value, .. } => format!("[- {}]", show(value)),
        ScalarAst::Coalesce { args, .. } => {
            format!("coalesce{:?}", args.iter().map(show).collect::<Vec<_>>())
        }
    }
}

fn read(value: &str) -> String {
    let start = value.find("{{");
    let holes: Vec<_> = start
        .map(|start| start..value.find("}}").unwrap() + 2)
        .into_iter()
        .collect();
    try_parse_scalar(&text(value), &holes).map_or_else(|| "no".to_owned(), |ast| show(&ast))
}

#[test]
fn forms() {
    for (written, expected) in [
        ("used + {{body.quantity}}", "[used Add $0]"),
        ("{{a - (b}}*2", "[$0 Mul 2]"),
        ("now() + '7d'", "[now Add Micros(604800000000)]"),
        ("NOW ( )-'2mo'", "[now Sub Months(2)]"),
        ("used <= limit", "[used Le limit]"),
        ("a - b - c * -d % 2", "[[a Sub b] Sub [[c Mul [- d]] Rem 2]]"),
        ("a-1", "[a Sub 1]"),
        ("(a + 1.50) / \"my col\"", "[[a Add 1.50] Div my col]"),
        (
            "coalesce(a, null, 'it''s', TRUE)",
            r#"coalesce["a", "null", "'it's'", "true"]"#,
        ),
        ("used + '7'", "[used Add '7']"),
        ("a == 1", "[a Eq 1]"),
        ("(a <> b) = false", "[[a Ne b] Eq false]"),
        ("now", "now"),
    ] {
        assert_eq!(read(written), expected, "{written}");
    }
}

#[test]
fn what_is_none() {
    for written in [
        "",
        "a b",
        "a +",
        "f(a)",
        "a < b < c",
        "a && b",
        "'{{x}}'",
        "now() + interval '7d'",
        "(a",
        "a)",
        "coalesce()",
        "a; drop table x",
        "1 2",
        "a->b",
        "--a b",
        "/* */",
    ] {
        assert_eq!(read(written), "no", "{written}");
    }
}

#[test]
fn faults_point_at_the_place() {
    let mut out = Diagnostics::default();
    assert_eq!(parse_scalar(&text("used + sqrt(2)"), &[], &mut out), None);
    let fault = out.iter().next().unwrap();
    assert_eq!(
        (
            fault.code.id,
            fault.span().unwrap().start,
            fault.span().unwrap().end
        ),
        ("E0301", 7, 11)
    );
    assert!(!fault.helps.is_empty());
}

#[test]
fn spans_cover_the_expression() {
    let ast = try_parse_scalar(&text("a + coalesce(b, 1)"), &[]).unwrap();
    assert_eq!((ast.span().start, ast.span().end), (0, 18));
}

#[test]
fn size_is_limited() {
    assert_eq!(read(&vec!["a"; 5000].join("+")), "no");
    assert_eq!(
        read(&format!("{}a{}", "coalesce(".repeat(3000), ")".repeat(3000))),
        "no"
    );
}

proptest! {
    #[test]
    fn no_text_panics(value in any::<String>(), holes in prop::collection::vec((0usize..40, 0usize..40), 0..4)) {
        let holes: Vec<_> = holes.into_iter().map(|(start, length)| start..start + length).collect();
        let mut out = Diagnostics::default();
        let parsed = parse_scalar(&text(&value), &holes, &mut out);
        prop_assert_eq!(parsed.is_none(), out.has_errors());
    }

    #[test]
    fn no_text_of_the_grammar_panics(value in r#"([a-c]|[0-9.]|[()+*/%<>=,'"-]|now\(\)|coalesce\(| ){0,40}"#) {
        let _parsed = try_parse_scalar(&text(&value), &[]);
    }
}
