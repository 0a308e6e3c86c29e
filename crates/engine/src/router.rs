//! From method and path to a route.
//!
//! Role: one table per method; finds the route and the values of its path parameters.
//! Input: the raw path. Output: [`Found`].
//! Invariant: names of parameters play no part; a fixed segment beats a parameter; a parameter is never empty.
//! Not here: what the route does.

use crate::fault::{Code, Fault};
use crate::path;
use crate::runtime::BuildError;
use backflow_plan::model::{PathPattern, Plan, Segment};
use http::Method;
use std::fmt::Write;
use std::sync::Arc;

/// The methods that routes have, as `Allow` lists them.
const METHODS: [Method; 5] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
];

/// All routes of a plan.
pub(crate) struct Router {
    /// In the order of [`METHODS`].
    tables: [matchit::Router<Target>; 5],
}

/// What a path leads to.
#[derive(Debug, Clone)]
enum Target {
    /// A route of the plan. The parameters of an alias may stand in another order: the places of the route's
    /// parameters among the alias's.
    Route {
        index: usize,
        order: Option<Box<[usize]>>,
    },
    /// A webhook of the plan.
    Hook(usize),
}

/// A matched request.
#[derive(Debug, PartialEq)]
pub(crate) enum Found<'a> {
    /// A route and its parameters.
    Route { index: usize, params: Vec<Arc<str>> },
    /// The address of a run.
    Run(&'a str),
    /// A webhook.
    Hook(usize),
    /// `OPTIONS` of a known path: the methods it has.
    Options(String),
}

impl Router {
    /// Builds the tables.
    pub(crate) fn build(plan: &Plan) -> Result<Self, BuildError> {
        let mut router = Router {
            tables: Default::default(),
        };
        for (index, route) in plan.routes.iter().enumerate() {
            let method = Method::from_bytes(route.method.as_str().as_bytes())
                .map_err(|_| BuildError::Path(route.name()))?;
            router.insert(&method, &route.path, Target::Route { index, order: None })?;
            for alias in &route.aliases {
                let order = order(&route.path, alias).ok_or_else(|| BuildError::Path(alias.to_string()))?;
                router.insert(
                    &method,
                    alias,
                    Target::Route {
                        index,
                        order: Some(order),
                    },
                )?;
            }
        }
        for (index, hook) in plan.hooks.iter().enumerate() {
            router.insert(&Method::POST, &hook.path, Target::Hook(index))?;
        }
        Ok(router)
    }

    fn insert(&mut self, method: &Method, pattern: &PathPattern, target: Target) -> Result<(), BuildError> {
        let at = METHODS.iter().position(|known| known == method);
        let table = at.and_then(|at| self.tables.get_mut(at));
        let table = table.ok_or_else(|| BuildError::Path(format!("{method} {pattern}")))?;
        table
            .insert(written(pattern), target)
            .map_err(|_| BuildError::Path(format!("{method} {pattern}")))
    }

    /// Finds what a request is for.
    pub(crate) fn find(&self, method: &Method, raw_path: &str) -> Result<Found<'static>, Fault> {
        let path = path::normal(raw_path).map_err(|_| Fault::of(Code::BadPath))?;
        let served = if method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        let table = METHODS
            .iter()
            .position(|known| known == served)
            .and_then(|at| self.tables.get(at));
        if let Some(found) = table.and_then(|table| look_up(table, &path)) {
            return Ok(found);
        }
        let allow = self.allowed(&path);
        if allow.is_empty() {
            return Err(Fault::of(Code::NotFound));
        }
        if method == Method::OPTIONS {
            return Ok(Found::Options(allow));
        }
        Err(Fault::of(Code::MethodNotAllowed).allow(allow))
    }

    fn allowed(&self, path: &str) -> String {
        let mut allow = String::new();
        for (method, table) in METHODS.iter().zip(&self.tables) {
            if look_up(table, path).is_some() {
                allow.push_str(method.as_str());
                allow.push_str(if *method == Method::GET { ", HEAD, " } else { ", " });
            }
        }
        if !allow.is_empty() {
            allow.push_str("OPTIONS");
        }
        allow
    }
}

fn look_up(table: &matchit::Router<Target>, path: &str) -> Option<Found<'static>> {
    let matched = table.at(path).ok()?;
    let mut params: Vec<Arc<str>> = Vec::with_capacity(matched.params.len());
    for (_, param) in matched.params.iter() {
        if param.is_empty() {
            return None;
        }
        params.push(path::unescape(param).into());
    }
    match matched.value {
        Target::Hook(index) => Some(Found::Hook(*index)),
        Target::Route { index, order: None } => Some(Found::Route {
            index: *index,
            params,
        }),
        Target::Route {
            index,
            order: Some(order),
        } => {
            let params = order
                .iter()
                .map(|at| params.get(*at).cloned())
                .collect::<Option<_>>()?;
            Some(Found::Route {
                index: *index,
                params,
            })
        }
    }
}

/// A pattern in the router's spelling. Parameters are named by their position, so that routes agree on them.
fn written(pattern: &PathPattern) -> String {
    let mut out = String::new();
    let mut params = 0;
    for segment in &pattern.0 {
        out.push('/');
        match segment {
            Segment::Fixed(text) => {
                out.push_str(&path::escape(text).replace('{', "{{").replace('}', "}}"));
            }
            Segment::Param(_) => {
                write!(out, "{{p{params}}}").expect("invariant: writing to a String does not fail");
                params += 1;
            }
        }
    }
    if out.is_empty() { "/".to_owned() } else { out }
}

/// Where the route's parameters are among the alias's; `None` if one is missing.
fn order(path: &PathPattern, alias: &PathPattern) -> Option<Box<[usize]>> {
    path.params()
        .map(|name| alias.params().position(|other| other == name))
        .collect()
}
