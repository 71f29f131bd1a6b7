//! Throughput against concurrency, with the Universal Scalability Law fitted to it and the knee.

use super::chart::{Look, Plot};
use super::front::mark;
use super::svg::{Svg, colour};
use super::ticks::{across, upright};
use super::{Drawing, both};
use sim_core::results::{Estimate, Knee, Scalability, Unit};

/// Draws the knee of a setting at both widths.
pub fn draw(title: &str, desc: &str, knee: &Knee) -> Drawing {
    both(title, desc, (330.0, 280.0), None, |svg| all(svg, knee))
}

/// Throughput at a concurrency by the law [s⁻¹].
fn law(fit: &Scalability, n: f64) -> f64 {
    let (sigma, kappa) = (fit.sigma.mean, fit.kappa.mean);
    fit.lambda.mean * n / (1.0 + sigma * (n - 1.0) + kappa * n * (n - 1.0)).max(1e-12)
}

fn all(svg: &mut Svg, knee: &Knee) {
    (svg.right, svg.top, svg.bottom) = (svg.width - if svg.is_narrow() { 24.0 } else { 60.0 }, 30.0, svg.height - 46.0);
    let points = &knee.points;
    let high = points.iter().map(|p| p.concurrency.high).fold(0.0, f64::max);
    let least = points.iter().map(|p| p.concurrency.mean).fold(f64::INFINITY, f64::min);
    // Where the last loads pile up without end, factors show the knee.
    let log = least > 0.0 && high / least > 30.0;
    let (from, to) = (if log { least * 0.8 } else { 0.0 }, high * 1.03);
    let mut all: Vec<Estimate> = points.iter().map(|p| p.goodput_per_s).collect();
    all.push(Estimate::exact(0.0));
    let seen = points.iter().map(|p| p.goodput_per_s.high).fold(0.0, f64::max);
    // A peak of the law far above all that was seen would leave no room for what was.
    let peak = knee.scalability.as_ref().and_then(|s| s.peak_per_s).filter(|p| *p < seen * 1.6);
    let plot = Plot::new(svg, across(from, to, log, Unit::Count), upright(&all, Unit::PerSecond, peak));
    plot.grid(svg);
    if let Some(fit) = &knee.scalability {
        let value = |i: i32| {
            let part = f64::from(i) / 80.0;
            if log { from * sim_core::engine::math::pow(to / from, part) } else { from + part * (to - from) }
        };
        let points = (0..=80).map(value).map(|n| (n, law(fit, n)));
        plot.line(svg, points, Look::of(colour::BLUE, ""));
        if let Some(peak) = fit.peak_concurrency.filter(|p| *p <= to) {
            let x = plot.x(peak);
            svg.line(x, 10.0, x, svg.bottom, colour::INK, 1.0, "2 3");
            let words = "most by the law";
            let right = x + 6.0 + 7.0 * words.len() as f64 <= svg.width;
            svg.text(
                if right { x + 6.0 } else { x - 6.0 },
                18.0,
                words,
                colour::INK,
                if right { "start" } else { "end" },
                false,
            );
        }
    }
    let mut last: Option<(f64, f64)> = None;
    for point in points {
        let (x, y) = (plot.x(point.concurrency.mean), plot.y(point.goodput_per_s.mean));
        svg.line(plot.x(point.concurrency.low), y, plot.x(point.concurrency.high), y, colour::INK2, 1.0, "");
        svg.line(x, plot.y(point.goodput_per_s.low), x, plot.y(point.goodput_per_s.high), colour::INK2, 1.0, "");
        mark(svg, x, y, Some(point.verdict));
        let words = format!("x{}", crate::numbers::grouped(point.load, 2).trim_end_matches('0').trim_end_matches('.'));
        // Beneath its mark, where none was written near.
        let free = last.is_none_or(|(a, b)| (x - a).abs() > 34.0 || (y - b).abs() > 16.0);
        if free && y + 20.0 < svg.bottom && x + 16.0 < svg.width {
            svg.text(x, y + 19.0, &words, colour::INK2, "middle", false);
            last = Some((x, y));
        }
    }
    plot.axis(svg, "requests under way");
}
