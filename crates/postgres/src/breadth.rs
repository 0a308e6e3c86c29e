//! Over how many connections reads are spread.
//!
//! Role: now and then tries one more, or one less, and keeps to what answers sooner; of equals to the fewer.
//! Invariant: at least one and at most as many as there may be; a trial is short, and changes nothing unless both ways were
//! seen often enough.
//! Not here: the connections, the reads.
//!
//! A database with idle cores answers more over more connections. One without answers fewer: its processes push each
//! other aside, and each finds less to do whenever it gets its turn. Which of the two it is nobody says, so both ways are
//! tried by turns: what else happens meanwhile happens to both.
//!
//! That answers come sooner is not enough. Where the cores are ours, too, what the database gains we lose: the time until
//! it answers is shorter, and we answer no more requests than before. But where no more are asked, much sooner is better.

use crate::event;
use std::time::{Duration, Instant};

/// How long it goes one way before it goes the other, at least: longer than most reads wait, so that few of those that
/// went out one way are answered in the turn of the other.
const TURN: Duration = Duration::from_millis(10);
/// And at least so many times what a read takes.
const TIMES: u32 = 2;
/// After so many turns a trial may be judged: what comes and goes has come to both ways.
const TURNS: u32 = 8;
/// And with so many answers each way: fewer differ by chance.
const ENOUGH: u32 = 32;
/// When it is given up.
const LONGEST: Duration = Duration::from_secs(2);

/// From a trial that changed something to the next one, and the longest such pause: a trial that goes the worse way half
/// of 80 ms costs little every other second.
const SOON: Duration = Duration::from_millis(250);
const LATE: Duration = Duration::from_secs(2);

/// What makes one more worth a process of the server's: as many times more reads, and those in less of the time.
const MORE: Worth = Worth {
    reads: 1.05,
    time: 0.9,
};
/// Or as many, in much less of the time.
const SOONER: Worth = Worth {
    reads: 0.98,
    time: 0.5,
};
/// It stays if it is worth nearly as much: so nothing goes back and forth.
const STILL_MORE: Worth = Worth {
    reads: 1.02,
    time: 0.95,
};
const STILL_SOONER: Worth = Worth {
    reads: 0.97,
    time: 0.6,
};

/// One way beside the other.
struct Worth {
    reads: f64,
    time: f64,
}

/// How many are used.
pub(crate) struct Breadth {
    used: usize,
    most: usize,
    trial: Option<Trial>,
    /// How many trials there were.
    number: u64,
    pause: Duration,
    rests_until: Option<Instant>,
}

struct Trial {
    /// How many are used every other turn.
    other: usize,
    turns: u32,
    turn_began: Instant,
    turn_ends: Instant,
    ends: Instant,
    now: Way,
    answers: [Answers; 2],
}

/// Which way something went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Usual,
    Other,
}

#[derive(Debug, Default)]
struct Answers {
    /// How many reads went out, and in what time.
    sent: u32,
    span: Duration,
    /// How many have their answer, and what they took.
    count: u32,
    took: Duration,
}

/// Something went out during a trial: how long it takes is of interest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tried {
    trial: u64,
    way: Way,
}

impl Breadth {
    /// Begins with so many; there may be as many as `most`.
    pub(crate) fn new(used: usize, most: usize) -> Self {
        let most = most.max(1);
        Breadth {
            used: used.clamp(1, most),
            most,
            trial: None,
            number: 0,
            pause: SOON,
            rests_until: None,
        }
    }

    /// How many are used but for a trial.
    pub(crate) fn used(&self) -> usize {
        self.used
    }

