//! Conditions.
//!
//! Role: [`Cond`] → an expression that is true, false or NULL. Invariant: NULL stays NULL under NOT, so that a
//! row is taken only where the condition holds.
//! Not here: which conditions a query needs.

use super::dialect::{Pattern, Typed};
use super::{Renderer, Scope};
use crate::ir::{Comparison, Cond, Datum, Scalar};
use backflow_catalog::{ColumnId, ColumnType};

impl Renderer<'_> {
    /// ` WHERE …`, or nothing if the condition always holds.
    pub(super) fn filter(&mut self, cond: &Cond, scope: &Scope) -> String {
        let parts = self.conjuncts(cond, scope);
        if parts.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", chained(parts, " AND "))
        }
    }

    /// The conditions that all must hold; each can stand beside `AND`.
    pub(super) fn conjuncts(&mut self, cond: &Cond, scope: &Scope) -> Vec<String> {
        match cond {
            Cond::All(conds) => conds
                .iter()
                .flat_map(|cond| self.conjuncts(cond, scope))
                .collect(),
            cond => vec![self.cond(cond, scope)],
        }
    }

    /// A condition that can stand beside `AND`, not beside an operator that binds tighter.
    pub(super) fn cond(&mut self, cond: &Cond, scope: &Scope) -> String {
        match cond {
            Cond::All(conds) => self.joined_conds(conds, " AND ", "TRUE", scope),
            Cond::Any(conds) => self.joined_conds(conds, " OR ", "FALSE", scope),
            Cond::Not(inner) => format!("NOT ({})", self.cond(inner, scope)),
            Cond::Compare { left, op, right } => self.compare(left, *op, right, scope),
            Cond::Distinct { left, right } => {
                let (left, right) = (self.scalar(left, scope), self.scalar(right, scope));
                let (left, right) = self.syntax.equal_keys(&left, &right);
                format!("{left} IS DISTINCT FROM {right}")
            }
            Cond::IsNull(value) => format!("{} IS NULL", self.scalar(value, scope).sql),
            Cond::IsBool(value, wanted) => {
                let word = if *wanted { "TRUE" } else { "FALSE" };
                format!("{} IS {word}", self.scalar(value, scope).sql)
            }
            Cond::In { left, list, ty } => {
                let left = self.scalar(left, scope);
                self.syntax.one_of(&left, *list, ty)
            }
            Cond::Like { left, pattern, fold } => {
                let may_dangle = may_dangle(pattern);
                let (left, pattern) = (self.scalar(left, scope), self.scalar(pattern, scope).sql);
                // The blanks that fill a `char(n)` up are no part of it.
                let left = match left.is(|ty| matches!(ty, ColumnType::Char(_))) {
                    true => self.syntax.cast(&left, &ColumnType::Text),
                    false => left.sql,
                };
                let pattern = Pattern {
                    sql: pattern,
                    may_dangle,
                };
                self.syntax.like(&left, &pattern, *fold)
            }
            Cond::Contain { left, op, right } => {
                let (left, right) = (self.scalar(left, scope), self.scalar(right, scope));
                self.syntax.contain(&left, *op, &right)
            }
            Cond::Native { left, op, right } => {
                let (left, right) = (self.scalar(left, scope), self.scalar(right, scope));
                self.syntax.native(&left, op, &right)
            }
            Cond::When { flag, cond } => format!("(NOT {} OR {})", self.flag(*flag), self.cond(cond, scope)),
            Cond::Exists { table, on, filter } => {
                let other = self.aliased(*table);
                let mut parts = self.pairs(on, scope, &other);
                parts.extend(self.conjuncts(filter, &other));
                self.exists(&self.source(&other), &parts)
            }
            Cond::Stays { table, filter } => {
                let other = self.aliased(*table);
                let (from, filter) = (self.source(&other), self.filter(filter, &other));
                // With one writer rows need no lock, and this is no change of the row.
                let hold = match self.syntax.lock(&other.qualifier).is_empty() {
                    true => "",
                    false => " FOR KEY SHARE",
                };
                format!("EXISTS(SELECT 1 FROM {from}{filter}{hold})")
            }
            Cond::InRows {
                left,
                table,
                column,
                filter,
            } => {
                let left = self.scalar(left, scope);
                let other = self.aliased(*table);
                let found = self.typed_column(&other, *column);
                let (left, found) = self.syntax.equal_keys(&left, &found);
                let from = self.source(&other);
                format!(
                    "{left} IN (SELECT {found} FROM {from}{})",
                    self.filter(filter, &other)
                )
            }
        }
    }

    fn joined_conds(&mut self, conds: &[Cond], word: &str, none: &str, scope: &Scope) -> String {
        match conds {
            [] => none.to_owned(),
            [only] => self.cond(only, scope),
            several => {
                let parts: Vec<String> = several.iter().map(|cond| self.cond(cond, scope)).collect();
                format!("({})", chained(parts, word))
            }
        }
    }

    fn compare(&mut self, left: &Scalar, op: Comparison, right: &Scalar, scope: &Scope) -> String {
        let (left, right) = (self.scalar(left, scope), self.scalar(right, scope));
        let ordered = |symbol: &str| {
            let text = |side: &Typed| side.is(ColumnType::is_text);
            let json = |side: &Typed| side.is(|ty| matches!(ty, ColumnType::Json | ColumnType::Jsonb));
            let same = left.ty == right.ty || (text(&left) && text(&right)) || (json(&left) && json(&right));
            let keys = (self.syntax.sort_key(&left), self.syntax.sort_key(&right));
            let (left, right) = if same {
                keys
            } else {
                self.syntax.equal_keys(&left, &right)
            };
            format!("{left} {symbol} {right}")
        };
        let equal = |symbol: &str| {
            let (left, right) = self.syntax.equal_keys(&left, &right);
            format!("{left} {symbol} {right}")
        };
        match op {
            Comparison::Eq => equal("="),
            Comparison::Ne => equal("<>"),
            Comparison::Lt => ordered("<"),
            Comparison::Le => ordered("<="),
            Comparison::Gt => ordered(">"),
            Comparison::Ge => ordered(">="),
        }
    }

    /// Equality of pairs (column of `outer`, column of `inner`).
    pub(super) fn pairs(&self, pairs: &[(ColumnId, ColumnId)], outer: &Scope, inner: &Scope) -> Vec<String> {
        let equal = |(outside, inside): &(ColumnId, ColumnId)| {
            let (left, right) = (
                self.typed_column(inner, *inside),
                self.typed_column(outer, *outside),
            );
            let (left, right) = self.syntax.equal_keys(&left, &right);
            format!("{left} = {right}")
        };
        pairs.iter().map(equal).collect()
    }

    pub(super) fn exists(&self, from: &str, parts: &[String]) -> String {
        if parts.is_empty() {
            return format!("EXISTS(SELECT 1 FROM {from})");
        }
        format!("EXISTS(SELECT 1 FROM {from} WHERE {})", parts.join(" AND "))
    }
}

/// Whether a pattern may end in an escape that escapes nothing; of a constant it is known.
fn may_dangle(pattern: &Scalar) -> bool {
    match pattern {
        Scalar::Literal(Datum::Text(text), _) => {
            text.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1
        }
        _ => true,
    }
}

/// Databases limit how deep an expression nests, and a chain of one operator nests once per part.
const CHAIN: usize = 200;

fn chained(parts: Vec<String>, word: &str) -> String {
    if parts.len() <= CHAIN {
        return parts.join(word);
    }
    let chunks = parts.chunks(CHAIN).map(|chunk| format!("({})", chunk.join(word)));
    chained(chunks.collect(), word)
}
