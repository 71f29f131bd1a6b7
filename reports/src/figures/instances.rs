//! Instances against load: two panels on one axis of time.

use super::axis::Axis;
use super::chart::{Look, Plot};
use super::svg::colour;
use super::ticks::{nice, steps};
use super::{DataTable, Figure, Reading, both, how, table_windows};
use crate::numbers::{estimate, grouped, plain};
use sim_core::results::{Estimate, ServiceSeries, StudyResult, Unit};
use std::borrow::Cow;

/// The place of a panel in its figure: the first says what strikes, the last has the axis of time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PanelPlace {
    First,
    Middle,
    Last,
}

/// The services that scalers move, or the one whose workers are used most.
fn shown(study: &StudyResult) -> Vec<&ServiceSeries> {
    let used = |s: &&ServiceSeries| s.utilisation.iter().flatten().map(|e| e.mean).fold(0.0, f64::max);
    let scaled: Vec<&ServiceSeries> = study.service_series.iter().filter(|s| s.scaled).collect();
    if scaled.is_empty() {
        return study.service_series.iter().max_by(|a, b| used(a).total_cmp(&used(b))).into_iter().collect();
    }
    scaled
}

pub(super) fn draw(study: &StudyResult) -> Option<Figure> {
    shown(study).first().map(|series| one(study, series, "instances".into()))
}

/// The same of each service that a scaler moves, behind the first.
pub(super) fn others(study: &StudyResult) -> Vec<Figure> {
    let others = shown(study).into_iter().enumerate().skip(1);
    others.map(|(place, series)| one(study, series, format!("instances-of-{}", place + 1).into())).collect()
}

/// Whether a scaler asks for other numbers than it orders.
fn is_held_back(series: &ServiceSeries) -> bool {
    series.scaled && series.desired.iter().zip(&series.wanted).any(|(a, b)| (a.mean - b.mean).abs() > 0.01)
}

/// What the lines of a scaler mean.
fn said(series: &ServiceSeries) -> &'static str {
    if is_held_back(series) {
        " Wanted is what the scaler has ordered, desired what its metrics ask for: bounds, cool-downs and windows hold it back."
    } else {
        ""
    }
}

