//! Switches: what somebody may throw in an emergency, where it acts, and how long until it reverts.
//!
//! One kind a file holds the settings; what all share stands here. `do: {throw: {switch: NAME}}` throws one (`deed/throw.rs`); the world
//! (`world/control/switches.rs`) does what it says, takes it back, and writes both down.

mod fallback;
mod hold;
mod maintenance;
mod redirect;
mod refuse;
mod stop;

pub use fallback::FallbackSettings;
pub use hold::HoldSettings;
pub use maintenance::MaintenanceSettings;
pub use redirect::RedirectSettings;
pub use refuse::RefuseSettings;
pub use stop::StopSettings;

use crate::faults::{Surroundings, Target, TargetSettings};
use crate::ids::{Caller, EndpointId, RegionId, ServiceId};
use crate::kind::Kind;
use crate::names::Names;
use crate::outcome::Outcome;
use crate::problem::Problems;
use crate::topology::Topology;
use crate::units::{Probability, SimDuration};
use serde::{Deserialize, Serialize};

/// What a switch does while it is thrown, as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SwitchDoSettings {
    /// New requests are turned away.
    Refuse(RefuseSettings),
    /// Instances finish what they have and go.
    Stop(StopSettings),
    /// A feature answers with something simpler.
    Fallback(FallbackSettings),
    /// Requests go to another region.
    Redirect(RedirectSettings),
    /// Users see a page that says that nothing goes.
    MaintenancePage(MaintenanceSettings),
    /// A scaler leaves the number of instances alone.
    Hold(HoldSettings),
}

/// What switches do, and the switch itself.
pub const ALL: &[Kind] = &[
    Kind { family: "control", name: "switches", schema: || schemars::schema_for!(SwitchSettings) },
    Kind { family: "switch", name: "refuse", schema: || schemars::schema_for!(RefuseSettings) },
    Kind { family: "switch", name: "stop", schema: || schemars::schema_for!(StopSettings) },
    Kind { family: "switch", name: "fallback", schema: || schemars::schema_for!(FallbackSettings) },
    Kind { family: "switch", name: "redirect", schema: || schemars::schema_for!(RedirectSettings) },
    Kind { family: "switch", name: "maintenance_page", schema: || schemars::schema_for!(MaintenanceSettings) },
    Kind { family: "switch", name: "hold", schema: || schemars::schema_for!(HoldSettings) },
];

/// Something that can be thrown at once, without a deploy.
///
/// # What it models
/// A kill switch, prepared beforehand. It does nothing until somebody throws it (`do: {throw: {switch: NAME, reason: TEXT}}` in a runbook, by a
/// person who `may`, or by automation), and then acts until its `for` is over. Who threw it, why, and when it reverted stands in the journal of the
/// runbook. Thrown again while it acts, it acts for its whole time from then on. Its scope is what `where` says: a `service`, a `feature`, a
/// `region`, a scaler (`control`), or `service: all`.
///
/// # When to use it
/// To ask what a switch is worth, and how long it may take to find it.
///
/// # Knobs
/// - `do`: what it does; required
/// - `where`: where; required
/// - `for`: how long it acts, duration, default to the end of the run
/// - `fails`: the chance that it does not work when it is thrown, percentage, default 0%
///
/// # Example
/// ```yaml
/// control:
///   switches:
///     read-only: {do: {refuse: {access: [write, update]}}, where: {service: db}, for: 30m}
/// ```
///
/// # Source
/// Hodgson, Feature Toggles (ops toggles), 2017; AWS Builders' Library, "Minimizing correlated failures in distributed systems".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchSettings {
    /// What it does.
    #[serde(rename = "do")]
    pub what: SwitchDoSettings,
    /// What is switched: services, a feature, a region or a scaler.
    #[serde(rename = "where")]
    pub target: TargetSettings,
    /// How long it acts.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub length: Option<SimDuration>,
    /// The chance that it does not work when it is thrown.
    #[serde(default = "never")]
    pub fails: Probability,
}

