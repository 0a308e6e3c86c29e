//! Conditions in SQL text.
//!
//! Input: the text of a statement. Output: where its conditions on tenants stand, and what to call them.
//! Invariant: texts in quotes are stepped over as a whole.
//! Not here: what is done with them.

use std::ops::Range;

/// The text of a span.
pub(super) fn text<'t>(text: &'t str, span: &Range<usize>) -> &'t str {
    text.get(span.clone()).unwrap_or_default()
}

/// A condition in words that do not change with the numbers of aliases and parameters.
pub(super) fn described(sql: &str, span: &Range<usize>) -> String {
    let condition = text(sql, span);
    let column = condition.split('"').rev().nth(1).unwrap_or_default();
    let first = condition
        .split('"')
        .nth(if condition.starts_with('"') { 3 } else { 1 })
        .unwrap_or_default();
    let kind = if condition.starts_with("EXISTS") {
        format!("a row of {first}")
    } else if condition.contains(" IN (SELECT") {
        format!("{first} among memberships")
    } else if condition.contains("(SELECT") {
        format!("{first} of the named tenant")
    } else if condition.contains(" = '") {
        format!("{column} = a role")
    } else {
        format!("{column} = ?")
    };
    format!("{}: {kind}", tables(sql, span.start).join(", "))
}

/// The tables of the selects around a place, outermost first.
pub(super) fn tables(sql: &str, place: usize) -> Vec<String> {
    let mut open = vec![0];
    let mut at = 0;
    while let Some(rest) = sql.get(at..place).filter(|rest| !rest.is_empty()) {
        match rest.chars().next() {
            Some(quote @ ('\'' | '"')) => {
                at += quoted(rest, quote);
                continue;
            }
            Some('(') => open.push(at + 1),
            Some(')') => drop(open.pop()),
            _ => {}
        }
        at += rest.chars().next().map_or(1, char::len_utf8);
    }
    open.iter()
        .filter_map(|start| table(sql.get(*start..)?))
        .collect()
}

/// The table of the statement or select that begins here, if one does.
fn table(sql: &str) -> Option<String> {
    let begins = ["SELECT ", "UPDATE ", "DELETE ", "INSERT "]
        .iter()
        .any(|word| sql.starts_with(word));
    let mut at = 0;
    while let Some(rest) = sql.get(at..).filter(|rest| begins && !rest.is_empty()) {
        let word = [" FROM \"", "UPDATE \"", " INTO \""]
            .into_iter()
            .find(|word| rest.starts_with(word));
        if let Some(name) = word.and_then(|word| rest.get(word.len()..)) {
            return name.split('"').next().map(str::to_owned);
        }
        match rest.chars().next()? {
            quote @ ('\'' | '"') => at += quoted(rest, quote),
            '(' => at += balanced(rest)?,
            ')' => return None,
            c => at += c.len_utf8(),
        }
    }
    None
}

/// The conditions of a text that compare with a tenant or caller, or look for a row of one: `x = ?1`, `x = $1::uuid`,
/// `x = (SELECT …)`, `x IN (SELECT …)`, `EXISTS(…)`, and roles.
pub(super) fn predicates(sql: &str, is_tenant: &dyn Fn(usize) -> bool) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = sql.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with('\'') {
            at += quoted(rest, '\'');
            continue;
        }
        if let Some(end) = rest.strip_prefix("EXISTS").and_then(balanced) {
            let span = at..at + "EXISTS".len() + end;
            if mentions(text(sql, &span), is_tenant) {
                found.push(span);
            }
            at += "EXISTS".len();
            continue;
        }
        match operand(rest) {
            Some(width) => {
                if let Some(more) = rest.get(width..).and_then(|after| comparison(after, is_tenant)) {
                    found.push(at..at + width + more);
                }
                at += width;
            }
            None if rest.starts_with('"') => at += quoted(rest, '"'),
            None => at += rest.chars().next().map_or(1, char::len_utf8),
        }
    }
    found
}

/// The length of a qualified column at the beginning.
pub(super) fn operand(rest: &str) -> Option<usize> {
    let qualifier = if rest.starts_with('"') {
        quoted(rest, '"')
    } else {
        let digits = rest
            .strip_prefix('t')?
            .bytes()
            .take_while(u8::is_ascii_digit)
            .count();
        (digits > 0).then_some(digits + 1)?
    };
    let column = rest
        .get(qualifier..)?
        .strip_prefix('.')
        .filter(|column| column.starts_with('"'))?;
    Some(qualifier + 1 + quoted(column, '"'))
}

