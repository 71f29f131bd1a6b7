//! What an experiment does besides faults (`do`): one kind a file holds the settings, what all share stands here.
//!
//! A deed has its effect when it is done, which is `takes` after it was begun. The world does it.

mod drain;
mod mend;
mod restart;
mod scale;
mod set;

pub use drain::DrainSettings;
pub use mend::MendSettings;
pub use restart::RestartSettings;
pub use scale::ScaleSettings;
pub use set::{Anything, Change, Live, Meant, OfCall, OfNode, SetSettings, Sets};

use crate::dist::Distribution;
use crate::faults::{Selection, Surroundings, Target, TargetSettings};
use crate::ids::{FaultId, ServiceId};
use crate::kind::Kind;
use crate::names::Names;
use crate::problem::Problems;
use crate::topology::Topology;
use serde::{Deserialize, Serialize};

/// What is done, as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DoSettings {
    /// Instances stop and start again.
    Restart(RestartSettings),
    /// A service gets another number of instances.
    Scale(ScaleSettings),
    /// A fault ends.
    Mend(MendSettings),
    /// Instances finish what they have and go.
    Drain(DrainSettings),
    /// Values of the file become others.
    Set(SetSettings),
}

/// What can be done.
pub const ALL: &[Kind] = &[
    Kind { family: "do", name: "restart", schema: || schemars::schema_for!(RestartSettings) },
    Kind { family: "do", name: "scale", schema: || schemars::schema_for!(ScaleSettings) },
    Kind { family: "do", name: "mend", schema: || schemars::schema_for!(MendSettings) },
    Kind { family: "do", name: "drain", schema: || schemars::schema_for!(DrainSettings) },
    Kind { family: "do", name: "set", schema: || schemars::schema_for!(SetSettings) },
];

/// Something that is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeedSettings {
    /// What is done.
    #[serde(rename = "do")]
    pub what: DoSettings,
    /// Where it is done.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub target: Option<TargetSettings>,
    /// How long it takes until it is done and has its effect; a duration or a distribution of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takes: Option<Distribution>,
}

/// What is done, as meant.
#[derive(Debug, Clone, PartialEq)]
pub enum DeedEffect {
    /// Instances stop and start again.
    Restart(Selection),
    /// A service has so many instances.
    Scale {
        /// The service whose instances change.
        service: ServiceId,
        /// How many.
        to: u32,
    },
    /// A fault ends.
    Mend(FaultId),
    /// Instances finish what they have and go.
    Drain(Selection),
    /// Values become others.
    Set(Vec<Change>),
}

/// Something that is done, as meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Deed {
    /// What its draws are named by.
    pub name: String,
    /// What it does.
    pub effect: DeedEffect,
    /// How long it takes.
    pub takes: Option<Distribution>,
    /// In words: `payment restarted`.
    pub says: String,
}

impl DeedSettings {
    /// Problems of the settings by themselves.
    pub fn validate(&self, problems: &mut Problems) {
        validate(&self.what, self.target.as_ref(), self.takes.as_ref(), problems);
    }

    /// The deed with ids; `name` is what its draws are named by.
    pub fn compile(&self, name: &str, around: Around<'_>, problems: &mut Problems) -> Option<Deed> {
        compile(&self.what, self.target.as_ref(), self.takes.clone(), name, around, problems)
    }
}

/// What a deed can refer to.
#[derive(Debug, Clone, Copy)]
pub struct Around<'m> {
    /// All names.
    pub names: &'m Names,
    /// What is there.
    pub topology: &'m Topology,
    /// What each `set` means.
    pub sets: &'m Sets,
}

/// Problems of what is done, where and for how long.
pub(super) fn validate(
    what: &DoSettings,
    target: Option<&TargetSettings>,
    takes: Option<&Distribution>,
    problems: &mut Problems,
) {
    if let Some(takes) = takes {
        problems.at("takes", |p| takes.validate(p));
    }
    if let Some(target) = target {
        problems.at("where", |p| target.validate(p));
    }
    match (what, target) {
        (DoSettings::Mend(_), Some(_)) => {
            problems.error("where", "a fault ends wherever it is").hint = Some("remove where".into());
        }
        (DoSettings::Set(_), Some(target)) if !scale::is_service(target) => {
            problems.error("where", "a value is that of a whole service, store or queue").hint =
                Some("write where: {service: NAME}, or leave it out and write whole paths".into());
        }
        (DoSettings::Mend(_) | DoSettings::Set(_), None) | (_, Some(_)) => {}
        (DoSettings::Restart(_) | DoSettings::Scale(_) | DoSettings::Drain(_), None) => {
            problems.error("", "nothing says where it is done").hint = Some("write where: {service: NAME}".into());
        }
    }
    if let DoSettings::Set(settings) = what
        && settings.0.is_empty()
    {
        problems.error("do", "nothing is set").hint =
            Some("write a path and a value, as in {policies.db.timeout: 1s}".into());
    }
    if let DoSettings::Scale(settings) = what {
        problems.at("do", |p| p.at("scale", |p| settings.validate(p)));
        if target.is_some_and(|target| !scale::is_service(target)) {
            problems.error("where", "a whole service is scaled").hint = Some("write where: {service: NAME}".into());
        }
    }
}

/// What is done, with ids.
pub(super) fn compile(
    what: &DoSettings,
    target: Option<&TargetSettings>,
    takes: Option<Distribution>,
    name: &str,
    around: Around<'_>,
    problems: &mut Problems,
) -> Option<Deed> {
    let Around { names, topology, sets } = around;
    let words = target.map_or_else(String::new, TargetSettings::words);
    let (effect, says) = match what {
        DoSettings::Restart(_) => {
            (DeedEffect::Restart(instances(target?, names, topology, problems)?), format!("{words} restarted"))
        }
        DoSettings::Drain(_) => {
            (DeedEffect::Drain(instances(target?, names, topology, problems)?), format!("{words} drained"))
        }
        DoSettings::Scale(settings) => {
            let service = target?.service.as_deref()?;
            let service = problems.at("where", |p| names.with_instances("service", service, p))?;
            let to = settings.set.get_u32();
            (DeedEffect::Scale { service, to }, format!("{words} scaled to {to}"))
        }
        DoSettings::Mend(settings) => {
            let fault = problems.at("do", |p| p.at("mend", |p| settings.fault(names, p)))?;
            (DeedEffect::Mend(fault), format!("{} mended", settings.fault))
        }
        DoSettings::Set(_) => {
            if let Some(service) = target.and_then(|target| target.service.as_deref()) {
                problems.at("where", |p| names.service("service", service, p))?;
            }
            // What is not there has been found wrong where it was read.
            let meant = sets.get(&problems.path())?;
            (DeedEffect::Set(meant.changes.clone()), meant.says.clone())
        }
    };
    Some(Deed { name: name.to_owned(), effect, takes, says })
}

fn instances(
    target: &TargetSettings,
    names: &Names,
    topology: &Topology,
    problems: &mut Problems,
) -> Option<Selection> {
    let around = Surroundings { names, services: &topology.services, zones: &topology.zones };
    problems.at("where", |p| match target.compile(around, p)? {
        Target::Instances(selection) => Some(selection),
        Target::Edge { .. } => {
            p.error("", "this is done to instances, not to messages on their way").hint =
                Some("write where: {service: NAME}".into());
            None
        }
    })
}
