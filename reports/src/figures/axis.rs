//! Axes: the range of the values, how places grow with them, and the ticks; a range of plotters in tenths of a pixel.

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged};
use plotters::coord::types::RangedCoordf64;
use sim_core::engine::math::{log10, pow};
use sim_core::results::StudyResult;
use std::ops::Range;

/// Units of the backend for each pixel.
pub(super) const UNITS: f64 = 10.0;

/// A place in units of the backend.
pub(super) fn units(pixels: f64) -> i32 {
    (pixels * UNITS).round() as i32
}

/// A place in pixels.
pub(super) fn pixels(units: i32) -> f64 {
    f64::from(units) / UNITS
}

/// How places grow with values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Linear,
    Log,
    Nines,
}

/// An axis: the range of its values, and its ticks with their words.
#[derive(Debug, Clone)]
pub struct Axis {
    kind: Kind,
    low: f64,
    high: f64,
    /// Values with a tick, and what is written there.
    pub(super) ticks: Vec<(f64, String)>,
}

impl Axis {
    fn new(kind: Kind, low: f64, high: f64) -> Self {
        Self { kind, low, high, ticks: Vec::new() }
    }

    /// In proportion.
    pub fn linear(low: f64, high: f64) -> Self {
        Self::new(Kind::Linear, low, if high > low { high } else { low + 1.0 })
    }

    /// By powers of ten.
    pub fn log(low: f64, high: f64) -> Self {
        Self::new(Kind::Log, low.max(1e-9), high.max(low * 1.001))
    }

    /// Shares: each step up is ten times fewer losses, to `nines` nines, with a tick at each.
    pub fn nines(nines: usize) -> Self {
        let labels = ["0 %", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %"];
        let share = |i: usize| 1.0 - pow(10.0, -(i as f64));
        let ticks = (0..=nines).map(|i| (share(i), labels[i].to_owned())).collect();
        Self::new(Kind::Nines, 0.0, share(nines)).with(ticks)
    }

    /// The time of a run.
    pub fn time(study: &StudyResult) -> Self {
        Self::linear(0.0, study.windows.last().map_or(1.0, |w| w.to_s))
    }

    /// The same with ticks.
    pub fn with(self, ticks: Vec<(f64, String)>) -> Self {
        Self { ticks, ..self }
    }

    /// The same with ticks at some values, written by `label`.
    pub fn at(self, ticks: Vec<f64>, label: impl Fn(f64) -> String) -> Self {
        self.with(ticks.into_iter().map(|v| (v, label(v))).collect())
    }

    /// The same with a unit at its last tick.
    pub fn ending_in(mut self, unit: &str) -> Self {
        self.ticks.iter_mut().next_back().into_iter().for_each(|(_, label)| label.push_str(unit));
        self
    }

    /// The place of a value between two others [px].
    pub fn place(&self, value: f64, from: f64, to: f64) -> f64 {
        pixels(self.map(&value, (units(from), units(to))))
    }

    /// What is in proportion to places. By our logarithm and not by that of `LogCoord`: it gives the same bits on all machines.
    fn straight(&self, value: f64) -> f64 {
        match self.kind {
            Kind::Linear => value,
            Kind::Log => log10(value.max(1e-12)),
            Kind::Nines => -log10((1.0 - value).max(1e-12)),
        }
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let (low, high) = (self.straight(self.low), self.straight(self.high));
        let within = self.straight(*value).max(low).min(high);
        // The range of plotters cuts off what is less than a unit: of 64ths of one the nearest is known.
        let fine = RangedCoordf64::from(low..high).map(&within, (limit.0 * 64, limit.1 * 64));
        (fine + 32).div_euclid(64)
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.iter().map(|t| t.0).collect()
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}
