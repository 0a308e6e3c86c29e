//! Tables and rows.
//!
//! Role: has our own `migrate` make the tables of the example, and writes the data into them.
//! Invariant: both databases hold the same rows.
//! Not here: what the rows hold (`data`).

mod postgres;
mod sqlite;

pub(crate) use postgres::fill as postgres;
pub(crate) use sqlite::fill as sqlite;

use crate::process::run;
use crate::sides::backflow;
use anyhow::{Context, Result};
use std::path::Path;

/// Applies the example's migrations; makes the directory of users as well.
fn migrate(program: &Path, url: &str) -> Result<()> {
    run(backflow(program, "migrate").env("DATABASE_URL", url))
        .map(drop)
        .context("the tables of the example cannot be made")
}
