//! Maintenance windows: alerts of some services are silent for a while.

use crate::faults::{Surroundings, Target, TargetSettings};
use crate::ids::ServiceId;
use crate::names::Names;
use crate::problem::Problems;
use crate::topology::Topology;
use crate::units::SimDuration;
use serde::{Deserialize, Serialize};

/// When alerts of some services are silent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MaintenanceSettings {
    /// The services under maintenance.
    #[serde(rename = "where")]
    pub target: TargetSettings,
    /// Begin, from time 0.
    pub at: SimDuration,
    /// How long.
    #[serde(rename = "for")]
    pub length: SimDuration,
}

/// A maintenance window, as meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Maintenance {
    /// As the user wrote it.
    pub name: String,
    /// The services under maintenance, sorted.
    pub services: Vec<ServiceId>,
    /// Begin, from time 0 [ns].
    pub from_ns: i64,
    /// End [ns].
    pub to_ns: i64,
}

impl MaintenanceSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        problems.at("where", |p| self.target.validate(p));
        if self.length.is_zero() {
            problems.error("for", "a window of no time silences nothing").hint =
                Some("write a duration such as 20m".into());
        }
    }

    pub(super) fn compile(
        &self,
        name: &str,
        names: &Names,
        topology: &Topology,
        problems: &mut Problems,
    ) -> Option<Maintenance> {
        let around = Surroundings { names, services: &topology.services, zones: &topology.zones };
        let meant = problems.at("where", |p| {
            let target = self.target.compile(around, p)?;
            let whole = TargetSettings {
                service: self.target.service.clone(),
                labels: self.target.labels.clone(),
                ..TargetSettings::default()
            };
            match target {
                Target::Instances(selection) if self.target == whole => Some(selection.services),
                _ => {
                    p.error("", "whole services are under maintenance").hint =
                        Some("write where: {service: NAME}".into());
                    None
                }
            }
        })?;
        let from_ns = self.at.ns() as i64;
        let to_ns = from_ns.saturating_add(self.length.ns() as i64);
        Some(Maintenance { name: name.to_owned(), services: meant, from_ns, to_ns })
    }
}
