//! Reports about text that is not JSON.
//!
//! Role: turns what the parser and the first look say into diagnostics that name the mistake and its remedy.
//! Invariant: the main place is a small one, at the mistake; never a whole object.
//! Not here: finding the mistake.

use crate::scan::{MAX_DEPTH, Obstacle};
use backflow_diag::{Diagnostic, FileId, SourceMap, Span, codes};
use jsonc_parser::ParseStringErrorKind;
use jsonc_parser::errors::{ParseError, ParseErrorKind};

const WHY: &str = "files are JSON; only comments and trailing commas are allowed besides";

/// Reports an obstacle found before parsing. `offset` is where the parsed text starts in the file.
pub(crate) fn obstacle(sources: &SourceMap, file: FileId, offset: usize, found: Obstacle) -> Diagnostic {
    let span = |range: std::ops::Range<usize>| sources.span(file, range.start + offset..range.end + offset);
    match found {
        Obstacle::TooDeep(range) => Diagnostic::new(
            codes::TOO_DEEP,
            format!("more than {MAX_DEPTH} lists and objects stand in each other"),
        )
        .at(span(range), "one level too many opens here")
        .note("no setting needs this depth; reading it could exhaust the stack")
        .help("look for brackets that are never closed, or flatten the value"),
        Obstacle::OpenString(range) => Diagnostic::new(codes::SYNTAX, "a string is not closed on its line")
            .at(span(range), "opens here")
            .note("a JSON string cannot run over a line end")
            .help("add the missing `\"`; write a line break inside text as `\\n`"),
        Obstacle::Control(range, byte) => {
            let (name, written) = match byte {
                b'\t' => ("a tab".to_owned(), "\\t".to_owned()),
                _ => (
                    format!("the control character {byte:#04x}"),
                    format!("\\u{byte:04x}"),
                ),
            };
            Diagnostic::new(codes::SYNTAX, format!("a string holds {name}"))
                .at(span(range), "here")
                .note("JSON strings hold control characters only as escapes")
                .help(format!("write `{written}`"))
        }
    }
}

/// Reports an escape that means nothing.
pub(crate) fn escape(span: Span) -> Diagnostic {
    Diagnostic::new(codes::SYNTAX, "a string holds an escape that means nothing")
        .at(span, "not an escape of JSON")
        .note("known escapes: `\\\"` `\\\\` `\\/` `\\b` `\\f` `\\n` `\\r` `\\t` and `\\u` with four hex digits")
        .help("write a backslash as `\\\\`; characters beyond U+FFFF need a pair of `\\u` escapes, or can stand as they are")
}

/// Reports what the parser refused.
pub(crate) fn refused(sources: &SourceMap, file: FileId, offset: usize, error: &ParseError) -> Diagnostic {
    let range = error.range();
    let whole = sources.span(file, range.start + offset..range.end + offset);
    let first_line = sources.slice(whole).split(['\n', '\r']).next().unwrap_or("");
    let word = first_line.trim_end();
    let end_of_word = range.start + offset + word.len();
    let place = sources.span(file, range.start + offset..end_of_word);
    let opening = crate::tree::opening(whole);
    let end = sources.text(file).len();
    let file_end = sources.span(file, end..end);
    let fault = |message: String| Diagnostic::new(codes::SYNTAX, message);
    match error.kind() {
        ParseErrorKind::UnterminatedObject => fault("an object is not closed".into())
            .at(opening, "opens here")
            .at(file_end, "the file ends here")
            .help("add the missing `}`"),
        ParseErrorKind::UnterminatedArray => fault("a list is not closed".into())
            .at(opening, "opens here")
            .at(file_end, "the file ends here")
            .help("add the missing `]`"),
        ParseErrorKind::UnterminatedCommentBlock => fault("a comment is not closed".into())
            .at(crate::tree::opening(place), "opens here")
            .help("add the missing `*/`"),
        ParseErrorKind::String(ParseStringErrorKind::UnterminatedStringLiteral) => obstacle(
            sources,
            file,
            0,
            Obstacle::OpenString(place.start as usize..end_of_word),
        ),
        ParseErrorKind::String(_) => {
            let length = crate::escape::extent(sources.slice(place));
            escape(sources.span(file, place.start as usize..place.start as usize + length))
        }
        kind => {
            let (message, label, help) = explain(kind, word);
            let report = fault(message).at(place, label).note(WHY);
            if help.is_empty() {
                report
            } else {
                report.help(help)
            }
        }
    }
}

/// Message, label and help for a kind of error at `word`.
fn explain(kind: &ParseErrorKind, word: &str) -> (String, &'static str, String) {
    use ParseErrorKind as K;
    let say = |message: &str, label, help: &str| (message.to_owned(), label, help.to_owned());
    match kind {
        K::ExpectedComma => say(
            "a comma is missing",
            "expected `,` here",
            "put a `,` between two values",
        ),
        K::ExpectedColonAfterObjectKey => say(
            "a key is not followed by a colon",
            "expected `:` before this",
            "members of an object are written `\"key\": value`",
        ),
        K::ExpectedObjectValue | K::UnexpectedCloseBrace | K::UnexpectedCloseBracket | K::UnexpectedComma => {
            say(
                "a value is missing, or a bracket or comma is too much",
                "expected a value before this",
                "look at what stands right before this place",
            )
        }
        K::UnexpectedColon => say(
            "a colon stands where a value should",
            "not expected here",
            "`\"key\": value` belongs between `{` and `}`",
        ),
        K::ExpectedStringObjectProperty => bare_key(word),
        K::UnexpectedTokenInObject => say(
            "an object holds something that is no key",
            "expected a key in double quotes",
            "members of an object are written `\"key\": value`",
        ),
        K::UnexpectedWord | K::UnexpectedToken => stray_word(word),
        K::SingleQuotedStringsNotAllowed => say(
            "text stands in single quotes",
            "expected `\"`",
            "use double quotes; single quotes may be used inside of them",
        ),
        K::MultipleRootJsonValues => say(
            "something follows after the end of the value",
            "the value was complete before this",
            "look for a `}` or `]` too early; several routes in one file go into a list `[ … ]`",
        ),
        K::ExpectedDigit
        | K::ExpectedDigitFollowingNegativeSign
        | K::ExpectedPlusMinusOrDigitInNumberLiteral
        | K::BareDecimalPointNumbersNotAllowed
        | K::HexadecimalNumbersNotAllowed
        | K::NonFiniteNumbersNotAllowed
        | K::UnaryPlusNumbersNotAllowed => say(
            "a number is not written as JSON writes numbers",
            "not a number of JSON",
            "numbers look like `12`, `-3`, `0.5` or `1e9`",
        ),
        other => (other.to_string(), "here", String::new()),
    }
}

fn bare_key(word: &str) -> (String, &'static str, String) {
    (
        format!("the key `{word}` stands without quotes"),
        "expected a key in double quotes",
        format!("write `\"{word}\"`"),
    )
}

fn stray_word(word: &str) -> (String, &'static str, String) {
    let help = match word.to_ascii_lowercase().as_str() {
        lower @ ("true" | "false" | "null") => format!("write `{lower}`"),
        "none" | "nil" | "undefined" => "write `null`, or leave the key out".to_owned(),
        _ => "put text between double quotes".to_owned(),
    };
    (format!("`{word}` is not a value"), "not a value of JSON", help)
}
