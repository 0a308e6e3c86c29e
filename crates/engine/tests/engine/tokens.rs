//! Who may call, and what forged tokens get.

use crate::support::{FakeStore, Frame, NOW, SECRET, USER, World, ask, mint, plan, route, settings};
use backflow_engine::{Secret, Settings, token};
use backflow_expr::json;
use backflow_plan::model::{Answer, Route, Shape};

/// `/open` and `/closed` answer what they know of the caller.
fn world(settings: Settings) -> World {
    let whoami = |path: &str, auth| {
        let mut frame = Frame::default();
        let claims = ["sub", "email", "big"].map(|name| {
            (
                name.to_owned(),
                Shape::Program(frame.template(&format!("{{{{auth.{name}}}}}"))),
            )
        });
        let answer = Answer::Template(Shape::Object(claims.into()));
        Route {
            auth,
            answer,
            ..route("GET", path, frame)
        }
    };
    World::with(
        plan(vec![whoami("/open", false), whoami("/closed", true)]),
        FakeStore::new(),
        settings,
    )
}

fn bearer(world: &World, token: &str) -> String {
    world.outcome(ask("GET", "/closed").header("authorization", &format!("Bearer {token}")))
}

fn b64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits: Vec<u8> = bytes
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1))
        .collect();
    let index = |six: &[u8]| (0..6).fold(0, |sum, at| sum << 1 | six.get(at).copied().unwrap_or(0));
    bits.chunks(6)
        .map(|six| char::from(ALPHABET[usize::from(index(six))]))
        .collect()
}

