//! What is sent: texts, JSON values, whole bodies, headers.
//!
//! Role: the lists beside this file, and inputs too large or too odd for a list.

use backflow_testkit::crawl::Marks;
use serde_json::Value;

fn listed(json: &str) -> Vec<String> {
    serde_json::from_str(json).expect("a list of texts")
}

/// Texts for parameters, headers and members of bodies.
pub(crate) fn texts() -> Vec<String> {
    let mut texts = listed(include_str!("texts.json"));
    let long = [
        ("a", 300),
        ("x", 20_000),
        ("é", 5_000),
        ("'", 3_000),
        ("%", 2_000),
        ("(", 2_000),
        ("\u{301}", 3_000),
        ("a", 200_000),
    ];
    texts.extend(long.map(|(text, times)| text.repeat(times)));
    texts
}

/// JSON values that a member may have in place of its own; some are none.
pub(crate) fn values() -> Vec<String> {
    let mut values = listed(include_str!("values.json"));
    values.push(format!("{}{}", "[".repeat(60), "]".repeat(60)));
    values.push(format!("{}1{}", "{\"a\":".repeat(62), "}".repeat(62)));
    values.push("9".repeat(5_000));
    values.push(format!("0.{}1", "0".repeat(5_000)));
    values.extend(texts().into_iter().map(|text| Value::from(text).to_string()));
    values
}

/// Whole bodies.
pub(crate) fn bodies() -> Vec<Vec<u8>> {
    let keys: Vec<String> = (0..10_000).map(|at| format!("\"k{at}\":{at}")).collect();
    let padded = |size: usize| {
        format!(
            "{{\"name\":\"x\",\"slug\":\"y\",\"pad\":\"{}\"}}",
            "x".repeat(size)
        )
    };
    let large = [
        "[".repeat(100_000),
        "{\"a\":".repeat(100_000),
        format!("{{\"a\":{}{}}}", "[".repeat(64), "]".repeat(64)),
        format!("{{{}}}", keys.join(",")),
        padded(1024 * 1024),
        padded(1024 * 1024 - 64),
        " ".repeat(1024 * 1024 + 1),
    ];
    let broken: [&[u8]; 7] = [
        b"{\"name\":\"\xff\"}",
        b"{\"name\":\"\xc0\x80\"}",
        b"{\"name\":\"\xed\xa0\x80\"}",
        b"{\"name\":\"\xf5\x80\x80\x80\"}",
        b"\xff\xfe{\x00}\x00",
        b"\x1f\x8b\x08\x00",
        b"\x00",
    ];
    let listed = listed(include_str!("bodies.json"))
        .into_iter()
        .chain(large)
        .map(String::into_bytes);
    listed.chain(broken.map(<[u8]>::to_vec)).collect()
}

/// Headers that come together, each with a value of any bytes.
pub(crate) type Headers = Vec<(&'static str, Vec<u8>)>;

/// Headers; some come twice.
pub(crate) fn headers() -> Vec<Headers> {
    let mut all: Vec<Headers> = Vec::new();
    for text in texts() {
        for name in [
            "x-tenant-id",
            "x-request-id",
            "content-type",
            "authorization",
            "accept",
            "x-forwarded-for",
        ] {
            all.push(vec![(name, text.clone().into_bytes())]);
        }
    }
    let (own, other) = (Marks::new(0).key(), Marks::new(1).key());
    let both = format!("{own}, {other}");
    let fixed: [&[(&'static str, &[u8])]; 14] = [
        &[("x-tenant-id", other.as_bytes()), ("x-tenant-id", own.as_bytes())],
        &[("x-tenant-id", own.as_bytes()), ("x-tenant-id", other.as_bytes())],
        &[("x-tenant-id", both.as_bytes())],
        &[("x-tenant-id", b"\xff\xfe")],
        &[
            ("content-type", b"application/json"),
            ("content-type", b"text/plain"),
        ],
        &[("content-type", b"application/json; charset=utf-16")],
        &[("content-type", b"application/json;;;")],
        &[("content-encoding", b"gzip")],
        &[
            ("content-length", b"-1"),
            ("transfer-encoding", b"chunked, chunked"),
        ],
        &[("authorization", b"Bearer a.b.c"), ("authorization", b"Bearer x")],
        &[("authorization", b"Bearer \xff")],
        &[("x-http-method-override", b"DELETE")],
        &[("range", b"bytes=0-0"), ("if-none-match", b"*")],
        &[("prefer", b"tx=rollback, return=representation")],
    ];
    all.extend(fixed.map(|headers| {
        headers
            .iter()
            .map(|(name, value)| (*name, value.to_vec()))
            .collect()
    }));
    all.push(vec![("idempotency-key", vec![b'k'; 10_000])]);
    all
}
