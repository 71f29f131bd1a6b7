//! The section "Over time" in the summary of a run: what callers of the endpoint saw that suffers most, before, during and after the first fault.

use crate::numbers::{clock, grouped, plain};
use crate::studies::run::findings;
use crate::studies::run::listed::more_faults;
use crate::terminal::Style;
use crate::terminal::table::in_lines;
use crate::terminal::text::{pad, pad_left, widest, wrap};
use sim_core::engine::math;
use sim_core::results::{EndpointSeries, Estimate, Part, ServiceSeries, StudyResult, Unit, Window};
use std::fmt::Write;

/// Columns of a sparkline.
const BARS: usize = 46;
/// With fewer columns there is no sparkline.
const FEWEST_BARS: usize = 12;
/// Columns of a name at least, with the blanks behind it.
const NAME: usize = 19;
/// Columns of a unit, with the blank before it.
const UNIT: usize = 3;

/// One line of the section "Over time".
struct Sparkline {
    name: String,
    /// From 0 to 1, a window each.
    levels: Vec<Option<f64>>,
    /// The worst of two levels.
    worst: fn(f64, f64) -> f64,
    /// One for each phase.
    numbers: Vec<String>,
    unit: &'static str,
}

/// Levels in as many columns as there are bars, each the worst of its windows.
fn columns(levels: &[Option<f64>], bars: usize, worst: fn(f64, f64) -> f64) -> Vec<Option<f64>> {
    let n = bars.min(levels.len());
    (0..n)
        .map(|i| {
            let (from, to) = (i * levels.len() / n, ((i + 1) * levels.len() / n).max(i * levels.len() / n + 1));
            levels[from..to].iter().flatten().copied().reduce(worst)
        })
        .collect()
}

/// A share on a scale of nines, to four of them.
fn nines(share: f64) -> f64 {
    (-math::log10((1.0 - share).max(1e-4)) / 4.0).clamp(0.0, 1.0)
}

