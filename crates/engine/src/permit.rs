//! Evidence.
//!
//! Role: values that can only be made by the check they stand for. Holding one is the proof.
//! Invariant: no constructor here is public.
//! Not here: the checks themselves.

/// The request was matched, its caller identified, and the route lets such callers try: what is left to
/// judge (membership, role) is judged by the transaction's first statement.
#[derive(Debug)]
pub struct Permit(());

impl Permit {
    pub(crate) fn judged() -> Self {
        Permit(())
    }
}

/// The tenant in which the caller's membership was found, in this transaction.
#[derive(Debug, Clone)]
pub struct Scope {
    tenant: backflow_sql::ir::Datum,
}

impl Scope {
    pub(crate) fn verified(tenant: backflow_sql::ir::Datum) -> Self {
        Scope { tenant }
    }

    /// The tenant's key.
    #[must_use]
    pub fn tenant(&self) -> &backflow_sql::ir::Datum {
        &self.tenant
    }
}
