//! Intervals that hold at any time: a study may be looked at after every replication, and be stopped when it is certain.
//!
//! An interval of a fixed number of replications is wrong in one of twenty studies; looked at again and again, sooner or later in
//! all of them. Here a bet is made against what is to be refuted: a product of likelihood ratios, which has no tendency to grow where
//! that is true. By Ville's inequality it comes to `1 / alpha` at any time with a probability of at most `alpha` (J. Ville, 1939;
//! H. Robbins, *Statistical methods related to the law of the iterated logarithm*, Annals of Mathematical Statistics 41, 1970; S. Howard,
//! A. Ramdas, J. `McAuliffe` and J. Sekhon, *Time-uniform, nonparametric, nonasymptotic confidence sequences*, Annals of Statistics 49, 2021).
//!
//! - **Means**: the ratio of a mixture of effects against none, of the t statistic alone: `sqrt(1/r) ((1 + t^2/(rv)) / (1 + t^2/v))^(-(v+1)/2)` with
//!   `v` degrees of freedom, `r = 1 + g n` and effects of variance `g` (M. Gönen et al., *The Bayesian two-sample t test*, American Statistician 59,
//!   2005; as a sequence H. Wang and A. Ramdas, *Anytime-valid t-tests and confidence sequences for Gaussian means with unknown variance*,
//!   2024). It is exact for normal values of unknown variance. For others it comes as near as the central limit does: with many
//!   replications it is the asymptotic sequence of I. Waudby-Smith et al. (*Time-uniform central limit theory and asymptotic confidence sequences*,
//!   Annals of Statistics 52, 2024). Values of runs are often lopsided, so t is corrected for their skewness (P. Hall, *On the removal of
//!   skewness by transformation*, Journal of the Royal Statistical Society B 54, 1992): exponential values would else be missed twice too often.
//! - **Shares of runs**: a mixture of shares beyond the one to be refuted, each closer to it by half. It is exact for any number of runs.

use sim_core::engine::math;
use sim_core::results::Estimate;

/// Replications before which no mean is certain: of fewer, nobody sees whether they are skewed.
pub const FEWEST: u32 = 12;

/// Replications at which intervals of means are as narrow as they can be made; they are little wider long after.
const AROUND: f64 = 16.0;

/// Shares in the mixture: from all the way to one, or none, down to 2^-16 of it.
const SHARES: i32 = 17;

/// A level of confidence that holds at all times together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AnyTime {
    /// How often an interval may miss at any time, from 0 to 1.
    alpha: f64,
    /// Variance of the effects that are betted on, in variances of a replication.
    effects: f64,
}

impl AnyTime {
    /// Intervals that hold with this confidence (from 0 to 1).
    pub fn new(confidence: f64) -> Self {
        let alpha = (1.0 - confidence).clamp(1e-12, 1.0 - 1e-12);
        // Waudby-Smith et al. 2024, section 2.3: what makes the interval narrowest at a time.
        let twice = -2.0 * math::ln(alpha);
        Self { alpha, effects: (twice + math::ln(1.0 + twice)) / AROUND }
    }

    /// How many standard errors an interval of a mean reaches to each side, when the error comes from so many independent groups of
    /// replications. Infinite where they are too few.
    pub fn errors(&self, groups: u32, replications: u32) -> f64 {
        if replications < FEWEST || groups < 2 {
            return f64::INFINITY;
        }
        let (groups, ratio) = (f64::from(groups), 1.0 + self.effects * f64::from(replications));
        let grown = math::exp(2.0 / groups * math::ln(ratio.sqrt() / self.alpha));
        if grown >= ratio { f64::INFINITY } else { ((groups - 1.0) * (grown - 1.0) / (1.0 - grown / ratio)).sqrt() }
    }

    /// The interval of a share of `n` runs of which `k` succeeded; `None` without runs.
    pub fn share(&self, k: u32, n: u32) -> Option<Estimate> {
        if n == 0 {
            return None;
        }
        let k = k.min(n);
        let low = self.refuted_below(k, n);
        let high = 1.0 - self.refuted_below(n - k, n);
        let mean = f64::from(k) / f64::from(n);
        Some(Estimate { mean, low: low.min(mean), high: high.max(mean) })
    }

    /// Whether the share of which `k` of `n` runs succeeded is at least `needed`; `None` where the runs do not decide.
    pub fn is_share(&self, k: u32, n: u32, needed: f64) -> Option<bool> {
        let k = k.min(n);
        if needed > 0.0 && self.refutes(n - k, n, 1.0 - needed) {
            return Some(false);
        }
        (needed <= 0.0 && n > 0 || self.refutes(k, n, needed)).then_some(true)
    }

