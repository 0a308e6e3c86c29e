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

    /// An event that was verified is kept.
    pub(crate) fn of_event(_verified: &Verified) -> Self {
        Permit(())
    }

    /// A run goes on, or is kept: what it may do was judged in the transaction that stored it.
    pub(crate) fn of_run() -> Self {
        Permit(())
    }
}

/// The bytes of a delivery that somebody signed who knows the webhook's secret.
#[derive(Debug)]
pub struct Verified {
    body: bytes::Bytes,
}

impl Verified {
    /// Only the check of the signature says so.
    pub(crate) fn checked(body: bytes::Bytes) -> Self {
        Verified { body }
    }

    /// The bytes as they arrived.
    #[must_use]
    pub fn body(&self) -> &bytes::Bytes {
        &self.body
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

    /// As the journal has it: verified in the transaction that stored the run.
    pub(crate) fn of_run(tenant: backflow_sql::ir::Datum) -> Self {
        Scope { tenant }
    }

    /// The tenant's key.
    #[must_use]
    pub fn tenant(&self) -> &backflow_sql::ir::Datum {
        &self.tenant
    }
}
