//! Paths of routes and their aliases.
//!
//! Invariant: a pattern holds whole segments only: fixed text, or one parameter.
//! Not here: two routes on one path; see `collide`.

use crate::model::{PathPattern, Segment};
use backflow_config::document::{Alias, Document};
use backflow_diag::{Diagnostic, Diagnostics, Text, codes};

/// Reads a path such as `/organizations/:slug`.
pub(crate) fn read(text: &Text, out: &mut Diagnostics) -> Option<PathPattern> {
    let path = text.as_str();
    let mut fault = |why: &str, help: &str| {
        out.push(
            Diagnostic::new(codes::BAD_PATH, format!("`{path}` cannot be used as a path"))
                .at(text.span(), why)
                .help(help),
        );
        None
    };
    let Some(rest) = path.strip_prefix('/') else {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        return fault(
            "does not start with `/`",
            &format!("write `/{}`", parts.join("/")),
        );
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let mut segments = Vec::new();
    for part in rest.split('/').filter(|_| !rest.is_empty()) {
        if part.is_empty() {
            return fault("has an empty segment", "take the double `/` away");
        }
        if part
            .chars()
            .any(|c| c.is_control() || c.is_whitespace() || "{}*?#%\\".contains(c))
        {
            return fault(
                "holds a character that paths cannot hold",
                "use letters, digits, `-`, `_`, `.`",
            );
        }
        segments.push(match part.strip_prefix(':') {
            Some(name) if is_name(name) => {
                if segments.contains(&Segment::Param(name.to_owned())) {
                    return fault("has two parameters of one name", "give each its own name");
                }
                Segment::Param(name.to_owned())
            }
            Some(_) => return fault("has a parameter without a proper name", "write `:name`"),
            None => Segment::Fixed(part.to_owned()),
        });
    }
    let taken = |name: &str| segments.first() == Some(&Segment::Fixed(name.to_owned()));
    if taken("_runs") || (taken("health") && segments.len() == 1) {
        return fault("is taken by the server itself", "choose another path");
    }
    Some(PathPattern(segments))
}

fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// An alias with its parsed prefix.
pub(crate) struct Prefix<'a> {
    alias: &'a Alias,
    path: PathPattern,
    used: bool,
}

/// All aliases of the project.
pub(crate) fn prefixes<'a>(document: &'a Document, out: &mut Diagnostics) -> Vec<Prefix<'a>> {
    let mut found = Vec::new();
    for alias in &document.aliases {
        if let Some(path) = read(&alias.path, out) {
            found.push(Prefix {
                alias,
                path,
                used: false,
            });
        }
    }
    found
}

/// The further paths of a route: an alias whose last segment is the route's first serves it too.
pub(crate) fn aliases(path: &PathPattern, prefixes: &mut [Prefix<'_>]) -> Vec<PathPattern> {
    let mut found = Vec::new();
    for prefix in prefixes {
        if !path.0.is_empty() && prefix.path.0.last() == path.0.first() {
            prefix.used = true;
            let rest = path.0.iter().skip(1).cloned();
            let whole = PathPattern(prefix.path.0.iter().cloned().chain(rest).collect());
            if whole != *path {
                found.push(whole);
            }
        }
    }
    found
}

/// Warns of aliases that serve nothing.
pub(crate) fn report_unused(prefixes: &[Prefix<'_>], out: &mut Diagnostics) {
    for prefix in prefixes.iter().filter(|prefix| !prefix.used) {
        let last = prefix
            .path
            .0
            .last()
            .map_or_else(String::new, |last| PathPattern(vec![last.clone()]).to_string());
        out.push(
            Diagnostic::new(
                codes::UNUSED_ALIAS,
                format!("the alias `{}` matches no route", prefix.alias.name.value),
            )
            .at(
                prefix.alias.path.span(),
                format!("no route's path starts with `{last}`"),
            )
            .note("an alias serves the routes whose first segment is its last one"),
        );
    }
}