    /// Whether that many runs, all alike, are enough to say that fewer than a tenth differ.
    pub fn are_enough(&self, alike: u32) -> bool {
        alike >= FEWEST && self.refutes(alike, alike, 0.9)
    }

    /// Whether `k` of `n` runs refute that the share is at most `share`. Both sides together keep `alpha`.
    fn refutes(&self, k: u32, n: u32, share: f64) -> bool {
        evidence(k, n, share) >= 2.0 / self.alpha
    }

    /// The greatest share that is refuted as too small.
    fn refuted_below(&self, k: u32, n: u32) -> f64 {
        let (mut refuted, mut open) = (0.0, f64::from(k) / f64::from(n));
        if !self.refutes(k, n, f64::MIN_POSITIVE) {
            return 0.0;
        }
        for _ in 0..60 {
            let middle = 0.5 * (refuted + open);
            if self.refutes(k, n, middle) { refuted = middle } else { open = middle }
        }
        refuted
    }
}

/// So many standard errors to one side of a mean of `n` values of that skewness, where they have to be as unlikely as of symmetric values:
/// Hall's transformation turned round.
pub fn unskewed(errors: f64, skewness: f64, n: u32) -> f64 {
    let root = f64::from(n).sqrt();
    if skewness.abs() < 1e-9 || !errors.is_finite() {
        return errors;
    }
    let inner = 1.0 + skewness * (errors / root - skewness / (6.0 * root * root));
    let third = if inner == 0.0 { 0.0 } else { math::pow(inner.abs(), 1.0 / 3.0).copysign(inner) };
    3.0 * root / skewness * (third - 1.0)
}

