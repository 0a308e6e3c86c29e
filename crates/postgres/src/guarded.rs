//! Work that outlives who asked for it.
//!
//! Role: a future that, when it is dropped before its end, goes on in a task of its own, and knows it.
//! Invariant: what was begun on a connection is always brought to an end that leaves the connection at rest, or
//! ends the connection.
//! Not here: what the work does when nobody waits (drive).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use tokio::sync::Notify;

/// Whether somebody still waits.
#[derive(Debug, Default)]
pub(crate) struct Caller {
    left: AtomicBool,
    leaving: Notify,
}

impl Caller {
    /// Whether the caller is gone.
    pub(crate) fn has_left(&self) -> bool {
        self.left.load(Ordering::Acquire)
    }

    /// Waits until the caller is gone; perhaps forever.
    pub(crate) async fn leaves(&self) {
        while !self.has_left() {
            self.leaving.notified().await;
        }
    }

    fn leave(&self) {
        self.left.store(true, Ordering::Release);
        // One permit stays for the one that waits, even if it comes later.
        self.leaving.notify_one();
    }
}

/// Work with its caller.
pub(crate) struct Guarded<T: Send + 'static> {
    work: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
    caller: Arc<Caller>,
    /// Still set when the work is dropped: it panicked, and cannot be polled again.
    polling: bool,
}

impl<T: Send + 'static> Guarded<T> {
    /// Begins work that is told whether its caller is there.
    pub(crate) fn new<F>(work: impl FnOnce(Arc<Caller>) -> F) -> Self
    where
        F: Future<Output = T> + Send + 'static,
    {
        let caller = Arc::<Caller>::default();
        Guarded {
            work: Some(Box::pin(work(Arc::clone(&caller)))),
            caller,
            polling: false,
        }
    }
}

impl<T: Send + 'static> Future for Guarded<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let this = &mut *self;
        let Some(work) = this.work.as_mut() else {
            return Poll::Pending;
        };
        this.polling = true;
        let polled = work.as_mut().poll(cx);
        this.polling = false;
        if polled.is_ready() {
            this.work = None;
        }
        polled
    }
}

impl<T: Send + 'static> Drop for Guarded<T> {
    fn drop(&mut self) {
        let Some(work) = self.work.take() else {
            return;
        };
        if self.polling {
            return;
        }
        self.caller.leave();
        // Without a runtime there are no connections either.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            drop(runtime.spawn(work));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn what_was_begun_goes_on_and_knows_that_nobody_waits() {
        let (go, gone) = oneshot::channel::<()>();
        let (said, heard) = oneshot::channel();
        let mut work = Guarded::new(|caller| async move {
            gone.await.ok();
            caller.leaves().await;
            said.send(caller.has_left()).ok();
        });
        let first = tokio::time::timeout(Duration::from_millis(1), &mut work).await;
        assert!(first.is_err());
        drop(work);
        go.send(()).expect("it still waits");
        assert_eq!(heard.await, Ok(true));
    }

    #[tokio::test]
    async fn work_that_ends_is_simply_done() {
        let work = Guarded::new(|caller| async move { caller.has_left() });
        assert!(!work.await);
    }
}
