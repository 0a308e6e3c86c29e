//! Reader of a webhook's `signature`.
//!
//! Input: an object. Output: [`WebhookSignature`].
//! Invariant: what is read covers the body, and the instant of sending where one is asked for.
//! Not here: checking a signature; see the connectors.

use crate::document::{DigestWord, HashWord, SignedPart, WebhookSignature};
use crate::object::Object;
use crate::tree::Node;
use crate::value;
use backflow_diag::{Diagnostic, Diagnostics, Span, Spanned, Text, codes};

const HASHES: [(&str, HashWord); 3] = [
    ("sha256", HashWord::Sha256),
    ("sha1", HashWord::Sha1),
    ("sha512", HashWord::Sha512),
];
const DIGESTS: [(&str, DigestWord); 2] = [("hex", DigestWord::Hex), ("base64", DigestWord::Base64)];
const SECRETS: [(&str, bool); 2] = [("text", false), ("base64", true)];

/// How many seconds the instant of sending may be off, if the author does not say.
const TOLERANCE: u32 = 300;

/// The instant of sending: its header, where that stands, how far it may be off.
type Instant = (Spanned<String>, u32);

/// Reads `signature`.
pub(super) fn read(node: &Node, out: &mut Diagnostics) -> Option<WebhookSignature> {
    let mut object = Object::open(node, "signature", "a signature", out)?;
    let header = object.required_word("header");
    let header = header.and_then(|word| header_name(word, object.out));
    let algorithm = word(&mut object, "algorithm", "algorithm of signatures", &HASHES);
    let encoding = word(&mut object, "encoding", "encoding of digests", &DIGESTS);
    let prefix = object.text("prefix");
    let timestamp = object.node("timestamp").map(|node| timestamp(node, object.out));
    let signed = object.text("signed");
    let secret = word(&mut object, "secretEncoding", "encoding of secrets", &SECRETS);
    let span = object.span();
    let timestamp = match timestamp {
        Some(timestamp) => Some(timestamp?),
        None => None,
    };
    let signed = match &signed {
        Some(text) => signed_parts(text, timestamp.as_ref(), object.out),
        None => Some(vec![SignedPart::Body]),
    };
    if let (Some(parts), Some(instant)) = (&signed, &timestamp) {
        covers(parts, instant, object.out);
    }
    object.finish();
    Some(WebhookSignature {
        span,
        header: header?.value,
        algorithm: algorithm.unwrap_or(HashWord::Sha256),
        encoding: encoding.unwrap_or(DigestWord::Hex),
        prefix: prefix.map_or_else(String::new, |text| text.value.to_string()),
        signed: signed?,
        timestamp: timestamp.map(|(header, tolerance)| (header.value, tolerance)),
        secret_is_base64: secret.unwrap_or(false),
    })
}

fn word<T: Copy>(
    object: &mut Object<'_, '_>,
    key: &'static str,
    noun: &str,
    known: &[(&'static str, T)],
) -> Option<T> {
    let word = object.word(key)?;
    value::one_of(&word, noun, known, object.out)
}

fn timestamp(node: &Node, out: &mut Diagnostics) -> Option<Instant> {
    let mut object = Object::open(node, "timestamp", "a timestamp", out)?;
    let header = object.required_word("header");
    let header = header.and_then(|word| header_name(word, object.out));
    let tolerance = object.integer("tolerance", 1..=86_400);
    object.finish();
    Some((header?, tolerance.map_or(TOLERANCE, |seconds| seconds.value)))
}

/// A header's name in lower case.
fn header_name(word: Spanned<String>, out: &mut Diagnostics) -> Option<Spanned<String>> {
    if is_header(&word.value) {
        return Some(Spanned::new(word.value.to_ascii_lowercase(), word.span));
    }
    let fault = Diagnostic::new(
        codes::BAD_SIGNATURE,
        format!("no header is called `{}`", word.value),
    )
    .at(word.span, "not the name of a header")
    .note("names of headers are letters, digits and hyphens")
    .help("write it as in the sender's documentation: `X-Signature`");
    out.push(fault);
    None
}

fn is_header(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!#$%&'*+^`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(fits)
}

/// The parts of `signed`; `None`: a fault was reported.
fn signed_parts(text: &Text, instant: Option<&Instant>, out: &mut Diagnostics) -> Option<Vec<SignedPart>> {
    let (whole, mut parts, mut at) = (text.as_str(), Vec::new(), 0);
    while let Some(rest) = whole.get(at..).filter(|rest| !rest.is_empty()) {
        let open = rest.find('{').unwrap_or(rest.len());
        if open > 0 {
            parts.push(SignedPart::Text(rest.get(..open)?.to_owned()));
            at += open;
            continue;
        }
        let close = rest.find('}').map_or(rest.len(), |end| end + 1);
        let span = text.map.span(at..at + close);
        parts.push(hole(rest.get(..close)?, instant, span, out)?);
        at += close;
    }
    if !parts.contains(&SignedPart::Body) {
        let fault = Diagnostic::new(codes::BAD_SIGNATURE, "this signature does not cover the body")
            .at(text.span(), "`{body}` is not in it")
            .note("anybody who saw one delivery could send another body with the same signature")
            .help("put `{body}` where the body is signed: `{timestamp}.{body}`");
        out.push(fault);
        return None;
    }
    Some(parts)
}

fn hole(hole: &str, instant: Option<&Instant>, span: Span, out: &mut Diagnostics) -> Option<SignedPart> {
    let name = hole.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    match (name, instant) {
        (Some("body"), _) => return Some(SignedPart::Body),
        (Some("timestamp"), Some((header, _))) => return Some(SignedPart::Header(header.value.clone())),
        (Some("timestamp"), None) => {
            let fault = Diagnostic::new(codes::BAD_SIGNATURE, "nothing says where the timestamp stands")
                .at(span, "read from which header?")
                .note("a signature over an instant is good for a while only, and the sender tells it in a header")
                .help("add `\"timestamp\": {\"header\": \"…\"}` to `signature`");
            out.push(fault);
            return None;
        }
        _ => {}
    }
    let header = name.and_then(|name| name.strip_prefix("headers."));
    if let Some(header) = header.filter(|header| is_header(header)) {
        return Some(SignedPart::Header(header.to_ascii_lowercase()));
    }
    let fault = Diagnostic::new(
        codes::BAD_SIGNATURE,
        format!("`{hole}` is nothing that is signed"),
    )
    .at(span, "not understood")
    .note("`signed` is no template: it knows `{body}`, `{timestamp}` and `{headers.name}`, in single braces")
    .help("write for example `v0:{timestamp}:{body}`");
    out.push(fault);
    None
}

/// An instant that nobody signed can be written anew.
fn covers(parts: &[SignedPart], (header, _): &Instant, out: &mut Diagnostics) {
    let is_it = |part: &SignedPart| matches!(part, SignedPart::Header(name) if *name == header.value);
    if parts.iter().any(is_it) {
        return;
    }
    let fault = Diagnostic::new(codes::BAD_SIGNATURE, "the timestamp is not signed")
        .at(header.span, "not among what is signed")
        .note("anybody who saw a delivery could send it again later, with a new timestamp")
        .help("put `{timestamp}` into `signed` if the sender signs it, else leave `timestamp` out");
    out.push(fault);
}
