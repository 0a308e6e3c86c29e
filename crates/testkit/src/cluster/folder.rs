//! The folder of a server, and who clears up behind it.
//!
//! Invariant: when this process is gone, however it ended, the servers in the folder are stopped and the folder is
//! deleted: a small shell waits until the pipe that only this process holds is closed.

use super::Account;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Waits for the end of its input; then stops what says that it runs in the folder, and deletes it. A server writes
/// its process id into the first line of a `*.pid`.
const JANITOR: &str = r#"
cat >/dev/null
for file in "$1"/*.pid "$1"/*/*.pid; do
  read -r pid _ <"$file" && [ "$pid" -gt 1 ] && kill -QUIT "$pid" || continue
  for try in 1 2 3 4 5 6 7 8 9; do kill -0 "$pid" && sleep 0.1; done
done 2>/dev/null
for try in 1 2 3 4 5; do rm -rf "$1" 2>/dev/null && break || sleep 0.2; done
"#;

/// A folder for a server.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    account: Account,
    janitor: Child,
}

impl Folder {
    /// Makes the folder.
    ///
    /// # Panics
    /// When it cannot be made.
    pub(crate) fn new(prefix: &str) -> Self {
        // A socket's path is at most a hundred bytes, which temporary folders of some machines exceed.
        let short = Path::new("/tmp");
        let root = if short.is_dir() {
            short.to_owned()
        } else {
            std::env::temp_dir()
        };
        let path = tempfile::Builder::new()
            .prefix(prefix)
            .tempdir_in(root)
            .expect("a temporary folder")
            .keep();
        let owner = std::fs::metadata(&path).expect("the folder is there").uid();
        let account = Account::of(owner);
        account.own(&path);
        // Not in the server's account: the folder lies in one that is not the server's.
        let janitor = Command::new("/bin/sh")
            .args(["-c", JANITOR, "janitor"])
            .arg(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // What is typed at the terminal must not end it before its work.
            .process_group(0)
            .spawn()
            .expect("a shell");
        Folder {
            path,
            account,
            janitor,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn account(&self) -> Account {
        self.account
    }

    /// Writes a file that the server may read.
    ///
    /// # Panics
    /// When it cannot be written.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path.join(name);
        std::fs::write(&path, text).expect("the folder is writable");
        self.account.own(&path);
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(self.janitor.stdin.take());
        drop(self.janitor.wait());
    }
}
