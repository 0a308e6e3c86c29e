//! The numbers of a limit.
//!
//! Invariant: they keep their digits.
//! Not here: where they come from; see `crate::limit`.

use backflow_expr::{Number, Value};

/// Why a limit refused; a number that cannot be told is null.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figures {
    pub(crate) limit: Option<Number>,
    /// The counter as it is.
    pub(crate) used: Option<Number>,
    /// By how much the request would have changed it, towards the limit.
    pub(crate) requested: Option<Number>,
    /// By how much it may still be changed.
    pub(crate) remaining: Option<Number>,
}

// No number is NaN.
impl Eq for Figures {}

impl Figures {
    /// The members of the body.
    pub(super) fn members(&self) -> [(&'static str, Value); 4] {
        let value = |number: &Option<Number>| number.clone().map_or(Value::Null, Value::Number);
        [
            ("limit", value(&self.limit)),
            ("used", value(&self.used)),
            ("requested", value(&self.requested)),
            ("remaining", value(&self.remaining)),
        ]
    }
}
