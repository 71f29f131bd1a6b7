//! Where a fault strikes: instances selected by service, zone, region, labels and role, or messages on an edge.

use crate::ids::{Location, RegionId, ServiceId, VersionId, ZoneId};
use crate::names::Names;
use crate::network::{Ends, ends};
use crate::problem::Problems;
use crate::topology::{Node, Replication, Service, Zone};
use crate::units::{Count, Probability};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which instances or messages are meant. All that is written has to fit; `instances`, `count` or `percent` then narrow the
/// selection (drawn for each replication, without replacement). Or an edge: `from` and `to` for one way, `between` for both.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TargetSettings {
    /// A service, store or queue; `all` for every one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Instances in this zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Instances in this region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Services with these labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Instances that run this version when the fault strikes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The primary or the replicas of a store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// These instances, by number from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instances: Option<Vec<Count>>,
    /// So many of them, drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<Count>,
    /// Such a part of them, drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<Probability>,
    /// Whether `count` or `percent` are drawn anew each time that the fault strikes; default once a replication.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub redraw: bool,
    /// Messages that start here: a service, load class, zone or region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Messages that arrive here: a service, endpoint, zone or region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Messages between these two, both ways.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub between: Option<Vec<String>>,
    /// Of what is done (`do`): the instances that this alert accuses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found_by: Option<String>,
    /// A pipeline of telemetry or a scaler, of what strikes or holds control.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control: Option<String>,
    /// The endpoints with this feature, of what a switch does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feature: Option<String>,
    /// Messages over this link: those between its two ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// The part that an instance of a store plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Takes the writes: instance 0 until a failover.
    Primary,
    /// Follows the primary.
    Replica,
}

/// Where a fault strikes, as meant.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// Instances of services, stores and queues.
    Instances(Selection),
    /// Messages and calls on their way.
    Edge {
        /// Where they start; `None` is anywhere.
        from: Option<Location>,
        /// Where they arrive; `None` is anywhere.
        to: Option<Location>,
        /// Whether the other way is meant too.
        both_ways: bool,
    },
    /// A pipeline of telemetry, by its place.
    Pipeline(usize),
    /// A scaler, by its place.
    Scaler(usize),
}

/// A selection of instances: all that fit, narrowed by `pick`.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// Instances of these services; at least one.
    pub services: Vec<ServiceId>,
    /// In this zone only.
    pub zone: Option<ZoneId>,
    /// In this region only.
    pub region: Option<RegionId>,
    /// Playing this part only.
    pub role: Option<Role>,
    /// Running this version only.
    pub version: Option<VersionId>,
    /// How the selection is narrowed.
    pub pick: Pick,
    /// Whether it is drawn anew each time.
    pub redraw: bool,
}

/// How a selection is narrowed.
#[derive(Debug, Clone, PartialEq)]
pub enum Pick {
    /// All of it.
    All,
    /// These, by their number within the service.
    Numbers(Vec<u32>),
    /// So many, drawn without replacement over the whole selection.
    Count(u32),
    /// Such a part, drawn without replacement over the whole selection; at least one.
    Share(f64),
}

impl Selection {
    /// Whether an instance fits, whatever part it plays, before the narrowing by count or part: its service, number, zone and the zone's region.
    pub fn fits(&self, service: ServiceId, number: u32, zone: ZoneId, region: RegionId) -> bool {
        self.services.contains(&service)
            && self.zone.is_none_or(|z| z == zone)
            && self.region.is_none_or(|r| r == region)
            && !matches!(&self.pick, Pick::Numbers(numbers) if !numbers.contains(&number))
    }

    /// As [`Self::fits`], of an instance that plays the part that it has at the start.
    pub fn fits_at_start(&self, service: ServiceId, number: u32, zone: ZoneId, region: RegionId) -> bool {
        let plays = match self.role {
            None => true,
            Some(Role::Primary) => number == 0,
            Some(Role::Replica) => number > 0,
        };
        plays && self.fits(service, number, zone, region)
    }

    /// Whether any instance of a service fits that is there at the start, or that a scaler could add.
    pub fn may_fit(&self, id: ServiceId, service: &Service, zones: &[Zone]) -> bool {
        (0..service.max_instances.max(service.instances)).any(|number| {
            let zone = service.zones[number as usize % service.zones.len()];
            let region = zones[zone.index()].region;
            if may_change_roles(service) {
                self.fits(id, number, zone, region)
            } else {
                self.fits_at_start(id, number, zone, region)
            }
        })
    }

