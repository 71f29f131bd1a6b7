//! Quantiles of all replications together, and how sure a study is of them.
//!
//! The estimate is the quantile of the merged histogram. A quantile of each replication alone would be biased where answers are few:
//! the p99 of 250 answers lies a tenth too low. The interval is Woodruff's (A. R. Woodruff, *Confidence intervals for medians and other
//! position measures*, JASA 47, 1952; for samples in clusters I. Francisco and W. Fuller, *Quantile estimation with a complex survey
//! design*, Annals of Statistics 19, 1991): how sure is the share of answers that do not exceed the estimate, with replications as
//! clusters ([`RatioSums`]), and which values stand at both ends of that interval of shares?
//!
//! Where in its bucket a time lies, a histogram does not know: the interval is never narrower than the bucket of the estimate.
//!
//! Memory does not grow with the replications: from [`MOST`] histograms on, each is of two replications together, then of four; of
//! a window of a figure from [`FEW`] on.

use super::interval::{Critical, MeanSums, RatioSums};
use super::paired::Sample;
use sim_core::metrics::{Histogram, InBucket, SparseHistogram, bucket_around};
use sim_core::results::Estimate;

/// Histograms that are kept.
const MOST: usize = 64;
/// Histograms that are kept of a window of a figure, of which a study has many.
const FEW: usize = 16;

/// Histograms of groups of replications, from which quantiles and their intervals follow.
#[derive(Debug, Clone)]
pub struct TimeSums {
    groups: Vec<SparseHistogram>,
    /// Groups at most; even.
    most: usize,
    /// Replications in a group.
    size: u32,
    /// Replications in the last group.
    in_last: u32,
}

impl Default for TimeSums {
    fn default() -> Self {
        Self { groups: Vec::new(), most: MOST, size: 1, in_last: 1 }
    }
}

impl TimeSums {
    /// For one of many windows: with fewer groups, so that a study does not need more memory.
    pub fn of_window() -> Self {
        Self { most: FEW, ..Self::default() }
    }

