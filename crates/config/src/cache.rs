//! Reader of what is said about keeping answers.
//!
//! Input: the object of a route, or of project-wide settings. Output: [`Cache`], [`Caches`].
//! Invariant: see [`crate::document::Caches`].
//! Not here: which answers can be kept.

use crate::document::{Cache, Caches};
use crate::object::Object;
use crate::value;

/// `cache {enabled, ttl, maxSize, maxMemoryMB, provider}` of the project.
pub(crate) fn of_project(object: &mut Object<'_, '_>) -> Option<Caches> {
    let node = object.node("cache")?;
    let mut inner = Object::open(node, "cache", "`cache`", object.out)?;
    let caches = Caches {
        enabled: inner.flag("enabled", true),
        ttl: inner.integer("ttl", 1..=u32::MAX),
        max_size: inner.integer("maxSize", 1..=u32::MAX),
        max_memory_mb: inner.integer("maxMemoryMB", 1..=u32::MAX),
    };
    let provider = inner.word("provider");
    value::keyword(provider, "provider of caches", &["memory"], inner.out);
    inner.finish();
    Some(caches)
}

/// `cache {enabled, ttl, key, coherent}` of a route.
pub(crate) fn of_route(object: &mut Object<'_, '_>) -> Option<Cache> {
    let node = object.node("cache")?;
    let mut inner = Object::open(node, "cache", "`cache`", object.out)?;
    let cache = Cache {
        span: inner.span(),
        enabled: inner.flag("enabled", true),
        ttl: inner.integer("ttl", 1..=u32::MAX),
        key: inner.text("key"),
        coherent: inner.flag("coherent", false),
    };
    inner.finish();
    Some(cache)
}
