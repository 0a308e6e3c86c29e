//! `@>`, `<@` and `&&` on JSON and on arrays (which are JSON arrays here).
//!
//! Role: containment of JSON; containment and order of arrays.
//! Invariant: numbers compare by value, depth is limited; beyond it nothing is contained.
//! Not here: reading JSON bytes, see `json`; the order of JSON, see `json_key`.

use super::json::{items, unquoted};
use super::{Answer, Arg, Called, Decimal, FunctionError, binary, json_key, unary};

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

/// `bf_array_contains(a, b)`: whether every item of `b` is one of `a`; null is none.
pub(super) fn array_contains(args: &[Arg<'_>]) -> Called {
    binary(args, |left, right| {
        let (left, right) = texts(left, right)?;
        let (left, right) = (keys(left)?, keys(right)?);
        let has = |key: &Option<String>| key.is_some() && left.contains(key);
        Ok(Answer::Int(i64::from(right.iter().all(has))))
    })
}

/// `bf_overlaps(a, b)`: whether two arrays share an item that is not null.
pub(super) fn overlaps(args: &[Arg<'_>]) -> Called {
    binary(args, |left, right| {
        let (left, right) = texts(left, right)?;
        let (left, right) = (keys(left)?, keys(right)?);
        let shared = right.iter().any(|key| key.is_some() && left.contains(key));
        Ok(Answer::Int(i64::from(shared)))
    })
}

/// `bf_array_key(array)`: a text that orders and equals as PostgreSQL's arrays do: item by item, null above
/// all, the shorter one first.
pub(super) fn array_key(args: &[Arg<'_>]) -> Called {
    unary(args, |array| {
        let Arg::Text(array) = array else {
            return Err(FunctionError::WrongArgument);
        };
        let mut text = String::with_capacity(array.len() + 8);
        for key in keys(array.trim_ascii())? {
            match key {
                Some(key) => text.push_str(&format!("2{key}")),
                None => text.push('3'),
            }
        }
        text.push('1');
        Ok(Answer::Text(text))
    })
}

/// The items of an array as keys; none for null.
fn keys(array: &str) -> Result<Vec<Option<String>>, FunctionError> {
    let key = |item: &str| match json_key::key(&[Arg::Text(item)])? {
        Answer::Text(key) if item != "null" => Ok(Some(key)),
        _ => Ok(None),
    };
    items(array).map(|(_, item)| key(item)).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn call(function: fn(&[Arg<'_>]) -> Called, args: &[&str]) -> Answer {
        let args: Vec<Arg<'_>> = args.iter().map(|arg| Arg::Text(arg)).collect();
        function(&args).expect("the arguments are texts")
    }

    #[test]
    fn arrays_contain_items_by_value_and_never_null() {
        let holds = |left, right| call(array_contains, &[left, right]) == Answer::Int(1);
        assert!(holds("[1,2.0,null]", "[2]"));
        assert!(holds("[]", "[]"));
        assert!(!holds("[1,null]", "[null]"));
        assert!(!holds("[\"1\"]", "[1]"));
        // An array of JSON has the item or not; what is in the item does not count.
        assert!(!holds("[{\"a\":1,\"b\":2}]", "[{\"a\":1}]"));
        assert_eq!(call(overlaps, &["[1,null]", "[null,1]"]), Answer::Int(1));
        assert_eq!(call(overlaps, &["[null]", "[null]"]), Answer::Int(0));
    }

    #[test]
    fn arrays_order_item_by_item() {
        let key = |array| match call(array_key, &[array]) {
            Answer::Text(key) => key,
            other => panic!("{other:?}"),
        };
        let ordered = [
            "[]", "[-1]", "[1]", "[1,2]", "[1,10]", "[1,null]", "[9]", "[10]", "[null]",
        ];
        for pair in ordered.windows(2) {
            assert!(key(pair[0]) < key(pair[1]), "{} < {}", pair[0], pair[1]);
        }
        assert!(key("[\"B\"]") < key("[\"a\",\"\"]"));
        assert_eq!(key("[1.0]"), key("[1.00]"));
    }
}
