//! Reader of routes.
//!
//! Input: an object with `path` and `method`. Output: [`Route`].
//! Invariant: one broken part leaves the others to be read and checked.
//! Not here: whether two routes collide, and what a route may touch.

use crate::document::{Method, Route, Validation};
use crate::object::Object;
use crate::query::{OperationAt, cross_tenant, query};
use crate::tree::{Node, Tree};
use crate::{cache, limit, rules, value, workflow};
use backflow_diag::{Diagnostic, Diagnostics, Spanned, codes};

/// Reads a route.
pub(crate) fn route(node: &Node, out: &mut Diagnostics) -> Option<Route> {
    let mut object = Object::open(node, "routes", "a route", out)?;
    let path = object.required_text("path");
    let method = method(&mut object);
    let validation = validation(&mut object);
    let queries = object.each("supabaseQueries", "a list of queries", |node, out| {
        query(node, "supabaseQueries", OperationAt::Inside, out)
    });
    let aliases = queries.iter().flatten().filter_map(|query| query.alias.as_ref());
    value::unique(aliases, "results of this route", object.out);
    let (workflow, run) = object
        .node("workflow")
        .map_or((None, None), |node| workflow::of_route(node, object.out));
    let status = object.integer("status", 200..=599);
    let cache = cache::of_route(&mut object);
    let require_auth = object.flag("requireAuth", false);
    let roles = roles(&mut object);
    if !require_auth {
        object.needs_other(
            "rbac",
            "roles belong to a known caller, and this route lets callers in without a token",
            "add `\"requireAuth\": true`",
        );
    }
    if cache.as_ref().is_some_and(|cache| cache.enabled)
        && method.as_ref().is_some_and(|method| method.value != Method::Get)
    {
        object.needs_other("cache", "only answers to GET are kept", "remove `cache`");
    }
    let route = (path, method);
    let description = object.text("description");
    let tags = object.words("tags");
    let tenant = object.text("tenant");
    let cross_tenant = cross_tenant(&mut object);
    let response = object.node("response").cloned();
    let rate_limit = limit::of_route(&mut object);
    let exclude_fields = object.words("excludeFields");
    let span = object.span();
    object.finish();
    Some(Route {
        span,
        path: route.0?,
        method: route.1?,
        description,
        tags,
        require_auth,
        tenant,
        cross_tenant,
        roles,
        validation,
        queries,
        workflow,
        run,
        response,
        status: status.map(|status| status.map(|n| u16::try_from(n).unwrap_or(u16::MAX))),
        cache,
        rate_limit,
        exclude_fields,
    })
}

/// `method`, in any case.
pub(crate) fn method(object: &mut Object<'_, '_>) -> Option<Spanned<Method>> {
    let word = object.required_word("method")?;
    let lower = word.clone().map(|name| name.to_ascii_lowercase());
    let known = [
        ("get", Method::Get),
        ("post", Method::Post),
        ("put", Method::Put),
        ("patch", Method::Patch),
        ("delete", Method::Delete),
    ];
    let found = value::one_of(&lower, "method", &known, object.out)?;
    Some(Spanned::new(found, word.span))
}

/// `validation`, which may also be called `request`.
fn validation(object: &mut Object<'_, '_>) -> Validation {
    object.not_both("validation", "request");
    let mut read = |key| {
        let node = object.node(key)?;
        rules::validation(node, key, object.out)
    };
    let (validation, request) = (read("validation"), read("request"));
    validation.or(request).unwrap_or_default()
}

/// `rbac.roles`
fn roles(object: &mut Object<'_, '_>) -> Option<Spanned<Vec<Spanned<String>>>> {
    let node = object.node("rbac")?;
    let mut inner = Object::open(node, "rbac", "`rbac`", object.out)?;
    let list = inner.required("roles");
    let roles = list.map(|list| Spanned::new(value::words(list, "roles", inner.out), list.span));
    if let Some(list) = list.filter(|list| matches!(&list.tree, Tree::List(items) if items.is_empty())) {
        let fault = Diagnostic::new(codes::OUT_OF_RANGE, "`roles` names no role")
            .at(list.place(), "empty")
            .note("nobody can hold one of no roles, so every caller would be refused")
            .help("list the roles that may call the route, or remove `rbac`");
        inner.out.push(fault);
    }
    inner.finish();
    roles
}
