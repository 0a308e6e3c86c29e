//! Drafts become statements, binds and programs.
//!
//! Role: the second half of planning: what the proof decided is written down as predicates and parameters.
//! Input: drafts, kinds, the frame. Output: the parts of a [`crate::model::Plan`].
//! Invariant: every table of a statement whose rows belong to tenants carries the predicate of its kind;
//! [`pin`] is the only place that makes it.
//! Not here: SQL text.

pub(crate) mod answer;
pub(crate) mod binds;
pub(crate) mod cache;
pub(crate) mod computed;
pub(crate) mod credentials;
pub(crate) mod custom;
pub(crate) mod data;
pub(crate) mod defaults;
pub(crate) mod directory;
pub(crate) mod each;
pub(crate) mod exclude;
pub(crate) mod filter;
pub(crate) mod flow;
pub(crate) mod fuse;
pub(crate) mod guard;
pub(crate) mod hook;
pub(crate) mod input;
pub(crate) mod manifest;
pub(crate) mod order;
pub(crate) mod parents;
pub(crate) mod paths;
pub(crate) mod pin;
pub(crate) mod query;
pub(crate) mod rate;
pub(crate) mod relate;
pub(crate) mod route;
pub(crate) mod scalar;
pub(crate) mod select;
pub(crate) mod shape;
pub(crate) mod value;
pub(crate) mod whole;
pub(crate) mod work;
pub(crate) mod written;
