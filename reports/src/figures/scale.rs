//! Scales from values to places on the page.

use sim_core::engine::math::{log10, pow};

/// From values to y.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    kind: Kind,
    low: f64,
    high: f64,
    top: f64,
    bottom: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Linear,
    Log,
    Nines,
}

impl Scale {
    /// In proportion.
    pub fn linear(low: f64, high: f64, top: f64, bottom: f64) -> Self {
        Self { kind: Kind::Linear, low, high: if high > low { high } else { low + 1.0 }, top, bottom }
    }

    /// By powers of ten, from decade to decade.
    pub fn log(low: f64, high: f64, top: f64, bottom: f64) -> Self {
        Self { kind: Kind::Log, low: log10(low.max(1e-9)), high: log10(high.max(low * 1.001)), top, bottom }
    }

    /// Shares: each step up is ten times fewer losses, to `nines` nines.
    pub fn nines(nines: f64, top: f64, bottom: f64) -> Self {
        Self { kind: Kind::Nines, low: 0.0, high: nines, top, bottom }
    }

    /// The place of a value.
    pub fn at(&self, value: f64) -> f64 {
        let v = match self.kind {
            Kind::Linear => value,
            Kind::Log => log10(value.max(1e-12)),
            Kind::Nines => -log10((1.0 - value).max(1e-12)),
        };
        let part = ((v - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        self.bottom - part * (self.bottom - self.top)
    }
}

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

/// 1 and 3 of each decade between two values.
pub fn log_ticks(low: f64, high: f64) -> Vec<f64> {
    let from = log10(low.max(1e-9)).floor() as i32;
    let to = log10(high.max(low)).ceil() as i32;
    let all = (from..=to).flat_map(|d| [1.0, 3.0].map(|m| m * pow(10.0, f64::from(d))));
    all.filter(|v| *v >= low * 0.999 && *v <= high * 1.001).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_nine_is_one_step() {
        let scale = Scale::nines(4.0, 0.0, 400.0);
        let places: Vec<f64> = [0.0, 0.9, 0.99, 0.999, 0.9999, 1.0].iter().map(|v| scale.at(*v).round()).collect();
        assert_eq!(places, [400.0, 300.0, 200.0, 100.0, 0.0, 0.0]);
    }

    #[test]
    fn ticks_are_round() {
        assert!((nice(0.037) - 0.05).abs() < 1e-12);
        let ticks = log_ticks(0.01, 1.0);
        assert_eq!(ticks.len(), 5);
    }
}
