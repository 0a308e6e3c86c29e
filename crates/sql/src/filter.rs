//! Names of filter operators, column paths and orders.
//!
//! Role: what an author writes as `operator`, `column` and `order` → values.
//! Invariant: [`OPERATORS`] lists exactly the names that [`parse_operator`] takes.
//! Not here: which operator fits which type; the planner knows.

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;

use crate::ir::JsonStep;
use crate::lex::Kind;
use crate::syntax::{Cursor, Fault, Parsed};
use backflow_diag::{Diagnostics, Span, Spanned, Text, codes, nearest};

/// A filter's operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FilterOp {
    /// `=`
    Eq,
    /// `<>`
    Neq,
    /// `>`
    Gt,
    /// `>=`
    Gte,
    /// `<`
    Lt,
    /// `<=`
    Lte,
    /// `LIKE`
    Like,
    /// `LIKE` that ignores case
    Ilike,
    /// A regular expression
    Match,
    /// A regular expression that ignores case
    Imatch,
    /// `IS` null, true, false
    Is,
    /// `IS DISTINCT FROM`
    IsDistinct,
    /// One of a list
    In,
    /// Contains
    Cs,
    /// Is contained by
    Cd,
    /// Overlaps
    Ov,
    /// Strictly left of
    Sl,
    /// Strictly right of
    Sr,
    /// Does not extend to the left of
    Nxl,
    /// Does not extend to the right of
    Nxr,
    /// Is adjacent to
    Adj,
    /// Full text search, `to_tsquery`
    Fts,
    /// Full text search, `plainto_tsquery`
    Plfts,
    /// Full text search, `phraseto_tsquery`
    Phfts,
    /// Full text search, `websearch_to_tsquery`
    Wfts,
}

/// Every operator by its name; several names can mean one operator.
pub const OPERATORS: [(&str, FilterOp); 28] = [
    ("eq", FilterOp::Eq),
    ("neq", FilterOp::Neq),
    ("gt", FilterOp::Gt),
    ("gte", FilterOp::Gte),
    ("lt", FilterOp::Lt),
    ("lte", FilterOp::Lte),
    ("like", FilterOp::Like),
    ("ilike", FilterOp::Ilike),
    ("match", FilterOp::Match),
    ("imatch", FilterOp::Imatch),
    ("is", FilterOp::Is),
    ("isdistinct", FilterOp::IsDistinct),
    ("in", FilterOp::In),
    ("cs", FilterOp::Cs),
    ("contains", FilterOp::Cs),
    ("cd", FilterOp::Cd),
    ("containedBy", FilterOp::Cd),
    ("ov", FilterOp::Ov),
    ("overlaps", FilterOp::Ov),
    ("sl", FilterOp::Sl),
    ("sr", FilterOp::Sr),
    ("nxl", FilterOp::Nxl),
    ("nxr", FilterOp::Nxr),
    ("adj", FilterOp::Adj),
    ("fts", FilterOp::Fts),
    ("plfts", FilterOp::Plfts),
    ("phfts", FilterOp::Phfts),
    ("wfts", FilterOp::Wfts),
];

impl FilterOp {
    /// Whether it is a full text search, which may name a configuration.
    #[must_use]
    pub fn is_search(self) -> bool {
        matches!(self, Self::Fts | Self::Plfts | Self::Phfts | Self::Wfts)
    }

    /// Whether it can be compared with the items of a list: `like(any)`.
    #[must_use]
    pub fn is_quantified(self) -> bool {
        matches!(
            self,
            Self::Eq
                | Self::Gt
                | Self::Gte
                | Self::Lt
                | Self::Lte
                | Self::Like
                | Self::Ilike
                | Self::Match
                | Self::Imatch
        )
    }

    /// Its first name.
    #[must_use]
    pub fn name(self) -> &'static str {
        OPERATORS
            .iter()
            .find(|(_, op)| *op == self)
            .map_or("", |(name, _)| name)
    }
}

/// An operator as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// What it does.
    pub op: FilterOp,
    /// `not.` stands before it.
    pub negated: bool,
    /// The text search configuration in `fts(english)`.
    pub config: Option<String>,
    /// `(any)` or `(all)`: the value is a list.
    pub quantifier: Option<Quantifier>,
}

/// How many of a list's items a comparison must hold for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantifier {
    /// One is enough.
    Any,
    /// Every one.
    All,
}

/// Reads `eq`, `not.eq`, `fts(english)`, `like(any)`.
#[must_use]
pub fn parse_operator(text: &str) -> Option<Operator> {
    let (negated, rest) = text
        .strip_prefix("not.")
        .map_or((false, text), |rest| (true, rest));
    let (name, config) = match rest.strip_suffix(')').and_then(|rest| rest.split_once('(')) {
        Some((name, config)) => (name, Some(config)),
        None => (rest, None),
    };
    let (_, op) = *OPERATORS.iter().find(|(known, _)| *known == name)?;
    let quantifier = match config {
        Some("any") if op.is_quantified() => Some(Quantifier::Any),
        Some("all") if op.is_quantified() => Some(Quantifier::All),
        _ => None,
    };
    let config = config.filter(|_| quantifier.is_none());
    let word = |c: char| c.is_alphanumeric() || c == '_';
    if config.is_some_and(|config| !op.is_search() || config.is_empty() || !config.chars().all(word)) {
        return None;
    }
    Some(Operator {
        op,
        negated,
        config: config.map(str::to_owned),
        quantifier,
    })
}

