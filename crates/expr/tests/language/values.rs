//! What programs give, by tables of expression and result.

use crate::world::{Clock, eval, eval_with, frame, program, shown, template};
use backflow_expr::{Kind, Slot, Value};

fn table(rows: &[(&str, &str)]) {
    for (expression, result) in rows {
        assert_eq!(eval(expression), *result, "{expression}");
    }
}

#[test]
fn literals_and_paths() {
    table(&[
        ("'it\\'s'", r#""it's""#),
        (r#""a\n\u00e9\\""#, r#""a\né\\""#),
        ("1.50", "1.50"),
        ("-3", "-3"),
        ("--3", "3"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("true", "true"),
        ("null", "null"),
        ("any.s", r#""text""#),
        ("any['s']", r#""text""#),
        ("any.l[1]", r#""x""#),
        ("any.l[9]", "undefined"),
        ("any.q.r.s", "undefined"),
        ("any.z.x", "undefined"),
        ("any.s.length", "4"),
        ("any.l.length", "2"),
        ("any.o.length", "undefined"),
        ("any.n.length", "undefined"),
        ("body.tags.length", "2"),
        ("body.name.length", "3"),
        ("body.box.length", "99"),
        ("body.nick.length", "undefined"),
        ("split('a,b', ',')[1]", r#""b""#),
        ("split('a,b', ',').length", "2"),
        ("({{any.o}}).k", "1"),
        ("{{any.o}}.k", "1"),
        ("steps.s", r#""text""#),
    ]);
    assert_eq!(
        shown(eval_with(
            "steps.create-customer.result.id",
            r#"{"create-customer":{"result":{"id":"c"}}}"#
        )),
        r#""c""#
    );
    assert_eq!(shown(eval_with("any['a b'].c-d2", r#"{"a b":{"c-d2":1}}"#)), "1");
    assert_eq!(shown(eval_with("any.länge", r#"{"länge":1}"#)), "1");
}

#[test]
fn logic_gives_operands_and_stops_early() {
    table(&[
        ("any.q || 'x'", r#""x""#),
        ("any.z || 'x'", r#""x""#),
        ("any.s || 'x'", r#""text""#),
        ("(any.n - 5) || 'x'", r#""x""#),
        ("any.n && any.s", r#""text""#),
        ("any.z && any.s", "null"),
        ("any.q ?? 'x'", r#""x""#),
        ("any.z ?? 'x'", r#""x""#),
        ("(any.n - 5) ?? 'x'", "0"),
        ("any.b || (any.s - 1)", "true"),
        ("any.z && (any.s - 1)", "null"),
        ("any.b ? 'y' : any.s - 1", r#""y""#),
        ("!any.l", "false"),
        ("!any.q", "true"),
        ("!any.n === false", "true"),
        ("any.b ? any.z ? 1 : 2 : 3", "2"),
        ("any.b || any.z && false", "true"),
        ("any.z ?? any.q ?? 3", "3"),
    ]);
}

#[test]
fn equality_is_strict() {
    table(&[
        ("any.n === 5.0", "true"),
        ("any.n == 5", "true"),
        ("any.d === 2.5", "true"),
        ("any.n === '5'", "false"),
        ("any.n !== '5'", "true"),
        ("any.z === null", "true"),
        ("any.q === null", "false"),
        ("any.q === any.r", "true"),
        ("any.l === any.l", "true"),
        ("any.o === any.l", "false"),
        ("body.at === '2026-11-23 18:10:15'", "true"),
        ("'2026-11-23T19:10:15+01' === body.at", "true"),
        ("body.at === any.s", "false"),
        ("any.t === '2026-01-31T10:00:00Z'", "true"),
        ("any.t === '2026-01-31 10:00:00Z'", "false"),
        ("{{any.s}} === 'text' && {{any.n}} > 4", "true"),
    ]);
}

#[test]
fn order_of_numbers_texts_and_times() {
    table(&[
        ("2 < 10", "true"),
        ("any.d <= 2.5", "true"),
        ("'10' < '2'", "true"),
        ("'Z' < 'a'", "true"),
        ("'\u{ffff}' < '😀'", "true"),
        ("body.at > '2026-11-23'", "true"),
        ("now() < body.at", "true"),
        ("any.q > 1", "false"),
        ("any.q <= 1", "false"),
        ("any.z >= 0", "false"),
        ("any.s > 1", "error: `any.s`: text and number have no order"),
        ("any.b > 1", "error: `any.b`: boolean and number have no order"),
        (
            "body.at > any.s",
            "error: `body.at`: a time is compared with a text that is none",
        ),
    ]);
}

#[test]
fn arithmetic_and_joining() {
    table(&[
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("10 - 2 - 3", "5"),
        ("7 / 2", "3.5"),
        ("-7 % 3", "-1"),
        ("0.1 + 0.2", "0.3"),
        ("any.d + 1", "3.50"),
        ("any.n - 1", "4"),
        ("-any.n", "-5"),
        ("any.n -\n 1", "4"),
        ("any.s + '!'", r#""text!""#),
        ("'' + ''", r#""""#),
        ("any.q + 1", "undefined"),
        ("any.q + 'x'", "undefined"),
        ("any.z + 1", "null"),
        ("any.z + 'x'", "error: `any.z`: null cannot become part of a text"),
        ("any.s + 1", "error: `any.s`: `+` cannot work on text and number"),
        ("any.n / 0", "error: `any.n`: division by zero"),
        ("any.n / any.q", "undefined"),
        ("-any.s", "error: `any.s`: `-` cannot work on text"),
        ("9223372036854775807 + 1", "9223372036854775808"),
    ]);
}

#[test]
fn functions() {
    table(&[
        ("uuid()", r#""11111111-2222-4333-8444-555555555555""#),
        ("now()", r#""2026-01-31T12:00:00.123456+00:00""#),
        ("dateAdd(now(), '1mo')", r#""2026-02-28T12:00:00.123456+00:00""#),
        ("dateSub(now(), '7d')", r#""2026-01-24T12:00:00.123456+00:00""#),
        (
            "dateAdd(any.t, any.s)",
            "error: `any.t`: a duration is a whole number and a unit: s, m (minutes), h, d, w, mo (months), y",
        ),
        (
            "dateAdd(any.s, '1d')",
            "error: `any.s`: a time is needed; this text is none",
        ),
        ("dateAdd(any.q, '1d')", "undefined"),
        ("dateAdd(any.z, '1d')", "null"),
        (
            "dateAdd(any.t, '9000y')",
            "error: `any.t`: the time lies outside the years 0001 to 9999",
        ),
        ("formatDate(now(), 'YYYY-MM')", r#""2026-01""#),
        (
            "formatDate(any.t, any.s)",
            "error: `any.t`: `t` means nothing in a date pattern",
        ),
        ("lower('ÄB')", r#""äb""#),
        ("upper('äb')", r#""ÄB""#),
        ("trim('  x ')", r#""x""#),
        ("length('😀é')", "2"),
        ("length(any.l)", "2"),
        (
            "length(any.n)",
            "error: `any.n`: `length` takes a text or a list, not number",
        ),
        ("concat('a', 1, true, any.d)", r#""a1true2.50""#),
        ("concat('a', any.q)", "undefined"),
        ("concat('a', any.z)", "null"),
        ("replace('a.b.c', '.', '--')", r#""a--b--c""#),
        ("replace('abc', '', 'x')", r#""abc""#),
        ("split('a,,b', ',')", r#"["a","","b"]"#),
        ("split('äb', '')", r#"["ä","b"]"#),
        ("join(any.l, '; ')", r#""1; x""#),
        ("join(any.l)", r#""1,x""#),
        ("number('12')", "12"),
        ("number(' -012.50 ')", "-12.50"),
        ("number('+1e3')", "1000"),
        ("number('.5')", "0.5"),
        ("number('5.')", "5"),
        ("number('00')", "0"),
        ("number(any.b)", "1"),
        ("number(any.s)", "error: `any.s`: this text is no number"),
        ("number(any.o)", "error: `any.o`: object cannot become a number"),
        ("string(1.50)", r#""1.50""#),
        ("string(any.o)", r#""{\"k\":1}""#),
        ("string(any.z)", "null"),
        ("boolean('Yes')", "true"),
        ("boolean('off')", "false"),
        ("boolean(any.n)", "error: `any.n`: this is no truth value"),
        ("round(2.5)", "3"),
        ("round(-2.5)", "-3"),
        ("round(2.345, 2)", "2.35"),
        ("floor(-2.5)", "-3"),
        ("ceil(2.1)", "3"),
        ("ceil(-0.5)", "0"),
        ("min(3, any.d, 9)", "2.50"),
        ("max(3, any.n)", "5"),
        ("abs(-2.5)", "2.5"),
        ("coalesce(any.q, any.z, 7, 8)", "7"),
        ("coalesce(any.z, any.q)", "undefined"),
        ("coalesce(any.n, any.s - 1)", "5"),
        (
            "sha256('abc')",
            r#""ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad""#,
        ),
        ("hmacSha256(any.q, 'x')", "undefined"),
        ("base64('fo')", r#""Zm8=""#),
        ("json(any.l)", r#""[1,\"x\"]""#),
        ("json(any.z)", r#""null""#),
        ("json(any.q)", "undefined"),
        ("lower(any.n)", "error: `any.n`: `lower` takes text, not number"),
    ]);
}

#[test]
fn holes_format_and_undefined_or_null_do_not_vanish() {
    let run = |text: &str| {
        let outcome = template(text);
        let program = outcome
            .program
            .unwrap_or_else(|| panic!("{text}\n{}", outcome.report));
        shown(program.run(
            &frame(r#"{"z":null,"l":[1],"n":2.50,"x":"{{body.name}}"}"#),
            &mut Clock,
        ))
    };
    assert_eq!(
        run("Hi {{body.name}}, {{any.n}} {{any.l}} {{body.at}}!"),
        r#""Hi Ann, 2.50 [1] 2026-11-23T18:10:15.000000+00:00!""#
    );
    assert_eq!(run("{{any.n}}"), "2.50");
    assert_eq!(run(" {{any.n}}"), r#"" 2.50""#);
    assert_eq!(run("a {{any.q}}"), "undefined");
    assert_eq!(
        run("a {{any.z}}"),
        "error: `any.z`: null cannot become part of a text"
    );
    assert_eq!(run("a {{any.x}}"), r#""a {{body.name}}""#);
    assert_eq!(run("${KEY}"), r#""s3cret""#);
    assert_eq!(run("Bearer ${KEY}."), r#""Bearer s3cret.""#);
    assert_eq!(run("costs ${{any.n}}"), r#""costs $2.50""#);
    assert_eq!(run("{{'{{'}} }} {x} $y"), r#""{{ }} {x} $y""#);
    assert_eq!(run("{{'}}'}}"), r#""}}""#);
    assert_eq!(run(""), r#""""#);
    assert_eq!(run("{{'a'}}{{1}}"), r#""a1""#);
}

#[test]
fn what_is_known_is_folded() {
    for (text, value) in [
        ("1 + 2", Value::from(3)),
        ("lower('A') + 'b'", "ab".into()),
        ("'x' || body.name", "x".into()),
        ("null ?? 4", 4.into()),
        ("true ? 1 : body.used", 1.into()),
        ("formatDate('2026-01-02', 'D')", "2".into()),
        ("coalesce(null, 2)", 2.into()),
    ] {
        assert_eq!(program(text).as_constant(), Some(&value), "{text}");
    }
    for text in ["uuid()", "now()", "dateAdd(now(), '1d')", "body.name"] {
        assert_eq!(program(text).as_constant(), None, "{text}");
    }
    assert_eq!(program("body.used > 0").always(), None);
    assert_eq!(program("1 > 0").always(), Some(true));
    assert_eq!(program("body.tags").always(), Some(true));
    assert_eq!(program("body.maybe").always(), None);
}

#[test]
fn programs_tell_what_they_read_and_call() {
    let mixed = program("body.used > any.n ? dateAdd(now(), '1d') : body.at");
    assert_eq!(mixed.slots().collect::<Vec<_>>(), [Slot(0), Slot(1)]);
    assert!(mixed.calls("now") && mixed.calls("dateAdd") && !mixed.calls("uuid"));
    assert_eq!(program("any.x-y['a b'][0]").as_path(), Some("any.x-y['a b'][0]"));
    assert_eq!(program("any.n + 1").as_path(), None);
    assert_eq!(program("any['x']"), program("any.x"));
}

#[test]
fn types_carry_kinds_and_origins() {
    let ty = |text: &str| program(text).ty().clone();
    assert_eq!(ty("body.used + 1").kind, Kind::Integer);
    assert_eq!(ty("body.used / 2").kind, Kind::Number);
    assert_eq!(ty("body.used + any.n").kind, Kind::Number);
    assert_eq!(ty("any.a + any.b").kind, Kind::Unknown);
    assert_eq!(ty("any.a === 1").kind, Kind::Bool);
    assert!(!ty("any.a === 1").optional);
    assert!(ty("body.nick").nullable && ty("body.nick").optional);
    assert!(!ty("body.nick || 'x'").nullable && !ty("body.nick ?? 'x'").optional);
    assert!(ty("body.nick && 'x'").nullable);
    assert!(!ty("coalesce(body.nick, 'x')").optional);
    assert!(!ty("coalesce(body.name, body.nick)").optional);
    assert!(ty("lower(body.nick)").optional && ty("lower(body.nick)").nullable);
    assert!(ty("body.tags[0]").optional);
    assert_eq!(ty("body.flag ? 1 : 2.5").kind, Kind::Number);
    assert!(ty("body.flag ? 1 : 2").caller);
    for text in [
        "env.KEY",
        "sha256(env.KEY)",
        "env.KEY === 'x'",
        "body.name + env.KEY",
        "env.KEY ? 1 : 2",
        "!env.KEY",
    ] {
        assert!(ty(text).secret, "{text}");
    }
    assert!(
        template("k={{env.KEY}} {{body.name}}")
            .program
            .is_some_and(|p| p.ty().secret && p.ty().caller)
    );
    for text in [
        "params.id",
        "params.id || 'x'",
        "trim(params.id)",
        "coalesce(params.id, 5)",
    ] {
        assert!(ty(text).wire, "{text}");
    }
    for text in [
        "params.id + 'x'",
        "params.id || body.name",
        "params.id === 'x'",
        "params.id.length",
    ] {
        assert!(!ty(text).wire, "{text}");
    }
}

#[test]
fn listings_are_readable() {
    for (text, listing) in [
        (
            "body.used + 1 > any.n && !body.flag",
            "$0.used + 1 > $1.n && !$0.flag",
        ),
        ("(body.used + 1) * -any.n", "($0.used + 1) * -$1.n"),
        ("10 - (any.a - any.b)", "10 - ($1.a - $1.b)"),
        ("(any.a ? 1 : 2) || 3", "($1.a ? 1 : 2) || 3"),
        ("(any.a || 1)['x y']", "($1.a || 1)['x y']"),
        ("dateSub(now(), '7d')", "dateAdd(now(), '-7d')"),
        ("formatDate(any.t, 'YYYY')", "formatDate($1.t, 'YYYY')"),
        ("'it\\'s\\n'", "'it\\'s\\n'"),
        ("concat(any.a, 'x', 1.50)", "concat($1.a, 'x', 1.50)"),
    ] {
        let shown = program(text).to_string();
        assert_eq!(shown, listing);
    }
    assert_eq!(
        template("a\n{{any.x}}").program.unwrap().to_string(),
        "\"a\\n{{$1.x}}\""
    );
    assert_eq!(template("{{any}}").program.unwrap().to_string(), "$1");
}

#[test]
fn text_is_bounded_at_run_time() {
    let long = format!("{{\"x\":\"{}\"}}", "a".repeat(900_000));
    let fails = |text: &str| shown(eval_with(text, &long)).contains("too long");
    assert!(fails("replace(any.x, 'a', 'aaaa')"));
    assert!(fails("any.x + any.x + any.x"));
    assert!(fails("concat(any.x, any.x, any.x)"));
    assert!(shown(eval_with("split(any.x, '')", &long)).contains("at most"));
    assert_eq!(shown(eval_with("any.x.length", &long)), "900000");
}
