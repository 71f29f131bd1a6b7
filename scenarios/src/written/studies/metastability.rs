//! The question `metastability`.

use super::capacity::LoadFactor;
use super::knob::OverSettings;
use super::question::{Commanded, Question};
use crate::written::named::ByText;
use serde::{Deserialize, Serialize};
use sim_core::problem::Problems;
use sim_core::units::Probability;

/// Whether the system comes back by itself after a trigger, at each of several loads.
///
/// # What it models
/// A map: at each load the system is simulated with triggers of each size, and once without. It has recovered when its good answers are as many
/// as without the trigger, and stay so to the end of the run; so the run has to be much longer than the trigger. A load is *stable*
/// where the system recovers from all of them, *vulnerable* where one is large enough to keep it down (there the map says *stuck*), and
/// *overloaded* where it fails without any. A replication is not judged if it fails without the trigger, if the trigger does not end in it, or if a
/// bound stops it.
///
/// # When to use it
/// Where retries, cold caches or failovers make more work of less capacity, so that a short outage may last for hours.
///
/// # Knobs
/// - `trigger`: path of a size of a fault: `{list: [..]}` or `{range: {from, to, points}}`; required
/// - `at_load`: loads as percentages of the file's; required
/// - `recovered_when`: share of the good answers without the trigger, percentage, default 90%
///
/// # Example
/// ```yaml
/// studies:
///   map:
///     ask:
///       metastability:
///         trigger: {faults.outage.for: {list: [1s, 5s, 10s]}}
///         at_load: [50%, 75%, 100%, 125%]
/// ```
///
/// # Source
/// N. Bronson et al., *Metastable Failures in Distributed Systems*, `HotOS` 2021.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetastabilitySettings {
    /// The sizes of the trigger, by the path of one value of a fault. Required.
    pub trigger: ByText<OverSettings>,
    /// Loads, as percentages of the file's. Required.
    pub at_load: Vec<LoadFactor>,
    /// The share of the good answers without the trigger from which on the system has recovered; default 90%.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovered_when: Option<Probability>,
}

impl MetastabilitySettings {
    /// The path of the trigger, and the fault that it belongs to; `None` where it belongs to none.
    pub fn fault(&self) -> Option<(&str, &str)> {
        let (path, _) = self.trigger.iter().next()?;
        Some((path, path.strip_prefix("faults.")?.split('.').next()?))
    }
}

impl Question for MetastabilitySettings {
    fn knobs(&self) -> Option<&'static str> {
        Some("trigger")
    }

    fn validate(&self, problems: &mut Problems) {
        if self.trigger.iter().count() != 1 || self.fault().is_none() {
            problems.error("trigger", "one size of one fault is the trigger").hint =
                Some("write its path, such as faults.outage.for: {list: [1s, 5s, 10s]}".into());
        }
        problems.at("trigger", |p| self.trigger.iter().for_each(|(path, over)| p.at(path, |p| over.validate(true, p))));
        if self.at_load.is_empty() {
            problems.error("at_load", "there is no load").hint = Some("write at_load: [50%, 100%, 150%]".into());
        }
        problems.at("at_load", |p| {
            for (place, load) in self.at_load.iter().enumerate() {
                if !(load.fraction() > 0.0 && load.fraction() <= 1000.0) {
                    p.error(&place.to_string(), "a load lies above 0% and is at most 100000%");
                }
            }
        });
        if self.recovered_when.is_some_and(|share| share.value() <= 0.0) {
            problems.error("recovered_when", "a system that answers nothing has not recovered").hint =
                Some("write recovered_when: 90%".into());
        }
    }
}

impl Commanded for MetastabilitySettings {
    const CALLED: (&'static str, &'static str) = ("metastability study", "metastability studies");
}
