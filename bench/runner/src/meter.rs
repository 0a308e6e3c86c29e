//! CPU time and memory of processes, from `/proc`.
//!
//! Invariant: CPU time is the kernel's run time in nanoseconds, of all threads; of PostgreSQL, of all its
//! processes, those that ended meanwhile included.
//! Not here: what it is divided by.

use anyhow::{Context, Result};
use std::collections::HashMap;
use std::fs;

/// Nanoseconds in a tick of `/proc/<pid>/stat`; 100 ticks a second on every Linux that we know.
const TICK: u64 = 10_000_000;

/// What is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Subject {
    /// A process with threads that come and hardly go.
    Threads(u32),
    /// A process whose children do the work.
    Family(u32),
}

/// Run time at one moment.
pub(crate) struct Reading {
    /// By thread or process.
    each: HashMap<u32, u64>,
    /// Of children that have ended.
    ended: u64,
}

impl Reading {
    /// Reads now.
    pub(crate) fn now(subject: Subject) -> Result<Self> {
        match subject {
            Subject::Threads(pid) => {
                let folder = format!("/proc/{pid}/task");
                let entries = fs::read_dir(&folder).with_context(|| format!("process {pid} is gone"))?;
                let threads = entries
                    .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
                    .filter_map(|thread: u32| Some((thread, run_time(&format!("{folder}/{thread}"))?)))
                    .collect();
                Ok(Self {
                    each: threads,
                    ended: 0,
                })
            }
            Subject::Family(pid) => {
                let mut each: HashMap<u32, u64> = children(pid)?
                    .into_iter()
                    .filter_map(|child| Some((child, run_time(&format!("/proc/{child}"))?)))
                    .collect();
                each.insert(pid, run_time(&format!("/proc/{pid}")).unwrap_or_default());
                Ok(Self {
                    each,
                    ended: ended(pid)?,
                })
            }
        }
    }

    /// Nanoseconds since an earlier reading.
    pub(crate) fn since(&self, before: &Self) -> u64 {
        let mut total = self.ended.saturating_sub(before.ended);
        for (id, time) in &self.each {
            total += time.saturating_sub(before.each.get(id).copied().unwrap_or_default());
        }
        // What an ended child had used before the first reading is not of this span.
        let gone = before.each.iter().filter(|(id, _)| !self.each.contains_key(id));
        total.saturating_sub(gone.map(|(_, time)| time).sum())
    }
}

fn run_time(folder: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("{folder}/schedstat")).ok()?;
    text.split_whitespace().next()?.parse().ok()
}

fn children(pid: u32) -> Result<Vec<u32>> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))
        .with_context(|| format!("process {pid} is gone"))?;
    Ok(text
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect())
}

/// Run time of children that have ended and were waited for.
fn ended(pid: u32) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name, in parentheses, may hold blanks.
    let after = text.rsplit_once(')').context("no name in stat")?.1;
    let fields: Vec<&str> = after.split_whitespace().collect();
    let tick = |at: usize| fields.get(at).and_then(|word| word.parse::<u64>().ok());
    let (user, system) = tick(13).zip(tick(14)).context("short stat")?;
    Ok((user + system) * TICK)
}

/// Resident memory in KiB: all of it, and the part that is not files.
pub(crate) fn memory(pid: u32) -> Result<Memory> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
            .with_context(|| format!("no {name} in status"))
    };
    Ok(Memory {
        resident: line("VmRSS:")?,
        anonymous: line("RssAnon:")?,
    })
}

/// Memory in KiB.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Memory {
    pub(crate) resident: u64,
    pub(crate) anonymous: u64,
}
