//! Where the data lies.
//!
//! Role: finds the database of a project, opens it, applies migrations.
//! Input: `database.url`, `DATABASE_URL`, `sqlite.path`, in this order. Output: an open [`Sqlite`].
//! Invariant: relative paths are relative to the project folder, not to where the command runs.
//! Not here: what migrations say.

use crate::compiled::Compiled;
use crate::settings;
use anyhow::{Context, Result, bail};
use backflow_diag::{Diagnostics, render};
use backflow_engine::migrations::{Report, Status};
use backflow_sqlite::{Options, Sqlite};
use std::path::PathBuf;

/// Without any setting.
const USUAL: &str = "data/app.db";

/// The file of the project's database.
pub(crate) fn path(compiled: &Compiled) -> Result<PathBuf> {
    let settings = &compiled.document.project.database;
    let url = match &settings.url {
        Some(template) => {
            let mut out = Diagnostics::default();
            let url = settings::evaluate(template, &compiled.environment, &mut out);
            Some(url.with_context(|| render::human(&compiled.sources, out.iter(), false))?)
        }
        None => compiled.environment.value("DATABASE_URL").map(str::to_owned),
    };
    let file = match (&url, &settings.sqlite_path) {
        (Some(url), _) => of_url(url)?,
        (None, Some(path)) => path.value.as_str(),
        (None, None) => USUAL,
    };
    Ok(compiled.folder.join(file))
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
        "postgres" | "postgresql" => bail!(
            "the database URL names PostgreSQL; this version runs on SQLite only\n\
             leave DATABASE_URL and `database.url` out to use {USUAL}, or give a file: `sqlite:{USUAL}`"
        ),
        // The rest of the URL may hold a password, so it is not shown.
        other => bail!("databases of the kind `{other}:` are not known; give a file: `sqlite:{USUAL}`"),
    }
}

/// Opens the database, making file and folder if they are missing.
pub(crate) fn open(compiled: &Compiled) -> Result<Sqlite> {
    Ok(Sqlite::open(&path(compiled)?, Options::default())?)
}

/// Applies what is pending.
pub(crate) fn migrate(compiled: &Compiled, store: &Sqlite) -> Result<Report> {
    Ok(store.migrate(&compiled.migrations, compiled.setup())?)
}

/// Refuses when something is pending; otherwise prepares our own tables.
pub(crate) fn refuse_pending(compiled: &Compiled, store: &Sqlite) -> Result<()> {
    let status = store.status(&compiled.migrations)?;
    if !status.pending.is_empty() {
        bail!(
            "migrations are pending: {}; run `backflow migrate` first",
            status.pending.join(", ")
        );
    }
    migrate(compiled, store)?;
    Ok(())
}

/// Where the database stands; one that does not exist yet is not made.
pub(crate) fn status(compiled: &Compiled) -> Result<Status> {
    if path(compiled)?.exists() {
        return Ok(open(compiled)?.status(&compiled.migrations)?);
    }
    let pending = compiled
        .migrations
        .iter()
        .map(|migration| migration.name.clone())
        .collect();
    Ok(Status {
        applied: Vec::new(),
        pending,
    })
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
        for url in [
            "postgres://u:hunter2@h/d",
            "mysql://u:hunter2@h/d",
            "sqlite::memory:",
            "sqlite:",
        ] {
            assert!(!of_url(url).unwrap_err().to_string().contains("hunter2"));
        }
    }
}
