//! What both hand-written servers share: tokens, refusals, bodies, answers, settings.
//!
//! Role: everything of a request that has nothing to do with the database.
//! Invariant: the answers have the members and the spelling of the product's answers.
//! Not here: queries.

mod answer;
mod body;
mod caller;
mod refusal;
mod serve;

pub use answer::{Invitation, Limit, Member, Organization, Profile, Usage, json, period};
pub use body::{NewOrganization, Tracked};
pub use caller::{Caller, Keys};
pub use refusal::Refusal;
pub use serve::{serve, setting};
