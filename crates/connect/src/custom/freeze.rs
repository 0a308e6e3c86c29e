//! Calls to custom providers as requests.
//!
//! Invariant: a value of the call is one segment of the path, one value of the query string or part of the body,
//! whatever it holds; a header that would break the request is a misfit.
//! Not here: credentials.

use super::{Rest, is_hidden};
use crate::client::is_plain_path;
use crate::encode;
use crate::evaluate::{self, Still};
use crate::judge::misfit;
use backflow_engine::connector::{Asked, Frozen, Misfit};
use backflow_expr::{EvalError, Program, Value};
use backflow_plan::model::{CustomAction, CustomBody, Shape};
use bytes::Bytes;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

impl Rest {
    /// Makes the request of a call.
    pub(super) fn request(&self, asked: &Asked<'_>) -> Result<Frozen, Misfit> {
        let action = self
            .find(asked.action)
            .and_then(|at| self.custom.actions.get(at))
            .ok_or_else(|| misfit("action", format!("there is no action `{}`", asked.action)))?;
        let frame = evaluate::filled(&self.known, &self.custom.frame, asked.params);
        let (body, kind) = body(&action.body, &frame)?;
        Ok(Frozen {
            action: asked.action.to_owned(),
            method: action.method.clone(),
            path: format!("{}{}", path(action, &frame)?, query(action, &frame)?),
            headers: self.headers(action, kind, &frame)?,
            body,
            key: action.key_header.as_ref().map(|_| asked.key.to_owned()),
        })
    }

    fn headers(
        &self,
        action: &CustomAction,
        kind: Option<&str>,
        frame: &[Value],
    ) -> Result<Vec<(String, String)>, Misfit> {
        let mut all = vec![("Accept".to_owned(), JSON.to_owned())];
        all.extend(kind.map(|kind| ("Content-Type".to_owned(), kind.to_owned())));
        for (name, program) in self.custom.headers.iter().chain(&action.headers) {
            if is_hidden(&self.custom, program) {
                continue;
            }
            let value = run(program, frame, &format!("headers.{name}"))?;
            let Some(text) = value.hole_text() else {
                continue;
            };
            if !text
                .bytes()
                .all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte))
            {
                return Err(misfit(name, "cannot be sent in a header"));
            }
            // The last word counts, as with assignments.
            all.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            all.push((name.clone(), text.into_owned()));
        }
        Ok(all)
    }
}

fn run(program: &Program, frame: &[Value], label: &str) -> Result<Value, Misfit> {
    program
        .run(frame, &mut Still)
        .map_err(|error| unfit(error, label))
}

fn unfit(error: EvalError, label: &str) -> Misfit {
    let path = error.path.unwrap_or_else(|| label.to_owned());
    misfit(path.strip_prefix("params.").unwrap_or(&path), error.message)
}

fn path(action: &CustomAction, frame: &[Value]) -> Result<String, Misfit> {
    let mut path = String::new();
    for (literal, program) in &action.path {
        path.push_str(literal);
        let Some(program) = program else { continue };
        let label = program.as_path().unwrap_or("path");
        let label = label.strip_prefix("params.").unwrap_or(label);
        let value = run(program, frame, label)?;
        let text = value
            .hole_text()
            .filter(|text| !text.is_empty())
            .ok_or_else(|| misfit(label, "is needed for the path"))?;
        path.push_str(&encode::segment(&text));
    }
    if path != "/" && !is_plain_path(path.strip_suffix('/').unwrap_or(&path)) {
        return Err(misfit("path", "would have an empty or dotted segment"));
    }
    Ok(path)
}

fn query(action: &CustomAction, frame: &[Value]) -> Result<String, Misfit> {
    let mut values = Vec::new();
    for (name, program) in &action.query {
        let value = run(program, frame, &format!("query.{name}"))?;
        if !value.is_nothing() {
            values.push((name.as_str(), value));
        }
    }
    let fields = encode::form(values.iter().map(|(name, value)| (*name, value)));
    Ok(if fields.is_empty() {
        fields
    } else {
        format!("?{fields}")
    })
}

fn body(body: &CustomBody, frame: &[Value]) -> Result<(Bytes, Option<&'static str>), Misfit> {
    let value = |shape: &Shape| evaluate::shape(shape, frame).map_err(|error| unfit(error, "body"));
    match body {
        CustomBody::None => Ok((Bytes::new(), None)),
        CustomBody::Json(shape) => match value(shape)? {
            Value::Undefined => Err(misfit("body", "has no value")),
            value => Ok((Bytes::from(value.to_json()), Some(JSON))),
        },
        CustomBody::Form(shape) => {
            let value = value(shape)?;
            let object = value
                .as_object()
                .ok_or_else(|| misfit("form", "must be an object"))?;
            let fields = object.iter().map(|(name, value)| (&**name, value));
            Ok((Bytes::from(encode::form(fields)), Some(FORM)))
        }
    }
}
