//! What the keys of a connection string mean.
//!
//! Role: keys and values in, [`Options`] out.
//! Invariant: every key has an effect, is known to be harmless, or is a fault.
//! Not here: spelling (`text`), files and hosts, which are looked at when connecting.

use super::text::Pair;
use super::{Address, Encryption, Host, Mode, Options, Roots, durations};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, LoadBalanceHosts, TargetSessionAttrs};

/// Keys with an effect.
const KNOWN: &[&str] = &[
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "fallback_application_name",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "load_balance_hosts",
    "options",
    "password",
    "pgbouncer",
    "pool_max",
    "port",
    "ssl",
    "sslmode",
    "sslnegotiation",
    "sslrootcert",
    "statement_timeout",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

/// Keys of libpq and of its users that change nothing here, with the values for which that is so.
const HARMLESS: &[(&str, &[&str])] = &[
    (
        "client_encoding",
        &["auto", "utf8", "UTF8", "utf-8", "UTF-8", "unicode"],
    ),
    ("gssencmode", &["disable", "prefer"]),
    ("sslcompression", &["0"]),
    ("sslsni", &["1"]),
];

/// Keys of other tools, and what is written here instead.
const ELSEWHERE: &[(&str, &str)] = &[
    ("connection_limit", "pool_max"),
    ("max_connections", "pool_max"),
    ("pool_size", "pool_max"),
    ("pool_timeout", "connect_timeout"),
    ("schema", "options=-c search_path=…"),
    ("currentSchema", "options=-c search_path=…"),
    ("database", "dbname"),
    ("username", "user"),
    ("sslcert", "a password: certificates of clients are not supported"),
    ("sslkey", "a password: certificates of clients are not supported"),
    ("passfile", "password"),
    ("service", "the service's host, user and dbname"),
];

/// Makes options.
pub(super) fn options(pairs: Vec<Pair>) -> Result<Options, String> {
    // As libpq does it: what is said last stands.
    let given: Given = Given(pairs.into_iter().collect());
    given.check_keys()?;
    let encryption = given.encryption()?;
    let mut options = Options::of(given.addresses()?, given.config()?, encryption);
    if let Some(span) = given.span("statement_timeout", 1)? {
        options.statement_timeout = span;
    }
    if let Some(span) = given.span("connect_timeout", 1_000)? {
        options.connect_timeout = span;
    }
    if let Some(most) = given.number("pool_max")? {
        if !(2..=1_000).contains(&most) {
            return Err("`pool_max` is a number from 2 to 1000".to_owned());
        }
        options.limit_connections(usize::try_from(most).unwrap_or(2));
    }
    options.pooler = match given.get("pgbouncer") {
        Some(_) => Some(given.flag("pgbouncer")?),
        None => None,
    };
    Ok(options)
}

struct Given(BTreeMap<String, String>);

impl Given {
    fn get(&self, key: &str) -> Option<&str> {
        self.0
            .get(key)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    fn check_keys(&self) -> Result<(), String> {
        for (key, value) in &self.0 {
            if KNOWN.contains(&key.as_str()) {
                continue;
            }
            match HARMLESS.iter().find(|(name, _)| name == key) {
                Some((_, values)) if values.contains(&value.as_str()) => continue,
                Some((_, values)) => {
                    return Err(format!("`{key}` can only be {} here", values.join(", ")));
                }
                None => return Err(unknown(key, value)),
            }
        }
        Ok(())
    }

    fn number(&self, key: &str) -> Result<Option<u64>, String> {
        self.get(key)
            .map(|value| value.parse().map_err(|_| format!("`{key}` is a whole number")))
            .transpose()
    }

    fn flag(&self, key: &str) -> Result<bool, String> {
        match self.get(key) {
            Some("true" | "1" | "yes" | "on") => Ok(true),
            Some("false" | "0" | "no" | "off") => Ok(false),
            _ => Err(format!("`{key}` is true or false")),
        }
    }

    /// A span of time; nothing and 0 mean the default.
    fn span(&self, key: &str, bare: u64) -> Result<Option<Duration>, String> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        durations::span(value, bare)
            .map(|span| Some(span).filter(|span| !span.is_zero()))
            .ok_or_else(|| format!("`{key}` is a span of time up to a day, as 500ms, 15s or 2min"))
    }

    fn addresses(&self) -> Result<Vec<Address>, String> {
        let list = |key: &str| -> Vec<&str> {
            self.get(key)
                .map(|value| value.split(',').map(str::trim).collect())
                .unwrap_or_default()
        };
        let (names, numbers, ports) = (list("host"), list("hostaddr"), list("port"));
        let count = names.len().max(numbers.len());
        if count == 0 {
            return Err("no host is named; write postgres://user@host/database, or \
                        postgres:///database?host=/var/run/postgresql for a Unix socket"
                .to_owned());
        }
        if !names.is_empty() && !numbers.is_empty() && names.len() != numbers.len() {
            return Err("there are not as many addresses in `hostaddr` as hosts".to_owned());
        }
        if ports.len() > 1 && ports.len() != count {
            return Err("there are not as many ports as hosts".to_owned());
        }
        (0..count)
            .map(|at| {
                let number = numbers
                    .get(at)
                    .map(|text| text.parse().map_err(|_| "`hostaddr` is an IP address".to_owned()))
                    .transpose()?;
                Ok(Address {
                    host: host(
                        names.get(at).or(numbers.get(at)).copied().unwrap_or_default(),
                        number,
                    )?,
                    port: port(ports.get(at).or(ports.first()).copied().unwrap_or_default())?,
                })
            })
            .collect()
    }

    fn config(&self) -> Result<Config, String> {
        let mut config = Config::new();
        if let Some(user) = self.get("user") {
            config.user(user);
        }
        if let Some(password) = self.get("password") {
            config.password(password);
        }
        if let Some(database) = self.get("dbname") {
            config.dbname(database);
        }
        if let Some(options) = self.get("options") {
            config.options(options);
        }
        let name = self
            .get("application_name")
            .or(self.get("fallback_application_name"));
        config.application_name(name.unwrap_or("backflow"));
        self.keep_alive(&mut config)?;
        config.target_session_attrs(self.one_of(
            "target_session_attrs",
            TargetSessionAttrs::Any,
            &[
                ("any", TargetSessionAttrs::Any),
                ("read-write", TargetSessionAttrs::ReadWrite),
                ("primary", TargetSessionAttrs::ReadWrite),
                ("read-only", TargetSessionAttrs::ReadOnly),
            ],
        )?);
        config.channel_binding(self.one_of(
            "channel_binding",
            ChannelBinding::Prefer,
            &[
                ("disable", ChannelBinding::Disable),
                ("prefer", ChannelBinding::Prefer),
                ("require", ChannelBinding::Require),
            ],
        )?);
        config.load_balance_hosts(self.one_of(
            "load_balance_hosts",
            LoadBalanceHosts::Disable,
            &[
                ("disable", LoadBalanceHosts::Disable),
                ("random", LoadBalanceHosts::Random),
            ],
        )?);
        Ok(config)
    }

    /// A connection that has died silently is noticed within half a minute.
    fn keep_alive(&self, config: &mut Config) -> Result<(), String> {
        let seconds = |key: &str, default: u64| -> Result<Duration, String> {
            Ok(Duration::from_secs(
                self.number(key)?.unwrap_or(default).clamp(1, 86_400),
            ))
        };
        config.keepalives(self.number("keepalives")?.unwrap_or(1) != 0);
        config.keepalives_idle(seconds("keepalives_idle", 15)?);
        config.keepalives_interval(seconds("keepalives_interval", 5)?);
        let count = self.number("keepalives_count")?.unwrap_or(3);
        config.keepalives_retries(u32::try_from(count).unwrap_or(3).max(1));
        let silence = self.number("tcp_user_timeout")?.unwrap_or(15_000);
        config.tcp_user_timeout(Duration::from_millis(silence.min(86_400_000)));
        Ok(())
    }

    fn encryption(&self) -> Result<Encryption, String> {
        let roots = match self.get("sslrootcert") {
            None => None,
            Some("system") => Some(Roots::System),
            Some(path) => Some(Roots::File(PathBuf::from(path))),
        };
        let said = match (self.get("sslmode"), self.get("ssl")) {
            (Some(mode), _) => Some(mode),
            (None, Some(_)) if self.flag("ssl")? => Some("require"),
            (None, Some(_)) => Some("disable"),
            (None, None) => None,
        };
        let mode = match (said, &roots) {
            (None, Some(Roots::System)) | (Some("verify-full"), _) => Mode::VerifyFull,
            (Some("verify-ca" | "require" | "prefer" | "allow"), Some(Roots::System)) => {
                return Err("with `sslrootcert=system` anybody with a certificate would do: \
                            `sslmode` must be verify-full"
                    .to_owned());
            }
            (Some("verify-ca"), _) | (Some("require"), Some(Roots::File(_))) => Mode::VerifyCa,
            (Some("require"), None) => Mode::Require,
            (Some("disable"), _) => Mode::Disable,
            (Some("prefer" | "allow") | None, _) => Mode::Prefer,
            (Some(_), _) => {
                return Err(
                    "`sslmode` is one of disable, allow, prefer, require, verify-ca, verify-full".to_owned(),
                );
            }
        };
        let direct = self.one_of("sslnegotiation", false, &[("postgres", false), ("direct", true)])?;
        if direct && matches!(mode, Mode::Disable | Mode::Prefer) {
            return Err(
                "`sslnegotiation=direct` needs `sslmode` require, verify-ca or verify-full".to_owned(),
            );
        }
        Ok(Encryption {
            mode,
            roots: roots.unwrap_or(Roots::System),
            direct,
        })
    }

    fn one_of<T: Copy>(&self, key: &str, default: T, values: &[(&str, T)]) -> Result<T, String> {
        let Some(said) = self.get(key) else {
            return Ok(default);
        };
        values
            .iter()
            .find(|(name, _)| *name == said)
            .map(|(_, value)| *value)
            .ok_or_else(|| {
                let names: Vec<&str> = values.iter().map(|(name, _)| *name).collect();
                format!("`{key}` is one of {}", names.join(", "))
            })
    }
}

fn host(name: &str, number: Option<std::net::IpAddr>) -> Result<Host, String> {
    if name.is_empty() {
        return Err("a host is empty".to_owned());
    }
    if name.starts_with('/') {
        return Ok(Host::Folder(PathBuf::from(name)));
    }
    Ok(Host::Tcp(name.to_owned(), number))
}

fn port(text: &str) -> Result<u16, String> {
    if text.is_empty() {
        return Ok(5432);
    }
    match text.parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err("`port` is a number from 1 to 65535".to_owned()),
    }
}

fn unknown(key: &str, value: &str) -> String {
    if let Some((_, instead)) = ELSEWHERE.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)) {
        return format!("the key `{key}` is not known here; write {instead}");
    }
    // A key that looks like none is perhaps the rest of a password: it is not repeated.
    let like_a_key = key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !like_a_key || value.contains('@') {
        return "a key is not known; `&`, `?`, `=` and blanks in a password are written %26, %3F, %3D, %20"
            .to_owned();
    }
    format!("the key `{key}` is not known; known are {}", KNOWN.join(", "))
}

#[cfg(test)]
mod tests;
