//! A metric over the knobs: lines over a knob of numbers, a map of two knobs, or a cloud; and the table of its values.

use super::plan::AxisPlan;
use super::{Metric, settings};
use crate::figures::heat_map::{Cell, HeatMap, letter};
use crate::figures::lines::{self, Family, Polyline};
use crate::figures::{DataTable, Drawing, Figure};
use crate::numbers::plain;
use crate::words::NEEDED;
use sim_core::results::{Estimate, Point, SweepResult};

/// Columns that a heat map has at most.
const MOST_COLUMNS: usize = 16;
/// Rows that a heat map has at most.
const MOST_ROWS: usize = 40;

/// A metric over the knobs: lines over a knob of numbers, a map of two knobs, or a cloud.
pub(super) fn draw(sweep: &SweepResult, plan: &AxisPlan, metric: &Metric, title: &str) -> Option<Figure> {
    let known = sweep.points.iter().filter(|p| (metric.value)(p).is_some()).count();
    if known == 0 || sweep.knobs.is_empty() {
        return None;
    }
    let knob = &sweep.knobs[plan.across];
    let numbers = knob.numbers.as_ref().is_some_and(|n| n.len() > 2);
    let desc = format!("{} over {}.", metric.name, plan.names.join(" and "));
    let panels = if plan.rows.is_empty() {
        cloud(sweep, plan, metric, title)
    } else if numbers && plan.rows.len() <= lines::MOST && (!metric.share || plan.rows.len() == 1) {
        vec![family(sweep, plan, metric).draw(title, &desc)]
    } else if knob.values.len() <= MOST_COLUMNS && plan.rows.len() <= MOST_ROWS {
        vec![map(sweep, plan, metric, title, &desc)]
    } else {
        cloud(sweep, plan, metric, title)
    };
    let each = sweep.replications;
    let how = match (metric.share, plan.rows.is_empty()) {
        (true, true) => format!(
            "{each} replications of each setting; dot: held, ring: inconclusive, cross: broken. 95 % intervals by Wilson."
        ),
        (true, false) => {
            format!("{each} replications of each setting; H held, I inconclusive, B broken. 95 % intervals by Wilson.")
        }
        (false, true) => format!("a dot for each setting, {each} replications of each; upright lines: 95 % interval."),
        (false, false) => format!(
            "{each} replications of each setting; bands, and what stands in brackets: 95 % interval. In a map, the lighter the more."
        ),
    };
    (!panels.is_empty()).then(|| Figure {
        id: metric.id.clone().into(),
        title: title.to_owned(),
        caption: (metric.name.to_owned(), how),
        panels,
        tables: vec![table(sweep, plan, metric)],
        readings: Vec::new(),
        format: "",
    })
}

fn family<'a>(sweep: &'a SweepResult, plan: &'a AxisPlan, metric: &Metric) -> Family<'a> {
    let knob = &sweep.knobs[plan.across];
    let number = |i: usize| sweep.points[i].settings[plan.across].number;
    let lines = plan.rows.iter().map(|(name, points)| {
        let mut points: Vec<(f64, Estimate)> =
            points.iter().filter_map(|i| Some((number(*i)?, (metric.value)(&sweep.points[*i])?))).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        Polyline { name: name.clone(), points, verdicts: Vec::new() }
    });
    let numbers = knob.numbers.clone().unwrap_or_default();
    let ticks: Vec<(f64, String)> = numbers.into_iter().zip(knob.values.iter().cloned()).collect();
    let promised = sweep.judged.iter().zip(&sweep.points[0].judged).find(|(j, _)| metric.is_judged_by(j));
    Family {
        name: &knob.path,
        unit: knob.unit,
        log: knob.log,
        ticks: (ticks.len() <= 12).then_some(ticks),
        of_lines: if sweep.knobs.len() == 2 { &plan.names[1 - plan.across] } else { "" },
        lines: lines.collect(),
        of: metric.unit,
        promised: if metric.share {
            Some((NEEDED, "needed 90 %".into()))
        } else {
            promised.and_then(|(_, j)| j.promised).map(|v| (v, format!("promised {}", plain(v, metric.unit))))
        },
        shares: metric.share,
        mark: None,
        joined: true,
    }
}

