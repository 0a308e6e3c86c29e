//! Bounds that keep every expression total and cheap.
//!
//! Invariant: nothing that an author or caller writes makes the parser, the compiler or a run recurse deeper
//! or produce more than this.
//! Not here: limits of requests, which the engine and the server own.

/// Longest expression, in bytes.
pub const EXPRESSION_BYTES: usize = 16 * 1024;
/// Longest text with holes, in bytes.
pub const TEMPLATE_BYTES: usize = 256 * 1024;
/// Deepest nesting of parentheses, calls and operators before an operand.
pub const NESTING: usize = 64;
/// Deepest tree; long chains of one operator make deep trees too.
pub const TREE_DEPTH: usize = 256;
/// Most parts of one template or condition.
pub const NODES: usize = 4096;
/// Most bytes of text that one run may produce.
pub const OUTPUT_BYTES: usize = 2 * 1024 * 1024;
/// Most items that `split` may produce.
pub const SPLIT_ITEMS: usize = 10_000;
/// Most faults that are reported for one expression, or holes at fault in one text.
pub const FAULTS: usize = 20;
