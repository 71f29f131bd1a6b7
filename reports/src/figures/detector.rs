//! A detector at other thresholds: how soon it finds its fault, and how often it fires falsely.

use super::axis::Axis;
use super::chart::{Look, Plot};
use super::svg::colour;
use super::ticks::{log_ticks, nice};
use super::{DataTable, Drawing, Figure, both};
use crate::numbers::{estimate, optional, plain};
use sim_core::results::{DetectorCurve, DetectorPoint, Unit};

/// The figure of an alert; `number` tells those of several alerts apart.
pub fn draw(number: usize, alert: &str, curve: &DetectorCurve) -> Figure {
    let title = sentence(alert, curve);
    let found = |point: &DetectorPoint| Some((point.threshold, point.found_after_s?));
    let falsely = |point: &DetectorPoint| Some((point.threshold, point.false_a_day?.mean));
    let soon: Vec<(f64, f64)> = curve.points.iter().filter_map(found).collect();
    let often: Vec<(f64, f64)> = curve.points.iter().filter_map(falsely).collect();
    let panels =
        [("Found after", soon, Unit::Seconds, colour::BLUE), ("False alarms a day", often, Unit::Count, colour::VERM)];
    let drawn = panels.into_iter().filter(|(_, points, ..)| !points.is_empty());
    let panels: Vec<Drawing> = drawn
        .map(|(name, points, unit, stroke)| {
            let desc = format!("{name} of {alert} against its threshold, which is drawn logarithmically.");
            panel((&title, &desc, name), curve, &points, unit, stroke)
        })
        .collect();
    let row = |point: &DetectorPoint| {
        let set = if is_set(curve, point) { ", as in the file" } else { "" };
        vec![
            format!("{}{set}", plain(point.threshold, curve.unit)),
            point.found.map_or_else(|| "–".to_owned(), |found| estimate(&found, Unit::Share)),
            point.found_after_s.map_or_else(|| "never".to_owned(), |s| plain(s, Unit::Seconds)),
            optional(point.false_a_day.as_ref(), Unit::Count),
            point.in_alarm.map_or_else(|| "–".to_owned(), |share| plain(share, Unit::Share)),
        ]
    };
    let than = if curve.above { "above" } else { "below" };
    Figure {
        id: format!("detector-{number}").into(),
        title,
        caption: (
            format!("{alert} with other thresholds: {} {than}", curve.of),
            format!(
                "found: it began to fire while {} lasted; found after is the median over those strikes; false alarms are those of the same \
                 runs without any fault, {} days in all, and in alarm is the share of these in which it fires: one that never stops begins once. Upright: the \
                 threshold of the file.",
                curve.finds,
                plain(curve.days, Unit::Count)
            ),
        ),
        panels,
        tables: vec![DataTable {
            says: format!("{alert} at other thresholds"),
            heads: ["Threshold", "Found", "Found after", "False a day", "In alarm"].map(String::from).into(),
            rows: curve.points.iter().map(row).collect(),
        }],
        readings: Vec::new(),
        format: "",
    }
}

fn is_set(curve: &DetectorCurve, point: &DetectorPoint) -> bool {
    (point.threshold / curve.set - 1.0).abs() < 1e-9
}

/// What another threshold would have done, as a sentence without a full stop.
fn sentence(alert: &str, curve: &DetectorCurve) -> String {
    let finds = &curve.finds;
    let finds_all = |point: &&DetectorPoint| point.found.is_some_and(|found| found.mean == 1.0);
    let is_quiet = |point: &&DetectorPoint| point.false_a_day.is_some_and(|falsely| falsely.mean == 0.0);
    let after = |point: &DetectorPoint| point.found_after_s.unwrap_or(f64::INFINITY);
    let good = curve.points.iter().filter(finds_all).filter(is_quiet);
    let best = good.min_by(|a, b| after(a).total_cmp(&after(b)));
    let Some(set) = curve.points.iter().find(|point| is_set(curve, point)) else {
        return format!("{alert} at other thresholds");
    };
    if curve.points.iter().all(|point| point.found_after_s.is_none()) {
        return format!("{alert} finds {finds} at no threshold");
    }
    let of_set = match set.found_after_s {
        Some(s) if finds_all(&set) => format!("{alert} finds {finds} after {}", plain(s, Unit::Seconds)),
        Some(_) => format!("{alert} misses some strikes of {finds}"),
        None => format!("{alert} never finds {finds}"),
    };
    if curve.points.iter().all(|point| point.false_a_day.is_none()) {
        return format!("{of_set}; no run without a fault was measured, so that no false alarm could be seen");
    }
    match best {
        Some(best) if after(best) < 0.9 * after(set) || !finds_all(&set) || !is_quiet(&set) => format!(
            "{of_set}; at {} it finds {} after {} without a false alarm in {}",
            plain(best.threshold, curve.unit),
            if finds_all(&set) { "it" } else { "all" },
            plain(after(best), Unit::Seconds),
            days(curve.days)
        ),
        Some(_) => format!("{of_set}, and no other threshold without a false alarm is much sooner"),
        None => format!("{of_set}, and no threshold finds all strikes without a false alarm"),
    }
}

