//! Intervals: how sure a study is of a number.
//!
//! Replications are independent, so each estimate treats them as its sample: a mean gets Student's t interval, a share of requests a
//! ratio estimate with the replications as clusters, a share of replications the Wilson interval; `quantile` has those of percentiles. All
//! are at 95 %. Sums run in the order of the replications, and the
//! quantiles of t are rounded to nine digits, so that neither threads nor a platform's libm reach the results.
//! Nothing here knows of services or promises.

use super::anytime::{self, AnyTime};
use sim_core::engine::math;
use sim_core::results::{Estimate, Z_95};
use statrs::distribution::{ContinuousCDF, StudentsT};
use std::sync::OnceLock;

/// Degrees of freedom for which the quantile of t is remembered.
const REMEMBERED: usize = 1024;

/// The 97.5 % quantile of Student's t with `freedom` degrees of freedom, which a two-sided 95 % interval needs.
///
/// # Panics
/// Never: `freedom` is raised to 1 where it is 0.
pub fn t_quantile(freedom: usize) -> f64 {
    static TABLE: [OnceLock<f64>; REMEMBERED] = [const { OnceLock::new() }; REMEMBERED];
    let freedom = freedom.max(1);
    let compute = || {
        let t = StudentsT::new(0.0, 1.0, freedom as f64).expect("at least one degree of freedom");
        (t.inverse_cdf(0.975) * 1e9).round() / 1e9
    };
    TABLE.get(freedom).map_or_else(compute, |slot| *slot.get_or_init(compute))
}

/// A level of confidence of intervals of a set number of replications.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confidence {
    /// How often an interval may miss, to both sides together, from 0 to 1.
    alpha: f64,
    /// The standard normal's quantile that goes with it.
    z: f64,
}

impl Confidence {
    /// 95 %, as of all intervals that nobody asks for otherwise.
    pub const AT_95: Self = Self { alpha: 0.05, z: Z_95 };

    /// Of so much confidence, from 0 to 1.
    pub fn new(confidence: f64) -> Self {
        let alpha = (1.0 - confidence).clamp(1e-12, 1.0 - 1e-12);
        Self { alpha, z: math::normal_quantile(1.0 - alpha / 2.0) }
    }

    /// Of one of so many intervals that hold together at this confidence (C. Bonferroni, 1936).
    #[must_use]
    pub fn one_of(self, many: usize) -> Self {
        if many <= 1 { self } else { Self::new(1.0 - self.alpha / many as f64) }
    }

    /// How many standard errors a t interval reaches to each side, of so many degrees of freedom.
    ///
    /// # Panics
    /// Never: `freedom` is raised to 1 where it is less.
    pub fn errors(self, freedom: f64) -> f64 {
        let t = StudentsT::new(0.0, 1.0, freedom.max(1.0)).expect("at least one degree of freedom");
        (t.inverse_cdf(1.0 - self.alpha / 2.0) * 1e9).round() / 1e9
    }

    /// Wilson's interval of a share of `n` runs of which `k` succeeded; `None` without runs.
    pub fn wilson(self, k: u32, n: u32) -> Option<Estimate> {
        score(k, n, self.z)
    }
}

/// By what an interval reaches as far as it does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Critical {
    /// The number of replications was set beforehand: Student's t for means, Wilson for shares of runs, at 95 %.
    Fixed,
    /// It may be looked at after every replication, and be stopped when it is certain.
    AnyTime(AnyTime),
}

impl Critical {
    /// How many standard errors an interval of a mean of so many values reaches to each side.
    fn errors(self, n: u32) -> f64 {
        match self {
            Self::Fixed => t_quantile(n.saturating_sub(1) as usize),
            Self::AnyTime(any) => any.errors(n, n),
        }
    }

    /// The interval of a share of `n` runs of which `k` succeeded; `None` without runs.
    pub fn share(self, k: u32, n: u32) -> Option<Estimate> {
        match self {
            Self::Fixed => wilson(k, n),
            Self::AnyTime(any) => any.share(k, n),
        }
    }

    /// Whether the share of which `k` of `n` runs succeeded is at least `needed`; `None` where the runs do not decide.
    pub fn is_share(self, k: u32, n: u32, needed: f64) -> Option<bool> {
        match self {
            Self::Fixed => wilson(k, n).and_then(|share| match share {
                share if share.low >= needed => Some(true),
                share if share.high < needed => Some(false),
                _ => None,
            }),
            Self::AnyTime(any) => any.is_share(k, n, needed),
        }
    }