/// What a bet on shares above `share` has grown to after `k` successes in `n` runs.
fn evidence(k: u32, n: u32, share: f64) -> f64 {
    if share >= 1.0 || n == 0 {
        return 0.0;
    }
    let share = share.max(f64::MIN_POSITIVE);
    let (successes, failures) = (f64::from(k), f64::from(n - k));
    let each = |halvings: i32| {
        let part = math::exp2(-f64::from(halvings));
        // At the first the share is 1, which a single failure refutes.
        let lost = if n == k { 0.0 } else { failures * math::ln(1.0 - part) };
        let won = successes * math::ln((share + (1.0 - share) * part) / share);
        // The weights come to a little less than 1 together.
        math::exp(won + lost) / f64::from((halvings + 1) * (halvings + 2))
    };
    (0..SHARES).map(each).sum()
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::interval::{Critical, MeanSums};
    use super::*;
    use statrs::distribution::{ContinuousCDF, Normal};

    /// Uniform numbers between 0 and 1 (splitmix64).
    pub struct Uniform(pub u64);

    impl Uniform {
        pub fn next(&mut self) -> f64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) >> 11) as f64 * 2.0_f64.powi(-53) + 2.0_f64.powi(-54)
        }
    }

    #[test]
    fn bets_agree_with_their_closed_forms() {
        // All of n runs succeed: the bet on 1 alone is half of 0.9^-n, and the rest adds to it.
        assert!(evidence(41, 41, 0.9) > 0.5 * 0.9_f64.powi(-41));
        // With many replications, Waudby-Smith et al. 2024, theorem 2.2.
        let any = AnyTime::new(0.95);
        let n = 100_000_u32;
        let r = 1.0 + any.effects * f64::from(n);
        let asymptotic = (2.0 * r / (r - 1.0) * math::ln(r.sqrt() / 0.05)).sqrt();
        assert!((any.errors(n, n) - asymptotic).abs() < 1e-3, "{} and {asymptotic}", any.errors(n, n));
        // The ratio at the boundary is 1 / alpha: Gönen et al. 2005, equation 2.
        for n in [12_u32, 32, 200] {
            let (t, v, r) = (any.errors(n, n), f64::from(n) - 1.0, 1.0 + any.effects * f64::from(n));
            let ratio = ((1.0 + t * t / v) / (1.0 + t * t / (v * r))).powi(i32::try_from(n).unwrap()).sqrt() / r.sqrt();
            assert!((ratio - 20.0).abs() < 1e-6, "{n}: {ratio}");
        }
    }

    #[test]
    fn symmetric_values_need_no_correction_and_lopsided_ones_reach_further_to_their_long_side() {
        assert_eq!(unskewed(2.0, 0.0, 20), 2.0);
        // The interval of the mean is from -unskewed(c) to -unskewed(-c) errors.
        let (below, above) = (unskewed(2.5, 2.0, 20), -unskewed(-2.5, 2.0, 20));
        assert!(below < 2.5 && 2.5 < above, "{below} and {above}");
        // Hall 1992, equation 4: what is turned round comes back.
        let (t, skew, root) = (unskewed(2.5, 2.0, 20), 2.0, 20_f64.sqrt());
        let forth = t + skew / (3.0 * root) * t * t + skew * skew / 27.0 / 20.0 * t * t * t + skew / (6.0 * root);
        assert!((forth - 2.5).abs() < 1e-12, "{forth}");
    }

    #[test]
    fn a_bet_on_a_true_share_does_not_grow() {
        // The expectation over all courses of 12 runs, each share at its own boundary, is at most 1.
        for share in [0.05, 0.5, 0.9, 0.99] {
            let mean: f64 = (0..=12u32)
                .map(|k| {
                    let ways: f64 = (0..k).map(|i| f64::from(12 - i) / f64::from(i + 1)).product();
                    ways * share_pow(share, k) * share_pow(1.0 - share, 12 - k) * evidence(k, 12, share)
                })
                .sum();
            assert!((0.9..=1.0).contains(&mean), "{share}: {mean}");
        }
    }

    fn share_pow(share: f64, times: u32) -> f64 {
        share.powi(i32::try_from(times).unwrap())
    }

    #[test]
    fn intervals_of_shares_hold_the_share_and_end_where_it_is_refuted() {
        let any = AnyTime::new(0.95);
        for (k, n) in [(0, 10), (3, 10), (32, 32), (180, 200), (1999, 2000)] {
            let e = any.share(k, n).unwrap();
            assert!(e.low <= e.mean && e.mean <= e.high && e.low >= 0.0 && e.high <= 1.0, "{k} of {n}: {e:?}");
            for step in 0..200 {
                let share = (f64::from(step) + 0.5) / 200.0;
                assert_eq!(share < e.low, any.refutes(k, n, share), "{k} of {n} at {share}: {e:?}");
            }
        }
        assert_eq!(any.share(0, 0), None);
        assert_eq!(any.share(32, 32).unwrap().high, 1.0);
    }

    /// Share of 600 studies of up to 300 runs in which some interval on the way does not hold the share.
    fn misses(share: f64) -> f64 {
        let (any, mut u) = (AnyTime::new(0.95), Uniform(9));
        let mut missed = || {
            let mut k = 0;
            (1..=300).any(|n| {
                k += u32::from(u.next() < share);
                any.refutes(k, n, share) || any.refutes(n - k, n, 1.0 - share)
            })
        };
        (0..600).filter(|_| missed()).count() as f64 / 600.0
    }

    #[test]
    fn shares_are_missed_at_any_time_in_at_most_5_percent() {
        for share in [0.5, 0.9, 0.99] {
            let missed = misses(share);
            assert!(missed <= 0.05, "{share}: {missed}");
        }
    }

    /// Share of 2000 studies of up to 400 values in which some interval on the way does not hold their mean.
    fn mean_misses(critical: Critical, mean: f64, draw: &mut dyn FnMut() -> f64) -> f64 {
        let mut missed = || {
            let mut sums = MeanSums::default();
            (0..400).any(|_| {
                sums.add(draw());
                sums.n() >= FEWEST && sums.estimate_by(critical).is_some_and(|e| mean < e.low || e.high < mean)
            })
        };
        (0..2000).filter(|_| missed()).count() as f64 / 2000.0
    }

    #[test]
    fn means_are_missed_at_any_time_in_at_most_5_percent() {
        let any = Critical::AnyTime(AnyTime::new(0.95));
        let (normal, mut u) = (Normal::new(3.0, 2.0).unwrap(), Uniform(4));
        let of_normal = mean_misses(any, 3.0, &mut || normal.inverse_cdf(u.next()));
        assert!(of_normal <= 0.05, "normal: {of_normal}");
        let of_exponential = mean_misses(any, 1.0, &mut || -math::ln(u.next()));
        assert!(of_exponential <= 0.05, "exponential: {of_exponential}");
        // Three times as lopsided as that: more than the correction mends.
        let of_lognormal = mean_misses(any, 1.0, &mut || math::exp(normal.inverse_cdf(u.next()) / 2.0 - 2.0));
        assert!((0.04..=0.08).contains(&of_lognormal), "lognormal: {of_lognormal}");
        // What it would be by intervals that are meant for one look.
        let of_t = mean_misses(Critical::Fixed, 3.0, &mut || normal.inverse_cdf(u.next()));
        assert!(of_t > 0.25, "t: {of_t}");
    }
}
