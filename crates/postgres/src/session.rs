//! The session of a start.
//!
//! Role: one connection without limits of time, for everything that is looked at and made before the first request;
//! afterwards it is the one beside the requests'.
//! Invariant: a session in which a migration ran is not used again: whatever the file left there ends with it.
//! Not here: what is looked at and made (`migrate`).

use crate::connect::{Connected, Purpose};
use crate::options::OpenError;
use crate::store::Postgres;
use std::sync::{MutexGuard, PoisonError};

impl Postgres {
    /// The session that was kept, or a new one.
    pub(crate) async fn session(&self) -> Result<Connected, OpenError> {
        let kept = self.kept().take();
        match kept.filter(|session| !session.client.is_closed()) {
            Some(session) => Ok(session),
            None => Ok(self.connector.connect(Purpose::Work).await?),
        }
    }

    /// Keeps a session for whatever is done next.
    pub(crate) fn keep(&self, session: Connected) {
        *self.kept() = Some(session);
    }

    /// Where a session is kept.
    pub(crate) fn kept(&self) -> MutexGuard<'_, Option<Connected>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
