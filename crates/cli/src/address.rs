//! Which database a project uses.
//!
//! Role: finds the address in `database.url` (or `supabase.dbUrl`), `DATABASE_URL`, `sqlite.path`, in this order.
//! Invariant: relative paths are relative to the project folder, not to where the command runs; a password is
//! never shown.
//! Not here: opening it (`database`).

use crate::environment::Environment;
use crate::settings;
use anyhow::{Context, Result, bail};
use backflow_config::document::Document;
use backflow_diag::{Diagnostics, SourceMap, render};
use backflow_postgres::Options;
use backflow_sql::ir::Dialect;
use std::fmt;
use std::path::{Path, PathBuf};

/// Without any setting.
const USUAL: &str = "data/app.db";

/// Where the data lies.
#[derive(Debug, Clone)]
pub(crate) enum Address {
    /// A SQLite file.
    File(PathBuf),
    /// A PostgreSQL server.
    Server(Box<Options>),
}

impl Address {
    /// The address of a project.
    pub(crate) fn of(
        document: &Document,
        environment: &Environment,
        sources: &SourceMap,
        folder: &Path,
    ) -> Result<Self> {
        let settings = &document.project.database;
        let url = match &settings.url {
            Some(template) => {
                let mut out = Diagnostics::default();
                let url = settings::evaluate(template, environment, &mut out);
                Some(url.with_context(|| render::human(sources, out.iter(), false))?)
            }
            None => environment.value("DATABASE_URL").map(str::to_owned),
        };
        let file = match (&url, &settings.sqlite_path) {
            (Some(url), _) if is_server(url) => return server(url),
            (Some(url), _) => of_url(url)?,
            (None, Some(path)) => path.value.as_str(),
            (None, None) => USUAL,
        };
        Ok(Address::File(folder.join(file)))
    }

    /// What its SQL looks like.
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Address::File(_) => Dialect::Sqlite,
            Address::Server(_) => Dialect::Postgres,
        }
    }

    /// The name of the product.
    pub(crate) fn product(&self) -> &'static str {
        match self {
            Address::File(_) => "SQLite",
            Address::Server(_) => "PostgreSQL",
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::File(path) => path.display().fmt(f),
            Address::Server(options) => options.fmt(f),
        }
    }
}

fn is_server(url: &str) -> bool {
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
    matches!(scheme, "postgres" | "postgresql")
}

fn server(url: &str) -> Result<Address> {
    let (_, rest) = url.split_once("//").unwrap_or_default();
    let (_, path) = rest.split_once('/').unwrap_or_default();
    let (path, _) = path.split_once('?').unwrap_or((path, ""));
    // Read on, what is behind the slash would be shown as the name of a database, and may be of a password.
    if path.contains('@') {
        bail!(
            "the connection string has an `@` behind a `/`: in a password write `/` as %2F and `@` as %40, as in \
             postgres://user:password@host/database"
        );
    }
    Ok(Address::Server(Box::new(Options::parse(url)?)))
}

fn of_url(url: &str) -> Result<&str> {
    let (scheme, rest) = match url.split_once(':') {
        Some((scheme, rest)) if scheme.len() > 1 && scheme.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            (scheme, rest)
        }
        _ => return Ok(url),
    };
    match scheme {
        "sqlite" | "file" => {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            if path.is_empty() || path == ":memory:" {
                bail!("the database must be a file: `sqlite:{USUAL}`");
            }
            Ok(path)
        }
        // The rest of the URL may hold a password, so it is not shown.
        other => bail!(
            "databases of the kind `{other}:` are not known; give a file, `sqlite:{USUAL}`, or a server, \
             `postgres://user:password@host/database`"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_give_files_and_never_passwords() {
        for (url, file) in [
            ("sqlite:data/x.db", "data/x.db"),
            ("sqlite://data/x.db", "data/x.db"),
            ("sqlite:///srv/x.db", "/srv/x.db"),
            ("file:x.db", "x.db"),
            ("x.db", "x.db"),
            ("C:\\x.db", "C:\\x.db"),
        ] {
            assert_eq!(of_url(url).unwrap(), file);
        }
        for url in ["mysql://u:hunter2@h/d", "sqlite::memory:", "sqlite:"] {
            assert!(!of_url(url).unwrap_err().to_string().contains("hunter2"));
        }
        assert!(is_server("postgres://u:hunter2@h/d") && is_server("postgresql://h"));
        let options = Options::parse("postgres://u:hunter2@h/d").unwrap();
        assert!(!Address::Server(Box::new(options)).to_string().contains("hunter2"));
    }
}
