//! Whose processes the servers are.
//!
//! Invariant: never root, which PostgreSQL and PgBouncer refuse.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// Accounts that a machine may have for this, best first.
const NAMES: [&str; 2] = ["postgres", "nobody"];

/// User and group of the servers; none if they are ours.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account(Option<(u32, u32)>);

impl Account {
    /// The account for a process whose own user is `user`.
    ///
    /// # Panics
    /// When the process is root's and the machine has no account to become.
    pub(super) fn of(user: u32) -> Self {
        if user != 0 {
            return Account(None);
        }
        let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let found = NAMES.iter().find_map(|name| entry(&accounts, name));
        assert!(
            found.is_some(),
            "PostgreSQL refuses to run as root, and there is neither `postgres` nor `nobody` to become"
        );
        Account(found)
    }

    /// A program that will run in this account, in a process group of its own: what is typed at the terminal does
    /// not reach it.
    pub(crate) fn command(self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.process_group(0).current_dir("/");
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group);
        }
        command
    }

    /// Hands a folder or file over.
    ///
    /// # Panics
    /// When that is not allowed.
    pub(super) fn own(self, path: &Path) {
        if let Some((user, group)) = self.0 {
            std::os::unix::fs::chown(path, Some(user), Some(group)).expect("a folder can be handed over");
        }
    }
}

/// User and group of an entry `name:x:user:group:…`.
fn entry(accounts: &str, name: &str) -> Option<(u32, u32)> {
    let line = accounts
        .lines()
        .find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}
