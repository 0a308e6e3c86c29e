//! Tables, and the migrations that make them.
//!
//! Role: what a case's schema is. Invariant: positions of tables and columns never change; what a smaller case
//! does without is marked as gone.
//! Not here: choosing schemas; see `tables`.

use crate::names;
use crate::types::{ENUMS, Ty};
use crate::values;

/// A column.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) ty: Ty,
    pub(crate) not_null: bool,
    pub(crate) unique: bool,
    /// As SQL.
    pub(crate) default: Option<String>,
    /// As SQL.
    pub(crate) check: Option<String>,
    /// The expression that computes it.
    pub(crate) generated: Option<String>,
    /// The database numbers rows; how that is said.
    pub(crate) numbered: Option<&'static str>,
    /// A later migration adds it, when there are rows.
    pub(crate) added: bool,
    /// Its type and name until a later migration changes them.
    pub(crate) was: Option<(Ty, String)>,
    pub(crate) gone: bool,
}

impl Column {
    pub(crate) fn new(name: impl Into<String>, ty: Ty) -> Self {
        Self {
            name: name.into(),
            ty,
            not_null: false,
            unique: false,
            default: None,
            check: None,
            generated: None,
            numbered: None,
            added: false,
            was: None,
            gone: false,
        }
    }

    pub(crate) fn needed(mut self) -> Self {
        self.not_null = true;
        self
    }

    /// Whether an insert may name it.
    pub(crate) fn is_written(&self) -> bool {
        self.generated.is_none() && self.numbered.is_none() && !self.gone
    }

    /// The type in which migrations load rows.
    pub(crate) fn first_type(&self) -> &Ty {
        self.was.as_ref().map_or(&self.ty, |(ty, _)| ty)
    }

    fn first_name(&self) -> &str {
        self.was.as_ref().map_or(&self.name, |(_, name)| name)
    }

    fn sql(&self) -> String {
        let name = names::declared(self.first_name());
        let mut sql = match self.numbered {
            Some(serial) if serial.ends_with("SERIAL") => format!("{name} {serial}"),
            Some(identity) => format!("{name} {} GENERATED {identity} AS IDENTITY", self.ty.sql()),
            None => format!("{name} {}", self.first_type().sql()),
        };
        if let Some(default) = &self.default {
            sql.push_str(&format!(" DEFAULT {default}"));
        }
        for (yes, word) in [(self.not_null, " NOT NULL"), (self.unique, " UNIQUE")] {
            if yes {
                sql.push_str(word);
            }
        }
        if let Some(check) = &self.check {
            sql.push_str(&format!(" CHECK ({check})"));
        }
        if let Some(generated) = &self.generated {
            sql.push_str(&format!(" GENERATED ALWAYS AS ({generated}) STORED"));
        }
        sql
    }
}

/// A foreign key.
#[derive(Debug, Clone)]
pub(crate) struct ForeignKey {
    pub(crate) columns: Vec<usize>,
    pub(crate) table: usize,
    pub(crate) references: Vec<usize>,
    /// ` ON DELETE …`
    pub(crate) actions: String,
}

/// A table.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) primary: Vec<usize>,
    /// Unique keys of several columns.
    pub(crate) uniques: Vec<Vec<usize>>,
    pub(crate) keys: Vec<ForeignKey>,
    /// Conditions over several columns, and indexes: whole parts and statements.
    pub(crate) checks: Vec<String>,
    pub(crate) indexes: Vec<String>,
    /// Nothing that an insert could break: what numbers rows would count on where it fails.
    pub(crate) calm: bool,
    /// Rows are loaded by the migrations, not by requests.
    pub(crate) loaded: bool,
    pub(crate) gone: bool,
}

