//! Retry amplification of the whole tree of calls: how many attempts come to a service for each that no retry or hedge has caused.

use super::axis::Axis;
use super::chart::{Look, Plot};
use super::svg::{colour, shortened};
use super::ticks::{nice, steps};
use super::{DataTable, Figure, Reading, both, how, table_windows};
use crate::numbers::{clock, estimate, grouped, plain};
use sim_core::results::{ServiceSeries, ServiceSummary, StudyResult, Unit};

/// How the lines differ: stroke, its token, and dashes.
const STYLES: [(&str, &str, &str); 4] = [
    (colour::VERM, "verm", ""),
    (colour::BLUE, "blue", "6 3"),
    (colour::GREEN, "green", ""),
    (colour::PURPLE, "purple", "6 3"),
];

/// From how many attempts on for each that no retry has caused there is something to see.
const WORTH_A_FIGURE: f64 = 1.05;

/// The services to which retries bring more than a little, those first to which they bring most.
fn multiplied(study: &StudyResult) -> Vec<(&ServiceSeries, f64)> {
    let whole = |series: &ServiceSeries| {
        let times = |service: &ServiceSummary| service.tree_amplification.map(|times| times.mean);
        study.summary.services.get(&series.name).and_then(times).unwrap_or(1.0)
    };
    let is_high = |series: &ServiceSeries| series.tree_amplification.iter().flatten().any(|e| e.low >= WORTH_A_FIGURE);
    let mut all: Vec<_> =
        study.service_series.iter().filter(|series| is_high(series)).map(|series| (series, whole(series))).collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    all
}

pub(super) fn draw(study: &StudyResult) -> Option<Figure> {
    let multiplied = multiplied(study);
    let (first, _) = multiplied.first()?;
    let shown = &multiplied[..multiplied.len().min(STYLES.len())];
    let windows = || first.tree_amplification.iter().zip(&study.windows);
    let (most, at) = windows()
        .filter_map(|(times, window)| Some((times.as_ref()?.mean, window.from_s)))
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    let title = format!(
        "At {}, {} attempts come to {} for each that no retry has caused",
        clock(at),
        grouped(most, 1),
        first.name
    );
    let high = shown.iter().flat_map(|(series, _)| series.tree_amplification.iter().flatten().map(|e| e.mean));
    let high = nice(high.fold(1.0, f64::max));
    let desc = "Attempts for each that no retry or hedge has caused, by service and window.";
    let drawing = both(&title, desc, (220.0, 200.0), Some("amplification"), |svg| {
        let axis = Axis::linear(0.0, high).at(steps(high), |v| plain(v, Unit::Count)).ending_in("x");
        let plot = Plot::over_time(svg, study, axis);
        svg.time_frame(study);
        plot.grid(svg);
        let mut labels = Vec::new();
        for ((series, _), (stroke, _, dash)) in shown.iter().zip(STYLES) {
            plot.series(svg, study, series.tree_amplification.iter().copied(), Look::of(stroke, dash));
            let last = series.tree_amplification.iter().rev().flatten().next();
            let room = svg.width - svg.right - 8.0;
            labels.push((last.map_or(svg.bottom, |e| plot.y(e.mean)), shortened(&series.name, room), stroke));
        }
        svg.time_axis(study);
        svg.end_labels(&labels);
    });
    let rows = table_windows(study).into_iter().map(|(i, window)| {
        let cell = |(series, _): &(&ServiceSeries, f64)| match series.tree_amplification.get(i).copied().flatten() {
            Some(times) => estimate(&times, Unit::Count),
            None => "–".into(),
        };
        std::iter::once(window).chain(multiplied.iter().map(cell)).collect()
    });
    let heads = std::iter::once("Window".to_owned()).chain(multiplied.iter().map(|(series, _)| series.name.clone()));
    let readings = shown.iter().zip(STYLES).map(|((series, whole), (_, token, _))| Reading {
        label: series.name.clone(),
        token,
        values: vec![series.tree_amplification.iter().map(|times| times.map(|times| times.mean)).collect()],
        unit: "x",
        whole: format!("{}x", grouped(*whole, 2)),
    });
    Some(Figure {
        id: "amplification".into(),
        caption: (
            "Retry amplification of the whole tree of calls".into(),
            format!(
                "attempts that come to a service, for each that no retry or hedge has caused, of its own call or of one above. {}",
                how(study)
            ),
        ),
        panels: vec![drawing],
        tables: vec![DataTable {
            says: "retry amplification by service and window".into(),
            heads: heads.collect(),
            rows: rows.collect(),
        }],
        readings: readings.collect(),
        format: "n",
        title,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;
    use sim_core::results::Estimate;

    #[test]
    fn is_drawn_where_retries_multiply_and_names_the_worst_window() {
        let mut study = sample::study();
        let windows = study.windows.len();
        let mut times = vec![Some(Estimate::exact(1.0)); windows];
        study.service_series[1].tree_amplification = times.clone();
        assert!(draw(&study).is_none(), "nothing to speak of");
        times[7] = Some(Estimate::exact(8.6));
        study.service_series[1].tree_amplification = times;
        let figure = draw(&study).unwrap();
        assert!(figure.title.contains("8.6 attempts come to payment"), "{}", figure.title);
        assert_eq!((figure.panels.len(), figure.readings.len(), figure.tables[0].heads.len()), (1, 1, 2));
    }
}
