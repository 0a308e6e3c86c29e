//! Conditions in a statement that does what several did.
//!
//! Role: besides comparisons with a tenant or caller, such a statement asks what its earlier parts found: whether there
//! is a row, which role and which e-mail address it holds. They stand there as `"_backflow_0".c0` or
//! `(SELECT c0 FROM "_backflow_0")`.
//! Input: the text. Output: where its conditions stand, and what to call them.
//! Not here: statements that stand alone; see `scan`.

use super::scan::{balanced, cast, described, operand, parameter, quoted, tables, text};
use std::ops::Range;

/// How all names of parts begin.
const PART: &str = "\"_backflow_";

/// A side of a comparison: how long it is, and whether it is a part's, the caller's or the tenant's.
type Side = (usize, bool);

/// The conditions of a text that ask for what an earlier part found, or for a parameter of interest.
pub(super) fn conditions(sql: &str, is_caller: &dyn Fn(usize) -> bool) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = sql.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with('\'') {
            at += quoted(rest, '\'');
            continue;
        }
        let exists = rest.strip_prefix("EXISTS").and_then(balanced);
        if let Some(width) = exists.map(|width| "EXISTS".len() + width) {
            let span = at..at + width;
            if text(sql, &span).contains(PART) {
                found.push(span);
            }
            at += "EXISTS".len();
            continue;
        }
        let Some((width, left)) = side(rest, is_caller) else {
            at += if rest.starts_with('"') {
                quoted(rest, '"')
            } else {
                rest.chars().next().map_or(1, char::len_utf8)
            };
            continue;
        };
        let after = rest.get(width..).unwrap_or_default();
        match compared(after, left, is_caller) {
            Some(more) => found.push(at..at + width + more),
            None if rest.starts_with('(') => {
                at += 1;
                continue;
            }
            None => {}
        }
        at += width;
    }
    found
}

/// The length of what follows a side, if both together are a condition of interest.
fn compared(after: &str, left: bool, is_caller: &dyn Fn(usize) -> bool) -> Option<usize> {
    if after.starts_with(" IS TRUE") {
        return left.then_some(" IS TRUE".len());
    }
    let right = after.strip_prefix(" = ")?;
    if right.starts_with('\'') {
        let width = quoted(right, '\'');
        return left.then_some(" = ".len() + width + cast(right.get(width..)?));
    }
    let (width, of_interest) = side(right, is_caller)?;
    (left || of_interest).then_some(" = ".len() + width)
}

fn side(rest: &str, is_caller: &dyn Fn(usize) -> bool) -> Option<Side> {
    if rest.starts_with(PART) {
        let width = quoted(rest, '"');
        let column = rest.get(width..)?.strip_prefix('.')?;
        let name = column.bytes().take_while(u8::is_ascii_alphanumeric).count();
        return Some((width + 1 + name, true));
    }
    if let Some((number, width)) = parameter(rest) {
        return Some((width, is_caller(number)));
    }
    if let Some(inside) = rest.strip_prefix("lower") {
        let width = balanced(inside)?;
        let inside = inside.get(..width)?;
        let email = inside.get(1..).and_then(parameter);
        let of_interest = inside.contains(PART) || email.is_some_and(|(number, _)| is_caller(number));
        return Some(("lower".len() + width, of_interest));
    }
    if rest.starts_with("(SELECT ") {
        let width = balanced(rest)?;
        let inside = rest.get(..width)?;
        let numbers = inside.split('$').skip(1).filter_map(|digits| {
            let end = digits.bytes().take_while(u8::is_ascii_digit).count();
            digits.get(..end)?.parse().ok()
        });
        let looked_up = numbers.into_iter().any(is_caller);
        return Some((width, looked_up || inside.contains(PART)));
    }
    operand(rest).map(|width| (width, false))
}

