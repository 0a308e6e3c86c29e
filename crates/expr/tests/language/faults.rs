//! What is refused, with which code, at which place; and what the report says.

use crate::world::{condition, template, text_of};
use backflow_diag::{Diagnostics, SourceMap};
use backflow_expr::Template;

fn conditions(rows: &[(&str, &[&str])]) {
    for (text, found) in rows {
        let outcome = condition(text);
        assert_eq!(outcome.found, *found, "{text}\n{}", outcome.report);
    }
}

#[test]
fn syntax() {
    conditions(&[
        ("", &["E0301 ``"]),
        ("  ", &["E0301 ``"]),
        ("any.a +", &["E0301 ``"]),
        ("any.a any.b", &["E0301 `any`"]),
        ("any.a and any.b", &["E0301 `and`"]),
        ("(any.a", &["E0301 ``"]),
        ("any.a)", &["E0301 `)`"]),
        ("{{any.a", &["E0301 ``"]),
        ("any.a }}", &["E0301 `}}`"]),
        ("any.", &["E0301 ``"]),
        ("any.0", &["E0301 `0`"]),
        ("any[", &["E0301 ``"]),
        ("any[any.x]", &["E0301 `any`"]),
        ("any[1.5]", &["E0301 `1.5`"]),
        ("any.a = 1", &["E0301 `=`"]),
        ("any.a & any.b # 1", &["E0301 `&`", "E0301 `#`"]),
        ("any?.a", &["E0301 `?.`"]),
        ("'abc", &["E0301 `'`"]),
        ("'a\\qb'", &["E0301 `\\q`"]),
        ("'\\u0000'", &["E0301 `\\u`"]),
        ("7d", &["E0301 `7d`"]),
        ("007", &["E0301 `007`"]),
        ("undefined", &["E0301 `undefined`"]),
        ("[1]", &["E0301 `[`"]),
        ("any.a.trim()", &["E0301 `(`"]),
        ("any.a ?? any.b || 1", &["E0301 `||`"]),
        ("1 < any.a < 3", &["E0301 `<`"]),
        ("any.a ? 1", &["E0301 ``"]),
        ("lower(any.a,)", &["E0301 `)`"]),
        ("‘a’", &["E0301 `‘`", "E0301 `’`"]),
        ("'{{any.a}}' === 'x'", &["E0301 `'{{any.a}}'`"]),
        ("secret:key", &["E0301 `secret`"]),
    ]);
}

#[test]
fn hyphens() {
    conditions(&[
        ("any.a-1", &["E0307 `-1`"]),
        ("any.a -1", &["E0307 `-1`"]),
        ("any.a- 1", &["E0307 `- `"]),
        ("5-3", &["E0307 `-3`"]),
        ("(any.a)-b", &["E0307 `-b`"]),
        ("any-a.b", &["E0307 `-a`"]),
        ("body.used-total", &["E0307 `used-total`"]),
        ("body.name-total", &["E0303 `name-total`"]),
        ("any.a-b", &[]),
        ("any.a - 1", &[]),
        ("any.a * -1", &[]),
        ("-1", &[]),
        ("- 1", &[]),
    ]);
    assert!(
        condition("body.used-total")
            .report
            .contains("`body.used - total`")
    );
}

#[test]
fn names() {
    conditions(&[
        ("bdy.name", &["E0302 `bdy`"]),
        ("body.nmae", &["E0303 `nmae`"]),
        ("body.name.x", &["E0303 `x`"]),
        ("body.tags.x", &["E0303 `x`"]),
        ("body.used.length", &["E0303 `length`"]),
        (
            "body.nmae === body.usde && lowr(bdy)",
            &["E0303 `nmae`", "E0303 `usde`", "E0304 `lowr`", "E0302 `bdy`"],
        ),
        ("split('a', ',').x", &["E0303 `x`"]),
    ]);
    assert!(condition("body.nmae").report.contains("did you mean `name`?"));
    assert!(condition("lowr('x')").report.contains("did you mean `lower`?"));
}

#[test]
fn arguments() {
    conditions(&[
        ("lower()", &["E0305 `lower()`"]),
        ("lower('a', 'b')", &["E0305 `'b'`"]),
        ("now(1)", &["E0305 `1`"]),
        ("lower(body.used)", &["E0305 `body.used`"]),
        ("round(params.id)", &["E0305 `params.id`"]),
        ("join(body.name)", &["E0305 `body.name`"]),
        ("length(body.box)", &["E0305 `body.box`"]),
        ("dateAdd(now(), '7x')", &["E0305 `'7x'`"]),
        ("dateAdd(body.used, '7x')", &["E0305 `body.used`"]),
        ("dateSub('soon', '7d')", &["E0305 `dateSub('soon', '7d')`"]),
        ("formatDate(now(), 'yyyy')", &["E0305 `'yyyy'`"]),
        ("number('x')", &["E0305 `number('x')`"]),
        ("concat(lower(1), upper(2))", &["E0305 `1`", "E0305 `2`"]),
    ]);
    assert!(
        condition("formatDate(now(), 'yyyy')")
            .report
            .contains("did you mean `YYYY`?")
    );
}

