//! What selects are read as, and what is said about those that cannot be.

use super::*;
use crate::ir::{ArithmeticOp, JsonKey};
use backflow_diag::{Diagnostics, SourceMap, Text, render};
use proptest::prelude::*;

fn text(value: &str) -> Text {
    let mut sources = SourceMap::default();
    let file = sources.add("a.json", value);
    Text::plain(value, sources.span(file, 0..value.len()))
}

fn select(value: &str) -> Vec<SelectItem> {
    let mut out = Diagnostics::default();
    let parsed = parse_select(&text(value), &mut out);
    parsed
        .unwrap_or_else(|| panic!("{value}: {:?}", out.iter().collect::<Vec<_>>()))
        .items
}

fn faults(value: &str) -> String {
    let mut sources = SourceMap::default();
    let file = sources.add("a.json", value);
    let mut out = Diagnostics::default();
    let source = Text::plain(value, sources.span(file, 0..value.len()));
    assert_eq!(parse_select(&source, &mut out), None, "{value}");
    assert!(out.has_errors());
    render::human(&sources, out.iter(), false)
}

fn column(item: &SelectItem) -> (Option<&str>, &str, usize, Option<&str>, Option<Aggregate>) {
    let SelectItem::Column {
        alias,
        name,
        path,
        cast,
        aggregate,
        ..
    } = item
    else {
        panic!("{item:?}");
    };
    let alias = alias.as_ref().map(|alias| alias.as_str());
    (
        alias,
        name.as_str(),
        path.len(),
        cast.as_ref().map(|cast| cast.as_str()),
        *aggregate,
    )
}

#[test]
fn columns() {
    let items = select(
        "*, id ,full:\"first name\", data->a->>0::int4 , n:price::double precision, x::numeric(10, 2), tags::text[]",
    );
    assert!(matches!(items[0], SelectItem::Star(_)));
    assert_eq!(column(&items[1]), (None, "id", 0, None, None));
    assert_eq!(column(&items[2]), (Some("full"), "first name", 0, None, None));
    assert_eq!(column(&items[3]), (None, "data", 2, Some("int4"), None));
    assert_eq!(
        column(&items[4]),
        (Some("n"), "price", 0, Some("double precision"), None)
    );
    assert_eq!(column(&items[5]), (None, "x", 0, Some("numeric(10,2)"), None));
    assert_eq!(column(&items[6]), (None, "tags", 0, Some("text[]"), None));
    let SelectItem::Column { path, .. } = &items[3] else {
        unreachable!()
    };
    assert!(path[1].as_text && path[1].key == JsonKey::Index(0) && !path[0].as_text);
}

#[test]
fn aggregates_and_counts() {
    let items = select("total:amount.sum()::text,count(),n:count(),tasks(count),tasks(c:count()),count");
    assert_eq!(
        column(&items[0]),
        (Some("total"), "amount", 0, Some("text"), Some(Aggregate::Sum))
    );
    assert!(matches!(&items[1], SelectItem::Count { alias: None, .. }));
    assert!(matches!(&items[2], SelectItem::Count { alias: Some(_), .. }));
    let inner = |item: &SelectItem| match item {
        SelectItem::Embed { select, .. } => select.items[0].clone(),
        _ => panic!("{item:?}"),
    };
    assert!(matches!(inner(&items[3]), SelectItem::Count { alias: None, .. }));
    assert!(matches!(
        inner(&items[4]),
        SelectItem::Count { alias: Some(_), .. }
    ));
    // Outside an embed it is a column.
    assert_eq!(column(&items[5]), (None, "count", 0, None, None));
}

