//! When two requests mean the same.
//!
//! Role: a digest of the workflow, its caller, its tenant and everything that it reads of its request; or of the
//! key by which the caller named the request.
//! Invariant: values of different kinds never give one digest.
//! Not here: what is done with a request that was made before.

use super::job::Job;
use backflow_expr::Value;
use std::sync::Arc;

/// What an intent is made of.
#[derive(Clone)]
pub(crate) struct Intent {
    pub(crate) job: Arc<Job>,
    pub(crate) caller: Option<Arc<str>>,
    /// The caller's own key, with the parameters of the path.
    pub(crate) key: Option<String>,
}

impl Intent {
    /// The digest, once the tenant is known.
    pub(crate) fn text(&self, tenant: Option<&str>, frame: &[Value]) -> String {
        let mut text = String::new();
        let mut add = |part: &str| {
            text.push_str(&part.len().to_string());
            text.push(':');
            text.push_str(part);
        };
        add(&self.job.name);
        add(self.caller.as_deref().unwrap_or(""));
        add(tenant.unwrap_or(""));
        match &self.key {
            Some(key) => {
                add("key");
                add(key);
            }
            None => {
                for slot in &self.job.work.intent {
                    let value = frame.get(slot.0 as usize).unwrap_or(&Value::Undefined);
                    add(value.kind_name());
                    add(&value.to_json());
                }
            }
        }
        digest(text.as_bytes())
    }
}

/// SHA-256 in hexadecimal digits.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    let digits = digest.as_ref().iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}
