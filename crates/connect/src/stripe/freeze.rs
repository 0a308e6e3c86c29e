//! Calls to Stripe as requests.
//!
//! Role: puts ids into paths and parameters into forms, byte for byte as Stripe's own client for Node does.
//! Invariant: an id is one segment of the path, whatever it holds.
//! Not here: the key and other credentials, which are added when it is sent.

use super::actions::{self, Action, Verb};
use crate::client::is_plain_path;
use crate::encode;
use crate::judge::misfit;
use backflow_engine::connector::{Asked, Earlier, Frozen, Misfit};
use backflow_expr::{Object, Value};
use bytes::Bytes;

/// A parameter by its name, in order.
type Params<'a> = Vec<(&'a str, Value)>;

/// Makes the request of a call.
pub(super) fn freeze(asked: &Asked<'_>, version: &str) -> Result<Frozen, Misfit> {
    let none = Object::new();
    let given = asked.params.as_object().unwrap_or(&none);
    if asked.action == "request" {
        return request(asked, given, version);
    }
    let action = actions::find(asked.action)
        .ok_or_else(|| misfit("action", format!("stripe has no action `{}`", asked.action)))?;
    let (path, mut params) = addressed(action, given)?;
    let mut verb = action.verb;
    match action.name {
        "createSubscription" => {
            params = with_items(params)?;
            inherit_metadata(&mut params, asked.earlier);
        }
        // Not at once means: at the end of the period that is paid.
        "cancelSubscription" if take(&mut params, "immediately") == Some(Value::Bool(false)) => {
            verb = Verb::Post;
            params.push(("cancel_at_period_end", Value::Bool(true)));
        }
        _ => {}
    }
    Ok(frozen(asked, verb, &path, &params, version))
}

fn frozen(asked: &Asked<'_>, verb: Verb, path: &str, params: &Params<'_>, version: &str) -> Frozen {
    let fields = encode::form(params.iter().map(|(name, value)| (*name, value)));
    let (path, body) = match verb {
        Verb::Post => (path.to_owned(), fields),
        Verb::Get | Verb::Delete if fields.is_empty() => (path.to_owned(), fields),
        Verb::Get | Verb::Delete => (format!("{path}?{fields}"), String::new()),
    };
    Frozen {
        action: asked.action.to_owned(),
        method: verb.as_str().to_owned(),
        path,
        headers: headers(version),
        body: Bytes::from(body),
        // Stripe gives keys no meaning where nothing is made.
        key: (verb == Verb::Post).then(|| asked.key.to_owned()),
    }
}

/// The headers of every request, without credentials.
pub(super) fn headers(version: &str) -> Vec<(String, String)> {
    let all = [
        ("Accept", "application/json"),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Stripe-Version", version),
    ];
    all.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

/// The path with its id, and the parameters that are left.
fn addressed<'a>(action: &Action, given: &'a Object) -> Result<(String, Params<'a>), Misfit> {
    let mut params: Params<'a> = encode::members(given)
        .into_iter()
        .map(|(name, value)| (name, value.clone()))
        .collect();
    let Some(first) = action.id.first() else {
        return Ok((action.path.to_owned(), params));
    };
    let mut ids = action
        .id
        .iter()
        .filter_map(|name| take(&mut params, name).map(|id| (*name, id)));
    let (name, id) = ids
        .find(|(_, id)| !id.is_nothing())
        .ok_or_else(|| misfit(first, "is needed"))?;
    if ids.any(|(_, other)| !other.is_nothing() && other != id) {
        return Err(misfit(name, "is given twice, and differently"));
    }
    let text = id.as_text().ok_or_else(|| misfit(name, "must be text"))?;
    let segment = encode::segment(text);
    if !is_plain_path(&format!("/{segment}")) {
        return Err(misfit(name, "is no id"));
    }
    Ok((action.path.replace("{}", &segment), params))
}

fn take(params: &mut Params<'_>, name: &str) -> Option<Value> {
    let at = params.iter().position(|(known, _)| *known == name)?;
    Some(params.remove(at).1)
}

