//! Recovery run by run: a spread that could have two peaks is drawn as dots, never as a mean alone.

use super::axis::Axis;
use super::chart::Plot;
use super::svg::colour;
use super::ticks::nice;
use super::{DataTable, Figure, both};
use crate::numbers::{observed, plain};
use sim_core::results::{About, StudyResult, Unit};

pub(super) fn draw(study: &StudyResult) -> Option<Figure> {
    let place = study.summary.promises.iter().position(|p| matches!(p.about, About::Recovery { .. }))?;
    let promise = &study.summary.promises[place];
    let values: Vec<(usize, f64)> =
        study.promise_values.get(place)?.iter().enumerate().filter_map(|(i, v)| v.map(|v| (i, v))).collect();
    let bound = promise.promised?;
    // What never recovers has no place on the axis: it is counted in words.
    let seen = || values.iter().map(|v| v.1).filter(|v| v.is_finite());
    let never = values.len() - seen().count();
    let high = nice(seen().fold(bound, f64::max) * 1.05);
    let late = values.iter().filter(|v| v.1 > bound).count();
    let title = match late {
        0 => format!("All {} runs recover within {}", values.len(), plain(bound, Unit::Seconds)),
        late if late == never => format!("{late} of {} runs never recover", values.len()),
        late => {
            let later = format!("{late} of {} runs recover later than {}", values.len(), plain(bound, Unit::Seconds));
            if never > 0 { format!("{later}, {never} of them never") } else { later }
        }
    };
    if values.is_empty() {
        return None;
    }
    let desc = "One dot a replication: time from the end of the fault until the promises are kept again.";
    let drawing = both(&title, desc, (180.0, 170.0), None, |svg| {
        let (plot, bottom) = (Plot::across(svg, Axis::linear(0.0, high)), svg.bottom);
        svg.base();
        for part in 0..=4 {
            let v = high * f64::from(part) / 4.0;
            let label = if v == 0.0 { "0 s".to_owned() } else { plain(v, Unit::Seconds) };
            svg.text(plot.x(v), bottom + 18.0, &label, colour::INK2, "middle", false);
        }
        let column_of = |v: f64| (plot.x(v) / 7.0) as i64;
        let tallest = seen().map(|v| seen().filter(|w| column_of(*w) == column_of(v)).count()).max();
        let step = 6.5f64.min((bottom - 30.0) / tallest.unwrap_or(1).max(1) as f64);
        let mut stacks = std::collections::BTreeMap::new();
        for v in seen() {
            let column = column_of(v);
            let level = stacks.entry(column).or_insert(0);
            let y = bottom - 6.0 - f64::from(*level) * step;
            *level += 1;
            let fill = if v > bound { colour::VERM } else { colour::GREEN };
            svg.dot(plot.x(v), y, (step / 2.0 - 0.25).clamp(0.8, 3.0), fill);
        }
        svg.line(plot.x(bound), 20.0, plot.x(bound), bottom, colour::INK, 1.0, "2 3");
        let words = format!("promised: {} or less", plain(bound, Unit::Seconds));
        svg.text(plot.x(bound) - 6.0, 18.0, &words, colour::INK, "end", false);
        if late > 0 {
            let words = match never {
                0 => format!("too late: {late}"),
                never if never == late => format!("never: {never}"),
                never => format!("too late: {late}, never: {never}"),
            };
            svg.text(plot.x(bound) + 6.0, 18.0, &words, colour::VERM, "start", true);
        }
    });
    let mut slowest = values.clone();
    slowest.sort_by(|a, b| b.1.total_cmp(&a.1));
    let rows = slowest.iter().map(|(i, v)| vec![i.to_string(), plain(*v, Unit::Seconds)]);
    Some(Figure {
        id: "recovery".into(),
        title,
        caption: (
            "Recovery time of each run".into(),
            format!(
                "from the end of the fault to the first moment from which all promises are kept for 30 s. Mean {}.",
                observed(promise)
            ),
        ),
        panels: vec![drawing],
        tables: vec![DataTable {
            says: "all replications, slowest first".into(),
            heads: ["Replication", "Recovery"].map(String::from).into(),
            rows: rows.collect(),
        }],
        readings: Vec::new(),
        format: "",
    })
}
