//! What is up: services with enough running instances, and endpoints with all that they cannot do without.
//!
//! Kept where instances come and go, as integrals over time: exact, whatever the load, and free between two failures.

use super::service::Service;
use crate::ids::{EndpointId, ServiceId};
use crate::model::Model;
use crate::needed::needed;
use crate::results::UpCounts;
use crate::world::integral::Integral;

/// A service or an endpoint.
#[derive(Debug)]
struct Thing {
    /// How many of the services that it needs do not have enough instances.
    missing: u32,
    /// 1 while it is up.
    up: Integral,
    outages: u64,
    /// When it first was not up, since time 0 [ns of the run].
    first: Option<u64>,
}

/// All services, then all endpoints.
#[derive(Debug, Default)]
pub(in crate::world) struct Up {
    things: Vec<Thing>,
    /// By service: the things that need it.
    needed_by: Vec<Vec<u32>>,
}

impl Up {
    /// Nothing runs yet.
    pub(in crate::world) fn new(model: &Model) -> Self {
        let mut up = Self { things: Vec::new(), needed_by: vec![Vec::new(); model.services.len()] };
        let services = (0..model.services.len()).map(|index| vec![ServiceId::from(index)]);
        let endpoints = (0..model.endpoints.len()).map(|index| needed(model, EndpointId::from(index)));
        for needs in services.chain(endpoints) {
            let thing = up.things.len() as u32;
            needs.iter().for_each(|service| up.needed_by[service.index()].push(thing));
            let mut at = Thing { missing: needs.len() as u32, up: Integral::default(), outages: 0, first: None };
            if needs.is_empty() {
                at.up.enter(0);
            }
            up.things.push(at);
        }
        up
    }

    /// An instance of a service runs from now on.
    pub(super) fn came(&mut self, model: &Model, index: ServiceId, service: &Service, now: u64) {
        if service.running.now != u64::from(model.services[index.index()].need) {
            return;
        }
        for thing in &self.needed_by[index.index()] {
            let at = &mut self.things[*thing as usize];
            at.missing -= 1;
            if at.missing == 0 {
                at.up.enter(now);
            }
        }
    }

    /// An instance of a service has stopped running.
    pub(super) fn went(&mut self, model: &Model, index: ServiceId, service: &Service, now: u64) {
        if service.running.now + 1 != u64::from(model.services[index.index()].need) {
            return;
        }
        for thing in &self.needed_by[index.index()] {
            let at = &mut self.things[*thing as usize];
            at.missing += 1;
            if at.missing == 1 {
                at.up.leave(now);
                at.outages += 1;
                at.first.get_or_insert(now);
            }
        }
    }

    /// Time 0: outages before do not count as the first.
    pub(in crate::world) fn measuring_begins(&mut self, now: u64) {
        self.things.iter_mut().for_each(|at| at.first = (at.missing > 0).then_some(now));
    }

    /// The sums up to now; differences of two of them are what results hold.
    pub(in crate::world) fn read(&self, now: u64) -> Vec<UpCounts> {
        self.things.iter().map(|at| UpCounts { up_ns: at.up.read(now), outages: at.outages }).collect()
    }

    /// From time 0 to the first moment in which each was not up [ns].
    pub(in crate::world) fn first_outages(&self, zero: u64) -> Vec<Option<u64>> {
        self.things.iter().map(|at| at.first.map(|first| first.saturating_sub(zero))).collect()
    }
}
