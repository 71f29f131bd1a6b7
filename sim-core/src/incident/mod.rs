//! Incidents: alerts that belong together, how bad they are, who is told, and what happens when nobody answers.
//!
//! Settings and what they mean; the world (`world/control/incidents.rs`) opens, joins, raises and closes them.

mod levels;
mod maintenance;
mod silence;

pub use levels::{DEFAULT_RESPONSE_S, Level, LevelSettings};
pub use maintenance::{Maintenance, MaintenanceSettings};
pub use silence::{Silence, SilenceSettings};

use crate::control::Alert;
use crate::expression::{Resolved, Subject};
use crate::ids::{Caller, ServiceId};
use crate::kind::Kind;
use crate::names::Names;
use crate::problem::Problems;
use crate::topology::Topology;
use crate::units::{Count, SimDuration};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What makes incidents of alerts.
pub const ALL: &[Kind] =
    &[Kind { family: "control", name: "incidents", schema: || schemars::schema_for!(IncidentSettings) }];

/// Alerts become incidents, and incidents call people.
///
/// # What it models
/// The desk between alerts and people. An alert that begins to fire joins an incident that is open and has to do with it, or opens one. An incident
/// is open while one of its alerts fires, and `within` after that. Which alerts have to do with each other is said by `group`:
/// - `dependency`: what they read has a callee in common, called directly or not; an alert that reads nothing of a service fits all
/// - `service`: they read something of the same service
/// - `alert`: it is the same alert
/// - `none`: nothing joins anything
///
/// Its severity is the highest of its alerts and of the `levels` whose condition is true, which are looked at as often as telemetry comes. As it
/// opens, and when it becomes worse, the first of the `people` who `gets` this severity is called; nobody acknowledges in the time of the level: the
/// next one is, and so on. An alert that joins calls nobody again, unless it is a z-score: what is unusual is told even so. A person is told `limit`
/// times in `every`; what comes on top is lost. Alerts that read only services under maintenance are silent, and those
/// that somebody has silenced (`silences`): they fire, and open no incident.
///
/// Runbooks may begin with an incident (`trigger: {incident: {severity: 3}}`), once each, as soon as it is so severe; who does it begins when he has
/// acknowledged. Metrics: `incidents`, `notifications`, `time_to_acknowledge`.
///
/// # When to use it
/// To ask how many people are woken how often by one outage, and how soon the right one is.
///
/// # Knobs
/// - `correlate`: which alerts join
///   - `within`: how long after the last alert of an incident another joins it, duration, default 5m
///   - `group`: dependency, service, alert or none, default dependency
/// - `notify`: how often a person is told, default 5 times in 15m
///   - `limit`: so often, count
///   - `every`: in so long, duration
/// - `maintenance`: windows by name, each with `where`, `at` and `for`
/// - `silences`: of one alert each, by name, with `alert`, `at` and `for`
/// - `levels`: by severity from 1 to 5, each with `when` and `respond_within`, default 1h, 15m, 5m, 1m and 30s
///
/// # Example
/// ```yaml
/// control:
///   incidents:
///     correlate: {within: 5m, group: dependency}
///     notify: {limit: 5, every: 15m}
///     maintenance: {patching: {where: {service: web}, at: 60m, for: 20m}}
///     silences: {known: {alert: slow, at: 10m, for: 1h}}
///     levels: {4: {when: availability(web) < 90%, respond_within: 60s}}
/// ```
///
/// # Source
/// Prometheus Alertmanager (grouping, silences); `PagerDuty` escalation policies; Beyer et al., Site Reliability Engineering, chapter 14.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct IncidentSettings {
    /// Which alerts join.
    pub correlate: CorrelateSettings,
    /// How often a person is told.
    pub notify: NotifySettings,
    /// When which alerts are silent, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub maintenance: BTreeMap<String, MaintenanceSettings>,
    /// When one alert is silent, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub silences: BTreeMap<String, SilenceSettings>,
    /// What makes an incident how severe, by severity.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub levels: BTreeMap<String, LevelSettings>,
}