    /// How many to use for a read that goes out now. `there`: how many there are; `crowded`: on each that is used others
    /// are before it.
    pub(crate) fn next(&mut self, now: Instant, there: usize, crowded: bool) -> (usize, Option<Tried>) {
        if self.trial.is_some() {
            self.go_on(now);
        } else if crowded && self.rests_until.is_none_or(|until| until <= now) {
            self.begin(now, there);
        }
        match &mut self.trial {
            None => (self.used, None),
            Some(trial) => {
                trial.answers[trial.now as usize].sent += 1;
                let tried = Tried {
                    trial: self.number,
                    way: trial.now,
                };
                match trial.now {
                    Way::Usual => (self.used, Some(tried)),
                    Way::Other => (trial.other, Some(tried)),
                }
            }
        }
    }

    /// So many more would be of use than are used.
    pub(crate) fn wanted(&self) -> usize {
        (self.used + 1).min(self.most)
    }

    /// Something that went out during a trial has its answer.
    pub(crate) fn took(&mut self, tried: Tried, span: Duration) {
        if let Some(trial) = self.trial.as_mut().filter(|_| tried.trial == self.number) {
            let answers = &mut trial.answers[tried.way as usize];
            answers.count += 1;
            answers.took += span;
        }
    }

    /// Upwards and downwards in turns, where both can be.
    fn begin(&mut self, now: Instant, there: usize) {
        let more = (self.used < self.wanted() && there > self.used).then_some(self.used + 1);
        let less = (self.used > 1).then(|| self.used - 1);
        let other = match self.number % 2 {
            0 => more.or(less),
            _ => less.or(more),
        };
        let Some(other) = other else { return };
        self.number += 1;
        self.trial = Some(Trial {
            other,
            turns: 0,
            turn_began: now,
            turn_ends: now + TURN,
            ends: now + LONGEST,
            now: Way::Other,
            answers: Default::default(),
        });
    }

    /// Goes the other way if it is time, and judges if there is enough to judge by.
    fn go_on(&mut self, now: Instant) {
        let Some(trial) = self.trial.as_mut().filter(|trial| trial.turn_ends <= now) else {
            return;
        };
        // Nobody asked for a while: what came before and what comes now are not to be compared.
        let is_broken_off = now - trial.turn_ends > trial.turn_ends - trial.turn_began;
        trial.turns += 1;
        trial.answers[trial.now as usize].span += now - trial.turn_began;
        trial.turn_began = now;
        trial.turn_ends = now + TURN.max(trial.longest_mean() * TIMES);
        trial.now = match trial.now {
            Way::Usual => Way::Other,
            Way::Other => Way::Usual,
        };
        let is_enough = trial.turns >= TURNS && trial.answers.iter().all(|answers| answers.count >= ENOUGH);
        if !is_enough && !is_broken_off && now < trial.ends {
            return;
        }
        let better = trial.better(self.used).filter(|_| is_enough && !is_broken_off);
        self.trial = None;
        self.pause = match better {
            Some(_) => SOON,
            None => (self.pause * 2).min(LATE),
        };
        if let Some(better) = better {
            event::breadth(self.used, better);
            self.used = better;
        }
        self.rests_until = Some(now + self.pause);
    }
}

impl Trial {
    /// How many are better than so many.
    fn better(&self, used: usize) -> Option<usize> {
        let [usual, other] = &self.answers;
        let is_better = if self.other > used {
            other.is_worth(&MORE, usual) || other.is_worth(&SOONER, usual)
        } else {
            !usual.is_worth(&STILL_MORE, other) && !usual.is_worth(&STILL_SOONER, other)
        };
        is_better.then_some(self.other)
    }

    /// What a read takes, in the slower way.
    fn longest_mean(&self) -> Duration {
        let means = self.answers.iter().map(Answers::mean);
        means.max().unwrap_or_default()
    }
}

impl Answers {
    /// Whether the way of more connections is worth so much beside that of fewer.
    fn is_worth(&self, worth: &Worth, fewer: &Answers) -> bool {
        self.rate() >= fewer.rate() * worth.reads && self.mean() <= fewer.mean().mul_f64(worth.time)
    }

