//! Spreading interrupts: more cores handle the packets of a network card.

use super::Whom;
use crate::faults::TargetSettings;
use crate::problem::Problems;
use crate::topology::{Service, Topology};
use crate::units::Count;
use serde::{Deserialize, Serialize};

/// More cores handle the packets that arrive at instances.
///
/// # What it models
/// Receive-side scaling: the card spreads packets over several queues, and each of as many cores handles one of them. From the moment at which it is done a
/// packet of the selected instances takes `machine.nic.packet_time` divided by `queues`, those in the ring too. The ring has as many places as before, and
/// stalls last as long. Nothing undoes it: instances that start again have it still.
///
/// # When to use it
/// Where the ring overflows because one core handles all packets of a card.
///
/// # Knobs
/// - `queues`: how many cores share the packets, count, default the cores of the machine, or its workers where it has no `cores`
///
/// # Example
/// ```yaml
/// actions: [{do: {spread_interrupts: {queues: 4}}, where: {service: api}, takes: 1m}]
/// ```
///
/// # Source
/// Scaling in the Linux Networking Stack (`Documentation/networking/scaling.rst`); `irqbalance`, `ethtool -L`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SpreadInterruptsSettings {
    /// How many cores share the packets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queues: Option<Count>,
}

impl SpreadInterruptsSettings {
    /// More than one core shares.
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.queues.is_some_and(|queues| queues.get() < 2) {
            problems.error("queues", "one core handles all packets already").hint = Some("write 2 or more".into());
        }
    }

    /// A problem where nothing selected has a card, or one core has to handle all its packets.
    pub(super) fn check_target(
        &self,
        target: &TargetSettings,
        whom: &Whom,
        topology: &Topology,
        problems: &mut Problems,
    ) -> Option<()> {
        let services = whom.services().iter().map(|id| &topology.services[id.index()]);
        let with_card: Vec<&Service> = services.filter(|service| service.nic.is_some()).collect();
        if with_card.is_empty() {
            problems.error("where", "no selected service has `machine.nic`").hint =
                Some("write machine: {nic: {ring: 256}} in the service".into());
            return None;
        }
        if with_card.iter().all(|service| queues(service, self.queues) < 2) {
            let name = target.service.as_deref().unwrap_or("what is selected");
            problems.error("do", format!("{name} has no second core that could handle packets")).hint =
                Some("write spread_interrupts: {queues: 4}, or machine: {cores: 4} in the service".into());
            return None;
        }
        Some(())
    }
}

/// How many cores of an instance share the packets of its card, where so many are written.
pub fn queues(service: &Service, written: Option<Count>) -> u64 {
    match (written, service.cores, service.workers) {
        (Some(queues), ..) => queues.get(),
        (None, Some(cores), _) => cores.get() as u64,
        (None, None, workers) => workers.map_or(1, u64::from),
    }
    .max(1)
}