#[test]
fn computed() {
    for written in [
        "(limit - used) as remaining",
        "( limit-used )AS remaining",
        "remaining:(limit - used)",
    ] {
        let items = select(written);
        let [SelectItem::Computed { expr, alias, .. }] = items.as_slice() else {
            panic!("{items:?}");
        };
        assert_eq!(alias.as_str(), "remaining");
        let ScalarAst::Binary { op, left, right } = expr else {
            panic!("{expr:?}")
        };
        assert_eq!(op.value, ArithmeticOp::Sub);
        assert!(matches!(
            (&**left, &**right),
            (ScalarAst::Column(_), ScalarAst::Column(_))
        ));
    }
}

#[test]
fn embeds() {
    let items = select("owner:users!orders_owner_fkey!inner(id,...profile!left(name)),tags()");
    let SelectItem::Embed {
        alias,
        name,
        hint,
        inner,
        left,
        spread,
        select,
        span,
    } = &items[0]
    else {
        panic!("{items:?}");
    };
    assert_eq!(
        (alias.as_ref().unwrap().as_str(), name.as_str()),
        ("owner", "users")
    );
    assert_eq!(hint.as_ref().unwrap().as_str(), "orders_owner_fkey");
    assert!(*inner && !*left && !*spread);
    assert_eq!((span.start, span.end), (0, 61));
    assert!(matches!(
        &select.items[1],
        SelectItem::Embed {
            spread: true,
            left: true,
            inner: false,
            ..
        }
    ));
    assert!(matches!(&items[1], SelectItem::Embed { select, .. } if select.items.is_empty()));
}

#[test]
fn faults_say_where_and_what_to_do() {
    for (written, parts) in [
        ("", vec!["the select is empty", "`*`"]),
        ("first-name", vec!["`-` stands where", "1:6", "\"first-name\""]),
        ("id,", vec!["a `,` stands after the last item", "remove it"]),
        ("tasks(id", vec!["a `(` is never closed", "1:6"]),
        ("id)", vec!["a `)` closes nothing"]),
        ("(a + b)", vec!["a computed column has no name", "as remaining"]),
        (
            "amount.summ()",
            vec!["`summ` is no aggregate", "did you mean `sum()`?"],
        ),
        ("...x:rel(id)", vec!["a spread has no name"]),
        ("rel!a!b(id)", vec!["two hints"]),
        ("\"open", vec!["a `\"` is never closed"]),
        ("a->>b->c", vec!["goes on after `->>`"]),
        ("a;drop", vec!["unexpected `;`"]),
    ] {
        let report = faults(written);
        assert!(report.contains("error[E0501]"), "{report}");
        for part in parts {
            assert!(report.contains(part), "{part} not in\n{report}");
        }
    }
}

#[test]
fn all_faults_are_found() {
    let report = faults("a-b,ok,x.y(),t(c-d,e),(1 +)");
    assert!(report.matches("error[E0501]").count() >= 4, "{report}");
}

#[test]
fn depth_and_size_are_limited() {
    let deep = format!("{}id{}", "a(".repeat(100), ")".repeat(100));
    assert!(faults(&deep).contains("nested deeper"));
    assert!(faults(&vec!["id"; 2000].join(",")).contains("more than"));
    assert!(faults(&"x".repeat(100_000)).contains("longer than"));
    let (deep, minus) = (
        format!("a:{}1{}", "(".repeat(5000), ")".repeat(5000)),
        format!("a:({}1)", "- ".repeat(5000)),
    );
    assert!(faults(&deep).contains("nested deeper"));
    assert!(faults(&minus).contains("nested deeper"));
}

proptest! {
    #[test]
    fn no_text_panics(value in any::<String>()) {
        parse_select(&text(&value), &mut Diagnostics::default());
    }

    #[test]
    fn no_text_of_the_grammar_panics(value in r#"([a-c]{1,3}|[,():*!."'+<>=/%-]|->>|::| as |count\(\)|\.\.\.|[0-9é]){0,40}"#) {
        let mut out = Diagnostics::default();
        let parsed = parse_select(&text(&value), &mut out);
        prop_assert_eq!(parsed.is_none(), out.has_errors());
    }
}
