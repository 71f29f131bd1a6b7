//! What is wrong with a scenario, as the settings themselves report it.
//!
//! Settings know the path at which they stand (`policies.card.breaker.rate`) and nothing of files or lines: the reader keeps
//! where each path stands in the text and joins the two. All problems are collected; nothing stops at the first.

use crate::visible::visible;
use std::borrow::Cow;
use std::fmt;

/// How much a problem matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The scenario cannot be run.
    Error,
    /// The scenario runs, and probably does not say what was meant.
    Warning,
    /// Worth knowing of the system, and may well be meant.
    Note,
}

impl Severity {
    /// The word before a message.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// One problem at one path of the scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Error, warning or note.
    pub severity: Severity,
    /// The kind of finding, in kebab-case, where it is something that is known without a run: `retry-amplification`.
    pub name: Option<&'static str>,
    /// Keys joined by dots, list places by number from 0: `services.api.endpoints.get.steps.1.call.to`.
    pub path: String,
    /// What is wrong, one sentence without a full stop: `no service is called "paymnet"`.
    pub message: String,
    /// What was expected, or what is known here; stands beside the caret.
    pub label: Option<String>,
    /// What to type instead.
    pub hint: Option<String>,
}

impl Problem {
    /// An error at `path`.
    pub fn error(path: impl fmt::Display, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            name: None,
            path: path.to_string(),
            message: message.into(),
            label: None,
            hint: None,
        }
    }

    /// A warning at `path`.
    pub fn warning(path: impl fmt::Display, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(path, message) }
    }

    /// A finding of the kind `name` at `path`.
    pub fn finding(
        name: &'static str,
        severity: Severity,
        path: impl fmt::Display,
        message: impl Into<String>,
    ) -> Self {
        Self { severity, name: Some(name), ..Self::error(path, message) }
    }

    /// Makes all of its words visible: they quote what stands in files.
    pub fn make_visible(&mut self) {
        let seen = |text: &mut String| {
            if let Cow::Owned(other) = visible(text) {
                *text = other;
            }
        };
        seen(&mut self.message);
        seen(&mut self.path);
        self.label.iter_mut().for_each(seen);
        self.hint.iter_mut().for_each(seen);
    }

    /// Says what was expected or is known at the place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Says what to type instead.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// An unknown name: lists what is known, and hints at the nearest.
    pub fn unknown<'a>(
        path: impl fmt::Display,
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        let mut problem = Self::error(path, format!("no {what} is called \"{name}\""));
        problem = problem.label(match known.len() {
            0 => format!("there is no {what} here"),
            1..=12 => format!("{} here: {}", plural(what), known.join(", ")),
            n => format!("{} here: {}, and {} more", plural(what), known[..8].join(", "), n - 8),
        });
        match nearest(name, known) {
            Some(near) => problem.hint(format!("did you mean {near}?")),
            None => problem,
        }
    }
}

/// The plural of what a name names: services, policies, switches.
fn plural(what: &str) -> String {
    match what.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if what.ends_with(['s', 'x']) || what.ends_with("ch") => format!("{what}es"),
        _ => format!("{what}s"),
    }
}

/// The name nearest to `name`, if any is near enough to have been meant.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (name.len().max(candidate.len()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Collects the problems of a scenario, with the path at which the checker stands.
#[derive(Debug, Default)]
pub struct Problems {
    found: Vec<Problem>,
    path: Vec<String>,
}

impl Problems {
    /// An empty collection at the root.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `check` one key deeper.
    pub fn at<R>(&mut self, key: impl fmt::Display, check: impl FnOnce(&mut Self) -> R) -> R {
        self.path.push(key.to_string());
        let result = check(self);
        self.path.pop();
        result
    }

    /// The path at which the checker stands.
    pub fn path(&self) -> String {
        self.path.join(".")
    }

    /// An error at the present path, or at `key` below it where `key` is not empty.
    pub fn error(&mut self, key: &str, message: impl Into<String>) -> &mut Problem {
        let path = self.below(key);
        self.push(Problem::error(path, message))
    }

    /// A warning at the present path, or at `key` below it where `key` is not empty.
    pub fn warning(&mut self, key: &str, message: impl Into<String>) -> &mut Problem {
        let path = self.below(key);
        self.push(Problem::warning(path, message))
    }

    /// An unknown name at the present path, or at `key` below it.
    pub fn unknown<'a>(&mut self, key: &str, what: &str, name: &str, known: impl IntoIterator<Item = &'a str>) {
        let path = self.below(key);
        self.push(Problem::unknown(path, what, name, known));
    }

    /// Adds a problem that has its path already.
    ///
    /// # Panics
    /// Never: the collection holds what was pushed.
    pub fn push(&mut self, problem: Problem) -> &mut Problem {
        self.found.push(problem);
        self.found.last_mut().expect("just pushed")
    }

    /// Whether any of the problems keeps the scenario from running.
    pub fn has_errors(&self) -> bool {
        self.found.iter().any(|p| p.severity == Severity::Error)
    }

    /// The problems so far, in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.found.iter()
    }

    /// All problems, in the order in which they were found.
    pub fn into_vec(self) -> Vec<Problem> {
        self.found
    }

    fn below(&self, key: &str) -> String {
        let mut path = self.path.clone();
        if !key.is_empty() {
            path.push(key.to_owned());
        }
        path.join(".")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_name_hints_at_the_nearest() {
        let p = Problem::unknown("load.a.to", "service", "paymnet", ["cart", "payment"]);
        assert_eq!(p.hint.as_deref(), Some("did you mean payment?"));
        assert_eq!(p.message, "no service is called \"paymnet\"");
        assert_eq!(p.label.as_deref(), Some("services here: cart, payment"));
        assert_eq!(Problem::unknown("", "policy", "x", ["card"]).label.as_deref(), Some("policies here: card"));
    }

    #[test]
    fn far_names_give_no_hint() {
        assert_eq!(nearest("x", ["payment"]), None);
    }

    #[test]
    fn paths_nest() {
        let mut problems = Problems::new();
        problems.at("load", |p| p.at("a", |p| p.error("to", "m").hint = Some("h".into())));
        assert_eq!(problems.into_vec()[0].path, "load.a.to");
    }
}
