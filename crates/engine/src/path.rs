//! Paths as they come over the wire.
//!
//! Role: percent-decodes every segment of a path once, for the router.
//! Output: a path of decoded segments in which `/` and `%` inside a segment are escaped again, so that the
//! segments can still be told apart.
//! Invariant: a decoded segment never becomes two; it is UTF-8 without U+0000.
//! Not here: dots (`..` is a segment like others), matching.

use std::borrow::Cow;

/// A path that cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadPath;

/// The path in the form that the router knows; a trailing slash is dropped.
pub(crate) fn normal(raw: &str) -> Result<Cow<'_, str>, BadPath> {
    let raw = match raw.strip_suffix('/') {
        Some("") | None => raw,
        Some(shorter) => shorter,
    };
    if !raw.contains('%') {
        return Ok(Cow::Borrowed(raw));
    }
    let mut out = String::with_capacity(raw.len());
    for (at, segment) in raw.split('/').enumerate() {
        if at > 0 {
            out.push('/');
        }
        out.push_str(&escape(&percent_decode(segment, false).ok_or(BadPath)?));
    }
    Ok(Cow::Owned(out))
}

/// A fixed segment, or a decoded one, in the router's form.
pub(crate) fn escape(segment: &str) -> Cow<'_, str> {
    if segment.contains(['%', '/']) {
        Cow::Owned(segment.replace('%', "%25").replace('/', "%2F"))
    } else {
        Cow::Borrowed(segment)
    }
}

/// A segment as the caller meant it.
pub(crate) fn unescape(segment: &str) -> Cow<'_, str> {
    if segment.contains('%') {
        Cow::Owned(segment.replace("%2F", "/").replace("%25", "%"))
    } else {
        Cow::Borrowed(segment)
    }
}

/// Decodes `%41` (and `+`, in query strings). `None`: a broken escape, not UTF-8, or U+0000.
pub(crate) fn percent_decode(text: &str, plus: bool) -> Option<Cow<'_, str>> {
    if !text
        .bytes()
        .any(|byte| byte == b'%' || (plus && byte == b'+') || byte == 0)
    {
        return Some(Cow::Borrowed(text));
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'%' => hex(bytes.next()?)? << 4 | hex(bytes.next()?)?,
            b'+' if plus => b' ',
            other => other,
        };
        if byte == 0 {
            return None;
        }
        out.push(byte);
    }
    String::from_utf8(out).ok().map(Cow::Owned)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_decoded_once_and_stay_segments() {
        for (raw, expected) in [
            ("/", Ok("/")),
            ("/a/", Ok("/a")),
            ("/a//", Ok("/a/")),
            ("/%61/b", Ok("/a/b")),
            ("/a%2Fb/c", Ok("/a%2Fb/c")),
            ("/a%252Fb", Ok("/a%252Fb")),
            ("/a%2F", Ok("/a%2F")),
            ("/%C3%A4", Ok("/ä")),
            ("/%00", Err(BadPath)),
            ("/%zz", Err(BadPath)),
            ("/%4", Err(BadPath)),
            ("/%+1", Err(BadPath)),
            ("/%FF", Err(BadPath)),
            ("/a+b", Ok("/a+b")),
            ("", Ok("")),
        ] {
            assert_eq!(
                normal(raw).as_deref(),
                expected.as_ref().map(|text| *text),
                "{raw}"
            );
        }
    }

    #[test]
    fn escaping_is_undone_exactly() {
        for segment in ["a", "a/b", "%", "%2F", "%25", "/%/", "%252F"] {
            assert_eq!(unescape(&escape(segment)), segment);
        }
    }
}
