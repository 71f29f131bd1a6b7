//! Differences with their intervals about a line at zero: what is right of it is more, and colour says whether that is better. They are drawn in
//! per cent of A, so that milliseconds and minutes are read on one axis; shares, which are per cent already, in points.

use super::axis::Axis;
use super::chart::Plot;
use super::svg::{Svg, colour, shortened};
use super::ticks::round_values;
use super::{Drawing, both};
use sim_core::results::Estimate;
use sim_core::results::compare::Change;

/// A difference.
#[derive(Debug, Clone)]
pub struct Difference {
    /// Of what.
    pub name: String,
    /// B minus A, as a share of A or in points; `None` where it has no place on the axis: A is 0, or a time never comes.
    pub value: Option<Estimate>,
    /// The same, as it is written.
    pub text: String,
    /// What became of it.
    pub change: Option<Change>,
    /// The same in a word.
    pub word: &'static str,
}

/// Draws differences at both widths; `name` is that of the axis, and `label` writes a tick.
pub fn draw(title: &str, desc: &str, all: &[Difference], name: &str, label: impl Fn(f64) -> String) -> Drawing {
    let high = |row: f64| 10.0 + row * all.len() as f64 + 48.0;
    both(title, desc, (high(40.0), high(56.0)), None, |svg| rows(svg, all, name, &label))
}

fn rows(svg: &mut Svg, all: &[Difference], name: &str, label: &impl Fn(f64) -> String) {
    (svg.left, svg.right, svg.top, svg.bottom) = (8.0, svg.width - 8.0, 6.0, svg.height - 46.0);
    let placed = all.iter().filter_map(|d| d.value);
    let far = placed.flat_map(|value| [value.low.abs(), value.high.abs()]).fold(0.0, f64::max).max(1e-9) * 1.05;
    let plot = Plot::across(svg, Axis::linear(-far, far).at(round_values(-far, far), label));
    let zero = plot.x(0.0);
    let step = (svg.bottom - svg.top) / all.len().max(1) as f64;
    for (i, row) in all.iter().enumerate() {
        let y = svg.top + i as f64 * step;
        let value = format!("{}  {}", row.text, row.word);
        let room = svg.width - 16.0 - if svg.is_narrow() { 0.0 } else { 8.0 + value.chars().count() as f64 * 7.8 };
        svg.text(svg.left, y + 14.0, &shortened(&row.name, room), colour::INK, "start", false);
        let stroke = match row.change {
            Some(Change::Better) => colour::GREEN,
            Some(Change::Worse) => colour::VERM,
            _ => colour::INK2,
        };
        // On a phone the number stands beneath its name.
        let (down, bar) = if svg.is_narrow() { (29.0, 42.0) } else { (14.0, 28.0) };
        svg.text(svg.right, y + down, &value, stroke, "end", true);
        let y = y + bar;
        svg.line(svg.left, y, svg.right, y, colour::GRID, 1.0, "");
        if let Some(value) = row.value {
            let (a, b) = (plot.x(value.low), plot.x(value.high));
            svg.line(a, y, b.max(a + 1.0), y, stroke, 3.0, "");
            svg.dot(plot.x(value.mean), y, 4.5, stroke);
        }
        svg.line(zero, y - 8.0, zero, y + 8.0, colour::INK, 1.25, "");
    }
    plot.axis(svg, name);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(value: Option<Estimate>) -> Difference {
        Difference { name: "p99".into(), value, text: "x".into(), change: Some(Change::Better), word: "better" }
    }

    #[test]
    fn what_has_no_place_is_named_and_leaves_the_axis_to_the_others() {
        let half = Some(Estimate { mean: -0.5, low: -0.6, high: -0.4 });
        let label = |v: f64| format!("{v:.1}");
        let all = [difference(half), difference(None), difference(half)];
        let svg = draw("t", "d", &all, "in % of A", label).wide;
        assert_eq!((svg.matches("<circle").count(), svg.matches(">p99</text>").count()), (2, 3));
        let place = |nth: usize| svg.split("<circle cx=\"").nth(nth).and_then(|rest| rest.split('"').next());
        assert_eq!(place(1), place(2));
        assert!(svg.contains(">in % of A</text>") && svg.contains(">-0.5</text>"), "{svg}");
    }
}