/// A condition in the words of [`described`], where it is one that stands in a statement of its own, too; `guarded` is
/// whether the first part is the guard.
pub(super) fn named(sql: &str, span: &Range<usize>, guarded: bool) -> String {
    let condition = text(sql, span);
    let query = |number: usize| match number.checked_sub(usize::from(guarded)) {
        None => "guard".to_owned(),
        Some(number) => format!("query {number}"),
    };
    let asked = condition.split(PART).nth(1).and_then(|rest| {
        let digits = rest.split('"').next()?;
        digits.parse().ok().map(query)
    });
    let asked = asked.unwrap_or_default();
    let what = if condition.starts_with("EXISTS") {
        described(sql, span)
    } else if condition.ends_with(" IS TRUE") {
        format!("the row of {asked} is there")
    } else if condition.starts_with("lower") {
        format!("the e-mail address of {asked}")
    } else if condition.starts_with('$') {
        format!("the tenant in the data is that of {asked}")
    } else if let (true, Some((_, role))) = (condition.starts_with('('), condition.split_once(" = '")) {
        format!(
            "the role of {asked} is {}",
            role.split('\'').next().unwrap_or_default()
        )
    } else if condition.contains(&format!(" = {PART}")) || condition.contains(" = (SELECT c") {
        let left = condition.split(" = ").next().unwrap_or_default();
        let column = left.split('"').rev().nth(1).unwrap_or_default();
        format!("{}: {column} = ?", tables(sql, span.start).join(", "))
    } else {
        described(sql, span)
    };
    let place = part(sql, span.start).map_or_else(|| "end".to_owned(), query);
    format!("{place}: {what}")
}

/// The number of the part that a place lies in: `"_backflow_1" AS (…` or `… ) AS "_backflow_1"`.
fn part(sql: &str, place: usize) -> Option<usize> {
    let mut at = 0;
    let mut before = None;
    while let Some(rest) = sql.get(at..).filter(|rest| !rest.is_empty()) {
        match rest.chars().next()? {
            '\'' => at += quoted(rest, '\''),
            '(' => {
                let width = balanced(rest)?;
                if (at..at + width).contains(&place) {
                    let after = sql.get(at + width..)?.strip_prefix(" AS ");
                    return before.or_else(|| after.and_then(number));
                }
                at += width;
            }
            c => {
                if let Some(found) = number(rest) {
                    before = Some(found);
                    at += quoted(rest, '"');
                } else {
                    // Only what stands directly before the parenthesis names it.
                    if !" AS".contains(c) {
                        before = None;
                    }
                    at += c.len_utf8();
                }
            }
        }
    }
    None
}

fn number(rest: &str) -> Option<usize> {
    rest.strip_prefix(PART)?.split('"').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(sql: &str) -> Vec<(&str, String)> {
        let found = conditions(sql, &|number| number == 1);
        found
            .into_iter()
            .map(|span| (text(sql, &span), named(sql, &span, true)))
            .collect()
    }

    #[test]
    fn parts_are_asked_in_subselects() {
        let sql = r#"WITH "_backflow_0" AS (SELECT TRUE AS p FROM "m" AS t0 WHERE t0."u" = $1::uuid), "_backflow_1" AS (UPDATE "t" SET "o" = (SELECT c0 FROM "_backflow_0") WHERE "t"."id" = $2::uuid AND "t"."o" = (SELECT c0 FROM "_backflow_0") AND (SELECT p FROM "_backflow_0") IS TRUE AND ((SELECT c1 FROM "_backflow_0") = 'a'::text) RETURNING 1) SELECT "_backflow_0".p FROM "_backflow_0""#;
        assert_eq!(
            texts(sql),
            [
                (r#"t0."u" = $1::uuid"#, "guard: m: u = ?".to_owned()),
                (
                    r#""t"."o" = (SELECT c0 FROM "_backflow_0")"#,
                    "query 0: t: o = ?".to_owned()
                ),
                (
                    r#"(SELECT p FROM "_backflow_0") IS TRUE"#,
                    "query 0: the row of guard is there".to_owned()
                ),
                (
                    r#"(SELECT c1 FROM "_backflow_0") = 'a'::text"#,
                    "query 0: the role of guard is a".to_owned()
                ),
            ]
        );
    }

    #[test]
    fn parts_are_asked_beside() {
        let sql = r#"SELECT "_backflow_1".j FROM (SELECT t0."o" AS c0 FROM "m" AS t0 WHERE t0."o" = (SELECT t1."id" FROM "o" AS t1 WHERE t1."s" = $1::text)) AS "_backflow_0" LEFT JOIN LATERAL (SELECT 1 FROM "t" AS t2 WHERE EXISTS(SELECT 1 FROM "p" AS t3 WHERE t3."o" = "_backflow_0".c0) AND t2."x" = $2::text AND "_backflow_0".p IS TRUE) AS "_backflow_1" ON TRUE"#;
        let names: Vec<String> = texts(sql).into_iter().map(|(_, name)| name).collect();
        assert_eq!(
            names,
            [
                "guard: m: o of the named tenant",
                "guard: m, o: s = ?",
                "query 0: t: a row of p",
                "query 0: t, p: o = ?",
                "query 0: the row of guard is there",
            ]
        );
    }
}
