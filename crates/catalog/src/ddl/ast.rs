//! Statements of a migration as they are written.
//!
//! Role: what the parser makes, [`super::Definition`] applies and a dialect translates.
//! Invariant: names are folded, unquoted and cut to 63 bytes as PostgreSQL would; every node has its place.
//! Not here: ids; names are looked up when a statement is applied.

use super::expr::SqlText;
use backflow_diag::{Span, Spanned};

/// A name and where it is written.
pub type Name = Spanned<String>;

/// One statement, or one action of an `ALTER TABLE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DdlStatement {
    /// Where it stands, without the semicolon.
    pub span: Span,
    /// What it does.
    pub ddl: Ddl,
}

/// What a statement does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ddl {
    /// `CREATE TABLE`
    CreateTable(CreateTable),
    /// `CREATE [UNIQUE] INDEX`
    CreateIndex(CreateIndex),
    /// `ALTER TABLE … ADD COLUMN`
    AddColumn {
        /// The table.
        table: Name,
        /// The column.
        column: Box<ColumnDef>,
        /// Whether an existing column is left alone.
        if_not_exists: bool,
    },
    /// `ALTER TABLE … ADD CONSTRAINT`
    AddConstraint {
        /// The table.
        table: Name,
        /// The constraint.
        constraint: Box<Constraint>,
    },
    /// `DROP TABLE`, one per table
    DropTable {
        /// The table.
        table: Name,
        /// Whether a missing table is no fault.
        if_exists: bool,
        /// Whether keys that refer to it go too.
        cascade: bool,
        /// All tables that the statement drops.
        together: Vec<String>,
    },
    /// `DROP INDEX`, one per index
    DropIndex {
        /// The index.
        index: Name,
        /// Whether a missing index is no fault.
        if_exists: bool,
    },
    /// `ALTER TABLE … DROP COLUMN`
    DropColumn {
        /// The table.
        table: Name,
        /// The column.
        column: Name,
        /// Whether a missing column is no fault.
        if_exists: bool,
        /// Whether keys that refer to it go too.
        cascade: bool,
    },
    /// `ALTER TABLE … DROP CONSTRAINT`
    DropConstraint {
        /// The table.
        table: Name,
        /// The constraint.
        constraint: Name,
        /// Whether a missing constraint is no fault.
        if_exists: bool,
    },
    /// `ALTER TABLE … RENAME TO`
    RenameTable {
        /// The table.
        table: Name,
        /// Its new name.
        to: Name,
    },
    /// `ALTER TABLE … RENAME COLUMN`
    RenameColumn {
        /// The table.
        table: Name,
        /// The column.
        column: Name,
        /// Its new name.
        to: Name,
    },
    /// `ALTER TABLE … RENAME CONSTRAINT`
    RenameConstraint {
        /// The table.
        table: Name,
        /// The constraint.
        constraint: Name,
        /// Its new name.
        to: Name,
    },
    /// `ALTER INDEX … RENAME TO`
    RenameIndex {
        /// The index.
        index: Name,
        /// Its new name.
        to: Name,
        /// Whether a missing index is no fault.
        if_exists: bool,
    },
    /// `ALTER TABLE … ALTER COLUMN`
    AlterColumn {
        /// The table.
        table: Name,
        /// The column.
        column: Name,
        /// What changes.
        change: Box<ColumnChange>,
    },
    /// `CREATE TYPE … AS ENUM`
    CreateEnum {
        /// The type.
        name: Name,
        /// Its labels, in order.
        labels: Vec<Spanned<String>>,
    },
    /// `ALTER TYPE … ADD VALUE`
    AddEnumLabel {
        /// The type.
        name: Name,
        /// The label.
        label: Spanned<String>,
        /// Whether an existing label is no fault.
        if_not_exists: bool,
        /// The label next to it; true: the new one goes before.
        neighbour: Option<(bool, Spanned<String>)>,
    },
    /// `COMMENT ON`
    Comment,
    /// `INSERT … VALUES`
    Insert(Insert),
    /// Means nothing to a database with one schema and no roles, for example `SET`, `GRANT`, or an extension
    /// whose functions are built in.
    Nothing,
    /// `BEGIN`, `COMMIT`: the runner of migrations does it.
    Transaction,
    /// Anything else; only PostgreSQL knows it.
    Other {
        /// Its first words, for example `CREATE FUNCTION`.
        keyword: String,
    },
}

/// `CREATE TABLE`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateTable {
    /// The table.
    pub table: Name,
    /// Whether an existing table is left alone.
    pub if_not_exists: bool,
    /// Its columns.
    pub columns: Vec<ColumnDef>,
    /// Its constraints, those written at columns too, in the order written.
    pub constraints: Vec<Constraint>,
    /// Whether some part could not be read and is missing here; a fault was reported for it.
    pub incomplete: bool,
}

