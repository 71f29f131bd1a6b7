//! The page of the measured systems, in Markdown.

use super::{Fate, Predicted, counts, demanded, reason, root, signed};
use crate::numbers::observed;
use std::fmt::Write;

/// The page of Markdown.
pub fn page(systems: &[Predicted]) -> String {
    let mut out = String::from(HEAD);
    out.push_str(&counts(&systems.iter().collect::<Vec<_>>()));
    for system in systems {
        section(system, &mut out);
    }
    out
}

const HEAD: &str = "\
# Measured systems

Systems that somebody has measured on real software, and what windtunnel says of them. This page is made by `windtunnel verify --measured --markdown`;
the program holds the scenarios and the numbers, so `windtunnel verify --measured` makes it again on any machine, and `windtunnel verify --measured --show` prints
the scenarios.

A figure marked *calibration* has set numbers of its scenario, as the text above the table says; all others are predictions, and none of them has set a number.
The structure is another matter: which parts wait for each other in the web application was chosen with its table in view, so that its predictions say less than those
of a scenario that is written before anybody looks. The text above each table names what was free to choose, and what the figures would be otherwise.

The error is the simulated number divided by the measured one, less 1. A prediction is near when its error is no larger than its target, else it is
missed, with what we think is the reason. A figure without a target is shown with its error as it is. The targets were set before the scenarios were written.

";

const COLUMNS: &str = "\
| what | figure | measured | simulated, 95 % interval | error | target | |
|---|---|---|---|---|---|---|
";

/// A system: what is asked, where the numbers come from, its figures, and what is missed.
fn section(system: &Predicted, out: &mut String) {
    let summary = &system.summary;
    let _ = write!(
        out,
        "\n## {}\n\n[{}](../{}): {}\n\n",
        summary.scenario,
        system.name,
        system.file,
        summary.question.trim()
    );
    let _ = write!(out, "{}.\n\n{COLUMNS}", system.source.trim().trim_end_matches('.'));
    let mut before = "";
    for figure in system.figures() {
        let fact = figure.fact;
        let what = if fact.what == before { "" } else { &fact.what };
        before = &fact.what;
        let fate = if figure.fate == Fate::Missed { "**missed**" } else { figure.fate.word() };
        let metric = format!("`{}`", fact.metric);
        let simulated = observed(figure.clause);
        let (error, target) = (signed(figure.error), demanded(fact.target));
        let _ = writeln!(out, "| {} |", [what, &metric, &fact.measured, &simulated, &error, &target, fate].join(" | "));
    }
    let _ = write!(out, "\n{}", counts(&[system]));
    if system.together.is_some() {
        let _ = writeln!(out, "The root mean square error of all predictions is {}.", root(system));
    }
    let misses = system.misses();
    if !misses.is_empty() {
        out.push_str("\nMissed:\n\n");
    }
    for (what, why) in misses {
        let _ = writeln!(out, "- {what}: {}.", reason(why));
    }
}
