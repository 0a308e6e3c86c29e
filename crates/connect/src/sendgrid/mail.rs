//! Parameters as the body of SendGrid's mail request.
//!
//! Role: builds the JSON that `@sendgrid/mail` builds of the same call, member by member in its order.
//! Invariant: every mail carries the run's id in `custom_args.run`, since SendGrid has no idempotency and a mail
//! may go out twice.
//! Not here: who sends it (`mod`), what the answer means.

use super::keys;
use crate::encode;
use crate::judge::misfit;
use backflow_engine::connector::Misfit;
use backflow_expr::{Object, Value};

/// Members of the body in the client's order, by the parameter's name.
const MEMBERS: [&str; 18] = [
    "from",
    "subject",
    "personalizations",
    "attachments",
    "categories",
    "content",
    "headers",
    "mailSettings",
    "trackingSettings",
    "customArgs",
    "sections",
    "asm",
    "replyTo",
    "sendAt",
    "batchId",
    "templateId",
    "ipPoolName",
    "replyToList",
];

/// The body of a mail; `from` is the sender where the call names none.
pub(super) fn body(params: &Value, run: &str, from: Option<Value>) -> Result<Value, Misfit> {
    // The client copies its input through JSON and renames it first.
    let params = keys::camel(&encode::in_order(params));
    let mut members = Vec::new();
    for name in MEMBERS {
        let value = match name {
            "from" => sender(&params, from.clone())?,
            "personalizations" => Value::list([personalization(&params)?]),
            "categories" => categories(&params),
            "content" => content(&params)?,
            "customArgs" => custom_args(&params, run)?,
            "replyTo" => address_or_nothing(&params, "replyTo")?,
            "sections" => Value::Undefined,
            name => without_null(params.member(name)),
        };
        if !is_empty(&value) {
            members.push((name, value));
        }
    }
    Ok(keys::snake(&Value::object(members)))
}

/// What the client leaves out: nothing, a list or an object without members.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Undefined => true,
        Value::List(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

fn without_null(value: Value) -> Value {
    if value.is_nothing() {
        Value::Undefined
    } else {
        value
    }
}

fn sender(params: &Value, from: Option<Value>) -> Result<Value, Misfit> {
    let given = without_null(params.member("from"));
    let from = if given.is_undefined() { from } else { Some(given) };
    let from = from.ok_or_else(|| {
        misfit(
            "from",
            "is needed, as `credentials.sendgrid.fromEmail` does not name a sender",
        )
    })?;
    address(&from, "from")
}

fn address_or_nothing(params: &Value, name: &str) -> Result<Value, Misfit> {
    let value = without_null(params.member(name));
    if value.is_undefined() {
        return Ok(value);
    }
    address(&value, name)
}

fn personalization(params: &Value) -> Result<Value, Misfit> {
    let to = addresses(params, "to")?;
    if to.as_list().is_none_or(<[Value]>::is_empty) {
        return Err(misfit("to", "names nobody"));
    }
    let mut members = vec![("to", to)];
    for name in ["cc", "bcc"] {
        let list = addresses(params, name)?;
        if !is_empty(&list) {
            members.push((name, list));
        }
    }
    let data = without_null(params.member("dynamicTemplateData"));
    if !is_empty(&data) {
        members.push(("dynamic_template_data", data));
    }
    Ok(Value::object(members))
}

/// One address or several; what is empty is left out.
fn addresses(params: &Value, name: &str) -> Result<Value, Misfit> {
    let value = params.member(name);
    let items = match &value {
        Value::Undefined | Value::Null => return Ok(Value::Undefined),
        Value::List(items) => items.to_vec(),
        other => vec![other.clone()],
    };
    let named = items.iter().filter(|item| item.truthy());
    let list: Result<Vec<Value>, Misfit> = named.map(|item| address(item, name)).collect();
    Ok(Value::list(list?))
}

/// `a@b.c`, `Ann <a@b.c>` or `{email, name}`.
fn address(value: &Value, param: &str) -> Result<Value, Misfit> {
    let (email, name) = match value {
        Value::Text(text) => match text.split_once('<') {
            Some((name, rest)) => {
                let email = rest.split('<').next().unwrap_or_default().replacen('>', "", 1);
                (Value::text(email.trim()), Value::text(name.trim()))
            }
            None => (value.clone(), Value::Undefined),
        },
        Value::Object(_) => (value.member("email"), value.member("name")),
        _ => {
            return Err(misfit(
                param,
                "must be an address, or an object with `email` and `name`",
            ));
        }
    };
    if email.as_text().is_none_or(str::is_empty) {
        return Err(misfit(param, "has no `email`"));
    }
    let is_named = match &name {
        Value::Undefined | Value::Null => false,
        Value::Text(name) => !name.is_empty(),
        _ => return Err(misfit(param, "has a `name` that is no text")),
    };
    let name = if is_named { name } else { Value::Undefined };
    Ok(Value::object([("email", email), ("name", name)]))
}

fn categories(params: &Value) -> Value {
    match params.member("categories") {
        Value::List(items) => Value::list(items.iter().filter(|item| item.as_text() != Some("")).cloned()),
        Value::Text(one) if !one.is_empty() => Value::list([Value::Text(one)]),
        _ => Value::Undefined,
    }
}

/// `content`, then `text`, then `html`.
fn content(params: &Value) -> Result<Value, Misfit> {
    let mut all = params.member("content").as_list().unwrap_or_default().to_vec();
    for (name, kind) in [("text", "text/plain"), ("html", "text/html")] {
        match params.member(name) {
            Value::Undefined | Value::Null => {}
            Value::Text(text) => {
                all.push(Value::object([
                    ("value", Value::Text(text)),
                    ("type", kind.into()),
                ]));
            }
            _ => return Err(misfit(name, "must be text")),
        }
    }
    Ok(Value::list(all))
}

fn custom_args(params: &Value, run: &str) -> Result<Value, Misfit> {
    let own = params.member("customArgs");
    let mut args: Object = own.as_object().cloned().unwrap_or_default();
    if args.insert("run".into(), run.into()).is_some() {
        return Err(misfit("customArgs.run", "is the run's id, and set for you"));
    }
    Ok(Value::Object(args.into()))
}
