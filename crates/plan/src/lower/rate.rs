//! Which limit a route has.
//!
//! Role: the closest one counts: the route's own, else that of its path, else the project's.
//! Invariant: whatever the author wrote about limits limits something, or a fault says that it does not.
//! Not here: counting, and where the caller's address is taken from.

use super::paths;
use crate::collide::form;
use crate::model::{CountBy, Counter, PathPattern, Place, Proxies, Rate, Skips};
use backflow_config::document::{Document, RateLimit, Route as RouteDoc};
use backflow_diag::{Diagnostic, Diagnostics, Span, Text, codes, nearest};
use std::sync::Arc;

/// A window's length unless the author says another.
const WINDOW_MS: u32 = 60_000;
/// How many requests a window takes unless the author says another.
const MAX: u32 = 100;

/// The limits of a project.
pub(crate) struct Limits<'a> {
    default: Option<&'a RateLimit>,
    endpoints: Vec<Endpoint<'a>>,
    /// Limits by tenant on routes without one: where that is said, and the routes.
    homeless: Vec<(Span, Vec<String>)>,
    /// All paths there are, for who looks for one.
    paths: Vec<String>,
}

/// A member of `perEndpoint`.
struct Endpoint<'a> {
    written: &'a Text,
    form: String,
    limit: &'a RateLimit,
    used: bool,
}

/// The limit of a route before its tenant is known.
#[derive(Clone, Copy)]
pub(crate) struct Chosen<'a> {
    limit: &'a RateLimit,
    level: Level,
}

#[derive(Clone, Copy)]
enum Level {
    Project,
    Endpoint(usize),
    Route,
}

impl<'a> Limits<'a> {
    /// Reads what the project says.
    pub(crate) fn read(document: &'a Document, out: &mut Diagnostics) -> Self {
        let declared = document
            .project
            .rate_limit
            .as_ref()
            .filter(|limits| limits.enabled);
        let mut limits = Self {
            default: declared.and_then(|limits| limits.default.as_ref()),
            endpoints: Vec::new(),
            homeless: Vec::new(),
            paths: Vec::new(),
        };
        for (written, limit) in declared.iter().flat_map(|limits| &limits.per_endpoint) {
            let Some(path) = paths::read(written, out) else {
                continue;
            };
            let form = form(&path);
            if let Some(first) = limits.endpoints.iter().find(|other| other.form == form) {
                out.push(twice(first.written, written, &path.to_string()));
                continue;
            }
            limits.endpoints.push(Endpoint {
                written,
                form,
                limit,
                used: false,
            });
        }
        limits
    }

