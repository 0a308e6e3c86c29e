//! Document and catalog compiled into a Plan: names become ids, tenancy is proved.

pub mod convert;
pub mod model;

/// Stands in until the planner is there.
pub mod tenancy {
    /// Stands in until the planner is there.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Tenancy;
}
