//! Compiled rules for what a request must look like.
//!
//! Invariant: patterns are compiled and bounds are numbers; a request is judged without reading a rule.
//! Not here: judging; see the engine.

use backflow_expr::{Number, Value};

/// Rules for a whole request. Fields come out in this order with defaults filled in.
#[derive(Debug, Clone, Default)]
pub struct Input {
    /// Path parameters; only those with rules.
    pub params: Vec<Field>,
    /// The query string; `None`: taken as it comes.
    pub query: Option<Vec<Field>>,
    /// The body.
    pub body: BodyRule,
}

/// What is done with a body.
#[derive(Debug, Clone, Default)]
pub enum BodyRule {
    /// Nothing reads it; it is not looked at.
    #[default]
    Unread,
    /// Any JSON object or none; members are taken as they come.
    Any,
    /// An object with these members; others are dropped.
    Fields(Vec<Field>),
}

/// A named value.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Whether it must be there.
    pub required: bool,
    /// What it is when absent.
    pub default: Option<Value>,
    /// What it must be.
    pub rule: Rule,
}

/// What a value must be.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its kind.
    pub kind: RuleKind,
    /// Whether null is allowed.
    pub nullable: bool,
    /// The only values allowed.
    pub choices: Option<Vec<Value>>,
}

/// The kinds of values, each with its bounds.
#[derive(Debug, Clone)]
pub enum RuleKind {
    /// Anything.
    Any,
    /// Text; lengths count characters.
    Text {
        /// Shortest.
        min: Option<u32>,
        /// Longest.
        max: Option<u32>,
        /// A named form.
        format: Option<Format>,
        /// A pattern it must contain.
        pattern: Option<Pattern>,
    },
    /// A number.
    Number {
        /// Whether it must be whole.
        whole: bool,
        /// Smallest.
        min: Option<Number>,
        /// Largest.
        max: Option<Number>,
    },
    /// `true` or `false`
    Bool,
    /// A list.
    List {
        /// Fewest.
        min: Option<u32>,
        /// Most.
        max: Option<u32>,
        /// What each item must be.
        items: Option<Box<Rule>>,
    },
    /// An object; with fields, others are dropped.
    Object(Option<Vec<Field>>),
}

/// A compiled pattern and its source.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// As the author wrote it.
    pub source: String,
    /// Compiled, size-limited, linear-time.
    pub regex: regex::Regex,
}

/// Named forms of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `email`
    Email,
    /// `uuid`
    Uuid,
    /// `date`
    Date,
    /// `time`
    Time,
    /// `date-time`
    DateTime,
    /// `uri`, `url`
    Uri,
    /// `hostname`
    Hostname,
    /// `ipv4`
    Ipv4,
    /// `ipv6`
    Ipv6,
}
