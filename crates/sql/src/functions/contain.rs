//! `@>`, `<@` and `&&` on JSON and on arrays (which are JSON arrays here).
//!
//! Invariant: numbers compare by value, depth is limited; beyond it nothing is contained.
//! Not here: reading JSON bytes; see `json`.

use super::json::{items, unquoted};
use super::{Answer, Arg, Called, Decimal, FunctionError, binary};

const MAX_DEPTH: usize = 128;

/// `bf_contains(a, b)`: whether `a @> b`.
pub(super) fn contains(args: &[Arg<'_>]) -> Called {
    binary(args, |left, right| {
        let (left, right) = texts(left, right)?;
        // An array contains a single value, but only at the top.
        let single = left.starts_with('[') && !right.starts_with(['[', '{']);
        let holds = if single {
            has(left, right, MAX_DEPTH)
        } else {
            within(left, right, MAX_DEPTH)
        };
        Ok(Answer::Int(i64::from(holds)))
    })
}

/// `bf_overlaps(a, b)`: whether two arrays share an element that is not null.
pub(super) fn overlaps(args: &[Arg<'_>]) -> Called {
    binary(args, |left, right| {
        let (left, right) = texts(left, right)?;
        let shared = items(right).any(|(_, value)| value != "null" && has(left, value, MAX_DEPTH));
        Ok(Answer::Int(i64::from(shared)))
    })
}

fn texts<'a>(left: Arg<'a>, right: Arg<'a>) -> Result<(&'a str, &'a str), FunctionError> {
    match (left, right) {
        (Arg::Text(left), Arg::Text(right)) => Ok((left.trim_ascii(), right.trim_ascii())),
        _ => Err(FunctionError::WrongArgument),
    }
}

fn within(left: &str, right: &str, depth: usize) -> bool {
    if depth == 0 {
        return false;
    }
    match (left.chars().next(), right.chars().next()) {
        (Some('{'), Some('{')) => items(right).all(|(key, wanted)| {
            let key = unquoted(key);
            let found = items(left).filter(|(name, _)| unquoted(name) == key).last();
            found.is_some_and(|(_, value)| within(value, wanted, depth - 1))
        }),
        (Some('['), Some('[')) => items(right).all(|(_, wanted)| has(left, wanted, depth - 1)),
        (Some('{' | '['), _) | (_, Some('{' | '[')) => false,
        _ => same(left, right),
    }
}

/// Whether an array has an element that contains `wanted`.
fn has(array: &str, wanted: &str, depth: usize) -> bool {
    array.starts_with('[') && items(array).any(|(_, value)| within(value, wanted, depth))
}

/// Equality of values that are neither arrays nor objects.
fn same(left: &str, right: &str) -> bool {
    if left == right {
        return true;
    }
    if left.starts_with('"') && right.starts_with('"') {
        return unquoted(left) == unquoted(right);
    }
    match (Decimal::parse(left), Decimal::parse(right)) {
        (Ok(left), Ok(right)) => left.key() == right.key(),
        _ => false,
    }
}
