//! Requests by outcome, stacked.

use super::scale::{Scale, nice, steps};
use super::svg::colour;
use super::{Figure, Reading, Section, Table, both, how, table_windows};
use crate::numbers::{estimate, grouped, plain};
use sim_core::model::Outcome;
use sim_core::results::{StudyResult, Unit};
use std::fmt::Write;

pub(super) fn draw(study: &StudyResult) -> Option<Figure> {
    let series = study.endpoint_series.first()?;
    let windows = study.windows.len();
    let total = |o: usize| series.outcomes_per_s[o].iter().map(|e| e.mean).sum::<f64>();
    // ok at the bottom, then what is worse.
    let used: Vec<usize> = [0, 1, 5, 4, 3, 2, 6, 7].into_iter().filter(|o| total(*o) > 0.0).collect();
    let top =
        (0..windows).map(|i| used.iter().map(|o| series.outcomes_per_s[*o][i].mean).sum::<f64>()).fold(0.0, f64::max);
    if top <= 0.0 {
        return None;
    }
    let all: f64 = (0..8).map(total).sum();
    let lost: f64 = (2..8).map(total).sum();
    let title = if lost / all < 1e-4 {
        format!("Nearly all requests of {} are answered", series.name)
    } else {
        let worst = (2..8).max_by(|a, b| total(*a).total_cmp(&total(*b)))?;
        format!(
            "{} of requests get no answer, most of them {}",
            plain(lost / all, Unit::Share),
            Outcome::ALL[worst].name()
        )
    };
    let desc = "Requests a second by outcome in each window, stacked.";
    let drawing = both(&title, desc, (300.0, 250.0), Some("outcomes"), |svg| {
        let high = nice(top);
        let scale = Scale::linear(0.0, high, svg.top, svg.bottom);
        svg.time_frame(study);
        let last = steps(high).len() - 1;
        let ticks: Vec<(f64, String)> = steps(high)
            .into_iter()
            .enumerate()
            .map(|(i, v)| {
                (
                    v,
                    if i == last {
                        format!("{}/s", grouped(v, usize::from(high < 5.0)))
                    } else {
                        grouped(v, usize::from(high < 5.0))
                    },
                )
            })
            .collect();
        svg.grid(&scale, &ticks);
        let mut below = vec![0.0; windows];
        let mut labels = Vec::new();
        for outcome in &used {
            let above: Vec<f64> = below.iter().zip(&series.outcomes_per_s[*outcome]).map(|(b, e)| b + e.mean).collect();
            let mut d = String::new();
            for (i, w) in study.windows.iter().enumerate() {
                let (a, b) = (svg.x_of(study, w.from_s), svg.x_of(study, w.to_s));
                let y = scale.at(above[i]);
                let _ = write!(d, "{}{a:.1} {y:.1}L{b:.1} {y:.1}", if i == 0 { "M" } else { "L" });
            }
            for (i, w) in study.windows.iter().enumerate().rev() {
                let (a, b) = (svg.x_of(study, w.from_s), svg.x_of(study, w.to_s));
                let y = scale.at(below[i]);
                let _ = write!(d, "L{b:.1} {y:.1}L{a:.1} {y:.1}");
            }
            d.push('Z');
            svg.path(&d, colour::OUTCOMES[*outcome], "none", "");
            let middle = scale.at(f64::midpoint(below[windows - 1], above[windows - 1]));
            labels.push((middle, Outcome::ALL[*outcome].name().to_owned(), colour::INK2));
            below = above;
        }
        svg.time_axis(study);
        svg.end_labels(&labels);
    });
    let rows = table_windows(study).into_iter().map(|(i, w)| {
        let mut row = vec![w];
        row.extend(used.iter().map(|o| estimate(&series.outcomes_per_s[*o][i], Unit::Count)));
        row
    });
    let mut heads = vec!["Window".to_owned()];
    heads.extend(used.iter().map(|o| format!("{} /s", Outcome::ALL[*o].name())));
    let readings = used.iter().map(|o| Reading {
        label: Outcome::ALL[*o].name().to_owned(),
        token: colour::OUTCOME_TOKENS[*o],
        values: vec![series.outcomes_per_s[*o].iter().map(|e| Some(e.mean)).collect()],
        unit: "/s",
        whole: format!("{}/s", plain(total(*o) / windows as f64, Unit::Count)),
    });
    Some(Figure {
        id: "outcomes",
        section: Section::OverTime,
        title,
        caption: (
            format!("Requests of {} by outcome", series.name),
            format!("stacked, a second. {} Intervals of the layers are in the table.", how(study)),
        ),
        panels: vec![drawing],
        tables: vec![Table { says: "requests a second by outcome".into(), heads, rows: rows.collect() }],
        readings: readings.collect(),
        format: "n",
    })
}