/// Which alerts join an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CorrelateSettings {
    /// How long after the last alert of an incident another joins it.
    pub within: SimDuration,
    /// Which alerts have to do with each other.
    pub group: Group,
}

impl Default for CorrelateSettings {
    fn default() -> Self {
        Self { within: SimDuration::from_ns(5 * 60 * SimDuration::SECOND.ns()), group: Group::default() }
    }
}

/// Which alerts have to do with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// What they read has a callee in common.
    #[default]
    Dependency,
    /// They read something of the same service.
    Service,
    /// It is the same alert.
    Alert,
    /// None.
    None,
}

/// How often a person is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NotifySettings {
    /// So often.
    pub limit: Count,
    /// In so long.
    pub every: SimDuration,
}

impl Default for NotifySettings {
    fn default() -> Self {
        Self { limit: Count::new(5), every: SimDuration::from_ns(15 * 60 * SimDuration::SECOND.ns()) }
    }
}

/// Incidents, as meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Incidents {
    /// How long after the last alert of an incident another joins it [ns].
    pub within_ns: u64,
    /// Which alerts have to do with each other.
    pub group: Group,
    /// How often a person is told.
    pub limit: usize,
    /// In so long [ns].
    pub every_ns: u64,
    /// When which alerts are silent.
    pub maintenance: Vec<Maintenance>,
    /// When one alert is silent.
    pub silences: Vec<Silence>,
    /// Of severities 1 to 5, in this order.
    pub levels: [Level; 5],
    /// What each alert has to do with, by its place: services, sorted; none where it fits all.
    pub touches: Vec<Vec<ServiceId>>,
    /// What each alert reads, by its place: services, sorted.
    pub reads: Vec<Vec<ServiceId>>,
}

impl IncidentSettings {
    /// Problems of the settings by themselves.
    pub fn validate(&self, problems: &mut Problems) {
        problems.at("notify", |p| {
            if self.notify.limit.get() == 0 {
                p.error("limit", "nobody is ever told").hint = Some("write at least 1".into());
            }
            if self.notify.every.is_zero() {
                p.error("every", "a limit in no time limits nothing").hint =
                    Some("write a duration such as 15m".into());
            }
        });
        problems.at("maintenance", |p| {
            for (name, window) in &self.maintenance {
                p.at(name, |p| window.validate(p));
            }
        });
        problems.at("silences", |p| {
            for (name, silence) in &self.silences {
                p.at(name, |p| silence.validate(p));
            }
        });
        problems.at("levels", |p| {
            for (severity, level) in &self.levels {
                if !matches!(severity.as_str(), "1" | "2" | "3" | "4" | "5") {
                    p.error(severity, format!("severity {severity} does not exist")).label =
                        Some("from 1 to 5, 5 is worst".into());
                }
                p.at(severity, |p| level.validate(p));
            }
        });
    }

    /// Incidents with ids; `alerts` are those of the model.
    pub fn compile(
        &self,
        (names, topology): (&Names, &Topology),
        alerts: &[Alert],
        problems: &mut Problems,
    ) -> Option<Incidents> {
        let maintenance: Option<Vec<Maintenance>> = problems.at("maintenance", |p| {
            self.maintenance.iter().map(|(name, w)| p.at(name, |p| w.compile(name, names, topology, p))).collect()
        });
        let silences: Option<Vec<Silence>> = problems.at("silences", |p| {
            self.silences.iter().map(|(name, silence)| p.at(name, |p| silence.compile(alerts, p))).collect()
        });
        let levels = problems.at("levels", |p| {
            std::array::from_fn(|place| {
                let name = (place + 1).to_string();
                let settings = self.levels.get(&name).cloned().unwrap_or_default();
                p.at(&name, |p| settings.compile(place, names, p))
            })
        });
        let reads: Vec<Vec<ServiceId>> = alerts.iter().map(|alert| read_by(alert, topology)).collect();
        let touches = match self.correlate.group {
            Group::Dependency => reads.iter().map(|services| with_callees(services, topology)).collect(),
            _ => reads.clone(),
        };
        Some(Incidents {
            within_ns: self.correlate.within.ns(),
            group: self.correlate.group,
            limit: self.notify.limit.get() as usize,
            every_ns: self.notify.every.ns(),
            maintenance: maintenance?,
            silences: silences?,
            levels,
            touches,
            reads,
        })
    }
}

