//! A ladder of settings: in how many runs each keeps every promise, with its interval, and the share that is needed.

use super::axis::Axis;
use super::chart::Plot;
use super::front::mark;
use super::svg::{Svg, colour, shortened};
use super::{Drawing, both};
use sim_core::results::{Estimate, Verdict};

/// A setting.
#[derive(Debug, Clone)]
pub struct Rung {
    /// As people call it.
    pub name: String,
    /// What stands at its right: what it costs.
    pub beside: String,
    /// The share of runs that keep every promise; `None` without data.
    pub share: Option<Estimate>,
    /// The verdict.
    pub verdict: Verdict,
    /// Whether it is the answer.
    pub answer: bool,
}

/// Draws a ladder at both widths, the first rung on top; `needed` is from 0 to 1.
pub fn draw(title: &str, desc: &str, rungs: &[Rung], needed: f64, heads: (&str, &str)) -> Drawing {
    let high = |row: f64| 44.0 + row * rungs.len() as f64 + 30.0;
    both(title, desc, (high(24.0), high(26.0)), None, |svg| all(svg, rungs, needed, heads))
}

fn all(svg: &mut Svg, rungs: &[Rung], needed: f64, heads: (&str, &str)) {
    let narrow = svg.is_narrow();
    let character = 7.6;
    let longest = |of: fn(&Rung) -> usize, head: &str| {
        rungs.iter().map(of).max().unwrap_or(0).max(head.chars().count()) as f64 * character
    };
    let left = longest(|r| r.name.chars().count(), heads.0).min(if narrow { 110.0 } else { 230.0 });
    let right = longest(|r| r.beside.chars().count(), heads.1).min(if narrow { 84.0 } else { 160.0 });
    (svg.left, svg.right) = (left + 16.0, svg.width - right - 16.0);
    (svg.top, svg.bottom) = (38.0, svg.height - 28.0);
    let (top, bottom) = (svg.top, svg.bottom);
    let axis = Axis::linear(0.0, 1.0).at(vec![0.0, 0.25, 0.5, 0.75, 1.0], |share| format!("{:.0} %", share * 100.0));
    let plot = Plot::across(svg, axis);
    let x = |share: f64| plot.x(share);
    svg.rect(x(needed), top, x(1.0) - x(needed), bottom - top, colour::SHADE);
    svg.text(left, 14.0, &shortened(heads.0, left + 8.0), colour::INK2, "end", false);
    svg.text(svg.width, 14.0, heads.1, colour::INK2, "end", false);
    let words = format!("needed {:.0} %", needed * 100.0);
    svg.text(x(needed), 30.0, &words, colour::INK, if narrow { "end" } else { "middle" }, true);
    svg.line(x(needed), 34.0, x(needed), bottom, colour::INK, 1.0, "");
    plot.upright_grid(svg);
    for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
        if !narrow || [0.0, 0.5, 1.0].contains(&share) {
            svg.text(x(share), bottom + 18.0, &format!("{:.0} %", share * 100.0), colour::INK2, "middle", false);
        }
    }
    let step = (bottom - top) / rungs.len().max(1) as f64;
    for (i, rung) in rungs.iter().enumerate() {
        let y = top + (i as f64 + 0.5) * step;
        let ink = if rung.answer { colour::INK } else { colour::INK2 };
        svg.text(left, y + 4.0, &shortened(&rung.name, left + 8.0), ink, "end", rung.answer);
        svg.text(svg.width, y + 4.0, &rung.beside, ink, "end", rung.answer);
        let stroke = match rung.verdict {
            Verdict::Broken => colour::VERM,
            Verdict::Inconclusive => colour::OCHRE,
            Verdict::Held => colour::GREEN,
        };
        let Some(share) = rung.share else {
            svg.text(x(0.5), y + 4.0, "no data", colour::INK2, "middle", false);
            continue;
        };
        svg.line(x(share.low), y, x(share.high), y, stroke, 3.0, "");
        mark(svg, x(share.mean), y, Some(rung.verdict));
    }
}
