//! A kind of finding: its name, how much it matters, and what looks for it.

use super::scene::Scene;
use sim_core::problem::{Problem, Problems, Severity};
use std::fmt::Display;

/// A kind of finding.
pub struct Kind {
    /// Its name in kebab-case, as it stands before each finding.
    pub name: &'static str,
    /// How much it matters: a warning goes wrong whenever the thing happens that it speaks of, a note may well be meant.
    pub severity: Severity,
    /// When it speaks, one sentence.
    pub says: &'static str,
    /// The text of the file in which it is written.
    pub(super) source: &'static str,
    pub(super) look: fn(&Scene<'_>, &mut Told<'_>),
}

impl Kind {
    /// Its page: what it is, when it speaks, when it is silent, and where that comes from. It is the documentation of its constant.
    pub fn doc(&self) -> String {
        let before = self.source.split("\npub const KIND").next().unwrap_or_default();
        let lines: Vec<&str> = before.lines().rev().map_while(|line| line.strip_prefix("///")).collect();
        lines.into_iter().rev().map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned() + "\n").collect()
    }
}

/// Where a kind tells what it has found.
pub struct Told<'a> {
    /// The kind.
    pub(super) kind: &'a Kind,
    /// All that is found.
    pub(super) problems: &'a mut Problems,
}

impl Told<'_> {
    /// A finding at a path of the scenario: one sentence without a full stop, the numbers behind it, and what to do about it.
    pub fn tell(&mut self, path: impl Display, message: String, numbers: impl Into<String>, hint: impl Into<String>) {
        let finding = Problem::finding(self.kind.name, self.kind.severity, path, message);
        self.problems.push(finding.label(numbers).hint(hint));
    }
}
