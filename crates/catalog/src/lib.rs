//! Tables, columns, types, keys and relations, read from `CREATE TABLE` text.
pub mod model;
pub use model::*;
