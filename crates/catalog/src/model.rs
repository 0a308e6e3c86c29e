//! Tables, columns, types, keys.
//!
//! Role: the schema as later stages see it; names are looked up once, then everything is an id.
//! Invariant: every id inside a [`Catalog`] points into that catalog.
//! Not here: where the schema came from (DDL text or a live database).

use backflow_diag::Span;

/// A table of a [`Catalog`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableId(pub u32);

/// A column, by its position in its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnId(pub u16);

/// An enum type of a [`Catalog`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnumId(pub u32);

/// A column's type, in PostgreSQL's terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnType {
    /// `boolean`
    Bool,
    /// `smallint`
    Int2,
    /// `integer`
    Int4,
    /// `bigint`
    Int8,
    /// `real`
    Float4,
    /// `double precision`
    Float8,
    /// `numeric(precision, scale)`
    Numeric(Option<(u16, u16)>),
    /// `text`
    Text,
    /// `varchar(n)`; the limit counts characters
    Varchar(u32),
    /// `char(n)`; blanks at the end mean nothing, and are never answered
    Char(u32),
    /// `uuid`
    Uuid,
    /// `date`
    Date,
    /// `time`
    Time,
    /// `timestamp` without time zone
    Timestamp,
    /// `timestamptz`
    TimestampTz,
    /// `interval`
    Interval,
    /// `json`: kept as written
    Json,
    /// `jsonb`: kept in canonical form
    Jsonb,
    /// `bytea`
    Bytea,
    /// A type made by `CREATE TYPE … AS ENUM`
    Enum(EnumId),
    /// An array
    Array(Box<ColumnType>),
    /// A type that only the database knows, by name
    Other(String),
}

impl ColumnType {
    /// Whether values are numbers.
    #[must_use]
    pub fn is_number(&self) -> bool {
        self.is_integer() || matches!(self, Self::Float4 | Self::Float8 | Self::Numeric(_))
    }

    /// Whether values are whole numbers of a fixed width.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        matches!(self, Self::Int2 | Self::Int4 | Self::Int8)
    }

    /// Whether values are character strings.
    #[must_use]
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text | Self::Varchar(_) | Self::Char(_))
    }

    /// Whether values are dates or times.
    #[must_use]
    pub fn is_temporal(&self) -> bool {
        matches!(
            self,
            Self::Date | Self::Time | Self::Timestamp | Self::TimestampTz
        )
    }
}

/// The type as PostgreSQL spells it; of an enum only that it is one, since its name is the catalog's.
impl std::fmt::Display for ColumnType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = match self {
            ColumnType::Bool => "boolean",
            ColumnType::Int2 => "smallint",
            ColumnType::Int4 => "integer",
            ColumnType::Int8 => "bigint",
            ColumnType::Float4 => "real",
            ColumnType::Float8 => "double precision",
            ColumnType::Numeric(None) => "numeric",
            ColumnType::Numeric(Some((precision, scale))) => {
                return write!(f, "numeric({precision}, {scale})");
            }
            ColumnType::Text => "text",
            ColumnType::Varchar(limit) => return write!(f, "varchar({limit})"),
            ColumnType::Char(limit) => return write!(f, "char({limit})"),
            ColumnType::Uuid => "uuid",
            ColumnType::Date => "date",
            ColumnType::Time => "time",
            ColumnType::Timestamp => "timestamp",
            ColumnType::TimestampTz => "timestamptz",
            ColumnType::Interval => "interval",
            ColumnType::Json => "json",
            ColumnType::Jsonb => "jsonb",
            ColumnType::Bytea => "bytea",
            ColumnType::Enum(_) => "enum",
            ColumnType::Array(item) => return write!(f, "{item}[]"),
            ColumnType::Other(name) => name,
        };
        f.write_str(name)
    }
}

/// What a column gets when an insert leaves it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DefaultValue {
    /// A constant, in the text form PostgreSQL reads for the column's type.
    Literal(String),
    /// `now()` and its synonyms.
    Now,
    /// `gen_random_uuid()`
    RandomUuid,
    /// `serial` and identity columns.
    Sequence,
    /// Anything else, as written; only PostgreSQL can compute it.
    Expression(String),
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name as the database knows it (folded to lower case unless it was quoted).
    pub name: String,
    /// Its type.
    pub ty: ColumnType,
    /// Whether NULL is refused.
    pub not_null: bool,
    /// What it gets when left out.
    pub default: Option<DefaultValue>,
    /// Whether the database computes it always (`GENERATED ALWAYS AS (…) STORED` or `… AS IDENTITY`).
    pub generated: bool,
    /// The texts a CHECK allows (`status IN ('active', 'canceled')`); empty when there is no such CHECK.
    pub allowed: Vec<String>,
    /// If CHECKs do no more than bound it by constants (`n >= 0`), the least value that they allow: it may take whatever
    /// lies between two values that it may take.
    pub bounded: Option<i64>,
    /// Where it is declared, if in a file.
    pub span: Option<Span>,
}

impl Column {
    /// A nullable column without default.
    pub fn new(name: impl Into<String>, ty: ColumnType) -> Self {
        Self {
            name: name.into(),
            ty,
            not_null: false,
            default: None,
            generated: false,
            allowed: Vec::new(),
            bounded: Some(i64::MIN),
            span: None,
        }
    }
}

/// A foreign key. Its column lists have equal length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    /// The constraint's name, declared or as PostgreSQL would name it.
    pub name: String,
    /// The columns of this table.
    pub columns: Vec<ColumnId>,
    /// The table they point at.
    pub table: TableId,
    /// The columns they point at.
    pub references: Vec<ColumnId>,
}

