//! Differences in words.
//!
//! Role: one diagnostic for each: what the files say, what the database has, what to do.
//! Invariant: every help is a statement that can be run as it stands, on one side or the other.
//! Not here: finding differences.

use backflow_catalog::{Catalog, Column, ColumnId, ColumnType, EnumId, EnumType, ForeignKey, Table};
use backflow_diag::{Diagnostic, Span, codes};

/// A table with the catalog that it is in.
pub(super) struct Side<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) table: &'a Table,
}

/// A difference; columns and keys are those of the files.
pub(super) enum Difference<'a> {
    /// The table is missing.
    Table,
    /// A column is missing.
    Column(&'a Column),
    /// A column has another type: this one.
    Type(&'a Column, String),
    /// A column may be NULL on one side only.
    Null(&'a Column),
    /// Columns are not unique; how the files make them so.
    Key(&'a [ColumnId], &'static str),
    /// A foreign key is missing.
    Reference(&'a ForeignKey),
}

impl Side<'_> {
    pub(super) fn enum_type(&self, id: EnumId) -> Option<&EnumType> {
        self.catalog.enums.get(id.0 as usize)
    }

    /// The type as it is written in `CREATE TABLE`.
    pub(super) fn type_name(&self, ty: &ColumnType) -> String {
        match ty {
            ColumnType::Enum(id) => self.enum_type(*id).map_or_else(String::new, |ty| {
                format!("{} ({})", quoted(&ty.name), ty.labels.join(", "))
            }),
            ColumnType::Array(item) => format!("{}[]", self.type_name(item)),
            other => other.to_string(),
        }
    }

    fn list(&self, columns: &[ColumnId]) -> String {
        let names = columns
            .iter()
            .filter_map(|id| self.table.columns.get(usize::from(id.0)));
        names
            .map(|column| quoted(&column.name))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

impl Difference<'_> {
    /// The difference as a fault in the files that make the table.
    pub(super) fn told(&self, files: &Side<'_>) -> Diagnostic {
        let table = &files.table.name;
        let (what, label) = self.words(files);
        let mut fault = Diagnostic::new(
            codes::DATABASE_DIFFERS,
            format!("the database differs from the migrations: {what}"),
        );
        if let Some(span) = self.span(files) {
            fault = fault.at(span, label);
        }
        fault = fault.note(
            "the file that makes it is recorded as applied, so the database was changed by other means, or the \
             record is of another database",
        );
        if let Some(sql) = self.mending(files) {
            fault = fault.help(format!("if the files are right: {sql}"));
        }
        fault.help(format!(
            "if the database is right: say so in a new migration that may run on it (`IF EXISTS`, `IF NOT EXISTS`), \
             and write routes that fit `{table}` as it is then"
        ))
    }

    /// What differs, and what the files say.
    fn words(&self, files: &Side<'_>) -> (String, String) {
        let table = &files.table.name;
        match self {
            Difference::Table => (format!("it has no table `{table}`"), "made here".to_owned()),
            Difference::Column(column) => (
                format!("`{table}` has no column `{}` there", column.name),
                "declared here".to_owned(),
            ),
            Difference::Type(column, found) => (
                format!("`{table}.{}` is {found} there", column.name),
                format!("{} here", files.type_name(&column.ty)),
            ),
            Difference::Null(column) if column.not_null => (
                format!("`{table}.{}` may be NULL there", column.name),
                "NOT NULL here".to_owned(),
            ),
            Difference::Null(column) => (
                format!("`{table}.{}` is NOT NULL there", column.name),
                "may be NULL here".to_owned(),
            ),
            Difference::Key(columns, kind) => (
                format!("`{table}` has no unique key ({}) there", files.list(columns)),
                format!("{kind} ({}) here", files.list(columns)),
            ),
            Difference::Reference(key) => {
                let target = &files.catalog.table(key.table).name;
                let columns = files.list(&key.columns);
                (
                    format!("`{table}` has no foreign key ({columns}) to `{target}` there"),
                    format!("({columns}) references {} here", quoted(target)),
                )
            }
        }
    }

    fn span(&self, files: &Side<'_>) -> Option<Span> {
        let of = |id: &ColumnId| files.table.columns.get(usize::from(id.0))?.span;
        match self {
            Difference::Table => files.table.span,
            Difference::Column(column) | Difference::Type(column, _) | Difference::Null(column) => {
                column.span
            }
            Difference::Key(columns, _) => columns.first().and_then(of),
            Difference::Reference(key) => key.columns.first().and_then(of),
        }
        .or(files.table.span)
    }

    /// What brings the database to what the files say, where that is one plain statement.
    fn mending(&self, files: &Side<'_>) -> Option<String> {
        let table = quoted(&files.table.name);
        let plain = |ty: &ColumnType| match ty {
            ColumnType::Enum(id) => files.enum_type(*id).map(|ty| quoted(&ty.name)),
            ty => Some(files.type_name(ty)),
        };
        let change = match self {
            Difference::Table => return None,
            Difference::Column(column) if column.generated || column.default.is_some() || column.not_null => {
                return None;
            }
            Difference::Column(column) => {
                format!("ADD COLUMN {} {}", quoted(&column.name), plain(&column.ty)?)
            }
            Difference::Type(column, _) if matches!(column.ty, ColumnType::Enum(_)) => return None,
            Difference::Type(column, _) => {
                format!(
                    "ALTER COLUMN {} TYPE {}",
                    quoted(&column.name),
                    plain(&column.ty)?
                )
            }
            Difference::Null(column) => {
                let verb = if column.not_null { "SET" } else { "DROP" };
                format!("ALTER COLUMN {} {verb} NOT NULL", quoted(&column.name))
            }
            Difference::Key(columns, kind) => format!("ADD {kind} ({})", files.list(columns)),
            Difference::Reference(key) => {
                let target = Side {
                    catalog: files.catalog,
                    table: files.catalog.table(key.table),
                };
                format!(
                    "ADD FOREIGN KEY ({}) REFERENCES {} ({})",
                    files.list(&key.columns),
                    quoted(&target.table.name),
                    target.list(&key.references)
                )
            }
        };
        Some(format!("`ALTER TABLE {table} {change}`"))
    }
}

/// The warning about a table of which we see only some rows.
pub(super) fn veiled(table: &Table) -> Diagnostic {
    let name = &table.name;
    let mut warning = Diagnostic::new(
        codes::ROW_SECURITY,
        format!("row security of `{name}` applies to the role that the server connects with"),
    );
    if let Some(span) = table.span {
        warning = warning.at(span, "rows of it are hidden");
    }
    warning
        .note("rows that no policy shows to this role look like rows that are not there")
        .help("connect as the tables' owner, or as a role with `BYPASSRLS`; on Supabase as `postgres`")
}

/// A name as it may be written in SQL: in quotes where it needs them.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit()) && !name.is_empty() {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}
