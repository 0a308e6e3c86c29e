//! A project with its database, ready to serve.
//!
//! Role: opens the database, applies migrations, and compiles the project against what is there.
//! Input: a way to compile the project, with and without what lives in the database. Output: [`Ready`], or the
//! project with its faults.
//! Invariant: nothing is changed in the database while the project has a fault that the migrations cannot mend.
//! Not here: serving; the words to people.

use crate::beyond;
use crate::compiled::Compiled;
use crate::database::Database;
use anyhow::{Result, bail};
use backflow_catalog::Reach;
use backflow_postgres::Live;

/// What is done about files that are not applied yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pending {
    /// They are applied.
    Apply,
    /// They are a reason not to start.
    Refuse,
}

/// A project that can be served.
pub(crate) struct Ready {
    pub(crate) compiled: Compiled,
    pub(crate) database: Database,
    /// The files that were applied now.
    pub(crate) applied: Vec<String>,
}

/// How a project is compiled; what lives completes it.
pub(crate) type Compile<'a> = dyn FnMut(Option<&Live>) -> Result<Compiled> + 'a;

/// Makes a compiled project ready; `Err` with the project when it has faults.
pub(crate) fn ready(
    compiled: Compiled,
    compile: &mut Compile<'_>,
    pending: Pending,
) -> Result<Result<Ready, Box<Compiled>>> {
    if compiled.plan.is_none() && !compiled.may_be_right() {
        return Ok(Err(Box::new(compiled)));
    }
    let database = match Database::open(&compiled) {
        Ok(database) => database,
        // What is wrong in the files can be told all the same.
        Err(_) if compiled.plan.is_none() => return Ok(Err(Box::new(compiled))),
        Err(error) => return Err(error),
    };
    database.expect_requests();
    let (status, live) = database.look(&compiled);
    let open = status?.pending;
    if pending == Pending::Refuse && !open.is_empty() {
        bail!(
            "migrations are pending: {}; run `backflow migrate` first",
            open.join(", ")
        );
    }
    let Some(mut live) = live? else {
        let applied = database.migrate(&compiled)?.applied;
        return Ok(Ok(Ready {
            compiled,
            database,
            applied,
        }));
    };
    let mut compiled = completed(compiled, compile, &live)?;
    let mut applied = Vec::new();
    if !open.is_empty() {
        if compiled.plan.is_none() && !may_be_made(&compiled, &open) {
            return Ok(Err(Box::new(compiled)));
        }
        applied = database.migrate(&compiled)?.applied;
        live = database.live()?.unwrap_or_default();
        compiled = completed(compiled, compile, &live)?;
    }
    compiled.compare(&live);
    if compiled.plan.is_none() {
        return Ok(Err(Box::new(compiled)));
    }
    database.prepare(&compiled)?;
    Ok(Ok(Ready {
        compiled,
        database,
        applied,
    }))
}

/// The project with what lives; compiled again only if that is more than the files say.
fn completed(compiled: Compiled, compile: &mut Compile<'_>, live: &Live) -> Result<Compiled> {
    if compiled.plan.is_some() && compiled.is_complete(live) {
        return Ok(compiled);
    }
    compile(Some(live))
}

/// Whether the files that are still to be applied may make what is unknown.
fn may_be_made(compiled: &Compiled, open: &[String]) -> bool {
    let sources = &compiled.sources;
    let is_open = |name: &str| open.iter().any(|file| name.rsplit('/').next() == Some(file));
    let reaches = compiled
        .schema
        .unmodelled
        .iter()
        .any(|one| one.reach > Reach::Nothing && is_open(sources.name(one.span.file)));
    reaches && beyond::may_be_right(sources, &compiled.diagnostics)
}