    /// How many replications bring the interval of the share `k / n` to one side of `threshold`, if the share stays; `None` where it is
    /// the threshold itself, where there is none, or where it would take more than a million.
    pub fn would_settle(self, k: u32, n: u32, threshold: f64) -> Option<u32> {
        let Self::AnyTime(any) = self else { return would_settle(k, n, threshold) };
        let settled = |more: u32| {
            let kept = (f64::from(k) / f64::from(n) * f64::from(more)).round() as u32;
            any.is_share(kept, more, threshold).is_some()
        };
        if n == 0 { None } else { first(n, settled) }
    }

    /// How many replications bring an interval that now reaches `half` to each side down to `room`, if the spread stays; `None`
    /// where it would take more than a million.
    pub fn would_narrow(self, half: f64, room: f64, n: u32) -> Option<u32> {
        let now = self.errors(n) / f64::from(n).sqrt();
        if !(room > 0.0 && half > 0.0 && now > 0.0 && now.is_finite()) {
            return None;
        }
        first(n, |more| half * (self.errors(more) / f64::from(more).sqrt()) / now < room)
    }
}

/// The least number from `from` to a million from which on `reached` is true; it has to stay true once it is.
pub fn first(from: u32, reached: impl Fn(u32) -> bool) -> Option<u32> {
    const MOST: u32 = 1_000_000;
    let (mut short, mut enough) = (from.max(1), from.max(1));
    while !reached(enough) {
        if enough >= MOST {
            return None;
        }
        short = enough;
        enough = (enough * 2).min(MOST);
    }
    while enough - short > 1 {
        let middle = short + (enough - short) / 2;
        if reached(middle) { enough = middle } else { short = middle }
    }
    Some(enough)
}

/// Sums from which the mean of a number over replications and its interval follow. Memory does not grow with the replications.
#[derive(Debug, Clone, Copy, Default)]
pub struct MeanSums {
    n: u32,
    mean: f64,
    squares: f64,
    cubes: f64,
    /// Values that are infinite, which are in none of the sums: what never happened, or is infinitely longer or shorter than something else.
    above: u32,
    below: u32,
}

impl MeanSums {
    /// Adds the next replication's value (Welford 1962, which does not cancel; the third moment as T. Terriberry adds it).
    ///
    /// # Panics
    /// In debug builds, if the value is no number.
    pub fn add(&mut self, value: f64) {
        debug_assert!(!value.is_nan(), "a value of a replication is a number, or infinite");
        if value.is_infinite() {
            *(if value > 0.0 { &mut self.above } else { &mut self.below }) += 1;
            return;
        }
        self.n += 1;
        let (off, n) = (value - self.mean, f64::from(self.n));
        let step = off / n;
        self.cubes += step * (off * step * (n - 1.0) * (n - 2.0) - 3.0 * self.squares);
        self.mean += step;
        self.squares += off * (value - self.mean);
    }

    /// Replications added.
    pub fn n(&self) -> u32 {
        self.n + self.above + self.below
    }

    /// Replications in which it never happened: whose value is infinite.
    pub fn never(&self) -> u32 {
        self.above
    }

    /// The mean of those replications in which it happened, with its t interval; `None` without any.
    pub fn where_finite(&self) -> Option<Estimate> {
        (self.n > 0).then(|| around(self.mean, self.half_width()))
    }

    /// The mean where some values are infinite, which is infinite too, and known for sure where all of these are on one side; `None` where
    /// none is.
    fn infinite(&self) -> Option<Estimate> {
        let (low, high) = (f64::NEG_INFINITY, f64::INFINITY);
        match (self.above, self.below) {
            (0, 0) => None,
            (_, 0) => Some(Estimate::exact(high)),
            (0, _) => Some(Estimate::exact(low)),
            (above, below) => Some(Estimate { mean: if above < below { low } else { high }, low, high }),
        }
    }

    /// Half the width of the 95 % interval of the mean of finite values; 0 with fewer than two.
    pub fn half_width(&self) -> f64 {
        t_quantile((self.n as usize).saturating_sub(1)) * self.error()
    }

