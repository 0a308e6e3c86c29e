//! Statements that only PostgreSQL knows, and how far they reach.
//!
//! Role: what the reader does not model is passed on to PostgreSQL as written; here is what it may have done to
//! the tables that are modelled, as far as its words tell.
//! Input: the tokens of such a statement. Output: marks on the tables of a [`Definition`].
//! Invariant: marks err on the safe side: a table without a mark of triggers got none from these files.
//! Not here: what the database says; a live catalog knows exactly.

use super::definition::{Definition, TableDef};
use super::lexer::{Token, TokenKind};
use super::migration::Schema;
use super::words::is_reserved;
use backflow_diag::Span;
use std::collections::BTreeSet;

/// How much of the schema a statement may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Rows, functions, triggers, rights: no table is made, and none changes its columns or keys.
    Nothing,
    /// It makes or drops tables, views or types that are not modelled.
    Relations,
    /// It runs code (`DO`, `SELECT f()`), which may do anything.
    Anything,
}

/// A statement that is not modelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmodelled {
    /// Where it stands.
    pub span: Span,
    /// Its first words, for example `CREATE VIEW`.
    pub keyword: String,
    /// How far it reaches.
    pub reach: Reach,
}

/// What is known of such statements so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Beyond {
    pub(crate) statements: Vec<Unmodelled>,
    /// Functions by name, with the words of their bodies.
    functions: Vec<(String, BTreeSet<String>)>,
    /// An event trigger may put triggers on every table made later.
    pub(crate) every_table: bool,
}

/// Things that are no table and change none.
const HARMLESS: &[&str] = &[
    "access",
    "aggregate",
    "cast",
    "collation",
    "constraint",
    "conversion",
    "database",
    "default",
    "event",
    "function",
    "group",
    "language",
    "large",
    "operator",
    "policy",
    "procedural",
    "procedure",
    "publication",
    "role",
    "routine",
    "rule",
    "sequence",
    "server",
    "statistics",
    "subscription",
    "system",
    "tablespace",
    "text",
    "transform",
    "trigger",
    "trusted",
    "user",
];

/// Statements that run code of the author's or an extension's.
const CODE: &[&str] = &["do", "call", "execute", "select", "with", "values", "table"];

/// Functions of PostgreSQL that migrations call and that change no table.
const HARMLESS_CALLS: &[&str] = &[
    "set_config",
    "setval",
    "nextval",
    "currval",
    "pg_notify",
    "pg_sleep",
    "pg_advisory_lock",
    "pg_advisory_xact_lock",
    "pg_advisory_unlock",
    "coalesce",
    "greatest",
    "max",
    "min",
    "count",
    "now",
    "current_setting",
    "pg_get_serial_sequence",
    "generate_series",
    "gen_random_uuid",
    "lower",
    "upper",
];

/// Notes a statement that is not modelled.
pub(crate) fn note(definition: &mut Definition, tokens: &[Token], span: Span, keyword: &str) {
    let reach = reach(keyword, tokens);
    definition.opaque |= reach > Reach::Nothing;
    definition.beyond.statements.push(Unmodelled {
        span,
        keyword: keyword.to_owned(),
        reach,
    });
    let mut words = keyword.split(' ');
    let first = words.next().unwrap_or("");
    match words.next().unwrap_or("") {
        "TRIGGER" | "CONSTRAINT" if first == "CREATE" => mark_triggers(definition, tokens, "on"),
        "RULE" if first == "CREATE" => mark_triggers(definition, tokens, "to"),
        "EVENT" if first == "CREATE" => definition.beyond.every_table = true,
        "FUNCTION" | "PROCEDURE" if first == "CREATE" => {
            let name = object_name(tokens);
            definition.beyond.functions.push((name, all_words(tokens)));
        }
        _ => {}
    }
    if reach == Reach::Anything || (reach == Reach::Relations && keyword.starts_with("ALTER TABLE")) {
        let words = definition.beyond.with_bodies(all_words(tokens));
        // `EXECUTE format(…)` may change any table without naming it.
        let is_dynamic = reach == Reach::Anything && words.contains("execute");
        for table in &mut definition.tables {
            table.touched |= is_dynamic || words.contains(&table.name.value.to_lowercase());
            // It may have columns that are not known here.
            table.incomplete |= table.touched;
            table.triggers |= reach == Reach::Anything;
        }
    }
}

