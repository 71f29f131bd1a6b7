//! What `capacity` prints: the ladder of settings, a table by level of load, and what was found.

use super::findings;
use crate::Source;
use crate::numbers::{kept, plain};
use crate::terminal::Style;
use crate::terminal::table::fitting;
use crate::terminal::text::{ascii, pad, pad_left, widest, wrap};
use crate::words::word;
use sim_core::results::{CapacityKnob, CapacityLevel, CapacityResult, Tried, Unit, Verdict};
use std::fmt::Write;

/// Columns of a bar.
const BAR: usize = 20;

/// The summary of a search.
pub fn summary(capacity: &CapacityResult, source: &Source, style: &Style) -> String {
    let style = *style;
    let say = |text: &str| ascii(&wrap(text, "", style.sentence_width()));
    let mut out = style.bold(&capacity.scenario) + "\n";
    out.push_str(&say(&source.question));
    out.push('\n');
    out.push_str(&say(&findings::answer(capacity)));
    for level in &capacity.levels {
        ladder(capacity, level, style, &mut out);
    }
    if capacity.levels.len() > 1 {
        levels(capacity, style, &mut out);
    }
    out.push('\n');
    for found in findings::told(capacity) {
        out.push_str(&say(format!("{} {}", found.what, found.why).trim_end()));
    }
    let closing = format!(
        "{} replications of {} settings on the same random numbers, at most {} each; verdicts at {} confidence however often was looked; seed {}, digest {}",
        capacity.spent,
        capacity.levels.iter().map(|l| l.tried.len()).sum::<usize>(),
        capacity.budget,
        plain(capacity.confidence, Unit::Share),
        capacity.seed,
        capacity.digest
    );
    let _ = write!(out, "\n{}", say(&closing));
    style.finish(&out)
}

/// A setting in one line of a ladder: the case that decides.
fn rung(tried: &Tried) -> Vec<String> {
    let case = tried.cases.iter().max_by_key(|case| case.verdict);
    let mut cells: Vec<String> = tried.settings.iter().map(|s| s.text.clone()).collect();
    let share = case.and_then(|c| c.probability).map_or_else(|| "no data".into(), |e| ascii(&kept(&e)));
    cells.push(case.map_or_else(String::new, |c| format!("{} of {}", c.kept, c.judged)));
    cells.push(share);
    cells.push(case.and_then(|c| c.lost.clone()).map_or_else(|| "-".into(), |zone| format!("zone {zone}")));
    cells
}

/// The settings that were tried at a level, in the order of trying.
fn ladder(capacity: &CapacityResult, level: &CapacityLevel, style: Style, out: &mut String) {
    let tried: Vec<&Tried> = level.tried.iter().filter(|t| !t.extra).collect();
    let mut heads: Vec<String> = capacity.knobs.iter().map(|k| short(&k.path, capacity)).collect();
    heads.extend(["kept", "in runs"].map(str::to_owned));
    let survives = !capacity.survive.is_empty();
    heads.extend(survives.then(|| "lost".to_owned()));
    let at_verdict = heads.len();
    heads.push("verdict".into());
    heads.extend(capacity.priced.then(|| "cost a month".to_owned()));
    let row = |tried: &&Tried| -> Vec<String> {
        let mut cells = rung(tried);
        cells.truncate(at_verdict);
        cells.push(word(tried.verdict).to_uppercase());
        let cost = || ascii(&plain(tried.cost_per_month.mean.round(), Unit::Money));
        cells.extend(capacity.priced.then(cost));
        cells
    };
    let rows: Vec<Vec<String>> = tried.iter().map(row).collect();
    let widths: Vec<usize> =
        (0..heads.len()).map(|place| widest(rows.iter().map(|r| &r[place]), &heads[place])).collect();
    let (count, gap) = fitting(&widths[1..], widths[0], style.columns());
    let count = count + 1;
    let line = |cells: &[String], verdict: Option<Verdict>| -> String {
        let each = cells.iter().zip(&widths).take(count).enumerate().map(|(place, (cell, width))| {
            let blanks = if place == 0 { 0 } else { gap };
            let text = match verdict.filter(|_| place == at_verdict) {
                Some(verdict) => style.word_as(verdict, cell, *width),
                None if place == at_verdict => pad(cell, *width),
                None => pad_left(cell, *width),
            };
            " ".repeat(blanks) + &text
        });
        each.collect()
    };
    let length = widths[..count].iter().sum::<usize>() + gap * (count - 1);
    let has_bars = count == heads.len() && length + gap + BAR < style.columns();
    let _ = writeln!(out, "\n{}", style.bold(&format!("Load {}", level.label)));
    let _ = writeln!(out, "{}", style.dim(line(&heads, None).trim_end()));
    for (row, tried) in rows.iter().zip(&tried) {
        let share = tried.cases.iter().max_by_key(|c| c.verdict).and_then(|c| c.probability).map_or(0.0, |e| e.mean);
        let bar = if has_bars { " ".repeat(gap) + &bar(share, capacity.needed, style) } else { String::new() };
        let _ = writeln!(out, "{}", format!("{}{bar}", line(row, Some(tried.verdict))).trim_end());
    }
}