    /// Adds the next replication; one without answers has no say.
    pub fn add(&mut self, replication: &Histogram) {
        let replication = replication.to_sparse();
        if replication.buckets.is_empty() {
            return;
        }
        match self.groups.last_mut() {
            Some(last) if self.in_last < self.size => {
                last.merge(&replication);
                self.in_last += 1;
            }
            _ => {
                if self.groups.len() == self.most {
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

    /// The time that a share `q` of all answers does not exceed, with its 95 % interval [s]; `None` without answers.
    pub fn quantile(&self, q: f64) -> Option<Estimate> {
        let all = self.merged();
        let bucket = all.quantile_in_bucket(q)?;
        let mean = bucket.at;
        let mut shares = RatioSums::default();
        for group in &self.groups {
            shares.add(group.at_most(mean), group.total() as f64);
        }
        let half = shares.estimate().map_or(0.0, |share| share.half_width());
        let at = |share: f64| all.quantile(share).unwrap_or(mean);
        let (low, high) = if half > 0.0 { (at(q - half), at(q + half)) } else { (mean, mean) };
        Some(at_least_a_bucket(bucket, low, high))
    }

    /// Whether no group says otherwise of the share below the quantile than the others: there is no spread to judge by.
    pub fn is_alike(&self, q: f64) -> bool {
        let mut shares = MeanSums::default();
        self.linearised(q, &self.merged()).into_iter().for_each(|off| shares.add(off));
        shares.half_width() <= 0.0
    }

    /// As [`Self::quantile`], with another interval.
    pub fn quantile_by(&self, q: f64, critical: Critical) -> Option<Estimate> {
        if critical == Critical::Fixed {
            return self.quantile(q);
        }
        let all = self.merged();
        let bucket = all.quantile_in_bucket(q)?;
        let mut shares = MeanSums::default();
        self.linearised(q, &all).into_iter().for_each(|off| shares.add(off));
        let off = shares.estimate_of(critical, self.replications())?;
        if off.half_width() <= 0.0 {
            return Some(at_least_a_bucket(bucket, bucket.at, bucket.at));
        }
        // Where the share below was taken too great, the quantile lies lower. No answer bounds what lies beyond all of them.
        let (low, high) = (q - off.high, q - off.low);
        let low = if low <= 0.0 { 0.0 } else { all.quantile(low)? };
        let high = if high >= 1.0 { f64::INFINITY } else { all.quantile(high)? };
        Some(at_least_a_bucket(bucket, low, high))
    }

    /// Values that stand for the quantile: their mean is the estimate, and the standard error of that is the error of the estimate. Each is the
    /// estimate moved by what its group moves the share, at the slope that Woodruff's interval has. `None` without answers.
    pub fn sample(&self, q: f64) -> Option<Sample> {
        let all = self.merged();
        let estimate = all.quantile(q)? / 1e9;
        let off = self.linearised(q, &all);
        if estimate.is_infinite() {
            return Some(Sample { estimate, group: self.size, values: vec![estimate; off.len()] });
        }
        let mut shares = MeanSums::default();
        off.iter().for_each(|off| shares.add(*off));
        let half = shares.half_width();
        let (low, high) = ((q - half).max(0.0), (q + half).min(1.0));
        // Where the interval reaches into what never ended, the slope is that of its lower half.
        let high = if all.quantile(high)?.is_finite() { high } else { q };
        let slope = if high > low { (all.quantile(high)? - all.quantile(low)?) / 1e9 / (high - low) } else { 0.0 };
        Some(Sample { estimate, group: self.size, values: off.iter().map(|off| estimate - slope * off).collect() })
    }

    /// By how much each group moves the share of answers that do not exceed the quantile `q` of `all`: the linearised ratio, whose mean is
    /// 0 up to the rounding of a bucket.
    fn linearised(&self, q: f64, all: &Histogram) -> Vec<f64> {
        let Some(at) = all.quantile(q) else { return Vec::new() };
        let mean = all.total() as f64 / self.groups.len() as f64;
        let (below, totals) = (|g: &SparseHistogram| g.at_most(at), |g: &SparseHistogram| g.total() as f64);
        let share = self.groups.iter().map(below).sum::<f64>() / all.total() as f64;
        self.groups.iter().map(|group| (below(group) - share * totals(group)) / mean).collect()
    }

    /// Replications that had answers.
    fn replications(&self) -> u32 {
        (self.groups.len() as u32).saturating_sub(1) * self.size + if self.groups.is_empty() { 0 } else { self.in_last }
    }
}

/// A quantile with the interval from `low` to `high` [ns], and in it the whole bucket, in seconds. The first bucket is 8 ns wide, and is
/// nothing: most waits are none.
fn at_least_a_bucket(bucket: InBucket, low: f64, high: f64) -> Estimate {
    let bucket = if bucket.low > 0.0 { bucket } else { InBucket { low: bucket.at, high: bucket.at, ..bucket } };
    Estimate { mean: bucket.at, low: low.min(bucket.low), high: high.max(bucket.high) }.scale(1e-9)
}

/// The mean of quantiles of single replications [s], with an interval that holds at least the bucket of the mean.
pub fn mean_of_quantiles(estimate: Estimate) -> Estimate {
    let Some(bucket) = bucket_around(estimate.mean * 1e9).filter(|bucket| bucket.low > 0.0) else { return estimate };
    Estimate { low: estimate.low.min(bucket.low / 1e9), high: estimate.high.max(bucket.high / 1e9), ..estimate }
}

fn merged<'a>(all: impl IntoIterator<Item = &'a SparseHistogram>) -> Histogram {
    let mut sum = Histogram::new();
    all.into_iter().for_each(|one| sum.add_sparse(one));
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::interval::Confidence;
    use crate::study::paired::difference;

    /// Exponential times of mean 1 ms from a fixed sequence (splitmix64), by replication.
    fn replication(number: u64, answers: u64) -> Histogram {
        let mut histogram = Histogram::new();
        (0..answers).for_each(|i| histogram.record(time_ns(number * answers + i) as u64));
        histogram
    }

    /// The time of an answer by its number [ns].
    fn time_ns(number: u64) -> f64 {
        let mut z = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let u = ((z ^ (z >> 31)) >> 11) as f64 * 2.0_f64.powi(-53);
        -1e6 * sim_core::engine::math::ln(1.0 - u)
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

    /// Share of 400 studies in which the interval of the difference of two quantiles, pair by pair, holds the true one, and how many times
    /// narrower it is than without pairs. The second system takes 1.2 times as long and has one answer in five of its own.
    fn paired_coverage(q: f64, n: u64, answers: u64) -> (f64, f64) {
        let truth = -0.2 * sim_core::engine::math::ln(1.0 - q) / 1e3;
        let (mut hits, mut narrower) = (0, 0.0);
        for seed in 0..400 {
            let (mut a, mut b) = (TimeSums::default(), TimeSums::default());
            for i in 0..n {
                let (mut first, mut second) = (Histogram::new(), Histogram::new());
                for answer in 0..answers {
                    let number = (seed * n + i) * answers + answer;
                    let ns = time_ns(number);
                    first.record(ns as u64);
                    let own = if answer % 5 == 0 { time_ns(number + (1 << 40)) } else { ns };
                    second.record((own * 1.2) as u64);
                }
                a.add(&first);
                b.add(&second);
            }
            let (a, b) = (a.sample(q).unwrap(), b.sample(q).unwrap());
            let paired = difference(&a, &b, true, Confidence::AT_95).estimate;
            let alone = difference(&a, &b, false, Confidence::AT_95).estimate;
            hits += u32::from(paired.low <= truth && truth <= paired.high);
            narrower += alone.half_width() / paired.half_width() / 400.0;
        }
        (f64::from(hits) / 400.0, narrower)
    }

    #[test]
    fn intervals_of_paired_differences_of_quantiles_cover() {
        // Standard error 1.1 points.
        for (q, n, answers) in [(0.5, 12, 100), (0.99, 32, 500), (0.99, 100, 100)] {
            let (covered, narrower) = paired_coverage(q, n, answers);
            assert!((0.92..=0.98).contains(&covered), "p{} of {n} times {answers}: {covered}", q * 100.0);
            assert!(narrower > 1.3, "p{}: {narrower} times narrower", q * 100.0);
        }
    }

    #[test]
    fn a_sample_stands_for_its_quantile() {
        let mut sums = TimeSums::default();
        (0..100).for_each(|i| sums.add(&replication(i, 200)));
        let (sample, estimate) = (sums.sample(0.99).unwrap(), sums.quantile(0.99).unwrap());
        let of_sample = crate::study::interval::mean(&sample.values).unwrap();
        assert!((of_sample.mean - estimate.mean).abs() < 1e-12 && sample.group == 2);
        assert!((of_sample.half_width() / estimate.half_width() - 1.0).abs() < 0.02, "{of_sample:?} {estimate:?}");
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

    /// Whether an interval is as wide as one bucket and no wider.
    fn is_a_bucket(e: Estimate) -> bool {
        (0.0035..0.0085).contains(&((e.high - e.low) / e.mean))
    }

    #[test]
    fn one_replication_has_no_interval_but_its_bucket_and_none_no_quantile() {
        let mut sums = TimeSums::default();
        assert_eq!(sums.quantile(0.99), None);
        sums.add(&replication(1, 100));
        assert!(sums.quantile(0.99).is_some_and(|e| e.low <= e.mean && e.mean <= e.high && is_a_bucket(e)));
    }

    #[test]
    fn equal_replications_leave_no_spread_but_the_bucket() {
        let mut sums = TimeSums::default();
        (0..10).for_each(|_| sums.add(&replication(3, 500)));
        assert!(sums.quantile(0.9).is_some_and(is_a_bucket));
    }

    #[test]
    fn an_interval_is_never_narrower_than_the_bucket_that_the_percentile_lies_in() {
        let mut one = Histogram::new();
        one.record_many(2_000_000, 980);
        one.record_many(5_002_000_000, 20);
        let mut all = [TimeSums::default(), TimeSums::of_window()];
        for sums in &mut all {
            (0..40).for_each(|_| sums.add(&one));
            let e = sums.quantile(0.99).unwrap();
            assert!(e.low <= 5.002 && 5.002 < e.high && e.low <= e.mean && e.mean <= e.high, "{e:?}");
            // A bucket is a 128th of its octave: 33.6 ms here.
            assert!((0.03..0.05).contains(&(e.high - e.low)), "{e:?}");
            assert!((e.mean / 5.002 - 1.0).abs() < 0.01 && sums.is_alike(0.99));
            let any = Critical::AnyTime(crate::study::anytime::AnyTime::new(0.95));
            assert_eq!(sums.quantile_by(0.99, any), Some(e), "where nothing differs both are the bucket");
            assert_eq!(sums.merged().total(), 40_000);
        }
        assert!(all[1].groups.len() <= FEW);
        let nothing = TimeSums { groups: vec![SparseHistogram { buckets: vec![(0, 7)] }], ..TimeSums::default() };
        assert_eq!(nothing.quantile(0.5).unwrap().half_width(), 0.0, "no wait is known exactly");
        let mean = mean_of_quantiles(Estimate::exact(5.002));
        assert!(mean.low < 5.002 && 5.002 < mean.high);
        assert_eq!(mean_of_quantiles(Estimate::exact(f64::INFINITY)), Estimate::exact(f64::INFINITY));
    }
}
