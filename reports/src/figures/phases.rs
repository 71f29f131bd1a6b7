//! The course of an experiment in one replication: what was done and when, and what was observed against the bounds that end it.

use super::axis::Axis;
use super::chart::{Look, Plot};
use super::svg::{Svg, colour};
use super::ticks::{nice_times, upright};
use super::{Drawing, both};
use crate::numbers::{clock, plain};
use sim_core::results::{Estimate, Journal, JournalEntry, JournalKind, Unit, Words};

/// Values that are drawn; the others are in the table.
const MOST_VALUES: usize = 3;

/// The panels: the course, and below it each value that was observed over and over.
pub fn draw(title: &str, journal: &Journal) -> Vec<Drawing> {
    let span = span(journal);
    let rows = rows(journal);
    let high = |row: f64| 34.0 + row * rows.len() as f64 + 28.0;
    let desc = "What was done and when, from top to bottom, on the axis of time.";
    let course = both(title, desc, (high(20.0), high(20.0)), None, |svg| course(svg, &rows, span));
    let series = series(journal);
    let values = series.iter().take(MOST_VALUES).map(|s| {
        let desc = format!("{} as it was observed, on the axis of time, with the bounds that were set.", s.of);
        both(title, &desc, (168.0, 158.0), None, |svg| value(svg, s, journal, span))
    });
    std::iter::once(course).chain(values).collect()
}

/// From a little before the first entry to a little after the last [s]; hypotheses are judged at the end of the run.
fn span(journal: &Journal) -> (f64, f64) {
    let at = || journal.entries.iter().filter(|e| e.kind != JournalKind::Hypothesis).map(|e| e.at_s);
    let (low, high) = (at().fold(f64::INFINITY, f64::min), at().fold(f64::NEG_INFINITY, f64::max));
    if !low.is_finite() {
        return (0.0, 1.0);
    }
    let room = ((high - low) * 0.06).max(1.0);
    ((low - room).max(low.min(0.0)), high + room)
}

/// Something that was done: when, for how long, its words, and how it looks.
struct Action {
    from_s: f64,
    to_s: f64,
    text: String,
    fill: &'static str,
}

fn first(journal: &Journal, kind: JournalKind) -> Option<&JournalEntry> {
    journal.entries.iter().find(|e| e.kind == kind)
}

fn rows(journal: &Journal) -> Vec<Action> {
    let mut rows = Vec::new();
    let checks = journal.entries.iter().filter(|e| matches!(e.kind, JournalKind::SteadyState | JournalKind::Safety));
    let (mut count, mut kept, mut at) = (0, 0, 0.0);
    for check in checks {
        (count, kept, at) = (count + 1, kept + u32::from(check.holds == Some(true)), check.at_s);
    }
    if count > 0 {
        let fill = if kept == count { colour::GREEN } else { colour::VERM };
        rows.push(Action { from_s: at, to_s: at, text: format!("checked before: {kept} of {count} hold"), fill });
    }
    let abort = first(journal, JournalKind::Abort).or_else(|| first(journal, JournalKind::Halt));
    let last = journal.entries.iter().filter(|e| e.kind != JournalKind::Hypothesis).map(|e| e.at_s).fold(0.0, f64::max);
    if let Some(begin) = first(journal, JournalKind::Begin) {
        let end = abort.or(first(journal, JournalKind::End)).map_or(last, |e| e.at_s);
        rows.push(Action {
            from_s: begin.at_s,
            to_s: end,
            text: format!("{} runs", begin.text),
            fill: colour::OUTCOMES[0],
        });
    }
    for entry in &journal.entries {
        let row = |text: String, fill| Action { from_s: entry.at_s, to_s: entry.at_s, text, fill };
        match entry.kind {
            JournalKind::NotRun => rows.push(row("not run".into(), colour::VERM)),
            JournalKind::Abort => rows.push(row("aborted".into(), colour::VERM)),
            JournalKind::Halt => rows.push(row("halted".into(), colour::VERM)),
            JournalKind::Alert
            | JournalKind::Incident
            | JournalKind::Page
            | JournalKind::Reaction
            | JournalKind::Action
            | JournalKind::End => {
                rows.push(row(entry.text.to_string(), colour::INK));
            }
            JournalKind::Rollback => {
                let from = abort.map_or(entry.at_s, |e| e.at_s);
                let text = format!("rollback: {}", entry.text);
                rows.push(Action { from_s: from, to_s: entry.at_s, text, fill: colour::OUTCOMES[1] });
            }
            _ => {}
        }
    }
    rows.truncate(16);
    rows
}

