//! Reader of durations.
//!
//! Input: text such as `30s`, or a number of milliseconds. Output: milliseconds.
//! Invariant: a duration is more than nothing.
//! Not here: durations inside of expressions.

use crate::tree::{Node, Tree};
use crate::value;
use backflow_diag::{Diagnostic, Diagnostics, Spanned, codes};

const UNITS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

/// Milliseconds; what is no duration is reported.
pub(crate) fn duration(node: &Node, key: &str, out: &mut Diagnostics) -> Option<Spanned<u64>> {
    match &node.tree {
        Tree::Number(_) => {
            let amount = value::integer(node, key, 1..=u32::MAX, out)?;
            Some(amount.map(u64::from))
        }
        Tree::Text(text) => {
            let found = milliseconds(text.as_str());
            if found.is_none() {
                out.push(no_duration(node, key));
            }
            found.map(|amount| Spanned::new(amount, node.span))
        }
        _ => {
            value::wrong_type(node, key, "text such as `30s`, or a number of milliseconds", out);
            None
        }
    }
}

fn milliseconds(text: &str) -> Option<u64> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = text.strip_suffix(unit)?;
    let amount = digits.parse::<u32>().ok().filter(|amount| *amount > 0)?;
    let (_, length) = UNITS.iter().find(|(name, _)| *name == unit)?;
    Some(u64::from(amount) * length)
}

fn no_duration(node: &Node, key: &str) -> Diagnostic {
    Diagnostic::new(codes::OUT_OF_RANGE, format!("`{key}` is no duration"))
        .at(node.span, "not a duration")
        .note("a duration is a whole number above 0 and a unit: `ms`, `s`, `m`, `h` or `d`")
        .help("write for example `\"30s\"`, or a number of milliseconds")
}