/// Panels of a cloud: the metric against each of the three knobs that matter most.
fn cloud(sweep: &SweepResult, plan: &AxisPlan, metric: &Metric, title: &str) -> Vec<Drawing> {
    let panel = |knob: &usize| {
        let of = &sweep.knobs[*knob];
        // What is no number stands in the order of its values.
        let place = |p: &Point| {
            let setting = &p.settings[*knob];
            let named = || of.values.iter().position(|v| *v == setting.text).map(|at| at as f64);
            if of.numbers.is_some() { setting.number } else { named() }
        };
        let known = sweep.points.iter().filter_map(|p| Some((place(p)?, (metric.value)(p)?, p.verdict)));
        let (points, verdicts): (Vec<(f64, Estimate)>, Vec<_>) = known.map(|(x, e, v)| ((x, e), v)).unzip();
        let named =
            of.numbers.is_none().then(|| of.values.iter().enumerate().map(|(i, v)| (i as f64, v.clone())).collect());
        (!points.is_empty()).then(|| {
            let family = Family {
                name: &of.path,
                unit: of.unit,
                log: of.log && of.numbers.is_some(),
                ticks: named,
                of_lines: "",
                lines: vec![Polyline { name: String::new(), points, verdicts }],
                of: metric.unit,
                promised: metric.share.then(|| (NEEDED, "needed 90 %".into())),
                shares: metric.share,
                mark: None,
                joined: false,
            };
            family.draw(title, &format!("{} of each setting over {}.", metric.name, of.path))
        })
    };
    plan.order.iter().filter_map(panel).take(3).collect()
}

fn map(sweep: &SweepResult, plan: &AxisPlan, metric: &Metric, title: &str, desc: &str) -> Drawing {
    let values = || sweep.points.iter().filter_map(|p| (metric.value)(p)).map(|e| e.mean);
    let (low, high) = if metric.share {
        (0.0, 1.0)
    } else {
        (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max))
    };
    // What spans decades is coloured by its factors.
    let log = !metric.share && low > 0.0 && high / low > 30.0;
    let part = |v: f64| match log {
        _ if high <= low => 0.5,
        true => sim_core::engine::math::ln(v / low) / sim_core::engine::math::ln(high / low),
        false => (v - low) / (high - low),
    };
    let cell = |point: &Point| {
        let e = (metric.value)(point)?;
        let (text, interval) = metric.parts(&e);
        Some(Cell {
            part: part(e.mean),
            text: text.replace('\u{a0}', " "),
            interval: interval.map_or_else(String::new, |interval| format!("({})", interval.replace('\u{a0}', " "))),
            verdict: metric.share.then_some(point.verdict).flatten(),
        })
    };
    let columns = &sweep.knobs[plan.across].values;
    let mut cells = Vec::new();
    for (_, points) in &plan.rows {
        for text in columns {
            let there = points.iter().find(|i| sweep.points[**i].settings[plan.across].text == *text);
            cells.push(there.and_then(|i| cell(&sweep.points[*i])));
        }
    }
    let names: Vec<String> = plan.rows.iter().map(|(name, _)| name.clone()).collect();
    let down = plan.down();
    HeatMap { across: (&plan.names[plan.across], columns), down: (&down, &names), cells, legend: &[] }.draw(title, desc)
}

/// All values of a metric: rows and columns where the settings are a grid, else a row a setting.
fn table(sweep: &SweepResult, plan: &AxisPlan, metric: &Metric) -> DataTable {
    let cell = |point: &Point| {
        let verdict = point.verdict.filter(|_| metric.share).map_or_else(String::new, |v| format!(" {}", letter(v)));
        (metric.value)(point).map_or_else(|| "no data".into(), |e| metric.write(&e) + &verdict)
    };
    if plan.rows.is_empty() || sweep.knobs[plan.across].values.len() > MOST_COLUMNS {
        let mut heads: Vec<String> = vec!["Setting".into()];
        heads.push(metric.name.to_owned());
        let rows = sweep.points.iter().map(|p| vec![settings(sweep, &plan.names, p), cell(p)]);
        return DataTable { says: format!("{} of each setting", metric.name), heads, rows: rows.collect() };
    }
    let columns = &sweep.knobs[plan.across].values;
    let down = plan.down();
    let mut heads = vec![if down.is_empty() {
        plan.names[plan.across].clone()
    } else {
        format!("{down} \u{2193}  {} \u{2192}", plan.names[plan.across])
    }];
    if plan.rows.len() == 1 && down.is_empty() {
        heads.push(metric.name.to_owned());
        let rows = plan.rows[0]
            .1
            .iter()
            .map(|i| vec![sweep.points[*i].settings[plan.across].text.clone(), cell(&sweep.points[*i])]);
        return DataTable { says: format!("{} of each setting", metric.name), heads, rows: rows.collect() };
    }
    heads.extend(columns.iter().cloned());
    let rows = plan.rows.iter().map(|(name, points)| {
        let mut row = vec![name.clone()];
        row.extend(columns.iter().map(|text| {
            let there = points.iter().find(|i| sweep.points[**i].settings[plan.across].text == *text);
            there.map_or_else(|| "–".into(), |i| cell(&sweep.points[*i]))
        }));
        row
    });
    DataTable { says: format!("{} of each setting", metric.name), heads, rows: rows.collect() }
}
