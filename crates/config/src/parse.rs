//! From the text of a file to a tree with places.
//!
//! Input: a file of the source map. Output: its value, or nothing and a diagnostic that says why.
//! Invariant: never deeper than [`crate::scan::MAX_DEPTH`]; members of an object are unique.
//! Not here: which keys are known.

use crate::tree::{Member, Node, Tree};
use crate::{escape, scan, syntax};
use backflow_diag::{Diagnostic, Diagnostics, FileId, SourceMap, Span, Spanned, Text, codes};
use jsonc_parser::ast::{Array, Object, ObjectPropName, StringLit, Value};
use jsonc_parser::common::{Range, Ranged};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use std::collections::BTreeMap;

/// Parses a file of JSON with comments and trailing commas.
///
/// `None` when it is not that, is nested too deep, or holds no value; the reason is in `diagnostics`. Of a
/// key that stands twice the first is kept, and reported.
pub fn parse(sources: &SourceMap, file: FileId, diagnostics: &mut Diagnostics) -> Option<Node> {
    let whole = sources.text(file);
    let text = whole.strip_prefix('\u{feff}').unwrap_or(&whole);
    let offset = whole.len() - text.len();
    if let Some(found) = scan::obstacle(text) {
        diagnostics.push(syntax::obstacle(sources, file, offset, found));
        return None;
    }
    let value = match parse_to_ast(text, &CollectOptions::default(), &options()) {
        Ok(result) => result.value,
        Err(error) => {
            diagnostics.push(syntax::refused(sources, file, offset, &error));
            return None;
        }
    };
    let Some(value) = value else {
        diagnostics.push(empty(sources, file));
        return None;
    };
    let mut builder = Builder {
        sources,
        file,
        offset,
        diagnostics,
    };
    builder.node(value)
}

/// JSON with comments and trailing commas, and nothing else of JSON5.
fn options() -> ParseOptions {
    ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

fn empty(sources: &SourceMap, file: FileId) -> Diagnostic {
    let name = sources.name(file);
    Diagnostic::new(codes::NOTHING_TO_READ, format!("`{name}` is empty"))
        .at(sources.span(file, 0..0), "a JSON value is expected")
        .note("an empty file is most often one that was not saved")
        .help("write a route or an object such as `{\"routes\": []}`, or delete the file")
}

struct Builder<'a> {
    sources: &'a SourceMap,
    file: FileId,
    offset: usize,
    diagnostics: &'a mut Diagnostics,
}

impl Builder<'_> {
    fn span(&self, range: Range) -> Span {
        let start = range.start + self.offset;
        self.sources.span(self.file, start..range.end + self.offset)
    }

    fn node(&mut self, value: Value<'_>) -> Option<Node> {
        let span = self.span(value.range());
        let tree = match value {
            Value::NullKeyword(_) => Tree::Null,
            Value::BooleanLit(literal) => Tree::Bool(literal.value),
            Value::NumberLit(literal) => Tree::Number(literal.value.to_owned()),
            Value::StringLit(literal) => Tree::Text(self.text(&literal)?),
            Value::Array(array) => self.list(array)?,
            Value::Object(object) => self.object(object)?,
        };
        Some(Node { tree, span })
    }

    fn text(&mut self, literal: &StringLit<'_>) -> Option<Text> {
        let quoted = self.span(literal.range);
        let span = Span {
            start: quoted.start.saturating_add(1).min(quoted.end),
            end: quoted.end.saturating_sub(1).max(quoted.start),
            ..quoted
        };
        match escape::decode(self.sources.slice(span), span) {
            Ok(text) => Some(text),
            Err(wrong) => {
                let start = span.start as usize;
                let place = self
                    .sources
                    .span(self.file, start + wrong.start..start + wrong.end);
                self.diagnostics.push(syntax::escape(place));
                None
            }
        }
    }

    fn list(&mut self, array: Array<'_>) -> Option<Tree> {
        // All elements are looked at, so that every wrong escape is reported; then any wrong one spoils all.
        let items: Vec<Option<Node>> = array.elements.into_iter().map(|value| self.node(value)).collect();
        items.into_iter().collect::<Option<Vec<_>>>().map(Tree::List)
    }

    fn object(&mut self, object: Object<'_>) -> Option<Tree> {
        let mut members = Vec::with_capacity(object.properties.len());
        let mut places: BTreeMap<String, Span> = BTreeMap::new();
        let mut whole = true;
        for property in object.properties {
            // Bare words are refused by the options; one that came here all the same would spoil the object.
            let key = match &property.name {
                ObjectPropName::String(name) => self.text(name),
                ObjectPropName::Word(_) => None,
            };
            let value = self.node(property.value);
            let (Some(key), Some(value)) = (key, value) else {
                whole = false;
                continue;
            };
            let span = key.span();
            let key = key.value.to_string();
            if let Some(first) = places.get(&key) {
                self.diagnostics.push(twice(&key, *first, span));
                continue;
            }
            places.insert(key.clone(), span);
            members.push(Member {
                key: Spanned::new(key, span),
                value,
            });
        }
        whole.then_some(Tree::Object(members))
    }
}

fn twice(key: &str, first: Span, second: Span) -> Diagnostic {
    Diagnostic::new(
        codes::DUPLICATE_KEY,
        format!("the key `{key}` stands twice in one object"),
    )
    .at(second, "again here")
    .at(first, "first here")
    .note("which of the two counts would be a guess")
    .help("remove or rename one of them")
}

#[cfg(test)]
mod tests;
