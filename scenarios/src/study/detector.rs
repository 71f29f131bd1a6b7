//! Detectors judged: what an alert would have found, how soon and how often falsely, with other numbers in its comparison.

use super::interval::{RatioSums, wilson};
use sim_core::control::Alert;
use sim_core::expression::CompareOp;
use sim_core::model::Model;
use sim_core::results::{DetectorCurve, DetectorPoint, RunResult, Span};

const DAY_NS: f64 = 86_400e9;

/// Sums at one threshold.
#[derive(Default, Clone)]
struct PointSums {
    strikes: u32,
    found: u32,
    found_after_s: Vec<f64>,
    falsely: RatioSums,
}

/// Sums of a detector.
#[derive(Default)]
pub struct DetectorSums {
    points: Vec<PointSums>,
}

impl DetectorSums {
    /// Adds the next replication, in which the alert has this place.
    pub fn merge(&mut self, run: &RunResult, place: usize, alert: &Alert) {
        let Some(fault) = alert.finds else { return };
        let tried = &run.tried[place];
        self.points.resize(tried.len(), PointSums::default());
        for (sums, firings) in self.points.iter_mut().zip(tried) {
            sums.add(firings, run.struck(fault), run.measured_ns);
        }
    }

    /// What it would have done; `None` where nothing was tried.
    pub fn curve(&self, alert: &Alert, model: &Model) -> Option<DetectorCurve> {
        let thresholds = alert.thresholds.as_ref().filter(|_| !self.points.is_empty())?;
        let points = thresholds.tried.iter().zip(&self.points);
        Some(DetectorCurve {
            finds: model.shown_name(alert.finds?),
            of: thresholds.of.as_str().into(),
            unit: thresholds.unit,
            above: matches!(thresholds.op, CompareOp::Greater | CompareOp::AtLeast),
            set: thresholds.set,
            points: points.map(|(threshold, sums)| sums.point(*threshold)).collect(),
        })
    }
}

impl PointSums {
    /// Adds what fired and what struck in a run that measured so long.
    ///
    /// A firing belongs to a strike in which it began: one that began before tells nothing of it.
    fn add(&mut self, firings: &[Span], struck: &[Span], measured_ns: u64) {
        let end_ns = measured_ns as i64;
        for strike in struck.iter().filter(|strike| strike.from_ns >= 0) {
            self.strikes += 1;
            if let Some(first) = firings.iter().find(|firing| firing.begins_in(strike)) {
                self.found += 1;
                self.found_after_s.push((first.from_ns - strike.from_ns) as f64 / 1e9);
            }
        }
        let measured = |firing: &&Span| firing.to_ns > 0;
        let falsely = firings.iter().filter(measured).filter(|firing| !struck.iter().any(|s| firing.begins_in(s)));
        // Strikes may overlap: the fault is there in their union.
        let (mut there_ns, mut until_ns) = (0, 0);
        for strike in struck {
            let (from_ns, to_ns) = (strike.from_ns.max(until_ns), strike.to_ns.min(end_ns));
            there_ns += (to_ns - from_ns).max(0);
            until_ns = until_ns.max(to_ns);
        }
        self.falsely.add(falsely.count() as f64, (end_ns - there_ns) as f64 / DAY_NS);
    }

    fn point(&self, threshold: f64) -> DetectorPoint {
        let mut times = self.found_after_s.clone();
        times.sort_by(f64::total_cmp);
        let middle = times.len() / 2;
        let median = match times.len() {
            0 => None,
            n if n % 2 == 0 => Some(f64::midpoint(times[middle - 1], times[middle])),
            _ => Some(times[middle]),
        };
        DetectorPoint {
            threshold,
            found: wilson(self.found, self.strikes),
            found_after_s: median,
            false_a_day: self.falsely.estimate(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from_s: i64, to_s: i64) -> Span {
        Span { from_ns: from_s * 1_000_000_000, to_ns: to_s * 1_000_000_000 }
    }

    #[test]
    fn a_firing_belongs_to_the_strike_in_which_it_began() {
        let mut sums = PointSums::default();
        let day = 86_400_000_000_000;
        // Two strikes in a day. A firing that lasts from before the first finds nothing; the second is found after 30 s.
        sums.add(&[span(50, 150), span(1030, 1100), span(5000, 5001)], &[span(100, 200), span(1000, 1100)], day);
        let point = sums.point(1.0);
        assert_eq!(point.found.map(|found| found.mean), Some(0.5));
        assert_eq!(point.found_after_s, Some(30.0));
        let a_day = point.false_a_day.map(|falsely| falsely.mean);
        assert!(a_day.is_some_and(|a_day| (a_day - 2.0 * 86_400.0 / 86_200.0).abs() < 1e-9), "{a_day:?}");
    }

    #[test]
    fn strikes_that_overlap_are_there_once_and_the_median_is_that_of_the_strikes_found() {
        let mut sums = PointSums::default();
        for first in [10, 20, 60] {
            sums.add(&[span(first, 500)], &[span(0, 600), span(300, 600)], 1_000_000_000_000);
        }
        sums.add(&[], &[span(0, 600)], 1_000_000_000_000);
        let point = sums.point(1.0);
        assert_eq!(point.found_after_s, Some(20.0));
        assert_eq!(point.found.map(|found| found.mean), Some(3.0 / 7.0));
        assert_eq!(point.false_a_day.map(|falsely| falsely.mean), Some(0.0));
        assert_eq!(PointSums::default().point(1.0).found_after_s, None);
    }
}
