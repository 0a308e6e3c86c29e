//! The picture: a bar for every ratio.
//!
//! Role: an SVG with, for each pair of servers, requests a second and CPU a request; bars leave the line of 1.
//! Invariant: the scale is logarithmic, so that twice and half are equally long; each bar bears its number.
//! Not here: the numbers (`figures`).

use crate::figures::{Figures, Key, Measure, cpu};
use crate::report::PAIRS;
use crate::sides::Side;
use std::fmt::Write;

const WIDTH: f64 = 920.0;
const LABELS: f64 = 150.0;
const ROW: f64 = 17.0;
const GAP: f64 = 64.0;
/// Ratios beyond 2^±REACH are cut.
const REACH: f64 = 4.0;

const BETTER: &str = "#2f7d4f";
const WORSE: &str = "#b3473b";

/// A half of the picture.
struct Panel {
    title: &'static str,
    measure: Measure,
    more_is_better: bool,
    left: f64,
}

const HALF: f64 = (WIDTH - LABELS) / 2.0;

const PANELS: [Panel; 2] = [
    Panel {
        title: "requests a second (right is better)",
        measure: |sample| sample.rate,
        more_is_better: true,
        left: LABELS,
    },
    Panel {
        title: "CPU of server + database a request (left is better)",
        measure: cpu,
        more_is_better: false,
        left: LABELS + HALF,
    },
];

/// Draws the ratios.
pub(crate) fn svg(figures: &Figures, note: &str) -> String {
    let (mut body, mut y) = (String::new(), 60.0);
    for (from, to) in PAIRS {
        let keys: Vec<&Key> = figures
            .keys()
            .iter()
            .filter(|key| {
                key.side == from
                    && figures
                        .ratio(key, to, cpu)
                        .is_some_and(|ratio| !ratio.median.is_nan())
            })
            .collect();
        if !keys.is_empty() {
            body.push_str(&group(figures, &keys, to, y));
            y += GAP + ROW * keys.len() as f64;
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {y}\" font-family=\"system-ui, sans-serif\" font-size=\"11\">\n\
         <rect width=\"{WIDTH}\" height=\"{y}\" fill=\"#fff\"/>\n\
         <text x=\"12\" y=\"24\" font-size=\"15\" font-weight=\"600\">Side by side: ratios on a logarithmic scale</text>\n\
         <text x=\"12\" y=\"41\" fill=\"#666\">{note}</text>\n{body}</svg>\n"
    )
}

fn group(figures: &Figures, keys: &[&Key], to: Side, top: f64) -> String {
    let mut out = String::new();
    let from = keys.first().map_or("", |key| key.side.name());
    let (title, end) = (top + 14.0, top + 34.0 + ROW * keys.len() as f64);
    line(
        &mut out,
        format_args!(
            "<text x=\"12\" y=\"{title}\" font-size=\"13\" font-weight=\"600\">{from} : {}</text>",
            to.name()
        ),
    );
    for panel in &PANELS {
        let middle = panel.left + HALF / 2.0;
        line(
            &mut out,
            format_args!(
                "<text x=\"{middle}\" y=\"{title}\" fill=\"#666\" text-anchor=\"middle\">{}</text>",
                panel.title
            ),
        );
        for power in [-3, -2, -1, 0, 1, 2, 3] {
            let x = place(panel, 2f64.powi(power));
            let color = if power == 0 { "#333" } else { "#e4e4e4" };
            line(
                &mut out,
                format_args!(
                    "<path d=\"M{x:.1} {:.1}V{end:.1}\" stroke=\"{color}\"/>",
                    top + 22.0
                ),
            );
        }
    }
    for (index, key) in keys.iter().enumerate() {
        let y = top + 28.0 + ROW * index as f64;
        line(
            &mut out,
            format_args!(
                "<text x=\"12\" y=\"{:.1}\">{}, {}</text>",
                y + 10.0,
                key.route.name(),
                key.width
            ),
        );
        for panel in &PANELS {
            if let Some(ratio) = figures.ratio(key, to, panel.measure) {
                bar(&mut out, panel, y, ratio.median);
            }
        }
    }
    out
}

fn bar(out: &mut String, panel: &Panel, y: f64, ratio: f64) {
    let (one, end) = (place(panel, 1.0), place(panel, ratio));
    let (x, length) = (one.min(end), (one - end).abs());
    let is_better = (ratio > 1.0) == panel.more_is_better;
    let color = if is_better { BETTER } else { WORSE };
    line(
        out,
        format_args!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{length:.1}\" height=\"12\" fill=\"{color}\"/>"
        ),
    );
    let (at, anchor) = if ratio < 1.0 {
        (end - 4.0, "end")
    } else {
        (end + 4.0, "start")
    };
    line(
        out,
        format_args!(
            "<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{ratio:.2}</text>",
            y + 10.0
        ),
    );
}

/// Where a ratio lies in a panel.
fn place(panel: &Panel, ratio: f64) -> f64 {
    let power = ratio.log2().clamp(-REACH, REACH);
    panel.left + HALF / 2.0 + power / REACH * (HALF / 2.0 - 36.0)
}

fn line(out: &mut String, what: std::fmt::Arguments<'_>) {
    writeln!(out, "{what}").unwrap_or_default();
}
