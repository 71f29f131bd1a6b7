//! Differences between two systems: pair by pair on the same random numbers, or else of two independent studies.
//!
//! A [`Sample`] stands for an estimate: its mean is the estimate, and the standard error of that mean is the error of the estimate, also where the
//! estimate is a percentile of all answers together (values linearised as for Woodruff's interval, see `quantile`). So the difference of two samples,
//! value by value, has the interval of the difference of the estimates, and what both systems have in common falls out of it (Law, *Simulation
//! Modeling and Analysis*, 5th ed., sections 10.2.1 and 11.2).
//!
//! - Pairs of values: Student's t of their differences; unpaired: B. Welch, Biometrika 34, 1947.
//! - Pairs of runs that keep something or do not: R. Newcombe, *Improved confidence intervals for the difference between binomial proportions
//!   based on paired data*, Statistics in Medicine 17, 1998, method 10; unpaired: his method 10 of *Interval estimation for the difference between
//!   independent proportions*, the same volume.

use super::interval::{Confidence, MeanSums};
use sim_core::results::Estimate;

/// Values of replications, or of groups of as many, that stand for an estimate.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The estimate.
    pub estimate: f64,
    /// Replications of one value.
    pub group: u32,
    /// The values, in the order of the replications.
    pub values: Vec<f64>,
}

impl Sample {
    /// Of one value a replication; `None` without any.
    pub fn of(values: Vec<f64>) -> Option<Self> {
        let estimate = super::interval::mean(&values)?.mean;
        Some(Self { estimate, group: 1, values })
    }

    /// The same in another unit.
    #[must_use]
    pub fn scale(self, factor: f64) -> Self {
        let values = self.values.into_iter().map(|value| value * factor).collect();
        Self { estimate: self.estimate * factor, group: self.group, values }
    }

    fn sums(&self) -> MeanSums {
        let mut sums = MeanSums::default();
        self.values.iter().for_each(|value| sums.add(*value));
        sums
    }
}

/// A difference, and how it was taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// The second minus the first.
    pub estimate: Estimate,
    /// Whether it was taken pair by pair.
    pub paired: bool,
    /// Whether there is not the least difference in any pair.
    pub same: bool,
}

/// The difference of two samples, `b - a`. With `pairs`, value by value as far as both have values of as many replications.
pub fn difference(a: &Sample, b: &Sample, pairs: bool, confidence: Confidence) -> Difference {
    let n = a.values.len().min(b.values.len());
    let fit = a.group == b.group && (a.group == 1 || a.values.len() == b.values.len());
    if !(pairs && fit && n > 0) {
        return Difference { estimate: welch(a, b, confidence), paired: false, same: false };
    }
    let pairs = || a.values.iter().zip(&b.values);
    if pairs().all(|(a, b)| are_same(*a, *b)) {
        return Difference { estimate: Estimate::exact(0.0), paired: true, same: true };
    }
    let mut sums = MeanSums::default();
    pairs().for_each(|(a, b)| sums.add(minus(*b, *a)));
    let half = confidence.errors(n as f64 - 1.0) * sums.error();
    let estimate = match sums.estimate() {
        // What never happens in one of the systems only; its interval has no width, or no ends.
        Some(infinite) if infinite.mean.is_infinite() => infinite,
        finite => {
            let mean = finite.map_or(0.0, |e| e.mean);
            Estimate { mean, low: mean - half, high: mean + half }
        }
    };
    Difference { estimate, paired: true, same: false }
}

/// The difference of two values; none where what both are about never happened.
fn minus(b: f64, a: f64) -> f64 {
    if a == b { 0.0 } else { b - a }
}

/// Whether two values differ by no more than how they are rounded when they are stored.
fn are_same(a: f64, b: f64) -> bool {
    // An infinite value is within every share of itself of every other value, and yet never is not soon.
    a == b || (a.is_finite() && b.is_finite() && (a - b).abs() <= 1e-8 * a.abs().max(b.abs()))
}

/// The difference of two independent samples, `b - a`.
pub fn welch(a: &Sample, b: &Sample, confidence: Confidence) -> Estimate {
    let mean = minus(b.estimate, a.estimate);
    let (of_a, of_b) = (a.sums().error(), b.sums().error());
    let (squares_a, squares_b) = (of_a * of_a, of_b * of_b);
    let together = squares_a + squares_b;
    if together <= 0.0 {
        return Estimate::exact(mean);
    }
    let part = |squares: f64, n: usize| if n > 1 { squares * squares / (n as f64 - 1.0) } else { 0.0 };
    let freedom = together * together / (part(squares_a, a.values.len()) + part(squares_b, b.values.len()));
    let half = confidence.errors(freedom) * together.sqrt();
    Estimate { mean, low: mean - half, high: mean + half }
}

/// Pairs of runs by which of the two keep something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PairCounts {
    /// Both.
    pub both: u32,
    /// Only the first.
    pub only_a: u32,
    /// Only the second.
    pub only_b: u32,
    /// Neither.
    pub neither: u32,
}

impl PairCounts {
    /// Of pairs of runs.
    pub fn of(pairs: impl Iterator<Item = (bool, bool)>) -> Self {
        let mut table = Self::default();
        for pair in pairs {
            match pair {
                (true, true) => table.both += 1,
                (true, false) => table.only_a += 1,
                (false, true) => table.only_b += 1,
                (false, false) => table.neither += 1,
            }
        }
        table
    }

    /// Pairs.
    pub fn n(self) -> u32 {
        self.both + self.only_a + self.only_b + self.neither
    }

