//! The blast radius: how much an experiment may hit at most.
//!
//! What its actions can hit is known before anything runs, and so is an error at its place in the file. What users feel is looked at
//! while it runs, and aborts it.

use crate::faults::{Pick, Selection, Target};
use crate::ids::{Location, ServiceId};
use crate::names::Names;
use crate::problem::Problems;
use crate::topology::Topology;
use crate::units::{Count, Probability};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How much an experiment may hit at most.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RadiusSettings {
    /// Its actions may hit these services only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub services: Option<Vec<String>>,
    /// All its actions together may hit so many instances, or such a part of the instances of `services` (without them, of the
    /// services that are hit).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instances: Option<InstancesSettings>,
    /// When such a part of the requests of load classes since its begin was not answered, it is aborted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<UsersSettings>,
}

/// How many instances.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InstancesSettings {
    /// So many.
    Count(Count),
    /// Such a part.
    Percent(Probability),
}

/// How many users.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UsersSettings {
    /// Such a part of their requests.
    pub percent: Probability,
}

/// What an action hits.
pub(super) enum Hit<'a> {
    /// Instances of a selection.
    Instances(&'a Selection),
    /// Messages, or the work of an endpoint.
    Messages(&'a Target),
    /// All instances of a service.
    Service(ServiceId),
}

/// What the actions of an experiment can hit, added up in their order.
pub(super) struct Radius {
    services: Option<Vec<ServiceId>>,
    instances: Option<InstancesSettings>,
    /// Instances that are certain to be hit, by service and number.
    hit: BTreeSet<(ServiceId, u32)>,
    /// Instances that are drawn.
    drawn: usize,
}

impl RadiusSettings {
    /// Problems of the settings by themselves.
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.services.as_ref().is_some_and(Vec::is_empty) {
            problems.error("services", "an experiment that may hit no service does nothing").hint =
                Some("name the services that its actions may hit".into());
        }
        let none = match self.instances {
            Some(InstancesSettings::Count(count)) => count.get() == 0,
            Some(InstancesSettings::Percent(part)) => part.value() <= 0.0,
            None => false,
        };
        if none {
            problems.error("instances", "an experiment that may hit no instance does nothing");
        }
    }

    /// The radius with ids.
    pub(super) fn compile(&self, names: &Names, problems: &mut Problems) -> Radius {
        let each = |services: &Vec<String>, p: &mut Problems| -> Vec<Option<ServiceId>> {
            services.iter().enumerate().map(|(at, service)| names.service(&at.to_string(), service, p)).collect()
        };
        let found = self.services.as_ref().map(|services| problems.at("services", |p| each(services, p)));
        // Where a name is not known, it is not known either what is outside.
        let services = found.and_then(|services| services.into_iter().collect());
        Radius { services, instances: self.instances, hit: BTreeSet::new(), drawn: 0 }
    }
}

impl Radius {
    /// Adds what an action can hit; a problem at its `where` if that is too much.
    pub(super) fn add(&mut self, hit: &Hit<'_>, topology: &Topology, problems: &mut Problems) {
        let services = match hit {
            Hit::Instances(selection) => of_services(&fitting(selection, topology)),
            Hit::Messages(target) => ends(target, topology),
            Hit::Service(service) => vec![*service],
        };
        if let Some(allowed) = &self.services
            && let Some(other) = services.iter().find(|service| !allowed.contains(service))
        {
            let name = |id: &ServiceId| topology.services[id.index()].name.as_str();
            let names: Vec<&str> = allowed.iter().map(name).collect();
            problems.error("where", format!("this hits {}, which is outside of the blast radius", name(other))).label =
                Some(format!("blast_radius.services: {}", names.join(", ")));
            return;
        }
        match hit {
            Hit::Instances(selection) => self.count(selection, topology),
            Hit::Service(service) => {
                let all = topology.services[service.index()].instances;
                self.hit.extend((0..all).map(|number| (*service, number)));
            }
            Hit::Messages(_) => return,
        }
        self.check_instances(&services, topology, problems);
    }

    fn count(&mut self, selection: &Selection, topology: &Topology) {
        let fitting = fitting(selection, topology);
        match selection.pick {
            Pick::All | Pick::Numbers(_) => self.hit.extend(fitting),
            Pick::Count(_) | Pick::Share(_) => {
                // Drawn ones may all be others than those before.
                let others = fitting.iter().filter(|one| !self.hit.contains(*one)).count();
                self.drawn += selection.drawn(fitting.len()).min(others);
            }
        }
    }

    fn check_instances(&self, services: &[ServiceId], topology: &Topology, problems: &mut Problems) {
        let of = self.services.as_deref().unwrap_or(services);
        let there: u32 = of.iter().map(|id| topology.services[id.index()].instances).sum();
        let (allowed, written) = match self.instances {
            None => return,
            Some(InstancesSettings::Count(count)) => (count.get() as usize, count.to_string()),
            // A share such as 30 % of 10 is not below 3 because of its last bit.
            Some(InstancesSettings::Percent(part)) => {
                ((f64::from(there) * part.value() + 1e-9).floor() as usize, part.to_string())
            }
        };
        let can_hit = (self.hit.len() + self.drawn).min((there as usize).max(self.hit.len()));
        if can_hit > allowed {
            let what = if can_hit == 1 { "1 instance".to_owned() } else { format!("{can_hit} instances") };
            let problem = problems.error("where", format!("this can hit {what} of {there}, and {allowed} are allowed"));
            problem.label = Some(format!("blast_radius.instances: {written}"));
        }
    }
}

/// Instances at the start that fit, before a part of them is drawn.
fn fitting(selection: &Selection, topology: &Topology) -> Vec<(ServiceId, u32)> {
    let mut all = Vec::new();
    for id in &selection.services {
        let service = &topology.services[id.index()];
        for number in 0..service.instances {
            let zone = service.zones[number as usize % service.zones.len()];
            if selection.fits_at_start(*id, number, zone, topology.zones[zone.index()].region) {
                all.push((*id, number));
            }
        }
    }
    all
}

fn of_services(instances: &[(ServiceId, u32)]) -> Vec<ServiceId> {
    let mut all: Vec<ServiceId> = instances.iter().map(|(service, _)| *service).collect();
    all.dedup();
    all
}

/// Services whose messages are hit: those at the far end, or where none is named those at the near end; of both ends, both.
fn ends(target: &Target, topology: &Topology) -> Vec<ServiceId> {
    let Target::Edge { from, to, both_ways } = target else { return Vec::new() };
    let named = match (from, to) {
        (Some(from), Some(to)) if *both_ways => vec![from, to],
        (_, Some(to)) => vec![to],
        (Some(from), None) => vec![from],
        (None, None) => return (0..topology.services.len()).map(ServiceId::from).collect(),
    };
    named.into_iter().flat_map(|place| at(*place, topology)).collect()
}

/// The services of a place.
fn at(place: Location, topology: &Topology) -> Vec<ServiceId> {
    let with_zone = |fits: &dyn Fn(crate::ids::ZoneId) -> bool| {
        let all = (0..topology.services.len()).map(ServiceId::from);
        all.filter(|id| topology.services[id.index()].zones.iter().any(|zone| fits(*zone))).collect()
    };
    match place {
        Location::Service(service) => vec![service],
        Location::Endpoint(endpoint) => vec![topology.endpoints[endpoint.index()].service],
        Location::Zone(zone) => with_zone(&|one| one == zone),
        Location::Region(region) => with_zone(&|one| topology.zones[one.index()].region == region),
        Location::Load(_) => Vec::new(),
    }
}
