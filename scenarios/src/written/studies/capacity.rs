//! The question `capacity`.

use super::knob::OverSettings;
use super::question::{Commanded, Known, Question};
use crate::written::named::{ByText, Name};
use serde::{Deserialize, Serialize};
use sim_core::problem::Problems;
use sim_core::units::{Count, Probability};

/// The cheapest setting that keeps every promise.
///
/// # What it models
/// A search over sizes (instances, workers, connections): replications are spent where the decision is close, with the same random
/// numbers for all settings. More is taken to be no worse, and what that rests on is simulated: the answer, and its cheaper
/// neighbours.
///
/// # When to use it
/// To size a system, now and for more load, and with a zone lost.
///
/// # Knobs
/// - `find`: path of a size: `{range: {from, to}}` or `{list: [..]}`; required
/// - `promises`: names of the promises that have to be kept; default all. Invariants have to be kept whatever stands here: a setting at which one run
///   breaks one is not enough
/// - `at_load`: loads as percentages of the file's; default 100%
/// - `survive`: `{zone: 1}`: also with any one zone lost, from before the measured time on; default nothing
/// - `minimise`: `cost` or `size`; default cost where the file has costs
///
/// # Example
/// ```yaml
/// studies:
///   ladder:
///     ask:
///       capacity:
///         find: {services.gateway.instances: {range: {from: 2, to: 60}}}
///         at_load: [100%, 150%, 200%, 500%]
///         survive: {zone: 1}
///     budget: {replications: 2000}
/// ```
///
/// # Source
/// Racing with confidence sequences: Howard et al., Annals of Statistics 49, 2021.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CapacitySettings {
    /// What is searched: sizes by path. Required.
    pub find: ByText<OverSettings>,
    /// The promises that have to be kept; default all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub promises: Vec<Name>,
    /// Loads, as percentages of the file's; default 100%.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub at_load: Vec<LoadFactor>,
    /// What has to be survived; default nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub survive: Option<SurviveSettings>,
    /// What the answer has least of; default cost where the file has costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimise: Option<Minimise>,
}

/// A load as a percentage of the file's, above 0%, such as `150%`.
pub type LoadFactor = sim_core::units::Percent;

/// What has to be survived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SurviveSettings {
    /// How many zones are lost at a time; only 1 is possible. Required.
    pub zone: Count,
}

/// What the answer of a search has least of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Minimise {
    /// The bill's infrastructure.
    Cost,
    /// The sum of the settings.
    Size,
}

impl Question for CapacitySettings {
    fn knobs(&self) -> Option<&'static str> {
        Some("find")
    }

    fn validate(&self, problems: &mut Problems) {
        if self.find.is_empty() {
            problems.error("find", "nothing is searched").hint =
                Some("write the path of a size, such as services.api.instances: {range: {from: 2, to: 60}}".into());
        }
        problems.at("find", |p| {
            for (path, over) in self.find.iter() {
                p.at(path, |p| {
                    over.validate(true, p);
                    over.validate_sizes(p);
                });
            }
        });
        problems.at("at_load", |p| {
            for (place, load) in self.at_load.iter().enumerate() {
                if !(load.fraction() > 0.0 && load.fraction() <= 1000.0) {
                    p.error(&place.to_string(), "a load lies above 0% and is at most 100000%");
                }
            }
        });
        if let Some(survive) = self.survive
            && survive.zone != Count::new(1)
        {
            problems.error("survive.zone", "one zone is lost at a time").hint = Some("write zone: 1".into());
        }
    }

    fn check(&self, known: &Known<'_>, problems: &mut Problems) {
        problems.at("promises", |p| {
            for (place, promise) in self.promises.iter().enumerate() {
                if !known.promises.contains(&promise.as_ref()) {
                    p.at(place, |p| {
                        p.unknown("", "promise", promise.as_ref(), known.promises.iter().copied());
                    });
                }
            }
        });
        if self.promises.is_empty() && known.promises.is_empty() && !known.has_invariants {
            problems.error("", "nothing is promised, so that any capacity is enough").hint =
                Some("write a promise in `promises`".into());
        }
    }
}

impl Commanded for CapacitySettings {
    const CALLED: (&'static str, &'static str) = ("capacity study", "capacity studies");
}

/// The confidence of studies that say nothing.
pub fn confidence(written: Option<Probability>) -> f64 {
    written.map_or(0.95, Probability::value)
}
