//! Requests by outcome, stacked.

use super::axis::Axis;
use super::chart::Plot;
use super::svg::{Svg, colour};
use super::ticks::{nice, steps};
use super::{DataTable, Figure, Reading, both, sampled, table_windows};
use crate::numbers::{estimate, plain};
use sim_core::outcome::Outcome;
use sim_core::results::{StudyResult, Unit};

/// A layer: its outcome, and its lower and upper edge by window.
type Layer = (usize, Vec<f64>, Vec<f64>);

/// Names in the areas where they fit; the others in the free space beside their highest place, with a leader.
fn name_layers(svg: &mut Svg, study: &StudyResult, plot: &Plot, layers: &[Layer], top: f64) {
    let x = |svg: &Svg, i: usize| svg.x_of(study, f64::midpoint(study.windows[i].from_s, study.windows[i].to_s));
    let mut beside = Vec::new();
    for (outcome, below, above) in layers {
        let name = Outcome::ALL[*outcome].name();
        let wide = name.chars().count() as f64 * 7.4 + 10.0;
        match fits(svg, study, plot, below, above, wide).filter(|_| ![2, 3].contains(outcome)) {
            Some((x, y)) => svg.at_moment(x, |svg| svg.fill_label(x, y + 4.0, name, colour::OUTCOMES[*outcome])),
            None => beside.push((name, below, above)),
        }
    }
    let mut y = svg.top + 14.0;
    // Leaders do not cross: the upper layer has the upper name.
    for (name, below, above) in beside.into_iter().rev() {
        let thick = |i: usize| above[i] - below[i];
        let Some(peak) = (0..above.len()).max_by(|a, b| thick(*a).total_cmp(&thick(*b))) else { continue };
        let (from, at) = (x(svg, peak), plot.y(f64::midpoint(above[peak], below[peak])));
        let wide = name.chars().count() as f64 * 7.0;
        // Right of the peak where there is room, left of it otherwise.
        let right = from + 26.0 + wide < svg.right;
        let (near, far) = if right { (from + 22.0, from + 26.0 + wide) } else { (from - 26.0 - wide, from - 22.0) };
        let stacked = |i: &usize| layers.last().map_or(0.0, |l| l.2[*i]);
        let under = (0..above.len()).filter(|i| x(svg, *i) > near - 4.0 && x(svg, *i) < far + 4.0);
        let height = under.map(|i| stacked(&i)).fold(0.0, f64::max);
        if plot.y(height.min(top)) < y + 6.0 {
            continue; // No free space: the readout names it.
        }
        let (x, anchor) = if right { (near + 3.0, "start") } else { (far - 3.0, "end") };
        svg.at_moment(from, |svg| {
            svg.line(from, at, if right { near } else { far }, y - 4.0, colour::INK2, 0.75, "");
            svg.text(x, y, name, colour::INK2, anchor, false);
        });
        y += 14.0;
    }
}

/// The middle of the longest stretch in which a layer is 17 px high and wide enough for its name.
fn fits(svg: &Svg, study: &StudyResult, plot: &Plot, below: &[f64], above: &[f64], wide: f64) -> Option<(f64, f64)> {
    let high = |i: &usize| plot.y(below[*i]) - plot.y(above[*i]) >= 17.0;
    let windows: Vec<usize> = (0..above.len()).collect();
    let runs = windows.chunk_by(|a, b| high(a) == high(b)).filter(|run| high(&run[0]));
    let spot = |run: &[usize]| {
        let (first, last) = (run[0], run[run.len() - 1]);
        let (a, b) = (svg.x_of(study, study.windows[first].from_s), svg.x_of(study, study.windows[last].to_s));
        let middle = f64::midpoint(a, b);
        // The band that is within the layer all along the name.
        let under = |i: &&usize| {
            let w = study.windows[**i];
            svg.x_of(study, w.to_s) >= middle - wide / 2.0 && svg.x_of(study, w.from_s) <= middle + wide / 2.0
        };
        let low = run.iter().filter(under).map(|i| plot.y(below[*i])).fold(f64::INFINITY, f64::min);
        let high = run.iter().filter(under).map(|i| plot.y(above[*i])).fold(0.0, f64::max);
        (b - a >= wide && low - high >= 15.0).then_some((b - a, middle, f64::midpoint(low, high)))
    };
    runs.filter_map(spot).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, x, y)| (x, y))
}

pub(super) fn draw(study: &StudyResult) -> Option<Figure> {
    let series = study.most_harmed()?;
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
        let axis = Axis::linear(0.0, high).at(steps(high), |v| plain(v, Unit::Count)).ending_in("/s");
        let plot = Plot::over_time(svg, study, axis);
        svg.time_frame(study);
        plot.grid(svg);
        let mut below = vec![0.0; windows];
        let mut names = Vec::new();
        for outcome in &used {
            let above: Vec<f64> = below.iter().zip(&series.outcomes_per_s[*outcome]).map(|(b, e)| b + e.mean).collect();
            plot.layer(svg, study, (&below, &above), colour::OUTCOMES[*outcome], None);
            names.push((*outcome, below.clone(), above.clone()));
            below = above;
        }
        svg.time_axis(study);
        name_layers(svg, study, &plot, &names, top);
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
        id: "outcomes".into(),
        title,
        caption: (
            format!("Requests of {} by outcome", series.name),
            format!("stacked, a second. {} Intervals of the layers are in the table.", sampled(study, "")),
        ),
        panels: vec![drawing],
        tables: vec![DataTable { says: "requests a second by outcome".into(), heads, rows: rows.collect() }],
        readings: readings.collect(),
        format: "n",
    })
}