/// A number of days with its noun: `0.5 days`, `1 day`.
fn days(number: f64) -> String {
    let number = plain(number, Unit::Count);
    if number == "1" { "1\u{a0}day".to_owned() } else { format!("{number}\u{a0}days") }
}

fn panel(
    (title, desc, name): (&str, &str, &str),
    curve: &DetectorCurve,
    points: &[(f64, f64)],
    unit: Unit,
    stroke: &str,
) -> Drawing {
    let low = curve.points.first().map_or(1.0, |point| point.threshold);
    let high = curve.points.last().map_or(1.0, |point| point.threshold);
    let most = points.iter().map(|(_, value)| *value).fold(0.0, f64::max);
    let most = if most > 0.0 { most * 1.1 } else { 1.0 };
    both(title, desc, (170.0, 160.0), None, |svg| {
        svg.top = 24.0;
        let step = nice(most / 3.0);
        let ticks = (0..6).map(|i| f64::from(i) * step).filter(|value| *value <= most).collect();
        let plot = Plot::new(svg, Axis::log(low, high), Axis::linear(0.0, most).at(ticks, |value| plain(value, unit)));
        plot.grid(svg);
        let mut placed = f64::NEG_INFINITY;
        for tick in log_ticks(low, high) {
            let x = plot.x(tick);
            if x - placed > 52.0 {
                svg.text(x, svg.bottom + 18.0, &plain(tick, curve.unit), colour::INK2, "middle", false);
                placed = x;
            }
        }
        let (x, top, bottom) = (plot.x(curve.set), svg.top, svg.bottom);
        svg.line(x, top, x, bottom, colour::INK, 1.0, "2 3");
        plot.line(svg, points.iter().copied(), Look::of(stroke, ""));
        for (threshold, value) in points {
            svg.dot(plot.x(*threshold), plot.y(*value), 2.5, stroke);
        }
        svg.base();
        svg.text(svg.left, 14.0, name, colour::INK, "start", true);
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::results::Estimate;

    fn point(threshold: f64, found: f64, after_s: Option<f64>, falsely: f64) -> DetectorPoint {
        DetectorPoint {
            threshold,
            found: Some(Estimate::exact(found)),
            found_after_s: after_s,
            false_a_day: Some(Estimate::exact(falsely)),
            in_alarm: Some(0.0),
        }
    }

    fn curve(points: Vec<DetectorPoint>) -> DetectorCurve {
        let (finds, of) = ("slow".to_owned(), "p99(api.get) over 1m".into());
        DetectorCurve { finds, of, unit: Unit::Seconds, above: true, set: 0.1, days: 2.0, points }
    }

    #[test]
    fn the_title_says_what_another_threshold_would_have_done() {
        let said = |points: Vec<DetectorPoint>| draw(1, "late", &curve(points)).title.replace('\u{a0}', " ");
        let sooner = vec![point(0.05, 1.0, Some(20.0), 0.0), point(0.1, 1.0, Some(60.0), 0.0)];
        assert_eq!(
            said(sooner),
            "late finds slow after 60 s; at 50 ms it finds it after 20 s without a false alarm in 2 days"
        );
        let noisy = vec![point(0.05, 1.0, Some(20.0), 3.0), point(0.1, 1.0, Some(60.0), 0.0)];
        assert_eq!(
            said(noisy),
            "late finds slow after 60 s, and no other threshold without a false alarm is much sooner"
        );
        let deaf = vec![point(0.05, 1.0, Some(20.0), 0.0), point(0.1, 0.0, None, 0.0)];
        assert_eq!(
            said(deaf),
            "late never finds slow; at 50 ms it finds all after 20 s without a false alarm in 2 days"
        );
        let none = vec![point(0.05, 0.0, None, 3.0), point(0.1, 0.0, None, 0.0)];
        assert_eq!(said(none), "late finds slow at no threshold");
        let never = vec![point(0.05, 0.5, Some(20.0), 0.0), point(0.1, 0.2, Some(9.0), 0.0)];
        assert_eq!(
            said(never),
            "late misses some strikes of slow, and no threshold finds all strikes without a false alarm"
        );
    }

    #[test]
    fn each_threshold_has_a_row_and_that_of_the_file_is_named() {
        let figure = draw(2, "late", &curve(vec![point(0.1, 1.0, Some(60.0), 0.0), point(0.2, 0.0, None, 1.5)]));
        assert_eq!((figure.panels.len(), figure.id.as_ref()), (2, "detector-2"));
        let cells: Vec<String> =
            figure.tables[0].rows.concat().iter().map(|cell| cell.replace('\u{a0}', " ")).collect();
        assert_eq!(
            cells,
            ["100 ms, as in the file", "100 %", "60 s", "0", "0 %", "200 ms", "0 %", "never", "1.5", "0 %"]
        );
    }
}
