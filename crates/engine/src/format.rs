//! Named forms of text.
//!
//! Role: tells whether a text has the form that `format` asks for.
//! Invariant: linear in the text; sensible rather than complete: what people mean, not what an RFC would allow.
//! Not here: patterns of the author's own.

use backflow_catalog::ColumnType;
use backflow_expr::{Value, parse_timestamp};
use backflow_plan::convert::convert;
use backflow_plan::model::Format;

/// Whether a text has a form.
pub(crate) fn matches(format: Format, text: &str) -> bool {
    match format {
        Format::Email => email(text),
        Format::Uuid => converts(text, &ColumnType::Uuid),
        Format::Date => converts(text, &ColumnType::Date),
        Format::Time => time(text),
        Format::DateTime => date_time(text),
        Format::Uri => uri(text),
        Format::Hostname => hostname(text),
        Format::Ipv4 => text.parse::<std::net::Ipv4Addr>().is_ok(),
        Format::Ipv6 => text.parse::<std::net::Ipv6Addr>().is_ok(),
    }
}

/// What the form is called, for messages.
pub(crate) fn name(format: Format) -> &'static str {
    match format {
        Format::Email => "an e-mail address",
        Format::Uuid => "a uuid",
        Format::Date => "a date (YYYY-MM-DD)",
        Format::Time => "a time (HH:MM:SS)",
        Format::DateTime => "a date and time (RFC 3339)",
        Format::Uri => "an absolute URI",
        Format::Hostname => "a host name",
        Format::Ipv4 => "an IPv4 address",
        Format::Ipv6 => "an IPv6 address",
    }
}

fn converts(text: &str, ty: &ColumnType) -> bool {
    convert(&Value::from(text), ty, &[], false).is_ok()
}

/// One `@`, something before it, a domain with a dot behind it.
fn email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let fits = text.len() <= 254 && (1..=64).contains(&local.len());
    let dots = !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
    let clean = |c: char| !c.is_whitespace() && !c.is_control() && !"\"(),:;<>@[\\]".contains(c);
    fits && dots && local.chars().all(clean) && domain.contains('.') && hostname(domain)
}

/// Labels of letters, digits and inner hyphens; the last is not a number.
fn hostname(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let last = text.rsplit('.').next().unwrap_or("");
    text.len() <= 253 && text.split('.').all(label) && !last.bytes().all(|byte| byte.is_ascii_digit())
}

/// A time of day, perhaps with an offset.
fn time(text: &str) -> bool {
    let end = text.find(['Z', 'z', '+', '-']).unwrap_or(text.len());
    match text.split_at_checked(end) {
        Some((clock, offset)) => {
            converts(clock, &ColumnType::Time) && (offset.is_empty() || is_offset(offset))
        }
        None => false,
    }
}

/// Date, `T`, time with seconds, offset.
fn date_time(text: &str) -> bool {
    let parts = text.split_once(['T', 't']).and_then(|(date, rest)| {
        let (clock, offset) = rest.split_at_checked(rest.find(['Z', 'z', '+', '-'])?)?;
        Some((date, clock, offset))
    });
    let Some((date, clock, offset)) = parts else {
        return false;
    };
    let seconds = clock.split(':').count() == 3;
    date.len() == 10 && seconds && is_offset(offset) && parse_timestamp(text).is_some()
}

/// `Z` or `+01:00`.
fn is_offset(text: &str) -> bool {
    match text.as_bytes() {
        [b'Z' | b'z'] => true,
        [b'+' | b'-', h1, h2, b':', m1, m2] => {
            [h1, h2, m1, m2].iter().all(|byte| byte.is_ascii_digit())
                && (*h1, *h2) <= (b'2', b'3')
                && *m1 <= b'5'
        }
        _ => false,
    }
}

/// A scheme, and something behind it; a host, if there are slashes.
fn uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let starts = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    let scheme = starts
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let clean = |c: char| !c.is_whitespace() && !c.is_control() && !"\"<>\\^`{|}".contains(c);
    let host = match rest.strip_prefix("//") {
        Some(after) => {
            after.starts_with(|c| !"/?#:@".contains(c)) || after.starts_with('/') && text.starts_with("file:")
        }
        None => true,
    };
    scheme && !rest.is_empty() && rest.chars().all(clean) && host
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: Format, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(matches(format, text), "{text} is {}", name(format));
        }
        for text in bad {
            assert!(!matches(format, text), "{text} is not {}", name(format));
        }
    }

    #[test]
    fn emails() {
        let good = [
            "a@b.co",
            "first.last+tag@sub.example.org",
            "ä@exämple.de",
            "o'hara@x.io",
            "a@1.b2",
        ];
        let bad = [
            "",
            "a",
            "a@b",
            "a@localhost",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "@b.co",
            "a@",
            "a b@c.de",
            "a@b@c.de",
            "a@b..de",
            "a@-b.de",
            ".a@b.de",
            "a..b@c.de",
            "a@b.de ",
            "a\n@b.de",
            "<a@b.de>",
        ];
        check(Format::Email, &good, &bad);
    }

    #[test]
    fn moments() {
        check(
            Format::Date,
            &["2024-02-29"],
            &["2023-02-29", "2024-2-9", "2024-02-29T00:00:00Z"],
        );
        let good = ["2026-11-23T18:10:15Z", "2026-11-23t18:10:15.123+05:30"];
        let bad = [
            "2026-11-23",
            "2026-11-23 18:10:15Z",
            "2026-11-23T18:10:15",
            "2026-11-23T18:10Z",
            "2026-13-01T00:00:00Z",
            "T::Z",
        ];
        check(Format::DateTime, &good, &bad);
        check(
            Format::Time,
            &["18:10:15", "18:10:15.5Z", "18:10:15+01:00"],
            &["25:00:00", "18", "18:10:15+1"],
        );
    }

    #[test]
    fn addresses() {
        let good = [
            "https://example.org/a?b#c",
            "mailto:a@b.co",
            "urn:uuid:1",
            "file:///tmp",
            "http://[::1]/",
        ];
        let bad = [
            "",
            "/a",
            "example.org",
            "http://",
            "http:///a",
            "http://a b",
            "1http://a",
            "://a",
            "http:",
        ];
        check(Format::Uri, &good, &bad);
        check(
            Format::Hostname,
            &["a", "a.b-c.de", "localhost"],
            &["", "-a", "a-", "a..b", "a_b", "127.0.0.1", "a."],
        );
        check(Format::Ipv4, &["127.0.0.1"], &["127.0.0", "256.0.0.1", "::1"]);
        check(Format::Ipv6, &["::1"], &["127.0.0.1", "g::"]);
        check(
            Format::Uuid,
            &["6F9619FF-8B86-D011-B42D-00C04FC964FF"],
            &["6F9619FF8B86D011B42D00C04FC964FF", ""],
        );
    }
}
