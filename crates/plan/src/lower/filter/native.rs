//! Operators that only PostgreSQL has: regular expressions, full text search, ranges.
//!
//! Invariant: on another database each is a fault, never a condition that is silently false.
//! Not here: containment, which arrays and JSON have everywhere.

use super::operator::{no_operator, optional, single};
use crate::draft::DraftTest;
use crate::lower::value::Cx;
use backflow_catalog::ColumnType;
use backflow_diag::{Diagnostic, codes};
use backflow_sql::FilterOp;
use backflow_sql::ir::{Cond, Dialect, Native, RangeOp, Reading, Scalar};

pub(super) fn lower<'a>(
    cx: &mut Cx<'_, 'a>,
    test: &DraftTest<'a>,
    (left, ty): (Scalar, &ColumnType),
    label: String,
) -> Option<Cond> {
    let (op, what) = native(test)?;
    if !available(cx, test, what) {
        return None;
    }
    let (fits, why, value) = match &op {
        Native::Regex { .. } => (
            ty.is_text() || is_other(ty),
            "regular expressions are compared with text",
            &ColumnType::Text,
        ),
        Native::Search { .. } => (
            ty.is_text() || matches!(ty, ColumnType::Json | ColumnType::Jsonb) || named(ty, &["tsvector"]),
            "text, JSON and tsvector are searched",
            &ColumnType::Text,
        ),
        Native::Range(_) => (is_range(ty), "this is asked of ranges", ty),
    };
    if !fits {
        cx.out.push(no_operator(cx, test, ty, why));
        return None;
    }
    let value = single(cx, test, value, label)?;
    let right = value.scalar.clone();
    Some(optional(&value, Cond::Native { left, op, right }))
}

/// The operator, and what a database without it lacks.
fn native(test: &DraftTest<'_>) -> Option<(Native, &'static str)> {
    let search = |reading| {
        let config = test.operator.config.clone();
        (Native::Search { reading, config }, "full-text searches")
    };
    let range = |op| (Native::Range(op), "ranges");
    Some(match test.operator.op {
        FilterOp::Match => (Native::Regex { fold: false }, "regular expressions"),
        FilterOp::Imatch => (Native::Regex { fold: true }, "regular expressions"),
        FilterOp::Fts => search(Reading::Query),
        FilterOp::Plfts => search(Reading::Plain),
        FilterOp::Phfts => search(Reading::Phrase),
        FilterOp::Wfts => search(Reading::Web),
        FilterOp::Sl => range(RangeOp::Before),
        FilterOp::Sr => range(RangeOp::After),
        FilterOp::Nxl => range(RangeOp::NotBefore),
        FilterOp::Nxr => range(RangeOp::NotAfter),
        FilterOp::Adj => range(RangeOp::Adjacent),
        _ => return None,
    })
}

/// Whether the project's database has such operators; if not, that is a fault.
fn available(cx: &mut Cx<'_, '_>, test: &DraftTest<'_>, what: &str) -> bool {
    if cx.project.dialect == Dialect::Postgres {
        return true;
    }
    cx.out.push(
        Diagnostic::new(
            codes::OPERATOR_NOT_HERE,
            format!("`{}` is not available on SQLite", test.operator.op.name()),
        )
        .at(test.doc.operator.span, format!("SQLite has no {what}"))
        .help("use `like`, `ilike`, `in` or comparisons"),
    );
    false
}

/// Types whose containment and overlap only PostgreSQL knows.
pub(super) fn is_other(ty: &ColumnType) -> bool {
    matches!(ty, ColumnType::Other(_))
}

fn is_range(ty: &ColumnType) -> bool {
    let ColumnType::Other(name) = ty else {
        return false;
    };
    name.ends_with("range")
}

fn named(ty: &ColumnType, names: &[&str]) -> bool {
    matches!(ty, ColumnType::Other(name) if names.contains(&name.as_str()))
}

/// The operators that a column of this type has beside those of every database.
pub(super) fn operators_of(dialect: Dialect, ty: &ColumnType) -> &'static str {
    match ty {
        _ if dialect != Dialect::Postgres => "",
        ty if ty.is_text() => ", match, imatch, fts, plfts, phfts, wfts",
        ColumnType::Json | ColumnType::Jsonb => ", fts, plfts, phfts, wfts",
        ty if is_range(ty) => ", cs, cd, ov, sl, sr, nxl, nxr, adj",
        ty if named(ty, &["tsvector"]) => ", fts, plfts, phfts, wfts",
        ty if is_other(ty) => ", cs, cd, ov",
        _ => "",
    }
}