    /// The standard error of the mean; 0 with fewer than two values.
    pub fn error(&self) -> f64 {
        if self.n < 2 {
            return 0.0;
        }
        let n = f64::from(self.n);
        (self.squares.max(0.0) / (n - 1.0) / n).sqrt()
    }

    /// How lopsided the values are; 0 where they are symmetric, or fewer than three.
    fn skewness(&self) -> f64 {
        let n = f64::from(self.n);
        if self.n < 3 || self.squares <= 0.0 {
            return 0.0;
        }
        let biased = n.sqrt() * self.cubes / (self.squares * self.squares.sqrt());
        biased * (n * (n - 1.0)).sqrt() / (n - 2.0)
    }

    /// The mean with its t interval, infinite where a value is; `None` without values.
    pub fn estimate(&self) -> Option<Estimate> {
        self.infinite().or_else(|| self.where_finite())
    }

    /// The mean with an interval; `None` without values.
    pub fn estimate_by(&self, critical: Critical) -> Option<Estimate> {
        self.estimate_of(critical, self.n())
    }

    /// As [`Self::estimate_by`], where the values are of so many replications, several together.
    pub fn estimate_of(&self, critical: Critical, replications: u32) -> Option<Estimate> {
        let (any, error) = match critical {
            Critical::Fixed => return self.estimate(),
            Critical::AnyTime(any) => (any, self.error()),
        };
        if self.n == 0 || error <= 0.0 || self.infinite().is_some() {
            return self.estimate();
        }
        let errors = any.errors(self.n, replications);
        let off = |errors: f64| error * anytime::unskewed(errors, self.skewness(), self.n);
        Some(Estimate { mean: self.mean, low: self.mean - off(errors), high: self.mean - off(-errors) })
    }

    /// As [`Self::estimate`], and an exact 0 without values: for counts, of which nothing is none.
    pub fn or_zero(&self) -> Estimate {
        self.estimate().unwrap_or(Estimate::exact(0.0))
    }

    /// The same for a quantity that cannot be negative.
    pub fn at_least_zero(&self) -> Estimate {
        above_zero(self.or_zero())
    }

    /// The mean of a quantity that cannot be negative, such as a time, with its t interval; `None` without values.
    pub fn of_positive(&self) -> Option<Estimate> {
        self.estimate().map(above_zero)
    }
}

/// Few values that differ much have an interval that reaches below zero, where the quantity cannot be.
fn above_zero(e: Estimate) -> Estimate {
    Estimate { low: e.low.max(0.0_f64.min(e.mean)), ..e }
}

/// The mean of a list of values with its t interval; `None` without values.
pub fn mean(values: &[f64]) -> Option<Estimate> {
    let mut sums = MeanSums::default();
    for &value in values {
        sums.add(value);
    }
    sums.estimate()
}

/// Sums from which a ratio of two totals (answers over requests) and its interval follow.
///
/// Replications are clusters: requests within one share their fate, so the variance is that of the linearised ratio,
/// `n / (n - 1) * sum((y - r x)^2) / sum(x)^2` (Cochran, *Sampling Techniques*, 1977, eq. 6.13), never that of single requests.
#[derive(Debug, Clone, Copy, Default)]
pub struct RatioSums {
    n: u32,
    y: f64,
    x: f64,
    yy: f64,
    xy: f64,
    xx: f64,
}

impl RatioSums {
    /// Adds a replication's numerator and denominator; one without denominator has no say.
    pub fn add(&mut self, y: f64, x: f64) {
        if x <= 0.0 {
            return;
        }
        self.n += 1;
        self.y += y;
        self.x += x;
        self.yy += y * y;
        self.xy += x * y;
        self.xx += x * x;
    }

    /// The ratio with its interval; `None` without any denominator.
    pub fn estimate(&self) -> Option<Estimate> {
        if self.x <= 0.0 {
            return None;
        }
        let ratio = self.y / self.x;
        if self.n < 2 {
            return Some(Estimate::exact(ratio));
        }
        let n = f64::from(self.n);
        let squares = self.yy - 2.0 * ratio * self.xy + ratio * ratio * self.xx;
        // Of equal replications only rounding is left, which must not look like spread.
        let rounding = 1e-13 * (self.yy + ratio * ratio * self.xx);
        let squares = if squares <= rounding { 0.0 } else { squares };
        let deviation = (n / (n - 1.0) * squares).sqrt() / self.x;
        Some(around(ratio, t_quantile(self.n as usize - 1) * deviation))
    }

