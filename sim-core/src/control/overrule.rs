//! Who may overrule a scaler: nobody, a person who approves large changes, or a person alone.

use crate::problem::Problems;
use crate::units::{Count, Probability};
use serde::{Deserialize, Serialize};

/// Who has the last word on a scaler.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OverrideSettings {
    /// The scaler.
    #[default]
    Automatic,
    /// People: the scaler changes nothing, and a `scale` by hand stays.
    Manual,
    /// The scaler for small changes, a person for large ones.
    Supervised(SupervisedSettings),
}

/// A person approves large changes. Of a scaler of nodes (`cluster`) they are changes of nodes; `vertical` changes all instances that run, one after
/// another, so that each change of size is one of as many.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SupervisedSettings {
    /// Larger changes than this wait until they are approved.
    pub approve_above: ApproveAbove,
    /// Who approves them, the name of one of `people`: as late as that person reacts, and has time.
    pub by: String,
}

/// Which changes are large.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApproveAbove {
    /// Of more than such a part of what there is.
    Percent(Probability),
    /// Of more than so many instances, or nodes.
    Count(Count),
}

/// Who has the last word on a scaler, as meant.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Override {
    /// The scaler.
    #[default]
    Automatic,
    /// People.
    Manual,
    /// The scaler for small changes, for large ones the person at this place.
    Supervised(ApproveAbove, usize),
}

impl ApproveAbove {
    /// Whether a change from so many instances to so many is large.
    pub fn is_large(self, from: u32, to: u32) -> bool {
        let by = f64::from(from.abs_diff(to));
        match self {
            Self::Percent(part) => by > part.value() * f64::from(from) + 1e-9,
            Self::Count(count) => by > count.get() as f64,
        }
    }
}

impl OverrideSettings {
    /// As meant; `people` are the names of those who may approve.
    pub fn compile(&self, people: &[&str], problems: &mut Problems) -> Option<Override> {
        Some(match self {
            Self::Automatic => Override::Automatic,
            Self::Manual => Override::Manual,
            Self::Supervised(settings) => {
                let Some(by) = people.iter().position(|name| *name == settings.by) else {
                    problems.at("supervised", |p| p.unknown("by", "person", &settings.by, people.iter().copied()));
                    return None;
                };
                Override::Supervised(settings.approve_above, by)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_changes_are_those_above_the_bound_in_both_directions() {
        let fifth = ApproveAbove::Percent(Probability::new(0.2).unwrap());
        assert!(!fifth.is_large(10, 12) && fifth.is_large(10, 13) && fifth.is_large(10, 7) && !fifth.is_large(10, 8));
        let three = ApproveAbove::Count(Count::new(3));
        assert!(!three.is_large(100, 103) && three.is_large(100, 104));
    }
}
