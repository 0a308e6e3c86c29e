//! What a verified delivery says of itself.
//!
//! Role: from bytes and headers to an [`Event`]; the values that its expressions read.
//! Invariant: what an event is called, is about and when it was made comes out of verified bytes.
//! Not here: what is done with it.

use super::event::{Actions, Event, State};
use super::ready::Ready;
use crate::fault::Fault;
use crate::frame;
use crate::host::RequestHost;
use crate::input;
use crate::permit::Verified;
use crate::work::{Works, digest};
use backflow_expr::{Program, Value, json};
use backflow_plan::model::Source;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use std::sync::Arc;

/// The longest name of an event or object that is kept as it is; a longer one is kept as its digest.
const LONGEST: usize = 255;

/// Headers that are not kept: they may hold credentials.
const UNKEPT: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];

/// What the expressions of an event read.
pub(super) struct Told {
    /// What is read of it.
    payload: Value,
    pub(super) headers: HeaderMap,
    /// The hook's frame.
    pub(super) frame: Vec<Value>,
}

impl Told {
    fn new(ready: &Ready, payload: Value, headers: HeaderMap) -> Self {
        let mut told = Told {
            payload,
            headers,
            frame: ready.template.clone(),
        };
        let mut frame = std::mem::take(&mut told.frame);
        told.fill(&ready.hook.frame, &mut frame);
        told.frame = frame;
        told
    }

    /// As the inbox has it.
    pub(super) fn kept(ready: &Ready, event: &Event) -> Result<Self, Fault> {
        let payload = input::parsed_part(event.body.as_bytes(), &ready.reads)?;
        Ok(Self::new(ready, payload, read_headers(&event.headers)))
    }

    /// Puts the event's values where programs read them.
    pub(super) fn fill(&self, sources: &[Source], frame: &mut [Value]) {
        for (slot, source) in frame.iter_mut().zip(sources) {
            match source {
                Source::Body(keys) => *slot = self.payload.at_path(keys),
                Source::Header(name) => *slot = frame::header(&self.headers, name),
                _ => {}
            }
        }
    }

    /// Whether an action's condition holds.
    pub(super) fn holds(&self, condition: Option<&Program>, host: &mut RequestHost) -> Result<bool, Fault> {
        let Some(condition) = condition else {
            return Ok(true);
        };
        let value = crate::render::run(condition, &self.frame, host, "condition")?;
        Ok(value.truthy())
    }
}

/// An event that has just arrived, and what it says.
pub(super) fn read(
    ready: &Ready,
    works: &Works,
    verified: &Verified,
    headers: &HeaderMap,
) -> Result<(Event, Told), Fault> {
    let payload = input::parsed_part(verified.body(), &ready.reads)?;
    let told = Told::new(ready, payload, kept_headers(headers));
    let now = works.now();
    let mut host = RequestHost::new(now, Arc::clone(works.ids()));
    let mut value = |program: &Option<Program>, what: &str| match program {
        Some(program) => crate::render::run(program, &told.frame, &mut host, what),
        None => Ok(Value::Undefined),
    };
    let reads = &ready.hook.reads;
    let event = name(&value(&reads.id, "event.id")?).unwrap_or_else(|| digest(verified.body()));
    let kind = name(&value(&reads.kind, "event.type")?);
    let object = match name(&value(&reads.object, "event.object")?) {
        Some(object) => format!("{}:{object}", ready.hook.name),
        None => format!("{}:event:{event}", ready.hook.name),
    };
    let created = instant(&value(&reads.created, "event.created")?).unwrap_or(now);
    let body = std::str::from_utf8(verified.body()).map_err(|_| Fault::internal("JSON that is not text"))?;
    let event = Event {
        id: Event::id_of(&ready.hook.name, &event),
        hook: ready.hook.name.clone(),
        event,
        kind,
        object: object.into(),
        created,
        received: now,
        headers: write_headers(&told.headers),
        body: body.into(),
        state: State::Waiting,
        tenant: None,
        actions: Actions::default(),
        tries: 0,
        since: now,
        due: Some(now),
        error: None,
        ended: None,
    };
    Ok((event, told))
}

