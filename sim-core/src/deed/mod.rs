//! What experiments and runbooks do besides faults (`do`): one kind a file holds the settings, what all share stands here.
//!
//! A deed has its effect when it is done, which is `takes` after it was begun. The world does it.

mod check;
mod drain;
mod failover;
mod isolate;
mod look;
mod mend;
mod put_back;
mod replace;
mod restart;
mod restore;
mod rollback;
mod scale;
mod set;
mod spread_interrupts;
mod throw;
mod whom;

pub use check::{AuditSettings, ValidateSettings, Validation};
pub use drain::DrainSettings;
pub use failover::FailoverSettings;
pub use isolate::IsolateSettings;
pub use look::LookSettings;
pub use mend::MendSettings;
pub use put_back::ReturnSettings;
pub use replace::ReplaceSettings;
pub use restart::RestartSettings;
pub use restore::{RateSettings, RestoreSettings, SnapshotSettings};
pub use rollback::RollbackSettings;
pub use scale::ScaleSettings;
pub use set::{Anything, Change, Live, Meant, OfCall, OfNode, SetSettings, Sets};
pub use spread_interrupts::{SpreadInterruptsSettings, queues};
pub use throw::{Throw, ThrowSettings};
pub use whom::Whom;

use crate::control::Alert;
use crate::data::state::WayBack;
use crate::dist::Distribution;
use crate::faults::TargetSettings;
use crate::ids::{FaultId, ServiceId};
use crate::kind::Kind;
use crate::names::Names;
use crate::problem::Problems;
use crate::switch::Switch;
use crate::topology::Topology;
use crate::units::{Count, SimDuration};
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
    /// New machines take the place of instances.
    Replace(ReplaceSettings),
    /// Instances get no more requests.
    Isolate(IsolateSettings),
    /// Isolated instances get requests again.
    Return(ReturnSettings),
    /// Values of the file become others.
    Set(SetSettings),
    /// More cores handle the packets of a network card.
    SpreadInterrupts(SpreadInterruptsSettings),
    /// The primary of a store hands over.
    Failover(FailoverSettings),
    /// Instances of a store get their data back.
    Restore(RestoreSettings),
    /// What was mended is looked at before it is used again.
    Validate(ValidateSettings),
    /// Switches are thrown.
    Throw(ThrowSettings),
    /// Somebody looks for what is wrong.
    Look(LookSettings),
    /// A deploy is taken back.
    Rollback(RollbackSettings),
}

/// What can be done.
pub const ALL: &[Kind] = &[
    Kind { family: "do", name: "restart", schema: || schemars::schema_for!(RestartSettings) },
    Kind { family: "do", name: "scale", schema: || schemars::schema_for!(ScaleSettings) },
    Kind { family: "do", name: "mend", schema: || schemars::schema_for!(MendSettings) },
    Kind { family: "do", name: "drain", schema: || schemars::schema_for!(DrainSettings) },
    Kind { family: "do", name: "replace", schema: || schemars::schema_for!(ReplaceSettings) },
    Kind { family: "do", name: "isolate", schema: || schemars::schema_for!(IsolateSettings) },
    Kind { family: "do", name: "return", schema: || schemars::schema_for!(ReturnSettings) },
    Kind { family: "do", name: "set", schema: || schemars::schema_for!(SetSettings) },
    Kind { family: "do", name: "failover", schema: || schemars::schema_for!(FailoverSettings) },
    Kind { family: "do", name: "restore", schema: || schemars::schema_for!(RestoreSettings) },
    Kind { family: "do", name: "validate", schema: || schemars::schema_for!(ValidateSettings) },
    Kind { family: "do", name: "spread_interrupts", schema: || schemars::schema_for!(SpreadInterruptsSettings) },
    Kind { family: "do", name: "throw", schema: || schemars::schema_for!(ThrowSettings) },
    Kind { family: "do", name: "look", schema: || schemars::schema_for!(LookSettings) },
    Kind { family: "do", name: "rollback", schema: || schemars::schema_for!(RollbackSettings) },
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
    Restart(Whom),
    /// A service has so many instances.
    Scale {
        /// The service whose instances change.
        service: ServiceId,
        /// How many.
        to: u32,
    },
    /// A fault ends.
    Mend(FaultId),
    /// Instances finish what they have and go, at the latest after this time [ns].
    Drain(Whom, Option<u64>),
    /// New machines take the place of instances.
    Replace(Whom),
    /// Instances get no more requests.
    Isolate(Whom),
    /// Isolated instances get requests again: such shares of what they would get, one after the other, each for so long [ns], and then all.
    Return(Whom, Vec<f64>, u64),
    /// Values become others.
    Set(Vec<Change>),
    /// The primary of a store hands over.
    Failover(ServiceId),
    /// Instances of a store get their data back.
    Restore(Whom, WayBack),
    /// Instances are looked at before they are used again.
    Validate(Whom, Validation),
    /// So many cores of each instance handle the packets of its network card; `None` is all of them.
    SpreadInterrupts(Whom, Option<Count>),
    /// Switches are thrown.
    Throw(Throw),
    /// Nothing but time passes.
    Look,
    /// Faults that have deployed a version end.
    Rollback(Vec<FaultId>),
}

