//! Events from outside: delivered over HTTP, looked at, and replayed by a mended handler.

use crate::folder::{Folder, Ran};
use crate::http::{Answer, Server};
use backflow_connect::sandbox::signature;
use backflow_engine::{Clock, SystemClock};
use std::io::{Read, Write};

const SECRET: &str = "whsec_black_box";

const SCHEMA: &str = "
CREATE TABLE teams (id UUID PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE members (team_id UUID NOT NULL REFERENCES teams(id), user_id UUID NOT NULL, role TEXT, PRIMARY KEY (team_id, user_id));
CREATE TABLE plans (team_id UUID PRIMARY KEY REFERENCES teams(id), stripe_customer_id TEXT UNIQUE, used INTEGER NOT NULL);
INSERT INTO teams (id, name) VALUES ('00000000-0000-4000-8000-00000000000a', 'Acme');
INSERT INTO plans (team_id, stripe_customer_id, used) VALUES ('00000000-0000-4000-8000-00000000000a', 'cus_a', 0);
";

const PROJECT: &str = r#"{ "tenancy": { "table": "teams",
  "members": { "table": "members", "tenant": "team_id", "user": "user_id", "role": "role" } } }"#;

fn handler(member: &str) -> String {
    format!(
        r#"{{ "webhooks": [{{ "name": "billing", "path": "/hooks", "provider": "stripe", "secret": "{{{{env.HOOK_SECRET}}}}",
  "actions": [{{ "condition": "payload.type === 'invoice.paid'", "type": "database", "action": "update",
    "params": {{ "table": "plans", "data": {{ "used": "{{{{payload.data.object.{member}}}}}" }},
      "filters": [{{ "column": "team_id", "operator": "eq", "value": "{{{{tenant.id}}}}" }}] }} }}] }}] }}"#
    )
}

fn project() -> Folder {
    let folder = Folder::new(&[
        ("backflow.json", PROJECT),
        ("migrations/0001_init.sql", SCHEMA),
        ("webhooks/stripe.json", &handler("amount")),
    ]);
    folder.write(
        ".env",
        &format!("HOOK_SECRET={SECRET}\nJWT_SECRET=a-secret-of-thirty-two-bytes-or-more\n"),
    );
    folder
}

fn deliver(server: &Server, secret: &str, body: &str) -> Answer {
    let signed = signature(secret, SystemClock.now().as_second(), body.as_bytes());
    let request = format!(
        "POST /hooks HTTP/1.1\r\nHost: localhost\r\nStripe-Signature: {signed}\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = server.connect();
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    Answer::read(&text)
}

fn paid(event: &str, customer: &str) -> String {
    format!(
        r#"{{"id":"{event}","type":"invoice.paid","created":1700000000,"data":{{"object":{{"id":"in_{event}","object":"invoice","customer":"{customer}","amount":5,"total":7}}}}}}"#
    )
}

#[test]
fn events_are_looked_at_and_replayed() {
    let folder = project();
    let server = Server::start("serve", &folder, &[]);
    assert_eq!(
        deliver(&server, "whsec_other", &paid("evt_0", "cus_a")).status,
        401
    );
    let told = |event: &str, customer: &str| {
        let answer = deliver(&server, SECRET, &paid(event, customer));
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["received"].as_bool()
    };
    assert_eq!(told("evt_1", "cus_a"), Some(true));
    assert_eq!(told("evt_2", "cus_of_nobody"), Some(true));
    assert_eq!(told("evt_1", "cus_a"), Some(true));
    let webhooks = |args: &[&str]| {
        let path = folder.path().display().to_string();
        let (events, options): (Vec<&str>, Vec<&str>) =
            args.iter().skip(1).partition(|arg| arg.starts_with("evt"));
        let mut command = crate::folder::backflow();
        command
            .args(["webhooks", args[0]])
            .args(events)
            .arg(path)
            .args(options);
        Ran::of(command.output().unwrap())
    };
    let list = crate::http::until("the events' first run", || {
        let list = webhooks(&["list"]).out;
        (list.contains("done") && list.contains("quarantined")).then_some(list)
    });
    assert!(list.ends_with("2 events\n") && !list.contains("evt_0"), "{list}");
    let show = webhooks(&["show", "evt_2"]).out;
    assert!(show.contains("nothing in the event tells its tenant"), "{show}");
    assert!(show.contains("\"customer\": \"cus_of_nobody\""), "{show}");
    assert!(!show.contains(SECRET), "{show}");
    let retried = webhooks(&["retry", "evt_2"]);
    assert_eq!(
        (retried.code, retried.out.contains("quarantined")),
        (Some(1), true)
    );
    assert_eq!(webhooks(&["show", "evt_9"]).code, Some(2));
    drop(server);

    // The handler read the wrong member; mended, it says what it would do, and does it.
    folder.write("webhooks/stripe.json", &handler("total"));
    let dry = ["replay", "--since", "1h", "--dry-run"];
    let would = webhooks(&dry).out;
    assert!(
        would.contains("\"used\":5") && would.contains("\"used\":7"),
        "{would}"
    );
    assert!(would.contains("evt_2  invoice.paid  quarantined"), "{would}");
    assert!(
        would.ends_with("2 events, 1 row would change; nothing was changed\n"),
        "{would}"
    );
    assert_eq!(webhooks(&dry).out, would);
    let done = webhooks(&["replay", "--since", "1h"]);
    assert!(done.out.contains("2 events run again"), "{}", done.out);
    assert_eq!(done.code, Some(1), "one of them has no tenant");
    let would = webhooks(&dry).out;
    assert!(
        would.ends_with("2 events, 0 rows would change; nothing was changed\n"),
        "{would}"
    );
}
