//! One server's data and process.
//!
//! Invariant: whoever comes back from `start` or `resume` can connect.
//! Not here: where the binaries are, who deletes the folder.

use super::{Account, End, Folder, Options, binaries};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// Locales to try: bytes must not depend on how a language sorts, and C sorts by bytes already.
const LOCALES: [&[&str]; 4] = [
    &["--locale-provider=icu", "--icu-locale=en", "--locale=C.UTF-8"],
    &["--locale=en_US.UTF-8"],
    &["--locale=C.UTF-8"],
    &["--locale=C"],
];

/// Settings on which bytes could depend, all unusual; then what makes tests quick.
const SETTINGS: [(&str, &str); 15] = [
    ("timezone", "Asia/Kathmandu"),
    ("datestyle", "SQL, DMY"),
    ("intervalstyle", "sql_standard"),
    ("bytea_output", "escape"),
    ("extra_float_digits", "-2"),
    ("transform_null_equals", "on"),
    ("lc_messages", "C"),
    ("max_connections", "200"),
    ("shared_buffers", "64MB"),
    ("wal_level", "minimal"),
    ("max_wal_senders", "0"),
    ("autovacuum", "off"),
    ("jit", "off"),
    ("log_line_prefix", "%m %p %a "),
    ("log_min_messages", "warning"),
];

/// A server that runs or may run again.
#[derive(Debug)]
pub(super) struct Server {
    binaries: PathBuf,
    data: PathBuf,
    log: PathBuf,
    account: Account,
    process: Option<Child>,
}

impl Server {
    pub(super) fn start(folder: &Folder, port: u16, options: &Options) -> Self {
        let mut server = Server {
            binaries: binaries::folder(),
            data: folder.path().join("data"),
            log: folder.write("log", ""),
            account: folder.account(),
            process: None,
        };
        server.initialise();
        let configuration = configuration(folder.path(), port, options);
        let path = server.data.join("postgresql.auto.conf");
        std::fs::write(path, configuration).expect("the server's settings are writable");
        server.resume();
        server
    }

    /// Makes the data, with the first locale that this PostgreSQL knows.
    fn initialise(&self) {
        let mut faults = String::new();
        for locale in LOCALES {
            let output = self
                .program("initdb")
                .args([
                    "--username=postgres",
                    "--auth=trust",
                    "--encoding=UTF8",
                    "--no-sync",
                ])
                .args(locale)
                .arg("--pgdata")
                .arg(&self.data)
                .output()
                .expect("initdb can be run");
            if output.status.success() {
                return;
            }
            faults.push_str(&String::from_utf8_lossy(&output.stderr));
        }
        panic!("initdb makes no database:\n{faults}");
    }

    /// Starts the server and waits until it takes connections.
    pub(super) fn resume(&mut self) {
        let begun = Instant::now();
        // What a killed server's processes still hold goes in a moment; until then a new one refuses to start.
        while begun.elapsed() < PATIENCE {
            let log = File::options().append(true).open(&self.log).expect("the log");
            let process = self
                .program("postgres")
                .arg("-D")
                .arg(&self.data)
                .stdin(Stdio::null())
                .stdout(log.try_clone().expect("the log"))
                .stderr(log)
                .spawn()
                .expect("postgres can be run");
            if self.ready(process, begun) {
                return;
            }
        }
        panic!("the server does not start:\n{}", self.log());
    }

    /// Whether a process became a server.
    fn ready(&mut self, mut process: Child, begun: Instant) -> bool {
        while begun.elapsed() < PATIENCE {
            let status = std::fs::read_to_string(self.data.join("postmaster.pid")).unwrap_or_default();
            let mut lines = status.lines();
            let own = lines.next() == Some(&process.id().to_string());
            // The eighth line says how far it is.
            if own && lines.nth(6).is_some_and(|line| line.trim() == "ready") {
                self.process = Some(process);
                return true;
            }
            if process.try_wait().is_ok_and(|ended| ended.is_some()) {
                std::thread::sleep(PAUSE);
                return false;
            }
            std::thread::sleep(PAUSE);
        }
        drop(process.kill());
        false
    }

    /// Ends the server, if it runs, and waits until it is gone.
    pub(super) fn stop(&mut self, end: End) {
        let Some(mut process) = self.process.take() else {
            return;
        };
        let signal = match end {
            End::Fast => "-INT",
            End::Crash => "-QUIT",
        };
        let id = process.id().to_string();
        let sent = Command::new("/bin/sh")
            .args(["-c", r#"kill "$1" "$2""#, "kill", signal, &id])
            .status();
        assert!(
            sent.is_ok_and(|status| status.success()),
            "the server gets no signal"
        );
        let begun = Instant::now();
        while process.try_wait().is_ok_and(|ended| ended.is_none()) {
            assert!(
                begun.elapsed() < PATIENCE,
                "the server does not stop:\n{}",
                self.log()
            );
            std::thread::sleep(PAUSE);
        }
    }

    pub(super) fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    fn program(&self, name: &str) -> Command {
        let mut command = self.account.command(&self.binaries.join(name));
        // Whatever the caller's shell says of a server, this one is another.
        for name in [
            "PGDATA",
            "PGPORT",
            "PGHOST",
            "PGUSER",
            "PGOPTIONS",
            "PGTZ",
            "PGDATESTYLE",
        ] {
            command.env_remove(name);
        }
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop(End::Crash);
    }
}

fn configuration(folder: &Path, port: u16, options: &Options) -> String {
    let on = if options.durable { "on" } else { "off" };
    let port = port.to_string();
    let socket = folder.display().to_string();
    let own = [
        ("listen_addresses", "127.0.0.1"),
        ("port", &port),
        ("unix_socket_directories", &socket),
        ("fsync", on),
        ("full_page_writes", on),
    ];
    let further = options
        .settings
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let line = |(name, value): (&str, &str)| format!("{name} = '{}'\n", value.replace('\'', "''"));
    SETTINGS.into_iter().chain(own).chain(further).map(line).collect()
}
