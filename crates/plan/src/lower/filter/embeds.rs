//! Filters on embeds.
//!
//! Role: tests of an embed's columns, and groups of such, narrow the embedded rows; a test of the embed itself
//! asks whether a row of it is there.
//! Invariant: without `!inner`, a filter on an embed never narrows the rows around it.
//! Not here: tests of own columns; see the module above.

use super::{Group, Rows, one};
use crate::draft::{DraftFilter, DraftTest};
use crate::lower::select;
use crate::lower::value::Cx;
use crate::project::constant;
use backflow_config::document::Operation;
use backflow_diag::{Diagnostic, Spanned, codes};
use backflow_expr::Value;
use backflow_sql::FilterOp;
use backflow_sql::ir::{Cond, Embed, Member, Read};

/// The embed that all tests of a filter are about: its path, empty for the rows themselves. `None`: several.
pub(crate) fn home<'f>(filter: &'f DraftFilter<'_>) -> Option<&'f [Spanned<String>]> {
    let several = |filters: &'f [DraftFilter<'_>]| {
        let mut homes = filters.iter().map(home);
        let first = homes.next()??;
        let same =
            |other: Option<&[Spanned<String>]>| other.is_some_and(|other| names(other).eq(names(first)));
        homes.all(same).then_some(first)
    };
    match filter {
        DraftFilter::Test(test) => Some(&test.path.embeds),
        DraftFilter::Or(inner) | DraftFilter::And(inner) => several(inner),
        DraftFilter::Not(inner) => home(inner),
    }
}

fn names(path: &[Spanned<String>]) -> impl Iterator<Item = &str> {
    path.iter().map(|name| name.value.as_str())
}

/// Narrows the embeds that filters are about, the deepest first: whether a row is there depends on what is in it.
pub(crate) fn narrow<'a>(
    cx: &mut Cx<'_, 'a>,
    filters: &[DraftFilter<'a>],
    members: &mut [Member],
) -> Option<()> {
    let mut found = Vec::new();
    collect(filters, &mut found);
    found.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
    let mut whole = true;
    for (path, filter) in found {
        whole &= narrow_one(cx, path, filter, members).is_some();
    }
    whole.then_some(())
}

type Found<'f, 'a> = Vec<(&'f [Spanned<String>], &'f DraftFilter<'a>)>;

/// Filters on embeds, each with its path. Of a conjunction, each part goes where it belongs.
fn collect<'f, 'a>(filters: &'f [DraftFilter<'a>], found: &mut Found<'f, 'a>) {
    for filter in filters {
        match (home(filter), filter) {
            (Some(path), _) if !path.is_empty() => found.push((path, filter)),
            (None, DraftFilter::And(inner)) => collect(inner, found),
            _ => {}
        }
    }
}

fn narrow_one<'a>(
    cx: &mut Cx<'_, 'a>,
    path: &[Spanned<String>],
    filter: &DraftFilter<'a>,
    members: &mut [Member],
) -> Option<()> {
    let read = reach(cx, path, members)?;
    let outer = std::mem::replace(&mut cx.table, read.from);
    let rows = Rows {
        members: read.outputs.members.as_deref().unwrap_or_default(),
        depth: path.len(),
        operation: Operation::Select,
    };
    let cond = one(cx, filter, rows, Group::Plain);
    cx.table = outer;
    let own = std::mem::replace(&mut read.filter, Cond::TRUE);
    read.filter = own.and(cond?);
    Some(())
}

/// The rows at the end of a path of embeds.
pub(crate) fn reach<'m>(
    cx: &mut Cx<'_, '_>,
    path: &[Spanned<String>],
    members: &'m mut [Member],
) -> Option<&'m mut Read> {
    reach_embed(cx, path, members).map(|embed| embed.read.as_mut())
}

/// The embed at the end of a path.
pub(crate) fn reach_embed<'m>(
    cx: &mut Cx<'_, '_>,
    path: &[Spanned<String>],
    members: &'m mut [Member],
) -> Option<&'m mut Embed> {
    let (name, rest) = path.split_first()?;
    let embed = members.iter_mut().find_map(|member| match member {
        Member::Embed(embed) if embed.key == name.value => Some(embed),
        _ => None,
    });
    let Some(embed) = embed else {
        cx.out.push(not_embedded(name));
        return None;
    };
    if rest.is_empty() {
        return Some(embed);
    }
    reach_embed(cx, rest, embed.read.outputs.members.as_deref_mut()?)
}

/// A name that leads into an embed which the select does not have.
pub(crate) fn not_embedded(name: &Spanned<String>) -> Diagnostic {
    Diagnostic::new(
        codes::UNKNOWN_COLUMN,
        format!("the select embeds nothing called `{}`", name.value),
    )
    .at(name.span, "not embedded")
    .help(format!(
        "embed it in `select`: `{name}(…)`, or `{name}()` if it is not to be shown",
        name = name.value
    ))
}

/// Whether a related row is there: `is` null, or not.
pub(super) fn presence(cx: &mut Cx<'_, '_>, test: &DraftTest<'_>, embed: &Embed) -> Option<Cond> {
    let null = match constant(&test.doc.value) {
        Value::Null => Some(true),
        value => match value.as_text() {
            Some("null") => Some(true),
            Some("not_null") => Some(false),
            _ => None,
        },
    };
    let (FilterOp::Is, Some(null), []) = (test.operator.op, null, test.path.json.as_slice()) else {
        cx.out.push(
            Diagnostic::new(
                codes::OPERATOR_NOT_HERE,
                format!("of `{}` can only be asked whether it is there", embed.key),
            )
            .at(test.doc.span, "an embed, no column")
            .help(
                "write `\"operator\": \"not.is\", \"value\": null`, or name a column of it: `projects.name`",
            ),
        );
        return None;
    };
    let there = select::exists(embed);
    let negated = test.operator.negated != test.doc.not;
    Some(if null == negated {
        there
    } else {
        Cond::Not(Box::new(there))
    })
}
