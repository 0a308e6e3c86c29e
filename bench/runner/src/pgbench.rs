//! The hot row by PostgreSQL's own tool, as a yardstick.
//!
//! Role: one upsert of one row, prepared, over so many connections, without any server in between.
//! Invariant: nothing but the rate is known of it.
//! Not here: servers.

use crate::cluster::tools;
use crate::data::{Organization, feature};
use crate::load::Sample;
use crate::process::run;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// `pgbench`, ready to run.
pub(crate) struct Pgbench {
    program: PathBuf,
    script: PathBuf,
    url: String,
}

impl Pgbench {
    /// Writes its script into a folder.
    pub(crate) fn new(folder: &Path, url: String, period: &str) -> Result<Self> {
        let script = folder.join("hot.sql");
        let (organization, feature) = (Organization(0).id(), feature(0));
        let upsert = format!(
            "INSERT INTO usage_records AS u (organization_id, feature, used, period) \
             VALUES ('{organization}', '{feature}', 1, '{period}') \
             ON CONFLICT (organization_id, feature, period) DO UPDATE SET used = coalesce(u.used, 0) + 1;\n"
        );
        std::fs::write(&script, upsert)?;
        Ok(Self {
            program: tools()?.join("pgbench"),
            script,
            url,
        })
    }

    /// Runs for a second.
    pub(crate) fn measure(&self, connections: usize) -> Result<Sample> {
        let jobs = connections.min(2).to_string();
        let told = run(Command::new(&self.program)
            .args([
                "-n",
                "-M",
                "prepared",
                "-T",
                "1",
                "-j",
                &jobs,
                "-c",
                &connections.to_string(),
                "-f",
            ])
            .arg(&self.script)
            .arg(&self.url))?;
        let rate = told
            .lines()
            .find_map(|line| {
                line.strip_prefix("tps = ")?
                    .split_whitespace()
                    .next()?
                    .parse()
                    .ok()
            })
            .context("pgbench has told no rate")?;
        let unknown = f64::NAN;
        Ok(Sample {
            rate,
            p50: unknown,
            p99: unknown,
            server: unknown,
            database: unknown,
        })
    }
}
