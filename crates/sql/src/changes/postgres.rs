//! The log of changes on PostgreSQL.
//!
//! Invariant: a trigger works for whoever writes, whatever their rights and their `search_path`.
//! Not here: SQLite.
//!
//! An entry bears the id of its transaction; it is unseen by a snapshot that was taken before the transaction ended, so no
//! sequence has to be trusted, whose numbers would come in another order than commits. Numbers of transactions are the
//! server's, 64 bits wide.

use super::{Change, Trigger, digest, literal, named, quoted};

pub(super) const LOG: &str = "CREATE TABLE IF NOT EXISTS \"_backflow_changes\" (\"xid\" xid8 NOT NULL DEFAULT \
    pg_current_xact_id(), \"name\" text NOT NULL, \"tenant\" text); CREATE INDEX IF NOT EXISTS \
    \"_backflow_changes_xid\" ON \"_backflow_changes\" (\"xid\")";

pub(super) const SINCE: &str = "SELECT n.\"next\", l.\"name\", l.\"tenant\" FROM (SELECT \
    CAST(pg_current_snapshot() AS text) AS \"next\") AS n LEFT JOIN (SELECT DISTINCT \"name\", \"tenant\" FROM \
    \"_backflow_changes\" WHERE \"xid\" >= pg_snapshot_xmin(CAST(CAST($1 AS text) AS pg_snapshot)) AND NOT \
    pg_visible_in_snapshot(\"xid\", CAST(CAST($1 AS text) AS pg_snapshot))) AS l ON true";

/// Entries of transactions that are yet to come are another server's, out of a dump.
pub(super) const FORGET: &str = "DELETE FROM \"_backflow_changes\" WHERE ctid IN (SELECT ctid FROM \
    \"_backflow_changes\" WHERE \"xid\" < pg_snapshot_xmin(CAST(CAST($1 AS text) AS pg_snapshot)) OR \"xid\" >= \
    pg_snapshot_xmax(pg_current_snapshot()) LIMIT 10000) RETURNING 1";

/// Entries that a token does not hold.
pub(super) fn unseen(param: usize) -> String {
    let token = format!("CAST(CAST(${param} AS text) AS pg_snapshot)");
    format!("l.\"xid\" >= pg_snapshot_xmin({token}) AND NOT pg_visible_in_snapshot(l.\"xid\", {token})")
}

/// A trigger for each row, with a function of its own; it acts also where rows come by replication.
///
/// A transaction logs a tenant's table once, however many rows and statements change it: what it has logged last stands
/// in a setting of the table, which ends with the transaction, or with the savepoint behind which the entry is undone.
/// The trigger's own condition looks there, so that nothing is called where nothing is new. Nor where it says that whoever
/// writes the rows logs them itself, which costs one statement a fraction of what it costs a trigger for each tenant.
pub(super) fn trigger(table: &str, tenant: Option<&str>, change: Change) -> Trigger {
    let logged = Logged {
        setting: setting(table),
        table: literal(table),
        tenant: tenant.map(str::to_owned),
    };
    let (when, body) = match change {
        Change::Insert => (logged.is_new("NEW"), logged.log("NEW")),
        Change::Delete => (logged.is_new("OLD"), logged.log("OLD")),
        Change::Update => match logged.moves() {
            None => (logged.is_new("NEW"), logged.log("NEW")),
            Some(moves) => (
                format!("{} OR {moves}", logged.is_new("NEW")),
                format!(
                    "IF {moves} THEN {} END IF; {}",
                    logged.log("OLD"),
                    logged.log("NEW")
                ),
            ),
        },
        Change::Truncate => (String::new(), logged.entry("NULL")),
    };
    let name = named(change, &format!("{table} {when} {body}"));
    let function = quoted(&name);
    let rows = match when.as_str() {
        "" => "FOR EACH STATEMENT".to_owned(),
        when => format!("FOR EACH ROW WHEN ({when})"),
    };
    let trigger = format!(
        "CREATE TRIGGER {function} AFTER {} ON {} {rows} EXECUTE FUNCTION",
        change.word(),
        quoted(table)
    );
    // Both are made by `format`: a per cent sign in a name is no place for a value.
    let (body, trigger) = (body.replace('%', "%%"), trigger.replace('%', "%%"));
    let body = body.replace(HOME, "%1$s");
    let make = format!(
        "DO $_backflow_do$ DECLARE home text := pg_catalog.quote_ident(pg_catalog.current_schema()); BEGIN \
         IF pg_catalog.to_regprocedure(home || $_backflow_made$.{function}()$_backflow_made$) IS NULL THEN \
         EXECUTE pg_catalog.format($_backflow_made$CREATE FUNCTION %1$s.{function}() RETURNS trigger LANGUAGE plpgsql \
         SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $_backflow_body$BEGIN {body} RETURN NULL; END$_backflow_body$$_backflow_made$, home); END IF; \
         EXECUTE pg_catalog.format($_backflow_made${trigger} %1$s.{function}()$_backflow_made$, home); END $_backflow_do$; \
         ALTER TABLE {} ENABLE ALWAYS TRIGGER {function}",
        quoted(table)
    );
    Trigger { name, make }
}

