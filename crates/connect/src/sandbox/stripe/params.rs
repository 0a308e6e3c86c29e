//! What the parameters of an endpoint are.
//!
//! Role: a [`Spec`] names and types them; [`check`] makes typed JSON of the text that came.
//! Invariant: what a spec does not name is refused; an empty text is JSON null, which unsets.
//! Not here: which endpoint has which (`endpoints.rs`).

use super::failure::Failure;
use super::metadata;
use serde_json::{Map, Value};

/// A kind of parameter.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Is {
    /// Text; empty unsets.
    Text,
    /// Text that may not be empty.
    Filled,
    /// A whole number that is not negative.
    Int,
    /// `true` or `false`.
    Flag,
    /// One of some words.
    Word(&'static [&'static str]),
    /// Metadata.
    Metadata,
    /// An instant, or `{gt, gte, lt, lte}`.
    Range,
    /// A list of texts.
    List,
    /// Named parameters below.
    Hash(Spec),
    /// A list of such.
    Rows(Spec),
    /// Accepted, and not looked at.
    Any,
}

/// The parameters of an endpoint.
pub(crate) type Spec = &'static [(&'static str, Is)];

/// What every list takes.
pub(crate) const LIST: Spec = &[
    ("limit", Is::Int),
    ("starting_after", Is::Filled),
    ("ending_before", Is::Filled),
    ("created", Is::Range),
];

const RANGE: Spec = &[
    ("gt", Is::Int),
    ("gte", Is::Int),
    ("lt", Is::Int),
    ("lte", Is::Int),
];

/// Types what came; `expand` is always known.
pub(crate) fn check(given: &Map<String, Value>, specs: &[Spec]) -> Result<Map<String, Value>, Failure> {
    let mut unknown = Vec::new();
    let mut known = Map::new();
    for (name, value) in given {
        let is = specs.iter().copied().flatten().find(|(own, _)| own == name);
        match is {
            Some((_, is)) => {
                known.insert(name.clone(), typed(name, *is, value)?);
            }
            None if name == "expand" => {
                known.insert(name.clone(), typed(name, Is::List, value)?);
            }
            None => unknown.push(name.as_str()),
        }
    }
    refuse_unknown(&unknown, "")?;
    Ok(known)
}

fn refuse_unknown(names: &[&str], prefix: &str) -> Result<(), Failure> {
    let Some(first) = names.first() else {
        return Ok(());
    };
    let plural = if names.len() > 1 { "s" } else { "" };
    let named: Vec<String> = names.iter().map(|name| nested(prefix, name)).collect();
    let message = format!("Received unknown parameter{plural}: {}", named.join(", "));
    Err(Failure::invalid(message)
        .code("parameter_unknown")
        .param(nested(prefix, first)))
}

fn nested(prefix: &str, name: &str) -> String {
    if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}[{name}]")
    }
}

fn typed(path: &str, is: Is, value: &Value) -> Result<Value, Failure> {
    if let Is::Any = is {
        return Ok(value.clone());
    }
    match value {
        Value::String(text) => scalar(path, is, text),
        Value::Object(fields) => compound(path, is, fields),
        _ => Err(Failure::invalid(format!("Invalid {path}")).param(path)),
    }
}

fn scalar(path: &str, is: Is, text: &str) -> Result<Value, Failure> {
    let wrong = |what: &str, code| {
        Failure::invalid(format!("Invalid {what}: {text}"))
            .code(code)
            .param(path)
    };
    Ok(match is {
        Is::Filled if text.is_empty() => return Err(empty(path)),
        Is::Text | Is::List | Is::Metadata | Is::Hash(_) | Is::Rows(_) if text.is_empty() => Value::Null,
        Is::Text | Is::Filled => Value::from(text),
        Is::Int | Is::Range => text
            .parse::<u32>()
            .map(Value::from)
            .map_err(|_| wrong("integer", "parameter_invalid_integer"))?,
        Is::Flag => match text {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => return Err(Failure::invalid(format!("Invalid boolean: {text}")).param(path)),
        },
        Is::Word(words) if words.contains(&text) => Value::from(text),
        Is::Word(words) => {
            let message = format!("Invalid {path}: must be one of {}", words.join(", "));
            return Err(Failure::invalid(message).param(path));
        }
        Is::List | Is::Rows(_) => return Err(Failure::invalid("Invalid array").param(path)),
        Is::Metadata | Is::Hash(_) | Is::Any => return Err(Failure::invalid("Invalid object").param(path)),
    })
}

