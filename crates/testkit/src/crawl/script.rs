//! Requests: every route with the names and ids of a choice of tenants.

use super::{Caller, Fixture, Marks};
use backflow_plan::model::{BodyRule, Naming, Place, Route, Segment, Source};

/// Whose names and ids a request uses, in each place where it can name something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// The tenant in the path.
    pub path: usize,
    /// The tenant whose rows are named in the path.
    pub ids: usize,
    /// The tenants whose rows are named in the body, and by a second id in the path.
    pub refs: (usize, usize),
    /// The tenant in `X-Tenant-ID`.
    pub header: Option<usize>,
    /// The tenant in the token.
    pub claim: Option<usize>,
    /// The tenant in the body.
    pub body: Option<usize>,
}

impl Attempt {
    /// The tenant in which a route is placed by such a request.
    #[must_use]
    pub fn tenant(&self, route: &Route) -> Option<usize> {
        match &route.place {
            Place::One(guard) => match &guard.naming {
                Naming::Param(_) => Some(self.path),
                Naming::HeaderOrClaim(_) | Naming::Program(_) => self.header.or(self.claim),
            },
            Place::Nowhere | Place::Mine | Place::Named(_) => None,
        }
    }
}

/// What a caller tries: mixtures of an own and another tenant in all places, then everything in the own one.
#[must_use]
pub fn attempts(caller: &Caller, tenants: usize) -> Vec<Attempt> {
    let home = caller.home();
    let others = (0..tenants).filter(|tenant| Some(*tenant) != home);
    let Some(home) = home else {
        return others.flat_map(|other| [wholly(other), unnamed(other)]).collect();
    };
    let own = Attempt {
        claim: Some(home),
        ..unnamed(home)
    };
    let by_header = Attempt {
        header: Some(home),
        body: Some(home),
        ..unnamed(home)
    };
    others
        .flat_map(|other| mixtures(own, other))
        .chain([own, by_header])
        .collect()
}

/// Everything names one tenant.
fn wholly(tenant: usize) -> Attempt {
    Attempt {
        header: Some(tenant),
        claim: Some(tenant),
        body: Some(tenant),
        ..unnamed(tenant)
    }
}

/// The path names a tenant and its rows, and so does the body; nothing else does.
fn unnamed(tenant: usize) -> Attempt {
    Attempt {
        path: tenant,
        ids: tenant,
        refs: (tenant, tenant),
        header: None,
        claim: None,
        body: None,
    }
}

fn mixtures(own: Attempt, other: usize) -> Vec<Attempt> {
    let (home, named) = (own.path, Some(other));
    let theirs = Attempt {
        ids: other,
        refs: (other, other),
        ..own
    };
    let at = |path: usize, from: Attempt| Attempt { path, ..from };
    let refs = |first: usize, second: usize, from: Attempt| Attempt {
        refs: (first, second),
        ..from
    };
    let said = |header: Option<usize>, claim: Option<usize>, body: Option<usize>, from: Attempt| Attempt {
        header,
        claim,
        body,
        ..from
    };
    vec![
        wholly(other),
        // Another tenant's door.
        at(other, theirs),
        at(other, said(named, named, None, own)),
        said(None, named, None, own),
        // The own door, others' rows.
        theirs,
        refs(home, home, theirs),
        refs(other, home, own),
        refs(home, other, own),
        said(named, Some(home), None, theirs),
        // The own door, others' tenant in the data.
        said(None, Some(home), named, own),
        said(Some(home), named, named, refs(home, home, theirs)),
    ]
}

/// A request without its token.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The method.
    pub method: &'static str,
    /// Path and query.
    pub target: String,
    /// Headers.
    pub headers: Vec<(&'static str, String)>,
    /// What the token says of the tenant.
    pub claim: Option<String>,
    /// The body.
    pub body: String,
}

/// The request of an attempt.
#[must_use]
pub fn sent(fixture: &Fixture, route: &Route, caller: &Caller, attempt: &Attempt, marks: &[Marks]) -> Sent {
    let of = |tenant: usize| marks.get(tenant).copied().unwrap_or(Marks::new(tenant));
    let naming = match &route.place {
        Place::One(guard) => match guard.naming {
            Naming::Param(at) => Some(at),
            _ => None,
        },
        _ => None,
    };
    let (name, mut target, mut at) = (route.name(), String::new(), 0);
    for segment in &route.path.0 {
        target.push('/');
        match segment {
            Segment::Fixed(text) => target.push_str(text),
            Segment::Param(param) => {
                let second = at > usize::from(naming.is_some());
                let whose = match (naming == Some(at), second) {
                    (true, _) => attempt.path,
                    (false, true) => attempt.refs.0,
                    (false, false) => attempt.ids,
                };
                target.push_str(&(fixture.param)(&name, param, of(whose)));
                at += 1;
            }
        }
    }
    target.push_str(&(fixture.query)(of(attempt.ids)));
    let method = route.method.as_str();
    let body = match method {
        "GET" | "DELETE" => String::new(),
        _ => {
            let refs = (of(attempt.refs.0), of(attempt.refs.1));
            (fixture.body)(refs, attempt.body.map(of), caller.home().map(of))
        }
    };
    Sent {
        method,
        target,
        headers: attempt
            .header
            .map(|tenant| ("X-Tenant-ID", of(tenant).key()))
            .into_iter()
            .collect(),
        claim: attempt.claim.map(|tenant| of(tenant).key()),
        body,
    }
}

/// Whether a route reads a member of its body; any member, if nothing declares them.
#[must_use]
pub fn reads(route: &Route, name: &str) -> bool {
    match &route.input.body {
        BodyRule::Fields(fields) => fields.iter().any(|field| field.name == name),
        _ => route.frame.iter().any(|source| match source {
            Source::Body(keys) => keys
                .first()
                .and_then(|key| key.as_name())
                .is_none_or(|key| key == name),
            _ => false,
        }),
    }
}
