//! The bill over time, stacked by item.

use super::axis::Axis;
use super::chart::Plot;
use super::svg::colour;
use super::ticks::{nice, steps};
use super::{DataTable, Figure, Reading, both, how};
use crate::numbers::{dollars, estimate, plain};
use sim_core::expression::Group;
use sim_core::results::{Estimate, StudyResult, Unit};

pub(super) fn draw(study: &StudyResult) -> Option<Figure> {
    let items = &study.summary.cost.items;
    let windows = study.windows.len();
    // The infrastructure; what faults cost has a figure of its own. At most six items, the rest together would need a seventh colour.
    let mut used: Vec<usize> = (0..items.len()).filter(|i| items[*i].group == Group::Infrastructure).collect();
    used.sort_by(|a, b| items[*b].per_month.mean.total_cmp(&items[*a].per_month.mean));
    used.truncate(6);
    if used.is_empty() || windows == 0 {
        return None;
    }
    let hourly = |item: usize, i: usize| {
        let w = study.windows[i];
        study.cost_series[item][i].mean * 3600.0 / (w.to_s - w.from_s).max(1e-9)
    };
    let top = (0..windows).map(|i| used.iter().map(|u| hourly(*u, i)).sum::<f64>()).fold(0.0, f64::max);
    if top <= 0.0 {
        return None;
    }
    let dearest = &items[used[0]];
    let month = study.summary.cost.per_month;
    let title = format!(
        "A month costs {}; {} is the dearest item with {}",
        plain(month.mean, Unit::Money),
        dearest.name,
        plain(dearest.per_month.mean, Unit::Money)
    );
    let desc = "Cost an hour by item in each window, stacked.";
    let drawing = both(&title, desc, (260.0, 230.0), Some("cost"), |svg| {
        let high = nice(top);
        let axis = Axis::linear(0.0, high).at(steps(high), |v| plain(v, Unit::Money)).ending_in("/h");
        let plot = Plot::over_time(svg, study, axis);
        svg.time_frame(study);
        plot.grid(svg);
        let mut below = vec![0.0; windows];
        let mut labels = Vec::new();
        for (place, item) in used.iter().enumerate() {
            let above: Vec<f64> = (0..windows).map(|i| below[i] + hourly(*item, i)).collect();
            plot.layer(svg, study, (&below, &above), colour::ITEMS[place], Some(colour::AXIS));
            let middle = plot.y(f64::midpoint(below[windows - 1], above[windows - 1]));
            labels.push((middle, items[*item].name.clone(), colour::INK2));
            below = above;
        }
        svg.time_axis(study);
        svg.end_labels_of(&labels, &colour::ITEMS[..labels.len()]);
    });
    let rows = items.iter().map(|i| {
        vec![
            i.name.clone(),
            i.group.name().to_owned(),
            i.priced_as.clone(),
            format!("{} {}", plain(i.metered_per_month.mean, Unit::Count), i.metered_unit),
            if i.per_month.half_width() > 0.005 {
                estimate(&i.per_month, Unit::Money)
            } else {
                dollars(i.per_month.mean)
            },
            estimate(&i.per_year, Unit::Money),
        ]
    });
    let readings = used.iter().enumerate().map(|(place, item)| Reading {
        label: items[*item].name.clone(),
        token: colour::ITEM_TOKENS[place],
        values: vec![(0..windows).map(|i| Some(hourly(*item, i))).collect()],
        unit: "/h",
        whole: format!("{} a month", plain(items[*item].per_month.mean, Unit::Money)),
    });
    Some(Figure {
        id: "cost".into(),
        title,
        caption: (
            "The bill by item".into(),
            format!(
                "an hour, in each window. In the table all is scaled to a month of 730 h without the fault. {}",
                how(study)
            ),
        ),
        panels: vec![drawing],
        tables: vec![
            DataTable {
                says: "the bill by item".into(),
                heads: ["Item", "Group", "Priced as", "Metered a month", "A month", "A year"].map(String::from).into(),
                rows: rows.collect(),
            },
            of_one(study),
        ],
        readings: readings.collect(),
        format: "money",
    })
}

/// What the infrastructure costs for each of what it serves.
fn of_one(study: &StudyResult) -> DataTable {
    let cost = &study.summary.cost;
    let all = [
        ("A month", Some(cost.per_month)),
        ("A year", Some(cost.per_year)),
        ("A million requests", cost.per_million_requests),
        ("A terabyte", cost.per_terabyte),
        ("A user, a month", cost.per_user),
    ];
    let row = |(of, money): (&str, Option<Estimate>)| Some(vec![of.to_owned(), exact(&money?)]);
    DataTable {
        says: "the infrastructure, for each of what it serves".into(),
        heads: ["For", "Infrastructure"].map(String::from).into(),
        rows: all.into_iter().filter_map(row).collect(),
    }
}

/// Money to the cent where it has no spread.
fn exact(money: &Estimate) -> String {
    if money.half_width() > 0.005 || money.mean < 1.0 { estimate(money, Unit::Money) } else { dollars(money.mean) }
}
