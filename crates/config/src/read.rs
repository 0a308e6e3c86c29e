//! From the files of a project to one document.
//!
//! Input: which files, and which of them is `backflow.json`. Output: [`Document`] with everything that could
//! be read; faults for everything else.
//! Invariant: the order of files is the order of the document; a broken part never hides another.
//! Not here: finding the files.

use crate::document::{Alias, Document, Route, Webhook, Workflow};
use crate::object::Object;
use crate::parse::parse;
use crate::project::{Seen, settings};
use crate::tree::{Node, Tree};
use crate::{integration, route, value, webhook, workflow};
use backflow_diag::{Diagnostic, Diagnostics, FileId, SourceMap, codes};

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `backflow.json`: top-level keys only.
    Project,
    /// A file that `include` matches: top-level keys, one route, a list of routes, one workflow or one integration.
    Included,
}

/// Reads all files of a project into one document.
///
/// What cannot be read is left out of the document and reported in `diagnostics`.
pub fn read(sources: &SourceMap, files: &[(FileId, Role)], diagnostics: &mut Diagnostics) -> Document {
    let mut reader = Reader {
        document: Document::default(),
        seen: Seen::new(),
        out: diagnostics,
    };
    for (file, role) in files {
        if let Some(node) = parse(sources, *file, reader.out) {
            reader.file(&node, *role);
        }
    }
    let Document {
        aliases,
        webhooks,
        workflows,
        integrations,
        ..
    } = &reader.document;
    let out = &mut *reader.out;
    value::unique(aliases.iter().map(|alias| &alias.name), "route aliases", out);
    value::unique(webhooks.iter().map(|webhook| &webhook.name), "webhooks", out);
    let names = workflows.iter().filter_map(|workflow| workflow.name.as_ref());
    value::unique(names, "workflows", out);
    let names = integrations.iter().map(|integration| &integration.name);
    value::unique(names, "integrations", out);
    reader.document
}

/// What a file holds.
enum Form {
    Keys,
    Route,
    Workflow,
    Webhook,
    Integration,
}

/// Keys that stand in no route and no workflow.
const TOP_LEVEL: [&str; 19] = [
    "routes",
    "webhooks",
    "workflows",
    "routeAliases",
    "customIntegrations",
    "include",
    "database",
    "supabase",
    "sqlite",
    "jwt",
    "tenancy",
    "relationships",
    "constants",
    "publicEnv",
    "secretColumns",
    "credentials",
    "cors",
    "server",
    "$schema",
];

fn form(node: &Node, role: Role) -> Form {
    let has = |keys: &[&str]| keys.iter().any(|key| node.member(key).is_some());
    if role == Role::Project || has(&TOP_LEVEL) {
        Form::Keys
    } else if has(&["baseUrl"]) {
        Form::Integration
    } else if has(&["actions", "provider"]) {
        Form::Webhook
    } else if has(&["path", "method", "supabaseQueries", "requireAuth"]) {
        Form::Route
    } else if has(&["steps"]) {
        Form::Workflow
    } else {
        Form::Keys
    }
}

struct Reader<'d> {
    document: Document,
    seen: Seen,
    out: &'d mut Diagnostics,
}

impl Reader<'_> {
    fn file(&mut self, node: &Node, role: Role) {
        match &node.tree {
            Tree::Object(members) if members.is_empty() && role == Role::Included => self.nothing(node),
            Tree::Object(_) => self.object(node, role),
            Tree::List(items) if role == Role::Included => {
                if items.is_empty() {
                    self.nothing(node);
                }
                let routes = items.iter().filter_map(|item| route::route(item, self.out));
                self.document.routes.extend(routes);
            }
            _ if role == Role::Included => self.nothing(node),
            _ => value::wrong_type(node, "backflow.json", "an object", self.out),
        }
    }

    fn object(&mut self, node: &Node, role: Role) {
        match form(node, role) {
            Form::Keys => self.keys(node),
            Form::Route => self.document.routes.extend(route::route(node, self.out)),
            Form::Workflow => {
                let workflow = workflow::standalone(node, self.out);
                self.document.workflows.extend(workflow);
            }
            Form::Integration => {
                let integration = integration::integration(node, self.out);
                self.document.integrations.extend(integration);
            }
            Form::Webhook => {
                let fault = Diagnostic::new(codes::MISSING_KEY, "a webhook stands outside of `webhooks`")
                    .at(node.place(), "this object is a webhook")
                    .note("a file holds top-level keys, one route, a list of routes, one workflow or one integration")
                    .help("write `{\"webhooks\": [ … ]}` around it");
                self.out.push(fault);
                self.document.webhooks.extend(webhook::webhook(node, self.out));
            }
        }
    }

    fn keys(&mut self, node: &Node) {
        let Some(mut object) = Object::open(node, "the file", "the project", self.out) else {
            return;
        };
        object.node("$schema");
        settings(&mut object, &mut self.document.project, &mut self.seen);
        self.document.aliases.extend(aliases(&mut object));
        let routes: Option<Vec<Route>> = object.each("routes", "a list of routes", route::route);
        self.document.routes.extend(routes.unwrap_or_default());
        let webhooks: Option<Vec<Webhook>> = object.each("webhooks", "a list of webhooks", webhook::webhook);
        self.document.webhooks.extend(webhooks.unwrap_or_default());
        let workflows: Option<Vec<Workflow>> =
            object.each("workflows", "a list of workflows", workflow::standalone);
        self.document.workflows.extend(workflows.unwrap_or_default());
        let integrations = object.each(
            "customIntegrations",
            "a list of integrations",
            integration::integration,
        );
        self.document
            .integrations
            .extend(integrations.unwrap_or_default());
        object.finish();
    }

    fn nothing(&mut self, node: &Node) {
        let fault = Diagnostic::new(codes::NOTHING_TO_READ, "the file holds nothing that can be read")
            .at(node.span, format!("{} is found", node.kind()))
            .note(
                "a file holds top-level keys such as `routes`, one route, a list of routes, or one workflow",
            )
            .help("fill the file, or delete it");
        self.out.push(fault);
    }
}

fn aliases(object: &mut Object<'_, '_>) -> Vec<Alias> {
    let Some(node) = object.node("routeAliases") else {
        return Vec::new();
    };
    let Tree::Object(members) = &node.tree else {
        value::wrong_type(node, "routeAliases", "an object of names and paths", object.out);
        return Vec::new();
    };
    let read = members.iter().filter_map(|member| {
        let path = value::text(&member.value, &member.key.value, object.out)?;
        Some(Alias {
            name: member.key.clone(),
            path,
        })
    });
    read.collect()
}

#[cfg(test)]
mod tests;
