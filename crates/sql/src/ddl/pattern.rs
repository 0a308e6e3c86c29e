//! Patterns that SQLite's GLOB can stand in for.
//!
//! Role: `LIKE 'a%'`, and regular expressions of the form `^[a-z0-9-]+$`, which slugs and codes use.
//! Invariant: the translation matches exactly what PostgreSQL's pattern matches, for any text.
//! Not here: any other regular expression; SQLite has none.

use super::quote::text;

/// `LIKE` to GLOB: case-sensitive whatever `PRAGMA case_sensitive_like` says.
pub(super) fn like(pattern: &str) -> Option<String> {
    let mut glob = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '%' => glob.push('*'),
            '_' => glob.push('?'),
            '\\' => literal(chars.next()?, &mut glob),
            c => literal(c, &mut glob),
        }
    }
    Some(text(&glob))
}

fn literal(c: char, glob: &mut String) {
    match c {
        '*' | '?' | '[' => glob.extend(['[', c, ']']),
        c => glob.push(c),
    }
}

/// A condition on `value` for `^[class]+$`, `*`, `{n}`, `{n,m}`; `None` for other expressions.
pub(super) fn regex(value: &str, pattern: &str) -> Option<String> {
    let inner = pattern.strip_prefix("^[")?.strip_suffix('$')?;
    let (class, count) = inner.split_once(']')?;
    if class.is_empty() || class.starts_with('^') || !plain_class(class) {
        return None;
    }
    let only = format!("{value} NOT GLOB {}", text(&format!("*[^{class}]*")));
    let length = match count {
        "*" => return Some(only),
        "+" => format!("{value} <> ''"),
        "" => format!("length({value}) = 1"),
        _ => {
            let range = count.strip_prefix('{')?.strip_suffix('}')?;
            match range.split_once(',') {
                None => format!("length({value}) = {}", number(range)?),
                Some((low, "")) => format!("length({value}) >= {}", number(low)?),
                Some((low, high)) => {
                    format!("length({value}) BETWEEN {} AND {}", number(low)?, number(high)?)
                }
            }
        }
    };
    Some(format!("({only} AND {length})"))
}

fn number(digits: &str) -> Option<u32> {
    digits
        .parse()
        .ok()
        .filter(|_| digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Letters, digits, ranges of them, `_`, `.`, space and a hyphen at the end: the same in both languages.
fn plain_class(class: &str) -> bool {
    let body = class.strip_suffix('-').unwrap_or(class);
    let mut bytes = body.bytes().peekable();
    let word = |b: u8| b.is_ascii_alphanumeric();
    while let Some(b) = bytes.next() {
        if !word(b) && !b"_. ".contains(&b) {
            return false;
        }
        if bytes.next_if_eq(&b'-').is_some() {
            let Some(end) = bytes.next() else { return false };
            let same = (b.is_ascii_digit() && end.is_ascii_digit())
                || (b.is_ascii_lowercase() && end.is_ascii_lowercase())
                || (b.is_ascii_uppercase() && end.is_ascii_uppercase());
            if !same || b > end {
                return false;
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_keep_their_meaning() {
        assert_eq!(like("a%_[*\\%"), Some("'a*?[[][*]%'".to_owned()));
        assert_eq!(like("a\\"), None);
        assert_eq!(
            regex("c", "^[a-z0-9-]+$").as_deref(),
            Some("(c NOT GLOB '*[^a-z0-9-]*' AND c <> '')")
        );
        assert_eq!(
            regex("c", "^[A-Z]{2,3}$").as_deref(),
            Some("(c NOT GLOB '*[^A-Z]*' AND length(c) BETWEEN 2 AND 3)")
        );
        for other in [
            "^a",
            "^[^a]+$",
            "^[\\w]+$",
            "^[a-z]+[0-9]$",
            "^[z-a]+$",
            "^[]a]+$",
            "^[a]{+1}$",
            "[a]+",
        ] {
            assert_eq!(regex("c", other), None, "{other}");
        }
    }
}
