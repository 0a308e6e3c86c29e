//! What is written about keeping answers.
//!
//! Invariant: what is absent is `None`; defaults are the planner's.
//! Not here: which answers can be kept.

use backflow_diag::{Span, Spanned, Text};

/// `cache` of the project.
#[derive(Debug, Clone, PartialEq)]
pub struct Caches {
    /// `enabled` (default true when the object is there)
    pub enabled: bool,
    /// `ttl` in seconds
    pub ttl: Option<Spanned<u32>>,
    /// `maxSize`: how many answers.
    pub max_size: Option<Spanned<u32>>,
    /// `maxMemoryMB`: how many megabytes.
    pub max_memory_mb: Option<Spanned<u32>>,
}

/// `cache` of a route.
#[derive(Debug, Clone)]
pub struct Cache {
    /// Where it stands.
    pub span: Span,
    /// `enabled` (default true when the object is there)
    pub enabled: bool,
    /// `ttl` in seconds
    pub ttl: Option<Spanned<u32>>,
    /// `key`
    pub key: Option<Text>,
    /// `coherent`
    pub coherent: bool,
}

equal_but_for_place!(Cache {
    enabled,
    ttl,
    key,
    coherent,
});