/// What is sent back to a provider that only asks whether somebody is here.
pub(super) fn challenge(ready: &Ready, works: &Works, told: &Told) -> Result<Option<String>, Fault> {
    let Some(challenge) = &ready.hook.reads.challenge else {
        return Ok(None);
    };
    let mut host = RequestHost::new(works.now(), Arc::clone(works.ids()));
    let of = crate::render::run(&challenge.of, &told.frame, &mut host, "type")?;
    if of.as_text() != Some(&challenge.kind) {
        return Ok(None);
    }
    let value = crate::render::run(&challenge.value, &told.frame, &mut host, "challenge")?;
    Ok(name(&value))
}

/// A name that an event gives.
fn name(value: &Value) -> Option<String> {
    let text = match value {
        Value::Text(text) => text.to_string(),
        Value::Number(_) => value.to_json(),
        _ => return None,
    };
    match text.len() {
        0 => None,
        1..=LONGEST => Some(text),
        _ => Some(digest(text.as_bytes())),
    }
}

/// An instant: seconds since 1970, or a timestamp. Nothing happened before the year 1 or will after 9998, and not every
/// database could keep and read it.
fn instant(value: &Value) -> Option<Timestamp> {
    let at = match value {
        Value::Number(number) => Timestamp::from_second(number.as_i64()?).ok(),
        Value::Text(text) => backflow_expr::parse_timestamp(text),
        _ => None,
    }?;
    let year = at.to_zoned(jiff::tz::TimeZone::UTC).year();
    (1..=9998).contains(&year).then_some(at)
}

fn kept_headers(headers: &HeaderMap) -> HeaderMap {
    let mut kept = headers.clone();
    for name in UNKEPT {
        kept.remove(name);
    }
    kept
}

/// Headers whose values are text, as JSON.
fn write_headers(headers: &HeaderMap) -> String {
    let pairs = headers.iter().filter_map(|(name, value)| {
        let value = std::str::from_utf8(value.as_bytes()).ok()?;
        Some(Value::list([Value::from(name.as_str()), Value::from(value)]))
    });
    Value::list(pairs).to_json()
}

fn read_headers(text: &str) -> HeaderMap {
    let kept = json::parse(text.as_bytes(), 4).unwrap_or_default();
    let mut headers = HeaderMap::new();
    for pair in kept.as_list().unwrap_or_default() {
        let (name, value) = (pair.index(0), pair.index(1));
        let name = name.as_text().and_then(|name| HeaderName::try_from(name).ok());
        let value = value
            .as_text()
            .and_then(|value| HeaderValue::try_from(value).ok());
        if let (Some(name), Some(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_they_were_kept() {
        let mut headers = HeaderMap::new();
        for (name, value) in [("a", "1"), ("b", "2"), ("a", "3"), ("cookie", "secret")] {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let kept = kept_headers(&headers);
        assert!(!write_headers(&kept).contains("secret"));
        assert_eq!(read_headers(&write_headers(&kept)), kept);
        assert_eq!(read_headers("nonsense"), HeaderMap::new());
    }

    #[test]
    fn names_are_texts_or_numbers() {
        assert_eq!(name(&Value::from("evt_1")).as_deref(), Some("evt_1"));
        assert_eq!(name(&Value::int(7)).as_deref(), Some("7"));
        assert_eq!(name(&Value::from("")), None);
        assert_eq!(name(&Value::Null), None);
        assert_eq!(name(&Value::from("x".repeat(300))).unwrap().len(), 64);
    }

    #[test]
    fn instants_are_seconds_or_timestamps() {
        let at = Timestamp::from_second(1_700_000_000).unwrap();
        assert_eq!(instant(&Value::int(1_700_000_000)), Some(at));
        assert_eq!(instant(&Value::from("2023-11-14T22:13:20Z")), Some(at));
        assert_eq!(instant(&Value::int(i64::MAX)), None);
        for beyond in [-62_135_596_801, -377_705_023_201, 253_370_764_800] {
            assert_eq!(instant(&Value::int(beyond)), None, "{beyond}");
        }
        assert_eq!(instant(&Value::Undefined), None);
    }
}
