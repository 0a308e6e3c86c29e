//! Limits: when a request is counted, and what becomes of counters.

use crate::support::{
    Answer, CountedIds, FakeStore, FixedClock, Frame, NOW, USER, World, ask, bind, found, plan, route, row,
    settings, single, step,
};
use backflow_catalog::ColumnType;
use backflow_engine::store::StoreError;
use backflow_engine::{Counters, Outside, Runtime};
use backflow_plan::model::{
    BindValue, CountBy, Counter, Guard, Naming, Operation, Place, Plan, Rate, Route, Skips,
};
use std::sync::Arc;

fn limit(by: CountBy, max: u32) -> Option<Arc<Rate>> {
    Some(Arc::new(Rate {
        counter: Counter::Project,
        by,
        window_ms: 60_000,
        max,
        message: None,
        status: None,
        skips: Skips::None,
    }))
}

/// `POST /orgs/:org` writes a row of the tenant.
fn writes(limit: Option<Arc<Rate>>) -> Route {
    let frame = Frame::new(&["org"]);
    let guard = Guard {
        naming: Naming::Param(0),
        name_type: ColumnType::Text,
        user_type: ColumnType::Uuid,
        key_type: ColumnType::Text,
        role_type: None,
        statement: single("guard"),
        context: Vec::new(),
        roles: None,
    };
    let binds = vec![bind("tenant", BindValue::Tenant, ColumnType::Text)];
    Route {
        auth: true,
        limit,
        place: Place::One(Box::new(guard)),
        steps: vec![step(Operation::Insert, "insert", binds)],
        ..route("POST", "/orgs/:org", frame)
    }
}

fn member() -> FakeStore {
    FakeStore::new()
        .on("guard", found(&[row("", &["acme"])]))
        .on("insert", found(&[row("{}", &[])]))
}

fn post(world: &World) -> Answer {
    world.ask(ask("POST", "/orgs/acme").user())
}

/// Status and what is left.
fn told(answer: &Answer) -> (u16, &str) {
    (answer.status(), answer.header("x-ratelimit-remaining"))
}

#[test]
fn a_transaction_that_starts_again_is_counted_once() {
    let world = World::new(plan(vec![writes(limit(CountBy::Tenant, 2))]), member().losing(3));
    assert_eq!(told(&post(&world)), (201, "1"));
    assert_eq!(told(&post(&world)), (201, "0"));
    assert_eq!(told(&post(&world)), (429, "0"));
}

#[test]
fn a_tenant_without_requests_left_costs_the_guard_and_nothing_else() {
    let world = World::new(plan(vec![writes(limit(CountBy::Tenant, 1))]), member());
    post(&world);
    world.log();
    let refused = post(&world);
    assert_eq!(refused.outcome(), "429 rate_limited");
    assert_eq!(
        world.log(),
        ["write", &format!("guard('acme', '{USER}')"), "roll back"]
    );
    assert_eq!(refused.header("x-ratelimit-reset"), (NOW + 61).to_string());
    assert_eq!(refused.header("retry-after"), "60");
}

#[test]
fn users_and_addresses_without_requests_left_cost_no_statement() {
    for by in [CountBy::User, CountBy::Address] {
        let world = World::new(plan(vec![writes(limit(by, 1))]), member());
        assert_eq!(told(&post(&world)), (201, "0"));
        world.log();
        assert_eq!(told(&post(&world)), (429, "0"));
        assert_eq!(world.log(), [""; 0]);
    }
}

#[test]
fn strangers_do_not_learn_what_is_left_to_a_tenant() {
    let world = World::new(plan(vec![writes(limit(CountBy::Tenant, 1))]), FakeStore::new());
    for _ in 0..3 {
        assert_eq!(told(&post(&world)), (404, ""));
    }
}

#[test]
fn failures_of_ours_are_counted_and_say_what_is_left() {
    let store = member().failing(StoreError::Unavailable(1));
    let world = World::new(plan(vec![writes(limit(CountBy::User, 5))]), store);
    assert_eq!(told(&post(&world)), (503, "4"));
}

/// Another runtime that goes on with these counters.
fn reloaded(plan: Plan, counters: &Arc<Counters>) -> World {
    let store = Arc::new(member());
    let outside = Outside {
        counters: Arc::clone(counters),
        ..Outside::new(
            Arc::clone(&store) as _,
            Arc::new(FixedClock),
            Arc::new(CountedIds::default()),
        )
    };
    World {
        runtime: Runtime::build(plan, settings(), outside).expect("a runtime"),
        store,
    }
}

#[test]
fn a_runtime_counts_on_where_another_stopped_unless_the_limit_changed() {
    let counters = Arc::default();
    let of = |max| plan(vec![writes(limit(CountBy::User, max))]);
    assert_eq!(told(&post(&reloaded(of(2), &counters))), (201, "1"));
    assert_eq!(told(&post(&reloaded(of(2), &counters))), (201, "0"));
    assert_eq!(told(&post(&reloaded(of(2), &counters))), (429, "0"));
    assert_eq!(told(&post(&reloaded(of(3), &counters))), (201, "2"));
}
