//! What lost and wrong requests cost: bars with their intervals.

use super::axis::Axis;
use super::chart::Plot;
use super::svg::colour;
use super::ticks::nice;
use super::{DataTable, Figure, both};
use crate::numbers::{alone, estimate, plain};
use sim_core::expression::Group;
use sim_core::results::{CostItemSummary, Estimate, StudyResult, Unit};

pub(super) fn draw(study: &StudyResult) -> Option<Figure> {
    let items: Vec<&CostItemSummary> =
        study.summary.cost.items.iter().filter(|i| i.group != Group::Infrastructure).collect();
    let per_fault = items.iter().any(|i| i.per_incident.is_some());
    let value =
        |i: &CostItemSummary| if per_fault { i.per_incident.unwrap_or(Estimate::exact(0.0)) } else { i.per_year };
    let top = items.iter().map(|i| value(i).high).fold(0.0, f64::max);
    if items.is_empty() {
        return None;
    }
    let what = match study.summary.wrongness.by_fault.as_slice() {
        _ if !per_fault => "a year".to_owned(),
        [one] => format!("each time {} strikes", one.fault),
        _ => "when each fault strikes once".to_owned(),
    };
    let sum: f64 = items.iter().map(|i| value(i).mean).sum();
    let all = if per_fault { study.summary.wrongness.cost_per_incident } else { None };
    let all = all.map_or_else(|| plain(sum, Unit::Money), |e| alone(&e, Unit::Money));
    let title = format!("Lost and wrong requests cost {all} {what}");
    let height = 46.0 + 34.0 * items.len() as f64;
    let desc = "One bar an item; the thin line is its 95 percent interval.";
    let drawing = both(&title, desc, (height, height), None, |svg| {
        // Room for the numbers behind the bars.
        let high = nice(top.max(1e-9));
        (svg.left, svg.right) = if svg.is_narrow() { (8.0, svg.right) } else { (150.0, svg.right - 60.0) };
        let (left, right, bottom) = (svg.left, svg.right, svg.bottom);
        let plot = Plot::across(svg, Axis::linear(0.0, high));
        for (row, item) in items.iter().enumerate() {
            let y = 12.0 + 34.0 * row as f64;
            let e = value(item);
            if svg.is_narrow() {
                svg.text(left, y + 4.0, &item.name, colour::INK2, "start", false);
            } else {
                svg.text(left - 8.0, y + 16.0, &item.name, colour::INK2, "end", false);
            }
            let (bar, tall) = if svg.is_narrow() { (y + 8.0, 12.0) } else { (y + 4.0, 16.0) };
            svg.rect(left, bar, plot.x(e.mean) - left, tall, colour::ITEMS[1]);
            svg.line(plot.x(e.low), bar + tall / 2.0, plot.x(e.high), bar + tall / 2.0, colour::INK, 1.25, "");
            let amount = estimate(&e, Unit::Money);
            // Beside a long name the phone shows the mean; the line and the table have the interval.
            let long = svg.is_narrow() && (item.name.chars().count() + amount.chars().count()) as f64 * 6.4 > 320.0;
            let amount = if long { alone(&e, Unit::Money) } else { amount };
            if svg.is_narrow() {
                svg.text(svg.width - 4.0, y + 4.0, &amount, colour::INK, "end", false);
            } else {
                svg.text(plot.x(e.high) + 8.0, bar + tall / 2.0 + 4.0, &amount, colour::INK, "start", false);
            }
        }
        svg.base();
        svg.text(left, bottom + 18.0, "$0", colour::INK2, "start", false);
        svg.text(right, bottom + 18.0, &plain(high, Unit::Money), colour::INK2, "end", false);
    });
    let rows = items.iter().map(|i| {
        vec![
            i.name.clone(),
            i.priced_as.clone(),
            i.per_incident.map_or_else(|| "–".into(), |e| estimate(&e, Unit::Money)),
            estimate(&i.per_month, Unit::Money),
            estimate(&i.per_year, Unit::Money),
        ]
    });
    let kinds = study.summary.wrongness.incidents.iter().filter(|(_, e)| e.high > 0.0);
    let kinds: Vec<Vec<String>> = kinds.map(|(k, e)| vec![(*k).to_owned(), estimate(e, Unit::Count)]).collect();
    let mut tables = vec![DataTable {
        says: "what lost and wrong requests cost".into(),
        heads: ["Item", "Priced as", "Each fault", "A month without", "A year"].map(String::from).into(),
        rows: rows.collect(),
    }];
    if !kinds.is_empty() {
        tables.push(DataTable {
            says: "wrong outcomes by kind, a run".into(),
            heads: ["Kind", "A run has"].map(String::from).into(),
            rows: kinds,
        });
    }
    Some(Figure {
        id: "wrongness".into(),
        title,
        caption: (
            "The price of lost and wrong requests".into(),
            format!(
                "{what}; {} replications, thin lines: 95 % intervals. A fault costs what it adds to the same runs without it; \
                 a year counts it as often as the file says it happens.",
                study.summary.replications
            ),
        ),
        panels: vec![drawing],
        tables,
        readings: Vec::new(),
        format: "",
    })
}
