//! Whether all servers answer alike.
//!
//! Role: asks every server the same questions and compares status and JSON with what the data say.
//! Invariant: what is expected comes from the data and from the rules of the example, never from a server.
//! Not here: load; refusals are compared by status.

use crate::cases::{Case, cases};
use crate::http::Connection;
use crate::people::People;
use crate::sides::{Running, Side};
use anyhow::{Result, bail};
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

/// Stands for any uuid.
pub(crate) const ANY_ID: &str = "<uuid>";
/// Stands for an instant of the last minutes.
pub(crate) const JUST_NOW: &str = "<just now>";

/// Asks one server everything; `turn` sets what must be new apart.
pub(crate) async fn verify(running: &Running, people: &People, turn: u64) -> Result<usize> {
    let cases = match running.side {
        Side::Postgrest => crate::postgrest::cases(people),
        side => cases(people, side.name(), turn)?,
    };
    let mut wrong = Vec::new();
    for case in &cases {
        // Some close the connection after a refusal, as they may.
        let mut connection = Connection::open(running.address).await?;
        let status = connection.ask(&case.request).await?;
        if let Err(why) = judge(case, status, connection.body()) {
            wrong.push(format!("- {}: {why}", case.name));
        }
    }
    if wrong.is_empty() {
        return Ok(cases.len());
    }
    bail!(
        "{} answers otherwise than the data say:\n{}",
        running.side.name(),
        wrong.join("\n")
    )
}

fn judge(case: &Case, status: u16, body: &[u8]) -> Result<(), String> {
    let told = String::from_utf8_lossy(body);
    if status != case.status {
        return Err(format!("{status} instead of {}: {told}", case.status));
    }
    let Some(wanted) = &case.body else { return Ok(()) };
    let given: Value = serde_json::from_slice(body).map_err(|error| format!("no JSON ({error}): {told}"))?;
    if is_alike(wanted, &given) {
        Ok(())
    } else {
        Err(format!("\n    answered {given}\n    expected {wanted}"))
    }
}

/// Equal, but for what only the server can know.
fn is_alike(wanted: &Value, given: &Value) -> bool {
    match (wanted, given) {
        (Value::String(wanted), Value::String(given)) if wanted == ANY_ID => {
            Uuid::parse_str(given).is_ok_and(|id| id.to_string() == *given)
        }
        (Value::String(wanted), Value::String(given)) if wanted == JUST_NOW => is_just_now(given),
        (Value::Object(wanted), Value::Object(given)) => {
            let is_member_alike = |(name, value): (&String, &Value)| {
                given.get(name).is_some_and(|other| is_alike(value, other))
            };
            wanted.len() == given.len() && wanted.iter().all(is_member_alike)
        }
        (Value::Array(wanted), Value::Array(given)) => {
            let pairs = || wanted.iter().zip(given);
            wanted.len() == given.len() && pairs().all(|(one, other)| is_alike(one, other))
        }
        _ => wanted == given,
    }
}

/// `2026-11-23T18:10:15.123456+00:00`, and that is about now.
fn is_just_now(text: &str) -> bool {
    let Ok(time) = DateTime::parse_from_rfc3339(text) else {
        return false;
    };
    let time = time.with_timezone(&Utc);
    crate::data::instant(time) == text && (Utc::now() - time).num_minutes().abs() < 5
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_cannot_be_known_may_differ() {
        let wanted = json!({"id": ANY_ID, "used": 3, "list": [{"name": null}]});
        let id = "01a20ade-bde9-71dc-9fa6-723d53f928db";
        assert!(is_alike(
            &wanted,
            &json!({"list": [{"name": null}], "used": 3, "id": id})
        ));
        for other in [
            json!({"id": id, "used": 4, "list": [{"name": null}]}),
            json!({"id": id, "used": "3", "list": [{"name": null}]}),
            json!({"id": "1", "used": 3, "list": [{"name": null}]}),
            json!({"id": id, "used": 3, "list": []}),
            json!({"id": id, "used": 3, "list": [{"name": null}], "more": 1}),
            json!({"id": id, "list": [{"name": null}]}),
        ] {
            assert!(!is_alike(&wanted, &other), "{other}");
        }
    }

    #[test]
    fn instants_have_six_digits_and_are_new() {
        assert!(is_just_now(&crate::data::instant(Utc::now())));
        assert!(!is_just_now("2020-01-01T00:00:00.000000+00:00"));
        assert!(!is_just_now(
            &Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
        ));
    }
}
