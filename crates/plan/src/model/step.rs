//! A compiled query of a route.
//!
//! Invariant: the position of a bind is its parameter's number in the statement.
//! Not here: the text of statements; see the sql crate.

use super::{Limit, Shape};
use backflow_catalog::ColumnType;
use backflow_expr::{Key, Program, Slot};
use backflow_sql::ir::{Datum, Statement};
use std::sync::Arc;

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `select`
    Select,
    /// `insert`
    Insert,
    /// `upsert`; `ignore` leaves existing rows alone
    Upsert {
        /// `ignoreDuplicates`
        ignore: bool,
    },
    /// `update`
    Update,
    /// `delete`
    Delete,
}

/// How many rows a result stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// One row or null; more are refused as `multiple_rows`.
    One,
    /// A list.
    Many,
}

/// A statement with everything around it.
#[derive(Debug, Clone)]
pub struct Step {
    /// Where it stands, for messages: `supabaseQueries[0]`.
    pub label: String,
    /// Name of its table, for messages.
    pub table: String,
    /// Why it touches only rows that its caller may touch, in words.
    pub kind: String,
    /// All rows of tenants that it touches are the route's tenant's.
    pub scoped: bool,
    /// What it does.
    pub operation: Operation,
    /// It runs only if this is truthy.
    pub condition: Option<Program>,
    /// Whether the condition reads results of earlier steps.
    pub condition_late: bool,
    /// The text.
    pub statement: Arc<Statement>,
    /// The values of its parameters, by position.
    pub binds: Vec<Bind>,
    /// How many rows it stands for.
    pub rows: Rows,
    /// How many rows an insert must make (`None`: any number); fewer means that a parent is missing, or that
    /// an existing row is somebody else's.
    pub makes: Option<usize>,
    /// What expressions read of its result.
    pub results: Results,
    /// It opens a row by a secret; what the engine must check then.
    pub capability: Option<Capability>,
    /// What the write holds to by itself (`require`).
    pub limit: Option<Box<Limit>>,
    /// An update whose values may all be left out: the flags, of which one must be true.
    pub any_given: Vec<usize>,
    /// The keys of the rows that one upsert offers; two of them must not be the same.
    pub keys: Vec<Vec<KeyPart>>,
    /// It only checks that a parent exists; it is never an answer.
    pub check: bool,
    /// It only counts the rows of the list behind it; it is never an answer.
    pub counts: bool,
    /// A list that is counted.
    pub page: Option<Page>,
    /// Whether the query names `select`, and so is the preferred answer.
    pub selects: bool,
    /// Number of trailing cells that order the rows of an update or delete.
    pub sort_cells: usize,
}

/// A column's value in the key of an offered row.
#[derive(Debug, Clone, PartialEq)]
pub enum KeyPart {
    /// The bind at this position.
    Bind(usize),
    /// A constant of this type.
    Fixed(Datum, ColumnType),
}

/// Which rows of how many a list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many there are, once the step before has counted them.
    pub total: Slot,
    /// How many are left out before the first.
    pub offset: Offset,
}

/// How many rows a list leaves out at its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offset {
    /// So many.
    Fixed(u64),
    /// As the bind at this position says.
    Bind(usize),
}

impl Step {
    /// Its statement, and those that are only asked when it was refused.
    pub fn statements(&self) -> impl Iterator<Item = &Arc<Statement>> {
        let looks = self.limit.iter().flat_map(|limit| &limit.looks);
        std::iter::once(&self.statement).chain(looks.map(|look| &look.statement))
    }

    /// With fewer rows than that the route is refused.
    #[must_use]
    pub fn least_rows(&self) -> usize {
        self.makes.unwrap_or(match (self.check, self.operation) {
            (true, _) | (false, Operation::Upsert { ignore: false }) => 1,
            _ => 0,
        })
    }
}

