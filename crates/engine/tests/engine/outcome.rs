//! How transactions end: accepts, errors of the database, answers, results.

use crate::executor::{frame, post, world};
use crate::support::{FakeStore, Frame, NOW, USER, ask, bind, found, late, row, step};
use backflow_catalog::ColumnType;
use backflow_engine::store::StatementError;
use backflow_expr::Key;
use backflow_plan::model::{Answer, Bind, BindValue, Capability, Operation, Route, Rows, Shape, Step};

/// An invitation is accepted: select by secret, insert, update.
fn accept() -> Route {
    let mut frame = frame();
    let (exists, org, role) = (
        frame.result("results.invite"),
        frame.result("results.invite.organization_id"),
        frame.result("results.invite.role"),
    );
    let token = BindValue::Secret(frame.template("{{params.p}}"));
    let mut invite = step(
        Operation::Select,
        "invite",
        vec![bind("filters.token", token, ColumnType::Text)],
    );
    invite.capability = Some(Capability { email_cell: Some(2) });
    invite.results.exists = Some(exists);
    invite.results.cells = vec![(0, ColumnType::Int4, org), (1, ColumnType::Text, role)];
    let found = || frame_condition("results.invite", exists);
    let org = late(bind(
        "data.organization_id",
        BindValue::Needed(frame.template("{{results.invite.organization_id}}")),
        ColumnType::Int4,
    ));
    let role = late(bind(
        "data.role",
        BindValue::Needed(frame.template("{{results.invite.role}}")),
        ColumnType::Text,
    ));
    let member = Step {
        condition: Some(found()),
        condition_late: true,
        makes: Some(1),
        ..step(Operation::Insert, "member", vec![org, role])
    };
    let done = Step {
        condition: Some(found()),
        condition_late: true,
        ..step(Operation::Update, "done", vec![])
    };
    Route {
        auth: true,
        ..post(frame, vec![invite, member, done])
    }
}

/// A condition on a slot that the frame knows already.
fn frame_condition(path: &str, slot: backflow_expr::Slot) -> backflow_expr::Program {
    let mut other = Frame::default();
    while other.sources.len() < slot.0 as usize {
        other.result("unused");
    }
    other.result(path);
    other.condition(&format!("{{{{{path}}}}}"))
}

