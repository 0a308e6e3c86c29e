//! What the journal keeps of a run's values, as JSON.
//!
//! Role: frames by the names of what fills them, rows of database steps, requests to providers; and back.
//! Invariant: what is read is what was written, kind by kind; of a frame nothing that the environment
//! fills is written.
//! Not here: when it is written.

use super::journal::{Ending, State};
use crate::connector::{Frozen, Refusal};
use crate::store::{Row, RowSet};
use backflow_catalog::ColumnType;
use backflow_expr::{Key, Value, json};
use backflow_plan::model::Source;
use backflow_sql::ir::Datum;
use bytes::Bytes;

/// Deepest JSON that is read back.
const DEPTH: usize = 512;

/// What is wrong with a row of the journal.
pub(crate) type Broken = String;

/// Who started a run, and what its request said.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Asked {
    pub(crate) subject: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) request_id: String,
    /// The digest of the body that came with the caller's own key.
    pub(crate) body: Option<String>,
}

/// Writes a run's request: who asked, and every slot that request, tenant or guard filled.
pub(crate) fn request(asked: &Asked, sources: &[Source], frame: &[Value]) -> String {
    let mut slots = Vec::new();
    for (source, value) in sources.iter().zip(frame) {
        if let (Some(name), false) = (name(source), value.is_undefined()) {
            slots.push((name, wrapped(value)));
        }
    }
    let text = |text: &Option<String>| text.as_ref().map_or(Value::Undefined, |text| text.clone().into());
    object([
        ("subject", text(&asked.subject)),
        ("email", text(&asked.email)),
        ("requestId", asked.request_id.clone().into()),
        ("body", text(&asked.body)),
        ("slots", Value::object(slots)),
    ])
    .to_json()
}

/// Reads it back into a frame.
pub(crate) fn read_request(text: &str, sources: &[Source], frame: &mut [Value]) -> Result<Asked, Broken> {
    let kept = parse(text)?;
    let slots = kept.member("slots");
    for (source, slot) in sources.iter().zip(frame) {
        if let Some(name) = name(source) {
            *slot = unwrapped(&slots.member(&name));
        }
    }
    let text = |name: &str| kept.member(name).as_text().map(str::to_owned);
    Ok(Asked {
        subject: text("subject"),
        email: text("email"),
        request_id: text("requestId").unwrap_or_default(),
        body: text("body"),
    })
}

/// The name of what fills a slot; `None`: it is the same for every run, or a step fills it.
pub(crate) fn name(source: &Source) -> Option<String> {
    Some(match source {
        Source::Param(at) => format!("params.{at}"),
        Source::Query(keys) => format!("query{}", path(keys)),
        Source::Body(keys) => format!("body{}", path(keys)),
        Source::Header(name) => format!("headers.{name}"),
        Source::Claim(keys) => format!("auth{}", path(keys)),
        Source::Input(keys) => format!("input{}", path(keys)),
        Source::TenantId => "tenant.id".to_owned(),
        Source::TenantRole => "tenant.role".to_owned(),
        Source::Context(at) => format!("context.{at}"),
        Source::Env(_) | Source::Constant(_) | Source::Item(_) | Source::Result => return None,
    })
}

fn path(keys: &[Key]) -> String {
    keys.iter().map(ToString::to_string).collect()
}

/// Writes the rows that the statements of a step gave; `None`: it was not run.
pub(crate) fn rows(sets: &[Option<RowSet>]) -> String {
    Value::list(sets.iter().map(|set| match set {
        None => Value::Null,
        Some(set) => Value::list(set.rows.iter().map(row)),
    }))
    .to_json()
}

fn row(row: &Row) -> Value {
    object([
        ("json", row.json.as_str().into()),
        ("cells", Value::list(row.cells.iter().map(datum))),
    ])
}

/// Reads them back.
pub(crate) fn read_rows(text: &str) -> Result<Vec<Option<RowSet>>, Broken> {
    let kept = parse(text)?;
    let sets = kept.as_list().ok_or("rows that are no list")?;
    sets.iter()
        .map(|set| match set {
            Value::Null => Ok(None),
            set => {
                let rows = set.as_list().ok_or("rows that are no list")?;
                let rows: Result<Vec<Row>, Broken> = rows.iter().map(read_row).collect();
                Ok(Some(RowSet { rows: rows? }))
            }
        })
        .collect()
}

fn read_row(kept: &Value) -> Result<Row, Broken> {
    let cells = kept.member("cells");
    let cells: Result<Vec<Datum>, Broken> = cells
        .as_list()
        .unwrap_or_default()
        .iter()
        .map(read_datum)
        .collect();
    Ok(Row {
        json: kept.member("json").as_text().unwrap_or_default().to_owned(),
        cells: cells?,
    })
}

fn datum(datum: &Datum) -> Value {
    match datum {
        Datum::Null => Value::Null,
        Datum::Bool(yes) => Value::Bool(*yes),
        Datum::Int(number) => Value::int(*number),
        Datum::Float(number) => object([("float", format!("{:016x}", number.to_bits()).into())]),
        Datum::Text(text) => Value::Text(text.clone()),
    }
}

