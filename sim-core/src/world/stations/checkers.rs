//! Who checks the instances of a service, and for whom.
//!
//! A service that is checked has a checker in each zone from which it is called, and outside of all zones where users call it from there. The callers
//! in a zone know what their checker knows, so that an instance which only one zone cannot reach is left out by the callers of that zone alone. A
//! caller that a link or a fault names (a service, a load class) has a checker of its own in each of its zones, because what acts on its messages
//! acts on its checks too.
//!
//! Checkers that no link tells apart ask together: the first of them sends one check, and all know what it finds. So without zones there is one check
//! of an instance at a time, and so there is where no link does anything. From the moment on at which a fault or a changed link acts on the messages
//! of some of them alone, each checker of the service asks for itself. So a fault that has not begun, or an experiment that is not run, adds no
//! checks.
//!
//! Besides, each zone in which instances stand has a checker that stands with them, as the agent of a machine does. It alone decides on restarts, and
//! it is the one of the callers in that zone, where they have one that no link and no fault names.

use crate::engine::table::{Table, id};
use crate::faults::Target;
use crate::ids::{Caller, EdgeId, Location, ServiceId, ZoneId};
use crate::model::Model;
use crate::network::LinkQuality;
use crate::topology::Service;
use std::collections::BTreeSet;

/// A checker's place among those of all services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::world) struct CheckerId(u32);

id!(CheckerId);

/// Who sends checks to the instances of a service, from one place.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::world) struct Checker {
    /// Whose instances it checks.
    pub of: ServiceId,
    /// Where it stands; `None` is outside of all zones.
    pub zone: Option<ZoneId>,
    /// The caller whose checker it is, where a link or a fault names that one.
    pub beside: Option<Location>,
    /// Whether callers go by what it knows. One of which they do not only restarts the instances of its zone.
    pub is_for_callers: bool,
}

/// All checkers of a model.
#[derive(Debug, Default)]
pub(in crate::world) struct Checkers {
    pub list: Table<CheckerId, Checker>,
    /// By service: its checkers, the first and the one after the last.
    of: Vec<(u32, u32)>,
    /// By checker: the first of those of its service from which no link of the file tells it apart, which asks for it.
    pub leads: Vec<CheckerId>,
    /// By checker: what keeps its draws apart from those of others, as the names of where it stands.
    pub stands_at: Vec<(Option<ZoneId>, Option<Location>)>,
    /// Whether zones have checkers of their own; else all checkers stand in the first.
    are_apart: bool,
    /// By call site: the checker of the callers in each zone; empty where the callee is not checked.
    by_site: Vec<Vec<(Option<ZoneId>, CheckerId)>>,
}

impl Checkers {
    /// The checkers of the services that are checked.
    pub fn new(model: &Model) -> Self {
        if model.services.iter().all(|service| service.health.is_none()) {
            return Self::default();
        }
        let are_apart = model.zones.len() > 1;
        let mut checkers = Self { are_apart, by_site: vec![Vec::new(); model.edges.len()], ..Self::default() };
        let named = named(model);
        for (of, service) in (0..model.services.len()).map(ServiceId::from).zip(&model.services) {
            let first = checkers.list.len() as u32;
            if service.health.is_some() {
                checkers.stand_for(model, of, first, &named);
                checkers.stand_by(service, of, first);
            }
            checkers.of.push((first, checkers.list.len() as u32));
        }
        checkers.ask_together(model);
        checkers
    }

    /// Finds those that no link of the file tells apart.
    fn ask_together(&mut self, model: &Model) {
        let (links_differ, named) = (links_differ(model), named_by_links(model));
        let told_by_links = |checker: &Checker| {
            let zone = if links_differ { checker.zone } else { Some(FIRST) };
            (checker.of, zone, checker.beside.filter(|caller| named.contains(caller)))
        };
        let told: Vec<_> = self.list.iter().map(told_by_links).collect();
        let lead = |of| CheckerId(told.iter().position(|other| *other == of).unwrap_or(0) as u32);
        self.leads = told.iter().map(|of| lead(*of)).collect();
        let own = |checker: CheckerId| (self.list[checker].zone, self.list[checker].beside);
        let stands_at = |(checker, lead): (CheckerId, &CheckerId)| {
            let (_, zone, caller) = told[lead.0 as usize];
            if checker == *lead {
                (zone, caller)
            } else if own(checker) == (zone, caller) {
                // The two change places, so that each draws for itself once they ask apart.
                own(*lead)
            } else {
                own(checker)
            }
        };
        self.stands_at = self.list.ids().zip(&self.leads).map(stands_at).collect();
    }