#[test]
fn kinds() {
    conditions(&[
        ("body.name + body.used", &["E0306 `body.name + body.used`"]),
        ("body.name - 1", &["E0306 `body.name - 1`"]),
        ("body.flag + 1", &["E0306 `body.flag + 1`"]),
        ("now() + '7d'", &["E0306 `now() + '7d'`"]),
        ("body.name > 1", &["E0306 `body.name > 1`"]),
        ("body.tags > 1", &["E0306 `body.tags > 1`"]),
        ("body.flag > any.x", &["E0306 `body.flag > any.x`"]),
        ("body.at > 'soon'", &["E0306 `'soon'`"]),
        ("-body.name", &["E0306 `body.name`"]),
        ("1 / 0", &["E0306 `1 / 0`"]),
        ("body.name === 1", &["W0302 `body.name === 1`"]),
        ("params.id === 1", &["W0302 `params.id === 1`"]),
        ("body.tags && body.flag", &["W0302 `body.tags`"]),
        ("!body.tags", &["W0302 `body.tags`"]),
        ("body.maybe && body.flag", &[]),
    ]);
    assert!(condition("now() + '7d'").report.contains("dateAdd"));
}

#[test]
fn templates() {
    for (text, found) in [
        ("a {{", &["E0301 `{{`"][..]),
        ("{{}}", &["E0301 ``"]),
        ("{{ {{any}} }}", &["E0301 `{{`"]),
        (
            "{{any.}} {{any x}} {{'}}",
            &["E0301 ``", "E0301 `x`", "E0301 `'`"],
        ),
        ("{{'}} {{any x}}", &["E0301 `'`", "E0301 `x`"]),
        ("${KEY:-x} ${} ${KEY", &["E0301 `${`", "E0301 `${`", "E0301 `${`"]),
        ("{{${KEY}}}", &["E0301 `${`"]),
        ("{{secret:stripe}}", &["E0301 `secret`"]),
        ("a {{null}}", &["E0306 `null`"]),
        ("{{bdy}} {{body.x}}", &["E0302 `bdy`", "E0303 `x`"]),
    ] {
        let outcome = template(text);
        assert_eq!(outcome.found, found, "{text}\n{}", outcome.report);
    }
}

#[test]
fn limits() {
    let code = |text: &str| {
        let outcome = condition(text);
        outcome
            .found
            .first()
            .map(|found| found.chars().take(5).collect::<String>())
    };
    let too_large = Some("E0311".to_owned());
    assert_eq!(code(&format!("{}1{}", "(".repeat(63), ")".repeat(63))), None);
    assert_eq!(code(&format!("{}1{}", "(".repeat(64), ")".repeat(64))), too_large);
    assert_eq!(code(&"(".repeat(16_000)), too_large);
    assert_eq!(code(&format!("{}true", "!".repeat(16_000))), too_large);
    assert_eq!(code(&format!("{}1", "any.x ? 1 : ".repeat(1000))), too_large);
    assert_eq!(code(&format!("1{}", " + 1".repeat(255))), None);
    assert_eq!(code(&format!("1{}", " + 1".repeat(256))), too_large);
    assert_eq!(code(&format!("max(1{})", ", 1".repeat(4094))), None);
    assert_eq!(code(&format!("max(1{})", ", 1".repeat(4095))), too_large);
    assert_eq!(code(&format!("'{}'", "x".repeat(16 * 1024))), too_large);
    assert!(template(&"x".repeat(1_000_000)).found.is_empty());
    assert!(template(&format!("{}{{{{1}}}}", "x".repeat(300_000))).found[0].starts_with("E0311"));
    assert!(template(&"{{1}}".repeat(4097)).found[0].starts_with("E0311"));
}

#[test]
fn hostile_texts_take_no_time() {
    let pieces = [
        "{{ '}}' ",
        "{{ # '}}' ",
        "{{'",
        "${",
        "{{{{",
        "{{a}}{{",
        "'}}{{\"",
        "{{'}}",
        "{{#}}",
        "{{any x}}",
    ];
    let started = std::time::Instant::now();
    for piece in pieces {
        let text = piece.repeat(100_000 / piece.len());
        let mut sources = SourceMap::default();
        let text = text_of(&mut sources, &text);
        let mut diagnostics = Diagnostics::default();
        let parsed = Template::parse(&text, &mut diagnostics).is_some();
        assert_eq!(parsed, !diagnostics.has_errors());
        assert!(diagnostics.iter().count() <= 25, "{piece}");
    }
    assert!(started.elapsed().as_secs() < 5);
}