    /// How many of `fitting` instances are drawn.
    pub fn drawn(&self, fitting: usize) -> usize {
        match self.pick {
            Pick::All | Pick::Numbers(_) => fitting,
            Pick::Count(count) => fitting.min(count as usize),
            Pick::Share(share) => ((fitting as f64 * share).round() as usize).clamp(usize::from(fitting > 0), fitting),
        }
    }

    /// Whether the fault may strike different instances from run to run.
    pub fn is_drawn(&self) -> bool {
        matches!(self.pick, Pick::Count(_) | Pick::Share(_))
    }
}

/// Whether another instance than the first may become the primary.
fn may_change_roles(service: &Service) -> bool {
    let Node::Store(store) = &service.node else { return false };
    matches!(&store.replication, Replication::Primary { failover: Some(_), .. })
}

/// What a target is resolved against: names, and the services and zones that labels and emptiness are checked on.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// Names to ids.
    pub names: &'a Names,
    /// All services, by id.
    pub services: &'a [Service],
    /// All zones, by id.
    pub zones: &'a [Zone],
}

impl TargetSettings {
    fn selects(&self) -> bool {
        self.service.is_some()
            || self.zone.is_some()
            || self.region.is_some()
            || !self.labels.is_empty()
            || self.role.is_some()
            || self.version.is_some()
            || self.instances.is_some()
            || self.count.is_some()
            || self.percent.is_some()
            || self.redraw
    }

    fn is_edge(&self) -> bool {
        self.from.is_some() || self.to.is_some() || self.between.is_some() || self.link.is_some()
    }

    /// Problems of the settings by themselves.
    pub fn validate(&self, problems: &mut Problems) {
        if self.found_by.is_some() {
            if self.selects() || self.is_edge() {
                problems.error("found_by", "the alert says which instances are meant, and nothing else can").hint =
                    Some("keep found_by, or the rest".into());
            }
            return;
        }
        if self.control.is_some() || self.feature.is_some() {
            let only = Self { control: self.control.clone(), ..Self::default() };
            let feature = Self { feature: self.feature.clone(), ..Self::default() };
            if *self != only && *self != feature {
                problems.error("", "what controls is no instance, and a feature is all that is meant").hint =
                    Some("keep `control`, or `feature`, or the rest".into());
            }
            return;
        }
        if self.selects() && self.is_edge() {
            problems.error("", "a target is either instances or messages on their way").hint = Some(
                "keep `service`, `zone` ... for instances, or `from`, `to`, `between`, `link` for messages".into(),
            );
        } else if !self.selects() && !self.is_edge() {
            problems.error("", "nothing says where the fault strikes").hint =
                Some("write where: {service: NAME}, {from: A, to: B} or {link: NAME}".into());
        }
        let narrowed = [self.instances.is_some(), self.count.is_some(), self.percent.is_some()];
        if narrowed.iter().filter(|given| **given).count() > 1 {
            problems.error("", "`instances`, `count` and `percent` each narrow the selection").hint =
                Some("keep one of them".into());
        }
        if self.redraw && self.count.is_none() && self.percent.is_none() {
            problems.error("redraw", "nothing is drawn here").hint =
                Some("say how many are struck: count: 2, or percent: 30%".into());
        }
        if self.instances.as_ref().is_some_and(Vec::is_empty) || self.count.is_some_and(|c| c.get() == 0) {
            problems.error("", "this target selects no instance");
        }
        if self.percent.is_some_and(|p| p.value() <= 0.0) {
            problems.error("percent", "0% of the instances is none").hint = Some("write a part such as 30%".into());
        }
    }

    /// The target as meant, of what is done to instances or to messages. Caches in the memory of their callers have neither.
    pub fn compile(&self, around: Surroundings<'_>, problems: &mut Problems) -> Option<Target> {
        if let Some(name) = &self.service
            && around.names.lies_in_memory("service", name, problems)
        {
            return None;
        }
        self.compile_any(around, |service| service.node.stands_alone(), problems)
    }

    /// The target as meant, of what is done to the contents of caches, wherever they lie.
    pub fn compile_contents(&self, around: Surroundings<'_>, problems: &mut Problems) -> Option<Target> {
        self.compile_any(around, |_| true, problems)
    }