impl Table {
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            columns: Vec::new(),
            primary: Vec::new(),
            uniques: Vec::new(),
            keys: Vec::new(),
            checks: Vec::new(),
            indexes: Vec::new(),
            calm: false,
            loaded: false,
            gone: false,
        }
    }

    /// Positions of the columns that are there.
    pub(crate) fn present(&self) -> Vec<usize> {
        (0..self.columns.len())
            .filter(|at| !self.columns[*at].gone)
            .collect()
    }

    /// A key that a row can be found by.
    pub(crate) fn key(&self) -> Option<Vec<usize>> {
        if !self.primary.is_empty() {
            return Some(self.primary.clone());
        }
        let unique = (0..self.columns.len()).find(|at| self.columns[*at].unique);
        unique
            .map(|at| vec![at])
            .or_else(|| self.uniques.first().cloned())
    }

    fn has(&self, columns: &[usize]) -> bool {
        columns
            .iter()
            .all(|at| !self.columns[*at].gone && !self.columns[*at].added)
    }

    fn list(&self, columns: &[usize]) -> String {
        columns
            .iter()
            .map(|at| names::declared(self.columns[*at].first_name()))
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn sql(&self, schema: &Schema) -> String {
        let mut parts: Vec<String> = self
            .columns
            .iter()
            .filter(|column| !column.gone && !column.added)
            .map(Column::sql)
            .collect();
        if !self.primary.is_empty() && self.has(&self.primary) {
            parts.push(format!("PRIMARY KEY ({})", self.list(&self.primary)));
        }
        for unique in self.uniques.iter().filter(|unique| self.has(unique)) {
            parts.push(format!("UNIQUE ({})", self.list(unique)));
        }
        for key in &self.keys {
            let to = &schema.tables[key.table];
            if self.has(&key.columns) && !to.gone && to.has(&key.references) {
                parts.push(format!(
                    "FOREIGN KEY ({}) REFERENCES {} ({}){}",
                    self.list(&key.columns),
                    names::declared(&to.name),
                    to.list(&key.references),
                    key.actions
                ));
            }
        }
        parts.extend(self.checks.iter().map(|check| format!("CHECK ({check})")));
        let mut sql = format!(
            "CREATE TABLE {} (\n  {}\n);\n",
            names::declared(&self.name),
            parts.join(",\n  ")
        );
        for index in &self.indexes {
            sql.push_str(&format!("{index};\n"));
        }
        sql
    }
}

/// What a later migration does to a column.
fn changes(table: &str, column: &Column) -> String {
    let Some((ty, name)) = &column.was else {
        return String::new();
    };
    let mut sql = String::new();
    let old = names::declared(name);
    if *ty != column.ty {
        sql.push_str(&format!(
            "ALTER TABLE {table} ALTER COLUMN {old} TYPE {};\n",
            column.ty.sql()
        ));
    }
    if *name != column.name {
        let new = names::declared(&column.name);
        sql.push_str(&format!("ALTER TABLE {table} RENAME COLUMN {old} TO {new};\n"));
    }
    sql
}

/// Rows that migrations load.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) table: usize,
    /// Columns and JSON texts.
    pub(crate) values: Vec<(usize, String)>,
}

/// All tables of a case.
#[derive(Debug, Clone, Default)]
pub(crate) struct Schema {
    pub(crate) tables: Vec<Table>,
    pub(crate) rows: Vec<Row>,
    /// Rows belong to teams, the first table; the second holds their members.
    pub(crate) scoped: bool,
}

impl Schema {
    fn uses(&self, name: &str) -> bool {
        let of = |ty: &Ty| matches!(ty, Ty::Enum(known, _) if *known == name);
        let columns = self
            .tables
            .iter()
            .filter(|table| !table.gone)
            .flat_map(|table| &table.columns);
        columns
            .filter(|column| !column.gone)
            .any(|column| match &column.ty {
                Ty::Array(item) => of(item),
                ty => of(ty),
            })
    }

