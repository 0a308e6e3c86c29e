//! Operators that only PostgreSQL has.
//!
//! Role: regular expressions, full text search, ranges. Invariant: a search configuration is a constant of the
//! author; what is searched for is a value.
//! Not here: containment, which arrays and JSON have everywhere.

use super::dialect::Typed;
use super::postgres_text::constant;
use crate::ir::{Native, RangeOp, Reading};
use backflow_catalog::ColumnType;

pub(super) fn native(left: &Typed, op: &Native, right: &Typed) -> String {
    let symbol = match op {
        Native::Search { reading, config } => return search(left, *reading, config.as_deref(), right),
        Native::Regex { fold: false } => "~",
        Native::Regex { fold: true } => "~*",
        Native::Range(RangeOp::Before) => "<<",
        Native::Range(RangeOp::After) => ">>",
        Native::Range(RangeOp::NotBefore) => "&>",
        Native::Range(RangeOp::NotAfter) => "&<",
        Native::Range(RangeOp::Adjacent) => "-|-",
    };
    format!("{} {symbol} {}", left.sql, right.sql)
}

/// What is no `tsvector` becomes one by the same configuration.
fn search(left: &Typed, reading: Reading, config: Option<&str>, right: &Typed) -> String {
    let function = match reading {
        Reading::Query => "to_tsquery",
        Reading::Plain => "plainto_tsquery",
        Reading::Phrase => "phraseto_tsquery",
        Reading::Web => "websearch_to_tsquery",
    };
    let config = config.map_or_else(String::new, |name| format!("{}::regconfig,", constant(name)));
    let vector = if left.is(|ty| matches!(ty, ColumnType::Other(_))) {
        left.sql.clone()
    } else {
        format!("to_tsvector({config}{})", left.sql)
    };
    format!("{vector} @@ {function}({config}{})", right.sql)
}
