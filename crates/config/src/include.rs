//! Which files belong to a project.
//!
//! Input: the tree of `backflow.json`, if there is one. Output: globs relative to the project folder.
//! Invariant: never fails; a wrong `include` is reported when the document is read.
//! Not here: matching the globs against a folder.

use crate::tree::{Node, Tree};

const DEFAULT: [&str; 4] = [
    "routes/**/*.json",
    "webhooks/**/*.json",
    "workflows/**/*.json",
    "integrations/**/*.json",
];

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

#[cfg(test)]
mod tests {
    use super::*;
    use backflow_diag::{Diagnostics, SourceMap};

    fn globs(text: &str) -> Vec<String> {
        let mut sources = SourceMap::default();
        let file = sources.add("backflow.json", text);
        include_globs(crate::parse(&sources, file, &mut Diagnostics::default()).as_ref())
    }

    #[test]
    fn include_replaces_the_default() {
        assert_eq!(globs("{}"), DEFAULT);
        assert_eq!(globs("{"), DEFAULT);
        assert_eq!(globs("{\"include\": [\"a/*.json\", 3]}"), ["a/*.json"]);
        assert_eq!(globs("{\"include\": \"a/*.json\"}"), ["a/*.json"]);
        assert!(globs("{\"include\": []}").is_empty());
    }
}
