//! The lines of `check` in a terminal: worst scenario first, held ones in one line with the promise that came nearest.

use super::notices::{
    against_name, against_text, in_short, is_told, judged, judgement, name_of, rule, settling, spent, totals, verdict,
    without_verdict,
};
use crate::numbers::grouped;
use crate::studies::run::course::precision;
use crate::terminal::Style;
use crate::terminal::table::in_lines;
use crate::terminal::text::{pad, pad_left, widest, wrap};
use crate::words::word_of;
use sim_core::results::compare::Change;
use sim_core::results::gate::{Checked, CheckedFile, Standing, Trouble};
use sim_core::results::{PromiseSummary, Verdict};
use std::cmp::Reverse;
use std::fmt::Write;

/// Columns of a verdict.
const VERDICT: usize = 14;

/// The lines, without the last that tells the exit status. `baseline` is how the user names the baseline.
pub fn lines(files: &[CheckedFile], baseline: Option<&str>, style: &Style) -> String {
    let mut order: Vec<&CheckedFile> = files.iter().collect();
    // What could not be run comes first.
    order.sort_by_key(|file| (verdict(file).is_some(), Reverse(verdict(file))));
    let names = widest(files.iter().map(|file| &file.file), "") + 2;
    let counts = order.iter().map(|file| file.outcome.as_ref().map_or_else(|_| String::new(), replications));
    let counts: Vec<String> = counts.collect();
    let head = "replications";
    let width = widest(counts.iter(), head);
    // In a narrow terminal the name has its line, and the rest stands beneath it.
    let is_narrow = VERDICT + names + width > style.columns();
    let heads = format!("{}{}", pad("", VERDICT + names), pad_left(head, width));
    let mut out = if is_narrow { String::new() } else { style.dim(&heads) + "\n" };
    for (file, count) in order.into_iter().zip(&counts) {
        let narrow = || in_lines(&file.file, &" ".repeat(VERDICT), style.columns() - VERDICT).trim_end().to_owned();
        let name = if is_narrow { narrow() } else { pad(&file.file, names) };
        match &file.outcome {
            Ok(checked) => {
                let verdict = match verdict(file) {
                    Some(verdict) => style.verdict(verdict, VERDICT),
                    None => style.verdict_as(Verdict::Broken, without_verdict(file), VERDICT),
                };
                if is_narrow {
                    let rest = format!("{count} replications; {}", in_short(checked));
                    let _ = write!(out, "{verdict}{name}\n{}", indented(&rest, VERDICT, *style));
                } else {
                    let line = format!("{name}{}  ", pad_left(count, width));
                    let _ = write!(out, "{verdict}{}", with_rest(&line, &in_short(checked), *style));
                }
                below(checked, baseline, *style, &mut out);
            }
            Err(troubles) if is_narrow => not_run(&(name + "  "), troubles, *style, &mut out),
            Err(troubles) => not_run(&name, troubles, *style, &mut out),
        }
    }
    let _ = writeln!(out, "\n{}", totals(files));
    for sentence in [Some(judged(files)), spent(files), rule(files), bonferroni(files)].into_iter().flatten() {
        out.push_str(&wrap(&sentence, "", style.sentence_width()));
    }
    style.finish(&out)
}

fn replications(checked: &Checked) -> String {
    let (n, most) = (grouped(f64::from(checked.replications), 0), grouped(f64::from(checked.most), 0));
    if checked.replications == checked.most { n } else { format!("{n} of {most}") }
}

/// A line and its rest, which stands beneath it where it does not fit.
fn with_rest(line: &str, rest: &str, style: Style) -> String {
    let fits = VERDICT + line.chars().count() + rest.chars().count() <= style.columns();
    if fits {
        return format!("{line}{rest}\n");
    }
    format!("{}\n{}", line.trim_end(), indented(rest, VERDICT, style))
}

