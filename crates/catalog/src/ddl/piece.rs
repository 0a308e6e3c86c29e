//! The statements of a migration as PostgreSQL gets them.
//!
//! Output: texts, each with the line where it begins.
//! Invariant: a text is as written, but reserved words used as names are quoted; so lines stay what they are.
//! Not here: running them.

use super::ast::Ddl;
use super::migration::Migration;
use backflow_diag::{SourceMap, Span};

/// One statement, ready for PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its text, without the semicolon.
    pub sql: String,
    /// The line of the file on which it begins, from 1.
    pub line: u32,
}

impl Migration {
    /// The text for PostgreSQL: as written, but reserved words used as names are quoted, and, when the file
    /// is one transaction, its own `BEGIN` and `COMMIT` are blanked out.
    #[must_use]
    pub fn postgres(&self, sources: &SourceMap) -> String {
        let text = sources.text(self.file);
        self.edited(sources, 0..text.len())
    }

    /// The same, statement by statement.
    #[must_use]
    pub fn pieces(&self, sources: &SourceMap) -> Vec<Piece> {
        let text = sources.text(self.file);
        let (mut line, mut counted) = (1_usize, 0_usize);
        let mut pieces = Vec::new();
        for span in &self.texts {
            let (start, end) = (span.start as usize, span.end as usize);
            line += text.get(counted..start).unwrap_or("").matches('\n').count();
            counted = start;
            let sql = self.edited(sources, start..end);
            if !sql.is_empty() {
                pieces.push(Piece {
                    sql,
                    line: u32::try_from(line).unwrap_or(u32::MAX),
                });
            }
        }
        pieces
    }

    /// A part of the file with what PostgreSQL must see otherwise.
    fn edited(&self, sources: &SourceMap, part: std::ops::Range<usize>) -> String {
        let text = sources.text(self.file);
        let inside = |span: &Span| part.start <= span.start as usize && span.end as usize <= part.end;
        let mut edits: Vec<(Span, bool)> = self.reserved.iter().map(|span| (*span, true)).collect();
        if self.transactional {
            let own = self
                .statements
                .iter()
                .filter(|statement| statement.ddl == Ddl::Transaction);
            edits.extend(own.map(|statement| (statement.span, false)));
        }
        edits.retain(|(span, _)| inside(span));
        edits.sort_by_key(|(span, _)| *span);
        let (mut out, mut at) = (String::new(), part.start);
        for (span, quote) in edits {
            out.push_str(text.get(at..span.start as usize).unwrap_or(""));
            if quote {
                out.push_str(&format!("\"{}\"", sources.slice(span).to_ascii_lowercase()));
            }
            at = span.end as usize;
        }
        out.push_str(text.get(at..part.end).unwrap_or(""));
        out
    }
}
