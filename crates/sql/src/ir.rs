//! Queries with every name resolved.
//!
//! Role: what the planner builds and the renderer turns into text for a dialect.
//! Invariant: no value of a request is in here; values are [`ParamId`]s, filled in at run time.
//! Not here: why a condition is there (tenancy, the author's filter); that is the planner's business.

mod chain;
mod cond;
mod gather;
mod scalar;
pub mod visit;

pub use chain::{Chain, Chained, PartCell, PartLayout};
pub use cond::{Comparison, Cond, Containment, Native, RangeOp, Reading};
pub use gather::{AtOnce, Gather, Shares};
pub use scalar::{ArithmeticOp, Datum, JsonKey, JsonStep, Scalar};

use backflow_catalog::{ColumnId, ColumnType, TableId};

/// A bind parameter: `ParamId(0)` is `?1` on SQLite and `$1` on PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParamId(pub u16);

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Query {
    /// Rows of a table, with embeds.
    Read(Read),
    /// New rows.
    Insert(Insert),
    /// Changed rows.
    Update(Update),
    /// Removed rows.
    Delete(Delete),
}

impl Query {
    /// What each row answers.
    #[must_use]
    pub fn outputs(&self) -> &Outputs {
        match self {
            Query::Read(read) => &read.outputs,
            Query::Insert(insert) => &insert.outputs,
            Query::Update(update) => &update.outputs,
            Query::Delete(delete) => &delete.outputs,
        }
    }
}

/// What a statement answers per row: a JSON object made of `members`, then `cells` as typed columns.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outputs {
    /// Members of the JSON object, in order. `None`: no JSON column at all, only cells.
    pub members: Option<Vec<Member>>,
    /// Columns given beside the JSON, for expressions and checks of the engine.
    pub cells: Vec<ColumnId>,
    /// Further values given after the cells, typed like them.
    pub extra: Vec<Scalar>,
}

/// A member of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Member {
    /// A column, perhaps a path into JSON, perhaps cast.
    Column {
        /// The member's name.
        key: String,
        /// The column.
        column: ColumnId,
        /// Steps into a JSON column, as in `col->a->>b`.
        path: Vec<JsonStep>,
        /// `col::type`
        cast: Option<ColumnType>,
    },
    /// `(limit - used) as remaining`
    Computed {
        /// The member's name.
        key: String,
        /// The value.
        value: Scalar,
        /// Its type, as PostgreSQL would type it.
        ty: ColumnType,
    },
    /// Related rows.
    Embed(Embed),
    /// `count()`, `amount.sum()` …; rows are grouped by the plain columns beside it.
    Aggregate {
        /// The member's name.
        key: String,
        /// The function.
        function: Aggregate,
        /// What is aggregated; `None` for `count()`.
        of: Option<Scalar>,
        /// `amount.sum()::type`
        cast: Option<ColumnType>,
    },
}

/// An aggregate function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// `count`
    Count,
    /// `sum`
    Sum,
    /// `avg`
    Avg,
    /// `min`
    Min,
    /// `max`
    Max,
}

/// Related rows inside a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Embed {
    /// The member's name.
    pub key: String,
    /// Array (`true`) or object-or-null (`false`).
    pub many: bool,
    /// Rows without a match are left out of the outer result (`!inner`).
    pub inner: bool,
    /// The members are put into the outer object instead of under `key` (`...rel`); to-one only.
    pub spread: bool,
    /// How the related rows are found.
    pub link: Link,
    /// The related rows; `read.from` is their table.
    pub read: Box<Read>,
}

/// How an embedded table is joined to the row it stands in.
#[derive(Debug, Clone, PartialEq)]
pub enum Link {
    /// Pairs of (outer column, inner column) that must be equal.
    Direct(Vec<(ColumnId, ColumnId)>),
    /// Through a third table.
    Junction {
        /// The third table.
        table: TableId,
        /// Pairs of (outer column, junction column).
        outer: Vec<(ColumnId, ColumnId)>,
        /// Pairs of (junction column, inner column).
        inner: Vec<(ColumnId, ColumnId)>,
        /// Further conditions on the junction's rows (columns are the junction's).
        filter: Cond,
    },
}

