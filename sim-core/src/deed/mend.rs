//! Mending: a fault ends before its time.

use crate::ids::FaultId;
use crate::names::Names;
use crate::problem::Problems;
use serde::{Deserialize, Serialize};

/// A fault that is there ends.
///
/// # What it models
/// Somebody finds the cause and takes it away. When `takes` is over, what the fault does now ends; a fault that comes again by its `every`
/// does so. One that is not there is left alone.
///
/// # When to use it
/// To end a fault of the scenario in a rollback, or one of the experiment's own before its `for` is over.
///
/// # Knobs
/// - `fault`: a fault of the scenario, or EXPERIMENT.PLACE for the fault of an action, with places from 0; required
///
/// # Example
/// ```yaml
/// rollback: [{do: {mend: {fault: slow-ledger}}, takes: 1m}]
/// ```
///
/// # Source
/// The repair of the alternating renewal process, with its time known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MendSettings {
    /// The fault.
    pub fault: String,
}

impl MendSettings {
    /// The fault with its id; experiments have names among faults and are none.
    pub(super) fn fault(&self, names: &Names, problems: &mut Problems) -> Option<FaultId> {
        if names.experiments.contains_key(&self.fault) {
            problems.error("fault", format!("{} is an experiment, not a fault", self.fault)).hint =
                Some(format!("name the fault of one of its actions, as in {}.0", self.fault));
            return None;
        }
        names.fault("fault", &self.fault, problems)
    }
}
