//! The task that moves a connection's bytes, where many share the connection.
//!
//! Role: lets whoever is about to send or to be answered come first, so that their messages go out and come in
//! together: one call of the system, and one wake-up of the server, for several statements.
//! Invariant: with fewer than two in flight nobody is waited for.
//! Not here: who is in flight (link), which connection a statement takes (shared).

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Poll;

/// Drives a connection on which so many are in flight to its end.
pub(crate) async fn gathered<F: Future>(connection: F, in_flight: &AtomicUsize) -> F::Output {
    let mut connection = pin!(connection);
    loop {
        let moved = poll_fn(|cx| Poll::Ready(connection.as_mut().poll(cx))).await;
        if let Poll::Ready(end) = moved {
            return end;
        }
        woken().await;
        if in_flight.load(Relaxed) > 1 {
            tokio::task::yield_now().await;
        }
    }
}

/// Waits for the next time that the task is woken, by whomever.
async fn woken() {
    let mut asleep = false;
    poll_fn(|_| match std::mem::replace(&mut asleep, true) {
        false => Poll::Pending,
        true => Poll::Ready(()),
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tokio::sync::mpsc;

    /// How often a receiver is polled until three messages of three tasks have come.
    async fn turns(in_flight: usize) -> usize {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let count = Arc::new(AtomicUsize::new(in_flight));
        let (mut polls, mut got) = (0, 0);
        let all = poll_fn(move |cx| {
            polls += 1;
            while let Poll::Ready(Some(())) = receiver.poll_recv(cx) {
                got += 1;
            }
            if got == 3 {
                Poll::Ready(polls)
            } else {
                Poll::Pending
            }
        });
        let driver = tokio::spawn(async move { gathered(all, &count).await });
        tokio::task::yield_now().await;
        for _ in 0..3 {
            let sender = sender.clone();
            tokio::spawn(async move { sender.send(()).ok() });
        }
        driver.await.expect("it ends")
    }

    #[tokio::test]
    async fn those_who_are_ready_go_together() {
        assert_eq!(turns(3).await, 2);
    }

    #[tokio::test]
    async fn one_alone_waits_for_nobody() {
        assert!(turns(1).await > 1);
    }
}
