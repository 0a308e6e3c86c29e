//! Lines on their way to standard output.
//!
//! Role: gathers lines for a few milliseconds and writes them in one go, so that requests do not each wait for
//! a system call.
//! Invariant: lines keep their order; no more than [`MOST`] bytes wait, beyond that whoever logs waits; when
//! [`Flush`] goes, everything is written.
//! Not here: how a line looks.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tracing_subscriber::fmt::MakeWriter;

/// Bytes that wait at most.
const MOST: usize = 1024 * 1024;
/// How long lines are gathered.
const GATHER: Duration = Duration::from_millis(10);
/// Room that is kept between two writes.
const ROOM: usize = 64 * 1024;

/// Where lines are gathered.
#[derive(Clone, Default)]
pub(super) struct Lines(Arc<Shared>);

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    came: Condvar,
    went: Condvar,
}

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    is_over: bool,
}

/// Writes what waits when it goes.
pub(crate) struct Flush {
    lines: Lines,
    thread: Option<JoinHandle<()>>,
}

impl Lines {
    /// Starts the thread that writes.
    pub(super) fn start(self, out: impl Write + Send + 'static) -> io::Result<Flush> {
        let lines = self.clone();
        let thread = std::thread::Builder::new().name("backflow-log".to_owned());
        let thread = thread.stack_size(128 * 1024).spawn(move || lines.drain(out))?;
        Ok(Flush {
            lines: self,
            thread: Some(thread),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, line: &[u8]) {
        let mut waiting = self.lock();
        while waiting.bytes.len() > MOST && !waiting.is_over {
            waiting = self.0.went.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        let was_empty = waiting.bytes.is_empty();
        waiting.bytes.extend_from_slice(line);
        drop(waiting);
        if was_empty {
            self.0.came.notify_one();
        }
    }

    fn drain(&self, mut out: impl Write) {
        let mut taken = Vec::new();
        let mut is_over = false;
        while !is_over {
            let mut waiting = self.lock();
            while waiting.bytes.is_empty() && !waiting.is_over {
                waiting = self.0.came.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            }
            if !waiting.is_over {
                // Woken early only by the end.
                let gathered = self.0.came.wait_timeout(waiting, GATHER);
                waiting = gathered.map_or_else(|poisoned| poisoned.into_inner().0, |(waiting, _)| waiting);
            }
            is_over = waiting.is_over;
            std::mem::swap(&mut taken, &mut waiting.bytes);
            drop(waiting);
            self.0.went.notify_all();
            // A log that nobody reads any more is no reason to stop serving.
            drop(out.write_all(&taken).and_then(|()| out.flush()));
            taken.clear();
            taken.shrink_to(ROOM);
        }
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        self.lines.lock().is_over = true;
        self.lines.0.came.notify_one();
        self.lines.0.went.notify_all();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// Takes one line at a time.
pub(super) struct Writer(Lines);

impl Write for Writer {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Writer;

    fn make_writer(&self) -> Writer {
        Writer(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<Vec<u8>>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            std::thread::sleep(Duration::from_millis(1));
            self.0.lock().unwrap().push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn all_lines_arrive_in_order_in_few_writes_though_the_reader_is_slow() {
        let (lines, sink) = (Lines::default(), Sink::default());
        let flush = lines.clone().start(sink.clone()).unwrap();
        let line = |n: u32| format!("{n:0>99}\n");
        for n in 0..50_000 {
            lines.make_writer().write_all(line(n).as_bytes()).unwrap();
        }
        drop(flush);
        let writes = sink.0.lock().unwrap();
        let expected: Vec<u8> = (0..50_000).flat_map(|n| line(n).into_bytes()).collect();
        assert!(writes.concat() == expected, "lines were lost or moved");
        assert!(writes.iter().all(|write| write.len() <= MOST + 100));
        assert!(writes.len() < 1000, "{} writes", writes.len());
    }
}