fn never() -> Probability {
    Probability::ZERO
}

/// How much a switch covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One service, store or queue.
    Service,
    /// The endpoints of a feature.
    Feature,
    /// A region.
    Region,
    /// A scaler.
    Control,
    /// Everything.
    Global,
}

/// What a switch does, as meant.
#[derive(Debug, Clone, PartialEq)]
pub enum SwitchEffect {
    /// Requests to these endpoints are turned away at the door of their instance.
    Refuse(Vec<EndpointId>),
    /// Requests to these endpoints take so long [ns] and have this outcome.
    Answer {
        /// The endpoints.
        endpoints: Vec<EndpointId>,
        /// How long an answer takes [ns].
        latency_ns: u64,
        /// What callers get.
        outcome: Outcome,
    },
    /// Instances of these services finish what they have, at the latest after this time [ns], and go.
    Stop(Vec<ServiceId>, Option<u64>),
    /// Instances of these services in this region get no requests.
    Redirect(Vec<ServiceId>, RegionId),
    /// A scaler leaves its service alone; its place.
    Hold(usize),
}

/// A switch, as meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Switch {
    /// As the user wrote it.
    pub name: String,
    /// How much it covers.
    pub scope: Scope,
    /// What it does.
    pub effect: SwitchEffect,
    /// How long it acts [ns]; `None` is to the end of the run.
    pub for_ns: Option<u64>,
    /// The chance that it does not work when it is thrown.
    pub fails: f64,
    /// What it does, in words: `db refuses write and update`.
    pub says: String,
}

impl SwitchSettings {
    /// Problems of the settings by themselves.
    pub fn validate(&self, problems: &mut Problems) {
        if self.length.is_some_and(SimDuration::is_zero) {
            problems.error("for", "a switch that reverts at once does nothing").hint =
                Some("leave it out, or write a duration such as 1h".into());
        }
        problems.at("do", |p| match &self.what {
            SwitchDoSettings::Refuse(s) => p.at("refuse", |p| s.validate(p)),
            SwitchDoSettings::Fallback(s) => p.at("fallback", |p| s.validate(p)),
            _ => {}
        });
    }

    /// The switch with ids; `None` where a name or the target was wrong.
    pub fn compile(&self, name: &str, names: &Names, topology: &Topology, problems: &mut Problems) -> Option<Switch> {
        let of = problems.at("where", |p| SwitchPlace::of(&self.target, names, topology, p))?;
        let words = self.target.words();
        let wrong = |p: &mut Problems, fits: &str| {
            p.error("where", format!("this acts on {fits}, and {words} is none")).hint =
                Some(format!("write where: {{{}: NAME}}", fits.split_whitespace().last().unwrap_or_default()));
        };
        let (effect, says) = match (&self.what, &of) {
            (SwitchDoSettings::Refuse(s), SwitchPlace::Services(services)) => {
                let endpoints = problems.at("do", |p| p.at("refuse", |p| s.endpoints(services, topology, p)))?;
                (SwitchEffect::Refuse(endpoints), s.says(&words))
            }
            (SwitchDoSettings::Refuse(s), SwitchPlace::Feature(endpoints)) if s.access.is_none() => {
                (SwitchEffect::Refuse(endpoints.clone()), s.says(&words))
            }
            (SwitchDoSettings::Stop(s), SwitchPlace::Services(services)) => {
                (SwitchEffect::Stop(services.clone(), s.drain.map(SimDuration::ns)), format!("{words} stopped"))
            }
            (SwitchDoSettings::Fallback(s), SwitchPlace::Feature(endpoints)) => {
                (s.effect(endpoints.clone()), format!("{words} falls back"))
            }
            (SwitchDoSettings::Fallback(_), _) => {
                wrong(problems, "the endpoints of a feature");
                return None;
            }
            (SwitchDoSettings::Redirect(s), SwitchPlace::Region(from)) => {
                let services = problems.at("do", |p| p.at("redirect", |p| s.services(*from, names, topology, p)))?;
                (SwitchEffect::Redirect(services, *from), format!("{words} redirected to {}", s.to))
            }
            (SwitchDoSettings::Redirect(_), _) => {
                wrong(problems, "a region");
                return None;
            }
            (SwitchDoSettings::MaintenancePage(s), SwitchPlace::Services(services)) => {
                let endpoints = entered(services, topology);
                if endpoints.is_empty() {
                    problems.error("where", "no users come here, so that nobody sees the page").hint =
                        Some("name a service that a load class calls, or all".into());
                    return None;
                }
                (s.effect(endpoints), format!("maintenance page of {words}"))
            }
            (SwitchDoSettings::Refuse(_) | SwitchDoSettings::Stop(_) | SwitchDoSettings::MaintenancePage(_), _) => {
                wrong(problems, "a service");
                return None;
            }
            (SwitchDoSettings::Hold(_), SwitchPlace::Scaler(scaler)) => {
                (SwitchEffect::Hold(*scaler), format!("scaler {} held", self.target.control.as_deref().unwrap_or("?")))
            }
            (SwitchDoSettings::Hold(_), _) => {
                problems.error("where", format!("hold acts on a scaler, and {words} is none")).hint =
                    Some("write where: {control: SCALER}".into());
                return None;
            }
        };
        let is_all = self.target.service.as_deref() == Some("all");
        let scope = match of {
            SwitchPlace::Services(_) if is_all => Scope::Global,
            SwitchPlace::Services(_) => Scope::Service,
            SwitchPlace::Feature(_) => Scope::Feature,
            SwitchPlace::Region(_) => Scope::Region,
            SwitchPlace::Scaler(_) => Scope::Control,
        };
        let fails = self.fails.value();
        Some(Switch { name: name.to_owned(), scope, effect, for_ns: self.length.map(SimDuration::ns), fails, says })
    }
}