    fn compile_any(
        &self,
        around: Surroundings<'_>,
        may_be: impl Fn(&Service) -> bool,
        problems: &mut Problems,
    ) -> Option<Target> {
        if self.found_by.is_some() {
            problems.error("found_by", "a fault strikes whatever alerts say").hint =
                Some("write where: {service: NAME}; found_by goes with what is done (do)".into());
            return None;
        }
        if self.feature.is_some() {
            problems.error("feature", "only a switch acts on a feature").hint =
                Some("write where: {service: NAME}, or {to: SERVICE.ENDPOINT}".into());
            return None;
        }
        if let Some(name) = &self.control {
            return controlled(name, around.names, problems);
        }
        if let Some(name) = &self.link {
            if self.from.is_some() || self.to.is_some() || self.between.is_some() {
                problems.error("link", "`link` says both ends").hint =
                    Some("leave `from`, `to` and `between` out".into());
                return None;
            }
            let link = around.names.link("link", name, problems)?;
            return Some(Target::Edge { from: Some(link.from), to: Some(link.to), both_ways: link.both_ways });
        }
        if self.is_edge() {
            let written = Ends { between: self.between.as_deref(), from: self.from.as_deref(), to: self.to.as_deref() };
            let (from, to, both_ways) = ends(written, around.names, problems)?;
            if matches!(from, Some(Location::Endpoint(_))) {
                problems.error("from", "calls start at a service, not at one of its endpoints").hint =
                    Some("name the service".into());
                return None;
            }
            return Some(Target::Edge { from, to, both_ways });
        }
        let mut selection = self.selection(around, problems)?;
        selection.services.retain(|id| may_be(&around.services[id.index()]));
        if self.selects_nothing(&selection, around) {
            problems.error("", "this target selects no instance").label = Some(format!("written: {}", self.words()));
            return None;
        }
        Some(Target::Instances(selection))
    }

    fn selection(&self, around: Surroundings<'_>, problems: &mut Problems) -> Option<Selection> {
        let names = around.names;
        let zone = self.zone.as_ref().map(|name| names.zone("zone", name, problems));
        let region = self.region.as_ref().map(|name| names.region("region", name, problems));
        let service = match self.service.as_deref() {
            None | Some("all") => None,
            Some(name) => Some(names.service("service", name, problems)),
        };
        let version = self.version.as_ref().map(|name| names.version("version", name, problems));
        let version = version.map_or(Some(None), |v| v.map(Some))?;
        let zone = zone.map_or(Some(None), |z| z.map(Some))?;
        let region = region.map_or(Some(None), |r| r.map(Some))?;
        let service = service.map_or(Some(None), |s| s.map(Some))?;
        let services = (0..around.services.len())
            .map(ServiceId::from)
            .filter(|id| service.is_none_or(|one| one == *id))
            .filter(|id| {
                self.fits_labels(&around.services[id.index()]) && self.may_run(&around.services[id.index()], names)
            })
            .collect();
        let pick = match (&self.instances, self.count, self.percent) {
            (Some(numbers), ..) => Pick::Numbers(numbers.iter().map(|n| n.get_u32()).collect()),
            (_, Some(count), _) => Pick::Count(count.get_u32()),
            (_, _, Some(percent)) => Pick::Share(percent.value()),
            _ => Pick::All,
        };
        Some(Selection { services, zone, region, role: self.role, version, pick, redraw: self.redraw })
    }

    /// Whether a service may ever run the version that is meant.
    fn may_run(&self, service: &Service, names: &Names) -> bool {
        let runs = |version: &String| names.versions_of.contains(&(service.name.clone(), version.clone()));
        self.version.as_ref().is_none_or(runs)
    }

    fn fits_labels(&self, service: &Service) -> bool {
        self.labels.iter().all(|(key, value)| service.labels.get(key) == Some(value))
    }

    /// Whether no instance that is there at the start, or that a scaler could add, fits.
    fn selects_nothing(&self, selection: &Selection, around: Surroundings<'_>) -> bool {
        !selection.services.iter().any(|id| {
            let service = &around.services[id.index()];
            let has_role = self.role.is_none()
                || matches!(&service.node, Node::Store(store) if !matches!(store.replication, Replication::None));
            has_role && selection.may_fit(*id, service, around.zones)
        })
    }

