//! The log of changes: which tables, and whose rows in them, were written.
//!
//! Role: texts that make the log and the triggers that fill it, and the statements that read it. Whoever keeps
//! answers learns from it what other processes, and programs that are not ours, have written.
//! Output: texts, [`Watch`]es and [`Statement`]s for a dialect.
//! Invariant: a change and its entry commit together; whoever asks what has come since a *token* misses nothing,
//! however long a transaction has been open.
//! Not here: which tables are watched (the plan), what is done about a change (the engine).
//!
//! A token is a text that only the database reads: on SQLite the number of the last entry, as there commits come one
//! after another; on PostgreSQL a snapshot, because there an entry may become visible after a later one.

mod postgres;
mod sqlite;

use crate::ir::{Dialect, Statement};
use backflow_catalog::{Catalog, ColumnId, Table, TableId};

/// How the names of all our triggers begin.
pub const TRIGGERS: &str = "_backflow_changed_";

/// What must be there so that changes of a table are logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// The table.
    pub table: String,
    /// Its triggers. One that does something else has another name.
    pub triggers: Vec<Trigger>,
}

/// A trigger of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// Its name; it begins with [`TRIGGERS`].
    pub name: String,
    /// What makes it.
    pub make: String,
}

/// What a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Insert,
    Update,
    Delete,
    /// All rows at once; only PostgreSQL has it.
    Truncate,
}

/// Tables whose changes are asked about.
#[derive(Debug, Clone, Default)]
pub struct Asked<'a> {
    /// Those of which only one tenant's rows matter.
    pub scoped: Vec<&'a str>,
    /// Those of which every row matters.
    pub whole: Vec<&'a str>,
}

/// Makes the log where it is missing.
#[must_use]
pub fn log(dialect: Dialect) -> String {
    match dialect {
        Dialect::Sqlite => sqlite::LOG,
        Dialect::Postgres => postgres::LOG,
    }
    .to_owned()
}

/// What logs the changes of a table. `tenant`: the column with the key of the tenant that a row belongs to; without
/// one a change counts for everybody.
#[must_use]
pub fn watch(table: &Table, tenant: Option<ColumnId>, dialect: Dialect) -> Watch {
    let column = tenant.and_then(|column| table.columns.get(usize::from(column.0)));
    let column = column.map(|column| column.name.as_str());
    let make = |change| match dialect {
        Dialect::Sqlite => sqlite::trigger(&table.name, column, change),
        Dialect::Postgres => Some(postgres::trigger(&table.name, column, change)),
    };
    let all = [Change::Insert, Change::Update, Change::Delete, Change::Truncate];
    Watch {
        table: table.name.clone(),
        triggers: all.into_iter().filter_map(make).collect(),
    }
}

/// How a statement of PostgreSQL's that writes rows of many tenants logs that itself, instead of by a trigger for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogsItself {
    /// The table.
    pub table: TableId,
    /// The column with the key of the tenant that a row belongs to.
    pub tenant: ColumnId,
}

impl LogsItself {
    /// What goes before the statement in its transaction.
    #[must_use]
    pub fn opening(&self, catalog: &Catalog) -> String {
        let tenant = &catalog.column(self.table, self.tenant).name;
        postgres::itself(&catalog.table(self.table).name, tenant)
    }

    /// What logs the rows that are in `rows`.
    pub(crate) fn entries(&self, rows: &str, catalog: &Catalog) -> String {
        let tenant = &catalog.column(self.table, self.tenant).name;
        postgres::entries(&catalog.table(self.table).name, tenant, rows)
    }
}

/// What was changed since a token, the only parameter; where it is NULL, nothing. Cells are the next token, and a
/// table and the tenant's key as text: NULL for anybody's. There is always a row.
#[must_use]
pub fn since(dialect: Dialect) -> Statement {
    Statement {
        text: match dialect {
            Dialect::Sqlite => sqlite::SINCE,
            Dialect::Postgres => postgres::SINCE,
        }
        .to_owned(),
        cells: 3,
        ..Statement::default()
    }
}