fn read_datum(kept: &Value) -> Result<Datum, Broken> {
    Ok(match kept {
        Value::Null => Datum::Null,
        Value::Bool(yes) => Datum::Bool(*yes),
        Value::Number(number) => Datum::Int(number.as_i64().ok_or("a number that is not whole")?),
        Value::Text(text) => Datum::Text(text.clone()),
        other => {
            let bits = other.member("float");
            let bits = bits.as_text().and_then(|text| u64::from_str_radix(text, 16).ok());
            Datum::Float(f64::from_bits(bits.ok_or("a value of no kind")?))
        }
    })
}

/// A tenant's key as the journal's column holds it.
pub(crate) fn tenant(key: &Datum) -> Option<String> {
    match key {
        Datum::Null => None,
        Datum::Bool(yes) => Some(yes.to_string()),
        Datum::Int(number) => Some(number.to_string()),
        Datum::Float(number) => Some(number.to_string()),
        Datum::Text(text) => Some(text.to_string()),
    }
}

/// Reads it back, as a value of the key's type.
pub(crate) fn read_tenant(text: &str, ty: &ColumnType) -> Datum {
    match text.parse() {
        Ok(number) if ty.is_integer() => Datum::Int(number),
        _ => Datum::Text(text.into()),
    }
}

/// Writes a request to a provider. Bodies are text: JSON or a form.
pub(crate) fn frozen(frozen: &Frozen) -> String {
    let pair = |(name, value): &(String, String)| Value::list([name.clone().into(), value.clone().into()]);
    object([
        ("action", frozen.action.clone().into()),
        ("method", frozen.method.clone().into()),
        ("path", frozen.path.clone().into()),
        ("headers", Value::list(frozen.headers.iter().map(pair))),
        ("body", String::from_utf8_lossy(&frozen.body).into_owned().into()),
        ("key", frozen.key.clone().map_or(Value::Undefined, Value::from)),
    ])
    .to_json()
}

/// Reads it back.
pub(crate) fn read_frozen(text: &str) -> Result<Frozen, Broken> {
    let kept = parse(text)?;
    let text = |name: &str| kept.member(name).as_text().map(str::to_owned);
    let headers = kept.member("headers");
    let headers = headers.as_list().unwrap_or_default().iter().filter_map(|pair| {
        let part = |at| pair.index(at).as_text().map(str::to_owned);
        Some((part(0)?, part(1)?))
    });
    Ok(Frozen {
        action: text("action").ok_or("a request without action")?,
        method: text("method").ok_or("a request without method")?,
        path: text("path").ok_or("a request without path")?,
        headers: headers.collect(),
        body: Bytes::from(text("body").unwrap_or_default()),
        key: text("key"),
    })
}

/// Writes what a provider said against a call.
pub(crate) fn refusal(refusal: &Refusal) -> String {
    let text = |text: &Option<String>| text.as_ref().map_or(Value::Undefined, |text| text.clone().into());
    object([
        (
            "status",
            refusal
                .status
                .map_or(Value::Undefined, |status| Value::int(status.into())),
        ),
        ("kind", text(&refusal.kind)),
        ("code", text(&refusal.code)),
        ("param", text(&refusal.param)),
        ("message", refusal.message.clone().into()),
        ("requestId", text(&refusal.request_id)),
    ])
    .to_json()
}

/// Writes how a run will end.
pub(crate) fn ending(ending: &Ending) -> String {
    object([
        ("state", ending.state.text().into()),
        ("status", Value::int(ending.status.into())),
        ("answer", ending.answer.clone().into()),
        (
            "error",
            ending.error.clone().map_or(Value::Undefined, Value::from),
        ),
    ])
    .to_json()
}

/// Reads it back.
pub(crate) fn read_ending(text: &str) -> Result<Ending, Broken> {
    let kept = parse(text)?;
    let state = kept.member("state");
    let status = kept.member("status").as_i64();
    Ok(Ending {
        state: state.as_text().and_then(State::of).ok_or("an end of no kind")?,
        status: status
            .and_then(|status| u16::try_from(status).ok())
            .ok_or("an end without status")?,
        answer: kept.member("answer").as_text().unwrap_or("{}").to_owned(),
        error: kept.member("error").as_text().map(str::to_owned),
    })
}

/// Instants keep their kind; everything else is as JSON has it.
fn wrapped(value: &Value) -> Value {
    match value {
        Value::Time(time) => object([("time", Value::Time(*time))]),
        value => object([("is", value.clone())]),
    }
}

fn unwrapped(kept: &Value) -> Value {
    let time = kept.member("time");
    match time.as_text().and_then(backflow_expr::parse_timestamp) {
        Some(time) => Value::Time(time),
        None => kept.member("is"),
    }
}

/// An object without its undefined members.
fn object<'a>(members: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    Value::object(members.into_iter().filter(|(_, value)| !value.is_undefined()))
}

fn parse(text: &str) -> Result<Value, Broken> {
    json::parse(text.as_bytes(), DEPTH).map_err(|error| error.to_string())
}

/// A JSON text of the journal as a value.
pub(crate) fn value(text: &str) -> Result<Value, Broken> {
    parse(text)
}
