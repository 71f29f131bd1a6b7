//! The tail of the latency: share of answers slower than a latency, both axes log.

use super::axis::Axis;
use super::chart::{Look, Plot};
use super::svg::colour;
use super::ticks::log_ticks;
use super::{DataTable, Figure, both};
use crate::numbers::{clock, optional, plain};
use sim_core::results::{Part, PromiseSummary, StudyResult, Unit};

/// The promise on a percentile of an endpoint: latency [s], share that may be slower, and its words.
fn promised(study: &StudyResult, of: &str) -> Option<(f64, f64, (String, String))> {
    let promise = |p: &PromiseSummary| Some((p.promised?, 1.0 - p.about.latency_of(of)?.fraction()));
    let (latency, share) = study.summary.promises.iter().find_map(promise)?;
    let share_words = plain((share * 1e6).round() / 1e6, Unit::Share);
    Some((latency, share, (format!("at most {share_words}"), format!("beyond {}", plain(latency, Unit::Seconds)))))
}

#[allow(clippy::too_many_lines, reason = "one drawing from top to bottom reads better than its parts")]
pub(super) fn draw(study: &StudyResult) -> Option<Figure> {
    let tail = study.tails.first()?;
    let colours = if tail.curves.len() == 1 { [colour::BLUE; 3] } else { [colour::INK2, colour::VERM, colour::GREEN] };
    let bound = promised(study, &tail.name);
    let floor = 1e-5;
    let used: Vec<_> = tail.curves.iter().zip(colours).filter(|(c, _)| c.answers > 0).collect();
    let inside = |p: &&(f64, f64)| p.1 > floor && p.1 < 1.0;
    let points = || used.iter().flat_map(|(c, _)| c.points.iter()).filter(inside);
    let low = points().map(|p| p.0).fold(f64::INFINITY, f64::min);
    let high = points().map(|p| p.0).fold(0.0, f64::max) * 1.3;
    if !low.is_finite() || high <= low {
        return None;
    }
    let during = used.iter().find(|(c, _)| c.part == Part::During).or(used.first())?;
    let title = format!(
        "{} 1\u{a0}% of answers take over {}",
        if during.0.part == Part::During { "In the fault".to_owned() } else { "Over the whole run".to_owned() },
        during.0.p99_s.map_or_else(|| "–".into(), |e| plain(e.mean, Unit::Seconds))
    );
    let desc = "Share of answered requests slower than a latency; both axes are logarithmic.";
    let drawing = both(&title, desc, (300.0, 250.0), None, |svg| {
        svg.top = 16.0;
        let shares =
            [(1.0, "100 %"), (0.1, "10 %"), (0.01, "1 %"), (1e-3, "0.1 %"), (1e-4, "0.01 %"), (1e-5, "0.001 %")];
        let ticks: Vec<(f64, String)> = shares.iter().map(|(v, l)| (*v, (*l).to_owned())).collect();
        let plot = Plot::new(svg, Axis::log(low, high), Axis::log(floor, 1.0).with(ticks));
        plot.grid(svg);
        let right = svg.right;
        let mut placed = f64::NEG_INFINITY;
        for tick in log_ticks(low, high) {
            let x = plot.x(tick);
            if x - placed > 46.0 {
                svg.text(x, svg.bottom + 18.0, &plain(tick, Unit::Seconds), colour::INK2, "middle", false);
                placed = x;
            }
        }
        if let Some((latency, share, words)) = bound.as_ref().filter(|b| b.0 > low && b.0 < high) {
            // A curve that passes through the corner above and right of the point breaks the promise.
            let (x, y, top) = (plot.x(*latency), plot.y(*share), svg.top);
            plot.between(svg, &[(*latency, *share, 1.0), (high, *share, 1.0)], colour::VERM, 0.08);
            svg.line(x, top, x, y, colour::INK, 1.0, "2 3");
            svg.line(x, y, right, y, colour::INK, 1.0, "2 3");
            svg.dot(x, y, 2.5, colour::INK);
            // In the corner, where the text is near no curve that keeps the promise.
            let lines: &[&str] =
                if svg.is_narrow() { &["promised"] } else { &["promised:", words.0.as_str(), words.1.as_str()] };
            for (i, line) in lines.iter().enumerate() {
                svg.text(right - 4.0, top + 14.0 + 14.0 * i as f64, line, colour::INK, "end", false);
            }
        }
        let mut labels = Vec::new();
        for (curve, stroke) in &used {
            let points = || curve.points.iter().filter(|p| p.0 >= low * 0.99 && p.0 <= high && p.1 > floor);
            let end = points().next_back().map_or(svg.bottom, |p| plot.y(p.1));
            let dash = if curve.part == Part::After { "5 3" } else { "" };
            plot.line(svg, points().copied(), Look::of(stroke, dash));
            let dashed = if curve.part == Part::After && !svg.is_narrow() { " (dashed)" } else { "" };
            labels.push((end.min(svg.bottom - 4.0), format!("{}{dashed}", curve.part.words()), *stroke));
        }
        svg.base();
        svg.end_labels(&labels);
    });
    let mut heads = vec!["Slower than".to_owned()];
    heads.extend(used.iter().map(|(c, _)| format!("{} ({}–{})", c.part.words(), clock(c.span_s.0), clock(c.span_s.1))));
    let latencies: Vec<f64> = points().map(|p| p.0).collect();
    let mut latencies: Vec<f64> = latencies.into_iter().filter(|v| *v >= low && *v <= high).collect();
    latencies.sort_by(f64::total_cmp);
    latencies.dedup();
    let rows = latencies.iter().map(|latency| {
        let mut row = vec![plain(*latency, Unit::Seconds)];
        for (curve, _) in &used {
            let share = curve.points.iter().find(|p| (p.0 - latency).abs() < 1e-12).map(|p| p.1);
            row.push(share.map_or_else(|| "–".into(), |s| plain(s, Unit::Share)));
        }
        row
    });
    let mut rows: Vec<Vec<String>> = rows.collect();
    let mut p99 = vec!["p99".to_owned()];
    p99.extend(used.iter().map(|(c, _)| optional(c.p99_s.as_ref(), Unit::Seconds)));
    rows.push(p99);
    Some(Figure {
        id: "tail".into(),
        title,
        caption: (
            format!("Share of answered requests of {} slower than a latency", tail.name),
            format!("both axes log. {} replications merged.", study.summary.replications),
        ),
        panels: vec![drawing],
        tables: vec![DataTable { says: "share of answers slower than each latency".into(), heads, rows }],
        readings: Vec::new(),
        format: "",
    })
}
