//! Properties that hold for every input: nothing panics, layout means nothing, and plain JSON is read as such.

use backflow_config::{Document, Node, Role, Tree, parse, parse_dotenv, read};
use backflow_diag::{Diagnostics, SourceMap, render};
use proptest::prelude::*;
use serde_json::Value;

/// Reads a text in every way, renders what was found, and hands the document back.
fn everything(text: &str) -> (Document, bool) {
    let mut sources = SourceMap::default();
    let file = sources.add("a.json", text);
    let mut diagnostics = Diagnostics::default();
    read(&sources, &[(file, Role::Project)], &mut diagnostics);
    parse_dotenv(&sources, file, &mut diagnostics);
    drop(render::human(&sources, diagnostics.iter(), false));
    let mut diagnostics = Diagnostics::default();
    let document = read(&sources, &[(file, Role::Included)], &mut diagnostics);
    drop(render::human(&sources, diagnostics.iter(), false));
    (document, diagnostics.has_errors())
}

/// Keys and values of a config, and a few that are none.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "path", "method", "get", "post", "supabaseQueries", "table", "operation", "insert", "filters", "or",
    "column", "operator", "value", "workflow", "steps", "id", "type", "database", "integration", "params",
    "lock", "refuse", "status", "validation", "body", "enum", "default", "minimum", "maximum", "string",
    "number", "pattern", "items", "properties", "cache", "ttl", "routes", "webhooks", "actions", "tenancy",
    "tables", "relationships", "references", "a.b", "onConflict", "a, b", "rateLimit", "timeout", "30s",
    "credentials", "routeAliases", "é\"\\\n\u{1F600}", "", "crossTenant", "reason", "rbac", "roles",
];

/// Texts that look enough like a config to reach deep into the readers.
fn configs() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(WORDS);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e6f64..1e6).prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((word.clone(), inner), 0..8).prop_map(|members| {
                Value::Object(
                    members
                        .into_iter()
                        .map(|(key, value)| (key.to_owned(), value))
                        .collect(),
                )
            }),
        ]
    })
}

/// Writes JSON with noise where noise is allowed.
fn noisy(value: &Value, noise: &mut dyn FnMut() -> &'static str, out: &mut String) {
    out.push_str(noise());
    match value {
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                noisy(item, noise, out);
            }
            if !items.is_empty() {
                out.push(',');
            }
            out.push_str(noise());
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (key, value) in members {
                out.push_str(noise());
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push_str(noise());
                out.push(':');
                noisy(value, noise, out);
                out.push(',');
            }
            out.push_str(noise());
            out.push('}');
        }
        plain => out.push_str(&plain.to_string()),
    }
    out.push_str(noise());
}

fn same(node: &Node, value: &Value) -> bool {
    match (&node.tree, value) {
        (Tree::Null, Value::Null) => true,
        (Tree::Bool(a), Value::Bool(b)) => a == b,
        (Tree::Number(digits), Value::Number(number)) => *digits == number.to_string(),
        (Tree::Text(text), Value::String(string)) => text.as_str() == string,
        (Tree::List(nodes), Value::Array(values)) => {
            nodes.len() == values.len() && nodes.iter().zip(values).all(|(node, value)| same(node, value))
        }
        (Tree::Object(members), Value::Object(values)) => {
            members.len() == values.len()
                && members.iter().all(|member| {
                    values
                        .get(&member.key.value)
                        .is_some_and(|value| same(&member.value, value))
                })
        }
        _ => false,
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        everything(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn no_text_of_json_pieces_panics(
        pieces in prop::collection::vec(prop::sample::select([
            "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "d83d", "'", "/*", "*/", "//", "\n", "\r", "1", "-",
            ".", "e", "0x", "true", "nul", "a", "é", "\u{2028}", "\u{feff}", "=", "#", "export ", "\"a\"", "\t",
        ].as_slice()), 0..60)
    ) {
        everything(&pieces.concat());
    }

    #[test]
    fn no_config_panics_and_layout_means_nothing(value in configs(), seed in any::<u64>()) {
        let (plain, plain_is_faulty) = everything(&value.to_string());
        let mut state = seed;
        let mut noise = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ["", " ", "\n\t", "/* } */", "// \"\n", "\r\n"][(state >> 33) as usize % 6]
        };
        let mut text = String::new();
        noisy(&value, &mut noise, &mut text);
        let (spread, spread_is_faulty) = everything(&text);
        prop_assert_eq!(plain, spread);
        prop_assert_eq!(plain_is_faulty, spread_is_faulty);
    }

    #[test]
    fn plain_json_is_read_as_it_is(value in configs()) {
        let mut sources = SourceMap::default();
        let file = sources.add("a.json", serde_json::to_string_pretty(&value).unwrap());
        let mut diagnostics = Diagnostics::default();
        let node = parse(&sources, file, &mut diagnostics).unwrap();
        prop_assert!(!diagnostics.has_errors());
        prop_assert!(same(&node, &value));
    }
}

/// Every file of the project folder under `spec/seed` is read without a word.
#[test]
fn a_whole_project_is_read() {
    let mut sources = SourceMap::default();
    let mut files = Vec::new();
    for folder in ["routes", "webhooks"] {
        let folder = format!("{}/../../spec/seed/{folder}", env!("CARGO_MANIFEST_DIR"));
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            files.push((sources.add(path.display().to_string(), text), Role::Included));
        }
    }
    let mut diagnostics = Diagnostics::default();
    let document = read(&sources, &files, &mut diagnostics);
    assert_eq!(render::human(&sources, diagnostics.iter(), false), "");
    assert_eq!(
        (
            document.routes.len(),
            document.webhooks.len(),
            document.aliases.len()
        ),
        (8, 1, 4)
    );
}
