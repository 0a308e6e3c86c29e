//! What is asked of ours.
//!
//! Role: for a pair of servers, a route and a number of connections: which ratio must be reached.
//! Invariant: the numbers are those of the project's performance targets; a ratio without a number has no mark.
//! Not here: measuring.

use crate::routes::Route;
use crate::sides::Side;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aspect {
    /// Requests a second; more is better.
    Rate,
    /// CPU of server and database a request; less is better.
    Cpu,
    /// CPU of the server alone a request; less is better.
    Server,
    /// Less is better.
    P50,
    /// Less is better.
    P99,
}

/// The ratio that is asked for.
pub(crate) fn target(from: Side, to: Side, route: Route, width: usize, aspect: Aspect) -> Option<f64> {
    use Aspect::{Cpu, P50, P99, Rate, Server};
    use Route::{Accept, Check, Create, Hot, Organization, Track};
    let is_wide = width >= 16;
    match (from, to, route, aspect) {
        (Side::Backflow, Side::Axum, _, Server) => Some(0.7),
        (Side::Backflow, Side::Axum, Check, Rate) if is_wide => Some(1.1),
        (Side::Backflow, Side::Axum, Check, Cpu) if is_wide => Some(0.75),
        (Side::Backflow, Side::Axum, Check, P99) if width == 16 => Some(0.7),
        (Side::Backflow, Side::Axum, Organization, Rate) if is_wide => Some(1.15),
        (Side::Backflow, Side::Axum, Organization, Cpu) if is_wide => Some(0.8),
        (Side::Backflow, Side::Axum, Create | Accept, Rate) if is_wide => Some(1.35),
        (Side::Backflow, Side::Axum, Create | Accept, Cpu) if is_wide => Some(0.65),
        (Side::Backflow, Side::Axum, Hot, Rate) if width == 64 => Some(8.0),
        (Side::Backflow, Side::Axum, Track, Rate) if width == 64 => Some(2.0),
        (Side::Backflow, Side::Axum, Track, Cpu) if width == 64 => Some(0.3),
        (Side::Backflow, Side::Axum, Track, Rate) if width == 16 => Some(0.95),
        (Side::Backflow, Side::Axum, Track, P50) if width == 1 => Some(1.1),
        (Side::Backflow, Side::Fastify, Check | Organization | Create, Rate) if width == 64 => Some(3.0),
        (Side::Backflow, Side::Fastify, Check | Organization | Create, Server) if width == 64 => Some(0.25),
        (Side::Backflow, Side::Postgrest, Check, Rate) if is_wide => Some(9.0),
        (Side::Backflow, Side::Postgrest, Organization, Rate) if is_wide => Some(7.0),
        (Side::Backflow, Side::Pgbench, Hot, Rate) if width == 64 => Some(10.0),
        (Side::BackflowSqlite, Side::AxumSqlite, Check, Rate) => Some(0.95),
        (Side::BackflowSqlite, Side::AxumSqlite, Create | Accept | Track | Hot, Rate) if width == 64 => {
            Some(3.5)
        }
        _ => None,
    }
}

/// Whether a ratio is what is asked for.
pub(crate) fn is_met(aspect: Aspect, ratio: f64, asked: f64) -> bool {
    match aspect {
        Aspect::Rate => ratio >= asked,
        _ => ratio <= asked,
    }
}
