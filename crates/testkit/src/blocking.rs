//! Asynchronous work for callers that are not.
//!
//! Role: one runtime of many threads for the whole process, on which connections live whichever test made them.
//! Invariant: may be called from anywhere, inside a runtime too: the caller's thread only waits on a channel.
//! Not here: what is run.

use std::future::Future;
use std::sync::{OnceLock, mpsc};
use tokio::runtime::{Builder, Runtime};

/// Threads of the runtime: enough that some may wait for others.
const THREADS: usize = 4;

/// The runtime of the process; it is never shut down.
pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("testkit")
            .enable_all()
            .build()
            .expect("a runtime")
    })
}

/// Runs something to its end.
///
/// # Panics
/// When it panics.
pub(crate) fn wait<F>(future: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let (done, end) = mpsc::sync_channel(1);
    runtime().spawn(async move { drop(done.send(future.await)) });
    end.recv().expect("the work came to its end")
}
