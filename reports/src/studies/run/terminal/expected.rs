//! The clauses of `expect`: what was asked, and what was observed.

use crate::terminal::Style;
use crate::terminal::text::{pad, wrap};
use crate::words::{seen, word_of};
use sim_core::results::{StudyResult, Verdict};
use std::fmt::Write;

/// Columns of a word.
const WORD: usize = 15;
/// Blanks between a clause and what was observed.
const GAP: usize = 3;

pub(super) fn block(study: &StudyResult, style: Style, out: &mut String) {
    let all = &study.summary.expectations;
    if all.is_empty() {
        return;
    }
    let room = style.columns().saturating_sub(WORD);
    let says: Vec<(String, String)> =
        all.iter().map(|c| (c.says.to_string(), seen(&study.summary.promises, c))).collect();
    let length = |text: &str| text.chars().count();
    let in_line = says.iter().filter(|(says, seen)| length(says) + GAP + length(seen) <= room);
    let name = in_line.map(|(says, _)| length(says)).max().unwrap_or(0);
    let head = if name > 0 { format!("{}observed", " ".repeat(name + GAP)) } else { String::new() };
    let head = if length(&head) <= room { head } else { String::new() };
    let _ = writeln!(out, "\n{}{}", style.bold(&pad("Expected", WORD)), style.dim(&head));
    for (clause, (says, seen)) in all.iter().zip(&says) {
        let word = word_of(clause);
        // What is as expected does not shout.
        let word = if clause.verdict == Verdict::Held { word.to_lowercase() } else { word.to_uppercase() };
        out.push_str(&style.word_as(clause.verdict, &word, WORD));
        if length(says) <= name && name + GAP + length(seen) <= room {
            let _ = writeln!(out, "{}{}{seen}", pad(says, name), " ".repeat(GAP));
            continue;
        }
        let (indent, deeper) = (" ".repeat(WORD), " ".repeat(WORD + 2));
        out.push_str(&wrap(says, &indent, room));
        let _ = write!(out, "{deeper}{}", wrap(seen, &deeper, room.saturating_sub(2)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;
    use sim_core::results::{About, Made};

    /// The sample with a clause that denies the promise `works`.
    fn study() -> StudyResult {
        let mut study = sample::study();
        let mut clause = study.summary.promises[0].clone();
        clause.name = "not held(works)".into();
        clause.says = "\"works\" is broken".into();
        (clause.made, clause.about, clause.verdict) = (Made::ClauseByMeans, About::Condition, Verdict::Held);
        (clause.path, clause.of_promise) = ("expect.0".into(), Some("works".into()));
        study.summary.expectations.push(clause);
        study
    }

    #[test]
    fn a_clause_says_what_was_asked_and_what_was_observed() {
        let mut study = study();
        let said = |study: &StudyResult| {
            let mut out = String::new();
            block(study, Style { colour: false, plain: true, width: 100 }, &mut out);
            out.replace('\u{a0}', " ")
        };
        assert!(
            said(&study).ends_with("as expected    \"works\" is broken   98.31 % (98.29–98.33)\n"),
            "{}",
            said(&study)
        );
        study.summary.expectations[0].verdict = Verdict::Broken;
        assert!(said(&study).contains("\nNOT EXPECTED   \"works\" is broken   98.31 %"), "{}", said(&study));
        study.summary.expectations[0].of_promise = None;
        assert!(said(&study).ends_with("   in 0 of 64 runs\n"), "{}", said(&study));
    }
}
