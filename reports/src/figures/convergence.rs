//! How the interval narrows with the number of replications.

use super::axis::Axis;
use super::chart::{Look, Plot};
use super::svg::colour;
use super::ticks::nice;
use super::{DataTable, Figure, both};
use crate::numbers::estimate;
use sim_core::engine::math::pow;
use sim_core::results::{StudyResult, Unit};

pub(super) fn draw(study: &StudyResult) -> Option<Figure> {
    let all: Vec<_> = study.convergence.iter().filter(|(n, _)| *n >= 2).copied().collect();
    let (last_n, last) = *all.last()?;
    if all.len() < 3 {
        return None;
    }
    let settled: Vec<_> = all.iter().filter(|(n, _)| *n >= 4).copied().collect();
    let low = settled.iter().map(|(_, e)| e.low).fold(f64::INFINITY, f64::min);
    let high = settled.iter().map(|(_, e)| e.high).fold(f64::NEG_INFINITY, f64::max);
    // What is the same in all replications has no interval to narrow.
    if high - low < 1e-9 {
        return None;
    }
    let title = format!("After {last_n} replications availability is known to {}", estimate(&last, Unit::Share));
    let desc = "Mean availability over the first n replications, with its 95 percent interval.";
    let drawing = both(&title, desc, (190.0, 180.0), None, |svg| {
        let room = ((high - low) * 0.1).max(1e-7);
        let step = nice((high - low).max(1e-9) / 4.0);
        let decimals = (0..6).find(|d| step * 100.0 >= pow(10.0, -f64::from(*d)) * 0.999).unwrap_or(6);
        // Half steps need a digit more.
        let decimals = decimals as usize + usize::from((step * 100.0 * pow(10.0, f64::from(decimals))).fract() > 0.01);
        let first = (low / step).ceil() as i64;
        let ticks = (first..first + 8).map(|i| i as f64 * step).filter(|v| *v <= high).collect();
        let upright = Axis::linear(low - room, high + room).at(ticks, |v| format!("{:.decimals$} %", v * 100.0));
        let plot = Plot::new(svg, Axis::linear(0.0, f64::from(last_n)), upright);
        plot.grid(svg);
        let points: Vec<_> = settled.iter().map(|(n, e)| (f64::from(*n), *e)).collect();
        plot.line_with_band(svg, &points, Look::of(colour::BLUE, ""));
        svg.base();
        let (left, right, bottom) = (svg.left, svg.right, svg.bottom);
        svg.text(left, bottom + 18.0, "0", colour::INK2, "middle", false);
        svg.text(right, bottom + 18.0, &format!("{last_n} replications"), colour::INK2, "middle", false);
    });
    let picked = all.iter().filter(|(n, _)| n.is_power_of_two() || *n == last_n);
    let rows = picked.map(|(n, e)| vec![n.to_string(), estimate(e, Unit::Share)]);
    Some(Figure {
        id: "convergence".into(),
        title,
        caption: ("Mean availability over the first n replications".into(), "band: 95 % interval.".into()),
        panels: vec![drawing],
        tables: vec![DataTable {
            says: "the interval at some numbers of replications".into(),
            heads: ["Replications", "Availability"].map(String::from).into(),
            rows: rows.collect(),
        }],
        readings: Vec::new(),
        format: "",
    })
}
