//! Hostile bodies, parameters and headers on every route: no failure of ours, no secret, no row that was not meant.
//!
//! Invariant checked after each request: the status is not 500, a refusal has the form of all refusals and changes
//! nothing at all, and an answer changes only tables that its route writes, and only rows of the caller's tenant.

use backflow_plan::model::{Operation, Route};
use backflow_testkit::World;
use backflow_testkit::crawl::{self, Attempt, Caller, FIXTURES, Fixture, Marks, Sent, tenant_of};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Whose requests these are.
const OWNER: Caller = Caller::Member {
    tenant: 0,
    role: "owner",
};
const TENANTS: usize = 2;

/// Texts for parameters, headers and members of bodies.
fn texts() -> Vec<String> {
    let fixed = [
        "",
        " ",
        "'",
        "\"",
        "`",
        "\\",
        ";",
        "--",
        "/*",
        "*/",
        "%",
        "_",
        "%%",
        "' OR 1=1 --",
        "' OR '1'='1",
        "'; DROP TABLE organizations; --",
        "\"; DELETE FROM usage_records; --",
        "') UNION SELECT token FROM invitations --",
        "1; ATTACH DATABASE 'x' AS y",
        "char(0)",
        "x' || (SELECT token) || '",
        "?1",
        ":p",
        "@p",
        "$1",
        "{{env.STRIPE_WEBHOOK_SECRET}}",
        "${STRIPE_WEBHOOK_SECRET}",
        "{{auth}}",
        "{{uuid()}}",
        "now()",
        "now() + '7d'",
        "used + 1",
        "organization_id",
        "null",
        "NULL",
        "undefined",
        "true",
        "false",
        "NaN",
        "Infinity",
        "-Infinity",
        "0",
        "-1",
        "1e400",
        "-0",
        "0x10",
        "1_000",
        "１２",
        "𝟏",
        "9223372036854775807",
        "9223372036854775808",
        "0.1",
        "../../etc/passwd",
        "..%2f..%2f",
        "file:///etc/passwd",
        "http://169.254.169.254/",
        "<script>alert(1)</script>",
        "%s%n%x",
        "$(id)",
        "`id`",
        "|id",
        "\r\nX-Injected: 1",
        "\u{b}",
        "\u{7f}",
        "\u{80}",
        "\u{ad}",
        "\u{200b}",
        "\u{200d}",
        "\u{202e}txt",
        "\u{2028}",
        "\u{feff}",
        "\u{fffd}",
        "\u{ffff}",
        "\u{10ffff}",
        "e\u{301}",
        "é",
        "İ",
        "ı",
        "ß",
        "ﬁ",
        "асme",
        "Ａcme",
        "😀",
        "👩‍👩‍👧‍👦",
        "__proto__",
        "constructor",
        "prototype",
        "toString",
        "hasOwnProperty",
        "sqlite_master",
        "rowid",
        "_rowid_",
        "oid",
        "*",
        "select=*",
        "id,token",
        "2026-11-23",
        "2026-13-45",
        "9999-12-31T23:59:60Z",
        "0000-00-00",
        "-4713-01-01",
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "{c0de0001-0000-4000-8000-000000000000}",
        "c0de0001-0000-4000-8000-00000000000",
        "C0DE0001-0000-4000-8000-000000000000",
        "c0de000100004000800000000000000",
        "urn:uuid:c0de0001-0000-4000-8000-000000000000",
        "a@b",
        "a@b.co",
        "\"a b\"@c.de",
        "a@b.co\n",
        "new@example.com\u{0}",
    ];
    let mut texts: Vec<String> = fixed.iter().map(|text| (*text).to_owned()).collect();
    texts.extend([
        "a".repeat(300),
        "x".repeat(20_000),
        "é".repeat(5_000),
        "'".repeat(3_000),
        "%".repeat(2_000),
        "(".repeat(2_000),
        "\u{301}".repeat(3_000),
        "a".repeat(200_000),
    ]);
    texts
}

