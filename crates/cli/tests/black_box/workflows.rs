//! Workflows over the life of processes: slow providers, stops, kills, other files, other hands.

use crate::folder::Folder;
use crate::http::{Answer, Server, refused, until};
use crate::provider::Provider;
use serde_json::Value;

const ADA: &str = "4be0643f-1d98-473b-97cd-ca98a65347dd";
const BOB: &str = "7e57ab1e-0000-4000-8000-000000000001";

/// A team of Ada's.
pub(crate) struct Team {
    ada: String,
    contacts: String,
    pub(crate) id: String,
    address: String,
}

impl Team {
    pub(crate) fn new(folder: &Folder, server: &Server) -> Self {
        let ada = token(folder, ADA);
        let made = server.post("/teams", Some(&ada), "{}");
        let id = made.json()["id"].as_str().unwrap().to_owned();
        Self {
            contacts: format!("/teams/{id}/contacts"),
            address: server.address.clone(),
            ada,
            id,
        }
    }

    /// The same team at another server.
    pub(crate) fn at(self, server: &Server) -> Self {
        Self {
            address: server.address.clone(),
            ..self
        }
    }

    pub(crate) fn add(&self, name: &str) -> Answer {
        let body = format!(r#"{{"name":"{name}"}}"#);
        crate::http::ask(
            &self.address,
            "POST",
            &self.contacts,
            Some(&self.ada),
            Some(&body),
        )
    }

    fn get(&self, path: &str) -> Answer {
        crate::http::ask(&self.address, "GET", path, Some(&self.ada), None)
    }

    /// Names and remote ids.
    pub(crate) fn contacts(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let all = self.get(&self.contacts).json();
        let all = all.as_array().unwrap().iter();
        all.map(|row| (text(&row["name"]), text(&row["remote"])))
            .collect()
    }

    /// Waits for the end of a run.
    pub(crate) fn end(&self, run: &str) -> Value {
        until("the run's end", || {
            let told = self.get(&format!("/_runs/{run}")).json();
            (told["status"] != "running").then_some(told)
        })
    }
}

fn token(folder: &Folder, who: &str) -> String {
    folder.run("token", &["--sub", who]).out.trim().to_owned()
}

pub(crate) fn one(name: &str) -> Vec<(String, String)> {
    vec![(name.to_owned(), "contact-1".to_owned())]
}

/// Starts a run that waits for the provider, and gives its id.
pub(crate) fn waiting(team: &Team, provider: &Provider) -> String {
    provider.hold(true);
    let answer = team.add("Ann");
    assert_eq!(answer.status, 202, "{answer:?}");
    let run = answer.json()["run"].as_str().unwrap().to_owned();
    assert!(
        answer.head.contains(&format!("location: /_runs/{run}")),
        "{answer:?}"
    );
    run
}

#[test]
fn who_does_not_wait_long_enough_looks_later() {
    let provider = Provider::start();
    let folder = provider.project();
    let server = Server::start("serve", &folder, &[]);
    let team = Team::new(&folder, &server);
    let run = waiting(&team, &provider);
    let path = format!("/_runs/{run}");
    assert_eq!(team.get(&path).json()["status"], "running");
    assert_eq!(server.get(&path, Some(&token(&folder, BOB))).status, 404);
    assert_eq!(server.get(&path, None).status, 401);
    // The same request again is the same run.
    assert_eq!(team.add("Ann").json()["run"], *run);
    provider.hold(false);
    let told = team.end(&run);
    assert_eq!(
        (&told["status"], &told["answer"]["status"]),
        (&"done".into(), &201.into())
    );
    assert_eq!(told["answer"]["body"]["remote"], "contact-1", "{told}");
    assert_eq!(provider.keys().len(), 1);
    assert_eq!(team.contacts(), one("Ann"));
}

#[test]
fn a_run_outlives_a_kill() {
    let provider = Provider::start();
    let folder = provider.project();
    let server = Server::start("serve", &folder, &[]);
    let team = Team::new(&folder, &server);
    let run = waiting(&team, &provider);
    server.signal("KILL");
    assert_eq!(server.ended().0, None);
    provider.hold(false);

    let server = Server::start("serve", &folder, &[]);
    let team = team.at(&server);
    assert_eq!(team.end(&run)["answer"]["status"], 201);
    let keys = provider.keys();
    assert!(
        keys.len() >= 2 && keys.iter().all(|key| *key == keys[0]),
        "{keys:?}"
    );
    assert_eq!(team.contacts(), one("Ann"));
}

#[test]
fn a_run_ends_by_the_files_that_started_it() {
    let provider = Provider::start();
    let folder = provider.project();
    let server = Server::start("serve", &folder, &[]);
    let team = Team::new(&folder, &server);
    let run = waiting(&team, &provider);
    // Stopped in order with a run under way: it is let go, and nothing of it is lost.
    server.signal("TERM");
    let (code, lines) = server.ended();
    assert_eq!(code, Some(0), "{lines:?}");
    provider.hold(false);

    let path = folder.path().join("routes/teams.json");
    let files = std::fs::read_to_string(&path).unwrap();
    let files = files.replace(
        r#""name": "{{body.name}}", "remote""#,
        r#""name": "new {{body.name}}", "remote""#,
    );
    std::fs::write(&path, files).unwrap();
    let server = Server::start("serve", &folder, &[]);
    let team = team.at(&server);
    assert_eq!(team.end(&run)["answer"]["body"]["name"], "Ann");
    assert_eq!(team.add("Ben").json()["name"], "new Ben");
    let listed = folder.runs(&["list"]).out;
    assert!(listed.ends_with("2 runs\n"), "{listed}");
}

#[test]
fn a_stop_lets_a_run_end_that_is_nearly_done() {
    let provider = Provider::start();
    let folder = provider.project();
    let server = Server::start("serve", &folder, &[]);
    let team = Team::new(&folder, &server);
    let run = waiting(&team, &provider);
    server.signal("TERM");
    std::thread::sleep(std::time::Duration::from_millis(300));
    provider.hold(false);
    let (code, lines) = server.ended();
    assert_eq!(code, Some(0), "{lines:?}");
    let shown = folder.runs(&["show", &run]).out;
    assert!(
        shown.contains("done      201") && shown.contains("save: done"),
        "{shown}"
    );
    assert_eq!(provider.keys().len(), 1);
}

#[test]
fn a_failed_run_is_taken_up_again_or_ended_by_hand() {
    let provider = Provider::start();
    let folder = provider.project();
    let server = Server::start("serve", &folder, &[]);
    let team = Team::new(&folder, &server);
    provider.status(500);
    for name in ["Ann", "Ben"] {
        let failed = team.add(name);
        assert_eq!(
            (failed.status, failed.json()["code"].as_str()),
            (502, Some("provider_failed"))
        );
    }
    let failed = folder.runs(&["list", "--state", "failed"]);
    assert!(failed.out.ends_with("2 runs\n"), "{}{}", failed.out, failed.err);
    let ids: Vec<&str> = failed
        .out
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    let (ben, ann) = (ids[0], ids[1]);
    let shown = folder.runs(&["show", ann]).out;
    assert!(shown.contains("error    provider_failed"), "{shown}");

    provider.status(200);
    let retried = folder.runs(&["retry", ann]);
    assert_eq!(retried.code, Some(0), "{}{}", retried.out, retried.err);
    assert!(
        retried.out.starts_with(&format!("{ann}  201  {{")),
        "{}",
        retried.out
    );
    assert_eq!(folder.runs(&["cancel", ben]).code, Some(0));
    let again = folder.runs(&["retry", ben]);
    assert_eq!(again.code, Some(2));
    assert!(again.err.contains("only failed runs"), "{}", again.err);
    assert_eq!(folder.runs(&["cancel", ben]).code, Some(2));
    assert_eq!(team.contacts(), one("Ann"));
    let nothing = folder.runs(&["show", ADA]);
    assert!(
        nothing.code == Some(2) && nothing.err.contains("runs list"),
        "{}",
        nothing.err
    );
}

#[test]
fn a_workflow_is_run_by_hand_for_a_tenant() {
    let provider = Provider::start();
    let folder = provider.project();
    let server = Server::start("serve", &folder, &[]);
    let team = Team::new(&folder, &server);
    let run = |args: &[&str]| {
        let mut command = crate::folder::backflow();
        command.args(["run", "import"]).arg(folder.path()).args(args);
        crate::folder::Ran::of(command.output().unwrap())
    };
    let ran = run(&["--tenant", &team.id, "--input", r#"{"name":"Ann"}"#]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    assert!(
        ran.out.contains("  201  {") && ran.out.contains(r#""remote":"contact-1""#),
        "{}",
        ran.out
    );
    assert_eq!(team.contacts(), one("Ann"));
    for (args, code) in [
        (vec!["--input", r#"{"name":"Ann"}"#], "no_tenant"),
        (vec!["--tenant", BOB, "--input", r#"{"name":"Ann"}"#], "not_found"),
        (vec!["--tenant", &team.id], "validation_failed"),
        (vec!["--tenant", &team.id, "--input", "{"], "invalid_json"),
    ] {
        let refused = run(&args);
        assert_eq!(refused.code, Some(2), "{}", refused.out);
        assert!(refused.err.contains(code), "{code} in {}", refused.err);
    }
    assert_eq!(provider.keys().len(), 1);
}

#[test]
fn looking_at_runs_makes_nothing() {
    let provider = Provider::start();
    let folder = provider.project();
    for args in [&["list"][..], &["show", ADA]] {
        let looked = folder.runs(args);
        assert_eq!(looked.code, Some(2));
        assert!(looked.err.contains("no database"), "{}", looked.err);
    }
    assert!(!folder.path().join("data").exists());
}

#[test]
fn without_accounts_nothing_is_served_and_nothing_touched() {
    let folder = Folder::example("saas");
    let env = [
        ("JWT_SECRET", crate::folder::SECRET),
        ("APP_URL", "https://app.example"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_test"),
        ("MAIL_FROM", "team@example.com"),
    ];
    let missing = refused(&folder, &[], &env);
    assert_eq!(missing.code, Some(1));
    let said =
        "missing variables: SENDGRID_API_KEY, STRIPE_SECRET_KEY; set them in .env, or try `backflow dev ";
    assert!(missing.out.contains(said), "{}", missing.out);
    let settings = std::fs::read_to_string(folder.path().join("backflow.json")).unwrap();
    let (start, rest) = settings.split_once("  \"credentials\"").unwrap();
    folder.write("backflow.json", &format!("{start}  \"$schema\": {{}} }}"));
    assert!(rest.contains("stripe"));
    let none = refused(&folder, &[], &env);
    assert_eq!(none.code, Some(2), "{}", none.out);
    assert!(
        none.err.contains("call sendgrid and stripe") && none.err.contains("backflow dev"),
        "{}",
        none.err
    );
    assert!(!folder.path().join("data").exists(), "the database was touched");
}
