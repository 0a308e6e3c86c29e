//! Tables, columns, types, keys and relations, read from `CREATE TABLE` text.
pub mod model;
pub mod relations;
pub use model::*;
pub use relations::{Link, LinkKind, links, singular};
