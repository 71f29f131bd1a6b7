//! Availability over time, on a scale of nines.

use super::axis::Axis;
use super::chart::{Look, Plot};
use super::svg::colour;
use super::{DataTable, Figure, Reading, both, how, response, table_windows};
use crate::numbers::{grouped, optional};
use sim_core::results::{Estimate, StudyResult, Unit};

pub(super) fn draw(study: &StudyResult) -> Option<Figure> {
    let series = study.most_harmed()?;
    let whole = study.summary.endpoints.get(&series.name)?;
    let worst = series
        .availability
        .iter()
        .enumerate()
        .filter_map(|(i, v)| v.map(|e| (i, e.mean)))
        .min_by(|a, b| a.1.total_cmp(&b.1))?;
    let at = crate::numbers::clock(study.windows.get(worst.0)?.from_s);
    let title = if worst.1 > 0.999 {
        format!("{} answers nearly all requests in every window", series.name)
    } else {
        format!("At worst, at {at}, {} answers {}\u{a0}% of requests", series.name, grouped(worst.1 * 100.0, 1))
    };
    let promised = study.summary.promises.iter().find(|p| p.about.is_availability_of(&series.name));
    let bound = promised.and_then(|p| p.promised);
    let nines = if bound.is_some_and(|b| b > 0.9999) { 5 } else { 4 };
    let desc = "Share of requests answered in each window, on a scale that widens towards 100 percent.";
    let drawing = both(&title, desc, (300.0, 250.0), Some("availability"), |svg| {
        let plot = Plot::over_time(svg, study, Axis::nines(nines));
        svg.time_frame(study);
        plot.grid(svg);
        if let Some(bound) = bound {
            svg.promise(study, plot.y(bound), &format!("promised {}", crate::numbers::plain(bound, Unit::Share)));
        }
        plot.series(svg, study, series.in_full.iter().copied(), Look::of(colour::OCHRE, "5 3"));
        plot.series(svg, study, series.availability.iter().copied(), Look::of(colour::BLUE, ""));
        response::draw(svg, study);
        svg.time_axis(study);
        let last = |v: &[Option<Estimate>]| v.iter().rev().flatten().next().map_or(svg.bottom, |e| plot.y(e.mean));
        let labels = [
            (last(&series.availability), "answered".to_owned(), colour::BLUE),
            (last(&series.in_full), "in full".to_owned(), colour::OCHRE),
        ];
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
        vec![
            w,
            optional(series.availability[i].as_ref(), Unit::Share),
            optional(series.in_full[i].as_ref(), Unit::Share),
        ]
    });
    let ended: f64 = whole.outcomes.values().map(|o| o.mean).sum();
    let in_full = whole.outcomes.get("ok").map_or(0.0, |ok| ok.mean / ended.max(1.0));
    Some(Figure {
        id: "availability".into(),
        title,
        caption: (
            format!("Availability of {}", series.name),
            format!(
                "on a scale of nines: each step up is ten times fewer losses. {}{}",
                how(study),
                response::says(study)
            ),
        ),
        panels: vec![drawing],
        tables: vec![DataTable {
            says: "answered and answered in full, by window".into(),
            heads: ["Window", "Answered", "In full"].map(String::from).into(),
            rows: rows.collect(),
        }],
        readings: vec![
            Reading {
                label: "answered".into(),
                token: "blue",
                values: lists(&series.availability),
                unit: "",
                whole: optional(whole.availability.as_ref(), Unit::Share),
            },
            Reading {
                label: "in full".into(),
                token: "ochre",
                values: lists(&series.in_full),
                unit: "",
                whole: crate::numbers::plain(in_full, Unit::Share),
            },
        ],
        format: "pct",
    })
}