/// A column as declared. Its keys and checks are constraints of the statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnDef {
    /// The column.
    pub name: Name,
    /// Its type as written.
    pub ty: TypeName,
    /// Whether `NOT NULL` is written, or follows from a primary key, `serial` or an identity.
    pub not_null: bool,
    /// `DEFAULT …`
    pub default: Option<SqlText>,
    /// What the database fills in.
    pub generated: Option<Generated>,
    /// `COLLATE …`
    pub collate: Option<Name>,
    /// Keys and checks written at the column; only `ADD COLUMN` leaves them here.
    pub constraints: Vec<Constraint>,
    /// The whole declaration.
    pub span: Span,
}

/// What the database fills in by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Generated {
    /// `serial` and its kin.
    Serial,
    /// `GENERATED … AS IDENTITY`
    Identity {
        /// `ALWAYS`: a value given is refused.
        always: bool,
    },
    /// `GENERATED ALWAYS AS (…) STORED`
    Stored(SqlText),
}

/// A type's name as written, folded to PostgreSQL's short name where it is built in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeName {
    /// For example `int4`, `timestamptz`, `varchar`, or the author's own.
    pub name: String,
    /// What stands in parentheses.
    pub args: Vec<u32>,
    /// Whether it is an array.
    pub array: bool,
    /// Where it is written.
    pub span: Span,
}

/// A key or check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// Its name; in a [`super::Definition`] always there, made as PostgreSQL makes it.
    pub name: Option<Name>,
    /// What it demands.
    pub kind: ConstraintKind,
    /// Where `DEFERRABLE` is written.
    pub deferrable: Option<Span>,
    /// `NOT VALID`: rows that exist are not checked.
    pub not_valid: bool,
    /// The whole constraint.
    pub span: Span,
}

/// What a constraint demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConstraintKind {
    /// `PRIMARY KEY`
    PrimaryKey(Vec<Name>),
    /// `UNIQUE`
    Unique {
        /// The columns.
        columns: Vec<Name>,
        /// `NULLS NOT DISTINCT`
        nulls_equal: bool,
    },
    /// `REFERENCES`
    ForeignKey(Reference),
    /// `CHECK`
    Check(SqlText),
    /// Only PostgreSQL knows it, for example `EXCLUDE`.
    Other(String),
}

/// A foreign key as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The columns that hold it.
    pub columns: Vec<Name>,
    /// The schema, when it is not `public`; then the table is not one of ours.
    pub schema: Option<String>,
    /// The table it points at.
    pub table: Name,
    /// The columns it points at; in a [`super::Definition`] never empty unless the table is unknown.
    pub references: Vec<Name>,
    /// `ON DELETE`
    pub on_delete: Action,
    /// `ON UPDATE`
    pub on_update: Action,
    /// Whether it says `MATCH FULL` or `SET NULL (columns)`, which only PostgreSQL knows.
    pub special: Option<Span>,
}

/// What happens to rows that refer to a changed row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Action {
    /// Refused at the end of the statement.
    #[default]
    NoAction,
    /// Refused at once.
    Restrict,
    /// They follow.
    Cascade,
    /// Their columns become NULL.
    SetNull,
    /// Their columns get their defaults.
    SetDefault,
}

/// `CREATE INDEX`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateIndex {
    /// Its name; in a [`super::Definition`] always there.
    pub name: Option<Name>,
    /// The table.
    pub table: Name,
    /// Whether an existing index is left alone.
    pub if_not_exists: bool,
    /// Whether it is unique.
    pub unique: bool,
    /// `NULLS NOT DISTINCT`
    pub nulls_equal: bool,
    /// `btree`, `gin`, …
    pub method: Name,
    /// What it is over, in order.
    pub parts: Vec<IndexPart>,
    /// `WHERE …`
    pub predicate: Option<SqlText>,
}

/// One column or expression of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexPart {
    /// The column or expression.
    pub value: SqlText,
    /// `DESC`
    pub descending: bool,
    /// `COLLATE …`
    pub collate: Option<Name>,
}

/// A change of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnChange {
    /// `SET DEFAULT …`
    SetDefault(SqlText),
    /// `DROP DEFAULT`
    DropDefault,
    /// `SET NOT NULL`
    SetNotNull,
    /// `DROP NOT NULL`
    DropNotNull,
    /// `TYPE …`
    SetType {
        /// The new type.
        ty: TypeName,
        /// `USING …`
        using: Option<SqlText>,
    },
    /// `DROP EXPRESSION`, `DROP IDENTITY` or `ADD GENERATED … AS IDENTITY`
    Generated(Option<Generated>),
}

/// `INSERT … VALUES`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Insert {
    /// The table.
    pub table: Name,
    /// The columns; empty: all, in order.
    pub columns: Vec<Name>,
    /// The rows; `None` stands for `DEFAULT`.
    pub rows: Vec<Vec<Option<SqlText>>>,
    /// `ON CONFLICT [(columns)] DO NOTHING`
    pub ignore_conflicts: Option<Vec<Name>>,
}