/// JSON values that a member may have in place of its own.
fn values() -> Vec<String> {
    let fixed = [
        "null",
        "true",
        "false",
        "0",
        "-0",
        "-0.0",
        "1",
        "-1",
        "1.5",
        "1e2",
        "1E+2",
        "1e400",
        "-1e400",
        "1e-400",
        "1e999999999",
        "1e-999999999",
        "0e999999999",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775809",
        "2147483648",
        "123456789012345678901234567890",
        "0.1234567890123456789012345678901234567890",
        "[]",
        "{}",
        "[null]",
        "[[]]",
        "[1,\"2\",{}]",
        "[\"a\",\"b\"]",
        "{\"$ne\":null}",
        "{\"$gt\":\"\"}",
        "{\"__proto__\":{\"role\":\"owner\"}}",
        "{\"toString\":1,\"valueOf\":2}",
        "{\"length\":1e9}",
        "{\"\":\"\"}",
        "{\"a.b\":1}",
        "{\"eq\":\"x\"}",
        "{\"raw\":\"1=1\"}",
        "\"\\u0000\"",
        "\"a\\u0000b\"",
        "\"\\ud800\"",
        "\"\\udc00\\ud800\"",
        "\"\\ud83d\\ude00\"",
        "\"\\uFFFF\"",
        "\"\\/\"",
        "\"\\x41\"",
        "\"\t\"",
        "01",
        "+1",
        ".5",
        "5.",
        "1e",
        "NaN",
        "Infinity",
        "undefined",
        "'a'",
    ];
    let mut values: Vec<String> = fixed.iter().map(|value| (*value).to_owned()).collect();
    values.push(format!("{}{}", "[".repeat(60), "]".repeat(60)));
    values.push(format!("{}1{}", "{\"a\":".repeat(62), "}".repeat(62)));
    values.push("9".repeat(5_000));
    values.push(format!("0.{}1", "0".repeat(5_000)));
    values.extend(texts().iter().map(|text| Value::from(text.as_str()).to_string()));
    values
}

/// Whole bodies.
fn bodies() -> Vec<Vec<u8>> {
    let keys = |n: usize| {
        (0..n)
            .map(|at| format!("\"k{at}\":{at}"))
            .collect::<Vec<_>>()
            .join(",")
    };
    let mut bodies: Vec<Vec<u8>> = [
        "{",
        "}",
        "[",
        "]",
        "{}",
        "[]",
        "null",
        "true",
        "1",
        "\"a\"",
        " ",
        "\n",
        "{}{}",
        "{} x",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":1 /* c */}",
        "// c\n{}",
        "\u{feff}{}",
        "{\"a\":1}\u{0}",
        "{\"\u{0}\":1}",
        "{\"a\\u0000\":1}",
        "{\"name\":\"x\",\"name\":\"y\"}",
        "{\"__proto__\":{\"slug\":\"x\"}}",
        "{\"constructor\":{\"prototype\":{\"slug\":\"x\"}}}",
        "a=1&b=2",
        "<xml/>",
        "--x\r\n",
        "\\u007b\\u007d",
        "{\"a\":\"\\\"}",
        "{\"name\":\"x\",\"slug\":\"\\ud800\"}",
        "\"",
    ]
    .iter()
    .map(|body| body.as_bytes().to_vec())
    .collect();
    bodies.push("[".repeat(100_000).into_bytes());
    bodies.push("{\"a\":".repeat(100_000).into_bytes());
    bodies.push(format!("{{\"a\":{}{}}}", "[".repeat(64), "]".repeat(64)).into_bytes());
    bodies.push(format!("{{{}}}", keys(10_000)).into_bytes());
    bodies.push(format!("{{\"name\":\"{}\"}}", "x".repeat(1024 * 1024)).into_bytes());
    bodies.push(
        format!(
            "{{\"name\":\"x\",\"slug\":\"y\",\"pad\":\"{}\"}}",
            "x".repeat(1024 * 1024 - 64)
        )
        .into_bytes(),
    );
    bodies.push(vec![b' '; 1024 * 1024 + 1]);
    bodies.extend([
        b"{\"name\":\"\xff\"}".to_vec(),
        b"{\"name\":\"\xc0\x80\"}".to_vec(),
        b"{\"name\":\"\xed\xa0\x80\"}".to_vec(),
        b"{\"name\":\"\xf5\x80\x80\x80\"}".to_vec(),
        b"\xff\xfe{\x00}\x00".to_vec(),
        b"\x1f\x8b\x08\x00".to_vec(),
        b"\x00".to_vec(),
    ]);
    bodies
}

