//! Which routes that count share a commit with others, and which of those are one statement with them.

use crate::{NOTE, route_with};

const COUNTERS: &str = "CREATE TABLE levels (n INTEGER PRIMARY KEY);
CREATE TABLE counters (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(), org_id UUID NOT NULL REFERENCES orgs(id), name TEXT NOT NULL,
    used INTEGER DEFAULT 0, most INTEGER, note TEXT, UNIQUE (org_id, name)
);";

/// The positions of the values that name the row in which a route counts.
fn shared(queries: &str) -> Option<Vec<usize>> {
    let route = route_with(COUNTERS, queries, "");
    route.shares.map(|shares| shares.row.to_vec())
}

/// Whether many who count by this upsert are one statement, in the table as it is with these words for others.
fn at_once(words: [&str; 2], queries: &str) -> bool {
    let [there, instead] = words;
    assert!(COUNTERS.contains(there));
    let body = r#"{"n": {"type": "integer", "required": true}, "most": {"type": "integer", "required": true},
        "note": {"type": "string", "required": true}}"#;
    let body = format!(r#", "validation": {{"body": {body}}}"#);
    let route = route_with(&COUNTERS.replace(there, instead), queries, &body);
    route.shares.is_some_and(|shares| shares.at_once.is_some())
}

fn counting(more: &str) -> String {
    format!(
        r#"[{{"table": "counters", "operation": "upsert", "onConflict": ["org_id", "name"],
            "data": {{"name": "{{{{params.id}}}}", "used": "used + 1"}}{more}}}]"#
    )
}

#[test]
fn who_counts_shares_a_commit() {
    // The tenant's name, and the counter's; the caller between them names no row.
    let upsert = shared(&counting("")).expect("it counts");
    assert_eq!(upsert.len(), 2);
    assert_eq!(upsert[0], 0);
    assert!(upsert[1] > 1);
    // A limit refuses only what has written nothing.
    assert_eq!(shared(&counting(r#", "require": "used <= most""#)), Some(upsert));
    let update = |data: &str, more: &str| {
        format!(
            r#"[{{"table": "counters", "operation": "update", "data": {{{data}}}, {more}
                "filters": [{{"column": "id", "operator": "eq", "value": "{{{{params.id}}}}"}}]}}]"#
        )
    };
    let single = r#""single": true,"#;
    assert!(shared(&update(r#""used": "used + 1""#, single)).is_some_and(|row| row.len() == 1));
    assert_eq!(shared(&update(r#""used": 1"#, single)), None, "it does not count");
    assert_eq!(
        shared(&update(r#""used": "used + 1", "name": "x""#, single)),
        None,
        "a key may be taken"
    );
    let by_name = r#"[{"table": "counters", "operation": "update", "data": {"used": "used + 1"},
        "filters": [{"column": "most", "operator": "eq", "value": 1}]}]"#;
    assert_eq!(shared(by_name), None, "any number of rows");
    let behind = counting(r#", "require": "used <= most""#)
        .replace("}]", "}, ")
        .to_owned()
        + NOTE
        + "]";
    assert_eq!(shared(&behind), None, "something is written behind it");
    assert_eq!(shared(&format!("[{NOTE}]")), None, "nothing is counted");
}

#[test]
fn many_who_count_are_one_statement_where_nobody_could_tell() {
    let as_it_is = ["", ""];
    let limited = counting(r#", "require": "used <= most""#);
    assert!(at_once(as_it_is, &counting("")));
    assert!(at_once(as_it_is, &limited));
    assert!(at_once(
        as_it_is,
        &counting(r#", "select": "used, org:orgs(name)""#)
    ));
    let counted = |value: &str| counting("").replace("used + 1", value);
    assert!(at_once(as_it_is, &counted("used + {{body.n}}")));
    assert!(at_once(
        ["DEFAULT 0", "DEFAULT 7 CHECK (used >= 0 AND used < 100)"],
        &limited
    ));
    assert!(at_once(["INTEGER DEFAULT 0", "BIGINT"], &counting("")));

    let own_number = counting(r#", "require": "used <= {{body.most}}""#);
    assert!(
        !at_once(as_it_is, &own_number),
        "everybody has a limit of their own"
    );
    let least = counting(r#", "require": "used >= most""#);
    assert!(!at_once(as_it_is, &least), "all may reach what one does not");
    assert!(
        !at_once(as_it_is, &counted("used - 1")),
        "it may end below where it began"
    );
    assert!(!at_once(as_it_is, &counted("used * 2")));
    assert!(
        !at_once(
            as_it_is,
            &counting("").replace(r#""used":"#, r#""note": "{{body.note}}", "used":"#)
        ),
        "the last one's note stays"
    );
    for check in ["used % 2 = 0", "used > 0", "used >= 10", "used <= most"] {
        let check = format!("DEFAULT 0 CHECK ({check})");
        assert!(
            !at_once(["DEFAULT 0", &check], &counting("")),
            "{check}: it may refuse what is offered"
        );
    }
    let levels = ["INTEGER DEFAULT 0", "INTEGER REFERENCES levels(n)"];
    assert!(!at_once(levels, &counting("")), "no level may be passed over");
    let few = [
        "\n);",
        "\n); CREATE UNIQUE INDEX few ON counters (org_id) WHERE used = 3;",
    ];
    assert!(!at_once(few, &counting("")), "somebody else may have that sum");
    let nameless = counting("").replace(r#""{{params.id}}""#, "null");
    assert!(
        !at_once(["name TEXT NOT NULL", "name TEXT"], &nameless),
        "each makes a row"
    );
    assert!(
        !at_once(["INTEGER DEFAULT 0", "NUMERIC"], &counting("")),
        "sums of fractions print otherwise"
    );
    assert!(
        !at_once(["name TEXT", "name CHAR(9)"], &counting("")),
        "what is stored is not what was given"
    );
    let twice = [
        "note TEXT",
        "note TEXT, twice INTEGER GENERATED ALWAYS AS (used * 2) STORED",
    ];
    assert!(!at_once(twice, &counting("")), "it is computed from the last sum");
}
