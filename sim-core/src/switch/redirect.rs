//! Redirecting: requests go to another region.

use crate::ids::{RegionId, ServiceId};
use crate::names::Names;
use crate::problem::Problems;
use crate::topology::Topology;
use serde::{Deserialize, Serialize};

/// Requests go to another region.
///
/// # What it models
/// A change of the global load balancer. While the switch is thrown, instances in the region get no new requests where their service has instances in
/// the other one too; what they have they finish. Instances that have only just begun to serve the users of two regions may well be too few.
///
/// # When to use it
/// For a region that is sick and not down.
///
/// # Knobs
/// - `to`: the region to which requests go; required
///
/// # Example
/// ```yaml
/// control:
///   switches:
///     leave-west: {do: {redirect: {to: east}}, where: {region: west}, for: 1h}
/// ```
///
/// # Source
/// Netflix, "Active-Active for Multi-Regional Resiliency", 2013 (traffic away from a region).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RedirectSettings {
    /// The region to which requests go.
    pub to: String,
}

impl RedirectSettings {
    /// The services that have instances in both regions.
    pub(super) fn services(
        &self,
        from: RegionId,
        names: &Names,
        topology: &Topology,
        problems: &mut Problems,
    ) -> Option<Vec<ServiceId>> {
        let to = names.region("to", &self.to, problems)?;
        if to == from {
            problems.error("to", "requests are there already").hint = Some("name another region".into());
            return None;
        }
        let is_in = |id: &ServiceId, region: RegionId| {
            let service = &topology.services[id.index()];
            let at_start = (0..service.instances as usize).map(|number| service.zones[number % service.zones.len()]);
            at_start.into_iter().any(|zone| topology.zones[zone.index()].region == region)
        };
        let all = (0..topology.services.len()).map(ServiceId::from);
        let both: Vec<ServiceId> = all.filter(|id| is_in(id, from) && is_in(id, to)).collect();
        if both.is_empty() {
            problems
                .error("to", format!("no service has instances in both regions, so that none could go to {}", self.to))
                .hint = Some("give a service zones of both".into());
            return None;
        }
        Some(both)
    }
}
