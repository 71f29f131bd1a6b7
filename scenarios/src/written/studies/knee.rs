//! The question `knee`.

use super::capacity::LoadFactor;
use super::question::{Commanded, Known, Question};
use crate::written::named::Name;
use serde::{Deserialize, Serialize};
use sim_core::problem::Problems;

/// The load at which each promise breaks.
///
/// # What it models
/// The load grows and shrinks until each promise was held at one and broken at another, and what lies between is halved until both are within 2 %.
/// All loads see the same random numbers.
///
/// # When to use it
/// To know which promise is the first to break, and how far away that is.
///
/// # Knobs
/// - `load`: the load class that grows, default all of them
/// - `up_to`: the heaviest load, as a percentage of the file's, default 1000%
/// - `until`: names of the promises, default all, and all invariants, each of which breaks at the first load at which one run breaks it
///
/// # Example
/// ```yaml
/// studies:
///   how-far: {ask: {knee: {load: shoppers, up_to: 500%, until: [works, quick]}}}
/// ```
///
/// # Source
/// The knee of a load curve: R. Jain, *The Art of Computer Systems Performance Analysis*, 1991, section 3.3.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KneeSettings {
    /// The load class that grows; default all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load: Option<Name>,
    /// The heaviest load, as a percentage of the file's; default 1000%.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub up_to: Option<LoadFactor>,
    /// The promises; default all, and all invariants.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub until: Vec<Name>,
}

impl Question for KneeSettings {
    fn validate(&self, problems: &mut Problems) {
        if self.up_to.is_some_and(|up_to| !(up_to.fraction() > 1.0 && up_to.fraction() <= 1000.0)) {
            problems.error("up_to", "the heaviest load lies above 100% and is at most 100000%").hint =
                Some("write up_to: 1000%".into());
        }
    }

    fn check(&self, known: &Known<'_>, problems: &mut Problems) {
        if let Some(load) = &self.load {
            known.names.load("load", load.as_ref(), problems);
        }
        known.promised(&self.until, "until", problems);
    }
}

impl Commanded for KneeSettings {
    const CALLED: (&'static str, &'static str) = ("knee study", "knee studies");
}