    /// Those for the callers of a service, in the order of the file.
    fn stand_for(&mut self, model: &Model, of: ServiceId, first: u32, named: &[Location]) {
        for (site, edge) in model.edges.iter().enumerate() {
            if model.endpoints[edge.callee.index()].service != of {
                continue;
            }
            let caller = match edge.caller {
                Caller::Load(load) => Location::Load(load),
                // What controls hears no checks.
                Caller::Scaler(_) => continue,
                Caller::Queue(queue) => Location::Service(queue),
                Caller::Endpoint(endpoint) => Location::Service(model.endpoints[endpoint.index()].service),
            };
            let beside = named.contains(&caller).then_some(caller);
            for zone in self.zones(model, caller) {
                let id = self.stands(first, Checker { of, zone, beside, is_for_callers: true });
                self.by_site[site].push((zone, id));
            }
        }
    }

    /// Those that stand with the instances of a service.
    fn stand_by(&mut self, service: &Service, of: ServiceId, first: u32) {
        for zone in self.zones_of(service) {
            // A service that nobody calls is checked for whoever might come.
            let is_for_callers = self.list.len() as u32 == first;
            self.stands(first, Checker { of, zone: Some(zone), beside: None, is_for_callers });
        }
    }

    /// The checker at a place, which is there already or is new.
    fn stands(&mut self, first: u32, checker: Checker) -> CheckerId {
        let place = (checker.zone, checker.beside);
        let known = self.list.iter().skip(first as usize).position(|other| (other.zone, other.beside) == place);
        match known {
            Some(known) => CheckerId(first + known as u32),
            None => self.list.push(checker),
        }
    }

    /// The checkers of a service.
    pub fn of(&self, service: ServiceId) -> impl Iterator<Item = CheckerId> + use<> {
        let (first, end) = self.of.get(service.index()).copied().unwrap_or_default();
        (first..end).map(CheckerId)
    }

    /// A checker's place among those of its service.
    pub fn number(&self, checker: CheckerId) -> u32 {
        checker.0 - self.of[self.list[checker].of.index()].0
    }

    /// The checker of a call site's callers in a zone; `None` where the callee is not checked.
    pub fn of_caller(&self, site: EdgeId, zone: Option<ZoneId>) -> Option<CheckerId> {
        let all = self.by_site.get(site.index())?;
        all.iter().find(|(at, _)| *at == zone).or(all.first()).map(|(_, checker)| *checker)
    }

    /// Whether a checker decides on the restarts of instances in a zone.
    pub fn restarts(&self, checker: CheckerId, zone: ZoneId) -> bool {
        let checker = &self.list[checker];
        checker.beside.is_none() && checker.zone == Some(if self.are_apart { zone } else { FIRST })
    }

    /// The zones from which a caller calls. Where zones are not apart all stand in the first, users too.
    fn zones(&self, model: &Model, caller: Location) -> Vec<Option<ZoneId>> {
        match caller {
            _ if !self.are_apart => vec![Some(FIRST)],
            Location::Load(load) => vec![model.loads[load.index()].zone],
            Location::Service(service) => {
                self.zones_of(&model.services[service.index()]).into_iter().map(Some).collect()
            }
            Location::Endpoint(_) | Location::Zone(_) | Location::Region(_) => Vec::new(),
        }
    }

    /// The zones in which instances of a service may stand.
    fn zones_of(&self, service: &Service) -> BTreeSet<ZoneId> {
        if !self.are_apart {
            return [FIRST].into();
        }
        let places = service.max_instances.max(service.instances).max(1) as usize;
        service.zones.iter().copied().cycle().take(places).collect()
    }
}

const FIRST: ZoneId = ZoneId(0);

/// Whether links do something to messages, so that it matters from which zone to which they go.
fn links_differ(model: &Model) -> bool {
    let network = &model.network;
    let distances = [&network.within_zone, &network.between_zones, &network.between_regions];
    !network.links.is_empty() || distances.into_iter().any(|link| *link != LinkQuality::default())
}

/// The callers that links and faults name.
fn named(model: &Model) -> Vec<Location> {
    let of_faults = model.faults.iter().flat_map(|fault| match fault.target {
        Target::Edge { from, to, .. } => [from, to],
        Target::Instances(_) | Target::Pipeline(_) | Target::Scaler(_) => [None, None],
    });
    named_by_links(model).into_iter().chain(callers(of_faults)).collect()
}

/// The callers that links name.
fn named_by_links(model: &Model) -> Vec<Location> {
    callers(model.network.links.iter().flat_map(|link| [Some(link.from), Some(link.to)])).collect()
}

fn callers(places: impl Iterator<Item = Option<Location>>) -> impl Iterator<Item = Location> {
    places.flatten().filter(|place| matches!(place, Location::Service(_) | Location::Load(_)))
}
