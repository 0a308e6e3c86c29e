//! Source map, spans, and diagnostics with codes.
//!
//! Role: every stage that reads the author's files reports through [`Diagnostics`]; the renderers turn
//! what was collected into text for people or JSON for tools.
//! Input: file texts and positions. Output: rendered reports.
//! Invariant: a [`Diagnostic`] always carries a [`Code`] that is listed in [`codes::ALL`] and has a page.
//! Not here: what a route, a table or an expression is.
//!
//! ```
//! use backflow_diag::{codes, render, Diagnostic, Diagnostics, SourceMap};
//!
//! let mut sources = SourceMap::default();
//! let file = sources.add("routes/a.json", r#"{"pth": "/a"}"#);
//! let mut diagnostics = Diagnostics::default();
//! diagnostics.push(
//!     Diagnostic::new(codes::UNKNOWN_KEY, "unknown key `pth`")
//!         .at(sources.span(file, 1..6), "not a key of a route")
//!         .help("did you mean `path`?"),
//! );
//! assert!(diagnostics.has_errors());
//! assert!(render::human(&sources, diagnostics.iter(), false).contains("routes/a.json:1:2"));
//! ```

pub mod codes;
mod diagnostic;
mod nearest;
mod pages;
pub mod render;
mod source;
mod text;

pub use codes::{Code, Severity};
pub use diagnostic::{Diagnostic, Diagnostics, Label};
pub use nearest::nearest;
pub use pages::page;
pub use source::{FileId, Position, SourceMap, Span, Spanned};
pub use text::{Text, TextMap};
