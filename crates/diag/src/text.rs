//! Strings of the author's files that are parsed once more (templates, selects, paths).
//!
//! Role: [`Text`] is a decoded string together with the map from its bytes back to the file.
//! Invariant: equality ignores the map.
//! Not here: decoding the escapes; the JSON reader does that and fills the map.

use crate::source::Span;
use std::ops::Range;
use std::sync::Arc;

/// Where the bytes of a decoded string lie in its file.
#[derive(Debug, Clone)]
pub struct TextMap {
    span: Span,
    jumps: Arc<[(u32, u32)]>,
}

impl TextMap {
    /// A map for text that stands in the file as it is: byte `n` of the text is byte `n` of `span`.
    #[must_use]
    pub fn plain(span: Span) -> Self {
        Self {
            span,
            jumps: Arc::new([]),
        }
    }

    /// A map for text with escapes. Each pair `(decoded, raw)` says that from byte `decoded` of the
    /// text on, bytes follow one to one those from byte `raw` of `span`; pairs ascend.
    #[must_use]
    pub fn escaped(span: Span, jumps: Vec<(u32, u32)>) -> Self {
        Self {
            span,
            jumps: jumps.into(),
        }
    }

    /// The place of the whole text, without its quotes.
    #[must_use]
    pub fn whole(&self) -> Span {
        self.span
    }

    /// The place of a byte range of the text.
    #[must_use]
    pub fn span(&self, range: Range<usize>) -> Span {
        let start = self.raw(range.start);
        let end = self.raw(range.end).max(start);
        Span {
            file: self.span.file,
            start,
            end,
        }
    }

    fn raw(&self, decoded: usize) -> u32 {
        let decoded = u32::try_from(decoded).unwrap_or(u32::MAX);
        let after = self.jumps.partition_point(|(at, _)| *at <= decoded);
        let (at, raw) = after
            .checked_sub(1)
            .and_then(|i| self.jumps.get(i))
            .copied()
            .unwrap_or((0, 0));
        let offset = self.span.start.saturating_add(raw).saturating_add(decoded - at);
        offset.min(self.span.end)
    }
}

/// A decoded string that remembers where each of its bytes stands.
#[derive(Debug, Clone)]
pub struct Text {
    /// The decoded string.
    pub value: Arc<str>,
    /// Its map into the file.
    pub map: TextMap,
}

impl Text {
    /// Text that stands in the file without escapes at `span`.
    pub fn plain(value: impl Into<Arc<str>>, span: Span) -> Self {
        Self {
            value: value.into(),
            map: TextMap::plain(span),
        }
    }

    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.value
    }

    /// The place of the whole text.
    #[must_use]
    pub fn span(&self) -> Span {
        self.map.whole()
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Eq for Text {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    #[test]
    fn spans_after_an_escape_point_at_the_raw_text() {
        // raw: a\nb at 10..14, decoded: a, newline, b
        let span = Span {
            file: FileId(0),
            start: 10,
            end: 14,
        };
        let map = TextMap::escaped(span, vec![(0, 0), (2, 3)]);
        assert_eq!(map.span(0..1).start, 10);
        assert_eq!(map.span(1..2).start, 11);
        assert_eq!(map.span(2..3).start, 13);
        assert_eq!(map.span(2..3).end, 14);
        assert_eq!(map.span(0..99).end, 14);
    }
}
