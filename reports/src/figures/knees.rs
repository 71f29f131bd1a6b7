//! Where each promise breaks: a row a promise, with every load that was looked at and what was found there.

use super::axis::Axis;
use super::chart::Plot;
use super::front::mark;
use super::svg::{Svg, colour, shortened};
use super::ticks::{nice, steps};
use super::{Drawing, both};
use crate::numbers::plain;
use sim_core::results::{Unit, Verdict};

/// A promise.
#[derive(Debug, Clone)]
pub struct KneeRow {
    /// Its name.
    pub name: String,
    /// The heaviest load up to which it holds [s⁻¹]; `None` where it holds at none.
    pub holds_to: Option<f64>,
    /// The loads that were looked at [s⁻¹], and what was found.
    pub points: Vec<(f64, Verdict)>,
    /// Where it breaks, in words.
    pub text: String,
}

/// Draws the rows at both widths, with the load of the file where it was looked at.
pub fn draw(title: &str, rows: &[KneeRow], own: Option<f64>) -> Drawing {
    let desc =
        "One row a promise over the load; a mark for each load that was looked at: held, inconclusive or broken.";
    let high = |row: f64| 12.0 + row * rows.len() as f64 + 46.0;
    both(title, desc, (high(46.0), high(56.0)), None, |svg| all(svg, rows, own))
}

fn all(svg: &mut Svg, rows: &[KneeRow], own: Option<f64>) {
    (svg.left, svg.right, svg.top, svg.bottom) = (12.0, svg.width - 16.0, 8.0, svg.height - 46.0);
    let most = rows.iter().flat_map(|row| &row.points).map(|(load, _)| *load).fold(0.0, f64::max);
    let high = nice(most.max(1e-9));
    let plot = Plot::across(svg, Axis::linear(0.0, high).at(steps(high), |v| plain(v, Unit::Count)));
    if let Some(own) = own {
        let x = plot.x(own);
        svg.line(x, svg.top, x, svg.bottom, colour::INK2, 1.0, "2 3");
    }
    let step = (svg.bottom - svg.top) / rows.len().max(1) as f64;
    for (place, row) in rows.iter().enumerate() {
        let y = svg.top + place as f64 * step;
        let room = svg.width - 40.0 - if svg.is_narrow() { 0.0 } else { row.text.chars().count() as f64 * 7.8 };
        svg.text_over(svg.left, y + 14.0, &shortened(&row.name, room), colour::INK, "start", true);
        // On a phone the words stand beneath the name.
        let (down, bar) = if svg.is_narrow() { (29.0, 44.0) } else { (14.0, 32.0) };
        svg.text_over(svg.right, y + down, &row.text, colour::INK2, "end", false);
        let y = y + bar;
        svg.line(svg.left, y, svg.right, y, colour::GRID, 1.0, "");
        if let Some(holds) = row.holds_to {
            svg.line(svg.left, y, plot.x(holds), y, colour::GREEN, 3.0, "");
        }
        for (load, verdict) in &row.points {
            mark(svg, plot.x(*load), y, Some(*verdict));
        }
    }
    plot.axis(svg, "requests a second");
}