/// The operator's name that an unknown one was perhaps meant to be.
#[must_use]
pub fn nearest_operator(text: &str) -> Option<&'static str> {
    let text = text.strip_prefix("not.").unwrap_or(text);
    nearest(text, OPERATORS.iter().map(|(name, _)| *name))
}

/// A column, perhaps of an embed, perhaps inside JSON: `projects.settings->colors->>main`.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnPath {
    /// The embeds to go through, outermost first.
    pub embeds: Vec<Spanned<String>>,
    /// The column.
    pub column: Spanned<String>,
    /// Steps into a JSON column.
    pub json: Vec<JsonStep>,
}

/// One key of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderTerm {
    /// By what.
    pub path: ColumnPath,
    /// `.desc`
    pub descending: bool,
    /// `.nullsfirst`, `.nullslast`; `None` when not said.
    pub nulls_first: Option<bool>,
    /// The whole term.
    pub span: Span,
}

/// Reads the column of a filter and reports every fault.
pub fn parse_column_path(text: &Text, out: &mut Diagnostics) -> Option<ColumnPath> {
    let mut cursor = Cursor::new(text, &[]);
    let parsed = column_path(&mut cursor).and_then(|path| {
        if cursor.at_end() {
            Ok(path)
        } else {
            Err(cursor.unexpected("`.`, `->`, `->>` or the end"))
        }
    });
    let path = parsed.map_err(|fault| cursor.fault(fault)).ok();
    cursor.finish(path, codes::SELECT_SYNTAX, out).flatten()
}

fn column_path(cursor: &mut Cursor<'_>) -> Parsed<ColumnPath> {
    let mut embeds = Vec::new();
    let mut column = cursor.name()?;
    while cursor.take(".") {
        cursor.count()?;
        embeds.push(column);
        column = cursor.name()?;
    }
    let json = cursor.json_path()?;
    Ok(ColumnPath { embeds, column, json })
}

/// Reads an order such as `created_at.desc.nullslast,name,projects(name).asc` and reports every fault.
pub fn parse_order(text: &Text, out: &mut Diagnostics) -> Option<Vec<OrderTerm>> {
    let mut cursor = Cursor::new(text, &[]);
    let mut terms = Vec::new();
    loop {
        match order_term(&mut cursor) {
            Ok(term) => terms.push(term),
            Err(fault) => {
                cursor.fault(fault);
                cursor.skip_item();
            }
        }
        if !cursor.take(",") {
            break;
        }
    }
    if !cursor.at_end() && !cursor.faulty() {
        let fault = cursor.unexpected("`,` or the end");
        cursor.fault(fault);
    }
    cursor.finish(terms, codes::SELECT_SYNTAX, out)
}

fn order_term(cursor: &mut Cursor<'_>) -> Parsed<OrderTerm> {
    cursor.count()?;
    let start = cursor.span();
    let path = cursor.nested(ordered_path)?;
    let (mut direction, mut nulls) = (None, None);
    while cursor.take(".") {
        let word = cursor.name()?;
        let (slot, value) = match word.value.as_str() {
            "asc" => (&mut direction, false),
            "desc" => (&mut direction, true),
            "nullsfirst" => (&mut nulls, true),
            "nullslast" => (&mut nulls, false),
            other => return Err(unknown_direction(other, word.span)),
        };
        if slot.replace(value).is_some() {
            return Err(Fault::new(
                "an order says the same thing twice",
                word.span,
                "a second time",
            ));
        }
    }
    if !cursor.at_end() && !cursor.is(",") {
        let fault = cursor.unexpected("`,`, `.asc`, `.desc` or the end");
        return Err(fault.help("write `created_at.desc`, terms separated by commas"));
    }
    Ok(OrderTerm {
        path,
        descending: direction == Some(true),
        nulls_first: nulls,
        span: start.to(cursor.last_span()),
    })
}

/// `name`, `data->>a`, `projects(name)`, `projects(owner(name))`, `projects.owner.name`
fn ordered_path(cursor: &mut Cursor<'_>) -> Parsed<ColumnPath> {
    let name = cursor.name()?;
    if cursor.take("(") {
        let mut path = cursor.nested(ordered_path)?;
        cursor.expect(")")?;
        path.embeds.insert(0, name);
        return Ok(path);
    }
    if cursor.is(".") && goes_on(cursor) {
        cursor.advance();
        let mut path = cursor.nested(ordered_path)?;
        path.embeds.insert(0, name);
        return Ok(path);
    }
    let json = cursor.json_path()?;
    Ok(ColumnPath {
        embeds: Vec::new(),
        column: name,
        json,
    })
}

const DIRECTIONS: [&str; 4] = ["asc", "desc", "nullsfirst", "nullslast"];

/// Whether a name follows the dot, and no direction: nor a last word that was perhaps meant to be one.
fn goes_on(cursor: &Cursor<'_>) -> bool {
    let is_last = matches!(cursor.kind(2), Kind::End) || cursor.is_ahead(2, ",");
    match cursor.kind(1) {
        Kind::Word(word) if is_last => nearest(word, DIRECTIONS).is_none(),
        Kind::Word(word) => !DIRECTIONS.contains(&word.as_str()),
        Kind::Quoted(_) => true,
        _ => false,
    }
}

fn unknown_direction(word: &str, span: Span) -> Fault {
    let fault = Fault::new(format!("`{word}` is no direction"), span, "not known here");
    match nearest(word, DIRECTIONS) {
        Some(near) => fault.help(format!("did you mean `{near}`?")),
        None => fault.help("`.asc`, `.desc`, `.nullsfirst` and `.nullslast` can follow; a column of a relation is written `projects(name)`"),
    }
}
