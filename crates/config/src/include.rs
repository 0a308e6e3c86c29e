//! Which files belong to a project.
//!
//! Input: the tree of `backflow.json`, if there is one. Output: globs relative to the project folder.
//! Invariant: never fails; a wrong `include` is reported when the document is read.
//! Not here: matching the globs against a folder.

use crate::tree::{Node, Tree};

const DEFAULT: [&str; 3] = ["routes/**/*.json", "webhooks/**/*.json", "workflows/**/*.json"];

/// The globs of `include`, or the default ones when `backflow.json` or its `include` is absent.
#[must_use]
pub fn include_globs(project: Option<&Node>) -> Vec<String> {
    let Some(include) = project.and_then(|node| node.member("include")) else {
        return DEFAULT.map(str::to_owned).to_vec();
    };
    let items = match &include.tree {
        Tree::List(items) => items.as_slice(),
        _ => std::slice::from_ref(include),
    };
    items
        .iter()
        .filter_map(|item| match &item.tree {
            Tree::Text(text) => Some(text.value.to_string()),
            _ => None,
        })
        .collect()
}
