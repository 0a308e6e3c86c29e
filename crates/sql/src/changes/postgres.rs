//! The log of changes on PostgreSQL.
//!
//! Invariant: a trigger works for whoever writes, whatever their rights and their `search_path`.
//! Not here: SQLite.
//!
//! A trigger acts once for a statement, however many rows that changes. An entry bears the id of its transaction; it
//! is unseen by a snapshot that was taken before the transaction ended, so no sequence has to be trusted, whose numbers
//! would come in another order than commits. Numbers of transactions are the server's, 64 bits wide.

use super::{Change, Trigger, literal, named, quoted};

pub(super) const LOG: &str = "CREATE TABLE IF NOT EXISTS \"_backflow_changes\" (\"xid\" xid8 NOT NULL DEFAULT \
    pg_current_xact_id(), \"name\" text NOT NULL, \"tenant\" text); CREATE INDEX IF NOT EXISTS \
    \"_backflow_changes_xid\" ON \"_backflow_changes\" (\"xid\")";

pub(super) const SINCE: &str = "SELECT n.\"next\", l.\"name\", l.\"tenant\" FROM (SELECT \
    CAST(pg_current_snapshot() AS text) AS \"next\") AS n LEFT JOIN (SELECT DISTINCT \"name\", \"tenant\" FROM \
    \"_backflow_changes\" WHERE \"xid\" >= pg_snapshot_xmin(CAST(CAST($1 AS text) AS pg_snapshot)) AND NOT \
    pg_visible_in_snapshot(\"xid\", CAST(CAST($1 AS text) AS pg_snapshot))) AS l ON true";

pub(super) const FORGET: &str = "DELETE FROM \"_backflow_changes\" WHERE \"xid\" < \
    pg_snapshot_xmin(CAST(CAST($1 AS text) AS pg_snapshot))";

/// Entries that a token does not hold.
pub(super) fn unseen(param: usize) -> String {
    let token = format!("CAST(CAST(${param} AS text) AS pg_snapshot)");
    format!("l.\"xid\" >= pg_snapshot_xmin({token}) AND NOT pg_visible_in_snapshot(l.\"xid\", {token})")
}

/// A trigger for each statement, with a function of its own.
pub(super) fn trigger(table: &str, tenant: Option<&str>, change: Change) -> Trigger {
    let (rows, tables) = match change {
        Change::Insert => ("NEW TABLE AS \"_backflow_new\"", vec!["_backflow_new"]),
        Change::Delete => ("OLD TABLE AS \"_backflow_old\"", vec!["_backflow_old"]),
        Change::Update => (
            "NEW TABLE AS \"_backflow_new\" OLD TABLE AS \"_backflow_old\"",
            vec!["_backflow_new", "_backflow_old"],
        ),
        Change::Truncate => ("", Vec::new()),
    };
    let entries = entries(table, tenant, &tables);
    let name = named(change, &format!("{table} {entries}"));
    let function = quoted(&name);
    // What is made by `format` is quoted a second time: a per cent sign in a name is no place for a value.
    let body = format!(
        "BEGIN INSERT INTO %1$s.\"_backflow_changes\" (\"name\", \"tenant\") {}; RETURN NULL; END",
        entries.replace('%', "%%")
    );
    let referencing = match rows {
        "" => String::new(),
        rows => format!(" REFERENCING {rows}"),
    };
    let trigger = format!(
        "CREATE TRIGGER {function} AFTER {} ON {}{referencing} FOR EACH STATEMENT EXECUTE FUNCTION",
        change.word(),
        quoted(table)
    );
    let make = format!(
        "DO $backflow$ DECLARE home text := pg_catalog.quote_ident(pg_catalog.current_schema()); BEGIN \
         EXECUTE pg_catalog.format($made$CREATE OR REPLACE FUNCTION %1$s.{function}() RETURNS trigger LANGUAGE plpgsql \
         SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body${body}$body$$made$, home); \
         EXECUTE pg_catalog.format($made${} %1$s.{function}()$made$, home); END $backflow$",
        trigger.replace('%', "%%")
    );
    Trigger { name, make }
}

/// One entry for each tenant whose rows a statement has changed.
fn entries(table: &str, tenant: Option<&str>, changed: &[&str]) -> String {
    let name = literal(table);
    if changed.is_empty() {
        return format!("VALUES ({name}, NULL)");
    }
    let each = changed.iter().map(|rows| {
        let rows = quoted(rows);
        match tenant {
            Some(column) => format!("SELECT {name}, CAST({} AS text) FROM {rows}", quoted(column)),
            None => format!("SELECT {name}, NULL WHERE EXISTS (SELECT FROM {rows})"),
        }
    });
    match changed.len() {
        1 => each.collect::<String>().replacen("SELECT", "SELECT DISTINCT", 1),
        _ => each.collect::<Vec<_>>().join(" UNION "),
    }
}