/// Headers, each with a value of any bytes.
fn headers() -> Vec<Vec<(&'static str, Vec<u8>)>> {
    let mut all: Vec<Vec<(&'static str, Vec<u8>)>> = Vec::new();
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
    let other = Marks::new(1).key().into_bytes();
    all.extend([
        vec![
            ("x-tenant-id", other.clone()),
            ("x-tenant-id", Marks::new(0).key().into_bytes()),
        ],
        vec![
            ("x-tenant-id", Marks::new(0).key().into_bytes()),
            ("x-tenant-id", other.clone()),
        ],
        vec![(
            "x-tenant-id",
            [Marks::new(0).key().into_bytes(), b", ".to_vec(), other].concat(),
        )],
        vec![("x-tenant-id", b"\xff\xfe".to_vec())],
        vec![
            ("content-type", b"application/json".to_vec()),
            ("content-type", b"text/plain".to_vec()),
        ],
        vec![("content-type", b"application/json; charset=utf-16".to_vec())],
        vec![("content-type", b"application/json;;;".to_vec())],
        vec![("content-encoding", b"gzip".to_vec())],
        vec![
            ("content-length", b"-1".to_vec()),
            ("transfer-encoding", b"chunked, chunked".to_vec()),
        ],
        vec![
            ("authorization", b"Bearer a.b.c".to_vec()),
            ("authorization", b"Bearer x".to_vec()),
        ],
        vec![("authorization", b"Bearer \xff".to_vec())],
        vec![("x-http-method-override", b"DELETE".to_vec())],
        vec![("range", b"bytes=0-0".to_vec()), ("if-none-match", b"*".to_vec())],
        vec![("prefer", b"tx=rollback, return=representation".to_vec())],
        vec![("idempotency-key", vec![b'k'; 10_000])],
    ]);
    all
}

/// The rows of every table, and those that are not the caller's.
#[derive(PartialEq, Eq, Clone)]
struct Rows {
    tables: BTreeMap<&'static str, String>,
    others: String,
}

struct Siege<'w> {
    world: &'w World,
    fixture: &'w Fixture,
    database: rusqlite::Connection,
    before: Rows,
    sent: usize,
}

