//! Nothing that can be written panics, and every report points into the text.

use crate::world::{Clock, condition, frame, template};
use proptest::prelude::*;

fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{{",
        "}}",
        "${",
        "}",
        "(",
        ")",
        "[",
        "]",
        ".",
        ",",
        "'",
        "\"",
        "\\",
        "-",
        " ",
        " - ",
        "+",
        "*",
        "/",
        "%",
        "!",
        "===",
        "<",
        ">=",
        "&&",
        "||",
        "??",
        "?",
        ":",
        "any",
        "any.x",
        "body.used",
        "body.name",
        "params.id",
        "now()",
        "lower(",
        "coalesce(",
        "dateAdd(now(), '7d')",
        "formatDate(any.t, ",
        "split(",
        "0",
        "1.5",
        "7d",
        "'x'",
        "null",
        "true",
        ".length",
        "[0]",
        "é",
        "😀",
        "\u{0}",
        "\n",
        "-a",
        "env.KEY",
        "secret:",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Expressions that mostly compile, so that running is tried as well.
fn expressions() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "any",
        "any.s",
        "any.n",
        "any.l",
        "any.q",
        "any.z",
        "1",
        "2.50",
        "0",
        "-3",
        "'x'",
        "'7d'",
        "'YYYY'",
        "null",
        "true",
        "now()",
        "uuid()",
        "any.t",
        "any.l[0]",
        "any.s.length",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(5, 64, 3, |inner| {
        let op = prop::sample::select(vec![
            "+", "-", "*", "/", "%", "===", "<", ">=", "&&", "||", "??", "!==",
        ]);
        let name = prop::sample::select(function_names());
        prop_oneof![
            (inner.clone(), op, inner.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            (name, prop::collection::vec(inner.clone(), 1..3))
                .prop_map(|(name, arguments)| format!("{name}({})", arguments.join(", "))),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            inner.prop_map(|a| format!("!({a})")),
        ]
    })
}

fn function_names() -> Vec<&'static str> {
    vec![
        "abs",
        "base64",
        "boolean",
        "ceil",
        "coalesce",
        "concat",
        "dateAdd",
        "floor",
        "formatDate",
        "join",
        "json",
        "length",
        "lower",
        "max",
        "min",
        "number",
        "replace",
        "round",
        "sha256",
        "split",
        "string",
        "trim",
    ]
}

proptest! {
    #[test]
    fn any_text_is_compiled_or_refused(text in "\\PC{0,60}") {
        let _ = (template(&text).program, condition(&text).program);
    }

    #[test]
    fn anything_like_an_expression_is_compiled_or_refused(text in pieces()) {
        for outcome in [template(&text), condition(&text), template(&format!("{{{{{text}}}}}"))] {
            if let Some(program) = outcome.program {
                let _ = program.run(&frame("{\"x\":[1]}"), &mut Clock);
                let _ = (program.to_string(), program.always());
            }
        }
    }

    #[test]
    fn programs_run_and_their_types_hold(text in expressions()) {
        if let Some(program) = condition(&text).program {
            let any = r#"{"s":"text","n":5,"z":null,"l":[1,"x"],"t":"2026-01-31T10:00:00Z"}"#;
            if let Ok(value) = program.run(&frame(any), &mut Clock) {
                prop_assert!(program.ty().optional || !value.is_undefined(), "{} {:?}", text, program.ty());
                prop_assert!(program.ty().nullable || value.to_json() != "null" || value.is_undefined(), "{} {:?}", text, program.ty());
                let kind = program.ty().kind.to_string();
                let fits = match (kind.as_str(), value.kind_name()) {
                    ("unknown", _) | (_, "null" | "undefined") => true,
                    ("integer", "number") => true,
                    (kind, found) => kind == found,
                };
                prop_assert!(fits, "{} is {} but gave {:?}", text, kind, value);
            }
        }
    }

    #[test]
    fn listings_of_known_forms_parse_again(text in expressions()) {
        // Slot `$1` is the root `any`; with that put back, the listing is the program.
        if let Some(program) = condition(&text).program {
            let listing = program.to_string().replace("$1", "any");
            if let Some(again) = condition(&listing).program {
                prop_assert_eq!(again.to_string().replace("$1", "any"), listing);
            }
        }
    }
}
