//! Names of tables and columns, and how they are written where.
//!
//! Invariant: names of one list differ in more than the case of letters.
//! Not here: which table gets which.

/// Names of tables that need no quotes.
pub(crate) const TABLES: &[&str] = &[
    "items", "posts", "boxes", "cities", "notes", "entries", "labels", "parts", "classes", "days", "people",
    "files",
];

/// Names of tables that do.
pub(crate) const ODD_TABLES: &[&str] = &[
    "order",
    "user",
    "Group",
    "select",
    "big table",
    "naïve",
    "日本",
    "qu\"ote",
    "x-y",
    "table",
    "json_each",
    "t0",
    "values",
    "Select2",
];

/// Names of columns that need no quotes.
pub(crate) const COLUMNS: &[&str] = &[
    "name",
    "title",
    "note",
    "n",
    "amount",
    "price",
    "total",
    "used",
    "state",
    "extra",
    "data",
    "code",
    "body",
    "rank",
    "flag",
    "at",
    "day",
    "kind",
    "size",
    "info",
    "created_at",
    "position",
    "level",
];

/// Names of columns that do, or that mean something to a database.
pub(crate) const ODD_COLUMNS: &[&str] = &[
    "limit",
    "order",
    "user",
    "Value",
    "mixedCase",
    "with space",
    "größe",
    "desc",
    "null",
    "count",
    "sum",
    "in",
    "is",
    "true",
    "10",
    "key",
    "rowid",
    "oid",
    "value",
    "excluded",
    "t1",
    "_x",
    "select",
    "group",
    "from",
    "as",
    "a.b",
    "a,b",
    "a(b)",
    "it's",
    "say \"x\"",
    "UPPER",
    "json",
    "now",
    "not",
    "and",
    "x:y",
    "x!y",
    "x->y",
    "*",
    "日付",
    "rowid_",
    "_rowid_",
    "default",
    "id2",
    "ELSE",
];

fn is_word(name: &str) -> bool {
    let word = |c: char| c.is_ascii_lowercase() || c == '_';
    name.starts_with(word) && name.chars().all(|c| word(c) || c.is_ascii_digit())
}

/// As SQL says it.
pub(crate) fn sql(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// As a `CREATE TABLE` may say it: without quotes where that is understood.
pub(crate) fn declared(name: &str) -> String {
    let reserved = [
        "order", "user", "select", "group", "from", "as", "in", "is", "true", "null", "and", "not",
        "default", "table", "values", "desc",
    ];
    if is_word(name) && !reserved.contains(&name) {
        name.to_owned()
    } else {
        sql(name)
    }
}

/// As `select`, `order` and filters say it.
pub(crate) fn path(name: &str) -> String {
    if is_word(name) { name.to_owned() } else { sql(name) }
}

/// The singular that relations are guessed by.
pub(crate) fn singular(name: &str) -> String {
    if let Some(stem) = name.strip_suffix("ies") {
        return format!("{stem}y");
    }
    let es = ["ses", "xes", "ches", "shes"]
        .iter()
        .any(|end| name.ends_with(end));
    let cut = if es { 2 } else { usize::from(name.ends_with('s')) };
    name.chars().take(name.chars().count() - cut).collect()
}
