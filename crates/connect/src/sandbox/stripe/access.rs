//! Keys of the API.
//!
//! Role: `Authorization: Bearer sk_test_…`, or Basic with the key as name.
//! Invariant: only test keys are taken, so that no live key is ever worth sending here; none is kept or shown.
//! Not here: whose key it is: there is one account.

use super::failure::Failure;

/// Checks the header.
pub(crate) fn check(header: Option<&str>) -> Result<(), Failure> {
    let Some((scheme, rest)) = header.and_then(|header| header.split_once(' ')) else {
        return Err(unauthorized(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using \
             Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
        ));
    };
    let key = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Some(rest.trim().to_owned()),
        "basic" => decode(rest.trim()).and_then(|pair| pair.split(':').next().map(str::to_owned)),
        _ => None,
    };
    match key {
        Some(key) if ["sk_test_", "rk_test_"].iter().any(|start| is_key(&key, start)) => Ok(()),
        Some(key) if key.contains("_live_") => Err(unauthorized("Live keys have no business in a sandbox.")),
        _ => Err(unauthorized(
            "Invalid API Key provided. The sandbox takes keys that begin with sk_test_.",
        )),
    }
}

fn is_key(key: &str, start: &str) -> bool {
    let rest = key.strip_prefix(start).unwrap_or_default();
    !rest.is_empty()
        && rest
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn unauthorized(message: &str) -> Failure {
    Failure::invalid(message).status(401)
}

/// Base64, padded or not.
fn decode(text: &str) -> Option<String> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(digit)) & 0xFFFF;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xFF).ok()?);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_test_keys_are_taken() {
        assert!(check(Some("Bearer sk_test_abc")).is_ok());
        assert!(check(Some("bearer rk_test_abc")).is_ok());
        assert!(check(Some("Basic c2tfdGVzdF9hYmM6")).is_ok(), "sk_test_abc:");
        let wrong = [
            "Bearer sk_live_abc",
            "Bearer sk_test_",
            "Bearer x",
            "Basic !",
            "Digest sk_test_abc",
            "sk_test_abc",
        ];
        for header in wrong {
            assert_eq!(check(Some(header)).expect_err(header).status, 401);
        }
        assert_eq!(check(None).expect_err("nothing").status, 401);
    }
}
