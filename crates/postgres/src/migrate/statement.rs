//! One statement of a file.
//!
//! Role: runs it, and says where and why it failed.
//! Invariant: the text goes to the server as it stands; its place in the file is kept for messages.
//! Not here: transactions.

use super::LOCK_TIMEOUT;
use crate::connect::chain;
use backflow_catalog::Piece;
use backflow_engine::migrations::MigrateError;
use tokio_postgres::Client;
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};

/// Why a file failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// Somebody was in the way; nothing is changed and another try may do.
    InTheWay(MigrateError),
    /// It fails however often it is tried.
    Final(MigrateError),
}

impl From<MigrateError> for Failure {
    fn from(error: MigrateError) -> Self {
        Failure::Final(error)
    }
}

impl Failure {
    pub(super) fn into_error(self) -> MigrateError {
        match self {
            Failure::InTheWay(error) | Failure::Final(error) => error,
        }
    }

    /// Says that the statements before this one, so many, were not undone.
    pub(super) fn halfway(self, before: usize) -> Self {
        let mut error = self.into_error();
        if let MigrateError::Statement { reason, .. } = &mut error {
            if before > 0 {
                reason.push_str(
                    "\n  the file is not one transaction: its statements before this one stay, and run again at the \
                     next start; write `IF NOT EXISTS`",
                );
            }
            reason
                .push_str("\n  an index that failed to be built concurrently stays behind, invalid: drop it");
        }
        Failure::Final(error)
    }
}

/// Refuses what would end the transaction of a file, or waits for input that never comes.
pub(super) fn forbid(file: &str, piece: &Piece) -> Result<(), MigrateError> {
    let mut words = piece.sql.split_whitespace().map(str::to_ascii_lowercase);
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let reason = match (first.as_str(), second.as_str()) {
        ("rollback", "to") => return Ok(()),
        ("rollback" | "abort", _) | ("prepare", "transaction") => {
            "a file is one transaction, which only its end may end; remove the statement"
        }
        ("copy", _) if words.any(|word| word == "stdin") => {
            "the data of `COPY … FROM stdin` cannot stand in a migration; write `INSERT`"
        }
        _ => return Ok(()),
    };
    Err(MigrateError::Statement {
        file: file.to_owned(),
        line: Some(piece.line),
        statement: piece.sql.clone(),
        reason: reason.to_owned(),
    })
}

/// Runs it.
pub(super) async fn run(client: &Client, file: &str, piece: &Piece) -> Result<(), Failure> {
    let ran = client.batch_execute(&piece.sql).await;
    ran.map_err(|error| failed(file, Some(piece.line), &piece.sql, &error))
}

/// Why a statement failed that begins on a line.
pub(super) fn failed(file: &str, line: Option<u32>, sql: &str, error: &tokio_postgres::Error) -> Failure {
    let refusal = error.as_db_error();
    let below = match refusal.and_then(DbError::position) {
        Some(ErrorPosition::Original(position)) => lines_before(sql, *position),
        _ => 0,
    };
    let in_the_way = refusal.is_some_and(|refusal| {
        [SqlState::LOCK_NOT_AVAILABLE, SqlState::T_R_DEADLOCK_DETECTED].contains(refusal.code())
    });
    let error = MigrateError::Statement {
        file: file.to_owned(),
        line: line.map(|line| line.saturating_add(below)),
        statement: sql.trim().to_owned(),
        reason: refusal.map_or_else(|| chain(error), reason),
    };
    if in_the_way {
        Failure::InTheWay(error)
    } else {
        Failure::Final(error)
    }
}

/// How many lines end before a character of the text, counted from 1.
fn lines_before(sql: &str, position: u32) -> u32 {
    let before = usize::try_from(position).unwrap_or(usize::MAX).saturating_sub(1);
    let lines = sql.chars().take(before).filter(|c| *c == '\n').count();
    u32::try_from(lines).unwrap_or(u32::MAX)
}

fn reason(refusal: &DbError) -> String {
    if *refusal.code() == SqlState::LOCK_NOT_AVAILABLE {
        return format!(
            "somebody else holds a table that it needs, and it waited {} seconds for it, several times; see \
             `pg_stat_activity` for who has been in a transaction for long, then start again",
            LOCK_TIMEOUT.as_secs()
        );
    }
    let mut text = format!("{} ({})", refusal.message(), refusal.code().code());
    for (what, more) in [("detail", refusal.detail()), ("hint", refusal.hint())] {
        if let Some(more) = more {
            text.push_str(&format!("\n  {what}: {more}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_transaction_is_refused() {
        let judge = |sql: &str| {
            let piece = Piece {
                sql: sql.to_owned(),
                line: 3,
            };
            forbid("1.sql", &piece).is_ok()
        };
        for bad in [
            "ROLLBACK",
            "rollback and chain",
            "PREPARE TRANSACTION 'x'",
            "COPY t FROM stdin",
        ] {
            assert!(!judge(bad), "{bad}");
        }
        for good in [
            "ROLLBACK TO a",
            "ROLLBACK\nTO SAVEPOINT a",
            "PREPARE p AS SELECT 1",
            "COPY t FROM '/x'",
        ] {
            assert!(judge(good), "{good}");
        }
    }

    #[test]
    fn places_are_lines() {
        assert_eq!(lines_before("a\nä\nb", 1), 0);
        assert_eq!(lines_before("a\nä\nb", 5), 2);
        assert_eq!(lines_before("a\n", 4_000_000_000), 1);
    }
}
