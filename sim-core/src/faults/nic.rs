//! Network cards: they drop packets, and nobody logs an error.

use crate::problem::Problems;
use crate::service::nic::{NicFault, NicSettings, check_ring};
use crate::topology::Service;
use crate::units::{Count, Probability};
use serde::{Deserialize, Serialize};

/// Network cards drop packets, because their ring has fewer places or for no reason that anybody sees.
///
/// # What it models
/// `loss` is the chance of each packet that arrives, by itself. `ring` gives the receive ring fewer places when the fault begins, and those that it
/// had when it ends; who sets `machine.nic.ring` in the meantime, to what the file says too, gives it these places until another fault begins or ends
/// on the ring. Faults that overlap leave the smallest ring, and each loses by itself. With `ramp`, `loss` grows in. What becomes of a message of
/// which packets were dropped is said by `explain nic`. It strikes the services whose machines have a `nic`.
///
/// # When to use it
/// For a card whose settings somebody has changed, a bad cable, or a driver with a fault: health checks are small and pass, and p99 grows by
/// retransmissions.
///
/// # Knobs
/// - `ring`: so few places, count, default as before
/// - `loss`: chance that a packet is dropped, percentage, default 0%; one of the two is required
///
/// # Example
/// ```yaml
/// services: {api: {workers: 16, machine: {nic: {ring: 256}}}}
/// faults:
///   ring-shrunk: {inject: {nic: {ring: 128, loss: 5%}}, where: {service: api, count: 2}, at: 5m}
/// ```
///
/// # Source
/// `rx_dropped`, `rx_missed_errors` and `rx_fifo_errors` of `ethtool -S`; `ethtool -G` sets the ring.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NicFaultSettings {
    /// So few places.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ring: Option<Count>,
    /// Chance that a packet is dropped.
    pub loss: Probability,
}

impl NicFaultSettings {
    /// Something has to be dropped, and not all.
    pub fn validate(&self, problems: &mut Problems) {
        if *self == Self::default() {
            problems.error("", "nothing says what the card drops").hint = Some("write ring: 128, or loss: 5%".into());
        }
        if let Some(ring) = self.ring {
            check_ring(ring, problems);
        }
        if self.loss.value() >= 1.0 {
            problems.error("loss", "a card that loses every packet is no card").hint =
                Some("to cut an instance off, inject: crash with callers_see: silence".into());
        }
    }

    /// There has to be a card, and one whose ring gets smaller.
    pub(super) fn check_target<'a>(
        &self,
        services: impl Iterator<Item = &'a Service>,
        problems: &mut Problems,
    ) -> Option<()> {
        let cards: Vec<&NicSettings> = services.filter_map(|service| service.nic.as_ref()).collect();
        let Some(largest) = cards.iter().map(|nic| nic.ring).max() else {
            problems.error("where", "no selected service has `machine.nic`").hint =
                Some("write machine: {nic: {ring: 256}} in the service".into());
            return None;
        };
        if self.ring.is_some_and(|ring| ring >= largest) {
            problems.error("inject.nic.ring", "this makes no ring smaller").label =
                Some(format!("rings have {largest} places at most here"));
            return None;
        }
        Some(())
    }

    pub(super) fn meant(&self) -> NicFault {
        NicFault { ring: self.ring.map(Count::get_u32), loss: self.loss.value() }
    }

    pub(super) fn says(&self, target: &str) -> String {
        let ring = self.ring.map(|ring| format!("receive rings of {target} shrunk to {ring}"));
        let loss = (self.loss.value() > 0.0).then(|| format!("{} of packets to {target} dropped", self.loss));
        [ring, loss].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}