impl Incidents {
    /// The metrics that its levels read.
    pub fn metrics(&self) -> Vec<&Resolved> {
        self.levels.iter().filter_map(|level| level.when.as_ref()).flat_map(|when| when.metrics()).collect()
    }

    /// Whether two sets of services have to do with each other; what names none fits all.
    pub fn meet(one: &[ServiceId], other: &[ServiceId]) -> bool {
        one.is_empty() || other.is_empty() || one.iter().any(|service| other.contains(service))
    }
}

/// The services of which an alert reads something, of promises those whose endpoints they are about; sorted.
fn read_by(alert: &Alert, topology: &Topology) -> Vec<ServiceId> {
    let mut all = alert.accuses(topology);
    for metric in alert.when.metrics() {
        match &metric.subject {
            Subject::Promise(_, Some(objective)) => all.push(topology.endpoints[objective.of.index()].service),
            Subject::Load(load) => {
                let of = |edge: &crate::topology::Edge| edge.caller == Caller::Load(*load);
                let called = topology.edges.iter().filter(|edge| of(edge)).map(|edge| edge.callee);
                all.extend(called.map(|endpoint| topology.endpoints[endpoint.index()].service));
            }
            _ => {}
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// Services with all that they call, directly or not; sorted.
fn with_callees(services: &[ServiceId], topology: &Topology) -> Vec<ServiceId> {
    let service_of = |endpoint: crate::ids::EndpointId| topology.endpoints[endpoint.index()].service;
    let mut all = services.to_vec();
    let mut next = 0;
    while let Some(caller) = all.get(next).copied() {
        for edge in &topology.edges {
            let calls = match edge.caller {
                Caller::Endpoint(from) => service_of(from) == caller,
                Caller::Queue(queue) => queue == caller,
                Caller::Load(_) | Caller::Scaler(_) => false,
            };
            let callee = service_of(edge.callee);
            if calls && !all.contains(&callee) {
                all.push(callee);
            }
        }
        next += 1;
    }
    all.sort_unstable();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testing::System;
    use serde_json::json;

    #[test]
    fn alerts_belong_together_by_what_they_call_in_common() {
        let mut system = System::new(100);
        let (web, mail) = (system.service("web", 2), system.service("mail", 1));
        let (get, send) = (system.endpoint(web, "get"), system.endpoint(mail, "send"));
        system.load("users", get);
        system.load("letters", send);
        let settings: IncidentSettings = serde_json::from_value(json!({})).unwrap();
        let meant = settings.compile((&system.names, &system.model), &[], &mut Problems::new()).unwrap();
        assert_eq!((meant.limit, meant.every_ns), (5, 15 * 60 * 1_000_000_000));
        let response_s: Vec<u64> = meant.levels.iter().map(|level| level.respond_ns / 1_000_000_000).collect();
        assert_eq!(response_s, [3_600, 900, 300, 60, 30]);
        assert!(!Incidents::meet(&with_callees(&[web], &system.model), &with_callees(&[mail], &system.model)));
        assert!(Incidents::meet(&[], &[mail]), "what names no service fits all");
    }

    #[test]
    fn what_is_wrong_is_said_at_its_place() {
        let settings: IncidentSettings = serde_json::from_value(
            json!({"notify": {"limit": 0, "every": "0s"}, "levels": {"6": {"respond_within": "0s"}}}),
        )
        .unwrap();
        let mut problems = Problems::new();
        settings.validate(&mut problems);
        let paths: Vec<String> = problems.into_vec().into_iter().map(|problem| problem.path).collect();
        assert_eq!(paths, ["notify.limit", "notify.every", "levels.6", "levels.6.respond_within"]);
    }
}
