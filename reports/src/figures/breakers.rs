//! States of breakers: the share of caller instances whose breaker is closed, half-open and open, stacked, a panel for each call.

use super::axis::Axis;
use super::chart::Plot;
use super::svg::{Svg, colour, shortened};
use super::{DataTable, Figure, Reading, sampled, stacked, table_windows};
use crate::arrows::arrows;
use crate::numbers::{estimate, plain};
use sim_core::call::breaker::State;
use sim_core::results::{BreakerSeries, CallSeries, StudyResult, Unit};

/// Calls that are drawn; the others are in the table.
const MOST_CALLS: usize = 4;

/// The states from the bottom of a stack to its top: those in which all calls pass, then some, then none. Beside each state stands the number of the
/// outcome whose fill it is drawn with; the figure only uses the colour, and the outcome has nothing to do with the state.
const STACK: [(State, usize); State::ALL.len()] =
    [(State::Closed, 0), (State::Disabled, 6), (State::HalfOpen, 1), (State::Open, 4), (State::ForcedOpen, 2)];

fn name(state: State) -> &'static str {
    match state {
        State::HalfOpen => "half-open",
        State::ForcedOpen => "forced open",
        other => other.name(),
    }
}

/// The share of the time in a state over the whole run.
fn whole(breakers: &BreakerSeries, state: State) -> f64 {
    breakers.whole[state as usize].map_or(0.0, |share| share.mean)
}

/// The calls whose breakers are not closed all the time, those first that are closed the least.
fn moved(study: &StudyResult) -> Vec<(&CallSeries, &BreakerSeries)> {
    let with = study.call_series.iter().filter_map(|call| Some((call, call.breaker_states.as_ref()?)));
    let mut moved: Vec<_> = with
        .map(|(call, shares)| (whole(shares, State::Closed), call, shares))
        .filter(|(_, _, shares)| State::ALL[1..].iter().any(|state| whole(shares, *state) > 0.0))
        .collect();
    moved.sort_by(|a, b| a.0.total_cmp(&b.0));
    moved.into_iter().map(|(_, call, shares)| (call, shares)).collect()
}

fn title(call: &CallSeries, shares: &BreakerSeries) -> String {
    let turned_away = whole(shares, State::Open) + whole(shares, State::ForcedOpen);
    let time = plain(turned_away, Unit::Share);
    let how = if whole(shares, State::Open) == 0.0 && turned_away > 0.0 { "forced open" } else { "open" };
    arrows(&format!("The breaker of {} is {how} for {time} of the time of its callers", call.name))
}

/// One call: its name above, and the stack of states.
fn panel(svg: &mut Svg, study: &StudyResult, call: &CallSeries, shares: &BreakerSeries, is_last: bool) {
    let room = svg.width - svg.left - 4.0;
    svg.text_over(svg.left, svg.top - 8.0, &shortened(&arrows(&call.name), room), colour::INK, "start", true);
    let axis = Axis::linear(0.0, 1.0).at(vec![0.0, 0.5, 1.0], |v| plain(v, Unit::Share));
    let plot = Plot::over_time(svg, study, axis);
    plot.grid(svg);
    let windows = study.windows.len();
    let mut below = vec![0.0; windows];
    let mut used = Vec::new();
    for (state, fill) in STACK.into_iter().filter(|(state, _)| whole(shares, *state) > 0.0) {
        let share = |i: usize| shares.windows[state as usize].get(i).copied().flatten().map_or(0.0, |share| share.mean);
        let above: Vec<f64> = below.iter().enumerate().map(|(i, low)| low + share(i)).collect();
        plot.layer(svg, study, (&below, &above), colour::OUTCOMES[fill], Some(colour::AXIS));
        used.push((name(state), colour::OUTCOMES[fill]));
        below = above;
    }
    if is_last {
        svg.time_axis(study);
    } else {
        svg.base();
    }
    // Where there is little room the line above the figure has to do, which has the same fills and names.
    if svg.width - svg.right > 90.0 {
        legend(svg, &used);
    }
}

/// The names of the states in the order of the stack, from its top, each behind its fill: at the end of the time a state may not be there.
fn legend(svg: &mut Svg, used: &[(&str, &str)]) {
    let x = svg.right + 8.0;
    for (place, (name, fill)) in used.iter().rev().enumerate() {
        let y = svg.top + 10.0 + 16.0 * place as f64;
        svg.rect(x, y - 9.0, 10.0, 10.0, fill);
        let room = svg.width - x - 14.0;
        svg.text(x + 14.0, y, &shortened(name, room), colour::INK2, "start", false);
    }
}

pub(super) fn draw(study: &StudyResult) -> Option<Figure> {
    let moved = moved(study);
    let (first, shares) = moved.first()?;
    let title = title(first, shares);
    let shown = &moved[..moved.len().min(MOST_CALLS)];
    let desc = |(call, _): &(&CallSeries, &BreakerSeries)| {
        format!("Share of the callers of {} whose breaker is in each state, by window, stacked.", call.name)
    };
    let panels = stacked(study, (&title, "breakers"), 156.0, shown, desc, |svg, (call, shares), is_last| {
        panel(svg, study, call, shares, is_last);
    });
    let readings = shown.iter().flat_map(|(call, shares)| {
        let used = STACK.into_iter().filter(|(state, _)| whole(shares, *state) > 0.0);
        used.map(|(state, fill)| Reading {
            label: if shown.len() == 1 {
                name(state).into()
            } else {
                arrows(&format!("{} {}", call.name, name(state)))
            },
            token: colour::OUTCOME_TOKENS[fill],
            values: vec![shares.windows[state as usize].iter().map(|share| share.map(|share| share.mean)).collect()],
            unit: "",
            whole: plain(whole(shares, state), Unit::Share),
        })
    });
    Some(Figure {
        id: "breakers".into(),
        caption: (
            "Breakers by state".into(),
            format!(
                "share of the time of all caller instances, stacked. {} Intervals are in the table.",
                sampled(study, "")
            ),
        ),
        panels,
        tables: moved.iter().map(|(call, shares)| table(study, call, shares)).collect(),
        readings: readings.collect(),
        format: "pct",
        title,
    })
}

fn table(study: &StudyResult, call: &CallSeries, shares: &BreakerSeries) -> DataTable {
    let cell = |state: State, i: usize| match shares.windows[state as usize].get(i).copied().flatten() {
        Some(share) => estimate(&share, Unit::Share),
        None => "–".into(),
    };
    let rows = table_windows(study)
        .into_iter()
        .map(|(i, window)| std::iter::once(window).chain(State::ALL.map(|state| cell(state, i))).collect());
    let heads = std::iter::once("Window".to_owned()).chain(State::ALL.map(|state| name(state).to_owned()));
    DataTable {
        says: arrows(&format!("breakers of {} by state", call.name)),
        heads: heads.collect(),
        rows: rows.collect(),
    }
}
