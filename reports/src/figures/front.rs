//! Cost against what it buys, and the front of what nothing beats in both.

use super::chart::{Look, Plot};
use super::svg::{Svg, colour};
use super::ticks::{across, upright};
use super::{Drawing, both};
use sim_core::results::{Estimate, Unit, Verdict};

/// A setting.
#[derive(Debug, Clone)]
pub struct Spot {
    /// As people call it.
    pub name: String,
    /// What it costs.
    pub cost: Estimate,
    /// What it gives.
    pub gives: Estimate,
    /// Whether none is both cheaper and better.
    pub on_front: bool,
    /// Whether it is the answer.
    pub answer: bool,
    /// What was found of it.
    pub verdict: Option<Verdict>,
}

/// Draws the settings at both widths: `unit` of what they give, `promised` with its words.
pub fn draw(title: &str, desc: &str, spots: &[Spot], unit: Unit, promised: Option<&(f64, String)>) -> Drawing {
    both(title, desc, (330.0, 280.0), None, |svg| all(svg, spots, unit, promised))
}

/// The mark of a verdict: a cross, a ring or a dot.
pub fn mark(svg: &mut Svg, x: f64, y: f64, verdict: Option<Verdict>) {
    match verdict {
        Some(Verdict::Broken) => {
            let d = format!("M{:.1} {:.1}l8 8m0 -8l-8 8", x - 4.0, y - 4.0);
            svg.path(&d, "none", colour::VERM, "stroke-width=\"2\"");
        }
        Some(Verdict::Inconclusive) => svg.ring(x, y, 4.0, colour::OCHRE),
        Some(Verdict::Held) => svg.dot(x, y, 4.5, colour::GREEN),
        None => svg.dot(x, y, 4.0, colour::BLUE),
    }
}

fn all(svg: &mut Svg, spots: &[Spot], unit: Unit, promised: Option<&(f64, String)>) {
    (svg.right, svg.top, svg.bottom) = (svg.width - 18.0, 18.0, svg.height - 46.0);
    // Sums of money are long words.
    if unit == Unit::Money {
        svg.left = svg.left.max(84.0);
    }
    let gives: Vec<Estimate> = spots.iter().map(|s| s.gives).collect();
    let low = spots.iter().map(|s| s.cost.low).fold(f64::INFINITY, f64::min);
    let high = spots.iter().map(|s| s.cost.high).fold(f64::NEG_INFINITY, f64::max);
    let (low, high) = if low < high * 0.5 { (0.0, high) } else { (low - (high - low) * 0.05, high) };
    let axis = across(low, high + (high - low).max(1.0) * 0.03, false, Unit::Money);
    let plot = Plot::new(svg, axis, upright(&gives, unit, promised.map(|p| p.0)));
    plot.grid(svg);
    if let Some((value, words)) = promised {
        let y = plot.y(*value);
        svg.line(svg.left, y, svg.right, y, colour::INK, 1.0, "2 3");
        // Left of what is there, above the line.
        svg.text_over(svg.left + 6.0, y - 5.0, words, colour::INK, "start", false);
    }
    let mut front: Vec<&Spot> = spots.iter().filter(|s| s.on_front).collect();
    front.sort_by(|a, b| a.cost.mean.total_cmp(&b.cost.mean));
    // What one can have for less than the next costs stays the same.
    let places: Vec<(f64, f64)> = front.iter().map(|s| (s.cost.mean, s.gives.mean)).collect();
    let steps = places.windows(2).flat_map(|pair| [(pair[1].0, pair[0].1), pair[1]]);
    if front.len() > 1 {
        plot.line(
            svg,
            places.iter().take(1).copied().chain(steps),
            Look { stroke: colour::AXIS, width: 1.25, dash: "" },
        );
    }
    for spot in spots {
        let (x, y) = (plot.x(spot.cost.mean), plot.y(spot.gives.mean));
        let (a, b) = (plot.y(spot.gives.high), plot.y(spot.gives.low));
        if b - a > 1.0 {
            svg.line(x, a, x, b, colour::INK2, 1.0, "");
        }
        let (a, b) = (plot.x(spot.cost.low), plot.x(spot.cost.high));
        if b - a > 1.0 {
            svg.line(a, y, b, y, colour::INK2, 1.0, "");
        }
        mark(svg, x, y, spot.verdict);
    }
    names(svg, spots, |s| (plot.x(s.cost.mean), plot.y(s.gives.mean)), promised.map(|p| plot.y(p.0)));
    plot.axis(svg, "a month");
}

/// Names at those of the front, the answer first, where they lie over nothing.
fn names(svg: &mut Svg, spots: &[Spot], place: impl Fn(&Spot) -> (f64, f64), promise: Option<f64>) {
    let mut taken: Vec<[f64; 4]> =
        spots.iter().map(&place).map(|(x, y)| [x - 6.0, y - 6.0, x + 6.0, y + 6.0]).collect();
    if let Some(y) = promise {
        taken.push([svg.left, y - 16.0, svg.left + 150.0, y + 2.0]);
    }
    let mut order: Vec<&Spot> = spots.iter().filter(|s| s.on_front || s.answer).collect();
    order.sort_by_key(|s| !s.answer);
    for spot in order {
        let (x, y) = place(spot);
        let wide = spot.name.chars().count() as f64 * if spot.answer { 7.8 } else { 7.0 };
        let spots = [
            (x - wide / 2.0, y - 10.0),
            (x - wide / 2.0, y + 18.0),
            (x + 9.0, y + 4.0),
            (x - 9.0 - wide, y + 4.0),
            (x + 7.0, y + 17.0),
        ];
        let free = |(x, y): &(f64, f64)| {
            let text = [*x, y - 11.0, x + wide, y + 3.0];
            let within = text[0] > svg.left && text[2] < svg.width - 2.0 && text[1] > 2.0 && text[3] < svg.bottom - 1.0;
            within && taken.iter().all(|t| t[2] <= text[0] || text[2] <= t[0] || t[3] <= text[1] || text[3] <= t[1])
        };
        let Some((x, y)) = spots.into_iter().find(free) else { continue };
        taken.push([x, y - 11.0, x + wide, y + 3.0]);
        svg.text_over(x, y, &spot.name, if spot.answer { colour::INK } else { colour::INK2 }, "start", spot.answer);
    }
}

/// Which of some settings none beats in both: not dearer and better, or cheaper and not worse.
pub fn front(spots: &[(f64, f64)], less_is_better: bool) -> Vec<bool> {
    let good = |v: f64| if less_is_better { -v } else { v };
    let beats =
        |a: &(f64, f64), b: &(f64, f64)| a.0 <= b.0 && good(a.1) >= good(b.1) && (a.0 < b.0 || good(a.1) > good(b.1));
    spots.iter().map(|spot| !spots.iter().any(|other| beats(other, spot))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_is_what_nothing_beats() {
        let spots = [(1.0, 0.5), (2.0, 0.9), (2.0, 0.8), (3.0, 0.9), (4.0, 0.99)];
        assert_eq!(front(&spots, false), [true, true, false, false, true]);
        let less = [(1.0, 9.0), (2.0, 3.0), (3.0, 4.0)];
        assert_eq!(front(&less, true), [true, true, false]);
    }
}
