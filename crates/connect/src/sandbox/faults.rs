//! What goes wrong on demand.
//!
//! Role: [`Fault`]: which requests it meets, how often, and what happens to them.
//! Invariant: a fault is used up request by request in the order of arrival, so that the nth call is the nth call.
//! Not here: how a connection is cut (`serve.rs`), what the providers say (their own files).

use serde_json::{Value, json};
use std::time::Duration;

/// Faults there may be at once.
pub(crate) const MOST: usize = 1000;

/// Something that goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// `stripe` or `sendgrid`; `None`: either.
    pub provider: Option<String>,
    /// `POST`; `None`: any.
    pub method: Option<String>,
    /// The path, in which each `*` stands for any characters; `None`: any.
    pub path: Option<String>,
    /// So many requests that it would meet are spared first.
    pub skip: u64,
    /// So many are met then; it is gone afterwards.
    pub times: u64,
    /// What happens.
    pub kind: FaultKind,
}

impl Fault {
    /// A fault that meets the next request of any kind, once.
    #[must_use]
    pub fn once(kind: FaultKind) -> Self {
        Self {
            provider: None,
            method: None,
            path: None,
            skip: 0,
            times: 1,
            kind,
        }
    }

    /// Reads `{"kind": "lost", "method": "POST", "path": "/v1/customers", "skip": 1, "times": 2}`; `None`: it is none.
    #[must_use]
    pub fn read(value: &Value) -> Option<Self> {
        read(value)
    }

    /// The same for one path, `/v1/customers/*`.
    #[must_use]
    pub fn on(self, method: &str, path: &str) -> Self {
        Self {
            method: Some(method.to_owned()),
            path: Some(path.to_owned()),
            ..self
        }
    }
}

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// It is accepted, has no effect and gets no answer.
    Timeout,
    /// It has its effect and gets no answer.
    Lost,
    /// The connection is reset; no effect.
    ResetBefore,
    /// The connection is reset after the effect.
    ResetAfter,
    /// 429; no effect, not stored.
    RateLimited {
        /// `Retry-After`, in seconds.
        retry_after: u64,
    },
    /// 500, kept for the idempotency key.
    FailedStored {
        /// Whether the effect took place.
        effect: bool,
    },
    /// 500 with `Stripe-Should-Retry: true`; no effect, not stored.
    Failed,
    /// 409; no effect, not stored.
    Conflict,
    /// The work begins so much later, whether or not the caller still waits; its key is in use meanwhile.
    Slow(Duration),
    /// 402, kept for the idempotency key; no effect.
    Declined,
}

impl FaultKind {
    /// Its name in JSON.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            FaultKind::Timeout => "timeout",
            FaultKind::Lost => "lost",
            FaultKind::ResetBefore => "resetBefore",
            FaultKind::ResetAfter => "resetAfter",
            FaultKind::RateLimited { .. } => "rateLimited",
            FaultKind::FailedStored { .. } => "failedStored",
            FaultKind::Failed => "failed",
            FaultKind::Conflict => "conflict",
            FaultKind::Slow(_) => "slow",
            FaultKind::Declined => "declined",
        }
    }

    fn read(value: &Value) -> Option<Self> {
        let number = |key: &str, otherwise| value.get(key).and_then(Value::as_u64).unwrap_or(otherwise);
        Some(match value.get("kind")?.as_str()? {
            "timeout" => FaultKind::Timeout,
            "lost" => FaultKind::Lost,
            "resetBefore" => FaultKind::ResetBefore,
            "resetAfter" => FaultKind::ResetAfter,
            "rateLimited" => FaultKind::RateLimited {
                retry_after: number("retryAfter", 1),
            },
            "failedStored" => FaultKind::FailedStored {
                effect: value.get("effect").and_then(Value::as_bool).unwrap_or(false),
            },
            "failed" => FaultKind::Failed,
            "conflict" => FaultKind::Conflict,
            "slow" => FaultKind::Slow(Duration::from_millis(number("millis", 1000).min(600_000))),
            "declined" => FaultKind::Declined,
            _ => return None,
        })
    }
}