fn edges(svg: &mut Svg) {
    (svg.left, svg.right) = (62.0, svg.width - 14.0);
}

fn axis(span: (f64, f64)) -> Axis {
    let ticks = nice_times(span.1 - span.0);
    let step = ticks.first().copied().unwrap_or(span.1 - span.0).max(1e-3);
    let from = (span.0 / step).ceil() as i64;
    let times = (from..from + 40).map(|i| i as f64 * step).take_while(|t| *t <= span.1);
    Axis::linear(span.0, span.1).at(times.collect(), clock)
}

fn course(svg: &mut Svg, rows: &[Action], span: (f64, f64)) {
    edges(svg);
    svg.top = 8.0;
    let plot = Plot::across(svg, axis(span));
    let step = (svg.bottom - svg.top) / rows.len().max(1) as f64;
    for (i, row) in rows.iter().enumerate() {
        let y = svg.top + (i as f64 + 0.5) * step;
        let (a, b) = (plot.x(row.from_s), plot.x(row.to_s));
        svg.text(svg.left - 7.0, y + 4.0, &clock(row.from_s.max(0.0)), colour::INK2, "end", false);
        if b - a > 2.0 {
            svg.rect(a, y - 7.0, b - a, 14.0, row.fill);
        } else {
            let d = format!("M{a:.1} {:.1}l6 6l-6 6l-6 -6Z", y - 6.0);
            svg.path(&d, row.fill, "none", "");
        }
        // In it where it is wide enough, right of it, or left where there is more room.
        let (right, left) = (svg.width - b - 14.0, a - svg.left - 12.0);
        let wide = row.text.chars().count() as f64 * 7.4;
        if wide + 12.0 <= b - a {
            // In the dark theme the fill of ok is dark itself.
            let ink = if row.fill == colour::OUTCOMES[0] { colour::INK } else { colour::ON_FILL };
            svg.text(a + 6.0, y + 4.0, &row.text, ink, "start", false);
        } else if wide <= right || right >= left {
            svg.text_over(b + 10.0, y + 4.0, &cut(&row.text, right), colour::INK, "start", false);
        } else {
            svg.text_over(a - 10.0, y + 4.0, &cut(&row.text, left), colour::INK, "end", false);
        }
    }
    plot.axis(svg, "");
}

/// As much of a text as has room.
fn cut(text: &str, room: f64) -> String {
    let most = (room / 7.4).max(3.0) as usize;
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['\u{2026}']).collect()
}

/// A value that was observed again and again, and what bounds it.
struct Series {
    of: Words,
    unit: Unit,
    /// Whether a condition on it was true, and so aborted.
    aborts: bool,
    points: Vec<(f64, f64)>,
    /// The bound, and its words.
    bounds: Vec<(f64, String)>,
}

