//! What `sweep` prints: a table of the settings, what was found, and which knob matters.

use super::findings;
use crate::Source;
use crate::numbers::{estimate, kept, plain};
use crate::terminal::Style;
use crate::terminal::table::{TextRow, TextTable};
use crate::terminal::text::{ascii, pad, pad_left, widest, wrap};
use sim_core::results::{Design, Point, RankMethod, RankedKnob, SweepResult, Unit, Verdict};
use std::fmt::Write;

/// Columns of a bar in a ranking.
const BAR: usize = 20;
/// Rows of a table of single points that are printed.
const MOST_ROWS: usize = 24;

/// The summary of a sweep.
pub fn summary(sweep: &SweepResult, source: &Source, style: &Style) -> String {
    let style = *style;
    let mut out = style.bold(&sweep.scenario) + "\n";
    let say = |text: &str, out: &mut String| out.push_str(&ascii(&wrap(text, "", style.sentence_width())));
    say(&source.question, &mut out);
    out.push('\n');
    say(&findings::answer(sweep), &mut out);
    out.push('\n');
    if !grid(sweep, style, &mut out) && sweep.rankings.is_empty() {
        list(sweep, style, &mut out);
    }
    // The rankings stand below, as tables.
    let found = findings::settled(sweep);
    if !found.is_empty() && !out.ends_with("\n\n") {
        out.push('\n');
    }
    for sentence in found.iter().take(6) {
        say(sentence, &mut out);
    }
    rankings(sweep, style, &mut out);
    let _ = write!(out, "\n{}", wrap(&closing(sweep), "", style.sentence_width()));
    style.finish(&out)
}

fn closing(sweep: &SweepResult) -> String {
    format!(
        "{} points by {}, {} each on the same random numbers, 95 % intervals, seed {}, digest {}",
        sweep.points.len(),
        sweep.design.words(),
        findings::replications(sweep),
        sweep.seed,
        sweep.digest
    )
}

fn letter(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Held => "H",
        Verdict::Inconclusive => "I",
        Verdict::Broken => "B",
    }
}

/// A cell of a grid: the share of runs that keep all, with a letter, or the first metric.
fn cell(point: &Point, sweep: &SweepResult) -> (String, Option<Verdict>) {
    match (point.kept_all, point.verdict, point.shown.first().copied().flatten()) {
        (Some(kept), Some(verdict), _) => (format!("{:.0} {}", kept.mean * 100.0, letter(verdict)), Some(verdict)),
        (None, Some(verdict), _) => (format!("no data {}", letter(verdict)), Some(verdict)),
        (_, _, Some(shown)) => (ascii(&plain(shown.mean, sweep.shown[0].unit)), None),
        _ => ("-".into(), None),
    }
}

/// Two knobs, one down and one across, where that fits into the width; otherwise false, and nothing is printed.
fn grid(sweep: &SweepResult, style: Style, out: &mut String) -> bool {
    if sweep.design != Design::Grid || sweep.knobs.len() != 2 {
        return false;
    }
    let cells: Vec<(String, Option<Verdict>)> = sweep.points.iter().map(|p| cell(p, sweep)).collect();
    let fitting = [(0, 1), (1, 0)].into_iter().find(|(_, across)| {
        let width = grid_width(sweep, &cells, *across);
        width * sweep.knobs[*across].values.len() + 20 <= style.columns()
    });
    let Some((down, across)) = fitting else { return false };
    let judged = sweep.points.iter().any(|p| p.verdict.is_some());
    let what = if judged {
        "Share of runs that keep every promise, in % (90 needed); H held, I inconclusive, B broken".to_owned()
    } else {
        sweep.shown.first().map_or_else(String::new, |shown| shown.name.clone())
    };
    out.push_str(&wrap(&what, "", style.columns()));
    let (width, rows) = (grid_width(sweep, &cells, across), sweep.knobs[1].values.len());
    let (down, across) = (&sweep.knobs[down], &sweep.knobs[across]);
    let axes = wrap(&format!("down {}, across {}", down.path, across.path), "", style.columns());
    let _ = writeln!(out, "{}\n", style.dim(axes.trim_end()));
    let first = widest(down.values.iter(), "");
    let heads: String = across.values.iter().map(|v| pad_left(v, width)).collect();
    let _ = writeln!(out, "{}{}", pad("", first), style.dim(&heads));
    let straight = down.path == sweep.knobs[0].path;
    for (row, value) in down.values.iter().enumerate() {
        let mut line = pad_left(value, first);
        for column in 0..across.values.len() {
            let (text, verdict) = &cells[if straight { row * rows + column } else { column * rows + row }];
            line.push_str(&" ".repeat(width.saturating_sub(text.chars().count())));
            line.push_str(&match verdict {
                Some(Verdict::Broken) => style.paint("1;38;5;130", text),
                Some(Verdict::Inconclusive) => style.paint("33", text),
                _ => text.clone(),
            });
        }
        let _ = writeln!(out, "{line}");
    }
    true
}

/// How wide a column of a grid is.
fn grid_width(sweep: &SweepResult, cells: &[(String, Option<Verdict>)], across: usize) -> usize {
    let texts = cells.iter().map(|(text, _)| text).chain(&sweep.knobs[across].values);
    texts.map(|text| text.chars().count()).max().unwrap_or(0) + 3
}

