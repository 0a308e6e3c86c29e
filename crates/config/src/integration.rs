//! Reader of providers that the author describes.
//!
//! Input: a member of `customIntegrations`, or the object of a file of `integrations`. Output: [`Integration`].
//! Invariant: names of headers and of parameters in the query string are fixed; only their values are templates.
//! Not here: what expressions may read.

use crate::document::{Auth, Integration, IntegrationAction, IntegrationParam, RepeatWord};
use crate::object::Object;
use crate::rules::TYPES;
use crate::tree::{Node, Tree};
use crate::{route, value};
use backflow_diag::{Diagnostic, Diagnostics, Spanned, Text, codes};

#[derive(Clone, Copy)]
enum AuthType {
    Bearer,
    Basic,
    Header,
    Query,
}

const AUTH: [(&str, AuthType); 4] = [
    ("bearer", AuthType::Bearer),
    ("basic", AuthType::Basic),
    ("header", AuthType::Header),
    ("query", AuthType::Query),
];

const REPEAT: [(&str, RepeatWord); 3] = [
    ("keyed", RepeatWord::Keyed),
    ("harmless", RepeatWord::Harmless),
    ("doubled", RepeatWord::Doubled),
];

/// Reads an integration.
pub(crate) fn integration(node: &Node, out: &mut Diagnostics) -> Option<Integration> {
    let mut object = Object::open(node, "customIntegrations", "an integration", out)?;
    let name = object.required_word("name");
    let base_url = object.required_text("baseUrl");
    let auth = object.node("auth").and_then(|node| auth(node, object.out));
    let headers = headers(&mut object);
    let idempotency_header = object.word("idempotencyHeader");
    let actions = object.required("actions");
    let actions = actions.map_or_else(Vec::new, |node| actions_of(node, object.out));
    let span = object.span();
    object.finish();
    Some(Integration {
        span,
        name: name?,
        base_url: base_url?,
        auth,
        headers,
        idempotency_header,
        actions,
    })
}

fn auth(node: &Node, out: &mut Diagnostics) -> Option<Auth> {
    let mut object = Object::open(node, "auth", "`auth`", out)?;
    let word = object.required_word("type");
    let ty = word.and_then(|word| value::one_of(&word, "type of `auth`", &AUTH, object.out));
    let auth = match ty {
        Some(AuthType::Bearer) => object.required_text("token").map(Auth::Bearer),
        Some(AuthType::Basic) => {
            let (name, password) = (object.required_text("username"), object.required_text("password"));
            name.zip(password)
                .map(|(name, password)| Auth::Basic(name, password))
        }
        Some(AuthType::Header) => pair(&mut object).map(|(name, value)| Auth::Header(name, value)),
        Some(AuthType::Query) => pair(&mut object).map(|(name, value)| Auth::Query(name, value)),
        None => {
            // What belongs to which type is not known: every key of some type passes.
            for key in ["token", "username", "password", "name", "value"] {
                object.node(key);
            }
            None
        }
    };
    object.finish();
    auth
}

fn pair(object: &mut Object<'_, '_>) -> Option<(Spanned<String>, Text)> {
    let (name, value) = (object.required_word("name"), object.required_text("value"));
    name.zip(value)
}

fn headers(object: &mut Object<'_, '_>) -> Vec<(Spanned<String>, Text)> {
    let Some(node) = object.node("headers") else {
        return Vec::new();
    };
    let Tree::Object(members) = &node.tree else {
        value::wrong_type(node, "headers", "an object of names and texts", object.out);
        return Vec::new();
    };
    let read = members.iter().filter_map(|member| {
        let text = value::text(&member.value, &member.key.value, object.out)?;
        Some((member.key.clone(), text))
    });
    read.collect()
}

fn actions_of(node: &Node, out: &mut Diagnostics) -> Vec<IntegrationAction> {
    let Tree::Object(members) = &node.tree else {
        value::wrong_type(node, "actions", "an object of names and actions", out);
        return Vec::new();
    };
    if members.is_empty() {
        let fault = Diagnostic::new(codes::EMPTY_ROUTE, "an integration has no actions")
            .at(node.place(), "empty")
            .note("no step could ask anything of it")
            .help("add an action, or remove the integration");
        out.push(fault);
    }
    let read = members
        .iter()
        .filter_map(|member| action(member.key.clone(), &member.value, out));
    read.collect()
}

fn action(name: Spanned<String>, node: &Node, out: &mut Diagnostics) -> Option<IntegrationAction> {
    let mut object = Object::open(node, &name.value, "an action", out)?;
    let method = route::method(&mut object);
    let path = object.required_text("path");
    let headers = headers(&mut object);
    let query = query(&mut object);
    object.not_both("body", "form");
    let (body, form) = (object.node("body").cloned(), form(&mut object));
    let params = object.node("params");
    let params = params.and_then(|node| params_of(node, object.out));
    let repeat = object.word("repeat").and_then(|word| {
        let repeat = value::one_of(&word, "word for `repeat`", &REPEAT, object.out)?;
        Some(Spanned::new(repeat, word.span))
    });
    let span = object.span();
    object.finish();
    Some(IntegrationAction {
        span,
        name,
        method: method?,
        path: path?,
        headers,
        query,
        body,
        form,
        params,
        repeat,
    })
}

/// An object, or a template that gives one.
fn form(object: &mut Object<'_, '_>) -> Option<Node> {
    object.kept("form", "an object", |tree| {
        matches!(tree, Tree::Object(_) | Tree::Text(_))
    })
}

fn query(object: &mut Object<'_, '_>) -> Vec<(Spanned<String>, Node)> {
    let Some(node) = object.node("query") else {
        return Vec::new();
    };
    let Tree::Object(members) = &node.tree else {
        value::wrong_type(node, "query", "an object of names and values", object.out);
        return Vec::new();
    };
    let mut read = Vec::new();
    for member in members {
        match &member.value.tree {
            Tree::Text(_) | Tree::Number(_) | Tree::Bool(_) => {
                read.push((member.key.clone(), member.value.clone()));
            }
            _ => {
                let expected = "text, a number, or true or false";
                value::wrong_type(&member.value, &member.key.value, expected, object.out);
            }
        }
    }
    read
}

fn params_of(node: &Node, out: &mut Diagnostics) -> Option<Vec<IntegrationParam>> {
    let Tree::Object(members) = &node.tree else {
        value::wrong_type(node, "params", "an object of names and their types", out);
        return None;
    };
    let read = members.iter().filter_map(|member| {
        let mut object = Object::open(&member.value, &member.key.value, "a parameter", out)?;
        let word = object.word("type");
        let param = IntegrationParam {
            name: member.key.clone(),
            ty: word.and_then(|word| value::one_of(&word, "type", &TYPES, object.out)),
            required: object.flag("required", false),
        };
        object.finish();
        Some(param)
    });
    Some(read.collect())
}
