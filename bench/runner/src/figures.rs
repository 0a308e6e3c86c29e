//! Samples, their medians, and ratios between two servers.
//!
//! Invariant: a ratio is the median over rounds of the ratio within a round, never a ratio of two medians.
//! Not here: how they are shown.

use crate::load::Sample;
use crate::routes::Route;
use crate::sides::Side;
use std::collections::HashMap;

/// What a sample is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) route: Route,
    pub(crate) width: usize,
    pub(crate) side: Side,
}

/// All samples, by round.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    samples: HashMap<Key, Vec<Sample>>,
    order: Vec<Key>,
}

/// What of a sample is looked at.
pub(crate) type Measure = fn(&Sample) -> f64;

/// CPU of server and database.
pub(crate) fn cpu(sample: &Sample) -> f64 {
    sample.server + sample.database
}

/// A ratio: its median, its least, its most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ratio {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Figures {
    pub(crate) fn add(&mut self, key: Key, sample: Sample) {
        if !self.samples.contains_key(&key) {
            self.order.push(key);
        }
        self.samples.entry(key).or_default().push(sample);
    }

    /// What was measured, in the order in which it began.
    pub(crate) fn keys(&self) -> &[Key] {
        &self.order
    }

    /// The median over the rounds.
    pub(crate) fn median(&self, key: &Key, measure: Measure) -> Option<f64> {
        let samples = self.samples.get(key)?;
        median(samples.iter().map(measure).collect())
    }

    /// How one server stands to another.
    pub(crate) fn ratio(&self, key: &Key, to: Side, measure: Measure) -> Option<Ratio> {
        let ours = self.samples.get(key)?;
        let theirs = self.samples.get(&Key { side: to, ..*key })?;
        let pairs = ours.iter().zip(theirs);
        let ratios: Vec<f64> = pairs.map(|(own, other)| measure(own) / measure(other)).collect();
        let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let most = ratios.iter().copied().fold(0.0, f64::max);
        median(ratios).map(|median| Ratio { median, least, most })
    }

    /// A line for people who wait.
    pub(crate) fn line(&self, route: Route, width: usize) -> String {
        let mut line = format!("{:>12} {width:>3}", route.name());
        for key in self
            .order
            .iter()
            .filter(|key| key.route == route && key.width == width)
        {
            let rate = self.median(key, |sample| sample.rate).unwrap_or_default();
            let cost = self.median(key, cpu).unwrap_or_default();
            line.push_str(&format!("   {} {rate:.0}/s", key.side.name()));
            if !cost.is_nan() {
                line.push_str(&format!(" {cost:.0}µs"));
            }
        }
        line
    }
}

/// The middle one; nothing of nothing.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *values.get(values.len() / 2 - 1)?;
    Some(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(vec![]), None);
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        let mut figures = Figures::default();
        let key = |side| Key {
            route: Route::Check,
            width: 1,
            side,
        };
        for (ours, theirs) in [(10.0, 10.0), (40.0, 20.0), (3.0, 1.0)] {
            let sample = |rate| Sample {
                rate,
                ..Sample::default()
            };
            figures.add(key(Side::Backflow), sample(ours));
            figures.add(key(Side::Axum), sample(theirs));
        }
        let ratio = figures
            .ratio(&key(Side::Backflow), Side::Axum, |sample| sample.rate)
            .unwrap();
        assert_eq!((ratio.median, ratio.least, ratio.most), (2.0, 1.0, 3.0));
    }
}
