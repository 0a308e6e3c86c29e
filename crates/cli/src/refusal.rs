//! Why a server cannot be reached, for people.
//!
//! Role: adds to what the store says what to do about it.
//! Input: the store's error and whom we talk to. Output: an error with help.
//! Invariant: a password is in no text.
//! Not here: which errors there are; the store tells.

use anyhow::{Error, anyhow};
use backflow_postgres::OpenError;

/// Words of an error, and what helps. The first that fits is taken.
const HELPS: &[(&[&str], &str)] = &[
    (
        &["Tenant or user not found", "tenant/user"],
        "Supabase's pooler wants the user `postgres.PROJECT` and the host of the project's region: copy the whole \
         string from the dashboard, Connect",
    ),
    (
        &["no password supplied", "password missing"],
        "the server asks for a password: postgres://USER:PASSWORD@…",
    ),
    (
        &["28P01", "password authentication failed", "28000"],
        "check user and password in the connection string; in a password write `@` as %40, `/` as %2F, `#` as %23, \
         `?` as %3F, `%` as %25",
    ),
    (
        &["3D000"],
        "make the database (`createdb NAME`), or name another one at the end of the connection string",
    ),
    (
        &["does not support TLS"],
        "the server has no encryption switched on (`ssl = on`); add `?sslmode=disable` only where nobody can listen \
         in between",
    ),
    (
        &[
            "UnknownIssuer",
            "invalid peer certificate",
            "CaUsedAsEndEntity",
            "certificate",
        ],
        "the server's certificate is of an authority that this machine does not know: save the authority's \
         certificate and add `?sslmode=verify-full&sslrootcert=FILE` (Supabase: Database settings, SSL \
         configuration)",
    ),
    (
        &[
            "Network is unreachable",
            "No route to host",
            "Address family not supported",
            "os error 101",
        ],
        "the host may have addresses of IPv6 only, and this machine none: on Supabase take the string of the pooler, \
         whose hosts have IPv4",
    ),
    (
        &["lookup", "Name or service not known", "nodename nor servname"],
        "no such host is known here; look for a misspelling. Direct hosts of Supabase (`db.PROJECT.supabase.co`) have \
         IPv6 only: without it, take the string of the pooler",
    ),
    (
        &["Connection refused", "os error 111", "os error 61"],
        "nothing listens there: is PostgreSQL running, and is the port right?",
    ),
    (
        &["No such file or directory"],
        "no socket is there: is PostgreSQL running on this machine, and is the folder right?",
    ),
    (&["in time"], "a firewall may be in between, or the host is wrong"),
];

/// What the store says, and what to do.
pub(crate) fn explain(error: &OpenError, whom: &str) -> Error {
    let text = error.to_string();
    let help = match error {
        OpenError::Text(_) | OpenError::Certificates(_) => None,
        OpenError::Version(_) => Some("bring the server up to PostgreSQL 15 or later, or connect to another"),
        OpenError::Away(_) | OpenError::Refused(_) => HELPS
            .iter()
            .find(|(words, _)| words.iter().any(|word| text.contains(word)))
            .map(|(_, help)| *help),
    };
    match help {
        Some(help) => anyhow!("{text}\n  connecting to {whom}\n  help: {help}"),
        None => anyhow!("{text}\n  connecting to {whom}"),
    }
}
