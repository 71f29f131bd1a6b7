//! Latency over time, on a log scale.

use super::axis::Axis;
use super::chart::{Look, Plot};
use super::svg::colour;
use super::ticks::log_ticks;
use super::{DataTable, Figure, Reading, both, how, response, table_windows};
use crate::numbers::{optional, plain};
use sim_core::results::{Estimate, PromiseSummary, StudyResult, Unit};

/// Name, values, colour, token, whole run.
type Curve<'a> = (&'static str, &'a [Option<Estimate>], &'static str, &'static str, Estimate);

pub(super) fn draw(study: &StudyResult) -> Option<Figure> {
    let series = study.most_harmed()?;
    let whole = study.summary.endpoints.get(&series.name)?.latency_s?;
    let lines: [Curve; 3] = [
        ("p50", &series.p50_s, colour::BLUE, "blue", whole.p50),
        ("p99", &series.p99_s, colour::VERM, "verm", whole.p99),
        ("p99.9", &series.p99_9_s, colour::PURPLE, "purple", whole.p99_9),
    ];
    let values = || lines.iter().flat_map(|l| l.1.iter().flatten());
    let low = values().map(|e| e.mean).filter(|v| *v > 0.0).fold(f64::INFINITY, f64::min);
    let high = values().map(|e| e.high).fold(0.0, f64::max);
    if !low.is_finite() || !high.is_finite() || high <= 0.0 {
        return None;
    }
    let worst = series
        .p99_s
        .iter()
        .enumerate()
        .filter_map(|(i, v)| v.map(|e| (i, e.mean)))
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    let at = crate::numbers::clock(study.windows.get(worst.0)?.from_s);
    let title = format!(
        "The slowest 1\u{a0}% wait {} at {at}; over the whole run {}",
        plain(worst.1, Unit::Seconds),
        plain(whole.p99.mean, Unit::Seconds)
    );
    let promise = |p: &PromiseSummary| Some((p.about.latency_of(&series.name)?, p.promised?));
    let promise = study.summary.promises.iter().find_map(promise);
    let words =
        promise.map(|(percentile, bound)| format!("promised: {percentile} at most {}", plain(bound, Unit::Seconds)));
    let bound = promise.map(|(_, bound)| bound);
    let desc = "Median, 99th and 99.9th percentile of the latency of answered requests in each window, on a log scale.";
    let drawing = both(&title, desc, (300.0, 250.0), Some("latency"), |svg| {
        let (low, high) = (low.min(bound.unwrap_or(low)) * 0.8, high.max(bound.unwrap_or(0.0)) * 1.25);
        let axis = Axis::log(low, high).at(log_ticks(low, high), |v| plain(v, Unit::Seconds));
        let plot = Plot::over_time(svg, study, axis);
        svg.time_frame(study);
        plot.grid(svg);
        if let Some(bound) = bound {
            svg.promise(study, plot.y(bound), words.as_deref().unwrap_or_default());
        }
        let mut labels = Vec::new();
        for (name, values, stroke, _, _) in &lines {
            plot.series(svg, study, values.iter().copied(), Look::of(stroke, ""));
            let y = values.iter().rev().flatten().next().map_or(svg.bottom, |e| plot.y(e.mean));
            labels.push((y, (*name).to_owned(), *stroke));
        }
        response::draw(svg, study);
        svg.time_axis(study);
        // Of two at one place the slower has the upper name.
        labels.reverse();
        svg.end_labels(&labels);
    });
    let lists = |v: &[Option<Estimate>]| {
        vec![
            v.iter().map(|e| e.map(|e| e.mean)).collect(),
            v.iter().map(|e| e.map(|e| e.low)).collect(),
            v.iter().map(|e| e.map(|e| e.high)).collect(),
        ]
    };
    let rows = table_windows(study).into_iter().map(|(i, w)| {
        let mut row = vec![w];
        row.extend(lines.iter().map(|l| optional(l.1[i].as_ref(), Unit::Seconds)));
        row
    });
    Some(Figure {
        id: "latency".into(),
        caption: (
            format!("Latency of answered requests of {}", series.name),
            format!(
                "from the intended start, log scale. Rejected and failed requests are not in it: they would flatter it. {}{}",
                how(study),
                response::says(study)
            ),
        ),
        panels: vec![drawing],
        tables: vec![DataTable {
            says: "latency by window".into(),
            heads: ["Window", "p50", "p99", "p99.9"].map(String::from).into(),
            rows: rows.collect(),
        }],
        readings: lines
            .iter()
            .map(|(name, values, _, token, whole)| Reading {
                label: (*name).to_owned(),
                token,
                values: lists(values),
                unit: "",
                whole: crate::numbers::estimate(whole, Unit::Seconds),
            })
            .collect(),
        title,
        format: "ms",
    })
}