/// The value of a parameter.
#[derive(Debug, Clone)]
pub struct Bind {
    /// What it is for, in messages: `data.slug`, `filters.token`.
    pub label: String,
    /// Where it comes from.
    pub value: BindValue,
    /// The type it is converted to.
    pub ty: ColumnType,
    /// Labels of the type, when it is an enum.
    pub labels: Arc<[String]>,
    /// Whether it reads results of earlier steps, and so cannot be computed before the first statement.
    pub late: bool,
}

/// Where the value of a parameter comes from.
#[derive(Debug, Clone)]
pub enum BindValue {
    /// An expression. Undefined refuses the request.
    Needed(Program),
    /// An expression. Undefined binds NULL; a [`BindValue::Given`] elsewhere tells.
    Optional(Program),
    /// An expression that must give a text that is not empty (a capability's secret).
    Secret(Program),
    /// A JSON value with expressions in it, for a JSON column.
    Document(Shape),
    /// An expression that gives a list, each item of the type.
    List(Program),
    /// Whether the value of the bind at this position was defined.
    Given(usize),
    /// The key of the verified tenant.
    Tenant,
    /// An expression that must equal the key of the verified tenant: else 403; null is 422.
    SameTenant(Program),
    /// The caller's id.
    Caller,
    /// A fresh uuid for the key of a new row. Later ones sort behind earlier ones, so that rows written
    /// together lie together; never for anything that must not be guessed.
    NewKey,
    /// The request's instant.
    Now,
    /// A constant.
    Constant(Datum),
    /// A count of rows for `limit` and `offset`: a whole number, not negative.
    Count(Program),
    /// An expression; where it is undefined, another value.
    Or(Program, Box<BindValue>),
    /// The rows of a list, a value for each column: what an insert of many rows takes.
    Rows(Box<ListedRows>),
}

/// A list of rows to be written.
#[derive(Debug, Clone)]
pub struct ListedRows {
    /// The list.
    pub list: Program,
    /// What is read of an item, and where it is put.
    pub item: Vec<(Vec<Key>, Slot)>,
    /// The values of a row, by position.
    pub values: Vec<Bind>,
    /// The positions of a row's key, in an upsert; no two rows may have the same.
    pub key: Option<Vec<usize>>,
    /// Whether every row must be made.
    pub all: bool,
}

impl BindValue {
    /// Every slot that it reads.
    #[must_use]
    pub fn slots(&self) -> Vec<Slot> {
        self.programs().into_iter().flat_map(Program::slots).collect()
    }

    /// Every expression in it.
    #[must_use]
    pub fn programs(&self) -> Vec<&Program> {
        match self {
            BindValue::Needed(program)
            | BindValue::Optional(program)
            | BindValue::Secret(program)
            | BindValue::List(program)
            | BindValue::SameTenant(program)
            | BindValue::Count(program) => vec![program],
            BindValue::Document(shape) => shape.programs(),
            BindValue::Or(program, other) => std::iter::once(program).chain(other.programs()).collect(),
            BindValue::Rows(rows) => {
                let values = rows.values.iter().flat_map(|bind| bind.value.programs());
                std::iter::once(&rows.list).chain(values).collect()
            }
            BindValue::Given(_)
            | BindValue::NewKey
            | BindValue::Tenant
            | BindValue::Caller
            | BindValue::Now
            | BindValue::Constant(_) => Vec::new(),
        }
    }
}

/// What expressions read of a result.
#[derive(Debug, Clone, Default)]
pub struct Results {
    /// The whole result, as a value.
    pub whole: Option<Slot>,
    /// Only whether there is one: true or null.
    pub exists: Option<Slot>,
    /// Cells: (position among the cells, type, slot).
    pub cells: Vec<(usize, ColumnType, Slot)>,
    /// Paths into the JSON of the result.
    pub paths: Vec<(Vec<Key>, Slot)>,
}

/// What the engine checks of a row that a secret opened.
#[derive(Debug, Clone)]
pub struct Capability {
    /// The cell with the e-mail address that the caller's token must carry.
    pub email_cell: Option<usize>,
}
