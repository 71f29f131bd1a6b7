//! Which knob matters: a bar for each, the most important first, with the interval.

use super::axis::Axis;
use super::chart::Plot;
use super::svg::{Svg, colour};
use super::{Drawing, both};
use crate::numbers::{estimate, plain};
use sim_core::results::{Estimate, Unit};

/// A bar.
#[derive(Debug, Clone)]
pub struct Bar {
    /// Of what.
    pub name: String,
    /// How long it is.
    pub total: Estimate,
    /// A part of it that stands for itself, drawn in it.
    pub alone: Option<f64>,
}

/// Draws bars from zero at both widths; `most` is where the axis ends at least.
pub fn draw(title: &str, desc: &str, bars: &[Bar], unit: Unit, most: f64, name: &str) -> Drawing {
    let high = |row: f64| 12.0 + row * bars.len() as f64 + 46.0;
    both(title, desc, (high(44.0), high(48.0)), None, |svg| all(svg, bars, unit, most, name))
}

fn all(svg: &mut Svg, bars: &[Bar], unit: Unit, most: f64, name: &str) {
    (svg.left, svg.right, svg.top, svg.bottom) = (8.0, svg.width - 14.0, 8.0, svg.height - 46.0);
    let high = bars.iter().map(|b| b.total.high).fold(most, f64::max).max(1e-12);
    let axis = Axis::linear(0.0, high).at(super::ticks::round_values(0.0, high), |v| plain(v, unit));
    let plot = Plot::across(svg, axis);
    let step = (svg.bottom - svg.top) / bars.len().max(1) as f64;
    for (i, bar) in bars.iter().enumerate() {
        let y = svg.top + i as f64 * step;
        let value = estimate(&bar.total, unit);
        let room = ((svg.right - svg.left) / 7.4) as usize;
        let room = room.saturating_sub(value.chars().count() + 2);
        svg.text(svg.left, y + 15.0, &ends(&bar.name, room), colour::INK, "start", false);
        svg.text(svg.right, y + 15.0, &value, colour::INK, "end", true);
        let (zero, end) = (plot.x(0.0), plot.x(bar.total.mean.max(0.0)));
        svg.rect(zero, y + 22.0, (end - zero).max(1.0), 12.0, colour::ITEMS[2]);
        if let Some(alone) = bar.alone {
            // Where chance makes the part greater than the whole it fills it.
            let part = alone.min(bar.total.mean).max(0.0);
            svg.rect(zero, y + 22.0, (plot.x(part) - zero).max(0.0), 12.0, colour::ITEMS[0]);
        }
        let (a, b) = (plot.x(bar.total.low.max(0.0)), plot.x(bar.total.high.max(0.0)));
        if b - a > 0.5 {
            svg.line(a, y + 28.0, b, y + 28.0, colour::INK, 1.5, "");
            for x in [a, b] {
                svg.line(x, y + 24.0, x, y + 32.0, colour::INK, 1.5, "");
            }
        }
    }
    plot.axis(svg, name);
}

/// A path with room for so many characters: its end says most.
fn ends(text: &str, room: usize) -> String {
    let all = text.chars().count();
    if all <= room.max(4) {
        return text.to_owned();
    }
    std::iter::once('\u{2026}').chain(text.chars().skip(all - room.max(4) + 1)).collect()
}
