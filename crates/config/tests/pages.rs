//! The example on the page of every code that this crate raises does raise it.

use backflow_config::{Role, parse_dotenv, read};
use backflow_diag::{Code, Diagnostics, SourceMap, codes, page};

const RAISED_HERE: [&Code; 14] = [
    codes::SYNTAX,
    codes::DUPLICATE_KEY,
    codes::NOTHING_TO_READ,
    codes::DOTENV_SYNTAX,
    codes::UNKNOWN_KEY,
    codes::MISSING_KEY,
    codes::WRONG_TYPE,
    codes::UNKNOWN_WORD,
    codes::DUPLICATE_NAME,
    codes::BAD_SCHEMA,
    codes::OUT_OF_RANGE,
    codes::KEY_NEEDS_OTHER,
    codes::EXCLUSIVE_KEYS,
    codes::BAD_SIGNATURE,
];

/// The first block of a page: its language and text.
fn example(code: &Code) -> (&'static str, &'static str) {
    let block = page(code).split("```").nth(1).expect("the page has an example");
    block.split_once('\n').expect("the example names its language")
}

#[test]
fn examples_raise_their_code_and_no_other_fault() {
    for code in RAISED_HERE {
        let (language, text) = example(code);
        let mut sources = SourceMap::default();
        let file = sources.add("example", text);
        let mut diagnostics = Diagnostics::default();
        match language {
            "sh" => drop(parse_dotenv(&sources, file, &mut diagnostics)),
            _ => drop(read(&sources, &[(file, Role::Included)], &mut diagnostics)),
        }
        let ids: Vec<&str> = diagnostics.iter().map(|found| found.code.id).collect();
        assert!(
            !ids.is_empty() && ids.iter().all(|id| *id == code.id),
            "{}: {ids:?}",
            code.id
        );
    }
}

/// Examples of other stages are at least well formed: what this crate has to say about them is nothing.
#[test]
fn examples_of_later_stages_are_read_without_a_word() {
    let later = codes::ALL
        .iter()
        .filter(|code| !RAISED_HERE.contains(code) && **code != codes::EMPTY_ROUTE);
    for code in later {
        let (language, text) = example(code);
        let is_fragment = text.contains("\"table\"") && !text.contains("\"path\"");
        let is_part = text.trim_start().starts_with("{ \"rbac\"");
        if language != "json" || is_fragment || is_part {
            continue;
        }
        let mut sources = SourceMap::default();
        let file = sources.add("example", text);
        let mut diagnostics = Diagnostics::default();
        read(&sources, &[(file, Role::Included)], &mut diagnostics);
        let found: Vec<String> = diagnostics.iter().map(|found| found.message.clone()).collect();
        assert!(found.is_empty(), "{}: {found:?}", code.id);
    }
}