impl DeedEffect {
    /// To which instances it is done; `None` where it is done to none in particular.
    pub fn whom(&self) -> Option<&Whom> {
        match self {
            Self::Restart(whom)
            | Self::Drain(whom, _)
            | Self::Replace(whom)
            | Self::Isolate(whom)
            | Self::Return(whom, ..)
            | Self::Restore(whom, _)
            | Self::Validate(whom, _)
            | Self::SpreadInterrupts(whom, _) => Some(whom),
            Self::Scale { .. }
            | Self::Mend(_)
            | Self::Set(_)
            | Self::Failover(_)
            | Self::Throw(_)
            | Self::Look
            | Self::Rollback(_) => None,
        }
    }
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

/// Services that deeds scale, or let a scaler scale, and to how many instances. `of_scaler` is the service of a scaler, by its place.
pub fn scales<'a>(
    deeds: impl IntoIterator<Item = &'a Deed>,
    of_scaler: impl Fn(usize) -> ServiceId,
) -> Vec<(ServiceId, u32)> {
    let mut scaled = Vec::new();
    for deed in deeds {
        match &deed.effect {
            DeedEffect::Scale { service, to } => scaled.push((*service, *to)),
            DeedEffect::Set(changes) => scaled.extend(changes.iter().filter_map(|change| match change.to {
                Live::Node(service, OfNode::Instances(to)) => Some((service, to)),
                Live::Bounds(scaler, _, max) => Some((of_scaler(scaler), max)),
                _ => None,
            })),
            _ => {}
        }
    }
    scaled
}

/// What a deed can refer to.
#[derive(Debug, Clone, Copy)]
pub struct Around<'m> {
    /// All names.
    pub names: &'m Names,
    /// What is there.
    pub topology: &'m Topology,
    /// What each `set` means; `None` while that is found out, when none sets anything.
    pub sets: Option<&'m Sets>,
    /// What may accuse instances.
    pub alerts: &'m [Alert],
    /// What may be thrown.
    pub switches: &'m [Switch],
}

/// Problems of what is done, where and for how long.
pub(crate) fn validate(
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
    if target.is_some_and(|target| target.redraw) {
        problems.at("where", |p| {
            p.error("redraw", "what is done is done once").hint = Some("remove redraw".into());
        });
    }
    match (what, target) {
        (DoSettings::Mend(_), Some(_)) => {
            problems.error("where", "a fault ends wherever it is").hint = Some("remove where".into());
        }
        (DoSettings::Set(_), Some(target)) if target.found_by.is_none() && !scale::is_service(target) => {
            problems.error("where", "a value is that of a whole service, store or queue").hint =
                Some("write where: {service: NAME}, or leave it out and write whole paths".into());
        }
        (DoSettings::Throw(_) | DoSettings::Look(_), Some(_)) => {
            problems.error("where", "this is done wherever it is").hint = Some("remove where".into());
        }
        (DoSettings::Mend(_) | DoSettings::Set(_) | DoSettings::Throw(_) | DoSettings::Look(_), None)
        | (_, Some(_)) => {}
        (_, None) => {
            problems.error("", "nothing says where it is done").hint = Some("write where: {service: NAME}".into());
        }
    }
    if let DoSettings::Set(settings) = what
        && settings.0.is_empty()
    {
        problems.error("do", "nothing is set").hint =
            Some("write a path and a value, as in {policies.db.timeout: 1s}".into());
    }
    if let DoSettings::Throw(settings) = what {
        problems.at("do", |p| p.at("throw", |p| settings.validate(p)));
    }
    if let (DoSettings::Look(_), None) = (what, takes) {
        problems.error("takes", "who looks for no time sees nothing").hint = Some("write takes: 10m".into());
    }
    if let DoSettings::SpreadInterrupts(settings) = what {
        problems.at("do", |p| p.at("spread_interrupts", |p| settings.validate(p)));
    }
    match what {
        DoSettings::Restore(settings) => problems.at("do", |p| p.at("restore", |p| settings.validate(p))),
        DoSettings::Validate(settings) => problems.at("do", |p| p.at("validate", |p| settings.validate(p))),
        DoSettings::Return(settings) => problems.at("do", |p| p.at("return", |p| settings.validate(p))),
        _ => {}
    }
    if let DoSettings::Failover(_) = what {
        failover::validate(target, problems);
    }
    if let DoSettings::Scale(settings) = what {
        problems.at("do", |p| p.at("scale", |p| settings.validate(p)));
        if target.is_some_and(|target| !scale::is_service(target)) {
            problems.error("where", "a whole service is scaled").hint = Some("write where: {service: NAME}".into());
        }
    }
}

