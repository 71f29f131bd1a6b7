//! The doors of an instance: what its service asks of all requests, and what its endpoints ask of theirs.

use crate::ids::EndpointId;
use crate::service::admission::{Admission, AdmissionSettings};
use crate::topology::{self, Endpoint, Service};

/// The doors of one instance.
#[derive(Debug)]
pub struct Doors {
    /// That of the service, and then those of its endpoints.
    doors: Vec<(Option<EndpointId>, Admission)>,
    /// How long the request has waited that got a worker last [ns].
    pub last_wait_ns: u64,
}

impl Doors {
    /// The doors of an instance of a service; none where all are let in.
    pub fn new(services: &[Service], endpoints: &[Endpoint], zero_ns: u64, service: usize) -> Option<Box<Self>> {
        let build = |admission: &topology::Admission| admission.settings.build(zero_ns);
        let own = services[service].admission.as_ref().map(|admission| (None, build(admission)));
        let endpoints = endpoints.iter().enumerate().filter(|(_, endpoint)| endpoint.service.index() == service);
        let of_endpoints = endpoints
            .filter_map(|(index, endpoint)| Some((Some(EndpointId::from(index)), build(endpoint.admission.as_ref()?))));
        let doors: Vec<_> = own.into_iter().chain(of_endpoints).collect();
        (!doors.is_empty()).then(|| Box::new(Self { doors, last_wait_ns: 0 }))
    }

    /// The door of the service, or of one of its endpoints, is another from now on.
    pub fn becomes(&mut self, of: Option<EndpointId>, now_ns: u64, settings: &AdmissionSettings) {
        for (_, door) in self.doors.iter_mut().filter(|(door, _)| *door == of) {
            door.becomes(now_ns, settings);
        }
    }

    /// The doors through which requests to an endpoint come.
    pub fn of(&mut self, endpoint: EndpointId) -> impl Iterator<Item = &mut Admission> {
        let doors = self.doors.iter_mut();
        doors.filter(move |(of, _)| of.is_none_or(|of| of == endpoint)).map(|(_, door)| door)
    }

    /// Places that are taken at all of them.
    pub fn places(&self) -> u64 {
        self.doors.iter().map(|(_, door)| door.places()).sum()
    }
}