/// The setting of a table.
fn setting(table: &str) -> String {
    format!("backflow.c{:016x}", digest(table))
}

/// What the setting is where whoever writes logs it itself, by this column: a version of the project that tells tenants apart
/// by another one is to be told by its own triggers. No tenant's mark begins so.
fn by_itself(tenant: &str) -> String {
    literal(&format!("*{tenant}"))
}

/// Says that what follows in this transaction logs the changes of a table's rows itself, by a tenant's column.
pub(super) fn itself(table: &str, tenant: &str) -> String {
    format!("SET LOCAL {}={}", setting(table), by_itself(tenant))
}

/// Logs the changes of rows that are in `rows`, each with its tenant's key.
pub(super) fn entries(table: &str, tenant: &str, rows: &str) -> String {
    format!(
        "INSERT INTO \"_backflow_changes\" (\"name\",\"tenant\") SELECT DISTINCT {},{rows}.{}::text FROM {rows}",
        literal(table),
        quoted(tenant)
    )
}

/// Stands for the schema until the text is made into a format; no name of a table holds it, as PostgreSQL takes no NUL.
const HOME: &str = "\0";

/// How changes of a table are written down.
struct Logged {
    /// The setting that holds the tenant whose change was logged last.
    setting: String,
    /// The table's name as a text.
    table: String,
    /// The column with the tenant's key.
    tenant: Option<String>,
}

impl Logged {
    /// The tenant of a row, as the log has it.
    fn tenant(&self, row: &str) -> String {
        self.tenant.as_ref().map_or("NULL".to_owned(), |column| {
            format!("CAST({row}.{} AS text)", quoted(column))
        })
    }

    /// What the setting is when a row's tenant was logged; never empty, as a setting that is not set may be.
    fn mark(&self, row: &str) -> String {
        format!("pg_catalog.concat('=', {})", self.tenant(row))
    }

    fn is_new(&self, row: &str) -> String {
        let is_not = |mark: &str| {
            format!(
                "pg_catalog.current_setting('{}', true) IS DISTINCT FROM {mark}",
                self.setting
            )
        };
        let mark = is_not(&self.mark(row));
        match &self.tenant {
            Some(column) => format!("({mark} AND {})", is_not(&by_itself(column))),
            None => mark,
        }
    }

    /// Whether an update gives a row to another tenant.
    fn moves(&self) -> Option<String> {
        self.tenant.as_ref()?;
        Some(format!(
            "{} IS DISTINCT FROM {}",
            self.mark("OLD"),
            self.mark("NEW")
        ))
    }

    fn entry(&self, tenant: &str) -> String {
        let table = &self.table;
        format!("INSERT INTO {HOME}.\"_backflow_changes\" (\"name\", \"tenant\") VALUES ({table}, {tenant});")
    }

    fn log(&self, row: &str) -> String {
        let (entry, mark) = (self.entry(&self.tenant(row)), self.mark(row));
        format!(
            "{entry} PERFORM pg_catalog.set_config('{}', {mark}, true);",
            self.setting
        )
    }
}
