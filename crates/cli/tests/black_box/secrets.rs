//! What no log and no listing shows.

use crate::folder::Folder;
use crate::http::{Server, until};
use crate::provider::{CANARY, Provider};
use crate::workflows::Team;

/// The steps of the only run, whole.
fn shown(folder: &Folder) -> String {
    let listed = folder.runs(&["list"]).out;
    let run = listed.split(' ').next().unwrap().to_owned();
    listed + &folder.runs(&["show", "--full", &run]).out
}

#[test]
fn a_credential_reaches_its_provider_and_nothing_else() {
    let provider = Provider::start();
    let folder = provider.project();
    let server = Server::start("serve", &folder, &[("RUST_LOG", "trace")]);
    let team = Team::new(&folder, &server);
    assert_eq!(team.add("Ann").status, 201);
    // A failure is logged in more words.
    provider.status(500);
    assert_eq!(team.add("Ben").status, 502);
    provider.status(403);
    assert_eq!(team.add("Cid").status, 502);
    let listed = until("three runs", || {
        let listed = folder.runs(&["list"]).out;
        listed.ends_with("3 runs\n").then_some(listed)
    });
    let mut seen = listed.clone();
    for run in listed.lines().filter_map(|line| line.split_once("  ")) {
        seen += &folder.runs(&["show", "--full", run.0]).out;
    }
    assert!(seen.contains("Bearer ***"), "{seen}");
    server.signal("TERM");
    let (code, lines) = server.ended();
    assert_eq!(code, Some(0));
    let log = lines.join("\n");
    assert!(log.contains("provider's call failed"), "{log}");
    for text in [&seen, &log] {
        assert!(!text.contains(CANARY), "the credential is in {text}");
    }
    assert!(
        provider.credentials().iter().all(|auth| auth.contains(CANARY)),
        "it never arrived"
    );
    assert!(shown(&folder).contains("asked    POST /contacts"));
}
