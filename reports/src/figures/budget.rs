//! The error budgets of promises over time: what is left of what the period allows, and how fast it is spent.

use super::axis::Axis;
use super::chart::{Look, Plot};
use super::svg::colour;
use super::ticks::round_values;
use super::{DataTable, Figure, Reading, both, sampled, table_windows};
use crate::numbers::{grouped, length, plain};
use sim_core::results::{EndpointSeries, Estimate, PromiseSummary, StudyResult, Unit};

/// Promises that are drawn; the colours are enough for so many.
const MOST: usize = 4;

/// A promise with the share of its budget that is left at the end of each window, and how fast the window has spent it.
struct Budget<'a> {
    promise: &'a PromiseSummary,
    left: Vec<Option<f64>>,
    burn: Vec<Option<f64>>,
}

pub(super) fn draw(study: &StudyResult) -> Option<Figure> {
    let budgets: Vec<Budget<'_>> =
        study.summary.promises.iter().filter_map(|promise| budget(study, promise)).take(MOST).collect();
    let last = |budget: &Budget<'_>| budget.left.iter().rev().flatten().next().copied().unwrap_or(1.0);
    let worst = budgets.iter().min_by(|a, b| last(a).total_cmp(&last(b)))?;
    let period = length(worst.promise.period_s.unwrap_or_default());
    let title = if last(worst) <= 0.0 {
        format!("{} has spent more than the budget of {period}", worst.promise.name)
    } else {
        format!("{} has {} of its budget of {period} left", worst.promise.name, plain(last(worst), Unit::Share))
    };
    let low = budgets.iter().flat_map(|budget| &budget.left).flatten().fold(1.0_f64, |a, b| a.min(*b));
    let desc = "Share of the error budget of the period that is left, over the time of the run.";
    let drawing = both(&title, desc, (250.0, 220.0), Some("budget"), |svg| {
        // What is left of a day in a month would be a line along the edge: the axis begins where the lines end.
        let from = if low < 0.0 { low * 1.05 } else { (low - (1.0 - low) * 0.25).max(0.0) };
        let axis = Axis::linear(from.min(0.999_999), 1.0);
        let plot =
            Plot::over_time(svg, study, axis.at(round_values(from.min(0.999_999), 1.0), |v| plain(v, Unit::Share)));
        svg.time_frame(study);
        plot.grid(svg);
        let mut labels = Vec::new();
        for (place, budget) in budgets.iter().enumerate() {
            let line = budget.left.iter().map(|left| left.map(Estimate::exact));
            plot.series(svg, study, line, Look::of(colour::ITEMS[place], ""));
            labels.push((plot.y(last(budget)), budget.promise.name.clone(), colour::INK2));
        }
        svg.time_axis(study);
        svg.end_labels_of(&labels, &colour::ITEMS[..labels.len()]);
    });
    let mut heads = vec!["Window".to_owned()];
    for budget in &budgets {
        heads.extend([format!("{}, left", budget.promise.name), format!("{}, burn rate", budget.promise.name)]);
    }
    let share = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| plain(value, Unit::Share));
    let rate = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| grouped(value, 2));
    let rows = table_windows(study).into_iter().map(|(i, window)| {
        let mut row = vec![window];
        budgets.iter().for_each(|budget| row.extend([share(budget.left[i]), rate(budget.burn[i])]));
        row
    });
    let reading = |(place, budget): (usize, &Budget<'_>)| Reading {
        label: budget.promise.name.clone(),
        token: colour::ITEM_TOKENS[place],
        values: vec![budget.left.clone()],
        unit: "",
        whole: format!("{} left", plain(last(budget), Unit::Share)),
    };
    Some(Figure {
        id: "budget".into(),
        title,
        caption: (
            "Error budget that is left".into(),
            format!(
                "of what each promise allows in its period; at a burn rate of 1 it lasts exactly as long. {}",
                sampled(study, "")
            ),
        ),
        panels: vec![drawing],
        tables: vec![DataTable { says: "what is left of each budget, by window".into(), heads, rows: rows.collect() }],
        readings: budgets.iter().enumerate().map(reading).collect(),
        format: "pct",
    })
}

/// The budget of a promise of availability with a period, of an endpoint whose course is known.
fn budget<'a>(study: &StudyResult, promise: &'a PromiseSummary) -> Option<Budget<'a>> {
    let (period_s, promised) = (promise.period_s?, promise.promised.filter(|promised| *promised < 1.0)?);
    let series = study.endpoint_series.iter().find(|series| promise.about.is_availability_of(&series.name))?;
    let (mut failed, mut all, mut left, mut burn) = (0.0, 0.0, Vec::new(), Vec::new());
    let begin_s = study.windows.first()?.from_s;
    for (i, window) in study.windows.iter().enumerate() {
        let (lost, of) = ended(series, i, window.to_s - window.from_s);
        (failed, all) = (failed + lost, all + of);
        burn.push((of > 0.0).then(|| lost / of / (1.0 - promised)));
        // As the metric `budget_left` has it: the burn rate so far, for the part of the period that has passed.
        let so_far = (all > 0.0).then(|| failed / all / (1.0 - promised));
        left.push(so_far.map(|burn| 1.0 - burn * (window.to_s - begin_s) / period_s));
    }
    Some(Budget { promise, left, burn })
}

/// Requests of a window that were not answered, and all of which it is known.
fn ended(series: &EndpointSeries, window: usize, seconds: f64) -> (f64, f64) {
    let of = |outcome: usize| series.outcomes_per_s[outcome].get(window).map_or(0.0, |e| e.mean) * seconds;
    let all: f64 = (0..8).map(of).sum();
    ((all - of(0) - of(1)).max(0.0), all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;

    #[test]
    fn a_promise_without_a_period_has_no_budget() {
        let mut study = sample::study();
        assert!(draw(&study).is_some());
        study.summary.promises.iter_mut().for_each(|promise| promise.period_s = None);
        assert!(draw(&study).is_none());
    }

    #[test]
    fn what_is_left_falls_while_requests_fail_and_nowhere_else() {
        let study = sample::study();
        let budget = study.summary.promises.iter().find_map(|promise| budget(&study, promise)).unwrap();
        let left: Vec<f64> = budget.left.iter().flatten().copied().collect();
        // A load that changes a little moves the share of what has failed.
        assert!(left.windows(2).all(|pair| pair[1] <= pair[0] + 0.002), "{left:?}");
        let fastest = budget.burn.iter().flatten().fold(0.0_f64, |a, b| a.max(*b));
        assert!(fastest > 1.0 && left.last().unwrap() < left.first().unwrap());
    }
}