    /// The difference of the shares, second minus first, with Newcombe's interval for pairs; `None` without pairs.
    pub fn difference(self, confidence: Confidence) -> Option<Estimate> {
        let [e, f, g, h] = [self.both, self.only_a, self.only_b, self.neither].map(f64::from);
        let a = confidence.wilson(self.both + self.only_a, self.n())?;
        let b = confidence.wilson(self.both + self.only_b, self.n())?;
        let product = (e + f) * (g + h) * (e + g) * (f + h);
        let cross = e * h - f * g;
        let n = f64::from(self.n());
        // Newcombe's correction for continuity of phi where it is positive.
        let cross = if cross > n / 2.0 { cross - n / 2.0 } else { cross.min(0.0) };
        let phi = if product > 0.0 { cross / product.sqrt() } else { 0.0 };
        Some(joined(b, a, phi))
    }
}

/// The difference of the shares of two independent studies, second minus first; `None` without runs.
pub fn shares(a: (u32, u32), b: (u32, u32), confidence: Confidence) -> Option<Estimate> {
    Some(joined(confidence.wilson(b.0, b.1)?, confidence.wilson(a.0, a.1)?, 0.0))
}

/// `first - second` from the score intervals of both, whose errors are correlated by `phi`.
fn joined(first: Estimate, second: Estimate, phi: f64) -> Estimate {
    let mean = first.mean - second.mean;
    let reach = |x: f64, y: f64| (x * x - 2.0 * phi * x * y + y * y).max(0.0).sqrt();
    let low = mean - reach(first.mean - first.low, second.high - second.mean);
    let high = mean + reach(first.high - first.mean, second.mean - second.low);
    Estimate { mean, low: low.max(-1.0), high: high.min(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_95: Confidence = Confidence::AT_95;

    #[test]
    fn paired_shares_agree_with_newcombe() {
        // Newcombe 1998, table III, method 10: e, f, g, h, and the interval of (f - g) / n.
        for (e, f, g, h, low, high) in
            [(36, 12, 2, 0, 0.0569, 0.3404), (36, 14, 0, 0, 0.1528, 0.4167), (54, 0, 0, 0, -0.0664, 0.0664)]
        {
            let table = PairCounts { both: e, only_a: g, only_b: f, neither: h };
            let d = table.difference(AT_95).unwrap();
            assert!((d.low - low).abs() < 1e-3 && (d.high - high).abs() < 1e-3, "{e} {f} {g} {h}: {d:?}");
        }
    }

    #[test]
    fn independent_shares_agree_with_newcombe() {
        // Newcombe 1998, table II, method 10: 56/70 - 48/80, 9/10 - 3/10, 10/10 - 0/10.
        for (a, b, low, high) in
            [((48, 80), (56, 70), 0.0524, 0.3339), ((3, 10), (9, 10), 0.1705, 0.8090), ((0, 10), (10, 10), 0.6075, 1.0)]
        {
            let d = shares(a, b, AT_95).unwrap();
            assert!((d.low - low).abs() < 1e-4 && (d.high - high).abs() < 1e-4, "{a:?} {b:?}: {d:?}");
        }
    }

    #[test]
    fn welch_agrees_with_a_worked_example() {
        // rosettacode.org, "Welch's t-test", first pair of samples: P = 0.021378001462867, so at 1 - P the interval ends at 0.
        let a = [27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4];
        let b = [27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 20.5, 24.4];
        let (a, b) = (Sample::of(a.to_vec()).unwrap(), Sample::of(b.to_vec()).unwrap());
        let d = welch(&a, &b, Confidence::new(1.0 - 0.021378001462867));
        assert!(d.low.abs() < 1e-8 && (d.mean - 2.1666666667).abs() < 1e-9, "{d:?}");
    }

    #[test]
    fn never_is_not_the_same_as_soon() {
        let sample = |values: [f64; 3]| Sample::of(values.to_vec()).unwrap();
        let (soon, never) = (sample([1.0, 2.0, 4.0]), sample([f64::INFINITY; 3]));
        let worse = difference(&soon, &never, true, AT_95);
        assert!(!worse.same && worse.estimate == Estimate::exact(f64::INFINITY), "{worse:?}");
        let better = difference(&never, &soon, true, AT_95);
        assert!(!better.same && better.estimate == Estimate::exact(f64::NEG_INFINITY), "{better:?}");
        assert!(difference(&never, &never, true, AT_95).same);
        // Each of them never happens in a run in which the other does: nothing is known of the difference.
        let (first, last) = (sample([f64::INFINITY, 2.0, 4.0]), sample([1.0, 2.0, f64::INFINITY]));
        let open = difference(&first, &last, true, AT_95).estimate;
        assert_eq!((open.low, open.high), (f64::NEG_INFINITY, f64::INFINITY));
    }

    #[test]
    fn what_both_have_in_common_falls_out() {
        let noise = [3.0, -1.0, 4.0, -1.5, 5.0, -9.0, 2.0, 6.0];
        let a = Sample::of(noise.to_vec()).unwrap();
        let b = Sample::of(noise.iter().enumerate().map(|(i, x)| x + 1.0 + 0.01 * (i % 2) as f64).collect()).unwrap();
        let (paired, alone) = (difference(&a, &b, true, AT_95), difference(&a, &b, false, AT_95));
        assert!(paired.paired && paired.estimate.low > 1.0 && paired.estimate.high < 1.02, "{paired:?}");
        assert!(!alone.paired && alone.estimate.low < 0.0, "{alone:?}");
        assert!(difference(&a, &a, true, AT_95).same);
        let fewer = Sample::of(noise[..5].to_vec()).unwrap();
        assert!(difference(&fewer, &a, true, AT_95).same, "the first five are the same");
        let groups = Sample { group: 2, ..fewer };
        assert!(!difference(&groups, &a, true, AT_95).paired);
    }
}
