//! The tables, for the terminal and as Markdown.
//!
//! Invariant: every ratio shows its median and the range over the rounds; the command that gave it stands above.
//! Not here: measuring; the picture (`chart`).

use crate::figures::{Figures, Key, Measure, Ratio, cpu};
use crate::meter::Memory;
use crate::sides::Side;
use crate::targets::{Aspect, is_met, target};
use std::fmt::Write;
use std::time::Duration;

/// Pairs that are compared: the first to the second.
pub(crate) const PAIRS: [(Side, Side); 7] = [
    (Side::Backflow, Side::Axum),
    (Side::Backflow, Side::Fastify),
    (Side::Backflow, Side::Postgrest),
    (Side::Fastify, Side::Axum),
    (Side::Backflow, Side::Pgbench),
    (Side::Axum, Side::Pgbench),
    (Side::BackflowSqlite, Side::AxumSqlite),
];

const ASPECTS: [(Aspect, &str, Measure); 5] = [
    (Aspect::Rate, "requests/s", |sample| sample.rate),
    (Aspect::Cpu, "CPU, server + database", cpu),
    (Aspect::Server, "CPU, server", |sample| sample.server),
    (Aspect::P50, "p50", |sample| sample.p50),
    (Aspect::P99, "p99", |sample| sample.p99),
];

/// What a server was before and after.
pub(crate) struct Footprint {
    pub(crate) side: Side,
    pub(crate) started: Duration,
    pub(crate) idle: Memory,
    pub(crate) most: Memory,
}

/// The whole report.
pub(crate) fn markdown(head: &str, figures: &Figures, footprints: &[Footprint]) -> String {
    let mut out = format!("# Side by side\n\n{head}\n");
    for (from, to) in PAIRS {
        out.push_str(&pair(figures, from, to));
    }
    out.push_str(&all(figures));
    out.push_str(&feet(footprints));
    out
}

/// The ratios of one server to another; nothing if one of them was not measured.
fn pair(figures: &Figures, from: Side, to: Side) -> String {
    let mut rows = Vec::new();
    for key in figures.keys().iter().filter(|key| key.side == from) {
        let cells: Option<Vec<String>> = ASPECTS
            .iter()
            .map(|(aspect, _, measure)| {
                let ratio = figures.ratio(key, to, *measure)?;
                Some(mark(
                    ratio,
                    *aspect,
                    target(from, to, key.route, key.width, *aspect),
                ))
            })
            .collect();
        if let Some(cells) = cells {
            let mut row = vec![key.route.name().to_owned(), key.width.to_string()];
            row.extend(cells);
            rows.push(row);
        }
    }
    if rows.is_empty() {
        return String::new();
    }
    let mut heads = vec!["route", "connections"];
    heads.extend(ASPECTS.iter().map(|(_, name, _)| *name));
    format!("\n## {} : {}\n\n{}", from.name(), to.name(), table(&heads, &rows))
}

/// `1.12 (1.05–1.20) ✓ ≥ 1.1`
fn mark(ratio: Ratio, aspect: Aspect, asked: Option<f64>) -> String {
    let Ratio { median, least, most } = ratio;
    if median.is_nan() {
        return "–".to_owned();
    }
    let mut text = format!("{median:.2} ({least:.2}–{most:.2})");
    if let Some(asked) = asked {
        let sign = if is_met(aspect, median, asked) {
            '✓'
        } else {
            '✗'
        };
        let bound = if aspect == Aspect::Rate { '≥' } else { '≤' };
        write!(text, " {sign} {bound} {asked}").unwrap_or_default();
    }
    text
}

fn all(figures: &Figures) -> String {
    let mut keys = figures.keys().to_vec();
    keys.sort_by_key(|key| (key.route, key.width));
    let rows: Vec<Vec<String>> = keys.iter().map(|key| measured(figures, key)).collect();
    let heads = [
        "route",
        "connections",
        "server",
        "requests/s",
        "p50 ms",
        "p99 ms",
        "server µs",
        "database µs",
    ];
    format!(
        "\n## Medians\n\nCPU is for one request.\n\n{}",
        table(&heads, &rows)
    )
}

fn measured(figures: &Figures, key: &Key) -> Vec<String> {
    let median = |measure: Measure, unit: f64, digits: usize| match figures.median(key, measure) {
        Some(number) if !number.is_nan() => format!("{:.digits$}", number / unit),
        _ => "–".to_owned(),
    };
    vec![
        key.route.name().to_owned(),
        key.width.to_string(),
        key.side.name().to_owned(),
        median(|sample| sample.rate, 1.0, 0),
        median(|sample| sample.p50, 1000.0, 2),
        median(|sample| sample.p99, 1000.0, 2),
        median(|sample| sample.server, 1.0, 1),
        median(|sample| sample.database, 1.0, 1),
    ]
}

fn feet(footprints: &[Footprint]) -> String {
    let mib = |kib: u64| format!("{:.1}", kib as f64 / 1024.0);
    let rows: Vec<Vec<String>> = footprints
        .iter()
        .map(|foot| {
            vec![
                foot.side.name().to_owned(),
                format!("{:.0}", foot.started.as_secs_f64() * 1000.0),
                mib(foot.idle.resident),
                mib(foot.idle.anonymous),
                mib(foot.most.resident),
                mib(foot.most.anonymous),
            ]
        })
        .collect();
    let heads = [
        "server",
        "start to first 200, ms",
        "idle, MiB",
        "of which not files",
        "after load, MiB",
        "of which not files",
    ];
    format!("\n## Start and memory\n\n{}", table(&heads, &rows))
}

/// A Markdown table with columns of even width, so that it reads well on a terminal too.
fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
    let width = |column: usize| {
        let cells = rows.iter().chain([&heads]).filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let line = |row: &[String]| {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    let mut out = line(&heads) + &line(&rule);
    for row in rows {
        out.push_str(&line(row));
    }
    out
}
