//! A row as JSON text.
//!
//! Role: [`Member`]s → one text expression. Input: members and the row's scope.
//! Invariant: the text is never NULL and always a whole JSON value: constants and values alternate, and each
//! value prints `null` for NULL.
//! Not here: related rows' own queries; see `rows`.

use super::dialect::{Syntax, Typed, json_string};
use super::{Renderer, Scope};
use crate::ir::Member;
use backflow_catalog::ColumnType;

/// A part of a JSON text.
enum Piece {
    /// JSON as it stands.
    Constant(String),
    /// An expression that gives JSON.
    Value(String),
}

/// Members without the braces around them.
#[derive(Default)]
pub(super) struct Fragment {
    pieces: Vec<Piece>,
    /// What stands in their place where there is no row.
    pub(super) absent: String,
}

impl Fragment {
    fn constant(&mut self, json: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Constant(last)) => last.push_str(json),
            _ => self.pieces.push(Piece::Constant(json.to_owned())),
        }
    }

    fn separate(&mut self) {
        if !self.pieces.is_empty() {
            self.constant(",");
            self.absent.push(',');
        }
    }

    fn member(&mut self, key: &str, value: String) {
        self.separate();
        let key = json_string(key);
        self.constant(&format!("{key}:"));
        self.pieces.push(Piece::Value(value));
        self.absent.push_str(&format!("{key}:null"));
    }

    /// Members that come out of one expression.
    fn members(&mut self, value: String, absent: &str) {
        self.separate();
        self.pieces.push(Piece::Value(value));
        self.absent.push_str(absent);
    }

    /// The text expression, between `before` and `after`.
    pub(super) fn concatenated(mut self, before: &str, after: &str, syntax: &dyn Syntax) -> String {
        if let Some(Piece::Constant(first)) = self.pieces.first_mut() {
            first.insert_str(0, before);
        } else if !before.is_empty() {
            self.pieces.insert(0, Piece::Constant(before.to_owned()));
        }
        self.constant(after);
        let parts: Vec<String> = self
            .pieces
            .into_iter()
            .filter_map(|piece| match piece {
                Piece::Constant(json) => (!json.is_empty()).then(|| syntax.text(&json)),
                Piece::Value(sql) => Some(sql),
            })
            .collect();
        balanced(&parts)
    }
}

/// Databases limit how deep an expression nests, and a chain of `||` nests once per operator.
const CHAIN: usize = 200;

fn balanced(parts: &[String]) -> String {
    if parts.len() <= CHAIN {
        return parts.join("||");
    }
    let chunks: Vec<String> = parts
        .chunks(CHAIN)
        .map(|chunk| format!("({})", chunk.join("||")))
        .collect();
    balanced(&chunks)
}

impl Renderer<'_> {
    /// The JSON object of a row.
    pub(super) fn row_json(&mut self, members: &[Member], scope: &Scope) -> String {
        let fragment = self.fragment(members, scope);
        fragment.concatenated("{", "}", &*self.syntax)
    }

    pub(super) fn fragment(&mut self, members: &[Member], scope: &Scope) -> Fragment {
        let mut fragment = Fragment::default();
        let grouped = members
            .iter()
            .any(|member| matches!(member, Member::Aggregate { .. }));
        for member in members {
            match member {
                Member::Column {
                    key,
                    column,
                    path,
                    cast,
                } => {
                    let mut value = self.json_path(*column, path, scope);
                    if grouped {
                        value.sql = self.syntax.of_group(&value);
                    }
                    if let Some(ty) = cast {
                        value.sql = self.syntax.cast(&value, ty);
                        value.ty = Some(ty.clone());
                    }
                    let ty = value.ty.unwrap_or(ColumnType::Text);
                    fragment.member(key, self.syntax.json_value(&value.sql, &ty));
                }
                Member::Computed { key, value, ty } => {
                    let value = self.scalar(value, scope);
                    fragment.member(key, self.syntax.json_value(&value.sql, ty));
                }
                Member::Aggregate {
                    key,
                    function,
                    of,
                    cast,
                } => {
                    let of = of.as_ref().map(|of| self.scalar(of, scope));
                    let mut value = self.syntax.aggregate(*function, of.as_ref());
                    if let Some(ty) = cast {
                        value = Typed::new(self.syntax.cast(&value, ty), ty.clone());
                    }
                    let ty = value.ty.unwrap_or(ColumnType::Text);
                    fragment.member(key, self.syntax.json_value(&value.sql, &ty));
                }
                Member::Embed(embed) if embed.spread => {
                    if let Some((value, absent)) = self.spread(embed, scope) {
                        fragment.members(value, &absent);
                    }
                }
                Member::Embed(embed) => {
                    let value = self.embedded(embed, scope);
                    fragment.member(&embed.key, value);
                }
            }
        }
        fragment
    }
}
