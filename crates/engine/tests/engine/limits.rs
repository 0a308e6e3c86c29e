//! Writes with a limit: what is asked, and when.

use crate::executor::{frame, post, world};
use crate::support::{FakeStore, ask, bind, found, row, single, step};
use backflow_catalog::ColumnType;
use backflow_plan::model::{BindValue, Limit, Look, Operation, Step};

/// A write of `amount` in its second parameter, with two looks.
fn limited(floor: bool, frame: &mut crate::support::Frame) -> Step {
    let bind = |name: &str| {
        let program = frame.template(&format!("{{{{body.{name}}}}}"));
        bind(name, BindValue::Needed(program), ColumnType::Int4)
    };
    let binds = ["id", "amount"].map(bind).into();
    let look = |text: &str, takes: &[usize]| Look {
        statement: single(text),
        takes: takes.to_vec(),
    };
    Step {
        limit: Some(Box::new(Limit {
            text: "used <= limit".to_owned(),
            floor,
            ty: ColumnType::Numeric(None),
            looks: vec![look("stored", &[1, 0]), look("offered", &[1])],
        })),
        ..step(Operation::Upsert { ignore: false }, "write", binds)
    }
}

fn told(floor: bool, store: FakeStore) -> (String, Vec<String>) {
    let mut frame = frame();
    let write = limited(floor, &mut frame);
    let world = world(post(frame, vec![write]), store);
    let answer = world.ask(ask("POST", "/run/7").json(r#"{"id": 5, "amount": 2}"#));
    let log = world.log();
    // The first line is of what kind the transaction is.
    let statements = log.into_iter().skip(1).collect();
    (format!("{} {}", answer.status(), answer.text()), statements)
}

#[test]
fn a_write_that_touched_a_row_is_not_asked_about() {
    let (answer, log) = told(false, FakeStore::new().on("write", found(&[row("{}", &[])])));
    assert_eq!(answer, "200 {}");
    assert_eq!(log, ["write(5, 2)", "commit"]);
}

#[test]
fn the_first_look_with_a_row_is_the_refusal() {
    let cells = |limit, used, new| found(&[row("", &[limit, used, new])]);
    let numbers = |floor, store: FakeStore| {
        let (answer, log) = told(floor, store);
        assert!(
            answer.starts_with("402 ") && answer.contains("limit_exceeded"),
            "{answer}"
        );
        let from = answer.find("\"limit\"").unwrap();
        let to = answer.find(",\"requestId\"").unwrap();
        (answer.get(from..to).unwrap().to_owned(), log)
    };
    let (told, log) = numbers(false, FakeStore::new().on("stored", cells("10", "9", "11")));
    assert_eq!(told, r#""limit":10,"used":9,"requested":2,"remaining":1"#);
    assert_eq!(log, ["write(5, 2)", "stored(2, 5)", "roll back"]);

    let (told, log) = numbers(false, FakeStore::new().on("offered", cells("1", "0", "2")));
    assert_eq!(told, r#""limit":1,"used":0,"requested":2,"remaining":1"#);
    assert_eq!(log, ["write(5, 2)", "stored(2, 5)", "offered(2)", "roll back"]);

    // Already past the limit, there is nothing left.
    let (told, _) = numbers(false, FakeStore::new().on("stored", cells("10", "12", "14")));
    assert_eq!(told, r#""limit":10,"used":12,"requested":2,"remaining":0"#);

    // What must be left; digits are kept.
    let (told, _) = numbers(
        true,
        FakeStore::new().on("stored", cells("0.50", "1.25", "-0.75")),
    );
    assert_eq!(
        told,
        r#""limit":0.50,"used":1.25,"requested":2.00,"remaining":0.75"#
    );
}

#[test]
fn without_a_row_it_was_no_limit() {
    let (answer, log) = told(false, FakeStore::new());
    assert!(
        answer.starts_with("409 ") && answer.contains("\"conflict\""),
        "{answer}"
    );
    assert_eq!(log, ["write(5, 2)", "stored(2, 5)", "offered(2)", "roll back"]);
}