#[allow(clippy::too_many_lines, reason = "one drawing from top to bottom reads better than its parts")]
fn one(study: &StudyResult, series: &ServiceSeries, id: Cow<'static, str>) -> Figure {
    let mean = |v: &[Estimate]| v.iter().map(|e| e.mean).sum::<f64>() / v.len().max(1) as f64;
    let fewest = series.instances_range.iter().map(|r| r.0).fold(f64::INFINITY, f64::min);
    let most = series.instances_range.iter().map(|r| r.1).fold(0.0, f64::max);
    let title = if (most - fewest).abs() < 1e-9 {
        let used = series.utilisation.iter().flatten().map(|e| e.mean).fold(0.0, f64::max);
        format!(
            "{} stays at {} instances; at most {:.0}\u{a0}% of its workers are held",
            series.name,
            grouped(most, 0),
            used * 100.0
        )
    } else {
        format!("{} has from {} to {} instances", series.name, grouped(fewest, 0), grouped(most, 0))
    };
    let panel = |values: &[(&'static str, &[Estimate], &'static str, &'static str)],
                 unit: &'static str,
                 range: bool,
                 place: PanelPlace| {
        let high = values.iter().flat_map(|v| v.1.iter().map(|e| e.high)).fold(0.0, f64::max).max(if range {
            most
        } else {
            0.0
        });
        let names: Vec<&str> = values.iter().map(|v| v.0).collect();
        let band = if range { "from fewest to most" } else { "the 95 percent interval" };
        let desc = format!("{} in each window; the band is {band}.", names.join(" and "));
        let height = if place == PanelPlace::Middle { (140.0, 130.0) } else { (160.0, 150.0) };
        both(&title, &desc, height, Some("instances"), |svg| {
            if place != PanelPlace::First {
                svg.top = 10.0;
            }
            if place != PanelPlace::Last {
                svg.bottom = svg.height - 8.0;
            }
            let high = nice(high);
            let axis = Axis::linear(0.0, high).at(steps(high), |v| plain(v, Unit::Count)).ending_in(unit);
            let plot = Plot::over_time(svg, study, axis);
            if place == PanelPlace::First {
                svg.time_frame(study);
            } else {
                svg.shade(study);
            }
            plot.grid(svg);
            if range {
                let middles = study.windows.iter().map(|w| f64::midpoint(w.from_s, w.to_s));
                let range: Vec<_> = middles.zip(&series.instances_range).map(|(x, r)| (x, r.0, r.1)).collect();
                svg.over_time(|svg| plot.band(svg, &range, colour::BLUE));
            }
            let mut labels = Vec::new();
            for (name, values, stroke, dash) in values {
                plot.series(svg, study, values.iter().copied().map(Some), Look::of(stroke, dash));
                let y = values.last().map_or(svg.bottom, |e| plot.y(e.mean));
                labels.push((y, (*name).to_owned(), *stroke));
            }
            if place == PanelPlace::Last {
                svg.time_axis(study);
            } else {
                svg.base();
            }
            svg.end_labels(&labels);
        })
    };
    let load = panel(&[("offered", &series.offered_per_s, colour::INK2, "")], "/s", false, PanelPlace::First);
    let mut lines = vec![("serving", series.instances.as_slice(), colour::BLUE, "")];
    if series.scaled {
        lines.push(("wanted", series.wanted.as_slice(), colour::OCHRE, "5 3"));
        if is_held_back(series) {
            lines.push(("desired", series.desired.as_slice(), colour::PURPLE, "2 3"));
        }
        if series.starting.iter().any(|starting| starting.mean > 0.0) {
            lines.push(("starting", series.starting.as_slice(), colour::GREEN, ""));
        }
    }
    let instances = panel(&lines, "", true, PanelPlace::Middle);
    let queue = panel(&[("waiting", &series.queue_length, colour::VERM, "")], "", false, PanelPlace::Last);
    let rows = table_windows(study).into_iter().map(|(i, w)| {
        let (low, high) = series.instances_range[i];
        vec![
            w,
            estimate(&series.offered_per_s[i], Unit::PerSecond),
            estimate(&series.desired[i], Unit::Count),
            estimate(&series.wanted[i], Unit::Count),
            estimate(&series.starting[i], Unit::Count),
            estimate(&series.instances[i], Unit::Count),
            grouped(low, 0),
            grouped(high, 0),
            estimate(&series.queue_length[i], Unit::Count),
        ]
    });
    let reading = |label: &str, token: &'static str, values: &[Estimate], unit: &'static str| Reading {
        label: label.to_owned(),
        token,
        values: vec![values.iter().map(|e| Some(e.mean)).collect()],
        unit,
        whole: format!("{}{unit}", plain(mean(values), Unit::Count)),
    };
    let mut readings = vec![reading("offered", "ink2", &series.offered_per_s, "/s")];
    if series.scaled {
        if is_held_back(series) {
            readings.push(reading("desired", "purple", &series.desired, ""));
        }
        readings.push(reading("wanted", "ochre", &series.wanted, ""));
        readings.push(reading("starting", "green", &series.starting, ""));
    }
    readings.push(reading("serving", "blue", &series.instances, ""));
    readings.push(reading("waiting", "verm", &series.queue_length, ""));
    Figure {
        id,
        caption: (
            format!("Load, instances and queue of {}", series.name),
            format!(
                "the band of instances goes from the run with fewest to that with most.{} {}",
                said(series),
                how(study)
            ),
        ),
        panels: vec![load, instances, queue],
        tables: vec![DataTable {
            says: "load, instances and queue by window".into(),
            heads: ["Window", "Offered load", "Desired", "Wanted", "Starting", "Serving", "Fewest", "Most", "Waiting"]
                .map(String::from)
                .into(),
            rows: rows.collect(),
        }],
        readings,
        title,
        format: "n",
    }
}
