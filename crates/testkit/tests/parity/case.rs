//! A case: a schema, routes over it, and requests in order.
//!
//! Role: what is run on both databases, made smaller, and printed. Invariant: a case is plain data; nothing is
//! chosen when it is run.
//! Not here: choosing; running.

use crate::json::Json;
use crate::schema::Schema;
use crate::values;

/// A route, in a file of its own.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    /// What stands in the file; its path and method are those of the route.
    pub(crate) doc: Json,
    pub(crate) method: &'static str,
    /// Names of parameters are `:name`.
    pub(crate) path: String,
}

impl Route {
    /// The name of its file.
    pub(crate) fn file(at: usize) -> String {
        format!("routes/r{at}.json")
    }
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Makes the rows that a case begins with.
    Load,
    /// What the property is about.
    Query,
    /// Looks at all rows of a table.
    Look,
}

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) purpose: Purpose,
    pub(crate) route: usize,
    /// Values by the names of the path's parameters.
    pub(crate) params: Vec<(String, String)>,
    pub(crate) query: Vec<(String, String)>,
    /// Members and JSON texts; `None`: no body.
    pub(crate) body: Option<Vec<(String, String)>>,
    pub(crate) caller: Option<&'static str>,
}

impl Step {
    /// The request's target on its route.
    pub(crate) fn target(&self, route: &Route) -> String {
        let segment = |segment: &str| match segment.strip_prefix(':') {
            Some(name) => self
                .params
                .iter()
                .find(|(known, _)| known == name)
                .map_or_else(|| "none".to_owned(), |(_, value)| values::escaped(value)),
            None => segment.to_owned(),
        };
        let path = route.path.split('/').map(segment).collect::<Vec<_>>().join("/");
        let query: Vec<String> = self
            .query
            .iter()
            .map(|(name, value)| format!("{name}={}", values::escaped(value)))
            .collect();
        if query.is_empty() {
            path
        } else {
            format!("{path}?{}", query.join("&"))
        }
    }

    /// The request's body; empty for none.
    pub(crate) fn content(&self) -> String {
        let Some(members) = &self.body else {
            return String::new();
        };
        let members: Vec<String> = members
            .iter()
            .map(|(name, value)| format!("{}:{value}", crate::json::quoted(name)))
            .collect();
        format!("{{{}}}", members.join(","))
    }

    fn smaller(&self) -> Vec<Step> {
        let mut found = Vec::new();
        for at in 0..self.query.len() {
            let mut less = self.clone();
            less.query.remove(at);
            found.push(less);
        }
        for at in 0..self.body.as_ref().map_or(0, Vec::len) {
            let mut less = self.clone();
            if let Some(body) = &mut less.body {
                body.remove(at);
            }
            found.push(less);
        }
        found
    }
}

/// A case.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) number: u64,
    pub(crate) schema: Schema,
    pub(crate) project: Json,
    pub(crate) routes: Vec<Route>,
    pub(crate) steps: Vec<Step>,
}

impl Case {
    /// The files, all but routes that no request asks for.
    pub(crate) fn files(&self, without: &[String]) -> Vec<(String, String)> {
        let mut files = vec![("backflow.json".to_owned(), self.project.to_string())];
        files.extend(self.schema.migrations());
        for (at, route) in self.routes.iter().enumerate() {
            let name = Route::file(at);
            if self.steps.iter().any(|step| step.route == at) && !without.contains(&name) {
                files.push((name, route.doc.to_string()));
            }
        }
        files
    }

    /// Fewer requests: without each long run of them, ever shorter.
    pub(crate) fn fewer_steps(&self, length: usize) -> Vec<Case> {
        let starts = (0..self.steps.len()).step_by(length.max(1));
        let without = |start: usize| {
            let mut less = self.clone();
            let end = (start + length).min(less.steps.len());
            less.steps.drain(start..end);
            less
        };
        starts.map(without).collect()
    }

    /// Cases that are much smaller: worth a try before pieces are taken one by one.
    pub(crate) fn leaps(&self) -> Vec<Case> {
        let mut found = Vec::new();
        let mut change = |what: &dyn Fn(&mut Case)| {
            let mut less = self.clone();
            what(&mut less);
            found.push(less);
        };
        let last = self.steps.len().saturating_sub(1);
        change(&|less| drop(less.steps.drain(..last)));
        change(&|less| {
            let mut at = 0;
            less.steps.retain(|step| {
                at += 1;
                step.purpose == Purpose::Load || at > last
            });
        });
        let said: String = self
            .files(&[])
            .iter()
            .filter(|(name, _)| name.starts_with("routes/"))
            .map(|(_, text)| text.as_str())
            .collect();
        change(&|less| less.schema.keep_named(&said));
        change(&|less| less.schema.without_constraints());
        change(&|less| less.schema.rows.clear());
        let half = self.schema.rows.len() / 2;
        change(&|less| less.schema.rows.truncate(half));
        change(&|less| drop(less.schema.rows.drain(..half)));
        found
    }

    /// Every case that is this one with one piece less, requests and routes first.
    pub(crate) fn smaller(&self) -> Vec<Case> {
        let mut found = Vec::new();
        for (at, route) in self.routes.iter().enumerate() {
            if !self.steps.iter().any(|step| step.route == at) {
                continue;
            }
            for doc in route.doc.smaller() {
                let mut less = self.clone();
                less.routes[at].doc = doc;
                found.push(less);
            }
        }
        for (at, step) in self.steps.iter().enumerate() {
            for step in step.smaller() {
                let mut less = self.clone();
                less.steps[at] = step;
                found.push(less);
            }
        }
        for schema in self.schema.smaller() {
            let mut less = self.clone();
            less.schema = schema;
            found.push(less);
        }
        found
    }
}
