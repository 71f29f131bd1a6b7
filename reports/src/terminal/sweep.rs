//! What `sweep` prints: a table of the settings, what was found, and which knob matters.

use super::{Style, ascii, pad, pad_left, widest, wrap};
use crate::Source;
use crate::findings::sweep as findings;
use crate::numbers::{estimate, kept, plain};
use sim_core::results::{Design, Point, RankMethod, SweepResult, Unit, Verdict};
use std::fmt::Write;

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
    let two = sweep.design == Design::Grid && sweep.knobs.len() == 2 && sweep.knobs[1].values.len() <= 12;
    if two {
        grid(sweep, style, &mut out);
    } else {
        list(sweep, style, &mut out);
    }
    let found = findings::find(sweep);
    if !found.is_empty() {
        out.push('\n');
    }
    for sentence in found.iter().take(6) {
        say(sentence, &mut out);
    }
    rankings(sweep, style, &mut out);
    let _ = write!(out, "\n{}", wrap(&closing(sweep), "", style.sentence_width()));
    out
}

fn closing(sweep: &SweepResult) -> String {
    format!(
        "{} points by {}, {} replications each on the same random numbers, 95 % intervals, seed {}, digest {}",
        sweep.points.len(),
        sweep.design.words(),
        sweep.replications,
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
        (_, _, Some(shown)) => (ascii(&plain(shown.mean, sweep.shown[0].unit)), None),
        _ => ("-".into(), None),
    }
}

/// Two knobs: one down, one across.
fn grid(sweep: &SweepResult, style: Style, out: &mut String) {
    let judged = sweep.points.iter().any(|p| p.verdict.is_some());
    let what = if judged {
        "Share of runs that keep all that is promised, in % (90 needed)   H held   I inconclusive   B broken".to_owned()
    } else {
        sweep.shown.first().map_or_else(String::new, |shown| shown.name.clone())
    };
    let _ = writeln!(out, "{what}\n");
    let (down, across) = (&sweep.knobs[0], &sweep.knobs[1]);
    let cells: Vec<(String, Option<Verdict>)> = sweep.points.iter().map(|p| cell(p, sweep)).collect();
    let first = widest(down.values.iter(), &down.path);
    let texts = cells.iter().map(|(text, _)| text).chain(&across.values);
    let width = texts.map(|text| text.chars().count()).max().unwrap_or(0) + 3;
    let _ = writeln!(out, "{}{}", pad("", first + 3), style.dim(&across.path));
    let heads: String = across.values.iter().map(|v| pad_left(v, width)).collect();
    let _ = writeln!(out, "{}{heads}", style.dim(&pad(&down.path, first)));
    for (row, value) in down.values.iter().enumerate() {
        let mut line = pad_left(value, first);
        for (text, verdict) in &cells[row * across.values.len()..(row + 1) * across.values.len()] {
            let space = " ".repeat(width.saturating_sub(text.chars().count()));
            line.push_str(&space);
            line.push_str(&match verdict {
                Some(Verdict::Broken) => style.paint("1;38;5;130", text),
                Some(Verdict::Inconclusive) => style.paint("33", text),
                _ => text.clone(),
            });
        }
        let _ = writeln!(out, "{line}");
    }
}

/// One line a point: of many, the first.
fn list(sweep: &SweepResult, style: Style, out: &mut String) {
    let mut heads: Vec<String> = sweep.knobs.iter().map(|k| k.path.clone()).collect();
    let judged = sweep.points.iter().any(|p| p.verdict.is_some());
    if judged {
        heads.push("kept in runs".into());
    }
    heads.extend(sweep.shown.iter().map(|shown| shown.name.clone()));
    let rows: Vec<Vec<String>> = sweep.points.iter().take(MOST_ROWS).map(|p| row(sweep, p, judged)).collect();
    let fits = |count: usize| {
        let width = |place: usize| rows.iter().map(|r| r[place].chars().count()).max().unwrap_or(0);
        (0..count).map(|place| width(place).max(heads[place].chars().count()) + 3).sum::<usize>() <= style.width
    };
    let count = (1..=heads.len()).rev().find(|count| fits(*count)).unwrap_or(1);
    let width = |place: usize| widest(rows.iter().map(|r| &r[place]), &heads[place]);
    let line = |cells: &[String]| {
        let cells = cells.iter().take(count).enumerate().map(|(place, cell)| pad_left(cell, width(place)));
        cells.collect::<Vec<_>>().join("   ")
    };
    let _ = writeln!(out, "{}", style.dim(&line(&heads)));
    for row in &rows {
        let _ = writeln!(out, "{}", line(row));
    }
    let more = sweep.points.len().saturating_sub(rows.len());
    let left: Vec<&str> = heads[count..].iter().map(String::as_str).collect();
    if more > 0 {
        let _ = writeln!(out, "{more} more points are in the table.");
    }
    if !left.is_empty() {
        let _ = writeln!(out, "Not shown for lack of room: {}.", left.join(", "));
    }
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
        let heads = if morris { ("mu*", "sigma") } else { ("total index", "alone") };
        let unit = if morris { ranking.unit } else { Unit::Share };
        let cell = |e: &sim_core::results::Estimate| ascii(&estimate(e, unit));
        let totals: Vec<String> = ranking.knobs.iter().map(|k| cell(&k.total)).collect();
        let alone: Vec<String> = ranking.knobs.iter().map(|k| k.alone.as_ref().map_or("-".into(), cell)).collect();
        let paths: Vec<String> = ranking.knobs.iter().map(|k| k.path.clone()).collect();
        let head = format!("Which knob matters for {}", ranking.of);
        let (first, second, third) =
            (widest(paths.iter(), &head), widest(totals.iter(), heads.0), widest(alone.iter(), heads.1));
        let most = ranking.knobs.iter().map(|k| k.total.mean).fold(f64::MIN_POSITIVE, f64::max);
        let _ = writeln!(
            out,
            "\n{}   {}   {}",
            style.bold(&pad(&head, first)),
            style.dim(&pad_left(heads.0, second)),
            style.dim(&pad_left(heads.1, third))
        );
        for (place, knob) in ranking.knobs.iter().enumerate() {
            let bar = "█".repeat((knob.total.mean.max(0.0) / most * 20.0).round() as usize);
            let bar = if style.plain { String::new() } else { format!("   {bar}") };
            let line = [pad(&paths[place], first), pad_left(&totals[place], second), pad_left(&alone[place], third)];
            let _ = writeln!(out, "{}{bar}", line.join("   "));
        }
    }
}
