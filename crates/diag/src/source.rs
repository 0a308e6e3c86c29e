//! Files and positions in them.
//!
//! Role: [`SourceMap`] owns every file text; a [`Span`] names a byte range in one of them.
//! Invariant: equality of [`Spanned`] values ignores the span, so layout never changes meaning.
//! Not here: reading files from disk.

use std::ops::{Deref, Range};
use std::sync::Arc;

/// A file of a [`SourceMap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A byte range in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The span from the start of `self` to the end of `other` (both in one file).
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        Span {
            file: self.file,
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

/// A value that remembers where it was written.
#[derive(Debug, Clone, Copy)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// Pairs a value with its place.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }

    /// Keeps the place, changes the value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned {
            value: f(self.value),
            span: self.span,
        }
    }
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Spanned<T> {}

impl<T> Deref for Spanned<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

/// A place as people count it: both numbers start at 1, columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

#[derive(Debug)]
struct SourceFile {
    name: String,
    text: Arc<str>,
    line_starts: Vec<usize>,
}

/// All files of a project, by id.
#[derive(Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// Adds a file; `name` is what reports show, usually the path relative to the project folder.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        let text: Arc<str> = text.into();
        let line_starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(index, _)| index + 1))
            .collect();
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(SourceFile {
            name: name.into(),
            text,
            line_starts,
        });
        id
    }

    /// The name a file was added under.
    #[must_use]
    pub fn name(&self, file: FileId) -> &str {
        self.files.get(file.0 as usize).map_or("<unknown>", |f| &f.name)
    }

    /// The whole text of a file.
    #[must_use]
    pub fn text(&self, file: FileId) -> Arc<str> {
        self.files
            .get(file.0 as usize)
            .map_or_else(|| Arc::from(""), |f| f.text.clone())
    }

    /// The text under a span; empty when the span does not lie on character borders of the file.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.files
            .get(span.file.0 as usize)
            .and_then(|f| f.text.get(span.start as usize..span.end as usize))
            .unwrap_or("")
    }

    /// A span of a file from a byte range.
    #[must_use]
    pub fn span(&self, file: FileId, range: Range<usize>) -> Span {
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Span {
            file,
            start: clamp(range.start),
            end: clamp(range.end),
        }
    }

    /// All files, in the order they were added.
    pub fn files(&self) -> impl Iterator<Item = FileId> + '_ {
        (0..self.files.len()).map(|n| FileId(u32::try_from(n).unwrap_or(u32::MAX)))
    }

    /// The whole lines that a span touches: the number of the first, from 1, and their byte range.
    #[must_use]
    pub fn lines(&self, span: Span) -> (usize, std::ops::Range<usize>) {
        let Some(file) = self.files.get(span.file.0 as usize) else {
            return (1, 0..0);
        };
        let line_of = |offset: u32| {
            let offset = (offset as usize).min(file.text.len());
            file.line_starts.partition_point(|start| *start <= offset).max(1)
        };
        let (first, last) = (line_of(span.start), line_of(span.end.max(span.start)));
        let start = file.line_starts.get(first - 1).copied().unwrap_or(0);
        let end = file.line_starts.get(last).copied().unwrap_or(file.text.len());
        (first, start..end)
    }

    /// Line and column of the start of a span.
    #[must_use]
    pub fn position(&self, span: Span) -> Position {
        let Some(file) = self.files.get(span.file.0 as usize) else {
            return Position { line: 1, column: 1 };
        };
        let offset = (span.start as usize).min(file.text.len());
        let line = file.line_starts.partition_point(|start| *start <= offset).max(1);
        let line_start = file.line_starts.get(line - 1).copied().unwrap_or(0);
        let column = file
            .text
            .get(line_start..offset)
            .map_or(1, |s| s.chars().count() + 1);
        Position { line, column }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let mut map = SourceMap::default();
        let file = map.add("a", "é\nxy");
        assert_eq!(
            map.position(map.span(file, 0..2)),
            Position { line: 1, column: 1 }
        );
        assert_eq!(
            map.position(map.span(file, 2..3)),
            Position { line: 1, column: 2 }
        );
        assert_eq!(
            map.position(map.span(file, 4..5)),
            Position { line: 2, column: 2 }
        );
    }

    #[test]
    fn equality_ignores_the_place() {
        let mut map = SourceMap::default();
        let file = map.add("a", "xx");
        assert_eq!(
            Spanned::new(1, map.span(file, 0..1)),
            Spanned::new(1, map.span(file, 1..2))
        );
    }

    #[test]
    fn a_span_inside_a_character_gives_no_text_and_no_panic() {
        let mut map = SourceMap::default();
        let file = map.add("a", "é");
        assert_eq!(map.slice(map.span(file, 1..2)), "");
        assert_eq!(map.position(map.span(file, 1..2)).line, 1);
        assert_eq!(map.position(map.span(FileId(9), 1..2)).line, 1);
    }
}