    /// The migrations, by name.
    pub(crate) fn migrations(&self) -> Vec<(String, String)> {
        let mut tables = String::new();
        for (name, labels) in ENUMS.iter().filter(|(name, _)| self.uses(name)) {
            let labels: Vec<String> = labels
                .iter()
                .map(|label| format!("'{}'", label.replace('\'', "''")))
                .collect();
            tables.push_str(&format!(
                "CREATE TYPE \"{name}\" AS ENUM ({});\n",
                labels.join(", ")
            ));
        }
        for table in self.tables.iter().filter(|table| !table.gone) {
            tables.push_str(&table.sql(self));
        }
        let rows: String = self
            .rows
            .iter()
            .filter(|row| !self.tables[row.table].gone)
            .map(|row| self.insert(row))
            .collect();
        let mut more = String::new();
        for table in self.tables.iter().filter(|table| !table.gone) {
            for column in table.columns.iter().filter(|column| !column.gone) {
                more.push_str(&changes(&names::declared(&table.name), column));
            }
            for column in table.columns.iter().filter(|column| column.added && !column.gone) {
                let name = names::declared(&table.name);
                more.push_str(&format!("ALTER TABLE {name} ADD COLUMN {};\n", column.sql()));
            }
        }
        let files = [("0001_tables", tables), ("0002_rows", rows), ("0003_more", more)];
        files
            .into_iter()
            .filter(|(_, sql)| !sql.is_empty())
            .map(|(name, sql)| (format!("migrations/{name}.sql"), sql))
            .collect()
    }

    fn insert(&self, row: &Row) -> String {
        let table = &self.tables[row.table];
        let there: Vec<_> = row
            .values
            .iter()
            .filter(|(at, _)| !table.columns[*at].gone)
            .collect();
        let columns: Vec<usize> = there.iter().map(|(at, _)| *at).collect();
        let values: Vec<String> = there
            .iter()
            .map(|(at, value)| values::sql(value, table.columns[*at].first_type()))
            .collect();
        format!(
            "INSERT INTO {} ({}) VALUES ({});\n",
            names::declared(&table.name),
            table.list(&columns),
            values.join(", ")
        )
    }

    /// Marks as gone what a text does not name.
    pub(crate) fn keep_named(&mut self, said: &str) {
        let named = |name: &str| said.contains(crate::json::quoted(name).trim_matches('"'));
        for table in &mut self.tables {
            table.gone |= !named(&table.name);
            let primary = table.primary.clone();
            for (at, column) in table.columns.iter_mut().enumerate() {
                column.gone |= !named(&column.name) && !primary.contains(&at);
            }
        }
    }

    /// Takes away whatever can refuse a row but types.
    pub(crate) fn without_constraints(&mut self) {
        for table in &mut self.tables {
            for column in &mut table.columns {
                column.check = None;
                column.default = None;
                column.unique = false;
                column.not_null = false;
            }
            table.checks.clear();
            table.indexes.clear();
            table.uniques.clear();
            table.keys.clear();
        }
    }

    /// Every schema that is this one with one piece less.
    pub(crate) fn smaller(&self) -> Vec<Schema> {
        let mut found = Vec::new();
        let mut change = |what: &dyn Fn(&mut Schema)| {
            let mut less = self.clone();
            what(&mut less);
            found.push(less);
        };
        for at in 0..self.tables.len() {
            if !self.tables[at].gone {
                change(&|less| less.tables[at].gone = true);
            }
        }
        for at in 0..self.rows.len() {
            change(&|less| drop(less.rows.remove(at)));
        }
        for (at, table) in self.tables.iter().enumerate().filter(|(_, table)| !table.gone) {
            for column in table.present() {
                change(&|less| less.tables[at].columns[column].gone = true);
            }
            for column in table.present() {
                let now = &table.columns[column];
                if now.check.is_some() {
                    change(&|less| less.tables[at].columns[column].check = None);
                }
                if now.default.is_some() {
                    change(&|less| less.tables[at].columns[column].default = None);
                }
                if now.unique {
                    change(&|less| less.tables[at].columns[column].unique = false);
                }
            }
            for key in 0..table.keys.len() {
                change(&|less| drop(less.tables[at].keys.remove(key)));
            }
            for check in 0..table.checks.len() {
                change(&|less| drop(less.tables[at].checks.remove(check)));
            }
            for index in 0..table.indexes.len() {
                change(&|less| drop(less.tables[at].indexes.remove(index)));
            }
        }
        found
    }
}
