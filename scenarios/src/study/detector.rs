//! Detectors judged: what an alert has found, how soon and how often falsely, and what it would have with other numbers in its comparison.
//!
//! What it finds is told by the runs with the fault. Each replication is simulated a second time without any fault, and what fires there is
//! false for sure: behind a fault much may be true that the alert was not there to find.

use super::interval::{RatioSums, wilson};
use sim_core::control::Alert;
use sim_core::expression::CompareOp;
use sim_core::model::Model;
use sim_core::results::{Detection, DetectorCurve, DetectorPoint, RunResult, Span, episodes};

const DAY_NS: f64 = 86_400e9;

/// Sums at one threshold.
#[derive(Default, Clone)]
struct PointSums {
    strikes: u32,
    found: u32,
    found_after_s: Vec<f64>,
    falsely: RatioSums,
    /// Time without the fault over which false alarms were counted [days].
    days: f64,
    /// How much of it the alert fired [days].
    in_alarm_days: f64,
}

/// Sums of a detector.
#[derive(Default)]
pub struct DetectorSums {
    /// With the numbers that the file has.
    set: PointSums,
    points: Vec<PointSums>,
}

impl DetectorSums {
    /// Adds the next replication, in which the alert has this place, and the same without a fault.
    pub fn merge(&mut self, run: &RunResult, healthy: Option<&RunResult>, place: usize, alert: &Alert) {
        let Some(fault) = alert.finds else { return };
        let struck = run.struck(fault);
        let add = |sums: &mut PointSums, firings: &[Span], without: Option<&[Span]>| {
            sums.finds(firings, struck);
            match (healthy, without) {
                (Some(healthy), Some(without)) => sums.fires_falsely(without, &[], healthy.measured_ns),
                _ => sums.fires_falsely(firings, struck, run.measured_ns),
            }
        };
        add(&mut self.set, &run.alerts[place], healthy.map(|healthy| &healthy.alerts[place][..]));
        let tried = &run.tried[place];
        self.points.resize(tried.len(), PointSums::default());
        for (number, (sums, firings)) in self.points.iter_mut().zip(tried).enumerate() {
            add(sums, firings, healthy.and_then(|healthy| Some(&healthy.tried[place].get(number)?[..])));
        }
    }

    /// What it has done; `None` where it is there to find nothing.
    pub fn detection(&self, alert: &Alert) -> Option<Detection> {
        alert.finds?;
        let DetectorPoint { found, found_after_s, false_a_day, .. } = self.set.point(0.0);
        Some(Detection { strikes: self.set.strikes, found, found_after_s, false_a_day, days: self.set.days })
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
            days: self.set.days,
            points: points.map(|(threshold, sums)| sums.point(*threshold)).collect(),
        })
    }
}

impl PointSums {
    /// Adds what fired and what struck in a run. A firing belongs to a strike in which it began: one that began before tells nothing of it.
    fn finds(&mut self, firings: &[Span], struck: &[Span]) {
        for strike in &episodes(struck).into_iter().filter(|strike| strike.from_ns >= 0).collect::<Vec<_>>() {
            self.strikes += 1;
            if let Some(first) = firings.iter().find(|firing| firing.begins_in(strike)) {
                self.found += 1;
                self.found_after_s.push((first.from_ns - strike.from_ns) as f64 / 1e9);
            }
        }
    }

    /// Adds what fired beside strikes in a run that measured so long.
    fn fires_falsely(&mut self, firings: &[Span], struck: &[Span], measured_ns: u64) {
        let end_ns = measured_ns as i64;
        let measured = |firing: &&Span| firing.to_ns > 0;
        let falsely = firings.iter().filter(measured).filter(|firing| !struck.iter().any(|s| firing.begins_in(s)));
        // Strikes may overlap: the fault is there in their union.
        let (mut there_ns, mut in_alarm_ns, mut until_ns) = (0, 0, 0);
        let fires_ns = |from_ns: i64, to_ns: i64| {
            let within = |firing: &Span| (firing.to_ns.min(to_ns) - firing.from_ns.max(from_ns)).max(0);
            firings.iter().map(within).sum::<i64>()
        };
        for strike in struck {
            let (from_ns, to_ns) = (strike.from_ns.max(until_ns), strike.to_ns.min(end_ns));
            there_ns += (to_ns - from_ns).max(0);
            in_alarm_ns += fires_ns(until_ns, from_ns.min(end_ns));
            until_ns = until_ns.max(to_ns);
        }
        in_alarm_ns += fires_ns(until_ns, end_ns);
        let days = (end_ns - there_ns) as f64 / DAY_NS;
        self.falsely.add(falsely.count() as f64, days);
        self.days += days;
        self.in_alarm_days += in_alarm_ns as f64 / DAY_NS;
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
            in_alarm: (self.days > 0.0).then(|| self.in_alarm_days / self.days),
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
        let (firings, struck) =
            ([span(50, 150), span(1030, 1100), span(5000, 5001)], [span(100, 200), span(1000, 1100)]);
        sums.finds(&firings, &struck);
        sums.fires_falsely(&firings, &struck, day);
        let point = sums.point(1.0);
        // 50 s before the first strike and a second at the end.
        let in_alarm = point.in_alarm.unwrap() * sums.days * 86_400.0;
        assert!((in_alarm - 51.0).abs() < 1e-6, "{in_alarm} s");
        assert_eq!(point.found.map(|found| found.mean), Some(0.5));
        assert_eq!(point.found_after_s, Some(30.0));
        let a_day = point.false_a_day.map(|falsely| falsely.mean);
        assert!(a_day.is_some_and(|a_day| (a_day - 2.0 * 86_400.0 / 86_200.0).abs() < 1e-9), "{a_day:?}");
    }

    #[test]
    fn strikes_close_to_each_other_are_one_and_the_median_is_that_of_the_strikes_found() {
        let mut sums = PointSums::default();
        for first in [10, 20, 60] {
            sums.finds(&[span(first, 500)], &[span(0, 600), span(300, 600)]);
            sums.fires_falsely(&[span(first, 500)], &[span(0, 600), span(300, 600)], 1_000_000_000_000);
        }
        sums.finds(&[], &[span(0, 600)]);
        let point = sums.point(1.0);
        assert_eq!(point.found_after_s, Some(20.0));
        assert_eq!(point.found.map(|found| found.mean), Some(3.0 / 4.0));
        assert_eq!(point.false_a_day.map(|falsely| falsely.mean), Some(0.0));
        assert_eq!(PointSums::default().point(1.0).found_after_s, None);
        let flaps: Vec<Span> = (0..9).map(|flap| span(40 * flap, 40 * flap + 5)).collect();
        assert_eq!(episodes(&flaps), [span(0, 325)]);
        assert_eq!(episodes(&[span(0, 5), span(305, 310)]), [span(0, 5), span(305, 310)]);
    }
}