/// `price` or `priceId`, with `quantity`, stands for the only item.
fn with_items(params: Params<'_>) -> Result<Params<'_>, Misfit> {
    let given = |name: &str| {
        params
            .iter()
            .any(|(known, value)| *known == name && !value.is_nothing())
    };
    let short: Vec<&str> = ["price", "priceId"]
        .into_iter()
        .filter(|name| given(name))
        .collect();
    let name = match short.as_slice() {
        [] if given("quantity") => return Err(misfit("quantity", "belongs to a `price`")),
        [] => return Ok(without_short(params)),
        [name] => *name,
        _ => return Err(misfit("priceId", "says the same as `price`; give one of them")),
    };
    if given("items") {
        return Err(misfit(name, "cannot stand beside `items`; give one of them"));
    }
    let mut item = Vec::new();
    for (name, value) in &params {
        match *name {
            "price" | "priceId" if !value.is_nothing() => item.push(("price", value.clone())),
            "quantity" if !value.is_nothing() => item.push(("quantity", value.clone())),
            _ => {}
        }
    }
    item.sort_by_key(|(name, _)| *name);
    let mut items = Some(Value::list([Value::object(item)]));
    let mut whole = Vec::with_capacity(params.len());
    for (known, value) in params {
        match known {
            known if known == name => whole.extend(items.take().map(|items| ("items", items))),
            "price" | "priceId" | "quantity" | "items" => {}
            _ => whole.push((known, value)),
        }
    }
    Ok(whole)
}

/// Without the short names, whose values are null or absent here.
fn without_short(params: Params<'_>) -> Params<'_> {
    let is_short = |name: &str| matches!(name, "price" | "priceId" | "quantity");
    params.into_iter().filter(|(name, _)| !is_short(name)).collect()
}

/// Metadata of the customer that this run made, unless the subscription has its own: Stripe copies a
/// subscription's metadata to its invoices, but nothing of its customer's.
fn inherit_metadata(params: &mut Params<'_>, earlier: &[Earlier]) {
    let find = |name: &str| {
        params
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    };
    if find("metadata").is_some_and(|own| !own.is_undefined()) {
        return;
    }
    let Some(customer) = find("customer").filter(|customer| !customer.is_nothing()) else {
        return;
    };
    let made = earlier
        .iter()
        .rev()
        .find(|call| call.action == "createCustomer" && call.result.member("id") == *customer);
    let metadata = made.map(|call| call.params.member("metadata"));
    if let Some(metadata) = metadata.filter(|metadata| metadata.as_object().is_some()) {
        params.retain(|(name, _)| *name != "metadata");
        params.push(("metadata", metadata));
    }
}

/// `request {method, path, params}`: anything else that Stripe offers below `/v1/`.
fn request(asked: &Asked<'_>, given: &Object, version: &str) -> Result<Frozen, Misfit> {
    let text = |name: &str| {
        let value = given.get(name).and_then(Value::as_text);
        value.ok_or_else(|| misfit(name, "must be text"))
    };
    let verb = match text("method")?.to_ascii_uppercase().as_str() {
        "GET" => Verb::Get,
        "POST" => Verb::Post,
        "DELETE" => Verb::Delete,
        _ => return Err(misfit("method", "must be GET, POST or DELETE")),
    };
    let path = text("path")?;
    if !path.starts_with("/v1/") {
        return Err(misfit("path", "must start with `/v1/`"));
    }
    let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic()) && !path.contains(['?', '#', '\\']);
    if !is_plain || !is_plain_path(path) {
        return Err(misfit(
            "path",
            "must be segments and slashes only; what stands after `?` goes into `params`",
        ));
    }
    let none = Object::new();
    let params = given.get("params").and_then(Value::as_object).unwrap_or(&none);
    let params: Params<'_> = encode::members(params)
        .into_iter()
        .map(|(name, value)| (name, value.clone()))
        .collect();
    Ok(frozen(asked, verb, path, &params, version))
}
