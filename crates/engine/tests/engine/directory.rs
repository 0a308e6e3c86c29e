//! The directory of users.

use crate::support::{FakeStore, Frame, NOW, USER, World, ask, plan, route, single};
use backflow_engine::store::StatementError;
use backflow_plan::model::{Directory, Plan};

fn world(store: FakeStore) -> World {
    let directory = Directory {
        table: "users".into(),
        setup: Vec::new(),
        record: single("record"),
    };
    let plan = Plan {
        directory: Some(directory),
        ..plan(vec![route("GET", "/a", Frame::default())])
    };
    World::new(plan, store)
}

fn call(world: &World, claims: &str) -> String {
    let claims = format!(r#"{{"exp":{},{claims}}}"#, NOW + 9);
    assert_eq!(world.outcome(ask("GET", "/a").claims(&claims)), "200 null");
    world.log().get(1).cloned().unwrap_or_default()
}

#[test]
fn callers_are_written_down_once_and_when_a_newer_token_differs() {
    let world = world(FakeStore::new());
    let claims = |more: &str| format!(r#""sub":"{}"{more}"#, USER.to_uppercase());
    let first = claims(r#","iat":10,"email":"a@b.co","user_metadata":{"full_name":"Ann"}"#);
    let written = format!("record('{USER}', 'a@b.co', 'Ann', '1970-01-01T00:00:10.000000+00:00')");
    assert_eq!(call(&world, &first), written);
    assert_eq!(call(&world, &first), "");
    let same_but_newer = claims(r#","iat":11,"email":"a@b.co","name":"Ann""#);
    assert_eq!(call(&world, &same_but_newer), "");
    let older = claims(r#","iat":9,"email":"old@b.co""#);
    assert_eq!(call(&world, &older), "");
    let newer = claims(r#","iat":12.7,"email":"c@b.co","email_verified":false"#);
    assert_eq!(
        call(&world, &newer),
        format!("record('{USER}', NULL, NULL, '1970-01-01T00:00:12.000000+00:00')")
    );
}

#[test]
fn without_an_issue_time_only_the_unseen_are_written() {
    let world = world(FakeStore::new());
    let claims = |name: &str| format!(r#""sub":"{USER}","name":"{name}""#);
    assert_eq!(
        call(&world, &claims("a")),
        format!("record('{USER}', NULL, 'a', '1970-01-01T00:00:00.000000+00:00')")
    );
    assert_eq!(call(&world, &claims("b")), "");
}

#[test]
fn who_has_no_uuid_or_cannot_be_written_is_served_all_the_same() {
    let plain = world(FakeStore::new());
    assert_eq!(call(&plain, r#""sub":"ann""#), "");
    let failing = world(FakeStore::new().on("record", Err(StatementError::Other("full".into()))));
    for _ in 0..2 {
        assert!(call(&failing, &format!(r#""sub":"{USER}""#)).starts_with("record"));
    }
    assert_eq!(plain.outcome(ask("GET", "/a")), "200 null");
    assert!(plain.log().is_empty());
}
