//! Tables, columns, types, keys and relations, read from `CREATE TABLE` text.
//!
//! Role: [`read`] turns migrations into a [`Schema`]: its [`Catalog`] is what every later stage knows of the
//! database, its [`Migration`]s are what a dialect turns into SQL.
//! Input: texts in a source map. Output: [`Schema`], [`Link`]s between tables.
//! Invariant: every id inside a [`Catalog`] points into that catalog.
//! Not here: a connection, SQL text for a database, relations guessed from names.
//!
//! ```
//! use backflow_diag::{Diagnostics, SourceMap};
//!
//! let mut sources = SourceMap::default();
//! let file = sources.add("migrations/0001_start.sql", "CREATE TABLE notes (id uuid PRIMARY KEY, body text);");
//! let mut diagnostics = Diagnostics::default();
//! let schema = backflow_catalog::read(&sources, &[file], &mut diagnostics);
//! assert!(!diagnostics.has_errors());
//! let notes = schema.catalog.find("notes").unwrap();
//! assert_eq!(schema.catalog.table(notes).columns.len(), 2);
//! ```

mod complete;
pub mod ddl;
pub mod model;
pub mod relations;

pub use complete::complete;
pub use ddl::{Ddl, DdlStatement, Definition, Migration, Piece, Reach, Schema, Unmodelled, read};
pub use model::*;
pub use relations::{Link, LinkKind, links, singular};