/// Reads `{"kind": "lost", "method": "POST", "path": "/v1/customers", "skip": 1, "times": 2}`.
pub(crate) fn read(value: &Value) -> Option<Fault> {
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let number = |key: &str, otherwise| value.get(key).and_then(Value::as_u64).unwrap_or(otherwise);
    Some(Fault {
        provider: text("provider"),
        method: text("method"),
        path: text("path"),
        skip: number("skip", 0),
        times: number("times", 1),
        kind: FaultKind::read(value)?,
    })
}

/// The same, written.
pub(crate) fn write(fault: &Fault) -> Value {
    json!({
        "kind": fault.kind.name(),
        "provider": fault.provider,
        "method": fault.method,
        "path": fault.path,
        "skip": fault.skip,
        "times": fault.times,
    })
}

/// The fault that meets a request, if one does; it is used up by one.
pub(crate) fn take(faults: &mut Vec<Fault>, provider: &str, method: &str, path: &str) -> Option<FaultKind> {
    let mut hit = None;
    for (position, fault) in faults.iter_mut().enumerate() {
        if !meets(fault, provider, method, path) {
            continue;
        }
        if fault.skip > 0 {
            fault.skip -= 1;
        } else if fault.times > 0 {
            fault.times -= 1;
            hit = Some((position, fault.kind.clone()));
            break;
        }
    }
    faults.retain(|fault| fault.times > 0);
    hit.map(|(_, kind)| kind)
}

fn meets(fault: &Fault, provider: &str, method: &str, path: &str) -> bool {
    fault.provider.as_deref().is_none_or(|own| own == provider)
        && fault
            .method
            .as_deref()
            .is_none_or(|own| own.eq_ignore_ascii_case(method))
        && fault.path.as_deref().is_none_or(|own| is_like(own, path))
}

/// Whether a path is what a pattern with `*` describes.
fn is_like(pattern: &str, path: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == path;
    };
    let Some(mut left) = path.strip_prefix(start) else {
        return false;
    };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return left.ends_with(part);
        }
        let Some((_, behind)) = left.split_once(part) else {
            return false;
        };
        left = behind;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        assert!(is_like("/v1/customers", "/v1/customers"));
        assert!(!is_like("/v1/customers", "/v1/customers/x"));
        assert!(is_like("/v1/customers*", "/v1/customers/x"));
        assert!(is_like("/v1/*/pay", "/v1/invoices/in_1/pay"));
        assert!(!is_like("/v1/*/pay", "/v1/invoices/in_1/void"));
        assert!(is_like("*", "/"));
        assert!(is_like("/a*b*c", "/axbxc"));
        assert!(!is_like("/a*b*c", "/axc"));
    }

    #[test]
    fn the_nth_call_is_met_and_the_fault_is_gone_then() {
        let mut faults = vec![
            Fault {
                skip: 1,
                times: 2,
                ..Fault::once(FaultKind::Failed)
            }
            .on("POST", "/v1/*"),
        ];
        let mut call = |method| take(&mut faults, "stripe", method, "/v1/customers").is_some();
        let met = [
            call("POST"),
            call("GET"),
            call("POST"),
            call("POST"),
            call("POST"),
        ];
        assert_eq!(met, [false, false, true, true, false]);
        assert!(faults.is_empty());
    }

    #[test]
    fn every_kind_can_be_read() {
        for kind in [
            "timeout",
            "lost",
            "resetBefore",
            "resetAfter",
            "rateLimited",
            "failedStored",
            "failed",
        ] {
            assert_eq!(read(&json!({"kind": kind})).expect(kind).kind.name(), kind);
        }
        for kind in ["conflict", "slow", "declined"] {
            assert_eq!(write(&read(&json!({"kind": kind})).expect(kind))["kind"], kind);
        }
        assert_eq!(read(&json!({"kind": "other"})), None);
        assert_eq!(read(&json!([])), None);
    }
}
