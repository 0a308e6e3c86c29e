//! Routes as written.
//!
//! Invariant: method and path are there; a route without them is reported and left out.
//! Not here: whether two routes collide; see the planner.

use super::{Cache, Query, RateLimit, Run, Validation, Workflow};
use crate::tree::Node;
use backflow_diag::{Span, Spanned, Text};

/// An HTTP method a route may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
}

impl Method {
    /// All methods.
    pub const ALL: [Method; 5] = [
        Method::Get,
        Method::Post,
        Method::Put,
        Method::Patch,
        Method::Delete,
    ];

    /// In upper case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

/// A route.
#[derive(Debug, Clone)]
pub struct Route {
    /// The whole object.
    pub span: Span,
    /// `path`
    pub path: Text,
    /// `method`
    pub method: Spanned<Method>,
    /// `description`
    pub description: Option<Text>,
    /// `tags`
    pub tags: Vec<Spanned<String>>,
    /// `requireAuth`
    pub require_auth: bool,
    /// `tenant`
    pub tenant: Option<Text>,
    /// `crossTenant.reason`
    pub cross_tenant: Option<Spanned<String>>,
    /// `rbac.roles`; `None` without `rbac`.
    pub roles: Option<Spanned<Vec<Spanned<String>>>>,
    /// `validation` or `request`
    pub validation: Validation,
    /// `supabaseQueries`; `None` when the key is absent.
    pub queries: Option<Vec<Query>>,
    /// `workflow`, written here
    pub workflow: Option<Workflow>,
    /// `workflow`, one that stands alone
    pub run: Option<Run>,
    /// `response`
    pub response: Option<Node>,
    /// `status`
    pub status: Option<Spanned<u16>>,
    /// `cache`
    pub cache: Option<Cache>,
    /// `rateLimit`
    pub rate_limit: Option<RateLimit>,
    /// `excludeFields`
    pub exclude_fields: Vec<Spanned<String>>,
}

equal_but_for_place!(Route {
    path,
    method,
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
    status,
    cache,
    rate_limit,
    exclude_fields,
});