/// The last part of a path that tells the knobs apart.
fn short(path: &str, capacity: &CapacityResult) -> String {
    let parts: Vec<&str> = path.split('.').collect();
    for count in 1..=parts.len() {
        let tail = parts[parts.len() - count..].join(".");
        let same = |k: &&CapacityKnob| k.path == tail || k.path.ends_with(&format!(".{tail}"));
        if capacity.knobs.iter().filter(same).count() == 1 {
            return tail;
        }
    }
    path.to_owned()
}

/// The share of runs, with the share that is needed.
fn bar(share: f64, needed: f64, style: Style) -> String {
    let (full, mark) = ((share * BAR as f64).floor() as usize, (needed * BAR as f64).round() as usize);
    let (filled, empty) = style.full_and_empty();
    let cell = |at: usize| if at < full { filled } else { empty };
    let left: String = (0..mark).map(cell).collect();
    let right: String = (mark..BAR).map(cell).collect();
    format!("{left}|{right}")
}

/// The answers by level of load.
fn levels(capacity: &CapacityResult, style: Style, out: &mut String) {
    let mut heads: Vec<String> = vec!["load".into()];
    heads.extend(capacity.knobs.iter().map(|k| short(&k.path, capacity)));
    if capacity.priced {
        heads.push("cost a month".into());
    }
    heads.push("kept in runs".into());
    let rows: Vec<Vec<String>> = capacity.levels.iter().map(|level| level_row(capacity, level)).collect();
    let width = |place: usize| widest(rows.iter().map(|r| &r[place]), &heads[place]);
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let (count, gap) = fitting(&widths[1..], widths[0], style.columns());
    let line = |cells: &[String]| {
        let cells = cells.iter().zip(&widths).take(count + 1).map(|(cell, width)| pad_left(cell, *width));
        cells.collect::<Vec<_>>().join(&" ".repeat(gap))
    };
    let _ = writeln!(
        out,
        "\n{}",
        style.bold(if capacity.priced {
            "The cheapest that holds, by load"
        } else {
            "The smallest that holds, by load"
        })
    );
    let _ = writeln!(out, "{}", style.dim(&line(&heads)));
    for row in &rows {
        let _ = writeln!(out, "{}", line(row));
    }
}

fn level_row(capacity: &CapacityResult, level: &CapacityLevel) -> Vec<String> {
    let mut cells = vec![level.label.clone()];
    match level.answer.map(|at| &level.tried[at]) {
        Some(tried) => {
            cells.extend(tried.settings.iter().map(|s| s.text.clone()));
            if capacity.priced {
                cells.push(ascii(&plain(tried.cost_per_month.mean.round(), Unit::Money)));
            }
            let worst = tried.cases.iter().filter_map(|c| c.probability).min_by(|a, b| a.low.total_cmp(&b.low));
            cells.push(worst.map_or_else(String::new, |e| ascii(&kept(&e))));
        }
        None => {
            let inconclusive = level.tried.iter().any(|t| t.verdict == Verdict::Inconclusive);
            let more = |k: &CapacityKnob| format!("> {}", k.values.last().map_or("", |v| v.text.as_str()));
            cells.extend(capacity.knobs.iter().map(|k| if inconclusive { "-".to_owned() } else { more(k) }));
            if capacity.priced {
                cells.push("-".into());
            }
            cells.push(if inconclusive { "inconclusive" } else { "none holds" }.into());
        }
    }
    cells
}