    /// Reads a second.
    fn rate(&self) -> f64 {
        f64::from(self.sent) / self.span.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    fn mean(&self) -> Duration {
        self.took / self.count.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Callers who each wait for an answer before they ask again: what one takes over so many connections, and how long they
    /// then rest, in microseconds.
    fn callers(
        breadth: &mut Breadth,
        from: Instant,
        seconds: u64,
        (takes, rests): (impl Fn(usize) -> u64, impl Fn(usize) -> u64),
    ) -> Instant {
        const CALLERS: u64 = 8;
        let (mut at, end) = (0, seconds * 1_000_000);
        while at < end {
            let now = from + Duration::from_micros(at);
            let (used, tried) = breadth.next(now, breadth.wanted(), true);
            if let Some(tried) = tried {
                breadth.took(tried, Duration::from_micros(takes(used)));
            }
            at += (takes(used) + rests(used)) / CALLERS;
        }
        from + Duration::from_micros(at)
    }

    #[test]
    fn as_many_are_used_as_answer_more_reads() {
        let mut breadth = Breadth::new(1, 4);
        // Three cores are idle.
        let three = |used: usize| 3_000 / used.min(3) as u64;
        let now = callers(&mut breadth, Instant::now(), 20, (three, |_| 10));
        assert_eq!(breadth.used, 3);
        // Now it is one, and more of them are in each other's way.
        let now = callers(&mut breadth, now, 40, (|used| 900 + 100 * used as u64, |_| 10));
        assert_eq!(breadth.used, 1);
        // What the database gains we lose.
        let shared = |used: usize| 4_200 - 1_200 * used as u64;
        let now = callers(&mut breadth, now, 20, (shared, |used| 3_200 - shared(used)));
        assert_eq!(breadth.used, 1);
        // Nobody asks more, but answers come much sooner.
        callers(
            &mut breadth,
            now,
            20,
            (
                |used| 900 / (used * used) as u64,
                |used| 9_000 - 900 / (used * used) as u64,
            ),
        );
        assert!(breadth.used > 1);
    }

    #[test]
    fn nothing_is_tried_where_nobody_waits_or_there_is_no_other() {
        let mut breadth = Breadth::new(1, 4);
        let now = Instant::now();
        assert_eq!(breadth.next(now, 2, false).0, 1);
        assert!(
            breadth.next(now, 1, true).1.is_none(),
            "the second is not there yet"
        );
        assert!(breadth.next(now, 2, true).1.is_some());
        assert!(Breadth::new(3, 1).next(now, 9, true).1.is_none());
    }

    #[test]
    fn a_trial_that_is_broken_off_changes_nothing() {
        let mut breadth = Breadth::new(2, 2);
        let begun = Instant::now();
        let mut at = begun;
        // Long enough to be judged, and one would do.
        while at < begun + TURN * (TURNS - 1) + TURN / 2 {
            let (_, tried) = breadth.next(at, 2, true);
            breadth.took(tried.expect("a trial"), TURN / 20);
            at += TURN / 20;
        }
        assert!(breadth.next(at + TURN * 3, 2, true).1.is_none());
        assert_eq!(breadth.used, 2);
    }

    #[test]
    fn a_trial_that_shows_nothing_changes_nothing() {
        let mut breadth = Breadth::new(1, 4);
        let now = Instant::now();
        let (_, tried) = breadth.next(now, 2, true);
        let tried = tried.expect("a trial");
        breadth.took(tried, Duration::from_micros(1));
        let later = now + LONGEST + TURN;
        assert!(breadth.next(later, 2, true).1.is_none(), "it was given up");
        assert_eq!(breadth.used, 1);
        breadth.took(tried, Duration::from_secs(1));
        assert!(
            breadth.next(later + LATE, 2, true).1.is_some(),
            "and the next one begins anew"
        );
        assert!(
            breadth
                .trial
                .as_ref()
                .is_some_and(|trial| trial.answers.iter().all(|answers| answers.count == 0))
        );
    }
}
