//! What means the same is done once.
//!
//! Role: a double click, a database that fails behind the provider, a run that outlives its caller and its process.
//! Not here: kills at seams.

use super::caller::{self, Kind, Order};
use super::gate::{Moment, Then};
use super::http;
use super::judge::{Figures, judge};
use super::stage::Stage;
use backflow_connect::sandbox::{Fault, FaultKind};
use backflow_testkit::Backend;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Four identical requests at once, over all servers.
pub(crate) fn double_click((backend, servers, kind): (Backend, usize, Kind)) -> Figures {
    let stage = Stage::new(
        &format!("double click: {kind:?}, {backend:?}, {servers}"),
        backend,
        servers,
    );
    let order = Order::new(kind, "one");
    let told = std::thread::scope(|scope| {
        let (stage, order) = (&stage, &order);
        let clicks: Vec<_> = (0..4)
            .map(|number| scope.spawn(move || caller::once(stage, number % servers, order)))
            .collect();
        let clicks: Vec<_> = clicks.into_iter().map(|click| click.join().unwrap()).collect();
        let told = caller::insist(stage, order);
        for click in &clicks {
            let click = click.as_ref().map(|answer| (answer.status(), answer.text()));
            assert!(
                click == Some((201, told.body.clone())),
                "{click:?}\n{}",
                stage.report()
            );
        }
        told
    });
    judge(&stage, &[told])
}

/// The table is away when Stripe has done its part; the caller is told, comes again, and has one subscription.
pub(crate) fn database_fails(backend: Backend) -> Figures {
    let stage = Stage::new(&format!("database fails: {backend:?}"), backend, 1);
    let order = Order::new(Kind::Subscribe, "one");
    let probe = stage.probe();
    stage.gate(0).lay(Moment::Acted, 1, move || {
        probe.execute("ALTER TABLE subscriptions RENAME TO away");
        Then::Pass
    });
    let first = caller::once(&stage, 0, &order).map(|answer| answer.status());
    assert!(
        first.is_some_and(|status| status >= 500),
        "{first:?}\n{}",
        stage.report()
    );
    stage.probe().execute("ALTER TABLE away RENAME TO subscriptions");
    let told = caller::insist(&stage, &order);
    judge(&stage, &[told])
}

const PATIENT: &str = r#"{
  "path": "/organizations/:orgId/later", "method": "post", "requireAuth": true,
  "workflow": { "timeout": "1s", "steps": [
    { "id": "create-customer", "type": "integration", "integration": "stripe", "action": "createCustomer",
      "params": { "email": "{{auth.email}}" } }
  ] }
}"#;

/// The caller gets an address; the process is killed; the address tells the end all the same.
pub(crate) fn address_survives(backend: Backend) {
    let label = format!("address survives: {backend:?}");
    let stage = Stage::with(&label, (backend, 1), &[("routes/later.json", PATIENT)]);
    let slow = FaultKind::Slow(Duration::from_secs(4));
    stage.sandbox.fault(Fault::once(slow).on("POST", "/v1/customers"));
    let limit = Duration::from_secs(30);
    let get = |method: &str, path: &str| {
        let address = stage.process(0).address().unwrap();
        http::ask(address, (method, path), &stage.token, "", limit).unwrap()
    };
    let path = format!("/organizations/{}/later", stage.org);
    let accepted = get("POST", &path);
    let place = accepted.header("location").unwrap_or_default().to_owned();
    assert!(
        accepted.status() == 202 && place.starts_with("/_runs/"),
        "{} {place}\n{}",
        accepted.text(),
        stage.report()
    );
    let process = Arc::clone(stage.process(0));
    process.kill("its caller was told where to look");
    process.start();
    let begun = Instant::now();
    loop {
        let seen = get("GET", &place);
        assert!(seen.status() == 200, "{}\n{}", seen.text(), stage.report());
        if seen.text().contains(r#""status":"done""#) {
            break;
        }
        assert!(begun.elapsed() < limit, "{}\n{}", seen.text(), stage.report());
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(stage.sandbox.objects("customer").len(), 1, "{}", stage.report());
}

const FORGOTTEN: &str = "00000000-0000-4000-8000-0000000000ff";

/// A run has the name of a server that lives and is busy, but nobody drives it: its lease ends, and it goes on.
pub(crate) fn nobody_drives(backend: Backend) {
    let stage = Stage::new(&format!("nobody drives: {backend:?}"), backend, 1);
    let slow = FaultKind::Slow(Duration::from_secs(9));
    stage.sandbox.fault(Fault::once(slow).on("POST", "/v1/customers"));
    let order = Order::new(Kind::Subscribe, "one");
    let ended = std::thread::scope(|scope| {
        let busy = scope.spawn(|| caller::insist(&stage, &order));
        let (probe, begun) = (stage.probe(), Instant::now());
        while probe.number("SELECT count(*) FROM _backflow_runs") == 0 {
            assert!(begun.elapsed() < Duration::from_secs(30), "{}", stage.report());
            std::thread::sleep(Duration::from_millis(20));
        }
        probe.execute(&format!(
            "INSERT INTO _backflow_runs (id, name, version, tenant, caller, state, request, worker, fence, lease, started)
             SELECT '{FORGOTTEN}', name, version, tenant, caller, state, request, worker, fence, lease, started FROM _backflow_runs"
        ));
        let told = busy.join().unwrap();
        assert_eq!(told.status, 201, "{}", stage.report());
        probe.table("SELECT state FROM _backflow_runs ORDER BY ended")
    });
    assert_eq!(ended, "done\ndone\n", "{}", stage.report());
    let first = stage
        .probe()
        .table("SELECT CAST(id AS text) FROM _backflow_runs ORDER BY ended LIMIT 1");
    assert_eq!(first.trim(), FORGOTTEN, "{}", stage.report());
}