/// Text behind so many blanks in every line.
fn indented(text: &str, indent: usize, style: Style) -> String {
    let wrapped = wrap(text, "", style.columns().saturating_sub(indent).max(20));
    wrapped.lines().map(|line| format!("{}{line}\n", " ".repeat(indent))).collect()
}

fn not_run(name: &str, troubles: &[Trouble], style: Style, out: &mut String) {
    let n = troubles.len();
    let _ = writeln!(
        out,
        "{}{name}{n} error{}",
        style.verdict_as(Verdict::Broken, "Not run", VERDICT),
        if n == 1 { "" } else { "s" }
    );
    for trouble in troubles.iter().take(3) {
        let place =
            trouble.place.as_ref().map_or_else(String::new, |p| format!("{}:{}:{}: ", p.file, p.line, p.column));
        let _ = write!(out, "  {}", wrap(&format!("{place}{}", trouble.message), "  ", style.sentence_width() - 2));
    }
}

/// What stands beneath a scenario: what is not held, what is worse, and what is as expected.
fn below(checked: &Checked, baseline: Option<&str>, style: Style, out: &mut String) {
    if let Some(precision) = precision(checked.precision.as_ref(), checked.replications) {
        let _ = write!(out, "  {}", wrap(&precision, "  ", style.sentence_width() - 2));
    }
    let mut open: Vec<&PromiseSummary> = checked.judged().filter(|p| p.verdict != Verdict::Held).collect();
    open.sort_by_key(|p| Reverse(p.verdict));
    let told: Vec<_> = checked.against.iter().filter(|a| is_told(a)).collect();
    let names = open.iter().map(|p| name_of(p).chars().count());
    let names = names.chain(told.iter().map(|a| against_name(a).chars().count()));
    // Long clauses stand in lines of their own.
    let width = names.filter(|n| *n <= 30).max().unwrap_or(0) + 2;
    for promise in open {
        let word = style.verdict_as(promise.verdict, word_of(promise), VERDICT);
        let text = judgement(&checked.promises, promise);
        item(&word, &name_of(promise), &text, width, style, out);
        if let Some(settling) = settling(promise) {
            let _ = writeln!(out, "{}{settling}.", " ".repeat(VERDICT + 2));
        }
    }
    for against in told {
        let (verdict, word) = match against.standing {
            Standing::WithoutData => (Verdict::Inconclusive, "No data"),
            Standing::Gone => (Verdict::Broken, "Not judged"),
            _ => (Verdict::Broken, "Worse"),
        };
        let word = style.verdict_as(verdict, word, VERDICT);
        item(&word, &against_name(against), &against_text(against), width, style, out);
    }
    for promise in checked.promises.iter().filter(|p| p.denied_by.is_some() && p.verdict != Verdict::Held) {
        let name = format!("\"{}\" is broken", promise.name);
        item(&pad("as expected", VERDICT), &name, &judgement(&checked.promises, promise), 0, style, out);
    }
    if let Some(text) = baseline.map(|name| standing(checked, name)) {
        let _ = write!(out, "  {}", wrap(&text, "  ", style.sentence_width() - 2));
    }
}

/// A line of a promise; what does not fit beside its name stands beneath it.
fn item(word: &str, name: &str, text: &str, width: usize, style: Style, out: &mut String) {
    let _ = write!(out, "  {word}");
    let room = style.columns().saturating_sub(VERDICT + 2);
    let line = format!("{}{text}", pad(&format!("{name}  "), width));
    if line.chars().count() <= room {
        let _ = writeln!(out, "{line}");
        return;
    }
    let _ = write!(out, "{}", indented(name, VERDICT + 2, style).trim_start());
    out.push_str(&indented(text, VERDICT + 2, style));
}

