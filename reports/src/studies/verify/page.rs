//! The page of the truth suite, in Markdown.

use super::cases::{Verified, cells, clauses, counts, open, word};
use sim_core::results::Verdict;
use std::fmt::Write;

/// The page of Markdown.
pub fn page(cases: &[Verified]) -> String {
    let mut out = String::from(HEAD);
    for case in open(cases) {
        let _ = writeln!(out, "\n**{}: `{}`, {}**", word(case.1.verdict), case.0.name, case.1.says);
    }
    let mut topic = "";
    for case in cases {
        if topic_of(case) != topic {
            topic = topic_of(case);
            let of_topic: Vec<&Verified> = cases.iter().filter(|case| topic_of(case) == topic).collect();
            // Counts stand with their topic, so that two cases that are added to two topics change other lines.
            let _ = write!(out, "\n## {}\n\n{}\n{COLUMNS}", title(topic), counts(&of_topic));
        }
        for (place, clause) in clauses(case).iter().enumerate() {
            let [measured, expected, simulated] = cells(clause);
            let (name, source) = if place == 0 { (name(case), case.source.trim()) } else { (String::new(), "") };
            let verdict = match clause.verdict {
                Verdict::Held => "held".to_owned(),
                other => format!("**{}**", word(other)),
            };
            let row = [name, format!("`{measured}`"), expected, simulated, source.to_owned(), verdict];
            let _ = writeln!(out, "| {} |", row.map(|cell| cell.replace('|', "\\|").replace('\n', " ")).join(" | "));
        }
    }
    out
}

const HEAD: &str = "\
# The truth suite

Systems whose answers are published or can be computed exactly, and what windtunnel says of them. This page is made by
`windtunnel verify --markdown`; the program holds the scenarios, so `windtunnel verify` makes it again on any machine, with the same
numbers. `windtunnel verify --seed 7` asks with other random numbers. METHOD.md says how intervals and verdicts are made.

A case is held when the 95 % interval of what is simulated overlaps the band around what is expected, and half of it is no wider than the
tolerance; for < and > the whole interval has to lie on that side.
";

const COLUMNS: &str = "\
| case | measured | expected | simulated, 95 % interval | source | verdict |
|---|---|---|---|---|---|
";

/// The title of a scenario, linked to its file.
fn name(case: &Verified) -> String {
    format!("[{}](../{})", case.summary.scenario, case.file)
}

/// A topic as a heading: `tail-at-scale` is "Tail at scale".
fn title(topic: &str) -> String {
    let words = topic.replace('-', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What a case is about: the folder that it is in.
fn topic_of(case: &Verified) -> &str {
    case.name.split('/').next().unwrap_or_default()
}
