//! Spanned JSON with comments, and the typed [`Document`] made of it.
//!
//! Role: reads the files of a project folder: [`parse`] makes a [`Node`] of one file, [`read`] makes one
//! [`Document`] of all of them, [`parse_dotenv`] reads `.env`.
//! Input: file texts in a source map. Output: what the author wrote, typed, with the place of everything.
//! Invariant: a key that is not known never passes silently; layout and comments never change the document.
//! Not here: what any of it means, defaults from the environment, finding or opening files.
//!
//! ```
//! use backflow_config::{Role, read};
//! use backflow_diag::{Diagnostics, SourceMap};
//!
//! let mut sources = SourceMap::default();
//! let file = sources.add("routes/a.json", r#"{"path": "/a", "method": "get", "requireAut": true}"#);
//! let mut diagnostics = Diagnostics::default();
//! let document = read(&sources, &[(file, Role::Included)], &mut diagnostics);
//! assert_eq!(document.routes[0].path.as_str(), "/a");
//! assert_eq!(diagnostics.iter().next().unwrap().helps, ["did you mean `requireAuth`?"]);
//! ```

mod cache;
pub mod document;
mod dotenv;
mod duration;
mod escape;
mod include;
mod integration;
mod limit;
mod object;
mod parse;
mod project;
mod query;
mod read;
mod route;
mod rules;
mod scan;
mod syntax;
mod tenancy;
pub mod tree;
mod unsupported;
mod value;
mod webhook;
mod workflow;

pub use document::Document;
pub use dotenv::parse_dotenv;
pub use include::include_globs;
pub use parse::parse;
pub use read::{Role, read};
pub use rules::FORMATS;
pub use tree::{Member, Node, Tree};
