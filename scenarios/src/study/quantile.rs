//! Quantiles of all replications together, and how sure a study is of them.
//!
//! The estimate is the quantile of the merged histogram. A quantile of each replication alone would be biased where answers are few:
//! the p99 of 250 answers lies a tenth too low. The interval is Woodruff's (A. R. Woodruff, *Confidence intervals for medians and other
//! position measures*, JASA 47, 1952; for samples in clusters I. Francisco and W. Fuller, *Quantile estimation with a complex survey
//! design*, Annals of Statistics 19, 1991): how sure is the share of answers that do not exceed the estimate, with replications as
//! clusters ([`RatioSums`]), and which values stand at both ends of that interval of shares?
//!
//! Memory does not grow with the replications: from [`MOST`] histograms on, each is of two replications together, then of four.

use super::interval::RatioSums;
use sim_core::metrics::{Histogram, SparseHistogram};
use sim_core::results::Estimate;

/// Histograms that are kept.
const MOST: usize = 64;

/// Histograms of groups of replications, from which quantiles and their intervals follow.
#[derive(Debug, Clone)]
pub struct TimeSums {
    groups: Vec<SparseHistogram>,
    /// Replications in a group.
    size: u32,
    /// Replications in the last group.
    in_last: u32,
}

impl Default for TimeSums {
    fn default() -> Self {
        Self { groups: Vec::new(), size: 1, in_last: 1 }
    }
}

impl TimeSums {
    /// Adds the next replication; one without answers has no say.
    pub fn add(&mut self, replication: &Histogram) {
        let replication = replication.to_sparse();
        if replication.buckets.is_empty() {
            return;
        }
        match self.groups.last_mut() {
            Some(last) if self.in_last < self.size => {
                *last = merged([&*last, &replication]).to_sparse();
                self.in_last += 1;
            }
            _ => {
                if self.groups.len() == MOST {
                    self.groups = self.groups.chunks(2).map(|pair| merged(pair).to_sparse()).collect();
                    self.size *= 2;
                }
                self.groups.push(replication);
                self.in_last = 1;
            }
        }
    }

    /// All replications together.
    pub fn merged(&self) -> Histogram {
        merged(&self.groups)
    }

    /// The time that a share `q` of all answers does not exceed, with its interval [s]; `None` without answers.
    pub fn quantile(&self, q: f64) -> Option<Estimate> {
        let all = self.merged();
        let mean = all.quantile(q)?;
        let mut shares = RatioSums::default();
        for group in &self.groups {
            shares.add(group.at_most(mean), group.total() as f64);
        }
        let half = shares.estimate().map_or(0.0, |share| share.half_width());
        let at = |share: f64| all.quantile(share).unwrap_or(mean);
        let (low, high) = if half > 0.0 { (at(q - half), at(q + half)) } else { (mean, mean) };
        Some(Estimate { mean: mean / 1e9, low: low.min(mean) / 1e9, high: high.max(mean) / 1e9 })
    }
}

fn merged<'a>(all: impl IntoIterator<Item = &'a SparseHistogram>) -> Histogram {
    let mut sum = Histogram::new();
    all.into_iter().for_each(|one| sum.add_sparse(one));
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Exponential times of mean 1 ms from a fixed sequence (splitmix64), by replication.
    fn replication(number: u64, answers: u64) -> Histogram {
        let mut histogram = Histogram::new();
        for i in 0..answers {
            let mut z = (number * answers + i).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let u = ((z ^ (z >> 31)) >> 11) as f64 * 2.0_f64.powi(-53);
            histogram.record((-1e6 * sim_core::engine::math::ln(1.0 - u)) as u64);
        }
        histogram
    }

    /// Share of 400 studies whose interval holds the true quantile, each of `n` replications of so many independent answers.
    fn coverage(q: f64, n: u64, answers: u64) -> f64 {
        let truth = -sim_core::engine::math::ln(1.0 - q) / 1e3;
        let study = |seed: u64| {
            let mut sums = TimeSums::default();
            (0..n).for_each(|i| sums.add(&replication(seed * n + i, answers)));
            sums.quantile(q).is_some_and(|e| e.low <= truth && truth <= e.high)
        };
        (0..400).filter(|seed| study(*seed)).count() as f64 / 400.0
    }

    #[test]
    fn intervals_cover_true_quantiles() {
        // Standard error 1.1 points. Few answers a replication are no harm, but few above the quantile in all are.
        for (q, n, answers) in [(0.5, 10, 100), (0.9, 30, 50), (0.99, 30, 200), (0.99, 100, 30), (0.999, 32, 3000)] {
            let covered = coverage(q, n, answers);
            assert!((0.92..=0.98).contains(&covered), "p{} of {n} times {answers}: {covered}", q * 100.0);
        }
    }

    #[test]
    fn groups_keep_all_answers_and_their_number_small() {
        let mut sums = TimeSums::default();
        for i in 0..1000 {
            sums.add(&replication(i, 20));
        }
        assert_eq!(sums.merged().total(), 20_000);
        assert!((32..=MOST).contains(&sums.groups.len()), "{} groups", sums.groups.len());
        let e = sums.quantile(0.99).unwrap();
        assert!(e.low < 0.004_605 && 0.004_605 < e.high && e.half_width() < 0.1 * e.mean, "{e:?}");
    }

    #[test]
    fn one_replication_has_no_interval_and_none_no_quantile() {
        let mut sums = TimeSums::default();
        assert_eq!(sums.quantile(0.99), None);
        sums.add(&replication(1, 100));
        assert!(sums.quantile(0.99).is_some_and(|e| e.low == e.mean && e.mean == e.high));
    }

    #[test]
    fn equal_replications_leave_no_spread() {
        let mut sums = TimeSums::default();
        (0..10).for_each(|_| sums.add(&replication(3, 500)));
        assert!(sums.quantile(0.9).is_some_and(|e| e.half_width() == 0.0));
    }
}