/// Marks the table that a trigger or rule is for; all tables when it cannot be told.
fn mark_triggers(definition: &mut Definition, tokens: &[Token], before: &str) {
    let at = tokens.iter().position(|token| is_word(token, before));
    let mut rest = at
        .and_then(|at| tokens.get(at + 1..))
        .unwrap_or(&[])
        .iter()
        .peekable();
    rest.next_if(|token| is_word(token, "only"));
    // Of `schema.table` the last part; a table of another schema that has the name of ours is marked in vain.
    let mut name = None;
    while let Some(TokenKind::Word(part) | TokenKind::Quoted(part)) = rest.next().map(|token| &token.kind) {
        name = Some(part.as_str());
        if rest
            .next_if(|token| token.kind == TokenKind::Symbol(".".to_owned()))
            .is_none()
        {
            break;
        }
    }
    for table in &mut definition.tables {
        table.triggers |= name.is_none_or(|name| name == table.name.value);
    }
}

fn is_word(token: &Token, word: &str) -> bool {
    matches!(&token.kind, TokenKind::Word(found) if found == word)
}

/// How far a statement reaches.
fn reach(keyword: &str, tokens: &[Token]) -> Reach {
    let lower = keyword.to_lowercase();
    let mut words = lower.split(' ');
    let (first, second) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    match first {
        "create" | "alter" | "drop" | "comment" | "security" => {
            let switches = [
                "ALTER TABLE … ENABLE",
                "ALTER TABLE … DISABLE",
                "ALTER TABLE … FORCE",
                "ALTER TABLE … NO",
            ];
            if HARMLESS.contains(&second) || switches.contains(&keyword) {
                Reach::Nothing
            } else {
                Reach::Relations
            }
        }
        "import" => Reach::Relations,
        "select" | "with" | "values" if calls(tokens).all(|call| HARMLESS_CALLS.contains(&call)) => {
            if tokens.iter().any(|token| is_word(token, "into")) {
                Reach::Relations
            } else {
                Reach::Nothing
            }
        }
        word if CODE.contains(&word) => Reach::Anything,
        _ => Reach::Nothing,
    }
}

/// The names of the functions that a statement calls.
fn calls(tokens: &[Token]) -> impl Iterator<Item = &str> {
    tokens.windows(2).filter_map(|pair| match pair {
        [name, open] if open.kind == TokenKind::Symbol("(".to_owned()) => match &name.kind {
            TokenKind::Word(word) if !is_reserved(word) && word != "exists" && word != "values" => {
                Some(word.as_str())
            }
            TokenKind::Quoted(name) => Some(name.as_str()),
            _ => None,
        },
        _ => None,
    })
}

/// The name in `CREATE [OR REPLACE] FUNCTION [schema.]name (`.
fn object_name(tokens: &[Token]) -> String {
    let open = tokens
        .iter()
        .position(|token| token.kind == TokenKind::Symbol("(".to_owned()));
    let name = open.and_then(|open| tokens.get(open.checked_sub(1)?));
    match name.map(|token| &token.kind) {
        Some(TokenKind::Word(name) | TokenKind::Quoted(name)) => name.to_lowercase(),
        _ => String::new(),
    }
}

/// Every word of a statement in lower case, also those inside its texts: bodies of functions are texts.
fn all_words(tokens: &[Token]) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for token in tokens {
        let (TokenKind::Word(text) | TokenKind::Quoted(text) | TokenKind::Text(text)) = &token.kind else {
            continue;
        };
        let part = |c: char| !(c.is_alphanumeric() || c == '_' || c == '$');
        words.insert(text.to_lowercase());
        words.extend(
            text.split(part)
                .filter(|word| !word.is_empty())
                .map(str::to_lowercase),
        );
    }
    words
}

impl Schema {
    /// Whether some statement runs code, which may do anything.
    #[must_use]
    pub fn runs_code(&self) -> bool {
        self.unmodelled.iter().any(|one| one.reach == Reach::Anything)
    }

    /// Whether enum types may not be as the files say.
    #[must_use]
    pub fn changes_types(&self) -> bool {
        let alters = |one: &Unmodelled| one.keyword == "ALTER TYPE" || one.keyword == "DROP TYPE";
        self.runs_code() || self.unmodelled.iter().any(alters)
    }
}

impl Beyond {
    /// Words, and those of the functions that they name, and so on.
    fn with_bodies(&self, mut words: BTreeSet<String>) -> BTreeSet<String> {
        let mut left: Vec<&(String, BTreeSet<String>)> = self.functions.iter().collect();
        loop {
            let (called, others): (Vec<_>, Vec<_>) =
                left.into_iter().partition(|(name, _)| words.contains(name));
            if called.is_empty() {
                return words;
            }
            for (_, body) in called {
                words.extend(body.iter().cloned());
            }
            left = others;
        }
    }
}

impl TableDef {
    /// Whether triggers or rules may act when its rows change.
    pub(crate) fn may_have_triggers(&self, beyond: &Beyond) -> bool {
        self.triggers || beyond.every_table
    }
}