impl Siege<'_> {
    fn rows(database: &rusqlite::Connection, fixture: &Fixture) -> Rows {
        let (mut tables, mut others) = (BTreeMap::new(), String::new());
        for (table, owner) in fixture.tables {
            let query = format!(
                "SELECT coalesce(({owner}), ''), json_array(r.rowid, {}) FROM {table} AS r ORDER BY 1, 2",
                columns(database, table)
            );
            let mut statement = database.prepare_cached(&query).unwrap();
            let found = statement
                .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))
                .unwrap();
            let rows: &mut String = tables.entry(*table).or_default();
            for (owner, row) in found.map(Result::unwrap) {
                rows.push_str(&row);
                if tenant_of(&owner).is_some_and(|tenant| tenant != 0) {
                    others.push_str(&row);
                }
            }
        }
        Rows { tables, others }
    }

    /// Sends a request and judges what came of it.
    async fn send(&mut self, route: &Route, method: &str, target: &str, headers: &HeaderMap, body: Vec<u8>) {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let shown = String::from_utf8_lossy(&body)
            .chars()
            .take(300)
            .collect::<String>();
        let about = format!(
            "{} {} {headers:?} {shown}",
            route.name(),
            target.chars().take(300).collect::<String>()
        );
        let said = format!("{target} {headers:?} {}", String::from_utf8_lossy(&body));
        let answer = self
            .world
            .send_raw(&method, target, headers, Bytes::from(body))
            .await;
        self.sent += 1;
        assert_ne!(answer.status, 500, "{about}\n{}", answer.body);
        let secrets: &[&str] = match answer.status {
            400.. => &[
                "whsec_test",
                "a secret for tests",
                "SQL",
                "sqlite",
                "constraint",
                "panicked",
            ],
            _ => &["whsec_test", "a secret for tests"],
        };
        for secret in secrets {
            let echoed = said.contains(secret);
            assert!(
                echoed || !answer.body.contains(secret),
                "{about}\n{}",
                answer.body
            );
        }
        // Ids may be the caller's own choice; texts are not.
        let foreign = Marks::new(1).mark();
        assert!(!answer.body.contains(&foreign), "{about}\n{}", answer.body);
        let after = Self::rows(&self.database, self.fixture);
        if answer.status >= 400 {
            let refusal = answer.json();
            let whole = ["error", "message", "code", "requestId"]
                .iter()
                .all(|member| refusal[member].is_string());
            assert!(whole, "{about}\n{}", answer.body);
            assert!(
                after == self.before,
                "a refusal changed rows: {about}\n{}",
                answer.body
            );
        } else {
            assert!(
                answer.body.is_empty() || serde_json::from_str::<Value>(&answer.body).is_ok(),
                "{about}\n{}",
                answer.body
            );
            let creates = matches!(route.name().as_str(), "POST /organizations" | "POST /workspaces");
            assert!(
                creates || after.others == self.before.others,
                "rows of another tenant changed: {about}"
            );
            let written: BTreeSet<&str> = route
                .steps
                .iter()
                .filter(|step| step.operation != Operation::Select)
                .map(|step| step.table.as_str())
                .collect();
            for (table, rows) in &after.tables {
                assert!(
                    written.contains(table) || self.before.tables.get(table) == Some(rows),
                    "{table} changed: {about}"
                );
            }
        }
        if after != self.before {
            crawl::reset(
                &self.database,
                self.fixture,
                &(0..TENANTS).map(Marks::new).collect::<Vec<_>>(),
            );
            self.before = Self::rows(&self.database, self.fixture);
        }
    }
}

fn columns(database: &rusqlite::Connection, table: &str) -> String {
    let mut statement = database
        .prepare_cached("SELECT group_concat('r.\"' || name || '\"') FROM pragma_table_info(?1)")
        .unwrap();
    statement.query_row([table], |row| row.get(0)).unwrap()
}

/// A header map; what no header can be is left out.
fn map(world: &World, sent: &Sent, more: &[(&str, Vec<u8>)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    let (name, claims) = OWNER.token(sent.claim.as_deref()).unwrap();
    if !more.iter().any(|(name, _)| *name == "authorization") {
        map.insert(
            "authorization",
            HeaderValue::from_str(&world.token(&name, &claims)).unwrap(),
        );
    }
    if !more.iter().any(|(name, _)| *name == "content-type") {
        map.insert("content-type", HeaderValue::from_static("application/json"));
    }
    for (name, value) in more {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
        }
    }
    map
}