#[test]
fn an_invitation_is_accepted_by_whom_it_was_meant_for() {
    let rows = || found(&[row(r#"{"id":5}"#, &["3", "member", "ann@EXAMPLE.org"])]);
    let store = || {
        FakeStore::new()
            .on("member", found(&[row(r#"{"id":9}"#, &[])]))
            .on("done", found(&[row(r#"{"id":5,"done":true}"#, &[])]))
    };
    let accepted = world(accept(), store().on("invite", rows()));
    assert_eq!(
        accepted.outcome(ask("POST", "/run/abc").user()),
        r#"200 {"id":5,"done":true}"#
    );
    assert_eq!(
        accepted.log(),
        [
            "write",
            "invite('abc')",
            "member(3, 'member')",
            "done()",
            "commit"
        ]
    );
    let refused = |claims: &str, expected: &str| {
        let claims = format!(r#"{{"sub":"{USER}","exp":{}{claims}}}"#, NOW + 9);
        assert_eq!(
            accepted.outcome(ask("POST", "/run/abc").claims(&claims)),
            expected
        );
        assert_eq!(accepted.log(), ["write", "invite('abc')", "roll back"]);
    };
    refused(r#","email":"bob@example.org""#, "403 wrong_email");
    refused("", "403 wrong_email");
    refused(
        r#","email":"ann@example.org","email_verified":false"#,
        "403 wrong_email",
    );
    refused(r#","email":["ann@example.org"]"#, "403 wrong_email");
    let no_email = world(
        accept(),
        store().on("invite", found(&[row("{}", &["3", "member", "NULL"])])),
    );
    assert_eq!(
        no_email.outcome(ask("POST", "/run/abc").user()),
        "403 wrong_email"
    );
    let gone = world(accept(), store());
    assert_eq!(gone.outcome(ask("POST", "/run/abc").user()), "404 not_found");
    assert_eq!(gone.log(), ["write", "invite('abc')", "roll back"]);
    let orphan = world(accept(), FakeStore::new().on("invite", rows()));
    assert_eq!(
        orphan.outcome(ask("POST", "/run/abc").user()),
        "409 missing_parent"
    );
    let double = store().on("invite", found(&[row("{}", &[]), row("{}", &[])]));
    assert_eq!(
        world(accept(), double).outcome(ask("POST", "/run/abc").user()),
        "409 multiple_rows"
    );
}

#[test]
fn errors_of_the_database_refuse_and_roll_back() {
    for (error, expected) in [
        (
            StatementError::Unique(vec!["slug".into()]),
            "409 unique_violation",
        ),
        (StatementError::ForeignKey, "409 foreign_key_violation"),
        (StatementError::NotNull("slug".into()), "422 not_null_violation"),
        (StatementError::Check(None), "422 check_violation"),
        (StatementError::OutOfRange, "422 out_of_range"),
        (StatementError::TimedOut, "504 timeout"),
        (StatementError::Other("secret".into()), "500 internal"),
    ] {
        let steps = vec![
            step(Operation::Insert, "one", vec![]),
            step(Operation::Insert, "two", vec![]),
        ];
        let world = world(
            post(frame(), steps),
            FakeStore::new()
                .on("one", found(&[row("{}", &[])]))
                .on("two", Err(error)),
        );
        assert_eq!(world.outcome(ask("POST", "/run/1")), expected);
        assert_eq!(world.log(), ["write", "one()", "two()", "roll back"]);
    }
}

#[test]
fn the_answer_is_the_right_step() {
    let store = || {
        FakeStore::new()
            .on("a", found(&[row(r#"{"a":1.50}"#, &[])]))
            .on("b", found(&[row(r#"{"b":2}"#, &[])]))
            .on("check", found(&[row("", &[])]))
    };
    let select = |text: &str| step(Operation::Select, text, vec![]);
    let run = |steps: Vec<Step>| world(post(frame(), steps), store()).outcome(ask("POST", "/run/1"));
    let named = |step: Step| Step {
        selects: true,
        ..step
    };
    assert_eq!(run(vec![]), "200 null");
    assert_eq!(run(vec![select("a"), select("b")]), r#"200 {"b":2}"#);
    assert_eq!(run(vec![named(select("a")), select("b")]), r#"200 {"a":1.50}"#);
    assert_eq!(
        run(vec![named(select("a")), named(select("b"))]),
        r#"200 {"b":2}"#
    );
    assert_eq!(
        run(vec![step(Operation::Insert, "a", vec![])]),
        r#"201 {"a":1.50}"#
    );
    assert_eq!(
        run(vec![named(step(Operation::Insert, "a", vec![])), select("b")]),
        r#"201 {"a":1.50}"#
    );
    assert_eq!(
        run(vec![step(Operation::Upsert { ignore: false }, "a", vec![])]),
        r#"200 {"a":1.50}"#
    );
    assert_eq!(run(vec![select("none")]), "404 not_found");
    assert_eq!(run(vec![select("none"), select("a")]), r#"200 {"a":1.50}"#);
    assert_eq!(
        run(vec![step(Operation::Delete, "none", vec![])]),
        "404 not_found"
    );
    assert_eq!(
        run(vec![step(Operation::Upsert { ignore: true }, "none", vec![])]),
        "200 null"
    );
    assert_eq!(
        run(vec![step(Operation::Upsert { ignore: false }, "none", vec![])]),
        "409 conflict"
    );
    let many = Step {
        rows: Rows::Many,
        ..select("none")
    };
    assert_eq!(run(vec![many]), "200 []");
    let check = |text: &str| Step {
        check: true,
        makes: Some(1),
        ..select(text)
    };
    assert_eq!(run(vec![check("check"), select("a")]), r#"200 {"a":1.50}"#);
    assert_eq!(run(vec![select("a"), check("check")]), r#"200 {"a":1.50}"#);
    assert_eq!(run(vec![check("none"), select("a")]), "409 missing_parent");
    let fixed = Route {
        status: Some(202),
        ..post(frame(), vec![select("a")])
    };
    assert_eq!(
        world(fixed, store()).outcome(ask("POST", "/run/1")),
        r#"202 {"a":1.50}"#
    );
    let empty = Route {
        status: Some(204),
        ..post(frame(), vec![select("a")])
    };
    assert_eq!(world(empty, store()).outcome(ask("POST", "/run/1")), "204 ");
}

#[test]
fn rows_of_writes_are_put_in_order() {
    let rows = found(&[
        row(r#"{"n":2}"#, &["7", "NULL", "b"]),
        row(r#"{"n":1}"#, &["8", "4", "z"]),
        row(r#"{"n":3}"#, &["9", "NULL", "ä"]),
        row(r#"{"n":0}"#, &["9", "-4", "ä"]),
    ]);
    let update = Step {
        rows: Rows::Many,
        sort_cells: 2,
        ..step(Operation::Update, "update", vec![])
    };
    let world = world(post(frame(), vec![update]), FakeStore::new().on("update", rows));
    assert_eq!(
        world.outcome(ask("POST", "/run/1")),
        r#"200 [{"n":0},{"n":1},{"n":2},{"n":3}]"#
    );
}

#[test]
fn results_are_read_where_expressions_read_them() {
    let mut frame = frame();
    let paths = [
        "results.a",
        "results.a.n",
        "results.a.deep.x",
        "results.list",
        "results.none",
        "results.none.id",
    ];
    let slots: Vec<_> = paths.iter().map(|path| frame.result(path)).collect();
    let shape = paths
        .iter()
        .map(|path| {
            (
                (*path).to_owned(),
                Shape::Program(frame.template(&format!("{{{{{path}}}}}"))),
            )
        })
        .collect();
    let mut a = step(Operation::Select, "a", vec![]);
    a.results.whole = Some(slots[0]);
    a.results.cells = vec![(0, ColumnType::Numeric(None), slots[1])];
    a.results.paths = vec![(vec![Key::name("deep"), Key::name("x")], slots[2])];
    let mut list = Step {
        rows: Rows::Many,
        ..step(Operation::Select, "list", vec![])
    };
    list.results.whole = Some(slots[3]);
    let mut none = step(Operation::Select, "none", vec![]);
    none.results.whole = Some(slots[4]);
    none.results.cells = vec![(0, ColumnType::Int4, slots[5])];
    let route = Route {
        answer: Answer::Template(Shape::Object(shape)),
        ..post(frame, vec![a, list, none])
    };
    let store = FakeStore::new()
        .on("a", found(&[row(r#"{"n":1.50,"deep":{"x":[1]}}"#, &["1.50"])]))
        .on("list", found(&[row("1", &[]), row("2", &[])]));
    assert_eq!(
        world(route, store).outcome(ask("POST", "/run/1")),
        r#"200 {"results.a":{"n":1.50,"deep":{"x":[1]}},"results.a.n":1.50,"results.a.deep.x":[1],"results.list":[1,2],"results.none":null}"#
    );
}

#[test]
fn run_again_a_request_has_the_same_ids() {
    let mut frame = frame();
    let slot = frame.result("results.a.n");
    let id = |frame: &mut Frame| BindValue::Needed(frame.template("{{uuid()}}"));
    let mut a = step(
        Operation::Insert,
        "a",
        vec![bind("data.id", id(&mut frame), ColumnType::Uuid)],
    );
    a.results.cells = vec![(0, ColumnType::Int4, slot)];
    let later: Vec<Bind> = (0..2)
        .map(|_| late(bind("data.id", id(&mut frame), ColumnType::Uuid)))
        .collect();
    let b = step(Operation::Insert, "b", later);
    let store = FakeStore::new()
        .on("a", found(&[row("{}", &["1"])]))
        .on("b", found(&[row("{}", &[])]))
        .losing(3);
    let world = world(post(frame, vec![a, b]), store);
    assert_eq!(world.outcome(ask("POST", "/run/1")), "201 {}");
    let log = world.log();
    let runs: Vec<_> = log.chunks(4).collect();
    assert!(
        runs.len() == 4 && runs.iter().all(|run| *run == runs[0]),
        "{log:?}"
    );
    assert!(
        log[2].contains("0000001") && log[2].contains("0000002"),
        "{log:?}"
    );
}