/// A unique key: constraint or unique index without a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UniqueKey {
    /// The constraint's or index's name, declared or as PostgreSQL would name it.
    pub name: String,
    /// Its columns.
    pub columns: Vec<ColumnId>,
}

/// An index: leading columns only, enough to tell whether a look-up is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Its columns in order; an expression ends the list.
    pub columns: Vec<ColumnId>,
    /// Whether it covers only some rows.
    pub partial: bool,
}

/// What a relation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableKind {
    /// An ordinary table.
    Table,
    /// A view; known only from a live database.
    View,
    /// The directory of users that the engine keeps.
    Directory,
}

/// Which changes of its rows a relation takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Writes {
    /// New rows.
    pub insert: bool,
    /// Changed rows.
    pub update: bool,
    /// Rows that go.
    pub delete: bool,
}

impl Writes {
    /// As a table takes them.
    pub const ALL: Self = Writes {
        insert: true,
        update: true,
        delete: true,
    };
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name as the database knows it.
    pub name: String,
    /// What it is.
    pub kind: TableKind,
    /// Its columns, in declared order.
    pub columns: Vec<Column>,
    /// The primary key's columns; empty when there is none.
    pub primary_key: Vec<ColumnId>,
    /// Unique keys other than the primary key.
    pub uniques: Vec<UniqueKey>,
    /// Foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
    /// Further indexes.
    pub indexes: Vec<Index>,
    /// Whether triggers or rules of the author's may act when its rows change. Read from files, it may be set
    /// though there are none.
    pub triggers: bool,
    /// Whether more than its keys tells rows apart: a unique index of some rows or of expressions, EXCLUDE.
    pub exclusive: bool,
    /// What it takes; a view that joins tables may take nothing.
    pub writes: Writes,
    /// Where it is declared, if in a file.
    pub span: Option<Span>,
}

impl Table {
    /// The column of this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<ColumnId> {
        let index = self.columns.iter().position(|column| column.name == name)?;
        u16::try_from(index).ok().map(ColumnId)
    }

    /// All column ids.
    pub fn column_ids(&self) -> impl Iterator<Item = ColumnId> + use<> {
        (0..u16::try_from(self.columns.len()).unwrap_or(u16::MAX)).map(ColumnId)
    }

    /// Every key whose columns are unique together: the primary key first.
    pub fn keys(&self) -> impl Iterator<Item = &[ColumnId]> {
        std::iter::once(self.primary_key.as_slice())
            .filter(|key| !key.is_empty())
            .chain(self.uniques.iter().map(|key| key.columns.as_slice()))
    }

    /// Whether exactly these columns, in any order, are a unique key.
    #[must_use]
    pub fn is_unique(&self, columns: &[ColumnId]) -> bool {
        self.keys()
            .any(|key| key.len() == columns.len() && key.iter().all(|c| columns.contains(c)))
    }

    /// Whether some key or index starts with this column.
    #[must_use]
    pub fn is_indexed(&self, column: ColumnId) -> bool {
        self.keys().any(|key| key.first() == Some(&column))
            || self
                .indexes
                .iter()
                .any(|index| !index.partial && index.columns.first() == Some(&column))
    }
}

/// An enum type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumType {
    /// Its name.
    pub name: String,
    /// Its labels, in order.
    pub labels: Vec<String>,
}

/// A whole schema.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalog {
    /// Tables, by id.
    pub tables: Vec<Table>,
    /// Enum types, by id.
    pub enums: Vec<EnumType>,
}

impl Catalog {
    /// The table of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<TableId> {
        let index = self.tables.iter().position(|table| table.name == name)?;
        u32::try_from(index).ok().map(TableId)
    }

    /// The table behind an id of this catalog.
    #[must_use]
    pub fn table(&self, id: TableId) -> &Table {
        self.tables
            .get(id.0 as usize)
            .expect("invariant: a TableId comes from this catalog")
    }

    /// The column behind ids of this catalog.
    #[must_use]
    pub fn column(&self, table: TableId, column: ColumnId) -> &Column {
        let columns = &self.table(table).columns;
        columns
            .get(usize::from(column.0))
            .expect("invariant: a ColumnId comes from its table")
    }

    /// The labels of an enum type of this catalog.
    #[must_use]
    pub fn labels(&self, id: EnumId) -> &[String] {
        self.enums.get(id.0 as usize).map_or(&[], |e| e.labels.as_slice())
    }

    /// All table ids.
    pub fn table_ids(&self) -> impl Iterator<Item = TableId> + use<> {
        (0..u32::try_from(self.tables.len()).unwrap_or(u32::MAX)).map(TableId)
    }

    /// Marks tables whose change spreads to a table with triggers, along keys such as `ON DELETE CASCADE`: each
    /// is a pair of the table that holds the key and the one it points at.
    pub fn spread_triggers(&mut self, keys: &[(TableId, TableId)]) {
        let mut changed = true;
        while changed {
            changed = false;
            for (holder, target) in keys {
                let acts = self.table(*holder).triggers;
                if let Some(target) = self.tables.get_mut(target.0 as usize)
                    && acts
                    && !target.triggers
                {
                    (target.triggers, changed) = (true, true);
                }
            }
        }
    }

    /// Adds a table and gives its id.
    pub fn add(&mut self, table: Table) -> TableId {
        self.tables.push(table);
        TableId(u32::try_from(self.tables.len() - 1).unwrap_or(u32::MAX))
    }
}