/// A token with any header, rightly signed.
fn with_header(header: &str, claims: &str) -> String {
    let message = format!("{}.{}", b64(header.as_bytes()), b64(claims.as_bytes()));
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    let signature =
        jsonwebtoken::crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

fn good() -> String {
    format!(r#"{{"sub":"{USER}","exp":{}}}"#, NOW + 60)
}

#[test]
fn a_good_token_is_believed_digit_by_digit() {
    let world = world(settings());
    let claims = format!(
        r#"{{"sub":"{USER}","exp":{},"email":"a@b.co","big":12345678901234567890.10}}"#,
        NOW + 60
    );
    let expected = format!(r#"200 {{"sub":"{USER}","email":"a@b.co","big":12345678901234567890.10}}"#);
    assert_eq!(bearer(&world, &mint(&claims)), expected);
    for scheme in ["bearer", "BEARER", "Bearer  "] {
        let header = format!("{scheme} {}", mint(&good()));
        assert!(
            world
                .outcome(ask("GET", "/closed").header("authorization", &header))
                .starts_with("200")
        );
    }
    let plain = with_header(r#"{"alg":"HS256"}"#, &good());
    assert!(bearer(&world, &plain).starts_with("200"));
}

#[test]
fn no_token_is_anonymous_where_that_is_enough() {
    let world = world(settings());
    assert_eq!(world.outcome(ask("GET", "/open")), "200 {}");
    let refused = world.ask(ask("GET", "/closed"));
    assert_eq!(
        (refused.outcome().as_str(), refused.header("www-authenticate")),
        ("401 unauthorized", "Bearer")
    );
}

#[test]
fn a_bad_token_is_never_anonymous() {
    let world = world(settings());
    let token = mint(&good());
    for header in [
        "Basic YTpi",
        "Bearer",
        "Bearer ",
        "",
        "Bearer a.b.c",
        &token,
        &format!("Token {token}"),
        "Bearer ä",
    ] {
        let outcome = world.outcome(ask("GET", "/open").header("authorization", header));
        assert_eq!(outcome, "401 invalid_token", "{header}");
    }
    let twice = ask("GET", "/open").user().user();
    assert_eq!(world.outcome(twice), "401 invalid_token");
    let long = format!("Bearer {}", "a".repeat(16 * 1024));
    assert_eq!(
        world.outcome(ask("GET", "/open").header("authorization", &long)),
        "401 invalid_token"
    );
    let elsewhere = ask("GET", "/closed?access_token=x").header("cookie", &format!("token={token}"));
    assert_eq!(world.outcome(elsewhere), "401 unauthorized");
}

#[test]
fn without_a_secret_no_token_is_valid() {
    let world = world(Settings::default());
    assert_eq!(bearer(&world, &mint(&good())), "401 invalid_token");
    assert_eq!(world.outcome(ask("GET", "/open")), "200 {}");
}

#[test]
fn headers_that_lie_are_refused() {
    let world = world(settings());
    let good = good();
    let unsigned = |header: &str| format!("{}.{}.", b64(header.as_bytes()), b64(good.as_bytes()));
    let mut tokens: Vec<String> = [
        r#"{"alg":"none"}"#,
        r#"{"alg":"None"}"#,
        r#"{"alg":"hs256"}"#,
        r#"{"alg":"HS384"}"#,
        r#"{"alg":"RS256"}"#,
        r#"{"alg":["HS256"]}"#,
        r#"{"typ":"JWT"}"#,
        r#"{"alg":"HS256","crit":["exp"]}"#,
        r#"{"alg":"HS256","crit":[]}"#,
        r#"{"alg":"HS256","zip":"DEF"}"#,
        r#"{"alg":"HS256","b64":false}"#,
        r#"{"alg":"HS256","enc":"A256GCM"}"#,
        r#"["HS256"]"#,
        "null",
        "{",
        "",
    ]
    .iter()
    .map(|header| with_header(header, &good))
    .collect();
    tokens.extend([unsigned(r#"{"alg":"none"}"#), unsigned(r#"{"alg":"HS256"}"#)]);
    for token in tokens {
        assert_eq!(bearer(&world, &token), "401 invalid_token", "{token}");
    }
}

#[test]
fn tampered_tokens_are_refused() {
    let world = world(settings());
    let token = mint(&good());
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        panic!("three parts")
    };
    let other = mint(&good().replace("aaaa", "bbbb"));
    let foreign = token::mint(
        &Secret::new("another secret of thirty-two bytes!"),
        &json::parse(good().as_bytes(), 9).unwrap(),
    );
    for forged in [
        format!("{header}.{payload}"),
        format!("{header}.{payload}.{signature}."),
        format!("{header}.{payload}.{signature}.x"),
        format!("{header}.{}.{signature}", other.split('.').nth(1).unwrap()),
        format!("{header}.{payload}.{signature}="),
        format!("{header}.{payload}.{}", signature.split_at(signature.len() - 1).0),
        format!("{header}={payload}.{signature}"),
        format!("{header}.{payload}=.{signature}"),
        format!(".{payload}.{signature}"),
        format!("{header}..{signature}"),
        "..".to_owned(),
        foreign,
    ] {
        assert_eq!(bearer(&world, &forged), "401 invalid_token", "{forged}");
    }
}

#[test]
fn claims_must_be_there_and_hold() {
    let world = world(settings());
    let check = |claims: &str, expected: &str| {
        let outcome = bearer(&world, &mint(claims));
        assert!(outcome.starts_with(expected), "{claims}: {outcome}");
    };
    let with = |more: &str| format!(r#"{{"sub":"u",{more}}}"#);
    check(&with(&format!(r#""exp":{}"#, NOW + 1)), "200");
    check(&with(&format!(r#""exp":{}"#, NOW - 29)), "200");
    check(&with(&format!(r#""exp":{}.5"#, NOW - 30)), "200");
    check(&with(&format!(r#""exp":{}"#, NOW - 30)), "401 token_expired");
    check(&with(r#""exp":-1e400"#), "401 token_expired");
    check(&with(r#""exp":1e400"#), "200");
    check(&with(&format!(r#""exp":"{}""#, NOW + 60)), "401 invalid_token");
    check(&with(r#""exp":null"#), "401 invalid_token");
    check(r#"{"sub":"u"}"#, "401 invalid_token");
    for sub in [
        "",
        r#""sub":"","#,
        r#""sub":7,"#,
        r#""sub":null,"#,
        r#""sub":["u"],"#,
    ] {
        check(&format!(r#"{{{sub}"exp":{}}}"#, NOW + 60), "401 invalid_token");
    }
    let live = |more: &str| with(&format!(r#""exp":{},{more}"#, NOW + 60));
    check(&live(&format!(r#""nbf":{}"#, NOW + 30)), "200");
    check(&live(&format!(r#""nbf":{}"#, NOW + 31)), "401 invalid_token");
    check(&live(r#""nbf":"soon""#), "401 invalid_token");
    check(&live(r#""nbf":null"#), "401 invalid_token");
    check(&live(r#""aud":"whoever","iss":"whoever""#), "200");
}

#[test]
fn issuer_and_audience_are_checked_when_configured() {
    let configured = Settings {
        issuer: Some("https://i".into()),
        audience: Some("me".into()),
        ..settings()
    };
    let world = world(configured);
    let check = |more: &str, expected: &str| {
        let claims = format!(r#"{{"sub":"u","exp":{}{more}}}"#, NOW + 60);
        let outcome = bearer(&world, &mint(&claims));
        assert!(outcome.starts_with(expected), "{claims}: {outcome}");
    };
    check(r#","iss":"https://i","aud":"me""#, "200");
    check(r#","iss":"https://i","aud":["you","me"]"#, "200");
    for bad in [
        "",
        r#","iss":"https://i""#,
        r#","aud":"me""#,
        r#","iss":"https://i/","aud":"me""#,
        r#","iss":["https://i"],"aud":"me""#,
        r#","iss":"https://i","aud":"you""#,
        r#","iss":"https://i","aud":[]"#,
        r#","iss":"https://i","aud":["ME"]"#,
        r#","iss":"https://i","aud":{"me":1}"#,
    ] {
        check(bad, "401 invalid_token");
    }
}

#[test]
fn an_unverified_email_is_no_email() {
    let world = world(settings());
    let email = |more: &str| {
        let claims = format!(r#"{{"sub":"u","exp":{},"email":"a@b.co"{more}}}"#, NOW + 60);
        bearer(&world, &mint(&claims)).contains("a@b.co")
    };
    assert!(email("") && email(r#","email_verified":true"#) && email(r#","email_verified":"true""#));
    for no in ["false", "null", "\"false\"", "0", "1"] {
        assert!(!email(&format!(r#","email_verified":{no}"#)), "{no}");
    }
}
