//! Baselines: how unusual the latest reading of a metric is beside its readings in the time before.

use super::scrape::Scrape;
use super::stretch::Stretch;
use crate::expression::{Resolved, ScopeMeant, View};
use crate::ids::EdgeId;
use crate::topology::Topology;
use std::collections::VecDeque;

/// With fewer readings before it a reading has no baseline.
const LEAST: usize = 10;

/// The readings of one metric: the latest, and those of the time before.
#[derive(Debug, Clone)]
pub(super) struct Baseline {
    /// What is asked, with its baseline.
    asked: Resolved,
    /// The metric whose readings are kept.
    of: Resolved,
    /// How far back readings are kept [ns].
    length_ns: u64,
    stretch: Stretch,
    /// Readings, the latest last: when each was taken [ns], and what it was; `None` without data.
    readings: VecDeque<(u64, Option<f64>)>,
}

impl Baseline {
    /// One for each metric that readers compare with the time before.
    pub fn all(topology: &Topology, readers: &[&Resolved]) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for reader in readers {
            let Some(baseline) = reader.scope.baseline else { continue };
            if all.iter().any(|one| one.asked == **reader) {
                continue;
            }
            all.push(Self {
                asked: (*reader).clone(),
                of: Resolved { scope: ScopeMeant { baseline: None, ..reader.scope }, ..(*reader).clone() },
                length_ns: baseline.ns(),
                stretch: Stretch::new(topology, reader, &[*reader]),
                readings: VecDeque::new(),
            });
        }
        all
    }

    /// Whether this is what a metric asks.
    pub fn serves(&self, metric: &Resolved) -> bool {
        self.asked == *metric
    }

    /// Number of the first scrape that it still needs.
    pub fn needs_from(&self) -> u64 {
        self.stretch.needs_from()
    }

    /// Latency of these call sites is kept too.
    pub fn also_keeps(&mut self, sites: &[(EdgeId, View)]) {
        self.stretch.also_keeps(sites);
    }

    /// Goes on to what is delivered, reading by reading; `read` gives the value of a metric in a stretch.
    pub fn advance(
        &mut self,
        scrapes: &VecDeque<Scrape>,
        kept_from: u64,
        delivered_ns: u64,
        read: impl Fn(&Resolved, &Stretch) -> Option<f64>,
    ) {
        while self.stretch.takes_next(scrapes, kept_from, delivered_ns) {
            let at_ns = self.stretch.taken_ns();
            self.readings.push_back((at_ns, read(&self.of, &self.stretch)));
            while self.readings.front().is_some_and(|(first_ns, _)| first_ns + self.length_ns < at_ns) {
                self.readings.pop_front();
            }
        }
    }

    /// How many standard deviations the latest reading is away from the mean of those before. Infinite without a baseline, and where it differs from
    /// readings that are all the same: what has never been seen is unusual. `None` where the latest reading has no data.
    pub fn score(&self) -> Option<f64> {
        let latest = self.readings.back()?.1?;
        let before = || self.readings.iter().take(self.readings.len() - 1).filter_map(|(_, value)| *value);
        let count = before().count();
        if count < LEAST {
            return Some(f64::INFINITY);
        }
        let mean = before().sum::<f64>() / count as f64;
        let squares: f64 = before().map(|value| (value - mean) * (value - mean)).sum();
        let deviation = (squares / (count - 1) as f64).sqrt();
        let away = (latest - mean).abs();
        // Rounding of the mean is no deviation.
        if away <= mean.abs() * 1e-12 {
            return Some(0.0);
        }
        Some(if deviation > 0.0 { away / deviation } else { f64::INFINITY })
    }
}
