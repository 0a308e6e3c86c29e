//! A statement with more values than databases can number is refused when it is checked.
//!
//! Invariant: the limit is a fault of the config, never a wrong parameter at run time.

use backflow_testkit::Project;
use std::fmt::Write;

fn inserting(rows: usize) -> Project {
    let mut data = String::from("[");
    for n in 0..rows {
        let comma = if n == 0 { "" } else { "," };
        write!(data, r#"{comma}{{"id":{n},"label":"{{{{auth.sub}}}}"}}"#).expect("a string takes all");
    }
    data.push(']');
    let route = format!(
        r#"{{"path":"/many","method":"post","requireAuth":true,"supabaseQueries":[{{"table":"things","operation":"insert","data":{data}}}]}}"#
    );
    Project::default()
        .file("backflow.json", r#"{"tenancy": false}"#)
        .file(
            "migrations/0001_init.sql",
            "CREATE TABLE things (id BIGINT PRIMARY KEY, label TEXT);",
        )
        .file("routes/many.json", &route)
}

#[test]
fn thirty_thousand_values_are_the_most() {
    let most = inserting(30_000).compile();
    assert!(most.plan.is_some(), "{}", most.report());
    let more = inserting(30_001).compile();
    assert!(more.plan.is_none());
    assert!(
        more.report()
            .contains("error[E0211]: a query may hold 30000 values at most"),
        "{}",
        more.report()
    );
}
