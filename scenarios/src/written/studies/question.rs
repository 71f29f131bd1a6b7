//! What the questions of all studies have in common: problems, and what in them speaks of the rest of the scenario.

use super::AskSettings;
use crate::written::named::Name;
use sim_core::expression::Value;
use sim_core::names::Names;
use sim_core::problem::Problems;
use std::collections::BTreeMap;

/// What a study asks in a scenario file. Each kind says of this what it has; the reader and the checks ask for no kind by name.
pub trait Question {
    /// The key under which its knobs stand: values by path, each of which has to fit at its place in the scenario. `None` without knobs.
    fn knobs(&self) -> Option<&'static str> {
        None
    }

    /// The values that it asks for by expressions.
    fn values(&self) -> Vec<&Value> {
        Vec::new()
    }

    /// Problems of the settings that need no names.
    fn validate(&self, _problems: &mut Problems) {}

    /// Problems of the names that it speaks of.
    fn check(&self, _known: &Known<'_>, _problems: &mut Problems) {}
}

/// A kind of question among all kinds. The list of the kinds implements it.
pub trait Variant: Question + Clone + Into<AskSettings> {
    /// The question, if a study asks it.
    fn of(ask: &AskSettings) -> Option<&Self>;
}

/// A question that a command of its own answers.
pub trait Commanded: Variant {
    /// What a study that asks it is called, and several of them.
    const CALLED: (&'static str, &'static str);
}

/// The names that a question may speak of.
pub struct Known<'a> {
    /// Those of the scenario.
    pub names: &'a Names,
    /// Those of each variant.
    pub variants: &'a BTreeMap<String, Names>,
    /// Of the promises.
    pub promises: Vec<&'a str>,
    /// Whether there are invariants.
    pub has_invariants: bool,
}

impl Known<'_> {
    /// Problems of a value that is asked for.
    pub fn value(&self, value: &Value, problems: &mut Problems) {
        let variants: Vec<&str> = self.variants.keys().map(String::as_str).collect();
        value.tree().check(self.names, |variant| self.variants.get(variant), &variants, problems);
    }

    /// Problems of the values under the key `show`.
    pub fn shown(&self, values: &[Value], problems: &mut Problems) {
        problems.at("show", |p| {
            for (place, shown) in values.iter().enumerate() {
                p.at(place, |p| self.value(shown, p));
            }
        });
    }

    /// Problems of the names of promises under a key.
    pub fn promised(&self, names: &[Name], key: &str, problems: &mut Problems) {
        problems.at(key, |p| {
            for (place, promise) in names.iter().enumerate() {
                if !self.promises.contains(&promise.as_ref()) {
                    p.at(place, |p| {
                        p.unknown("", "promise", promise.as_ref(), self.promises.iter().copied());
                    });
                }
            }
        });
        if names.is_empty() && self.promises.is_empty() && !self.has_invariants {
            problems.error("", "nothing is promised, so that no load is too much").hint =
                Some("write a promise in `promises`".into());
        }
    }

    /// That no variant has this name, unless one has it or it is that of the file itself.
    pub fn variant(&self, name: &str, problems: &mut Problems) {
        if name != "base" && !self.variants.contains_key(name) {
            problems.unknown("", "variant", name, self.variants.keys().map(String::as_str));
        }
    }
}
