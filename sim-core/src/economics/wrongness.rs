//! Wrongness: what wrong replies cost.

use super::meter::Meter;
use crate::data::{MESSAGES_LOST, Wrongness, WrongnessKind};
use crate::ids::{EdgeId, EndpointId};
use crate::names::Names;
use crate::problem::Problems;
use crate::results::{Slice, WrongCounts};
use crate::topology::Topology;
use crate::units::Probability;
use serde::{Deserialize, Serialize};

/// Wrong replies of a kind, or a part of them.
///
/// # What it models
/// Counts replies that looked right and were wrong. Direct value, fines and churn are items of their own on the same meter, each with
/// its price and the part that it concerns. Without `of`, each wrong reply is counted once, where it
/// arises. With `of`, the replies of that endpoint are counted in which there is something wrong, be it from the endpoint itself or from
/// what it has called.
///
/// # When to use it
/// To put a price on being wrong, beside that of being down.
///
/// # Knobs
/// - `kind`: a kind of wrongness, or `any`; required
/// - `of`: endpoint, default all
/// - `percent`: the part of them that costs, percentage, default 100%
///
/// # Example
/// ```yaml
/// costs:
///   fines: {meter: {wrongness: {kind: duplicate_effect}}, price: $10k}
///   churn: {meter: {wrongness: {kind: duplicate_effect, percent: 10%}}, price: $500}
/// ```
///
/// # Source
/// Direct value + fine per incident + churn share x lifetime value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WrongnessSettings {
    /// In which way wrong.
    pub kind: WrongnessKind,
    /// Of which endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The part of them that costs.
    #[serde(default = "all")]
    pub percent: Probability,
}

fn all() -> Probability {
    Probability::ONE
}

impl WrongnessSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.percent.value() <= 0.0 {
            problems.error("percent", "0% of the wrong replies cost nothing").hint = Some("remove the item".into());
        }
    }

    pub(super) fn compile(&self, names: &Names, problems: &mut Problems) -> Option<Meter> {
        let of = match &self.of {
            None => None,
            Some(name) => Some(names.endpoint("of", name, problems)?),
        };
        Some(Meter::Wrongness { kind: self.kind, of, share: self.percent.value() })
    }
}

/// Wrong replies of a kind in one slice; messages that were lost are counted by their queue.
pub fn metered(topology: &Topology, slice: &Slice, kind: WrongnessKind, of: Option<EndpointId>) -> f64 {
    let takes = |number: u8| {
        Wrongness::from_number(number).is_some_and(|what| what != Wrongness::LostMessage && kind.takes(what))
    };
    let count = |edge: EdgeId, counts: &WrongCounts| match of {
        // In all, a wrong reply is one, however far it is passed on.
        None => counts.arose,
        Some(of) if topology.edges[edge.index()].callee == of => counts.replies(),
        Some(_) => 0,
    };
    let wrong = slice.wrong.iter().filter(|(_, what, _)| takes(*what));
    let replies: u64 = wrong.map(|(edge, _, counts)| count(*edge, counts)).sum();
    let services = slice.services.iter().enumerate();
    let lost: u64 = if kind.takes(Wrongness::LostMessage) {
        let of = of.map(|of| topology.endpoints[of.index()].service.index());
        services.filter(|(id, _)| of.is_none_or(|of| of == *id)).map(|(_, counts)| counts.of(&MESSAGES_LOST)).sum()
    } else {
        0
    };
    (replies + lost) as f64
}
