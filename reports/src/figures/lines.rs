//! Families of lines with their intervals as bands, over one knob.

use super::axis::Axis;
use super::chart::{Look, Plot};
use super::front::mark;
use super::svg::{Svg, colour};
use super::ticks::{across, upright};
use super::{Drawing, both};
use crate::numbers::plain;
use sim_core::results::{Estimate, Unit, Verdict};

/// How the lines of a family differ: colour, and dashes.
const STYLES: [(&str, &str); 6] = [
    (colour::BLUE, ""),
    (colour::VERM, "6 3"),
    (colour::GREEN, ""),
    (colour::PURPLE, "6 3"),
    (colour::OCHRE, ""),
    (colour::INK2, "2 3"),
];

/// How many lines a figure can tell apart.
pub const MOST: usize = STYLES.len();

/// A line.
#[derive(Debug, Clone)]
pub struct Polyline {
    /// What stands at its end.
    pub name: String,
    /// From left to right.
    pub points: Vec<(f64, Estimate)>,
    /// What was found of each; empty where nothing is judged.
    pub verdicts: Vec<Option<Verdict>>,
}

/// A family of lines.
#[derive(Debug)]
pub struct Family<'a> {
    /// What changes from left to right.
    pub name: &'a str,
    /// Its unit.
    pub unit: Unit,
    /// Whether its steps are factors.
    pub log: bool,
    /// Values that have a tick, with their words; none for round ones.
    pub ticks: Option<Vec<(f64, String)>>,
    /// What the names of the lines are values of; stands above them, and may be empty.
    pub of_lines: &'a str,
    /// At most [`MOST`].
    pub lines: Vec<Polyline>,
    /// Unit of the lines.
    pub of: Unit,
    /// What is promised, and its words.
    pub promised: Option<(f64, String)>,
    /// Whether the scale is that of shares from 0 to 1.
    pub shares: bool,
    /// Whether the points of a line are joined; else each stands for itself, with its interval.
    pub joined: bool,
    /// A place on the axis that is worth a mark, and its words.
    pub mark: Option<(f64, String)>,
}

impl Family<'_> {
    /// Draws it at both widths.
    pub fn draw(&self, title: &str, desc: &str) -> Drawing {
        both(title, desc, (318.0, 268.0), None, |svg| self.lines(svg))
    }

    /// Where the points of a line stand: those of one value that are not joined stand side by side.
    fn places(&self, line: &Polyline, plot: &Plot) -> Vec<f64> {
        let same = |x: f64| line.points.iter().filter(move |p| p.0 == x);
        let place = |(i, (x, _)): (usize, &(f64, Estimate))| {
            let count = if self.joined { 1 } else { same(*x).count() };
            let before = line.points[..i].iter().filter(|p| p.0 == *x).count();
            let step = (44.0 / count as f64).min(7.0);
            plot.x(*x) + (before as f64 - (count as f64 - 1.0) / 2.0) * step * f64::from(u8::from(count > 1))
        };
        line.points.iter().enumerate().map(place).collect()
    }

    fn lines(&self, svg: &mut Svg) {
        svg.bottom = svg.height - 46.0;
        if self.lines.iter().all(|l| l.name.is_empty()) {
            svg.right = svg.width - 18.0;
        }
        if self.mark.is_none() {
            svg.top = 20.0;
        }
        let all: Vec<Estimate> = self.lines.iter().flat_map(|l| l.points.iter().map(|p| p.1)).collect();
        let upright = if self.shares {
            Axis::linear(0.0, 1.0).at(vec![0.0, 0.25, 0.5, 0.75, 1.0], |v| plain(v, Unit::Share))
        } else {
            upright(&all, self.of, self.promised.as_ref().map(|p| p.0))
        };
        let xs = || self.lines.iter().flat_map(|l| l.points.iter().map(|p| p.0));
        let (low, high) = (xs().fold(f64::INFINITY, f64::min), xs().fold(f64::NEG_INFINITY, f64::max));
        // Those that stand side by side need room at the ends.
        let room = if self.joined { 0.0 } else { 28.0 };
        let mut axis = across(low, high, self.log, self.unit);
        if let Some(ticks) = &self.ticks {
            axis = axis.with(ticks.clone());
        }
        let plot = Plot::inset(svg, axis, upright, room);
        plot.grid(svg);
        if let Some((x, words)) = &self.mark {
            let at = plot.x(*x);
            svg.line(at, 22.0, at, svg.bottom, colour::INK, 1.0, "");
            // On whichever side has room; else as far to the left as it takes.
            let wide = words.chars().count() as f64 * 8.2;
            let (x, anchor) = match at + 6.0 + wide < svg.width {
                true => (at + 6.0, "start"),
                false if at - 6.0 - wide > 0.0 => (at - 6.0, "end"),
                false => ((svg.width - wide - 2.0).max(2.0), "start"),
            };
            svg.text(x, 18.0, words, colour::INK, anchor, true);
        }
        let mut labels = Vec::new();
        for (line, (stroke, dash)) in self.lines.iter().zip(STYLES) {
            let places = self.places(line, &plot);
            if !self.joined {
                for (x, (_, e)) in places.iter().zip(&line.points) {
                    let faint = if line.points.len() > 30 { colour::GRID } else { colour::AXIS };
                    svg.line(*x, plot.y(e.low), *x, plot.y(e.high), faint, 1.0, "");
                }
            } else if line.points.len() > 1 {
                plot.line_with_band(svg, &line.points, Look::of(stroke, dash));
            }
            for (i, (x, (_, e))) in places.iter().zip(&line.points).enumerate() {
                match line.verdicts.get(i) {
                    Some(verdict) => mark(svg, *x, plot.y(e.mean), *verdict),
                    None => svg.dot(*x, plot.y(e.mean), 2.5, stroke),
                }
            }
            if let Some((_, last)) = line.points.last().filter(|_| !line.name.is_empty()) {
                labels.push((plot.y(last.mean), line.name.clone(), stroke));
            }
        }
        if let Some((value, words)) = &self.promised {
            let y = plot.y(*value);
            svg.line(svg.left, y, svg.right, y, colour::INK, 1.0, "2 3");
            let above = y - 5.0 > svg.top + 6.0;
            svg.text_over(svg.left + 6.0, if above { y - 5.0 } else { y + 15.0 }, words, colour::INK, "start", false);
        }
        plot.axis(svg, self.name);
        svg.end_labels(&labels);
        if !labels.is_empty() {
            let (x, room) = (svg.right + 8.0, svg.width - svg.right - 8.0);
            svg.text(x, 11.0, &super::svg::shortened(self.of_lines, room), colour::INK2, "start", false);
        }
    }
}
