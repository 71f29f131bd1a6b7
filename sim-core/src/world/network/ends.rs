//! The two ends of a message's way, as places that links and faults can name.

use crate::ids::{Caller, EndpointId, LoadId, Location, RegionId, ServiceId, ZoneId};
use crate::model::Model;
use crate::topology::Edge;
use crate::world::stations::Checker;

/// The direction in which a message of a call travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// A request, a delivery from a queue or a health check, to the callee.
    There,
    /// A reply, an acknowledgement or the answer to a check, to the caller.
    Back,
}

impl Way {
    pub(super) const BOTH: [Self; 2] = [Self::There, Self::Back];
}

/// One end of a call, as a place that links and faults can name.
#[derive(Default)]
pub(super) struct End {
    service: Option<ServiceId>,
    load: Option<LoadId>,
    endpoint: Option<EndpointId>,
    zone: Option<ZoneId>,
    region: Option<RegionId>,
}

impl End {
    /// Whether it is there; no place is anywhere.
    fn is(&self, place: Option<Location>) -> bool {
        match place {
            None => true,
            Some(Location::Service(s)) => self.service == Some(s),
            Some(Location::Load(l)) => self.load == Some(l),
            Some(Location::Endpoint(e)) => self.endpoint == Some(e),
            Some(Location::Zone(z)) => self.zone == Some(z),
            Some(Location::Region(r)) => self.region == Some(r),
        }
    }

    /// What stands in a zone, and is no instance of any service.
    pub(super) fn zone(zone: ZoneId, regions: &[RegionId]) -> Self {
        Self { zone: Some(zone), region: Some(regions[zone.index()]), ..Self::default() }
    }

    /// An instance of a service in a zone.
    pub(super) fn instance(service: ServiceId, zone: ZoneId, regions: &[RegionId]) -> Self {
        let (zone, region) = (Some(zone), Some(regions[zone.index()]));
        Self { service: Some(service), zone, region, ..Self::default() }
    }
}

/// The two ends of a call, or of a health check.
pub(super) struct Ends {
    pub(super) caller: End,
    pub(super) callee: End,
}

impl Ends {
    /// Of a call.
    pub(super) fn of(
        model: &Model,
        edge: &Edge,
        caller_zone: Option<ZoneId>,
        zone: ZoneId,
        regions: &[RegionId],
    ) -> Self {
        let (service, load) = match edge.caller {
            Caller::Load(load) => (None, Some(load)),
            Caller::Scaler(_) => (None, None),
            // Calls start at a service, so that a fault on the way to one of its endpoints does not strike what that calls.
            Caller::Endpoint(endpoint) => (Some(model.endpoints[endpoint.index()].service), None),
            Caller::Queue(service) => (Some(service), None),
        };
        let region = caller_zone.map(|z| regions[z.index()]);
        let service_called = model.endpoints[edge.callee.index()].service;
        let callee = End { endpoint: Some(edge.callee), ..End::instance(service_called, zone, regions) };
        Self { caller: End { service, load, zone: caller_zone, region, endpoint: None }, callee }
    }

    /// Of a health check of an instance in a zone. It asks for no endpoint that a fault could name.
    pub(super) fn of_check(checker: &Checker, zone: ZoneId, regions: &[RegionId]) -> Self {
        let (service, load) = match checker.beside {
            Some(Location::Service(service)) => (Some(service), None),
            Some(Location::Load(load)) => (None, Some(load)),
            _ => (None, None),
        };
        let region = checker.zone.map(|z| regions[z.index()]);
        let caller = End { service, load, zone: checker.zone, region, endpoint: None };
        Self { caller, callee: End::instance(checker.of, zone, regions) }
    }

    /// Whether a message that travels so goes from one place to another.
    pub(super) fn go(&self, way: Way, from: Option<Location>, to: Option<Location>) -> bool {
        let (start, end) = match way {
            Way::There => (&self.caller, &self.callee),
            Way::Back => (&self.callee, &self.caller),
        };
        start.is(from) && end.is(to)
    }
}