/// A stretch of the run [s] with its name, and the part of the run that it is where the first fault divides it.
type Phase = (&'static str, Option<Part>, (f64, f64));

fn end(study: &StudyResult) -> f64 {
    study.windows.last().map_or(study.summary.simulated_s, |w| w.to_s)
}

/// Before, during and after the first scheduled fault, or else the first surge of load; or the whole run.
fn phases(study: &StudyResult) -> Vec<Phase> {
    let end = end(study);
    let fault = study.faults.iter().find(|f| f.scheduled && f.from_s > 0.0 && f.from_s < end);
    let fault = fault.map(|f| (true, (f.from_s, f.to_s.min(end))));
    let surge = || study.load_events.iter().find_map(|e| Some((false, (e.from_s, e.to_s?.min(end)))));
    let Some((is_fault, (from, to))) = fault.or_else(surge) else {
        return vec![("whole run", Some(Part::Whole), (0.0, end))];
    };
    let part = |part| is_fault.then_some(part);
    let all = [
        ("before", part(Part::Before), (0.0, from)),
        (if is_fault { "fault" } else { "surge" }, part(Part::During), (from, to)),
        ("after", part(Part::After), (to, end)),
    ];
    all.into_iter().filter(|(.., (a, b))| b > a).collect()
}

pub(super) fn block(study: &StudyResult, style: Style, out: &mut String) {
    let Some(entry) = study.most_harmed() else { return };
    let phases = phases(study);
    let lines = lines(study, entry, &phases);
    let width = |place: usize| widest(lines.iter().map(|l| &l.numbers[place]), phases[place].0).max(6);
    let widths = |gap: usize| (0..phases.len()).map(|place| width(place) + gap).collect::<Vec<usize>>();
    let length = |line: &Sparkline| line.name.chars().count();
    let fits = |gap: usize| NAME + widths(gap).iter().sum::<usize>() + UNIT <= style.columns();
    let widths = if fits(3) { widths(3) } else { widths(2) };
    // A name that does not fit stands in a line of its own.
    let most = style.columns().saturating_sub(widths.iter().sum::<usize>() + UNIT);
    let name = lines.iter().map(length).filter(|n| n + 3 <= most).max().unwrap_or(0).max(NAME - 3) + 3;
    let room = style.columns().saturating_sub(name + widths.iter().sum::<usize>() + UNIT);
    let bars = if room < FEWEST_BARS { 0 } else { BARS.min(study.windows.len()).min(room) };
    let _ = write!(out, "\n{}", style.bold(&wrap(&title(study, entry), "", style.sentence_width())));
    let mut head = pad("", name);
    if bars > 0 {
        let (from, to) = (clock(0.0), clock(end(study)));
        head.push_str(&pad(&from, bars.saturating_sub(to.chars().count())));
        head.push_str(&to);
    }
    let cells = |cells: &mut dyn Iterator<Item = &str>| -> String {
        cells.zip(&widths).map(|(cell, width)| pad_left(cell, *width)).collect()
    };
    let heads = cells(&mut phases.iter().map(|(phase, ..)| *phase));
    let _ = writeln!(out, "{}", style.dim(&(head + &heads)));
    for line in &lines {
        let numbers = cells(&mut line.numbers.iter().map(String::as_str));
        let picture =
            if bars > 0 { pad(&style.bars(&columns(&line.levels, bars, line.worst)), bars) } else { String::new() };
        let own_line = length(line) + 3 > name;
        if own_line {
            out.push_str(&in_lines(&line.name, "", style.columns()));
        }
        let first = pad(if own_line { "" } else { &line.name }, name);
        let row = format!("{first}{picture}{numbers} {}", line.unit);
        let _ = writeln!(out, "{}", row.trim_end());
    }
    marks(study, style, name, bars, out);
}

/// What the lines are of: the endpoint, and who calls it.
fn title(study: &StudyResult, entry: &EndpointSeries) -> String {
    let callers = study.summary.calls.iter().filter(|(_, call)| call.callee == entry.name);
    let callers: Vec<&str> = callers.filter_map(|(name, _)| name.split("->").next()).collect();
    let of = match callers.as_slice() {
        [] => String::new(),
        [rest @ .., last] if (1..4).contains(&rest.len()) => format!(" of {} and {last}", rest.join(", ")),
        [one] => format!(" of {one}"),
        many => format!(" of {} callers", many.len()),
    };
    let more = match study.endpoint_series.len() - 1 {
        0 => String::new(),
        1 => " (1 more endpoint in the report)".to_owned(),
        n => format!(" ({n} more endpoints in the report)"),
    };
    format!("Over time: requests{of} to {}{more}", entry.name)
}

fn lines(study: &StudyResult, entry: &EndpointSeries, phases: &[Phase]) -> Vec<Sparkline> {
    let share = |of: &dyn Fn(&[f64; 8]) -> f64| -> Vec<String> {
        let cell = |stretch| {
            let all = findings::outcomes(study, entry, stretch);
            let sum: f64 = all.iter().sum();
            if sum > 0.0 { format!("{:.2}", (of(&all) / sum * 1e4).floor() / 100.0) } else { "none".to_owned() }
        };
        phases.iter().map(|(.., stretch)| cell(*stretch)).collect()
    };
    let levels = |series: &[Option<Estimate>]| series.iter().map(|e| e.map(|e| nines(e.mean))).collect();
    let of_shares = |name: &str, series, numbers| Sparkline {
        name: name.into(),
        levels: levels(series),
        worst: f64::min,
        numbers,
        unit: "%",
    };
    let mut lines = vec![of_shares("answered", &entry.availability, share(&|o| o[0] + o[1]))];
    if findings::outcomes(study, entry, (0.0, f64::INFINITY))[1] >= 1.0 {
        lines.push(of_shares("answered in full", &entry.in_full, share(&|o| o[0])));
    }
    lines.extend(wrong(study, entry, phases));
    lines.push(p99(study, phases, &entry.p99_s));
    for service in study.service_series.iter().filter(|s| s.scaled).take(2) {
        lines.push(instances(study, phases, service));
    }
    lines
}

/// The share of answers that are wrong, of the endpoint with the most of them; none where all are right.
fn wrong(study: &StudyResult, shown: &EndpointSeries, phases: &[Phase]) -> Option<Sparkline> {
    let worst = |series: &EndpointSeries| series.wrong.iter().flatten().map(|share| share.mean).fold(0.0, f64::max);
    let series = study.endpoint_series.iter().max_by(|a, b| worst(a).total_cmp(&worst(b)))?;
    let most = worst(series);
    if most <= 0.0 {
        return None;
    }
    let answered = |i: usize| series.outcomes_per_s[0][i].mean + series.outcomes_per_s[1][i].mean;
    let share = |(from, to): (f64, f64)| {
        let (mut wrong, mut all) = (0.0, 0.0);
        for (i, window) in study.windows.iter().enumerate() {
            let answers = answered(i) * (window.to_s.min(to) - window.from_s.max(from)).max(0.0);
            all += answers;
            wrong += answers * series.wrong[i].map_or(0.0, |share| share.mean);
        }
        if all > 0.0 { plain(wrong / all * 100.0, Unit::Count) } else { "none".to_owned() }
    };
    let of = if series.name == shown.name { String::new() } else { format!(" of {}", series.name) };
    Some(Sparkline {
        name: format!("wrong{of}"),
        levels: series.wrong.iter().map(|share| share.map(|share| share.mean / most)).collect(),
        worst: f64::max,
        numbers: phases.iter().map(|(.., stretch)| share(*stretch)).collect(),
        unit: "%",
    })
}

fn p99(study: &StudyResult, phases: &[Phase], series: &[Option<Estimate>]) -> Sparkline {
    let logs: Vec<Option<f64>> = series.iter().map(|e| e.map(|e| math::log10(e.mean.max(1e-9)))).collect();
    let low = logs.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    let high = logs.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
    let range = (high - low).max(0.5);
    let of_tail = |part: Option<Part>| study.tails.first()?.curves.iter().find(|c| Some(c.part) == part)?.p99_s;
    let worst_window = |(from, to): (f64, f64)| {
        let within = study.windows.iter().zip(series).filter(|(w, _)| w.from_s >= from && w.from_s < to);
        within.filter_map(|(_, e)| *e).max_by(|a, b| a.mean.total_cmp(&b.mean))
    };
    let values: Vec<Option<Estimate>> =
        phases.iter().map(|(_, part, stretch)| of_tail(*part).or_else(|| worst_window(*stretch))).collect();
    // Minutes and hours in milliseconds are numbers that nobody reads.
    let most = values.iter().flatten().map(|e| e.mean).filter(|mean| mean.is_finite()).fold(0.0, f64::max);
    let (factor, unit) = if most >= 100.0 { (1.0, "s") } else { (1e3, "ms") };
    let write = |e: Estimate| match e.mean {
        mean if mean.is_infinite() => "never".to_owned(),
        mean => grouped(mean * factor, usize::from(mean * factor < 10.0)),
    };
    Sparkline {
        name: "p99".into(),
        levels: logs.iter().map(|l| l.map(|l| (l - low) / range)).collect(),
        worst: f64::max,
        numbers: values.iter().map(|e| e.map_or_else(|| "none".to_owned(), write)).collect(),
        unit,
    }
}

fn instances(study: &StudyResult, phases: &[Phase], service: &ServiceSeries) -> Sparkline {
    let most = service.instances.iter().map(|e| e.mean).fold(1.0, f64::max);
    let mean = |(from, to): (f64, f64)| {
        let within = |w: &Window| (w.to_s.min(to) - w.from_s.max(from)).max(0.0);
        study.windows.iter().zip(&service.instances).map(|(w, e)| within(w) * e.mean).sum::<f64>() / (to - from)
    };
    Sparkline {
        name: format!("instances of {}", service.name),
        levels: service.instances.iter().map(|e| Some(e.mean / most)).collect(),
        worst: f64::max,
        numbers: phases.iter().map(|(.., s)| grouped(mean(*s), 1)).collect(),
        unit: "",
    }
}

/// When faults were there, beneath the bars.
fn marks(study: &StudyResult, style: Style, name: usize, bars: usize, out: &mut String) {
    let struck: Vec<_> = study.faults.iter().filter(|f| f.scheduled && f.from_s > 0.0).collect();
    for fault in struck.iter().take(3) {
        let (from, to) = (fault.from_s, fault.to_s.min(end(study)));
        let at = |t: f64| ((t / end(study)) * bars as f64).round() as usize;
        let when = if clock(from) == clock(to) { clock(from) } else { format!("{} to {}", clock(from), clock(to)) };
        let says = format!("{when}, {}", fault.says);
        let before = " ".repeat(if bars > 0 { at(from) } else { 0 });
        let span = if bars > 0 { "~".repeat((at(to) - at(from)).max(1)) + "  " } else { String::new() };
        let line = format!("{before}{span}");
        let first = if fault.name.chars().count() + 3 > name {
            out.push_str(&in_lines(&fault.name, "", style.columns()));
            pad("", name)
        } else {
            pad(&fault.name, name)
        };
        let line = first + &line;
        // What does not fit stands on a line of its own.
        let fits = line.chars().count() + says.chars().count() <= style.columns();
        if fits {
            let _ = writeln!(out, "{line}{says}");
        } else {
            let indent = " ".repeat(name);
            let text = wrap(&says, &indent, style.columns().saturating_sub(name));
            let _ = write!(out, "{}\n{indent}{text}", line.trim_end());
        }
    }
    if let Some(more) = more_faults(&struck, 3) {
        let _ = writeln!(out, "{}{more}", pad("", name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;

    #[test]
    fn faults_that_are_not_listed_are_counted() {
        let mut study = sample::study();
        let fault = study.faults.iter().find(|f| f.scheduled && f.from_s > 0.0).unwrap().clone();
        let said = |study: &StudyResult| {
            let mut out = String::new();
            marks(study, Style { colour: false, plain: true, width: 100 }, 20, 40, &mut out);
            out
        };
        study.faults = vec![fault.clone(); 3];
        assert!(!said(&study).contains("more"), "{}", said(&study));
        study.faults = vec![fault; 40];
        assert!(said(&study).ends_with("\n                    and 37 more\n"), "{}", said(&study));
    }
}
