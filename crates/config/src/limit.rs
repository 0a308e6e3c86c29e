//! Reader of limits of rates, and of whose word about addresses counts.
//!
//! Input: `rateLimit` of the project or of a route; `server` of the project. Output: [`RateLimits`],
//! [`RateLimit`], [`Proxies`].
//! Invariant: a limit that would never count anything is a fault.
//! Not here: which routes a path of `perEndpoint` means.

use crate::document::{CountBy, Network, Proxies, RateLimit, RateLimits};
use crate::object::Object;
use crate::tree::{Node, Tree};
use crate::value;
use backflow_diag::{Diagnostic, Diagnostics, Spanned, Text, codes};

/// What a limit may say beside `enabled`.
const MEMBERS: [&str; 7] = [
    "windowMs",
    "max",
    "by",
    "message",
    "statusCode",
    "skipSuccessfulRequests",
    "skipFailedRequests",
];

/// The most proxies in a row.
const MOST_HOPS: u32 = 32;

/// `rateLimit` of the project.
pub(crate) fn of_project(object: &mut Object<'_, '_>) -> Option<RateLimits> {
    let node = object.node("rateLimit")?;
    let mut inner = Object::open(node, "rateLimit", "`rateLimit`", object.out)?;
    for key in MEMBERS {
        inner.not_both("default", key);
    }
    let says_itself = MEMBERS.iter().any(|key| node.member(key).is_some());
    let own = members(&mut inner);
    let default = inner.node("default");
    let per_endpoint = inner.node("perEndpoint");
    let default = match default {
        Some(node) => one(node, "default", inner.out),
        // Alone, `perEndpoint` is all that is meant.
        None => (says_itself || per_endpoint.is_none()).then(|| RateLimit {
            enabled: true,
            ..own.clone()
        }),
    };
    let per_endpoint = per_endpoint.map_or_else(Vec::new, |node| endpoints(node, inner.out));
    inner.finish();
    Some(RateLimits {
        span: own.span,
        enabled: own.enabled,
        default,
        per_endpoint,
    })
}

/// `rateLimit` of a route.
pub(crate) fn of_route(object: &mut Object<'_, '_>) -> Option<RateLimit> {
    let node = object.node("rateLimit")?;
    one(node, "rateLimit", object.out)
}

fn endpoints(node: &Node, out: &mut Diagnostics) -> Vec<(Text, RateLimit)> {
    let Tree::Object(members) = &node.tree else {
        value::wrong_type(node, "perEndpoint", "an object", out);
        return Vec::new();
    };
    let read = members.iter().filter_map(|member| {
        let path = Text::plain(member.key.value.as_str(), member.key.span);
        one(&member.value, &member.key.value, out).map(|limit| (path, limit))
    });
    read.collect()
}

fn one(node: &Node, key: &str, out: &mut Diagnostics) -> Option<RateLimit> {
    let mut inner = Object::open(node, key, "a rate limit", out)?;
    let limit = members(&mut inner);
    inner.finish();
    Some(limit)
}

fn members(object: &mut Object<'_, '_>) -> RateLimit {
    let by = object.word("by");
    let words = [
        ("user", CountBy::User),
        ("tenant", CountBy::Tenant),
        ("address", CountBy::Address),
    ];
    let status = object.integer("statusCode", 400..=599);
    let limit = RateLimit {
        span: object.span(),
        enabled: object.flag("enabled", true),
        by: by.and_then(|word| {
            value::one_of(&word, "word for `by`", &words, object.out).map(|by| Spanned::new(by, word.span))
        }),
        window_ms: object.integer("windowMs", 1..=u32::MAX),
        max: object.integer("max", 1..=u32::MAX),
        message: object.text("message"),
        status_code: status.map(|status| status.map(|n| u16::try_from(n).unwrap_or(u16::MAX))),
        skip_successful: object.flag("skipSuccessfulRequests", false),
        skip_failed: object.flag("skipFailedRequests", false),
    };
    if limit.skip_successful && limit.skip_failed {
        object.needs_other(
            "skipFailedRequests",
            "beside `skipSuccessfulRequests` no request would be counted at all",
            "keep one of the two, or write `\"enabled\": false`",
        );
    }
    limit
}

/// `server.trustedProxies`
pub(crate) fn proxies(object: &mut Object<'_, '_>) -> Option<Proxies> {
    let node = object.node("server")?;
    let mut inner = Object::open(node, "server", "`server`", object.out)?;
    let proxies = match inner.node("trustedProxies") {
        None => Proxies::None,
        Some(node) => match &node.tree {
            Tree::Number(_) => hops(node, inner.out),
            _ => networks(node, inner.out),
        },
    };
    inner.finish();
    Some(proxies)
}

fn hops(node: &Node, out: &mut Diagnostics) -> Proxies {
    let hops = value::integer(node, "trustedProxies", 0..=MOST_HOPS, out);
    match hops.map_or(0, |hops| hops.value) {
        0 => Proxies::None,
        hops => Proxies::Hops(hops),
    }
}

fn networks(node: &Node, out: &mut Diagnostics) -> Proxies {
    let expected = "a list of addresses, or the number of proxies";
    let mut found = Vec::new();
    for item in value::list(node, "trustedProxies", expected, out) {
        let Some(word) = value::word(item, "trustedProxies", out) else {
            continue;
        };
        match Network::parse(&word.value) {
            Some(network) => found.push(network),
            None => out.push(
                Diagnostic::new(
                    codes::OUT_OF_RANGE,
                    format!("`{}` is no address and no network", word.value),
                )
                .at(
                    word.span,
                    "expected an address, or a network such as `10.0.0.0/8`",
                )
                .note("a proxy that is named in another way could not be told from a caller")
                .help("write the proxy's address, or the network that proxies are in"),
            ),
        }
    }
    match found.is_empty() {
        true => Proxies::None,
        false => Proxies::Networks(found),
    }
}
