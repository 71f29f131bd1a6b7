//! Where the ticks of an axis are, and which axis suits some values.

use super::axis::Axis;
use crate::numbers::plain;
use sim_core::engine::math::{log10, pow};
use sim_core::results::{Estimate, Unit};

/// A round number at least as large: 1, 2, 2.5, 5, 10 ...
pub fn nice(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let power = pow(10.0, log10(value).floor());
    for step in [1.0, 2.0, 2.5, 5.0, 10.0] {
        if value <= step * power * 1.000_001 {
            return step * power;
        }
    }
    10.0 * power
}

/// Three to five round steps from 0 to `high`, which is round itself.
pub fn steps(high: f64) -> Vec<f64> {
    let step = nice(high / 4.0);
    (0..=5).map(|i| f64::from(i) * step).filter(|v| *v <= high * 1.0001).collect()
}

/// Round times within a run.
pub fn nice_times(end: f64) -> Vec<f64> {
    let steps = [1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 21600.0, 86400.0, 604_800.0];
    let step = steps.into_iter().find(|s| end / s <= 7.0).unwrap_or(2_592_000.0);
    (1..).map(|i| f64::from(i) * step).take_while(|t| *t < end).take(10).collect()
}

/// 1 and 3 of each decade between two values; none where they are infinitely far apart, as latencies are of requests that are never answered.
pub fn log_ticks(low: f64, high: f64) -> Vec<f64> {
    if !(low.is_finite() && high.is_finite()) {
        return Vec::new();
    }
    let from = log10(low.max(1e-9)).floor() as i32;
    let to = log10(high.max(low)).ceil() as i32;
    let all = (from..=to).flat_map(|d| [1.0, 3.0].map(|m| m * pow(10.0, f64::from(d))));
    all.filter(|v| *v >= low * 0.999 && *v <= high * 1.001).collect()
}

/// Round values between two others, three to six of them.
pub fn round_values(low: f64, high: f64) -> Vec<f64> {
    let step = nice((high - low).max(1e-12) / 5.0);
    let first = (low / step - 1e-9).ceil() as i64;
    let all = (first..first + 12).map(|i| i as f64 * step);
    all.take_while(|v| *v <= high + step * 1e-6).collect()
}

/// An axis across with round ticks; a logarithmic one needs values above 0.
pub fn across(low: f64, high: f64, log: bool, unit: Unit) -> Axis {
    let label = |v| plain(v, unit);
    if log && low > 0.0 {
        Axis::log(low, high).at(log_ticks(low, high), label)
    } else {
        Axis::linear(low, high).at(round_values(low, high), label)
    }
}

/// An upright axis that suits what it shows: nines for shares near one, a log scale for times that differ much, else in proportion
/// and from zero where zero is near.
pub fn upright(values: &[Estimate], unit: Unit, also: Option<f64>) -> Axis {
    let means = || values.iter().map(|e| e.mean).chain(also);
    let low = values.iter().map(|e| e.low).chain(also).fold(f64::INFINITY, f64::min);
    let high = values.iter().map(|e| e.high).chain(also).fold(f64::NEG_INFINITY, f64::max);
    let (least, most) = (means().fold(f64::INFINITY, f64::min), means().fold(f64::NEG_INFINITY, f64::max));
    if unit == Unit::Share && most > 0.98 {
        let losing = means().filter(|v| *v < 1.0).fold(0.9, f64::max);
        let nines = (-log10(1.0 - losing)).ceil().clamp(2.0, 4.0);
        return Axis::nines(nines as usize);
    }
    if unit == Unit::Seconds && least > 0.0 && most / least > 8.0 {
        let (low, high) = (least * 0.8, high * 1.2);
        return Axis::log(low, high).at(log_ticks(low, high), |v| plain(v, unit));
    }
    let (low, high) = if low >= 0.0 && low < high * 0.6 { (0.0, high) } else { (low, high) };
    let room = if high > low { 0.0 } else { high.abs().max(1.0) * 0.1 };
    let (low, high) = (low - room, high + room);
    let step = nice((high - low) / 4.0);
    let (low, high) = ((low / step + 1e-9).floor() * step, (high / step - 1e-9).ceil() * step);
    Axis::linear(low, high).at(round_values(low, high), |v| plain(v, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        assert!((nice(0.037) - 0.05).abs() < 1e-12);
        assert_eq!(log_ticks(0.01, 1.0).len(), 5);
        assert_eq!(log_ticks(0.01, f64::INFINITY).len(), 0);
        assert_eq!(round_values(500.0, 2000.0), [500.0, 1000.0, 1500.0, 2000.0]);
        assert_eq!(round_values(0.0, 1.0), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        assert!(round_values(-3.0, 3.0).contains(&0.0));
        assert!((2..=8).contains(&round_values(0.981, 0.9837).len()));
    }
}
