//! The verdicts as Markdown: for a pull request, or the summary of a job.

use super::notices::{
    against_name, against_text, in_short, is_told, judged, judgement, name_of, rule, settling, spent, told_as, totals,
    verdict, why_ended, without_verdict,
};
use crate::numbers::grouped;
use crate::words::{word, word_of};
use sim_core::results::Verdict;
use sim_core::results::compare::Change;
use sim_core::results::gate::{Checked, CheckedFile, FilePlace, Standing};
use std::fmt::Write;

/// The page. `baseline` is how the user names the baseline.
/// `notes` are sentences about the check as a whole.
pub fn markdown(files: &[CheckedFile], baseline: Option<&str>, notes: &[String]) -> String {
    let worst = files.iter().map(|file| verdict(file).map_or(Verdict::Broken, |v| v)).max();
    let head = match worst {
        _ if files.iter().any(|file| file.outcome.is_err()) => "A scenario could not be run",
        _ if files.iter().any(|file| verdict(file).is_none()) => "Not all was judged",
        None | Some(Verdict::Held) => "Every promise is held",
        Some(Verdict::Inconclusive) => "A promise is inconclusive",
        Some(Verdict::Broken) => "A promise is broken",
    };
    let mut out = format!("## windtunnel: {head}\n\n{}\n\n", totals(files));
    out.push_str("| Verdict | Scenario | Replications | |\n|---|---|---:|---|\n");
    for file in files {
        let (verdict, runs, says) = match &file.outcome {
            Ok(checked) => (verdict(file).map_or(without_verdict(file), word), runs(checked), in_short(checked)),
            Err(troubles) => ("Not run", String::new(), format!("{} errors", troubles.len())),
        };
        let _ = writeln!(out, "| {verdict} | `{}` | {runs} | {} |", code(&file.file), cell(&says));
    }
    files.iter().for_each(|file| details(file, baseline, &mut out));
    let own = [Some(judged(files)), spent(files), rule(files)].into_iter().flatten();
    let notes: Vec<String> = own.chain(notes.iter().cloned()).collect();
    let _ = writeln!(out, "\n<sub>{}</sub>", cell(&notes.join(" ")));
    out
}

fn runs(checked: &Checked) -> String {
    let (n, most) = (grouped(f64::from(checked.replications), 0), grouped(f64::from(checked.most), 0));
    if n == most { n } else { format!("{n} of {most}") }
}

fn details(file: &CheckedFile, baseline: Option<&str>, out: &mut String) {
    let checked = match &file.outcome {
        Ok(checked) => checked,
        Err(troubles) => {
            let _ = writeln!(out, "\n### `{}`: not run\n", code(&file.file));
            for trouble in troubles {
                let _ = writeln!(out, "- {}{}", place(trouble.place.as_ref()), cell(&trouble.message));
            }
            return;
        }
    };
    let open: Vec<_> = checked.judged().filter(|p| p.verdict != Verdict::Held).collect();
    let changed = |change| checked.against.iter().filter(move |a| a.standing == Standing::Compared(change));
    let told: Vec<_> = checked.against.iter().filter(|a| is_told(a)).collect();
    let better: Vec<_> = changed(Change::Better).collect();
    if open.is_empty() && told.is_empty() && better.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n### `{}`\n\n{}\n", code(&file.file), cell(&why_ended(checked)));
    for promise in open {
        let at = place(checked.places.get(&promise.path));
        let text = judgement(&checked.promises, promise);
        let _ = write!(out, "- **{}** {at}`{}`: {}.", word_of(promise), code(&name_of(promise)), cell(&text));
        out.push_str(&settling(promise).map_or_else(|| "\n".to_owned(), |s| format!(" {}.\n", cell(&s))));
    }
    let name = baseline.unwrap_or("the baseline");
    for (against, what) in told.iter().map(|a| (a, "Worse")).chain(better.iter().map(|a| (a, "Better"))) {
        let text = cell(&against_text(against));
        if matches!(against.standing, Standing::WithoutData | Standing::Gone) {
            let _ = writeln!(out, "- **{}**: `{}` {text}.", told_as(against), code(&against_name(against)));
            continue;
        }
        let _ = writeln!(out, "- **{what}** than in {}: `{}` {text}.", cell(name), code(&against_name(against)));
    }
}

fn place(place: Option<&FilePlace>) -> String {
    place.map_or_else(String::new, |p| format!("`{}:{}` ", code(&p.file), p.line))
}

/// Text that no table and no markup takes apart.
fn cell(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('|', "\\|").replace('*', "\\*").replace('\n', " ")
}

/// Text between back quotes.
fn code(text: &str) -> String {
    text.replace('`', "'").replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::check::sample;

    #[test]
    fn the_first_lines_say_what_came_out() {
        let text = markdown(&[CheckedFile { file: "a|b.yaml".into(), outcome: Ok(sample::checked()) }], None, &[]);
        assert!(text.starts_with("## windtunnel: A promise is broken\n\n1 scenario: 1 broken.\n"), "{text}");
        assert!(text.contains("| Broken | `a\\|b.yaml` | 64 | 1 of 3 promises broken, 1 inconclusive |"), "{text}");
        assert!(text.contains("- **Broken** `works`: 98.31"), "{text}");
        assert!(text.contains("&lt;sub>") || text.contains("<sub>"), "{text}");
    }
}
