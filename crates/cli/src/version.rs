//! The version of a project's files, for runs that outlive it.
//!
//! Role: names a version, writes its files down, and compiles files that were written down earlier.
//! Invariant: neither variables nor their files are part of a version.
//! Not here: where versions are kept (the engine's journal).

use backflow_catalog::Catalog;
use backflow_config::Role;
use backflow_config::document::Document;
use backflow_config::tree::{Node, Tree};
use backflow_diag::{Diagnostics, FileId, SourceMap, Span, Text};
use backflow_engine::{Version, Versions};
use backflow_plan::{Environment, Inputs, Plan, compile};
use backflow_sql::ir::Dialect;
use serde_json::{Map, Value, json};

use crate::compiled::checksum;
use crate::files::Files;

/// Plans of another release of this program may name slots and cells otherwise.
const RELEASE: &str = env!("CARGO_PKG_VERSION");

/// The version that files are.
pub(crate) fn of(sources: &SourceMap, files: &Files, document: &Document) -> Version {
    let hidden = secrets(document);
    let documents = files.documents.iter().map(|(file, role)| {
        let role = match role {
            Role::Project => "project",
            Role::Included => "included",
        };
        json!({"name": sources.name(*file), "role": role, "text": without(&sources.text(*file), *file, &hidden)})
    });
    let mut all = Map::new();
    all.insert("release".to_owned(), RELEASE.into());
    all.insert("documents".to_owned(), Value::Array(documents.collect()));
    let files = Value::Object(all).to_string();
    Version {
        name: checksum(&files),
        files,
    }
}

/// Where secrets stand that are written into the files as they are, which they should not be.
fn secrets(document: &Document) -> Vec<Span> {
    let mut found = Vec::new();
    if let Some(credentials) = &document.project.credentials {
        literals(credentials, &mut found);
    }
    let secret = document.project.jwt.secret.as_ref();
    found.extend(secret.filter(|text| is_literal(text.as_str())).map(Text::span));
    found
}

fn literals(node: &Node, found: &mut Vec<Span>) {
    match &node.tree {
        Tree::Text(text) if is_literal(text.as_str()) => found.push(text.span()),
        Tree::List(items) => items.iter().for_each(|item| literals(item, found)),
        // Names and addresses are no secrets, and the plan asks for them.
        Tree::Object(members) => members
            .iter()
            .filter(|member| !matches!(member.key.value.as_str(), "templates" | "apiVersion" | "baseUrl"))
            .for_each(|member| literals(&member.value, found)),
        _ => {}
    }
}

fn is_literal(text: &str) -> bool {
    !text.contains("{{") && !text.contains("${")
}

/// A text with letters in the place of secrets; everything else stands where it stood.
fn without(text: &str, file: FileId, secrets: &[Span]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for span in secrets.iter().filter(|span| span.file == file) {
        let (start, end) = (span.start as usize, span.end as usize);
        for byte in bytes.get_mut(start..end).into_iter().flatten() {
            if *byte != b'"' {
                *byte = b'x';
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Compiles earlier versions against the database as it is now.
pub(crate) struct Former {
    pub(crate) catalog: Catalog,
    pub(crate) environment: Environment,
    pub(crate) dialect: Dialect,
}

impl Versions for Former {
    fn plan(&self, files: &str) -> Option<Plan> {
        let kept: Value = serde_json::from_str(files).ok()?;
        if kept.get("release")?.as_str()? != RELEASE {
            tracing::warn!("a run was started by another release of Backflow; it is compiled by this one");
        }
        let (mut sources, mut out) = (SourceMap::default(), Diagnostics::default());
        let documents: Option<Vec<_>> = kept
            .get("documents")?
            .as_array()?
            .iter()
            .map(|file| {
                let text = |name: &str| Some(file.get(name)?.as_str()?.to_owned());
                let role = match file.get("role")?.as_str()? {
                    "project" => Role::Project,
                    _ => Role::Included,
                };
                Some((sources.add(text("name")?, text("text")?), role))
            })
            .collect();
        let document = backflow_config::read(&sources, &documents?, &mut out);
        let inputs = Inputs {
            document: &document,
            catalog: &self.catalog,
            manifests: &backflow_connect::manifests(),
            environment: &self.environment,
            dialect: self.dialect,
        };
        let plan = compile(&inputs, &mut out);
        plan.filter(|_| !out.has_errors())
    }
}
