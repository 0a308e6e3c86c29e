//! Reader of project-wide settings.
//!
//! Input: the object of a file with top-level keys. Output: [`Project`], over all files together.
//! Invariant: a setting stands in one file only; lists may be spread over files.
//! Not here: defaults, the environment, whether credentials are complete.

use crate::document::{Jwt, Project};
use crate::object::Object;
use crate::tree::{Node, Tree};
use crate::{cache, limit, tenancy, value};
use backflow_diag::{Diagnostic, Span, Spanned, codes};
use std::collections::BTreeMap;

/// Settings of which a project has one; a second one is reported.
const SINGULAR: [&str; 12] = [
    "include",
    "database",
    "supabase",
    "sqlite",
    "jwt",
    "tenancy",
    "constants",
    "credentials",
    "rateLimit",
    "cache",
    "cors",
    "server",
];

/// Where each setting was first said.
pub(crate) type Seen = BTreeMap<&'static str, Span>;

/// Reads the settings in `object` into `project`.
pub(crate) fn settings(object: &mut Object<'_, '_>, project: &mut Project, seen: &mut Seen) {
    for key in SINGULAR {
        said_once(object, key, seen);
    }
    if let Some(include) = object.node("include") {
        value::one_or_more_words(include, "include", object.out);
    }
    database(object, project);
    if let Some(jwt) = jwt(object) {
        project.jwt = jwt;
    }
    let declared = object.node("tenancy");
    let declared = declared.and_then(|node| tenancy::tenancy(node, object.out));
    project.tenancy = project.tenancy.take().or(declared);
    let relationships = object.each("relationships", "a list of relationships", tenancy::relationship);
    project.relationships.extend(relationships.unwrap_or_default());
    let secret = tenancy::columns_by_table(object, "secretColumns");
    project.secret_columns.extend(secret);
    project.public_env.extend(object.words("publicEnv"));
    project.constants = project.constants.take().or(object.kept_object("constants"));
    project.credentials = project.credentials.take().or(credentials(object));
    project.rate_limit = project.rate_limit.take().or(limit::of_project(object));
    project.cache = project.cache.take().or(cache::of_project(object));
    cors(object, project);
    if let Some(proxies) = limit::proxies(object) {
        project.proxies = proxies;
    }
}

fn said_once(object: &mut Object<'_, '_>, key: &'static str, seen: &mut Seen) {
    let Some(span) = object.member(key).map(|member| member.key.span) else {
        return;
    };
    let Some(first) = seen.get(key) else {
        seen.insert(key, span);
        return;
    };
    let fault = Diagnostic::new(codes::DUPLICATE_NAME, format!("`{key}` is set in two files"))
        .at(span, "again here")
        .at(*first, "first here")
        .note("which of the two counts would depend on the names of the files")
        .help("keep all of it in one place, usually `backflow.json`");
    object.out.push(fault);
}

fn database(object: &mut Object<'_, '_>, project: &mut Project) {
    let url = nested_text(object, "database", "`database`", "url");
    let supabase = nested_text(object, "supabase", "`supabase`", "dbUrl");
    if url.is_some() && supabase.is_some() {
        object.not_both("database", "supabase");
    }
    if let Some(url) = url.or(supabase) {
        project.database.url.get_or_insert(url);
    }
    let Some(node) = object.node("sqlite") else {
        return;
    };
    let Some(mut sqlite) = Object::open(node, "sqlite", "`sqlite`", object.out) else {
        return;
    };
    sqlite.not_both("path", "dbPath");
    let (path, db_path) = (sqlite.word("path"), sqlite.word("dbPath"));
    sqlite.finish();
    if let Some(path) = path.or(db_path) {
        project.database.sqlite_path.get_or_insert(path);
    }
}

/// The one member `key` of the object called `outer`.
fn nested_text(
    object: &mut Object<'_, '_>,
    outer: &'static str,
    what: &'static str,
    key: &'static str,
) -> Option<backflow_diag::Text> {
    let node = object.node(outer)?;
    let mut inner = Object::open(node, outer, what, object.out)?;
    let text = inner.required_text(key);
    inner.finish();
    text
}

fn jwt(object: &mut Object<'_, '_>) -> Option<Jwt> {
    let node = object.node("jwt")?;
    let mut inner = Object::open(node, "jwt", "`jwt`", object.out)?;
    let known = ["HS256", "HS384", "HS512"];
    let algorithms = inner.words("algorithms");
    let jwt = Jwt {
        secret: inner.text("secret"),
        issuer: inner.text("issuer"),
        audience: inner.text("audience"),
        algorithms: algorithms
            .into_iter()
            .filter_map(|word| value::keyword(Some(word), "algorithm", &known, inner.out))
            .collect::<Vec<Spanned<String>>>(),
    };
    inner.finish();
    Some(jwt)
}

/// `credentials`: an object of one object for each provider, checked further by the providers.
fn credentials(object: &mut Object<'_, '_>) -> Option<Node> {
    let node = object.kept_object("credentials")?;
    if let Tree::Object(members) = &node.tree {
        for member in members {
            if !matches!(member.value.tree, Tree::Object(_)) {
                value::wrong_type(&member.value, &member.key.value, "an object", object.out);
            }
        }
    }
    Some(node)
}

fn cors(object: &mut Object<'_, '_>, project: &mut Project) {
    let Some(node) = object.node("cors") else {
        return;
    };
    let Some(mut inner) = Object::open(node, "cors", "`cors`", object.out) else {
        return;
    };
    if let Some(origins) = inner.required("origins") {
        let origins = value::one_or_more_texts(origins, "origins", inner.out);
        project.cors_origins.extend(origins);
    }
    inner.finish();
}
