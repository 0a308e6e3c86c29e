//! Names and constants in SQL text.
//!
//! Invariant: whatever the name or text, the result is exactly one token.
//! Not here: which constant a type wants; see `literal`.

/// A name in double quotes.
pub(super) fn ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\"").replace('\0', "\u{fffd}"))
}

/// Names in double quotes, separated by commas.
pub(super) fn idents<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(ident).collect::<Vec<_>>().join(", ")
}

/// A text constant.
pub(super) fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''").replace('\0', "\u{fffd}"))
}