    /// The limit that counts for a route; `None`: none does.
    pub(crate) fn choose(
        &mut self,
        doc: &'a RouteDoc,
        path: &PathPattern,
        aliases: &[PathPattern],
        out: &mut Diagnostics,
    ) -> Option<Chosen<'a>> {
        let mut found: Option<usize> = None;
        for path in std::iter::once(path).chain(aliases) {
            self.paths.push(path.to_string());
            let form = form(path);
            let Some(at) = self.endpoints.iter().position(|endpoint| endpoint.form == form) else {
                continue;
            };
            let first = found.replace(at).filter(|first| *first != at);
            if let Some(endpoint) = self.endpoints.get_mut(at) {
                endpoint.used = true;
            }
            let written = |at: usize| self.endpoints.get(at).map(|endpoint| endpoint.written);
            if let (Some(first), Some(second)) = (first.and_then(written), written(at)) {
                out.push(twice(first, second, doc.path.as_str()));
            }
        }
        let endpoint = found.and_then(|at| Some((self.endpoints.get(at)?.limit, Level::Endpoint(at))));
        let own = doc.rate_limit.as_ref().map(|limit| (limit, Level::Route));
        let default = self.default.map(|limit| (limit, Level::Project));
        let (limit, level) = own.or(endpoint).or(default)?;
        limit.enabled.then_some(Chosen { limit, level })
    }

    /// The limit of a route whose place is known.
    pub(crate) fn settle(
        &mut self,
        chosen: Option<Chosen<'_>>,
        (doc, name): (&RouteDoc, &str),
        place: &Place,
    ) -> Option<Arc<Rate>> {
        let Chosen { limit, level } = chosen?;
        let usual = if doc.require_auth {
            CountBy::User
        } else {
            CountBy::Address
        };
        let by = limit.by.as_ref().map_or(usual, |by| by.value);
        if let (CountBy::Tenant, Some(by), false) = (by, &limit.by, matches!(place, Place::One(_))) {
            match self.homeless.iter_mut().find(|(span, _)| *span == by.span) {
                Some((_, routes)) => routes.push(name.to_owned()),
                None => self.homeless.push((by.span, vec![name.to_owned()])),
            }
            return None;
        }
        let counter = match level {
            Level::Project => Counter::Project,
            Level::Endpoint(at) => Counter::Endpoint(self.endpoints.get(at)?.written.as_str().to_owned()),
            Level::Route => Counter::Route(name.to_owned()),
        };
        Some(Arc::new(Rate {
            counter,
            by,
            window_ms: limit.window_ms.as_ref().map_or(WINDOW_MS, |window| window.value),
            max: limit.max.as_ref().map_or(MAX, |max| max.value),
            message: limit.message.as_ref().map(|text| text.as_str().to_owned()),
            status: limit.status_code.as_ref().map(|status| status.value),
            skips: match (limit.skip_successful, limit.skip_failed) {
                (true, _) => Skips::Successful,
                (false, true) => Skips::Failed,
                (false, false) => Skips::None,
            },
        }))
    }

    /// Reports what limits nothing.
    pub(crate) fn report(self, out: &mut Diagnostics) {
        for endpoint in self.endpoints.iter().filter(|endpoint| !endpoint.used) {
            let path = endpoint.written.as_str();
            out.push(
                Diagnostic::new(codes::UNKNOWN_ENDPOINT, format!("no route has the path `{path}`"))
                    .at(endpoint.written.span(), "this limit would limit nothing")
                    .note("a limit is found by the path as a route or an alias writes it; names of parameters play no part")
                    .help("write the path as the route does, with its parameters: `/teams/:id`")
                    .did_you_mean(nearest(path, self.paths.iter().map(String::as_str))),
            );
        }
        for (span, routes) in self.homeless {
            let (first, others) = (
                routes.first().map_or("", String::as_str),
                routes.len().saturating_sub(1),
            );
            let who = match others {
                0 => format!("`{first}` is bound to no single tenant"),
                _ => format!("`{first}` and {others} more are bound to no single tenant"),
            };
            out.push(
                Diagnostic::new(codes::LIMIT_WITHOUT_TENANT, "requests cannot be counted by tenant here")
                    .at(span, who)
                    .note("a tenant's requests are counted once the caller's membership is found; here none is looked for")
                    .help("count by `user` or `address`, on the route itself if the others should stay as they are"),
            );
        }
    }
}

fn twice(first: &Text, second: &Text, path: &str) -> Diagnostic {
    Diagnostic::new(codes::EXCLUSIVE_KEYS, format!("two limits are for `{path}`"))
        .at(second.span(), "says it again, or differently")
        .at(first.span(), "already said here")
        .note("names of parameters and prefixes of aliases do not tell paths apart")
        .help("keep one of the two")
}

/// What `check` says of how requests are counted.
pub(crate) fn fact(proxies: &Proxies) -> String {
    let address = match proxies {
        Proxies::None => "the address of a caller is that of the connection".to_owned(),
        Proxies::Hops(1) => "the address of a caller is what one proxy in front says".to_owned(),
        Proxies::Hops(hops) => format!("the address of a caller is what {hops} proxies in front say"),
        Proxies::Networks(networks) => {
            let networks: Vec<String> = networks.iter().map(ToString::to_string).collect();
            format!(
                "the address of a caller is what proxies in {} say",
                networks.join(", ")
            )
        }
    };
    format!("limits: requests are counted by each process for itself; {address}")
}