fn empty(path: &str) -> Failure {
    let message = format!(
        "You passed an empty string for '{path}'. We assume empty values are an attempt to unset a parameter; \
         however '{path}' cannot be unset. You should remove '{path}' from your request or supply a non-empty value."
    );
    Failure::invalid(message)
        .code("parameter_invalid_empty")
        .param(path)
}

fn compound(path: &str, is: Is, fields: &Map<String, Value>) -> Result<Value, Failure> {
    match is {
        Is::Metadata => metadata::check(path, fields),
        Is::Range => below(path, RANGE, fields),
        Is::Hash(spec) => below(path, spec, fields),
        Is::List => elements(path, fields)?
            .into_iter()
            .map(|(place, value)| typed(&place, Is::Filled, value))
            .collect(),
        Is::Rows(spec) => elements(path, fields)?
            .into_iter()
            .map(|(place, value)| typed(&place, Is::Hash(spec), value))
            .collect(),
        Is::Int => Err(Failure::invalid("Invalid integer")
            .code("parameter_invalid_integer")
            .param(path)),
        _ => Err(Failure::invalid("Invalid string").param(path)),
    }
}

fn below(path: &str, spec: Spec, fields: &Map<String, Value>) -> Result<Value, Failure> {
    let mut known = Map::new();
    let mut unknown = Vec::new();
    for (name, value) in fields {
        match spec.iter().find(|(own, _)| own == name) {
            Some((_, is)) => {
                known.insert(name.clone(), typed(&nested(path, name), *is, value)?);
            }
            None => unknown.push(name.as_str()),
        }
    }
    refuse_unknown(&unknown, path)?;
    Ok(Value::Object(known))
}

/// The elements of a list in their order.
fn elements<'a>(path: &str, fields: &'a Map<String, Value>) -> Result<Vec<(String, &'a Value)>, Failure> {
    let numbered = fields
        .iter()
        .map(|(key, value)| key.parse::<u32>().map(|position| (position, value)));
    let numbered: Result<Vec<_>, _> = numbered.collect();
    let mut numbered = numbered.map_err(|_| Failure::invalid("Invalid array").param(path))?;
    numbered.sort_by_key(|(position, _)| *position);
    let place = |(position, value)| (nested(path, &format!("{position}")), value);
    Ok(numbered.into_iter().map(place).collect())
}

#[cfg(test)]
mod tests {
    use super::super::super::form;
    use super::*;
    use serde_json::json;

    const SPEC: Spec = &[
        ("customer", Is::Filled),
        ("name", Is::Text),
        ("quantity", Is::Int),
        ("on", Is::Flag),
        ("mode", Is::Word(&["a", "b"])),
        ("items", Is::Rows(&[("price", Is::Filled), ("quantity", Is::Int)])),
        ("created", Is::Range),
    ];

    fn read(text: &str) -> Result<Value, Value> {
        let given = form::decode(text.as_bytes()).expect("a form");
        let checked = check(&given, &[SPEC]);
        checked
            .map(Value::Object)
            .map_err(|failure| failure.body("req_1")["error"].clone())
    }

    #[test]
    fn text_becomes_what_it_is() {
        let given =
            "customer=c&name=&quantity=2&on=true&mode=b&items[10][price]=y&items[2][price]=x&created[gte]=5";
        let expected = json!({
            "customer": "c", "name": null, "quantity": 2, "on": true, "mode": "b",
            "items": [{"price": "x"}, {"price": "y"}], "created": {"gte": 5},
        });
        assert_eq!(read(given), Ok(expected));
        assert_eq!(read("expand[]=a&expand[]=b"), Ok(json!({"expand": ["a", "b"]})));
    }

    #[test]
    fn what_does_not_fit_names_its_parameter() {
        let cases = [
            ("nope=1", "parameter_unknown", "nope"),
            ("items[0][nope]=1", "parameter_unknown", "items[0][nope]"),
            ("customer=", "parameter_invalid_empty", "customer"),
            ("quantity=x", "parameter_invalid_integer", "quantity"),
            (
                "items[0][quantity]=-1",
                "parameter_invalid_integer",
                "items[0][quantity]",
            ),
        ];
        for (given, code, param) in cases {
            let error = read(given).expect_err(given);
            assert_eq!(
                (error["code"].as_str(), error["param"].as_str()),
                (Some(code), Some(param)),
                "{given}"
            );
            assert_eq!(error["type"], "invalid_request_error");
        }
        for given in [
            "on=1",
            "mode=c",
            "items=x",
            "items[a][price]=x",
            "customer[x]=1",
            "created[x]=1",
            "expand=x",
        ] {
            assert!(read(given).is_err(), "{given}");
        }
    }
}
