//! Routes and webhooks that answer the same requests.
//!
//! Role: finds two of one method whose paths, aliases too, match the same requests.
//! Invariant: names of parameters play no part, as in the engine's router.
//! Not here: paths that only overlap; there the fixed segment wins.

use crate::model::{Hook, PathPattern, Route, Segment};
use backflow_config::document::{Method, Route as RouteDoc, Webhook};
use backflow_diag::{Diagnostic, Diagnostics, Span, codes};
use std::collections::HashMap;

/// Reports two of one method whose paths differ at most in the names of parameters.
pub(crate) fn report(routes: &[(Route, &RouteDoc)], hooks: &[(Hook, &Webhook)], out: &mut Diagnostics) {
    let mut seen: HashMap<(Method, String), Span> = HashMap::new();
    let mut judge = |method: Method, path: &PathPattern, span: Span, two: &str, help: &str| {
        let Some(first) = seen.insert((method, form(path)), span) else {
            return;
        };
        out.push(
            Diagnostic::new(
                codes::DUPLICATE_ROUTE,
                format!("`{} {path}` is answered by two {two}", method.as_str()),
            )
            .at(span, "the second")
            .at(first, "the first")
            .help(help),
        );
    };
    for (route, doc) in routes {
        for path in std::iter::once(&route.path).chain(&route.aliases) {
            let help = "give one of them another path or method";
            judge(route.method, path, doc.path.span(), "routes", help);
        }
    }
    for (hook, doc) in hooks {
        let help = "give one of them another path: webhooks are sent with POST";
        judge(
            Method::Post,
            &hook.path,
            doc.path.span(),
            "of the routes and webhooks",
            help,
        );
    }
}

/// The path without the names of its parameters.
pub(crate) fn form(path: &PathPattern) -> String {
    path.0
        .iter()
        .map(|segment| match segment {
            Segment::Fixed(text) => format!("/{text}"),
            Segment::Param(_) => "/:".to_owned(),
        })
        .collect()
}
