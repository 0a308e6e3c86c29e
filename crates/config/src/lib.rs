//! Spanned JSON with comments, and the typed Document made of it.
pub mod document;
pub mod tree;