/// The length of a comparison of interest behind a column.
fn comparison(after: &str, is_tenant: &dyn Fn(usize) -> bool) -> Option<usize> {
    let equals = after.strip_prefix(" = ");
    if let Some((number, width)) = equals.and_then(parameter) {
        return is_tenant(number).then_some(" = ".len() + width);
    }
    for start in [" = ", " IN "] {
        if let Some(rest) = after
            .strip_prefix(start)
            .filter(|rest| rest.starts_with("(SELECT"))
        {
            let end = balanced(rest)?;
            return mentions(rest.get(..end)?, is_tenant).then_some(start.len() + end);
        }
    }
    let role = equals.filter(|rest| rest.starts_with('\''))?;
    let width = quoted(role, '\'');
    Some(" = ".len() + width + cast(role.get(width..)?))
}

/// Number and length of a parameter at the beginning: `?1`, `$1::uuid`.
pub(super) fn parameter(rest: &str) -> Option<(usize, usize)> {
    let digits = rest.strip_prefix(['?', '$'])?;
    let end = digits.bytes().take_while(u8::is_ascii_digit).count();
    let number = digits.get(..end)?.parse().ok()?;
    Some((number, 1 + end + cast(digits.get(end..)?)))
}

/// The length of a cast at the beginning: `::int4`, `::"mood"`, `::text[]`.
pub(super) fn cast(rest: &str) -> usize {
    let Some(name) = rest.strip_prefix("::") else {
        return 0;
    };
    if name.starts_with('"') {
        return 2 + quoted(name, '"');
    }
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_[]".contains(byte);
    2 + name.bytes().take_while(plain).count()
}

/// Whether a text compares something with a tenant or caller.
fn mentions(sql: &str, is_tenant: &dyn Fn(usize) -> bool) -> bool {
    sql.split(['?', '$']).skip(1).any(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().is_ok_and(is_tenant)
    })
}

/// The length of a quoted text at the beginning.
pub(super) fn quoted(rest: &str, quote: char) -> usize {
    let mut inside = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = inside.next() {
        if c == quote && inside.next_if(|(_, next)| *next == quote).is_none() {
            return at + 1;
        }
    }
    rest.len()
}

/// The length of a text in parentheses at the beginning.
pub(super) fn balanced(rest: &str) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(rest) = rest.get(at..).filter(|rest| !rest.is_empty()) {
        match rest.chars().next()? {
            quote @ ('\'' | '"') => {
                at += quoted(rest, quote);
                continue;
            }
            '(' => depth += 1,
            ')' if depth == 1 => return Some(at + 1),
            ')' => depth -= 1,
            _ if depth == 0 => return None,
            _ => {}
        }
        at += rest.chars().next().map_or(1, char::len_utf8);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_of_tenants_are_found_and_nothing_else() {
        let sql = r#"SELECT 'a."b" = ?1',t0."x" FROM "t" AS t0 WHERE t0."o" = ?1 AND t0."n" = ?2 AND EXISTS(SELECT 1 FROM "p" AS t1 WHERE t1."id" = t0."p" AND t1."o" = ?1) AND t0."o" IN (SELECT t2."o" FROM "m" AS t2 WHERE t2."u" = ?3 AND t2."role" = 'a')"#;
        let found: Vec<&str> = predicates(sql, &|param| param != 2)
            .into_iter()
            .map(|span| sql.get(span).unwrap())
            .collect();
        assert_eq!(
            found,
            [
                r#"t0."o" = ?1"#,
                r#"EXISTS(SELECT 1 FROM "p" AS t1 WHERE t1."id" = t0."p" AND t1."o" = ?1)"#,
                r#"t1."o" = ?1"#,
                r#"t0."o" IN (SELECT t2."o" FROM "m" AS t2 WHERE t2."u" = ?3 AND t2."role" = 'a')"#,
                r#"t2."u" = ?3"#,
                r#"t2."role" = 'a'"#,
            ]
        );
    }

    #[test]
    fn casts_belong_to_the_conditions() {
        let sql = r#"SELECT 1 FROM "t" AS t0 WHERE t0."o" = $12::uuid AND t0."role" = 'a'::"mood" LIMIT 2"#;
        let found = predicates(sql, &|param| param == 12);
        let texts: Vec<&str> = found.iter().map(|span| text(sql, span)).collect();
        assert_eq!(texts, [r#"t0."o" = $12::uuid"#, r#"t0."role" = 'a'::"mood""#]);
        assert_eq!(described(sql, &found[0]), "t: o = ?");
    }

    #[test]
    fn what_is_set_is_no_condition() {
        let sql = r#"UPDATE "t" SET "o" = ?1 WHERE "t"."o" = ?1"#;
        let found = predicates(sql, &|_| true);
        assert_eq!(found.len(), 1);
        assert_eq!(sql.get(found[0].clone()), Some(r#""t"."o" = ?1"#));
    }
}
