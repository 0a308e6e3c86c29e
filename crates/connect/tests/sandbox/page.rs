//! The page for people, in a browser.
//!
//! Role: a headless Chromium reads the page, if there is one; else the test says that it did not look.
//! Invariant: the page is read without scripts, which it has none of.
//! Not here: what is on it.

use backflow_connect::sandbox::{Options, Sandbox};
use std::process::Command;

fn browser() -> Option<&'static str> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    names.into_iter().find(|name| {
        Command::new(name)
            .arg("--version")
            .output()
            .is_ok_and(|out| out.status.success())
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_shows_what_was_sent() {
    let Some(browser) = browser() else {
        println!("skipped: no Chromium here (Debian: apt-get install chromium)");
        return;
    };
    let sandbox = Sandbox::start(Options::default()).await.expect("a sandbox");
    let event = sandbox.emit("invoice.paid", None, None).expect("an event");
    let address = format!("{}/_sandbox/#{event}", sandbox.base_url("stripe"));
    let folder = tempfile::tempdir().expect("a folder");
    let shot = folder.path().join("page.png");
    let run = tokio::task::spawn_blocking(move || {
        let flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
        ];
        let profile = format!("--user-data-dir={}", folder.path().display());
        let at = |how: String| {
            Command::new(browser)
                .args(flags)
                .args([&profile, &how, &address])
                .output()
                .expect("it runs")
        };
        let dom = at("--dump-dom".to_owned());
        at(format!("--screenshot={}", shot.display()));
        let size = shot.metadata().map(|data| data.len()).unwrap_or(0);
        (String::from_utf8_lossy(&dom.stdout).into_owned(), size)
    });
    let (dom, size) = run.await.expect("it ends");
    assert!(dom.contains(&event) && dom.contains("invoice.paid"), "{dom}");
    assert!(size > 5000, "a picture of {size} bytes");
}
