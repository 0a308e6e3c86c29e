//! Signatures of events.
//!
//! Role: [`signature`].
//! Invariant: HMAC-SHA256 over the instant, a dot and the bytes as they are sent.
//! Not here: checking them.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};

/// The value of `Stripe-Signature` for a body that is sent at an instant (seconds).
#[must_use]
pub fn signature(secret: &str, at: i64, body: &[u8]) -> String {
    let mut signed = format!("{at}.").into_bytes();
    signed.extend_from_slice(body);
    let tag = sign(&Key::new(HMAC_SHA256, secret.as_bytes()), &signed);
    let mut header = format!("t={at},v1=");
    for byte in tag.as_ref() {
        header.push_str(&format!("{byte:02x}"));
    }
    header
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_signature_is_the_one_of_the_vendor_s_client() {
        // `stripe.webhooks.generateTestHeaderString({payload: '{"a":1}', secret: 'whsec_test', timestamp: 1700000000})`
        let expected = "t=1700000000,v1=38877139021993b830af32feea6e18a8da83eb2f6e49ee50bd9e4cf4ca4d3789";
        let made = super::signature("whsec_test", 1_700_000_000, b"{\"a\":1}");
        assert_eq!(made, expected);
    }
}
