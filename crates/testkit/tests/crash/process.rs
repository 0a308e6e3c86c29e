//! A server as a process of its own.
//!
//! Role: starts `backflow serve` on a folder, kills it, pauses it, starts it again.
//! Invariant: no process outlives the test: a small shell waits until the pipe that only the test holds is closed, and
//! kills what it was told of.
//! Not here: why a process is killed.

use super::history::History;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// How long a server may take until it listens, on a busy machine.
const STARTING: Duration = Duration::from_secs(60);

/// Keeps the ids that it reads, forgets those with a minus; at the end it kills what is left.
const JANITOR: &str = r#"
all=" "
while read -r word; do
  case "$word" in
    -*) all=$(printf %s "$all" | sed "s/ ${word#-} / /") ;;
    *) all="$all$word " ;;
  esac
done
for id in $all; do kill -KILL "$id"; done 2>/dev/null
"#;

/// How a process is started.
#[derive(Clone)]
pub(crate) struct Launch {
    pub(crate) folder: PathBuf,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) log: PathBuf,
}

/// A server that runs or may run again.
pub(crate) struct Process {
    name: String,
    launch: Launch,
    child: Mutex<Option<Child>>,
    address: Arc<Mutex<Option<SocketAddr>>>,
    closed: AtomicBool,
    history: Arc<History>,
}

impl Process {
    pub(crate) fn new(name: &str, launch: Launch, history: Arc<History>) -> Arc<Self> {
        Arc::new(Self {
            name: name.to_owned(),
            launch,
            child: Mutex::default(),
            address: Arc::default(),
            closed: AtomicBool::new(false),
            history,
        })
    }

    /// Starts it and waits until it listens.
    pub(crate) fn start(&self) {
        self.spawn();
        let begun = Instant::now();
        while self.address().is_none() && !self.closed.load(Ordering::Relaxed) {
            let ended = self
                .child()
                .as_mut()
                .and_then(|child| child.try_wait().ok().flatten());
            assert!(
                ended.is_none() && begun.elapsed() < STARTING,
                "{} does not start ({ended:?}):\n{}",
                self.name,
                self.log()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        self.history.note(&format!("{} listens", self.name));
    }

    /// Starts it, unless the scenario is over.
    pub(crate) fn spawn(&self) {
        let mut place = self.child();
        if self.closed.load(Ordering::Relaxed) {
            return;
        }
        let errors = File::options().append(true).create(true).open(&self.launch.log);
        let mut child = Command::new(binary())
            .arg("serve")
            .arg(&self.launch.folder)
            .args(["--port", "0"])
            .env_clear()
            .env("RUST_BACKTRACE", "1")
            .envs(self.launch.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors.unwrap())
            .spawn()
            .unwrap();
        tell(&format!("{}\n", child.id()));
        self.history.note(&format!("{} is started", self.name));
        let address = Arc::clone(&self.address);
        *address.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let (out, log) = (child.stdout.take().unwrap(), self.launch.log.clone());
        *place = Some(child);
        std::thread::spawn(move || read(BufReader::new(out), &log, &address));
    }

    /// Kills it, if it runs.
    pub(crate) fn kill(&self, why: &str) {
        let Some(mut child) = self.child().take() else {
            return;
        };
        self.history.note(&format!("{} is killed: {why}", self.name));
        *self.address_lock() = None;
        drop(child.kill());
        drop(child.wait());
        tell(&format!("-{}\n", child.id()));
    }

    /// Kills it for good.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        self.kill("the scenario is over");
    }

    /// Asks it to stop, and kills it if it does not within `patience`.
    pub(crate) fn terminate(&self, patience: Duration) {
        self.history.note(&format!("{} is told to stop", self.name));
        self.signal("TERM");
        let begun = Instant::now();
        while begun.elapsed() < patience {
            let mut child = self.child();
            if child
                .as_mut()
                .is_none_or(|child| child.try_wait().is_ok_and(|end| end.is_some()))
            {
                break;
            }
            drop(child);
            std::thread::sleep(Duration::from_millis(10));
        }
        self.kill("it was told to stop");
    }

    /// Sends a signal, by its name.
    pub(crate) fn signal(&self, name: &str) {
        let Some(id) = self.child().as_ref().map(Child::id) else {
            return;
        };
        self.history.note(&format!("{} gets SIG{name}", self.name));
        let sent = Command::new("/bin/sh")
            .args(["-c", r#"kill "-$1" "$2""#, "kill", name, &id.to_string()])
            .status();
        assert!(sent.is_ok_and(|status| status.success()), "no signal was sent");
    }

    /// Where it listens, if it does.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        *self.address_lock()
    }

    /// The end of what it said.
    pub(crate) fn log(&self) -> String {
        let text = std::fs::read_to_string(&self.launch.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }

    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn address_lock(&self) -> MutexGuard<'_, Option<SocketAddr>> {
        self.address.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.close();
    }
}

/// Keeps what a server says, and finds out where it listens.
fn read(out: impl BufRead, log: &Path, address: &Mutex<Option<SocketAddr>>) {
    let mut file = File::options().append(true).create(true).open(log).unwrap();
    for line in out.lines().map_while(Result::ok) {
        if line.contains("listening") {
            *address.lock().unwrap_or_else(PoisonError::into_inner) = address_in(&line);
        }
        drop(writeln!(file, "{line}"));
    }
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let text = line.get(line.find("127.0.0.1:")?..)?;
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ':'));
    text.get(..end.unwrap_or(text.len()))?.parse().ok()
}

/// The binary of this checkout, built once.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let own = std::env::current_exe().unwrap();
        let folder = own.parent().and_then(Path::parent).unwrap();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--package", "backflow"]);
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        let built = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status();
        assert!(
            built.is_ok_and(|status| status.success()),
            "the server cannot be built"
        );
        folder.join("backflow")
    })
}

/// Tells the janitor.
fn tell(word: &str) {
    static TOLD: OnceLock<Mutex<Child>> = OnceLock::new();
    let janitor = TOLD.get_or_init(|| {
        let janitor = Command::new("/bin/sh")
            .args(["-c", JANITOR])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        Mutex::new(janitor)
    });
    let mut janitor = janitor.lock().unwrap_or_else(PoisonError::into_inner);
    janitor
        .stdin
        .as_mut()
        .unwrap()
        .write_all(word.as_bytes())
        .unwrap();
}
