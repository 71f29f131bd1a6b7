//! Axes of figures that are not over time: numbers across and upright, with round ticks.

use super::scale::{Scale, log_ticks, nice};
use super::svg::{Svg, colour};
use crate::numbers::plain;
use sim_core::engine::math::{log10, pow};
use sim_core::results::{Estimate, Unit};

/// Width of a character of a tick at 12 px, at most.
pub const CHARACTER: f64 = 7.0;

/// Round values between two others, three to six of them.
pub fn round_values(low: f64, high: f64) -> Vec<f64> {
    let step = nice((high - low).max(1e-12) / 5.0);
    let first = (low / step - 1e-9).ceil() as i64;
    let all = (first..first + 12).map(|i| i as f64 * step);
    all.take_while(|v| *v <= high + step * 1e-6).collect()
}

/// A horizontal axis of numbers.
#[derive(Debug, Clone, Copy)]
pub struct Across {
    scale: Scale,
    low: f64,
    high: f64,
    log: bool,
}

impl Across {
    /// From the left edge of the plot to the right. A logarithmic one needs values above 0.
    pub fn new(svg: &Svg, low: f64, high: f64, log: bool) -> Self {
        Self::inset(svg, low, high, log, 0.0)
    }

    /// The same, with some room at both ends [px].
    pub fn inset(svg: &Svg, low: f64, high: f64, log: bool, room: f64) -> Self {
        let log = log && low > 0.0;
        let (left, right) = (svg.left + room, svg.right - room);
        let scale = if log { Scale::log(low, high, right, left) } else { Scale::linear(low, high, right, left) };
        Self { scale, low, high, log }
    }

    /// The place of a value.
    pub fn at(&self, value: f64) -> f64 {
        self.scale.at(value)
    }

    /// The base line, ticks at given values or at round ones, and the name of the axis beneath.
    pub fn draw(&self, svg: &mut Svg, values: Option<Vec<(f64, String)>>, unit: Unit, name: &str) {
        let (left, right, bottom) = (svg.left, svg.right, svg.bottom);
        svg.line(left, bottom, right, bottom, colour::AXIS, 1.0, "");
        let round = || {
            let all = if self.log { log_ticks(self.low, self.high) } else { round_values(self.low, self.high) };
            all.into_iter().map(|v| (v, plain(v, unit))).collect()
        };
        let ticks: Vec<(f64, String)> = values.unwrap_or_else(round);
        let mut taken: Vec<(f64, f64)> = Vec::new();
        // The ends first, then whatever has room between.
        let ends = ticks.iter().take(1).chain(ticks.last());
        for (value, label) in ends.chain(&ticks) {
            let (x, half) = (self.at(*value), label.chars().count() as f64 * CHARACTER / 2.0 + 4.0);
            let x_text = x.clamp(half - 2.0, (svg.width - half + 2.0).max(half));
            if taken.iter().any(|(a, b)| x_text - half < *b && x_text + half > *a) {
                continue;
            }
            taken.push((x_text - half, x_text + half));
            svg.line(x, bottom, x, bottom + 4.0, colour::AXIS, 1.0, "");
            svg.text(x_text, bottom + 18.0, label, colour::INK2, "middle", false);
        }
        if !name.is_empty() {
            svg.text(right, bottom + 36.0, name, colour::INK2, "end", false);
        }
    }
}

/// An upright scale that suits what it shows: nines for shares near one, a log scale for times that differ much, else in proportion
/// and from zero where zero is near.
pub fn upright(svg: &Svg, values: &[Estimate], unit: Unit, also: Option<f64>) -> (Scale, Vec<(f64, String)>) {
    let means = || values.iter().map(|e| e.mean).chain(also);
    let low = values.iter().map(|e| e.low).chain(also).fold(f64::INFINITY, f64::min);
    let high = values.iter().map(|e| e.high).chain(also).fold(f64::NEG_INFINITY, f64::max);
    let (least, most) = (means().fold(f64::INFINITY, f64::min), means().fold(f64::NEG_INFINITY, f64::max));
    let (top, bottom) = (svg.top, svg.bottom);
    if unit == Unit::Share && most > 0.98 {
        let losing = means().filter(|v| *v < 1.0).fold(0.9, f64::max);
        let nines = (-log10(1.0 - losing)).ceil().clamp(2.0, 4.0);
        let labels = ["0 %", "90 %", "99 %", "99.9 %", "99.99 %"];
        let ticks = (0..=nines as usize).map(|i| (1.0 - pow(10.0, -(i as f64)), labels[i].to_owned())).collect();
        return (Scale::nines(nines, top, bottom), ticks);
    }
    if unit == Unit::Seconds && least > 0.0 && most / least > 8.0 {
        let (low, high) = (least * 0.8, high * 1.2);
        let ticks = log_ticks(low, high).into_iter().map(|v| (v, plain(v, unit))).collect();
        return (Scale::log(low, high, top, bottom), ticks);
    }
    let (low, high) = if low >= 0.0 && low < high * 0.6 { (0.0, high) } else { (low, high) };
    let room = if high > low { 0.0 } else { high.abs().max(1.0) * 0.1 };
    let (low, high) = (low - room, high + room);
    let step = nice((high - low) / 4.0);
    let (low, high) = ((low / step + 1e-9).floor() * step, (high / step - 1e-9).ceil() * step);
    let ticks = round_values(low, high).into_iter().map(|v| (v, plain(v, unit))).collect();
    (Scale::linear(low, high, top, bottom), ticks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(round_values(500.0, 2000.0), [500.0, 1000.0, 1500.0, 2000.0]);
        assert_eq!(round_values(0.0, 1.0), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        assert!(round_values(-3.0, 3.0).contains(&0.0));
        assert!((2..=8).contains(&round_values(0.981, 0.9837).len()));
    }
}
