//! Time of instances: the rent of machines.

use super::meter::Meter;
use crate::names::Names;
use crate::problem::Problems;
use crate::topology::Service;
use serde::{Deserialize, Serialize};

/// Hours of instances that are paid for, from order to end.
///
/// # What it models
/// Every instance is paid for from the moment at which it is ordered, so that start-up costs too, until it is gone. Crashed instances
/// are paid for.
///
/// # When to use it
/// For machines, containers and pods with a price an hour.
///
/// # Knobs
/// - `of`: service, store or queue; required
/// - `type`: the machine type that the service has, to be checked, default none
///
/// # Example
/// ```yaml
/// costs:
///   gateway-nodes: {meter: {instances: {of: gateway}}, price: $0.17/h}
/// ```
///
/// # Source
/// Price lists of public clouds: an hour of an instance by its type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstancesSettings {
    /// Whose instances.
    pub of: String,
    /// The machine type that the service has; an error where it has another.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub machine_type: Option<String>,
}

impl InstancesSettings {
    pub(super) fn compile(&self, names: &Names, services: &[Service], problems: &mut Problems) -> Option<Meter> {
        let of = names.with_instances("of", &self.of, problems)?;
        let has = services.get(of.index()).and_then(|service| service.machine_type.as_deref());
        if let Some(wanted) = &self.machine_type
            && has != Some(wanted)
        {
            let problem = problems.error("type", format!("{} has no instances of type {wanted}", self.of));
            problem.label =
                Some(has.map_or_else(|| "its machine has no type".into(), |has| format!("its machine is {has}")));
            return None;
        }
        Some(Meter::Instances { of })
    }
}