/// A text as part of a URL: as it is where it can be, and with every byte escaped.
fn encoded(text: &str) -> [String; 2] {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"?#/ ".contains(&byte);
    let some = text
        .bytes()
        .map(|b| {
            if plain(b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect();
    [some, text.bytes().map(|byte| format!("%{byte:02x}")).collect()]
}

fn own(fixture: &Fixture, route: &Route) -> Sent {
    let attempt = Attempt {
        path: 0,
        ids: 0,
        refs: (0, 0),
        header: None,
        claim: Some(0),
        body: None,
    };
    crawl::sent(fixture, route, &OWNER, &attempt, &[Marks::new(0), Marks::new(1)])
}

/// Sends a route every input, or one of `part`, beginning with `from`.
async fn besiege(siege: &mut Siege<'_>, route: &Route, (from, part): (usize, usize)) {
    let sent = own(siege.fixture, route);
    let plain = map(siege.world, &sent, &[]);
    let (path, query) = sent.target.split_once('?').unwrap_or((&sent.target, ""));
    if !sent.body.is_empty() {
        for body in bodies().into_iter().skip(from % part).step_by(part) {
            siege.send(route, sent.method, &sent.target, &plain, body).await;
        }
        let members: serde_json::Map<String, Value> = serde_json::from_str(&sent.body).unwrap();
        for value in values().into_iter().skip(from % part).step_by(part) {
            for name in members.keys().filter(|name| route_reads(route, name)) {
                let rest = members.iter().filter(|(other, _)| *other != name);
                let mut parts: Vec<String> =
                    rest.map(|(name, value)| format!("\"{name}\":{value}")).collect();
                parts.push(format!("\"{name}\":{value}"));
                siege
                    .send(
                        route,
                        sent.method,
                        &sent.target,
                        &plain,
                        format!("{{{}}}", parts.join(",")).into_bytes(),
                    )
                    .await;
            }
        }
    }
    let segments: Vec<&str> = path.split('/').collect();
    let texts = texts().into_iter().filter(|text| text.len() <= 20_000);
    for text in texts.skip(from % part).step_by(part) {
        for escaped in encoded(&text) {
            for at in 1..segments.len() {
                let mut changed = segments.clone();
                changed[at] = &escaped;
                let target = format!("{}?{query}", changed.join("/"));
                siege
                    .send(
                        route,
                        sent.method,
                        &target,
                        &plain,
                        sent.body.clone().into_bytes(),
                    )
                    .await;
            }
            let target = format!(
                "{path}?project={escaped}&q={escaped}&limit={escaped}&like={escaped}&{escaped}={escaped}"
            );
            siege
                .send(
                    route,
                    sent.method,
                    &target,
                    &plain,
                    sent.body.clone().into_bytes(),
                )
                .await;
        }
    }
    for more in headers().into_iter().skip(from % part).step_by(part) {
        let headers = map(siege.world, &sent, &more);
        siege
            .send(
                route,
                sent.method,
                &sent.target,
                &headers,
                sent.body.clone().into_bytes(),
            )
            .await;
    }
    for method in ["OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "X"] {
        siege.send(route, method, &sent.target, &plain, Vec::new()).await;
    }
}

/// Whether a route reads a member of its body; any member, if nothing declares them.
fn route_reads(route: &Route, name: &str) -> bool {
    use backflow_plan::model::{BodyRule, Source};
    match &route.input.body {
        BodyRule::Fields(fields) => fields.iter().any(|field| field.name == name),
        _ => route.frame.iter().any(|source| match source {
            Source::Body(keys) => keys
                .first()
                .and_then(|key| key.as_name())
                .is_none_or(|key| key == name),
            _ => false,
        }),
    }
}

#[test]
fn nothing_that_comes_in_is_our_fault() {
    let inputs = texts().len() + values().len() + bodies().len() + headers().len();
    assert!(inputs >= 200, "{inputs} inputs");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    for fixture in &FIXTURES {
        let compiled = fixture.project().compile();
        let routes = compiled
            .plan
            .as_ref()
            .expect("the fixture has no faults")
            .routes
            .clone();
        let world = World::start(compiled);
        let database = world.database();
        crawl::reset(
            &database,
            fixture,
            &(0..TENANTS).map(Marks::new).collect::<Vec<_>>(),
        );
        let before = Siege::rows(&database, fixture);
        let mut siege = Siege {
            world: &world,
            fixture,
            database,
            before,
            sent: 0,
        };
        // The starting project's routes get everything, those of the larger one a part each.
        let part = if fixture.name == "seed" { 1 } else { 7 };
        for (at, route) in routes.iter().enumerate() {
            runtime.block_on(besiege(&mut siege, route, (at, part)));
        }
        println!(
            "{}: {} requests of {inputs} hostile inputs",
            fixture.name, siege.sent
        );
    }
}
