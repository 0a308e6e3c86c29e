//! What operators, column paths and orders are read as.

use super::*;
use crate::ir::JsonKey;
use backflow_diag::SourceMap;
use proptest::prelude::*;

fn text(value: &str) -> Text {
    let mut sources = SourceMap::default();
    let file = sources.add("a.json", value);
    Text::plain(value, sources.span(file, 0..value.len()))
}

fn operator(op: FilterOp, negated: bool, config: Option<&str>) -> Option<Operator> {
    Some(Operator {
        op,
        negated,
        config: config.map(str::to_owned),
        quantifier: None,
    })
}

#[test]
fn operators() {
    for (name, op) in OPERATORS {
        assert_eq!(parse_operator(name), operator(op, false, None));
        assert_eq!(parse_operator(&format!("not.{name}")), operator(op, true, None));
    }
    assert_eq!(parse_operator("containedBy").map(|o| o.op), Some(FilterOp::Cd));
    assert_eq!(
        parse_operator("not.fts(english)"),
        operator(FilterOp::Fts, true, Some("english"))
    );
    for wrong in [
        "",
        "EQ",
        "eq ",
        "not.",
        "not.not.eq",
        "eq(english)",
        "neq(any)",
        "in(any)",
        "like(some)",
        "fts()",
        "fts(a'b)",
        "fts(english",
    ] {
        assert_eq!(parse_operator(wrong), None, "{wrong}");
    }
    let quantifier = |text| parse_operator(text).and_then(|operator| operator.quantifier);
    assert_eq!(quantifier("like(any)"), Some(Quantifier::Any));
    assert_eq!(quantifier("not.eq(all)"), Some(Quantifier::All));
    assert_eq!(nearest_operator("not.contain"), Some("contains"));
    assert_eq!(FilterOp::Cs.name(), "cs");
}

fn path(value: &str) -> Option<(String, String, Vec<JsonStep>)> {
    let path = parse_column_path(&text(value), &mut Diagnostics::default())?;
    let embeds: Vec<String> = path.embeds.into_iter().map(|embed| embed.value).collect();
    Some((embeds.join("."), path.column.value, path.json))
}

#[test]
fn column_paths() {
    assert_eq!(path("name"), Some((String::new(), "name".into(), vec![])));
    assert_eq!(
        path("projects.tasks.title").map(|(e, c, _)| (e, c)),
        Some(("projects.tasks".into(), "title".into()))
    );
    let (embeds, column, json) = path("p.data->a->>\"x y\"").unwrap();
    assert_eq!((embeds.as_str(), column.as_str(), json.len()), ("p", "data", 2));
    assert_eq!(json[1].key, JsonKey::Name("x y".into()));
    let (_, _, json) = path("a->-1->>-20").unwrap();
    assert_eq!(
        (&json[0].key, &json[1].key),
        (&JsonKey::Index(-1), &JsonKey::Index(-20))
    );
    for wrong in [
        "",
        ".",
        "a.",
        "a b",
        "a->",
        "a->-",
        "a->-b",
        "a->--1",
        "a->-4294967296",
        "a->>b->c",
        "a-b",
        "a::int",
    ] {
        assert_eq!(path(wrong), None, "{wrong}");
    }
}

fn order(value: &str) -> Option<Vec<(String, bool, Option<bool>)>> {
    let terms = parse_order(&text(value), &mut Diagnostics::default())?;
    let show = |term: OrderTerm| {
        let names: Vec<String> = term.path.embeds.iter().map(|e| e.value.clone()).collect();
        let name = format!(
            "{}{}{}",
            names.join("."),
            "/".repeat(names.len().min(1)),
            term.path.column.value
        );
        (
            format!("{name}{}", "->".repeat(term.path.json.len())),
            term.descending,
            term.nulls_first,
        )
    };
    Some(terms.into_iter().map(show).collect())
}

#[test]
fn orders() {
    assert_eq!(
        order(
            "created_at.desc.nullslast, name,projects(owner(name)).asc.nullsfirst,data->0->>a.desc,\
             projects.owner.name.desc,a.\"desc\""
        )
        .unwrap(),
        [
            ("created_at".to_owned(), true, Some(false)),
            ("name".to_owned(), false, None),
            ("projects.owner/name".to_owned(), false, Some(true)),
            ("data->->".to_owned(), true, None),
            ("projects.owner/name".to_owned(), true, None),
            ("a/desc".to_owned(), false, None),
        ]
    );
    for wrong in [
        "",
        "a,",
        "a desc",
        "a.dsc",
        "a.desc.asc",
        "a.",
        "a(b",
        "a)",
        "a(b).c",
    ] {
        assert_eq!(order(wrong), None, "{wrong}");
    }
}

#[test]
fn an_unknown_direction_has_a_suggestion() {
    let mut out = Diagnostics::default();
    assert_eq!(parse_order(&text("name.descc"), &mut out), None);
    let fault = out.iter().next().unwrap();
    assert_eq!(fault.helps, ["did you mean `desc`?"]);
    assert_eq!(fault.span().unwrap().start, 5);
}

proptest! {
    #[test]
    fn nothing_panics(value in any::<String>(), plain in "[a-c.()>\",' -]{0,30}") {
        for value in [value, plain] {
            let _operator = (parse_operator(&value), nearest_operator(&value));
            parse_column_path(&text(&value), &mut Diagnostics::default());
            parse_order(&text(&value), &mut Diagnostics::default());
        }
    }
}
