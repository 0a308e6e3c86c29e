//! What the slices of a long load say together.
//!
//! Role: the last third of the time beside the second; the first is for everything to be met once.
//! Invariant: thirds are compared by medians, so that one slice in which the machine did something else decides nothing.
//! Not here: measuring (`soak`).

use crate::figures::median;
use crate::meter::Memory;
use std::fmt::Write;
use std::time::Duration;

/// How much more memory counts as flat: a part, and so many KiB at least, as an allocator breathes.
const MORE_MEMORY: f64 = 0.05;
const BREATH: f64 = 2048.0;

/// How much slower counts as no slower.
const MORE_TIME: f64 = 0.25;

/// A part of the time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slice {
    /// When it was over.
    pub(crate) end: Duration,
    /// Answers a second.
    pub(crate) rate: f64,
    /// Microseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// Microseconds of CPU a request: the server's. Other load on the machine hardly changes it.
    pub(crate) cpu: f64,
    pub(crate) errors: u64,
    /// At its end.
    pub(crate) memory: Memory,
}

impl Slice {
    pub(crate) const HEAD: &str =
        "  until s  requests/s    p50 ms    p99 ms  CPU us  errors  resident MiB  without files";

    pub(crate) fn line(&self) -> String {
        let mib = |kib: u64| kib as f64 / 1024.0;
        format!(
            "{:>9.0}  {:>10.0}  {:>8.2}  {:>8.2}  {:>6.0}  {:>6}  {:>12.1}  {:>13.1}",
            self.end.as_secs_f64(),
            self.rate,
            self.p50 / 1000.0,
            self.p99 / 1000.0,
            self.cpu,
            self.errors,
            mib(self.memory.resident),
            mib(self.memory.anonymous)
        )
    }
}

/// How a server bore it.
pub(crate) struct Verdict {
    /// Sentences.
    pub(crate) text: String,
    /// Nothing has grown, and nothing has failed.
    pub(crate) is_good: bool,
}

impl Verdict {
    pub(crate) fn of(slices: &[Slice], errors: u64) -> Self {
        let third = |number: usize| {
            let bounds = slices.len() * number / 3..slices.len() * (number + 1) / 3;
            slices.get(bounds).unwrap_or_default()
        };
        let both = |measure: fn(&Slice) -> f64| {
            [1, 2].map(|number| median(third(number).iter().map(measure).collect()).unwrap_or(0.0))
        };
        let [memory, p50, p99, cpu] = [
            both(|slice| slice.memory.resident as f64),
            both(|slice| slice.p50),
            both(|slice| slice.p99),
            both(|slice| slice.cpu),
        ];
        let is_flat = memory[1] <= memory[0] + (memory[0] * MORE_MEMORY).max(BREATH);
        let grows_not = |[before, after]: [f64; 2]| after <= before * (1.0 + MORE_TIME);
        let is_as_fast = grows_not(p50) && grows_not(p99);
        let mut text = String::new();
        let word = |is_so: bool, yes: &'static str, no: &'static str| if is_so { yes } else { no };
        let mut say = |what: &str, numbers: String, word: &str| {
            writeln!(text, "{what}: {numbers}: {word}").unwrap_or_default();
        };
        let pair =
            |[before, after]: [f64; 2], unit: f64| format!("{:.2}, then {:.2}", before / unit, after / unit);
        say(
            "memory in the second and in the last third",
            format!("{} MiB", pair(memory, 1024.0)),
            word(is_flat, "flat", "it GREW"),
        );
        say(
            "p50 and p99",
            format!("{} ms; {} ms", pair(p50, 1000.0), pair(p99, 1000.0)),
            word(is_as_fast, "did not grow", "GREW"),
        );
        say(
            "CPU of the server a request",
            format!("{} us", pair(cpu, 1.0)),
            word(grows_not(cpu), "did not grow", "GREW"),
        );
        say("errors", errors.to_string(), word(errors == 0, "good", "BAD"));
        Self {
            text,
            is_good: is_flat && is_as_fast && errors == 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slices(resident: impl Fn(u64) -> u64, p99: impl Fn(u64) -> f64) -> Vec<Slice> {
        let one = |n: u64| Slice {
            end: Duration::from_secs(n),
            rate: 1000.0,
            p50: 100.0,
            p99: p99(n),
            cpu: 50.0,
            errors: 0,
            memory: Memory {
                resident: resident(n),
                anonymous: 0,
            },
        };
        (0..20).map(one).collect()
    }

    #[test]
    fn what_grows_at_first_is_flat_in_the_end() {
        let met = slices(|n| 50_000 + n.min(5) * 10_000, |_| 900.0);
        assert!(Verdict::of(&met, 0).is_good);
        assert!(!Verdict::of(&met, 1).is_good);
    }

    #[test]
    fn what_goes_on_growing_is_seen() {
        assert!(!Verdict::of(&slices(|n| 50_000 + n * 1_000, |_| 900.0), 0).is_good);
        assert!(!Verdict::of(&slices(|_| 50_000, |n| 900.0 + n as f64 * 60.0), 0).is_good);
        // One slice is not a trend.
        assert!(Verdict::of(&slices(|_| 50_000, |n| if n == 16 { 9000.0 } else { 900.0 }), 0).is_good);
    }
}