    /// The target in words: `payment`, `30% of web`, `web -> api.get`.
    pub fn words(&self) -> String {
        if let Some(alert) = &self.found_by {
            return format!("what {alert} found");
        }
        if let Some(of) = self.control.as_ref().or(self.feature.as_ref()) {
            return of.clone();
        }
        if let Some(link) = &self.link {
            return format!("over {link}");
        }
        if let Some([a, b]) = self.between.as_deref() {
            return format!("between {a} and {b}");
        }
        match (&self.from, &self.to) {
            (Some(from), Some(to)) => return format!("{from} -> {to}"),
            (Some(from), None) => return format!("from {from}"),
            (None, Some(to)) => return to.clone(),
            (None, None) => {}
        }
        let mut all: Vec<String> = Vec::new();
        all.extend(self.service.clone().map(|s| if s == "all" { "all services".to_owned() } else { s }));
        all.extend(self.role.map(|role| if role == Role::Primary { "primary" } else { "replicas" }.to_owned()));
        all.extend(self.zone.as_ref().map(|zone| format!("zone {zone}")));
        all.extend(self.region.as_ref().map(|region| format!("region {region}")));
        all.extend(self.labels.iter().map(|(key, value)| format!("{key} {value}")));
        all.extend(self.version.as_ref().map(|version| format!("version {version}")));
        let whole = all.join(" ");
        match (&self.instances, self.count, self.percent) {
            (Some(numbers), ..) => {
                let numbers: Vec<u64> = numbers.iter().map(|number| number.get()).collect();
                let s = if numbers.len() > 1 { "s" } else { "" };
                format!("{whole} instance{s} {}", ranges(&numbers))
            }
            (_, Some(count), _) => format!("{count} of {whole}"),
            (_, _, Some(percent)) => format!("{percent} of {whole}"),
            _ => whole,
        }
    }
}

/// A pipeline or scaler of a name.
fn controlled(name: &str, names: &Names, problems: &mut Problems) -> Option<Target> {
    let scaler = names.scalers.get(name).copied().map(Target::Scaler);
    let pipeline = names.pipelines.get(name).copied().map(Target::Pipeline);
    match (scaler, pipeline) {
        (Some(_), Some(_)) => {
            problems.error("control", format!("{name} is a scaler and a pipeline")).hint =
                Some("give one of them another name".into());
            None
        }
        (None, None) => {
            let known = names.scalers.keys().chain(names.pipelines.keys()).map(String::as_str);
            problems.unknown("control", "scaler or pipeline", name, known);
            None
        }
        (scaler, pipeline) => scaler.or(pipeline),
    }
}

