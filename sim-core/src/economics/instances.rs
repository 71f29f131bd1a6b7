//! Time of instances: the rent of machines.

use super::meter::{Bought, Meter};
use crate::counters::PAID_AT_SIZE;
use crate::ids::ServiceId;
use crate::metrics::LevelAt;
use crate::names::Names;
use crate::problem::Problems;
use crate::results::Slice;
use crate::topology::Service;
use crate::units::Count;
use serde::{Deserialize, Serialize};

/// Hours of instances that are paid for, from order to end.
///
/// # What it models
/// Every instance is paid for from the moment at which it is ordered, so that start-up costs too, until it is gone. Crashed instances
/// are paid for. How they are bought says which of them an item bills:
/// - `reserved`: so many, at all times, whether they run or not
/// - `on_demand`: those above the reserved ones of the service, of all its items together
/// - `spot`: all, but only while they start or run: what the provider takes away is not paid for. The interruptions are a fault at random that
///   crashes instances of the service, and there has to be one
///
/// # When to use it
/// For machines, containers and pods with a price an hour.
///
/// # Knobs
/// - `of`: service, store or queue; required
/// - `type`: the machine type that the service has, to be checked, default none; where a vertical scaler changes machines, one of its sizes, and the
///   item bills the instances of that size
/// - `bought`: `on_demand`, `reserved: {count}` or `spot`, default all hours that are paid for
///
/// # Example
/// ```yaml
/// costs:
///   gateway-nodes: {meter: {instances: {of: gateway}}, price: $0.17/h}
///   base: {meter: {instances: {of: web, bought: {reserved: {count: 4}}}}, price: $0.10/h}
///   peak: {meter: {instances: {of: web, bought: on_demand}}, price: $0.17/h}
///   batch: {meter: {instances: {of: renderer, bought: spot}}, price: $0.05/h}
/// ```
///
/// # Source
/// Price lists of public clouds: an hour of an instance by its type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstancesSettings {
    /// Whose instances.
    pub of: String,
    /// The machine type that the service has, or one of its sizes; an error where it has another.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub machine_type: Option<String>,
    /// How they are bought; default all that are paid for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bought: Option<BoughtSettings>,
}

/// How instances are bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BoughtSettings {
    /// Those above the reserved ones of the service.
    OnDemand,
    /// A number of them, whether they run or not.
    Reserved(ReservedSettings),
    /// All, while they start or run.
    Spot,
}

/// Instances that are paid for whether they run or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReservedSettings {
    /// How many. Required.
    pub count: Count,
}

impl InstancesSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if let Some(BoughtSettings::Reserved(reserved)) = self.bought
            && !(1..=u64::from(u32::MAX)).contains(&reserved.count.get())
        {
            problems.error("bought.reserved.count", "at least one instance is reserved").hint =
                Some("write a number such as 4, or leave the item out".into());
        }
    }

    pub(super) fn compile(&self, names: &Names, services: &[Service], problems: &mut Problems) -> Option<Meter> {
        let of = names.with_instances("of", &self.of, problems)?;
        let service = services.get(of.index());
        let sizes = service.map_or(&[][..], |service| service.sizes.all());
        let size = self
            .machine_type
            .as_ref()
            .and_then(|wanted| sizes.iter().position(|size| size.kind.as_ref() == Some(wanted)));
        if let (Some(_), Some(_)) = (size, self.bought) {
            let problem = problems.error("bought", format!("the machines of {} change their size", self.of));
            problem.hint = Some("leave bought out".into());
            return None;
        }
        let has = service.and_then(|service| service.machine_type.as_deref());
        if let Some(wanted) = &self.machine_type
            && size.is_none()
            && has != Some(wanted)
        {
            let problem = problems.error("type", format!("{} has no instances of type {wanted}", self.of));
            problem.label =
                Some(has.map_or_else(|| "its machine has no type".into(), |has| format!("its machine is {has}")));
            return None;
        }
        let bought = match self.bought {
            None => Bought::All,
            Some(BoughtSettings::OnDemand) => Bought::OnDemand,
            Some(BoughtSettings::Reserved(reserved)) => Bought::Reserved(reserved.count.get_u32()),
            Some(BoughtSettings::Spot) => Bought::Spot,
        };
        Some(Meter::Instances { of, bought, size })
    }
}

/// What one slice has used [instances s].
pub(super) fn metered(slice: &Slice, of: ServiceId, bought: Bought, size: Option<usize>) -> f64 {
    let counts = &slice.services[of.index()];
    let at_size_ns = |id| slice.level(LevelAt::service(id, of)).integral_ns;
    match size.map(|size| size.checked_sub(1)) {
        // Those that have no larger size.
        Some(None) => {
            let larger_ns: u128 = PAID_AT_SIZE.into_iter().map(at_size_ns).sum();
            return counts.paid_ns.saturating_sub(larger_ns) as f64 / 1e9;
        }
        Some(Some(place)) => return at_size_ns(PAID_AT_SIZE[place]) as f64 / 1e9,
        None => {}
    }
    let time = match bought {
        Bought::All => counts.paid_ns,
        Bought::OnDemand => counts.above_reserved_ns,
        Bought::Reserved(count) => u128::from(slice.to_ns - slice.from_ns) * u128::from(count),
        Bought::Spot => counts.instances_ns + counts.starting_ns,
    };
    time as f64 / 1e9
}