/// Where a switch acts, as meant.
enum SwitchPlace {
    Services(Vec<ServiceId>),
    Feature(Vec<EndpointId>),
    Region(RegionId),
    Scaler(usize),
}

impl SwitchPlace {
    fn of(target: &TargetSettings, names: &Names, topology: &Topology, problems: &mut Problems) -> Option<Self> {
        let only = |keep: TargetSettings| *target == keep;
        if let Some(control) = &target.control {
            let Some(scaler) = names.scalers.get(control) else {
                problems.unknown("control", "scaler", control, names.scalers.keys().map(String::as_str));
                return None;
            };
            return Some(Self::Scaler(*scaler));
        }
        if let Some(feature) = &target.feature {
            let Some(endpoints) = names.features.get(feature) else {
                problems.unknown("feature", "feature", feature, names.features.keys().map(String::as_str));
                return None;
            };
            return Some(Self::Feature(endpoints.clone()));
        }
        if let Some(region) = &target.region
            && only(TargetSettings { region: Some(region.clone()), ..TargetSettings::default() })
        {
            return names.region("region", region, problems).map(Self::Region);
        }
        let around = Surroundings { names, services: &topology.services, zones: &topology.zones };
        let whole = TargetSettings { service: target.service.clone(), ..TargetSettings::default() };
        if !only(whole) || target.service.is_none() {
            problems.error("", "a switch acts on all of a service, feature, region or scaler").hint =
                Some("write where: {service: NAME}, {feature: NAME}, {region: NAME} or {control: SCALER}".into());
            return None;
        }
        match target.compile(around, problems)? {
            Target::Instances(selection) => Some(Self::Services(selection.services)),
            _ => None,
        }
    }
}

/// The endpoints of services that load classes call.
fn entered(services: &[ServiceId], topology: &Topology) -> Vec<EndpointId> {
    let by_load = topology.edges.iter().filter(|edge| matches!(edge.caller, Caller::Load(_)));
    let mut all: Vec<EndpointId> = by_load.map(|edge| edge.callee).collect();
    all.sort_unstable();
    all.dedup();
    all.retain(|endpoint| services.contains(&topology.endpoints[endpoint.index()].service));
    all
}
