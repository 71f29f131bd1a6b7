//! Studies that go on until they are precise: batch after batch, until half of each interval is a small enough share of its estimate.
//!
//! It is looked at the end of a batch only, when all its replications are merged in the order of their numbers: so the number of
//! threads decides nothing. Stopping when an interval happens to be narrow makes it a little less sure than its 95 % (Chow and
//! Robbins 1965: exactly so only as the share goes to zero; Law, *Simulation Modeling and Analysis*, 5th ed., section 9.4.1); batches
//! of the usual size keep what is lost small, and the tests below measure it.

use super::gather::Gathered;
use super::judge;
use crate::Loaded;
use crate::written::precision::PrecisionSettings;
use sim_core::results::{Estimate, Precise, PrecisionSummary, Unit};

/// Replications before which nobody stops: of fewer, the spread itself is not known.
const FEWEST: u32 = 8;

/// What has become of the precision that is asked for, so far.
pub fn look(loaded: &Loaded, settings: &PrecisionSettings, batch: u32, gathered: &Gathered) -> PrecisionSummary {
    let within = settings.within.value();
    let of = if settings.of.is_empty() { judged(loaded, gathered, within) } else { named(settings, gathered, within) };
    let known = || of.iter().filter(|p| p.observed.is_some());
    let reached = gathered.replications >= FEWEST && known().count() > 0 && known().all(|p| p.reached);
    let would_take = if reached { None } else { would_take(&of, within, gathered.replications) };
    PrecisionSummary { within, batch, cap: settings.most(batch), reached, would_take, of }
}

/// How precise an estimate is; `unit` is the one in which it is shown, and how many of it are one base unit.
fn precise(path: String, name: String, unit: (Unit, f64), observed: Option<Estimate>, within: f64) -> Precise {
    let (unit, factor) = unit;
    let observed = observed.map(|e| e.scale(factor));
    let half_width = observed.and_then(|e| {
        let half = e.half_width();
        if half <= 0.0 { Some(0.0) } else { (e.mean != 0.0).then(|| half / e.mean.abs()) }
    });
    Precise { path, name, observed, unit, half_width, reached: half_width.is_some_and(|share| share <= within) }
}

/// What is named.
fn named(settings: &PrecisionSettings, gathered: &Gathered, within: f64) -> Vec<Precise> {
    let each = settings.of.iter().zip(&gathered.judged.asked).enumerate();
    each.map(|(place, (value, sums))| {
        let unit = judge::unit_of(Some(value.measure()));
        let observed = sums.estimate().map(|e| judge::within(e, judge::is_part(value.tree())));
        precise(format!("run.precision.of.{place}"), value.to_string(), unit, observed, within)
    })
    .collect()
}

/// What promises and clauses are judged by. Of a clause, both sides where both are measured.
fn judged(loaded: &Loaded, gathered: &Gathered, within: f64) -> Vec<Precise> {
    let promises = loaded.model.promises.iter().zip(&gathered.judged.promises).map(|(promise, sums)| {
        let path = format!("promises.{}", promise.name);
        let observed = sums.value.estimate().map(|e| judge::observed(promise, e));
        precise(path, promise.name.clone(), (promise.unit(), 1.0), observed, within)
    });
    let clauses =
        loaded.written.expect.iter().zip(&gathered.judged.sides).enumerate().flat_map(|(place, (clause, sides))| {
            let unit = judge::unit(clause);
            let leaves = clause.tree.leaves().into_iter().zip(sides);
            leaves
                .flat_map(|(leaf, (left, right))| [Some(left), leaf.bound().is_none().then_some(right)])
                .flatten()
                .map(|sums| precise(format!("expect.{place}"), clause.to_string(), unit, sums.estimate(), within))
                .collect::<Vec<_>>()
        });
    promises.chain(clauses).collect()
}

/// Replications that would do, if the spread stays: the width falls with the root of their number. `None` where no number would, or
/// where it is more than a million.
fn would_take(of: &[Precise], within: f64, replications: u32) -> Option<u32> {
    let widest = of.iter().filter(|p| p.observed.is_some()).map(|p| p.half_width.unwrap_or(f64::INFINITY));
    let widest = widest.fold(0.0, f64::max);
    let needed = (f64::from(replications) * (widest / within) * (widest / within)).ceil().max(f64::from(FEWEST));
    (needed <= 1e6).then_some(needed as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::interval::MeanSums;
    use statrs::distribution::{ContinuousCDF, Normal};

    /// Uniform numbers between 0 and 1 (splitmix64).
    fn uniform(state: &mut u64) -> f64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 * 2.0_f64.powi(-53) + 2.0_f64.powi(-54)
    }

    fn of(estimate: Option<Estimate>, within: f64) -> Precise {
        precise(String::new(), String::new(), (Unit::Count, 1.0), estimate, within)
    }

    /// Share of 2000 studies, each of batches until it is precise, whose interval holds the true mean, and the mean number of values.
    fn coverage(batch: u32, within: f64, mean: f64, mut draw: impl FnMut() -> f64) -> (f64, f64) {
        let (mut hits, mut values) = (0, 0);
        for _ in 0..2000 {
            let mut sums = MeanSums::default();
            while sums.n() < FEWEST || !of(sums.estimate(), within).reached {
                (0..batch).for_each(|_| sums.add(draw()));
            }
            let e = sums.estimate().expect("has values");
            hits += u32::from(e.low <= mean && mean <= e.high);
            values += sums.n();
        }
        (f64::from(hits) / 2000.0, f64::from(values) / 2000.0)
    }

    #[test]
    fn stopping_when_it_is_narrow_costs_little_of_the_confidence() {
        let (normal, mut state) = (Normal::new(0.0, 1.0).expect("is one"), 7);
        // Spread of 20 % between replications: 2 % takes about 400 of them, 5 % about 64. Standard error 0.5 points.
        for (batch, within) in [(32, 0.02), (32, 0.05), (8, 0.05)] {
            let (covered, _) = coverage(batch, within, 1.0, || 1.0 + 0.2 * normal.inverse_cdf(uniform(&mut state)));
            assert!((0.93..=0.97).contains(&covered), "batch {batch}, {within}: {covered}");
        }
    }

    #[test]
    fn looser_takes_fewer() {
        let mut state = 3;
        let mut values = |within| coverage(8, within, 1.0, || 0.5 + uniform(&mut state)).1;
        let (tight, loose) = (values(0.02), values(0.1));
        assert!(tight > 3.0 * loose, "{tight} and {loose}");
    }

    #[test]
    fn zero_is_precise_only_without_spread() {
        assert!(of(Some(Estimate::exact(0.0)), 0.01).reached);
        let wide = of(Some(Estimate { mean: 0.0, low: -1.0, high: 1.0 }), 0.5);
        assert!(!wide.reached && wide.half_width.is_none());
        assert!(!of(None, 0.5).reached);
        assert_eq!(would_take(&[wide], 0.5, 32), None);
    }

    #[test]
    fn width_falls_with_the_root() {
        let half = of(Some(Estimate { mean: 10.0, low: 9.0, high: 11.0 }), 0.05);
        assert_eq!(half.half_width, Some(0.1));
        assert_eq!(would_take(&[half], 0.05, 32), Some(128));
    }
}