    /// The ratio as a share, with an interval within 0 and 1.
    pub fn share(&self) -> Option<Estimate> {
        self.estimate().map(Estimate::part)
    }

    /// The ratio of two quantities that are not negative.
    pub fn at_least_zero(&self) -> Option<Estimate> {
        let e = self.estimate()?;
        Some(Estimate { low: e.low.max(0.0_f64.min(e.mean)), ..e })
    }
}

/// The 95 % interval of a share of `n` replications of which `k` succeeded (Wilson 1927); `None` without replications.
pub fn wilson(k: u32, n: u32) -> Option<Estimate> {
    score(k, n, Z_95)
}

fn score(k: u32, n: u32, z: f64) -> Option<Estimate> {
    Estimate::wilson(k, n, z)
}

/// How many replications bring the Wilson interval of the share `k / n` to one side of `threshold`, if the share stays.
///
/// The Wilson interval is the score test turned round, so its bound crosses at `z^2 p0 (1 - p0) / (p - p0)^2`. `None` where the
/// share is the threshold itself, where there is none, or where it would take more than a million.
pub fn would_settle(k: u32, n: u32, threshold: f64) -> Option<u32> {
    if n == 0 {
        return None;
    }
    let off = f64::from(k) / f64::from(n) - threshold;
    let needed = (Z_95 * Z_95 * threshold * (1.0 - threshold) / (off * off)).ceil();
    (needed.is_finite() && needed <= 1e6).then_some(needed as u32)
}