/// What begins the name in an entry which says that a table's changes are not logged any more.
pub const ENDED: char = '!';

/// An entry that says that anything of a table may have changed; `ended`: and that nobody logs what will.
#[must_use]
pub fn entry(table: &str, ended: bool) -> String {
    let name = match ended {
        true => format!("{ENDED}{table}"),
        false => table.to_owned(),
    };
    let name = literal(&name);
    format!("INSERT INTO \"_backflow_changes\" (\"name\", \"tenant\") VALUES ({name}, NULL)")
}

/// Forgets entries that everybody has seen who has asked since a token, the only parameter: some of them, with a row
/// for each; there may be more for as long as there are rows.
#[must_use]
pub fn forget(dialect: Dialect) -> Statement {
    Statement {
        text: match dialect {
            Dialect::Sqlite => sqlite::FORGET,
            Dialect::Postgres => postgres::FORGET,
        }
        .to_owned(),
        cells: 1,
        ..Statement::default()
    }
}

/// A guard that says in one more cell, the last, whether what is asked about was changed since a token, its last
/// parameter. The guard's first cell is the tenant's key; `params` is how many parameters it has.
#[must_use]
pub fn guarded(guard: &Statement, params: usize, asked: &Asked<'_>, dialect: Dialect) -> Statement {
    let names: Vec<String> = (0..guard.cells).map(|cell| format!("c{cell}")).collect();
    let names = names.join(", ");
    let moved = moved(params + 1, Some("g.c0"), asked, dialect);
    Statement {
        text: format!(
            "WITH g ({names}) AS ({}) SELECT {names}, {moved} FROM g",
            guard.text
        ),
        json: false,
        cells: guard.cells + 1,
        writes: Box::default(),
    }
}

/// Whether what is asked about was changed since a token, the only parameter: one row with one cell.
#[must_use]
pub fn unguarded(asked: &Asked<'_>, dialect: Dialect) -> Statement {
    Statement {
        text: format!("SELECT {}", moved(1, None, asked, dialect)),
        cells: 1,
        ..Statement::default()
    }
}

fn moved(param: usize, tenant: Option<&str>, asked: &Asked<'_>, dialect: Dialect) -> String {
    let (unseen, text) = match dialect {
        Dialect::Sqlite => (sqlite::unseen(param), "TEXT"),
        Dialect::Postgres => (postgres::unseen(param), "text"),
    };
    let own =
        tenant.map(|key| format!(" AND (l.\"tenant\" IS NULL OR l.\"tenant\" = CAST({key} AS {text}))"));
    let scoped = among(&asked.scoped).map(|named| named + &own.unwrap_or_default());
    let any = [scoped, among(&asked.whole)].into_iter().flatten();
    let any = any
        .map(|test| format!("({test})"))
        .collect::<Vec<_>>()
        .join(" OR ");
    match any.as_str() {
        "" => "false".to_owned(),
        any => format!("EXISTS (SELECT 1 FROM \"_backflow_changes\" AS l WHERE {unseen} AND ({any}))"),
    }
}

fn among(tables: &[&str]) -> Option<String> {
    let names: Vec<String> = tables.iter().map(|name| literal(name)).collect();
    (!names.is_empty()).then(|| format!("l.\"name\" IN ({})", names.join(", ")))
}

impl Change {
    fn word(self) -> &'static str {
        match self {
            Change::Insert => "insert",
            Change::Update => "update",
            Change::Delete => "delete",
            Change::Truncate => "truncate",
        }
    }
}

/// The name of a trigger, which tells apart what it does.
fn named(change: Change, body: &str) -> String {
    format!("{TRIGGERS}{:016x}_{}", digest(body), change.word())
}

/// 64 bits of FNV-1a: the same on every machine and in every version.
fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |digest, byte| {
        (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests;
