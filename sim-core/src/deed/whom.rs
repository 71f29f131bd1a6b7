//! To which instances something is done: those of a target, or those that an alert accuses.

use crate::control::Alert;
use crate::faults::{Selection, Surroundings, Target, TargetSettings};
use crate::ids::ServiceId;
use crate::names::Names;
use crate::problem::Problems;
use crate::topology::Topology;

/// To which instances something is done.
#[derive(Debug, Clone, PartialEq)]
pub enum Whom {
    /// Those that fit.
    Selected(Selection),
    /// Those that an alert accuses.
    FoundBy {
        /// The alert, by its place.
        alert: usize,
        /// The services whose instances it can accuse.
        services: Vec<ServiceId>,
    },
}

impl Whom {
    /// The services whose instances are meant.
    pub fn services(&self) -> &[ServiceId] {
        match self {
            Self::Selected(selection) => &selection.services,
            Self::FoundBy { services, .. } => services,
        }
    }

    /// Whether it may mean an instance of a service, of those that are there or may be added.
    pub(super) fn may_mean(&self, id: ServiceId, topology: &Topology) -> bool {
        let Self::Selected(selection) = self else { return true };
        selection.may_fit(id, &topology.services[id.index()], &topology.zones)
    }

    /// Those that a target means.
    pub(super) fn of(
        target: &TargetSettings,
        (names, topology): (&Names, &Topology),
        alerts: &[Alert],
        problems: &mut Problems,
    ) -> Option<Self> {
        problems.at("where", |p| {
            if target.found_by.is_some() {
                let (alert, services) = found_by(target, topology, alerts, p)?;
                return Some(Self::FoundBy { alert, services });
            }
            let around = Surroundings { names, services: &topology.services, zones: &topology.zones };
            match target.compile(around, p)? {
                Target::Instances(selection) => Some(Self::Selected(selection)),
                Target::Pipeline(_) | Target::Scaler(_) | Target::Edge { .. } => {
                    p.error("", "this is done to instances, not to messages on their way or to what controls").hint =
                        Some("write where: {service: NAME}".into());
                    None
                }
            }
        })
    }
}

/// The alert that a target names, by its place, and the services that it can accuse.
pub(super) fn found_by(
    target: &TargetSettings,
    topology: &Topology,
    alerts: &[Alert],
    problems: &mut Problems,
) -> Option<(usize, Vec<ServiceId>)> {
    let name = target.found_by.as_deref()?;
    let Some(place) = alerts.iter().position(|alert| alert.name == name) else {
        problems.unknown("found_by", "alert", name, alerts.iter().map(|alert| alert.name.as_str()));
        return None;
    };
    let services = alerts[place].accuses(topology);
    if services.is_empty() {
        problems.error("found_by", format!("{name} reads nothing of any service, and so accuses no instance")).hint =
            Some("write where: {service: NAME}".into());
        return None;
    }
    Some((place, services))
}