/// How a scenario stands against the baseline, in one sentence.
fn standing(checked: &Checked, baseline: &str) -> String {
    let count = |standing: Standing| checked.against.iter().filter(|a| a.standing == standing).count();
    let words = [
        (Standing::Compared(Change::Worse), "worse"),
        (Standing::Compared(Change::Better), "better"),
        (Standing::Compared(Change::NoneSeen), "without a difference that is seen"),
        (Standing::Compared(Change::Same), "the same"),
        (Standing::WithoutData, "without data"),
        (Standing::New, "new"),
        (Standing::Gone, "gone"),
    ];
    let parts: Vec<String> = words
        .iter()
        .map(|(s, word)| (count(*s), word))
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{n} {word}"))
        .collect();
    if parts.is_empty() {
        return format!("Against {baseline}: not in it.");
    }
    format!("Against {baseline}: {}.", parts.join(", "))
}

/// How sure the comparison with a baseline is.
fn bonferroni(files: &[CheckedFile]) -> Option<String> {
    let all = files.iter().filter_map(|f| f.outcome.as_ref().ok()).flat_map(|c| &c.against);
    let compared: Vec<_> = all.filter(|a| a.difference.is_some()).collect();
    let paired = compared.iter().filter(|a| a.paired).count();
    let n = compared.len();
    (n > 0).then(|| format!("{n} numbers compared with the baseline, {paired} of them in pairs on the same random numbers; their intervals hold together at 95 %."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::check::sample;

    const PLAIN: Style = Style { colour: false, plain: false, width: 100 };

    #[test]
    fn the_worst_scenario_comes_first_and_no_line_is_too_long() {
        let mut held = sample::checked();
        held.promises.retain(|p| p.verdict == Verdict::Held);
        let broken = Err(vec![Trouble { message: "no service is called \"x\"".into(), hint: None, place: None }]);
        let files = vec![
            CheckedFile { file: "a.yaml".into(), outcome: Ok(held) },
            CheckedFile { file: "b.yaml".into(), outcome: Ok(sample::checked()) },
            CheckedFile { file: "c.yaml".into(), outcome: broken },
        ];
        let text = lines(&files, None, &PLAIN);
        let rows: Vec<&str> = text.lines().collect();
        assert!(rows[1].starts_with("NOT RUN       c.yaml  1 error"), "{text}");
        assert!(
            rows[3].starts_with("BROKEN        b.yaml  ")
                && rows[3].ends_with("1 of 3 promises broken, 1 inconclusive"),
            "{text}"
        );
        assert!(
            text.contains("\nHELD          a.yaml  ")
                && text.contains("1 promise, nearest: p99 322 ms (302–342) of 800 ms\n"),
            "{text}"
        );
        assert!(text.contains("3 scenarios: 1 not run, 1 broken, 1 held."), "{text}");
        // Clauses are no promises.
        let mut clauses = sample::checked();
        clauses.promises.retain(|p| p.verdict == Verdict::Held);
        let clause = |p: &PromiseSummary| PromiseSummary { made: sim_core::results::Made::ClauseByMeans, ..p.clone() };
        clauses.expectations = clauses.promises.iter().map(clause).collect();
        let of = |checked: &Checked| in_short(checked);
        assert!(of(&clauses).starts_with("2 promises and clauses, nearest: "), "{}", of(&clauses));
        clauses.promises.clear();
        assert!(of(&clauses).starts_with("1 clause, nearest: "), "{}", of(&clauses));
        assert!(text.lines().all(|l| l.chars().count() <= 100), "{text}");
    }

    #[test]
    fn a_promise_that_is_expected_to_break_breaks_no_check() {
        let mut checked = sample::checked();
        checked.promises.retain(|p| p.verdict != Verdict::Inconclusive);
        let works = checked.promises.iter_mut().find(|p| p.name == "works").unwrap();
        works.denied_by = Some("expect.0".into());
        let text = lines(&[CheckedFile { file: "a.yaml".into(), outcome: Ok(checked) }], None, &PLAIN);
        assert!(text.contains("\nHELD          a.yaml  "), "{text}");
        assert!(text.contains("\n  as expected   \"works\" is broken  "), "{text}");
    }
}