/// What is done, with ids.
pub(crate) fn compile(
    what: &DoSettings,
    target: Option<&TargetSettings>,
    takes: Option<Distribution>,
    name: &str,
    around: Around<'_>,
    problems: &mut Problems,
) -> Option<Deed> {
    let Around { names, topology, sets, alerts, switches } = around;
    let words = target.map_or_else(String::new, TargetSettings::words);
    let whom = |p: &mut Problems| Whom::of(target?, (names, topology), alerts, p);
    let (effect, says) = match what {
        DoSettings::Restart(_) => (DeedEffect::Restart(whom(problems)?), format!("{words} restarted")),
        DoSettings::Drain(settings) => {
            let within = settings.within.map(SimDuration::ns);
            (DeedEffect::Drain(whom(problems)?, within), format!("{words} drained"))
        }
        DoSettings::Replace(_) => (DeedEffect::Replace(whom(problems)?), format!("{words} replaced")),
        DoSettings::Isolate(_) => (DeedEffect::Isolate(whom(problems)?), format!("{words} isolated")),
        DoSettings::Return(settings) => {
            let steps = settings.steps.iter().map(|step| step.value()).collect();
            let effect = DeedEffect::Return(whom(problems)?, steps, settings.every.ns());
            (effect, format!("{words} back in use"))
        }
        DoSettings::Restore(settings) => {
            let (whom, way) = (whom(problems)?, settings.way());
            restore::check_target(Some(way), &whom, topology, problems)?;
            (DeedEffect::Restore(whom, way), format!("{words} restored by {}", settings.says()))
        }
        DoSettings::Validate(settings) => {
            let whom = whom(problems)?;
            let validation = settings.compile(&whom, names, topology, problems)?;
            (DeedEffect::Validate(whom, validation), format!("{words} validated"))
        }
        DoSettings::SpreadInterrupts(settings) => {
            let whom = whom(problems)?;
            settings.check_target(&whom, topology, problems)?;
            (DeedEffect::SpreadInterrupts(whom, settings.queues), format!("interrupts of {words} spread"))
        }
        DoSettings::Scale(settings) => {
            let service = target?.service.as_deref()?;
            let service = problems.at("where", |p| names.with_instances("service", service, p))?;
            let to = settings.set.get_u32();
            (DeedEffect::Scale { service, to }, format!("{words} scaled to {to}"))
        }
        DoSettings::Failover(_) => {
            let store = failover::compile(target, names, topology, problems)?;
            (DeedEffect::Failover(store), format!("{words} fails over"))
        }
        DoSettings::Throw(settings) => {
            let throw = problems.at("do", |p| p.at("throw", |p| settings.compile(names, switches, p)))?;
            let named: Vec<&str> =
                throw.switches.iter().filter_map(|place| switches.get(*place)).map(|of| of.name.as_str()).collect();
            let says = format!("{} thrown", named.join(", "));
            (DeedEffect::Throw(throw), says)
        }
        DoSettings::Look(_) => (DeedEffect::Look, "looked for the cause".to_owned()),
        DoSettings::Rollback(_) => {
            let (service, version) = (target?.service.as_deref(), target?.version.as_deref());
            let faults = problems.at("where", |p| RollbackSettings::faults(service, version, names, p))?;
            (DeedEffect::Rollback(faults), format!("{words} rolled back"))
        }
        DoSettings::Mend(settings) => {
            let fault = problems.at("do", |p| p.at("mend", |p| settings.fault(names, p)))?;
            (DeedEffect::Mend(fault), format!("{} mended", settings.fault))
        }
        DoSettings::Set(_) => {
            if let Some(service) = target.and_then(|target| target.service.as_deref()) {
                problems.at("where", |p| names.service("service", service, p))?;
            }
            if let Some(target) = target.filter(|target| target.found_by.is_some()) {
                problems.at("where", |p| whom::found_by(target, topology, alerts, p))?;
            }
            match sets {
                None => (DeedEffect::Set(Vec::new()), String::new()),
                // What is not there has been found wrong where it was read.
                Some(sets) => {
                    let meant = sets.get(&problems.path())?;
                    (DeedEffect::Set(meant.changes.clone()), meant.says.clone())
                }
            }
        }
    };
    Some(Deed { name: name.to_owned(), effect, takes, says })
}
