//! Spreading interrupts: more cores handle the packets of a network card.

use super::Whom;
use crate::problem::Problems;
use crate::topology::{Service, Topology};
use crate::units::Count;
use serde::{Deserialize, Serialize};

/// More cores handle the packets that arrive at instances.
///
/// # What it models
/// Receive-side scaling: the card spreads packets over several queues, and each of as many cores handles one of them. From the moment at which it is
/// done a packet that comes to the selected instances takes `machine.nic.packet_time` divided by `queues`. Those in the ring by then are handled
/// before it, each in the time that it would have taken. The ring has as many places as before, and stalls last as long. Instances that start again
/// have it still; a new machine (`replace`, a scaler) has it not.
///
/// # When to use it
/// Where the ring overflows because one core handles all packets of a card.
///
/// # Knobs
/// - `queues`: how many cores share the packets, count, at most and by default the cores of the machine, or its workers where it has no `cores`
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

    /// A problem where nothing selected has a card, or the cores of any that has one are fewer than share its packets.
    pub(super) fn check_target(&self, whom: &Whom, topology: &Topology, problems: &mut Problems) -> Option<()> {
        let meant = whom.services().iter().filter(|id| whom.may_mean(**id, topology));
        let (with, without): (Vec<&Service>, Vec<&Service>) =
            meant.map(|id| &topology.services[id.index()]).partition(|service| service.nic.is_some());
        if with.is_empty() {
            problems.error("where", "no selected service has `machine.nic`").hint =
                Some("write machine: {nic: {ring: 256}} in the service".into());
            return None;
        }
        with.into_iter().try_for_each(|service| self.check_cores(service, problems))?;
        if !without.is_empty() {
            let names: Vec<&str> = without.iter().map(|service| service.name.as_str()).collect();
            let message = format!("nothing is done to {}: no `machine.nic` there", names.join(", "));
            problems.warning("where", message).hint = Some("write where: {service: NAME}".into());
        }
        Some(())
    }

    /// So many cores have to be there.
    fn check_cores(&self, service: &Service, problems: &mut Problems) -> Option<()> {
        let name = &service.name;
        let (at, message, hint) = match (self.queues.map(Count::get), cores(service)) {
            (_, Some(0 | 1)) => (
                "do",
                format!("{name} has no second core that could handle packets"),
                "write machine: {cores: 4} in the service".to_owned(),
            ),
            (Some(queues), Some(cores)) if queues > cores => (
                "do.spread_interrupts.queues",
                format!("{name} has {cores} cores, and {queues} are to handle packets"),
                format!("write at most {cores}, or machine: {{cores: {queues}}} in the service"),
            ),
            (None, None) => (
                "do",
                format!("nothing says how many cores {name} has"),
                "write spread_interrupts: {queues: 4}, or machine: {cores: 4} in the service".to_owned(),
            ),
            _ => return Some(()),
        };
        problems.error(at, message).hint = Some(hint);
        None
    }
}

/// The cores of a machine; `None` where it has as many as it needs.
fn cores(service: &Service) -> Option<u64> {
    service.cores.map(|cores| cores.get() as u64).or(service.workers.map(u64::from))
}

/// How many cores of an instance share the packets of its card, where so many are written.
pub fn queues(service: &Service, written: Option<Count>) -> u64 {
    written.map(Count::get).or_else(|| cores(service)).unwrap_or(1).max(1)
}
