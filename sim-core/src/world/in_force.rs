//! What may change while a run goes on, as it is now.
//!
//! A run reads the model, which never changes. What `set` may change is read here, where it is the model's until somebody sets something: then
//! the run has a copy of its own of that list, and puts the value there. What the hot path reads is derived from it (the lane of a timeout, the
//! room of a queue), and is derived again by the subsystem that owns it ([`World::puts_in_force`]).

use super::World;
use super::network::Network;
use crate::control::Scaler;
use crate::deed::{Live, OfNode};
use crate::ids::ServiceId;
use crate::live;
use crate::model::Model;
use crate::topology::{Edge, Endpoint, Guard, Service};
use std::borrow::Cow;

/// The lists of a model of which something may change.
pub(super) struct InForce<'m> {
    /// Call sites.
    pub edges: Cow<'m, [Edge]>,
    /// Services, stores and queues.
    pub services: Cow<'m, [Service]>,
    /// Their endpoints.
    pub endpoints: Cow<'m, [Endpoint]>,
    /// The state that calls share.
    pub guards: Cow<'m, [Guard]>,
    /// Scalers with the bounds that are in force.
    pub scalers: Cow<'m, [Scaler]>,
}

impl<'m> InForce<'m> {
    pub(super) fn new(model: &'m Model) -> Self {
        Self {
            edges: Cow::Borrowed(&model.topology.edges),
            services: Cow::Borrowed(&model.topology.services),
            endpoints: Cow::Borrowed(&model.topology.endpoints),
            guards: Cow::Borrowed(&model.topology.guards),
            scalers: Cow::Borrowed(&model.scalers),
        }
    }
}

impl World<'_> {
    /// A value is this from now on, because somebody sets it, or because what was set is taken back.
    pub(super) fn puts_in_force(&mut self, value: &Live, is_set: bool) {
        match value {
            Live::Call(edge, value) => {
                live::put_call(&mut self.in_force.edges.to_mut()[edge.index()], value);
                self.call_changes(*edge);
            }
            Live::Limit(guard, limit) => {
                self.in_force.guards.to_mut()[guard.index()].limit.clone_from(limit);
                self.limit_changes(*guard, limit.as_ref());
            }
            Live::Rate(guard, rate) => {
                self.in_force.guards.to_mut()[guard.index()].rate_limit = Some(rate.clone());
                self.rate_changes(*guard, rate);
            }
            Live::Breaker(guard, by_hand) => {
                live::put_by_hand(&mut self.in_force.guards.to_mut()[guard.index()], *by_hand);
                self.breaker_changes(*guard, *by_hand);
            }
            Live::Node(service, value) => self.node_changes(*service, value, is_set),
            Live::Link(place, quality) => {
                self.network.link_changes(self.model, *place, quality, self.now);
                self.part_checkers(Network::crossed_by);
                self.refresh_network();
            }
            Live::Pin(route, pin) => self.route_is_pinned(*route, *pin),
            Live::Bounds(scaler, min, max) => {
                let at = &mut self.in_force.scalers.to_mut()[*scaler];
                (at.min, at.max) = (*min, *max);
            }
        }
    }

    fn node_changes(&mut self, service: ServiceId, value: &OfNode, is_set: bool) {
        match value {
            OfNode::Instances(count) => self.scale_to(service, *count),
            OfNode::StartUp(_) | OfNode::QueueCapacity(_) | OfNode::MaxWait(_) | OfNode::Health(_) => {
                live::put_node(&mut self.in_force.services.to_mut()[service.index()], value);
                self.station_changes(service);
            }
            OfNode::Admission(of, settings) => {
                match of {
                    Some(endpoint) => {
                        let endpoint = &mut self.in_force.endpoints.to_mut()[endpoint.index()];
                        live::put_admission(&mut endpoint.admission, settings);
                    }
                    None => live::put_node(&mut self.in_force.services.to_mut()[service.index()], value),
                }
                self.door_changes(service, *of, settings);
            }
            OfNode::Ring(_) => {
                live::put_node(&mut self.in_force.services.to_mut()[service.index()], value);
                self.ring_changes(service, is_set);
            }
            OfNode::Lag(lag) => self.data.lag_changes(service, lag),
            OfNode::ClosedLag(lag) => self.data.closed_lag_changes(service, lag.ns(), self.now),
            OfNode::Commit(commit) => self.data.commit_changes(service, *commit, is_set),
            OfNode::Escrow(escrow) => self.data.escrow_changes(service, *escrow),
            OfNode::Ttl(ttl) => self.caches.ttl_changes(service, *ttl),
            OfNode::Messages(capacity) => self.data.queue_changes(service, *capacity),
            OfNode::Consumer(place, consumer) => self.data.consumer_changes(service, *place, consumer),
        }
    }
}
