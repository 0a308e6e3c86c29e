//! What a runtime is told beside the plan.
//!
//! Role: secrets, limits and the environment, handed over once at start.
//! Invariant: a [`Secret`] is never printed.
//! Not here: where they come from (files, the process environment); that is the binary's business.

use crate::work::Version;
use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

/// Settings of a runtime.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The secret that HS256 tokens are signed with; at least 32 bytes. `None`: no token is valid.
    pub jwt_secret: Option<Secret>,
    /// What a token's `iss` must be.
    pub issuer: Option<String>,
    /// What a token's `aud` must be, or hold.
    pub audience: Option<String>,
    /// The environment, for expressions.
    pub env: HashMap<String, String>,
    /// Names of variables whose values may be shown.
    pub public_env: Vec<String>,
    /// Largest body in bytes.
    pub max_body: usize,
    /// How long a delivery to a webhook waits for the first run of its event.
    pub event_patience: Duration,
    /// How old, at most, what is known of others' changes may be when a kept answer is given again.
    pub cache_age: Duration,
    /// Whether this is the development server.
    pub dev: bool,
    /// Which version of the project's files this is.
    pub version: Version,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            jwt_secret: None,
            issuer: None,
            audience: None,
            env: HashMap::new(),
            public_env: Vec::new(),
            max_body: 1024 * 1024,
            event_patience: Duration::from_millis(250),
            cache_age: Duration::from_millis(500),
            dev: false,
            version: Version::default(),
        }
    }
}

/// A text that must not be seen.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a text out of sight.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text; to be used at once, never stored or printed.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_print_no_secret() {
        let settings = Settings {
            jwt_secret: Some(Secret::new("hunter2")),
            ..Settings::default()
        };
        let printed = format!("{settings:?}");
        assert!(
            printed.contains("***") && !printed.contains("hunter2"),
            "{printed}"
        );
    }
}
