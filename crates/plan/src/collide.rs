//! Routes that answer the same requests.
//!
//! Role: finds two routes of one method whose paths, aliases too, match the same requests.
//! Invariant: names of parameters play no part, as in the engine's router.
//! Not here: paths that only overlap; there the fixed segment wins.

use crate::model::{PathPattern, Route, Segment};
use backflow_config::document::{Method, Route as RouteDoc};
use backflow_diag::{Diagnostic, Diagnostics, codes};
use std::collections::HashMap;

/// Reports two routes of one method whose paths differ at most in the names of parameters.
pub(crate) fn report(routes: &[(Route, &RouteDoc)], out: &mut Diagnostics) {
    let mut seen: HashMap<(Method, String), &RouteDoc> = HashMap::new();
    for (route, doc) in routes {
        for path in std::iter::once(&route.path).chain(&route.aliases) {
            let Some(first) = seen.insert((route.method, form(path)), doc) else {
                continue;
            };
            out.push(
                Diagnostic::new(
                    codes::DUPLICATE_ROUTE,
                    format!("`{} {path}` is answered by two routes", route.method.as_str()),
                )
                .at(doc.path.span(), "the second")
                .at(first.path.span(), "the first")
                .help("give one of them another path or method"),
            );
        }
    }
}

/// The path without the names of its parameters.
fn form(path: &PathPattern) -> String {
    path.0
        .iter()
        .map(|segment| match segment {
            Segment::Fixed(text) => format!("/{text}"),
            Segment::Param(_) => "/:".to_owned(),
        })
        .collect()
}