/// A `SELECT`.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// The table; columns in this query are its columns.
    pub from: TableId,
    /// What each row answers.
    pub outputs: Outputs,
    /// Which rows.
    pub filter: Cond,
    /// In which order; complete (ends in a unique key), so that no tie is left to the database.
    pub order: Vec<Order>,
    /// At most so many rows.
    pub limit: Option<Bound>,
    /// Leaving out the first so many.
    pub offset: Option<Bound>,
    /// Rows are locked against change until the transaction ends (databases with one writer need none).
    pub lock: bool,
}

/// A row count.
#[derive(Debug, Clone, PartialEq)]
pub enum Bound {
    /// Known at check time.
    Fixed(u64),
    /// From the request.
    Param(ParamId),
}

/// One key of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// By what.
    pub by: Scalar,
    /// Largest first.
    pub descending: bool,
    /// NULLs before everything else.
    pub nulls_first: bool,
}

/// An `INSERT`, perhaps an upsert.
#[derive(Debug, Clone, PartialEq)]
pub struct Insert {
    /// The table.
    pub into: TableId,
    /// The columns that get values.
    pub columns: Vec<ColumnId>,
    /// A value per column, for each row.
    pub rows: Vec<Vec<Assigned>>,
    /// `rows` is one pattern, and this parameter holds a list of values for each row ([`Scalar::Item`]), in JSON.
    pub each: Option<ParamId>,
    /// Rows are only made if this holds; it names no column of the new row, only parameters and other
    /// tables (parents that must belong to the tenant).
    pub guard: Cond,
    /// What happens to rows whose key exists.
    pub conflict: Option<Conflict>,
    /// What each row answers.
    pub outputs: Outputs,
}

/// `ON CONFLICT`
#[derive(Debug, Clone, PartialEq)]
pub struct Conflict {
    /// A unique key of the table.
    pub target: Vec<ColumnId>,
    /// What to do; `None`: nothing.
    pub update: Option<ConflictUpdate>,
}

/// `DO UPDATE SET … WHERE …`
#[derive(Debug, Clone, PartialEq)]
pub struct ConflictUpdate {
    /// New values; [`Scalar::Column`] is the stored row, [`Scalar::Excluded`] the one offered.
    pub set: Vec<(ColumnId, Assigned)>,
    /// The stored row is only touched if this holds.
    pub filter: Cond,
}

/// A value given to a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Assigned {
    /// This value.
    Value(Scalar),
    /// This value if the flag parameter is true; else the column's default (insert) or the value it has
    /// (update).
    IfGiven {
        /// A boolean parameter.
        flag: ParamId,
        /// The value.
        value: Scalar,
    },
    /// The column's default.
    Default,
}

/// An `UPDATE`.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    /// The table.
    pub table: TableId,
    /// New values.
    pub set: Vec<(ColumnId, Assigned)>,
    /// Which rows.
    pub filter: Cond,
    /// What each row answers.
    pub outputs: Outputs,
}

/// A `DELETE`.
#[derive(Debug, Clone, PartialEq)]
pub struct Delete {
    /// The table.
    pub table: TableId,
    /// Which rows.
    pub filter: Cond,
    /// What each row answers.
    pub outputs: Outputs,
}

/// A row that an insert offered and did not make: values of it, computed without any row.
#[derive(Debug, Clone, PartialEq)]
pub struct Offered {
    /// The table whose defaults and types the values have.
    pub table: TableId,
    /// There is a row only if this holds; it names no column.
    pub guard: Cond,
    /// The values; they name no column.
    pub values: Vec<Scalar>,
}

/// A database's dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite, with the functions that our store registers.
    Sqlite,
    /// PostgreSQL 15 or later; parameters are sent as text.
    Postgres,
}

/// A finished statement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statement {
    /// The text, with numbered parameters.
    pub text: String,
    /// Whether the first column is the row's JSON.
    pub json: bool,
    /// How many typed columns follow.
    pub cells: usize,
    /// The author's tables whose rows it may change.
    pub writes: Box<[Written]>,
}

/// A table whose rows a statement may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Written {
    /// The table.
    pub table: TableId,
    /// Whose rows.
    pub whose: Whose,
}

/// Whose rows a statement may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Whose {
    /// Those of the tenant for which its transaction runs.
    Scope,
    /// Those of a tenant that its transaction makes: nobody else has seen any of them.
    New,
    /// Anybody's.
    Any,
}
