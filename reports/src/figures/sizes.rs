//! Sizes of machines: how many instances run on each, stacked, a panel for each service whose machines a scaler changes.

use super::axis::Axis;
use super::chart::Plot;
use super::svg::{Svg, colour, shortened};
use super::ticks::{nice, steps};
use super::{DataTable, Figure, Reading, sampled, stacked, table_windows};
use crate::numbers::{estimate, grouped, plain};
use sim_core::results::{Estimate, ServiceSeries, SizeSeries, StudyResult, Unit};

/// The fills from the smallest size to the largest. The figure uses the colours of outcomes, and has nothing to do with these.
const FILLS: [usize; 4] = [0, 1, 5, 7];

fn mean(values: &[Estimate]) -> f64 {
    values.iter().map(|value| value.mean).sum::<f64>() / values.len().max(1) as f64
}

fn most(size: &SizeSeries) -> f64 {
    size.running.iter().map(|value| value.mean).fold(0.0, f64::max)
}

fn title(series: &ServiceSeries) -> String {
    let used = series.sizes.iter().rev().find(|size| most(size) > 0.0);
    match (used, series.sizes.first()) {
        (Some(size), Some(first)) if size.name == first.name => {
            format!("All instances of {} stay on {} machines", series.name, size.name)
        }
        (Some(size), _) => {
            let count = grouped(most(size), usize::from(most(size).fract() > 1e-9));
            format!("{} has up to {count} instances on {} machines", series.name, size.name)
        }
        (None, _) => format!("No instance of {} runs", series.name),
    }
}

/// One service: its name above, and the stack of sizes.
fn panel(svg: &mut Svg, study: &StudyResult, series: &ServiceSeries, is_last: bool) {
    let room = svg.width - svg.left - 4.0;
    svg.text_over(svg.left, svg.top - 8.0, &shortened(&series.name, room), colour::INK, "start", true);
    let all = |i: usize| series.sizes.iter().filter_map(|size| size.running.get(i)).map(|value| value.mean).sum();
    let high = nice((0..study.windows.len()).map(all).fold(1.0, f64::max));
    let plot = Plot::over_time(svg, study, Axis::linear(0.0, high).at(steps(high), |v| plain(v, Unit::Count)));
    plot.grid(svg);
    let mut below = vec![0.0; study.windows.len()];
    for (size, fill) in series.sizes.iter().zip(FILLS) {
        let running = |i: usize| size.running.get(i).map_or(0.0, |value| value.mean);
        let above: Vec<f64> = below.iter().enumerate().map(|(i, low)| low + running(i)).collect();
        plot.layer(svg, study, (&below, &above), colour::OUTCOMES[fill], Some(colour::AXIS));
        below = above;
    }
    if is_last {
        svg.time_axis(study);
    } else {
        svg.base();
    }
    // Where there is little room the line above the figure has to do, which has the same fills and names.
    if svg.width - svg.right > 90.0 {
        let x = svg.right + 8.0;
        for (place, (size, fill)) in series.sizes.iter().zip(FILLS).rev().enumerate() {
            let y = svg.top + 10.0 + 16.0 * place as f64;
            svg.rect(x, y - 9.0, 10.0, 10.0, colour::OUTCOMES[fill]);
            let room = svg.width - x - 14.0;
            svg.text(x + 14.0, y, &shortened(&size.name, room), colour::INK2, "start", false);
        }
    }
}

fn table(study: &StudyResult, series: &ServiceSeries) -> DataTable {
    let row = |(i, window): (usize, String)| {
        let sizes = series.sizes.iter().map(|size| estimate(&size.running[i], Unit::Count));
        std::iter::once(window).chain(sizes).collect()
    };
    let heads = std::iter::once("Window".to_owned()).chain(series.sizes.iter().map(|size| size.name.clone()));
    DataTable {
        says: format!("running instances of {} by size of their machines and window", series.name),
        heads: heads.collect(),
        rows: table_windows(study).into_iter().map(row).collect(),
    }
}

pub(super) fn draw(study: &StudyResult) -> Option<Figure> {
    let resized: Vec<&ServiceSeries> = study.service_series.iter().filter(|series| !series.sizes.is_empty()).collect();
    let title = title(resized.first()?);
    let desc = |series: &&ServiceSeries| {
        format!("Running instances of {} on machines of each size, by window, stacked.", series.name)
    };
    let panels = stacked(study, (&title, "sizes"), 176.0, &resized, desc, |svg, series, is_last| {
        panel(svg, study, series, is_last);
    });
    let readings = resized.iter().flat_map(|series| {
        series.sizes.iter().zip(FILLS).map(|(size, fill)| Reading {
            label: if resized.len() == 1 { size.name.clone() } else { format!("{} {}", series.name, size.name) },
            token: colour::OUTCOME_TOKENS[fill],
            values: vec![size.running.iter().map(|value| Some(value.mean)).collect()],
            unit: "",
            whole: plain(mean(&size.running), Unit::Count),
        })
    });
    Some(Figure {
        id: "sizes".into(),
        caption: (
            "Instances by the size of their machines".into(),
            format!("running instances, stacked. {} Intervals are in the table.", sampled(study, "")),
        ),
        panels,
        tables: resized.iter().map(|series| table(study, series)).collect(),
        readings: readings.collect(),
        format: "n",
        title,
    })
}