/// Numbers in few words: `1-5`, `0, 2 and 4`.
fn ranges(numbers: &[u64]) -> String {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for &number in numbers {
        match runs.last_mut() {
            Some((_, last)) if number == last.wrapping_add(1) => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let mut parts = Vec::new();
    for (from, to) in runs {
        match to - from {
            0 => parts.push(from.to_string()),
            1 => parts.extend([from.to_string(), to.to_string()]),
            _ => parts.push(format!("{from}-{to}")),
        }
    }
    match parts.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => parts.concat(),
    }
}

#[cfg(test)]
mod range_tests {
    use super::ranges;

    #[test]
    fn instances_are_said_as_ranges() {
        assert_eq!(ranges(&[1, 2, 3, 4, 5]), "1-5");
        assert_eq!([ranges(&[3]), ranges(&[1, 2]), ranges(&[0, 2, 5, 6, 7])], ["3", "1 and 2", "0, 2 and 5-7"]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::EndpointId;
    use crate::judge::testing::System;
    use crate::topology::Run;
    use serde_json::{Value, json};

    /// A service on two zones of one region, and another on the first zone.
    fn system() -> System {
        let mut system = System::new(60);
        system.model.zones.push(Zone { name: "other".into(), region: RegionId(0) });
        system.names.zones.insert("other".into(), ZoneId(1));
        let web = system.service("web", 4);
        system.model.services[web.index()].zones = vec![ZoneId(0), ZoneId(1)];
        system.model.services[web.index()].labels.insert("rack".into(), "r7".into());
        system.endpoint(web, "page");
        system.service("api", 2);
        system
    }

    /// The fault as meant, or the paths of its problems.
    #[expect(clippy::needless_pass_by_value, reason = "reads as a table of json!")]
    fn compile(inject: Value, target: Value) -> Result<super::super::Fault, Vec<String>> {
        let system = system();
        let settings: super::super::FaultSettings =
            serde_json::from_value(json!({"inject": inject, "where": target})).unwrap();
        let mut problems = Problems::new();
        settings.validate(&mut problems);
        let around =
            Surroundings { names: &system.names, services: &system.model.services, zones: &system.model.zones };
        let run: &Run = &system.model.run;
        let fault = if problems.has_errors() { None } else { settings.compile("f", around, run, &mut problems) };
        fault.ok_or_else(|| problems.into_vec().into_iter().map(|p| p.path).collect())
    }

    fn crash(target: Value) -> Result<super::super::Fault, Vec<String>> {
        compile(json!({"crash": {}}), target)
    }

    /// How many instances of web and api fit.
    fn fitting(target: Value) -> usize {
        let Target::Instances(selection) = crash(target).unwrap().target else { panic!("instances") };
        let all = (0..4).map(|n| (ServiceId(0), n, ZoneId(n % 2))).chain((0..2).map(|n| (ServiceId(1), n, ZoneId(0))));
        let all = all.filter(|(service, number, zone)| selection.fits_at_start(*service, *number, *zone, RegionId(0)));
        selection.drawn(all.count())
    }

    #[test]
    fn selections_are_intersections() {
        assert_eq!(fitting(json!({"service": "web"})), 4);
        assert_eq!(fitting(json!({"service": "all"})), 6);
        assert_eq!(fitting(json!({"zone": "zone"})), 4);
        assert_eq!(fitting(json!({"zone": "zone", "service": "web"})), 2);
        assert_eq!(fitting(json!({"labels": {"rack": "r7"}, "count": 3})), 3);
        assert_eq!(fitting(json!({"service": "web", "percent": "30%"})), 1);
        assert_eq!(fitting(json!({"service": "web", "instances": [1, 3]})), 2);
        assert_eq!(fitting(json!({"region": "region", "percent": "50%"})), 3);
    }

    #[test]
    fn targets_that_select_nothing_are_errors() {
        assert_eq!(crash(json!({"service": "api", "zone": "other"})).unwrap_err(), ["where"]);
        assert_eq!(crash(json!({"service": "web", "instances": [7]})).unwrap_err(), ["where"]);
        assert_eq!(crash(json!({"service": "web", "role": "replica"})).unwrap_err(), ["where"]);
        assert_eq!(crash(json!({"labels": {"rack": "r8"}})).unwrap_err(), ["where"]);
        assert_eq!(crash(json!({})).unwrap_err(), ["where"]);
        assert_eq!(crash(json!({"service": "wbe"})).unwrap_err(), ["where.service"]);
        assert_eq!(crash(json!({"service": "web", "to": "api"})).unwrap_err(), ["where"]);
    }

    #[test]
    fn kinds_strike_what_they_can() {
        assert_eq!(crash(json!({"between": ["web", "api"]})).unwrap_err(), ["where"]);
        assert_eq!(compile(json!({"partition": {}}), json!({"service": "web"})).unwrap_err(), ["where"]);
        assert_eq!(compile(json!({"lag": {"factor": 3}}), json!({"service": "web"})).unwrap_err(), ["where"]);
        assert_eq!(
            compile(json!({"slow": {"factor": 3}}), json!({"from": "web", "to": "api"})).unwrap_err(),
            ["where"]
        );
        let slow = compile(json!({"slow": {"factor": 3}}), json!({"to": "web.page"})).unwrap();
        let to = Some(Location::Endpoint(EndpointId(0)));
        assert_eq!(slow.target, Target::Edge { from: None, to, both_ways: false });
        assert_eq!(slow.says, "web.page 3 times slower");
    }

    #[test]
    fn callers_of_a_dead_zone_see_silence() {
        use super::super::{CallersSee, FaultEffect};
        let seen = |target| match crash(target).unwrap().effect {
            FaultEffect::Crash { callers_see } => callers_see,
            other => panic!("{other:?}"),
        };
        assert_eq!(seen(json!({"zone": "zone"})), CallersSee::Silence);
        assert_eq!(seen(json!({"service": "web"})), CallersSee::Reset);
        assert_eq!(seen(json!({"service": "web", "zone": "zone"})), CallersSee::Reset);
    }
}
