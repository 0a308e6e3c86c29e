//! Conditions on rows.
//!
//! Role: filters, pins and guards, as the planner joins them.
//! Invariant: a condition that is NULL does not hold, and neither does its negation.
//! Not here: their text; see `render::cond`.

use super::{ParamId, Scalar};
use backflow_catalog::{ColumnId, ColumnType, TableId};

/// A condition on a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Cond {
    /// All hold; none means true.
    All(Vec<Cond>),
    /// One holds; none means false.
    Any(Vec<Cond>),
    /// Does not hold (NULL counts as not holding before and after).
    Not(Box<Cond>),
    /// A comparison; NULL on either side does not hold.
    Compare {
        /// Left side.
        left: Scalar,
        /// The operator.
        op: Comparison,
        /// Right side.
        right: Scalar,
    },
    /// `IS [NOT] DISTINCT FROM`
    Distinct {
        /// Left side.
        left: Scalar,
        /// Right side.
        right: Scalar,
    },
    /// `IS NULL`
    IsNull(Scalar),
    /// `IS TRUE`, `IS FALSE`
    IsBool(Scalar, bool),
    /// The value is one of a list parameter (bound as a JSON array text on SQLite, an array on PostgreSQL).
    In {
        /// The value.
        left: Scalar,
        /// The list.
        list: ParamId,
        /// Type of the list's members.
        ty: ColumnType,
    },
    /// `LIKE` with `\` as escape; `fold` ignores the case of ASCII letters.
    Like {
        /// The value.
        left: Scalar,
        /// The pattern.
        pattern: Scalar,
        /// `ILIKE`
        fold: bool,
    },
    /// Containment of arrays and of JSON.
    Contain {
        /// Left side.
        left: Scalar,
        /// The operator.
        op: Containment,
        /// Right side.
        right: Scalar,
    },
    /// An operator that only PostgreSQL has; elsewhere it never holds.
    Native {
        /// Left side.
        left: Scalar,
        /// The operator.
        op: Native,
        /// Right side: a range of the same type, or text.
        right: Scalar,
    },
    /// Holds whenever the flag parameter is false; else as the condition says (an optional filter).
    When {
        /// A boolean parameter.
        flag: ParamId,
        /// The condition.
        cond: Box<Cond>,
    },
    /// Some row of another table matches.
    Exists {
        /// The other table.
        table: TableId,
        /// Pairs of (column of the row in scope, column of the other table).
        on: Vec<(ColumnId, ColumnId)>,
        /// Further conditions; columns are the other table's.
        filter: Box<Cond>,
    },
    /// Some row of this table matches, and is not taken away before the statement ends.
    Stays {
        /// The table.
        table: TableId,
        /// Which of its rows; columns are its own.
        filter: Box<Cond>,
    },
    /// The value is among those of a column of another table (`left IN (SELECT …)`, not correlated).
    InRows {
        /// The value.
        left: Scalar,
        /// The other table.
        table: TableId,
        /// Its column.
        column: ColumnId,
        /// Which of its rows; columns are the other table's.
        filter: Box<Cond>,
    },
}

impl Cond {
    /// A condition that always holds.
    pub const TRUE: Cond = Cond::All(Vec::new());

    /// Both hold.
    #[must_use]
    pub fn and(self, other: Cond) -> Cond {
        match (self, other) {
            (Cond::All(mut a), Cond::All(b)) => {
                a.extend(b);
                Cond::All(a)
            }
            (Cond::All(mut a), b) => {
                a.push(b);
                Cond::All(a)
            }
            (a, Cond::All(mut b)) => {
                b.insert(0, a);
                Cond::All(b)
            }
            (a, b) => Cond::All(vec![a, b]),
        }
    }

    /// `column = parameter`
    #[must_use]
    pub fn equals(column: ColumnId, param: ParamId, ty: ColumnType) -> Cond {
        Cond::Compare {
            left: Scalar::Column(column),
            op: Comparison::Eq,
            right: Scalar::Param(param, ty),
        }
    }
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Eq,
    /// `<>`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

/// How one array or JSON value lies in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Containment {
    /// `@>`
    Contains,
    /// `<@`
    ContainedBy,
    /// `&&`, of arrays
    Overlaps,
}

/// An operator that only PostgreSQL has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Native {
    /// `~`, `~*`
    Regex {
        /// The case of letters is ignored.
        fold: bool,
    },
    /// `@@`
    Search {
        /// How the text becomes a query.
        reading: Reading,
        /// The configuration; `None`: the database's.
        config: Option<String>,
    },
    /// How two ranges lie to each other.
    Range(RangeOp),
}

/// How a text becomes a full text query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// `to_tsquery`
    Query,
    /// `plainto_tsquery`
    Plain,
    /// `phraseto_tsquery`
    Phrase,
    /// `websearch_to_tsquery`
    Web,
}

/// How two ranges lie to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeOp {
    /// `<<`
    Before,
    /// `>>`
    After,
    /// `&>`: does not extend to the left
    NotBefore,
    /// `&<`: does not extend to the right
    NotAfter,
    /// `-|-`
    Adjacent,
}
