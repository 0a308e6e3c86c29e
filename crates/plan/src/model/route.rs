//! A compiled route.
//!
//! Invariant: every slot that a program of the route loads is a position of its frame.
//! Not here: what one query does; see `step`.

use super::{Answer, Cache, Fused, Input, Place, Rate, Step, Work};
use backflow_config::document::Method;
use backflow_expr::{Key, Value};
use backflow_sql::ir::Shares;
use std::sync::Arc;

/// A route of a plan, by position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteId(pub u32);

/// Whether a route writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Only reads: any reader may serve it, all statements see one snapshot.
    Read,
    /// Writes.
    Write,
}

/// A segment of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// Itself.
    Fixed(String),
    /// Anything but nothing, under this name.
    Param(String),
}

/// A path with parameters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathPattern(pub Vec<Segment>);

impl PathPattern {
    /// The names of the parameters, in order; the position is what [`Source::Param`] means.
    pub fn params(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|segment| match segment {
            Segment::Param(name) => Some(name.as_str()),
            Segment::Fixed(_) => None,
        })
    }
}

impl std::fmt::Display for PathPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() {
            return f.write_str("/");
        }
        for segment in &self.0 {
            match segment {
                Segment::Fixed(text) => write!(f, "/{text}")?,
                Segment::Param(name) => write!(f, "/:{name}")?,
            }
        }
        Ok(())
    }
}

/// Where the value of a slot comes from. The slots of a route are its frame.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A path parameter, by position.
    Param(usize),
    /// A value of the query string; the whole of it without keys.
    Query(Vec<Key>),
    /// A value of the body; the whole of it without keys.
    Body(Vec<Key>),
    /// A header, in lower case.
    Header(String),
    /// A claim of the caller's token; all of them without keys.
    Claim(Vec<Key>),
    /// A variable of the environment, filled once at start.
    Env(String),
    /// The key of the verified tenant.
    TenantId,
    /// The caller's role in the verified tenant.
    TenantRole,
    /// A column of the tenant's row: a cell of the guard, by position.
    Context(usize),
    /// The same for every request: one of the author's constants.
    Constant(Value),
    /// A value of the item that becomes a row, where a list is written; filled for each item.
    Item(Vec<Key>),
    /// A value of what a workflow that stands alone was given; the whole of it without keys.
    Input(Vec<Key>),
    /// Filled by a step when it has run; undefined before, and when it found nothing.
    Result,
}

/// A compiled route.
#[derive(Debug, Clone)]
pub struct Route {
    /// Its position.
    pub id: RouteId,
    /// Its method.
    pub method: Method,
    /// Its own path.
    pub path: PathPattern,
    /// Further paths that aliases give it.
    pub aliases: Vec<PathPattern>,
    /// Whether a caller without a token is refused.
    pub auth: bool,
    /// How many requests it takes.
    pub limit: Option<Arc<Rate>>,
    /// How its answers are kept, if they are.
    pub cache: Option<Box<Cache>>,
    /// How its tenant is known and the caller's membership verified.
    pub place: Place,
    /// What requests must look like.
    pub input: Input,
    /// Where the values of expressions come from.
    pub frame: Vec<Source>,
    /// What it does, in order.
    pub steps: Vec<Step>,
    /// What it does, if that is more than queries; there are no `steps` then.
    pub work: Option<Work>,
    /// What it answers.
    pub answer: Answer,
    /// The status of a good answer, if the author fixed it.
    pub status: Option<u16>,
    /// Whether it writes.
    pub access: Access,
    /// Guard and steps as one statement, where that was proved to do the same.
    pub fused: Option<Fused>,
    /// There is one statement, and whatever is made of its rows, nothing of it will have to be undone.
    pub alone: bool,
    /// There is one statement, which counts in one row. If no row of it comes back,
    /// it has written nothing; if one does, it is as `alone`. Others' calls may be committed together with it.
    pub shares: Option<Arc<Shares>>,
}

impl Route {
    /// For example `POST /organizations`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.method.as_str(), self.path)
    }
}
