//! Requests to providers.
//!
//! Role: a [`Line`] to each provider, which leads there and nowhere else.
//! Input: an [`Exchange`]. Output: what was [`Heard`], or why not, and whether anything was sent.
//! Invariant: no proxy of the environment, no cookie, no redirect; every address is judged before it is connected
//! to; credentials are in no error and in no debug output.
//! Not here: what requests and answers mean (the connectors), when a request is sent again (the engine).

pub mod address;
mod destination;
mod dial;
pub mod guard;
mod line;
#[cfg(test)]
mod tests;

pub use destination::{BadAddress, Destination, Host, Naming, is_plain_path};
pub use dial::Dialer;
pub use line::{Broken, Exchange, Heard, LARGEST, Line, Sent};