/// Values of what may abort, those that did first.
fn series(journal: &Journal) -> Vec<Series> {
    let mut all: Vec<Series> = Vec::new();
    for entry in journal.entries.iter().filter(|e| e.kind == JournalKind::Observation) {
        for (at, value) in entry.values.iter().enumerate() {
            let Some(v) = value.value else { continue };
            let place = all.iter().position(|s| s.of == value.of).unwrap_or_else(|| {
                let (of, unit) = (value.of.clone(), value.unit);
                all.push(Series { of, unit, aborts: false, points: Vec::new(), bounds: Vec::new() });
                all.len() - 1
            });
            let series = &mut all[place];
            series.aborts |= entry.holds == Some(true);
            if series.points.iter().all(|p| *p != (entry.at_s, v)) {
                series.points.push((entry.at_s, v));
            }
            for bound in entry.bounds.iter().filter(|bound| bound.value == at) {
                if series.bounds.iter().all(|(known, _)| *known != bound.bound) {
                    let side = if bound.below { "below" } else { "above" };
                    series.bounds.push((bound.bound, format!("aborts {side} {}", plain(bound.bound, value.unit))));
                }
            }
        }
    }
    // What was looked at before stands at the begin.
    for entry in journal.entries.iter().filter(|e| e.kind == JournalKind::SteadyState) {
        for value in &entry.values {
            if let (Some(v), Some(s)) = (value.value, all.iter_mut().find(|s| s.of == value.of)) {
                s.points.insert(0, (entry.at_s, v));
            }
        }
    }
    all.sort_by_key(|s| !s.aborts);
    all
}

fn value(svg: &mut Svg, s: &Series, journal: &Journal, span: (f64, f64)) {
    edges(svg);
    svg.top = 30.0;
    let mut all: Vec<Estimate> = s.points.iter().map(|p| Estimate::exact(p.1)).collect();
    all.extend(s.bounds.iter().map(|b| Estimate::exact(b.0)));
    let plot = Plot::new(svg, axis(span), upright(&all, s.unit, None));
    svg.text(svg.left, 14.0, &cut(&s.of.to_string(), svg.right - svg.left), colour::INK, "start", true);
    plot.grid(svg);
    if let Some(abort) = first(journal, JournalKind::Abort).or_else(|| first(journal, JournalKind::Halt)) {
        let x = plot.x(abort.at_s);
        svg.line(x, 22.0, x, svg.bottom, colour::VERM, 1.25, "");
    }
    plot.line(svg, s.points.iter().copied(), Look::of(colour::BLUE, ""));
    for (t, v) in &s.points {
        svg.dot(plot.x(*t), plot.y(*v), 3.0, colour::BLUE);
    }
    for (bound, words) in s.bounds.iter().take(2) {
        let y = plot.y(*bound);
        svg.line(svg.left, y, svg.right, y, colour::INK, 1.0, "2 3");
        let above = y - 5.0 > svg.top + 6.0;
        svg.text_over(svg.right - 2.0, if above { y - 5.0 } else { y + 15.0 }, words, colour::INK, "end", false);
    }
    plot.axis(svg, "");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::experiment::tests::experiment;
    use sim_core::results::{JournalBound, Verdict};

    #[test]
    fn what_aborted_is_drawn_first_with_the_bound_of_its_own_condition() {
        let mut journal = experiment(40, 40, 0, Verdict::Broken).journals.remove(0);
        let looked: Vec<usize> =
            (0..journal.entries.len()).filter(|at| journal.entries[*at].kind == JournalKind::Observation).collect();
        // A condition that was looked at first and never held, with a text that names the metric of the other.
        let mut other = journal.entries[looked[0]].clone();
        (other.text, other.values[0].of) = ("p99(error_rate(a.b)) < 1s".into(), "p99(error_rate(a.b))".into());
        other.bounds = vec![JournalBound { value: 0, below: true, bound: 1.0 }];
        for at in &looked {
            journal.entries[*at].bounds = vec![JournalBound { value: 0, below: false, bound: 0.1 }];
        }
        journal.entries.insert(looked[0], other);
        let all = series(&journal);
        let names: Vec<String> = all.iter().map(|s| s.of.to_string()).collect();
        assert_eq!(names, ["error_rate(a.b)", "p99(error_rate(a.b))"]);
        assert_eq!(all[0].bounds, [(0.1, "aborts above 10\u{a0}%".to_owned())]);
        assert_eq!(all[1].bounds.len(), 1);
    }
}