/// `mean` and as much to both sides.
fn around(mean: f64, half: f64) -> Estimate {
    Estimate { mean, low: mean - half, high: mean + half }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_happens_is_above_every_number() {
        let mut sums = MeanSums::default();
        [3.0, f64::INFINITY, 5.0].into_iter().for_each(|value| sums.add(value));
        assert_eq!((sums.n(), sums.never(), sums.where_finite().unwrap().mean), (3, 1, 4.0));
        assert_eq!(sums.estimate(), Some(Estimate::exact(f64::INFINITY)));
        assert_eq!(sums.at_least_zero(), Estimate::exact(f64::INFINITY));
        sums.add(f64::NEG_INFINITY);
        let both = sums.estimate().unwrap();
        assert_eq!((both.low, both.high), (f64::NEG_INFINITY, f64::INFINITY));
        assert!(mean(&[f64::NEG_INFINITY]).unwrap().high < 0.0);
    }

    #[test]
    fn what_cannot_be_negative_has_no_bound_below_zero() {
        let mut sums = MeanSums::default();
        assert_eq!(sums.of_positive(), None);
        [0.0, 1.0, 9.0].into_iter().for_each(|value| sums.add(value));
        let (plain, positive) = (sums.estimate().unwrap(), sums.of_positive().unwrap());
        assert!(plain.low < 0.0, "{plain:?}");
        assert_eq!((positive.low, positive.mean, positive.high), (0.0, plain.mean, plain.high));
        // Where there is no doubt nothing changes.
        let mut sums = MeanSums::default();
        [7.0, 7.1, 7.2].into_iter().for_each(|value| sums.add(value));
        assert_eq!(sums.of_positive(), sums.estimate());
    }

    use statrs::distribution::Normal;

    /// Uniform numbers between 0 and 1 (splitmix64).
    struct Uniform(u64);

    impl Uniform {
        fn next(&mut self) -> f64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) >> 11) as f64 * 2.0_f64.powi(-53) + 2.0_f64.powi(-54)
        }
    }

    fn check_percent(k: u32, n: u32, low: f64, high: f64) {
        let e = wilson(k, n).unwrap();
        assert_eq!(((e.low * 100.0).round(), (e.high * 100.0).round()), (low, high), "{k} of {n}: {e:?}");
    }

    #[test]
    fn wilson_agrees_with_published_values() {
        check_percent(61, 64, 87.0, 98.0);
        check_percent(64, 64, 94.0, 100.0);
        check_percent(0, 64, 0.0, 6.0);
        // Newcombe 1998, table I, method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
        for (k, n, low, high) in
            [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
        {
            let e = wilson(k, n).unwrap();
            assert!((e.low - low).abs() < 5e-5 && (e.high - high).abs() < 5e-5, "{k} of {n}: {e:?}");
        }
        assert!(wilson(0, 0).is_none());
    }

    #[test]
    fn quantiles_of_t_agree_with_the_tables() {
        // Student's t, two-sided 95 %: any printed table.
        for (freedom, t) in [(1, 12.706), (2, 4.303), (5, 2.571), (10, 2.228), (30, 2.042), (63, 1.998), (5000, 1.9604)]
        {
            assert!((t_quantile(freedom) - t).abs() < 6e-4, "{freedom}: {}", t_quantile(freedom));
        }
    }

    #[test]
    fn t_intervals_cover_the_true_mean_in_95_percent() {
        let (normal, mut u) = (Normal::new(7.0, 3.0).unwrap(), Uniform(11));
        for n in [3, 10, 32] {
            let hits = (0..4000)
                .filter(|_| {
                    let sample: Vec<f64> = (0..n).map(|_| normal.inverse_cdf(u.next())).collect();
                    let e = mean(&sample).unwrap();
                    e.low <= 7.0 && 7.0 <= e.high
                })
                .count();
            // 4000 trials: standard error 0.34 points.
            assert!((hits as f64 / 4000.0 - 0.95).abs() < 0.012, "n {n}: {hits} of 4000");
        }
    }

    #[test]
    fn ratio_intervals_cover_when_replications_differ_more_than_requests_would() {
        let (normal, mut u) = (Normal::new(0.0, 1.0).unwrap(), Uniform(5));
        let hits = (0..2000)
            .filter(|_| {
                let mut sums = RatioSums::default();
                for _ in 0..30 {
                    let x = 1000.0 + 100.0 * normal.inverse_cdf(u.next());
                    // The chance of success itself varies by replication; its mean is 0.9.
                    sums.add(x * (0.9 + 0.02 * normal.inverse_cdf(u.next())), x);
                }
                let e = sums.estimate().unwrap();
                e.low <= 0.9 && 0.9 <= e.high
            })
            .count();
        assert!((hits as f64 / 2000.0 - 0.95).abs() < 0.02, "{hits} of 2000");
    }

    #[test]
    fn equal_replications_leave_no_spread() {
        let mut ratio = RatioSums::default();
        let mut mean = MeanSums::default();
        for _ in 0..50 {
            ratio.add(99_777.0, 100_003.0);
            mean.add(0.1);
        }
        let e = ratio.share().unwrap();
        assert!(e.low == e.mean && e.mean == e.high, "{e:?}");
        assert!(mean.half_width() < 1e-15);
    }

    #[test]
    fn shares_stay_between_none_and_all() {
        let mut sums = RatioSums::default();
        for successes in [100.0, 100.0, 97.0] {
            sums.add(successes, 100.0);
        }
        let e = sums.share().unwrap();
        assert!(e.high <= 1.0 && e.low < 0.99);
    }

    #[test]
    fn one_replication_has_no_interval_and_none_no_number() {
        let mut sums = MeanSums::default();
        assert!(sums.estimate().is_none() && RatioSums::default().estimate().is_none());
        sums.add(5.0);
        assert_eq!(sums.estimate(), Some(Estimate::exact(5.0)));
    }

    #[test]
    fn replications_that_would_settle_do_settle() {
        assert_eq!(would_settle(32, 32, 0.9), Some(35));
        assert_eq!(would_settle(60, 64, 0.9), Some(246));
        assert_eq!(would_settle(9, 10, 0.9), None);
        assert_eq!(would_settle(0, 0, 0.9), None);
        assert!(wilson(34, 34).unwrap().low < 0.9 && wilson(35, 35).unwrap().low >= 0.9);
    }

    #[test]
    fn an_interval_falls_with_the_root_until_it_is_narrow_enough() {
        let any = Critical::AnyTime(AnyTime::new(0.95));
        assert_eq!(Critical::Fixed.would_narrow(0.0, 1.0, 32), None);
        let four = Critical::Fixed.would_narrow(2.0, 1.0, 100).unwrap();
        assert!((390..=400).contains(&four), "{four}");
        assert!(any.would_narrow(2.0, 1.0, 100).unwrap() > 410, "the bound at any time grows on the way");
        assert_eq!(any.would_settle(0, 0, 0.9), None);
        let settle = any.would_settle(32, 32, 0.9).unwrap();
        let low = |n: u32| any.share(n, n).unwrap().low;
        assert!(low(settle) >= 0.9 && low(settle - 1) < 0.9, "{settle}");
    }
}
