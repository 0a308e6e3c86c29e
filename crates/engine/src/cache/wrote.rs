//! What a transaction writes.
//!
//! Role: notes the statements that a transaction asks for, and tells of the tables they write when it is over.
//! Invariant: whoever drives a transaction, what it may have committed is told before its outcome can be looked at.
//! Where nobody looks, because the caller has hung up or the outcome is unknown, it may be told before it is committed: then
//! it is heard of like what others have written.
//! Not here: which tables a statement writes (the plan).

use super::versions::{Owner, Versions};
use crate::permit::Scope;
use crate::store::Turn;
use crate::work::tenant_text;
use backflow_sql::ir::{Statement, Whose};
use std::sync::Arc;

/// What one transaction has asked for. It tells when it is dropped: a store keeps a transaction until it is committed,
/// also when the caller has left.
#[derive(Default)]
pub(crate) struct Wrote {
    versions: Option<Arc<Versions>>,
    statements: Vec<Arc<Statement>>,
    scope: Option<Scope>,
}

impl Wrote {
    /// From here on somebody wants to know.
    pub(crate) fn tell(&mut self, versions: &Arc<Versions>) {
        self.versions = Some(Arc::clone(versions));
    }

    /// Notes what is asked for next; `scope`: for whom the transaction runs, as far as it is known by now.
    pub(crate) fn note<'s>(&mut self, turn: &Turn, scope: impl FnOnce() -> Option<&'s Scope>) {
        if self.versions.is_none() {
            return;
        }
        if let Turn::Run(call) = turn
            && !call.statement.writes.is_empty()
        {
            self.statements.push(Arc::clone(&call.statement));
        }
        if !self.statements.is_empty() && self.scope.is_none() {
            self.scope = scope().cloned();
        }
    }
}

impl Drop for Wrote {
    fn drop(&mut self) {
        let Some(versions) = &self.versions else { return };
        let tenant = self.scope.as_ref().and_then(|scope| tenant_text(scope.tenant()));
        for written in self.statements.iter().flat_map(|statement| &statement.writes) {
            let owner = match (written.whose, tenant.as_deref()) {
                (Whose::Scope, Some(tenant)) => Owner::Tenant(tenant),
                (Whose::New, _) => Owner::New,
                (Whose::Scope, None) | (Whose::Any, _) => Owner::Anybody,
            };
            versions.changed(written.table, owner);
        }
    }
}
