//! What a side made of a case, as one line of text.
//!
//! Invariant: the line holds what a program would act on: status, code, JSON; never a message.
//! Not here: whether two of them are the same; see `judge`.

use crate::json::Json;
use std::fmt;

/// What came of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// `200 [{"id":1}]`, `200 0-0/6 [{"id":1}]`: with the range, where the rows were counted
    Answer(u16, Option<String>, Json),
    /// `409 unique_violation`, `400 23502`, `fault E0502`
    Refusal(String),
}

impl Outcome {
    /// An answer of a route.
    pub(crate) fn answered(status: u16, range: Option<String>, body: &str) -> Self {
        let json = Json::read(body).unwrap_or_else(|| panic!("no JSON: {body}"));
        let code = match &json {
            Json::Object(members) if status >= 400 => members.iter().find(|(name, _)| name == "code"),
            _ => None,
        };
        match code {
            Some((_, Json::Text(code))) => Outcome::Refusal(format!("{status} {code}")),
            _ => Outcome::Answer(status, range, json),
        }
    }

    /// An answer of the peer.
    pub(crate) fn said(line: &serde_json::Value) -> Self {
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let status = line["status"]
            .as_u64()
            .and_then(|n| n.try_into().ok())
            .unwrap_or(0);
        assert!(status > 0, "the peer broke: {line}");
        if line["error"].is_null() {
            let body = line["body"].as_str().unwrap_or("null");
            let json = Json::read(body).unwrap_or_else(|| panic!("no JSON: {body}"));
            let range = line["range"].as_str().filter(|range| !range.ends_with('*'));
            return Outcome::Answer(status, range.map(str::to_owned), json);
        }
        let code = text(&line["error"]["code"]);
        // One code for two things: the number of rows tells them apart.
        let none = text(&line["error"]["details"]).contains(" 0 rows");
        let more = if code == "PGRST116" && none {
            " (0 rows)"
        } else {
            ""
        };
        Outcome::Refusal(format!("{status} {code}{more}"))
    }

    /// Whether rows may have been written.
    pub(crate) fn done(&self) -> bool {
        matches!(self, Outcome::Answer(..))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Answer(status, None, json) => write!(f, "{status} {json}"),
            Outcome::Answer(status, Some(range), json) => write!(f, "{status} {range} {json}"),
            Outcome::Refusal(what) => f.write_str(what),
        }
    }
}