/// The shortest ends of paths that tell them from one another: `timeout`, `gateway.instances`.
fn short(paths: &[&str]) -> Vec<String> {
    let end = |path: &str, parts: usize| {
        let all: Vec<&str> = path.split('.').collect();
        all[all.len().saturating_sub(parts)..].join(".")
    };
    let tells = |path: &str, parts: usize| {
        paths.iter().filter(|other| **other != path).all(|other| end(other, parts) != end(path, parts))
    };
    let shortest = |path: &&str| {
        let parts = path.split('.').count();
        let least = (1..=parts).find(|parts| tells(path, *parts)).unwrap_or(parts);
        end(path, least)
    };
    paths.iter().map(shortest).collect()
}

/// The points that are listed, in their order; of many, those that keep the most and those that keep the least. `None` is a gap.
fn listed(sweep: &SweepResult) -> Vec<Option<&Point>> {
    if sweep.points.len() <= MOST_ROWS {
        return sweep.points.iter().map(Some).collect();
    }
    let rank =
        |point: &Point| point.kept_all.or_else(|| point.shown.first().copied().flatten()).map_or(-1.0, |e| e.mean);
    let mut all: Vec<&Point> = sweep.points.iter().collect();
    all.sort_by(|a, b| rank(b).total_cmp(&rank(a)));
    let (most, least) = (all.iter().take(MOST_ROWS / 2), all.iter().skip(all.len() - MOST_ROWS / 2));
    most.copied().map(Some).chain([None]).chain(least.copied().map(Some)).collect()
}

/// One line a point.
fn list(sweep: &SweepResult, style: Style, out: &mut String) {
    let paths: Vec<&str> = sweep.knobs.iter().map(|k| k.path.as_str()).collect();
    let mut heads = short(&paths);
    let judged = sweep.points.iter().any(|p| p.verdict.is_some());
    if judged {
        heads.push("kept in runs".into());
    }
    heads.extend(sweep.shown.iter().map(|shown| shown.name.clone()));
    let rows: Vec<Option<Vec<String>>> = listed(sweep).into_iter().map(|p| Some(row(sweep, p?, judged))).collect();
    let width = |place: usize| widest(rows.iter().flatten().map(|r| &r[place]), &heads[place]);
    let fits = |count: usize| (0..count).map(|place| width(place) + 3).sum::<usize>() <= style.columns() + 3;
    let count = (1..=heads.len()).rev().find(|count| fits(*count)).unwrap_or(1);
    let line = |cells: &[String]| {
        let cells = cells.iter().take(count).enumerate().map(|(place, cell)| pad_left(cell, width(place)));
        cells.collect::<Vec<_>>().join("   ")
    };
    let _ = writeln!(out, "{}", style.dim(&line(&heads)));
    for row in &rows {
        let gap = || format!("{} more are in the table", sweep.points.len() - MOST_ROWS);
        let _ = writeln!(out, "{}", row.as_ref().map_or_else(gap, |row| line(row)));
    }
    let mut notes = Vec::new();
    if paths.iter().zip(&heads).any(|(path, head)| path != head) {
        notes.push(format!("Varied: {}.", paths.join(", ")));
    }
    if count < heads.len() {
        notes.push(format!("Not shown for lack of room: {}.", heads[count..].join(", ")));
    }
    if !notes.is_empty() {
        out.push('\n');
    }
    notes.iter().for_each(|note| out.push_str(&wrap(note, "", style.sentence_width())));
}

fn row(sweep: &SweepResult, point: &Point, judged: bool) -> Vec<String> {
    let mut cells: Vec<String> = point.settings.iter().map(|s| s.text.clone()).collect();
    if judged {
        let letter = point.verdict.map_or("", letter);
        let share = point.kept_all.as_ref().map_or_else(|| "no data".into(), |e| ascii(&kept(e)));
        cells.push(format!("{share} {letter}"));
    }
    let shown = point.shown.iter().zip(&sweep.shown);
    cells.extend(
        shown.map(|(e, shown)| e.as_ref().map_or_else(|| "no data".into(), |e| ascii(&estimate(e, shown.unit)))),
    );
    cells
}

/// The ranking of the knobs, with bars.
fn rankings(sweep: &SweepResult, style: Style, out: &mut String) {
    for ranking in &sweep.rankings {
        let morris = ranking.method == RankMethod::Morris;
        let only = ranking.knobs.first().filter(|knob| !morris && knob.alone.is_some_and(|a| a.mean > 0.9999));
        if let Some(only) = only {
            let says = format!("{} is decided by {} alone.", ranking.of, only.path);
            let _ = write!(out, "\n{}", wrap(&says, "", style.sentence_width()));
            continue;
        }
        let heads = if morris { ("mu*", "sigma") } else { ("total index", "alone") };
        let unit = if morris { ranking.unit } else { Unit::Share };
        let cell = |e: &sim_core::results::Estimate| ascii(&estimate(e, unit));
        let most = ranking.knobs.iter().map(|k| k.total.mean).fold(f64::MIN_POSITIVE, f64::max);
        let row = |knob: &RankedKnob| TextRow {
            lead: String::new(),
            name: knob.path.clone(),
            cells: vec![
                cell(&knob.total),
                knob.alone.as_ref().map_or("-".into(), cell),
                pad(
                    &String::from(style.full_and_empty().0)
                        .repeat((knob.total.mean.max(0.0) / most * BAR as f64).round() as usize),
                    BAR,
                ),
            ],
        };
        let (head, heads) = (format!("Which knob matters for {}", ranking.of), [heads.0, heads.1, ""]);
        let mut text = String::new();
        let rows = ranking.knobs.iter().map(row).collect();
        TextTable { title: &head, lead: 0, heads: &heads, rows }.write(style, &mut text);
        if out.ends_with("\n\n") {
            out.pop();
        }
        text.lines().for_each(|line| out.push_str(&format!("{}\n", line.trim_end())));
    }
}
