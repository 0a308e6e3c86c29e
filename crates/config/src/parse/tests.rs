//! Tests of the parser: what is accepted, and where each mistake is shown.

use super::*;

fn run(text: &str) -> (Option<Node>, Vec<(String, String)>) {
    let mut sources = SourceMap::default();
    let file = sources.add("a.json", text);
    let mut diagnostics = Diagnostics::default();
    let node = parse(&sources, file, &mut diagnostics);
    let faults = diagnostics
        .iter()
        .map(|d| {
            let place = d.span().map_or("", |span| sources.slice(span));
            (d.code.id.to_owned(), place.to_owned())
        })
        .collect();
    (node, faults)
}

fn tree(text: &str) -> Tree {
    let (node, faults) = run(text);
    assert_eq!(faults, [], "{text}");
    node.unwrap().tree
}

#[track_caller]
fn refused(text: &str, code: &str, place: &str) {
    let (node, faults) = run(text);
    assert_eq!(faults, [(code.to_owned(), place.to_owned())], "{text}");
    assert!(node.is_none(), "{text}");
}

#[test]
fn comments_and_trailing_commas_pass_and_numbers_keep_their_digits() {
    let Tree::Object(members) = tree("\u{feff}{\"a\": 1.50, /* x */ \"b\": [12345678901234567890,],} // end")
    else {
        panic!("no object");
    };
    assert_eq!(members[0].value.tree, Tree::Number("1.50".to_owned()));
    let Tree::List(items) = &members[1].value.tree else {
        panic!("no list");
    };
    assert_eq!(items[0].tree, Tree::Number("12345678901234567890".to_owned()));
}

#[test]
fn the_rest_of_json5_is_refused_where_it_stands() {
    refused("{'a': 1}", "E0101", "'");
    refused("{a: 1}", "E0101", "a");
    refused("{\"a\": 0x1F}", "E0101", "0");
    refused("{\"a\": +1}", "E0101", "+");
    refused("{\"a\": NaN}", "E0101", "NaN");
    refused("{\"a\": True}", "E0101", "True");
    refused("{\"a\": }", "E0101", "}");
    refused("[1 2]", "E0101", "");
    refused("{\"a\" 1}", "E0101", "1");
    refused("{} {}", "E0101", "{");
    refused("{\"a\": {\"b\": 1}", "E0101", "{");
    refused("[1,", "E0101", "[");
    refused("/* x", "E0101", "/");
    refused("{\"a\": \"b\n}", "E0101", "\"b");
    refused("[\"a\\q\"]", "E0101", "\\q");
    refused("[\"\\ud800\"]", "E0101", "\\ud800");
}

#[test]
fn a_missing_comma_is_shown_right_after_the_value() {
    let mut sources = SourceMap::default();
    let file = sources.add("a.json", "{\n  \"a\": 1\n  \"b\": 2\n}");
    let mut diagnostics = Diagnostics::default();
    parse(&sources, file, &mut diagnostics);
    let span = diagnostics.iter().next().unwrap().span().unwrap();
    let position = sources.position(span);
    assert_eq!((position.line, position.column), (2, 9));
}

#[test]
fn empty_files_and_deep_nesting_are_refused() {
    refused("", "E0104", "");
    refused(" // nothing\n", "E0104", "");
    let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    tree(&deep(64));
    refused(&deep(65), "E0103", "[");
    refused(&"{\"a\":".repeat(200_000), "E0103", "{");
}

#[test]
fn of_two_equal_keys_the_first_is_kept_and_both_are_shown() {
    let mut sources = SourceMap::default();
    // The second is the same name behind an escape.
    let file = sources.add("a.json", r#"{"a": 1, "\u0061": 2, "b": 3}"#);
    let mut diagnostics = Diagnostics::default();
    let node = parse(&sources, file, &mut diagnostics).unwrap();
    assert_eq!(node.member("a").unwrap().tree, Tree::Number("1".to_owned()));
    assert!(node.member("b").is_some());
    let fault = diagnostics.iter().next().unwrap();
    assert_eq!(fault.code.id, "E0102");
    let places: Vec<&str> = fault.labels.iter().map(|l| sources.slice(l.span)).collect();
    assert_eq!(places, [r"\u0061", "a"]);
}

#[test]
fn texts_map_back_into_the_file() {
    let mut sources = SourceMap::default();
    let file = sources.add("a.json", "\u{feff}[\"\\\"\\u00e9{{x}}\"]");
    let node = parse(&sources, file, &mut Diagnostics::default()).unwrap();
    let Tree::List(items) = &node.tree else {
        panic!("no list");
    };
    let Tree::Text(text) = &items[0].tree else {
        panic!("no text");
    };
    let start = text.as_str().find("{{x}}").unwrap();
    assert_eq!(sources.slice(text.map.span(start..start + 5)), "{{x}}");
    assert_eq!(sources.slice(items[0].span), "\"\\\"\\u00e9{{x}}\"");
}
