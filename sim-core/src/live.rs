//! Which values may change while a run goes on, and what becomes another between two models.
//!
//! A value is *live* when it is in the list below, is compared by [`difference`], and is put in force by the world. What is not live may not
//! differ between the two models, so that nothing that somebody sets is left without effect.

use crate::call::breaker::HandSettings;
use crate::call::limit::LimitSettings;
use crate::deed::{Change, Live, OfCall, OfNode};
use crate::ids::{Caller, EdgeId, EndpointId, GuardId, ServiceId};
use crate::message::Consumer;
use crate::model::Model;
use crate::service::admission::AdmissionSettings;
use crate::topology::{Admission, Edge, Guard, Node, Replication, Service, Store};

/// Where live values stand, as patterns of the reference: `NAME` is any name. All that is below a pattern is live too.
///
/// Settings of calls have the same keys wherever they stand; here they are those of policies.
pub const LIVE: &[&str] = &[
    "policies.NAME.timeout",
    "policies.NAME.total_timeout",
    "policies.NAME.cancel",
    "policies.NAME.retry.max_attempts",
    "policies.NAME.retry.outcomes",
    "policies.NAME.retry.backoff",
    "policies.NAME.retry.turned_away",
    "policies.NAME.fallback",
    "policies.NAME.optional",
    "policies.NAME.locality",
    "policies.NAME.concurrency_limit.bulkhead",
    "policies.NAME.rate_limit.token_bucket.rate",
    "policies.NAME.rate_limit.token_bucket.burst",
    "policies.NAME.rate_limit.leaky_bucket.rate",
    "policies.NAME.rate_limit.fixed_window.limit",
    "policies.NAME.rate_limit.sliding_window.limit",
    "policies.NAME.breaker.rate.state",
    "policies.NAME.breaker.count.state",
    "policies.NAME.breaker.consecutive.state",
    "services.NAME.instances",
    "services.NAME.start_up",
    "services.NAME.queue.capacity",
    "services.NAME.queue.max_wait",
    "services.NAME.health",
    "services.NAME.admission.rate_limit.token_bucket.rate",
    "services.NAME.admission.rate_limit.token_bucket.burst",
    "services.NAME.admission.rate_limit.fixed_window.limit",
    "services.NAME.admission.rate_limit.sliding_window.limit",
    "services.NAME.admission.concurrency_limit.bulkhead.limit",
    "services.NAME.admission.shed",
    "services.NAME.endpoints.NAME.admission.rate_limit.token_bucket.rate",
    "services.NAME.endpoints.NAME.admission.rate_limit.token_bucket.burst",
    "services.NAME.endpoints.NAME.admission.rate_limit.fixed_window.limit",
    "services.NAME.endpoints.NAME.admission.rate_limit.sliding_window.limit",
    "services.NAME.endpoints.NAME.admission.concurrency_limit.bulkhead.limit",
    "services.NAME.endpoints.NAME.admission.shed",
    "services.NAME.machine.nic.ring",
    "caches.NAME.contents.keyed.ttl",
    "caches.NAME.contents.fixed.ttl",
    "stores.NAME.replication.primary.lag",
    "stores.NAME.replication.primary.closed_timestamp_lag",
    "stores.NAME.replication.primary.commit",
    "stores.NAME.escrow",
    "queues.NAME.capacity",
    "queues.NAME.consumers.NAME.visibility_timeout",
    "queues.NAME.consumers.NAME.max_deliveries",
    "network.within_zone",
    "network.between_zones",
    "network.between_regions",
    "network.links.NAME.latency",
    "network.links.NAME.loss",
    "network.links.NAME.bandwidth",
    "network.links.NAME.buffer",
    "network.links.NAME.transport",
    "network.routes.NAME.pin",
    "control.scalers.NAME.min",
    "control.scalers.NAME.max",
];

/// Whether what stands at a path of the reference (`policies.NAME.timeout`) is live.
pub fn is_live(path: &str) -> bool {
    LIVE.iter().any(|live| path.strip_prefix(live).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
}

/// All that becomes another from one model to the next; `None` where something differs that cannot change while a run goes on.
pub fn difference(from: &Model, to: &Model) -> Option<Vec<Change>> {
    let (mut from, mut to) = (from.clone(), to.clone());
    let sizes = |model: &Model| (model.services.len(), model.endpoints.len(), model.edges.len());
    if sizes(&from) != sizes(&to) {
        return None;
    }
    // How many places a service has follows from what it is scaled to, also by what is set.
    for (a, b) in from.services.iter_mut().zip(&mut to.services) {
        let most = a.max_instances.max(b.max_instances);
        (a.max_instances, b.max_instances) = (most, most);
    }
    let mut found = Found(Vec::new());
    for (index, (a, b)) in from.edges.iter().zip(&to.edges).enumerate() {
        calls(EdgeId::from(index), a, b, &mut found);
    }
    for (index, (a, b)) in from.guards.iter().zip(&to.guards).enumerate() {
        guards(GuardId::from(index), a, b, &mut found);
    }
    for (index, (a, b)) in from.services.iter().zip(&to.services).enumerate() {
        nodes(ServiceId::from(index), a, b, &mut found);
    }
    for (index, (a, b)) in
        from.endpoints.iter().zip(&to.endpoints).enumerate().filter(|(_, (a, b))| a.service == b.service)
    {
        doors(a.service, Some(EndpointId::from(index)), (&a.admission, &b.admission), &mut found);
    }
    let (a, b) = (&from.network, &to.network);
    let links = |network: &crate::network::Network| {
        let three = [&network.within_zone, &network.between_zones, &network.between_regions].map(Clone::clone);
        three.into_iter().chain(network.links.iter().map(|link| link.quality.clone())).collect::<Vec<_>>()
    };
    for (place, (a, b)) in links(a).into_iter().zip(links(b)).enumerate() {
        found.add(&a, &b, |quality| Live::Link(place, quality.clone()));
    }
    for (place, (a, b)) in from.network.routes.iter().zip(&to.network.routes).enumerate() {
        found.add(&a.pin, &b.pin, |pin| Live::Pin(place, *pin));
    }
    for (place, (a, b)) in from.scalers.iter().zip(&to.scalers).enumerate() {
        found.add(&(a.min, a.max), &(b.min, b.max), |(min, max)| Live::Bounds(place, *min, *max));
    }
    for change in &found.0 {
        put(&mut from, &change.to);
    }
    (from == to).then_some(found.0)
}

/// What was found to differ.
struct Found(Vec<Change>);

impl Found {
    fn add<T: PartialEq>(&mut self, from: &T, to: &T, live: impl Fn(&T) -> Live) {
        if from != to {
            self.0.push(Change { from: live(from), to: live(to) });
        }
    }
}

fn calls(id: EdgeId, a: &Edge, b: &Edge, found: &mut Found) {
    // Users who give up, try again or fall back have a frame of their own, which is there from the start or never.
    let waits = |edge: &Edge| (edge.timeout.is_some(), edge.total_timeout.is_some(), edge.fallback.is_some());
    let may_come = !matches!(a.caller, Caller::Load(_)) || waits(a) == waits(b);
    // Whether answers are kept, and which other calls there are, is known from the start.
    let sources = |edge: &Edge| (edge.keeps_answers(), edge.other_call());
    if may_come {
        found.add(&a.timeout, &b.timeout, |timeout| Live::Call(id, OfCall::Timeout(timeout.clone())));
        found.add(&a.total_timeout, &b.total_timeout, |total| Live::Call(id, OfCall::TotalTimeout(*total)));
    }
    if may_come && sources(a) == sources(b) {
        found.add(&a.fallback, &b.fallback, |fallback| Live::Call(id, OfCall::Fallback(fallback.clone())));
    }
    found.add(&a.cancel, &b.cancel, |cancel| Live::Call(id, OfCall::Cancel(*cancel)));
    found.add(&a.optional, &b.optional, |optional| Live::Call(id, OfCall::Optional(*optional)));
    found.add(&a.locality, &b.locality, |locality| Live::Call(id, OfCall::Locality(*locality)));
    // Without retries effects need not be remembered; and copies of a hedged call number their attempts by how many there may be.
    if a.retry.is_some() && b.retry.is_some() && a.hedge.is_none() {
        found.add(&a.retry, &b.retry, |retry| Live::Call(id, OfCall::Retry(retry.clone())));
    }
}

fn guards(id: GuardId, a: &Guard, b: &Guard, found: &mut Found) {
    if let (Some(LimitSettings::Bulkhead(_)), Some(LimitSettings::Bulkhead(_))) = (&a.limit, &b.limit) {
        found.add(&a.limit, &b.limit, |limit| Live::Limit(id, limit.clone()));
    }
    if let (Some(a), Some(b)) = (&a.rate_limit, &b.rate_limit)
        && a.is_like(b)
    {
        found.add(a, b, |rate| Live::Rate(id, rate.clone()));
    }
    if let (Some(a), Some(b)) = (&a.breaker, &b.breaker) {
        found.add(&a.by_hand(), &b.by_hand(), |by_hand| Live::Breaker(id, *by_hand));
    }
}

fn doors(id: ServiceId, of: Option<EndpointId>, between: (&Option<Admission>, &Option<Admission>), found: &mut Found) {
    if let (Some(a), Some(b)) = between
        && a.per == b.per
        && a.settings.is_like(&b.settings)
    {
        found.add(&a.settings, &b.settings, |settings| Live::Node(id, OfNode::Admission(of, settings.clone())));
    }
}

fn nodes(id: ServiceId, a: &Service, b: &Service, found: &mut Found) {
    found.add(&a.instances, &b.instances, |count| Live::Node(id, OfNode::Instances(*count)));
    found.add(&a.start_up, &b.start_up, |start_up| Live::Node(id, OfNode::StartUp(start_up.clone())));
    found.add(&a.queue_capacity, &b.queue_capacity, |capacity| Live::Node(id, OfNode::QueueCapacity(*capacity)));
    if a.max_wait.is_some() == b.max_wait.is_some() {
        found.add(&a.max_wait, &b.max_wait, |wait| Live::Node(id, OfNode::MaxWait(wait.clone())));
    }
    if a.health.is_some() && b.health.is_some() {
        found.add(&a.health, &b.health, |health| Live::Node(id, OfNode::Health(*health)));
    }
    doors(id, None, (&a.admission, &b.admission), found);
    if let (Some(a), Some(b)) = (&a.nic, &b.nic) {
        found.add(&a.ring, &b.ring, |ring| Live::Node(id, OfNode::Ring(*ring)));
    }
    match (&a.node, &b.node) {
        (Node::Store(a), Node::Store(b)) => {
            if let (
                Replication::Primary { lag: from, commit: before, closed_lag: closed, .. },
                Replication::Primary { lag: to, commit: then, closed_lag: closes, .. },
            ) = (&a.replication, &b.replication)
            {
                found.add(from, to, |lag| Live::Node(id, OfNode::Lag(lag.clone())));
                found.add(before, then, |commit| Live::Node(id, OfNode::Commit(*commit)));
                if let (Some(before), Some(then)) = (closed, closes) {
                    found.add(before, then, |lag| Live::Node(id, OfNode::ClosedLag(*lag)));
                }
            }
            let escrow = |store: &Store| store.stock.as_ref().and_then(|stock| stock.escrow);
            if let (Some(from), Some(to)) = (escrow(a), escrow(b)) {
                found.add(&from, &to, |escrow| Live::Node(id, OfNode::Escrow(*escrow)));
            }
        }
        (Node::Cache(a), Node::Cache(b)) => {
            if let (Some(from), Some(to)) = (a.contents.ttl(), b.contents.ttl()) {
                found.add(&from, &to, |ttl| Live::Node(id, OfNode::Ttl(*ttl)));
            }
        }
        (Node::Queue(a), Node::Queue(b)) => {
            found.add(&a.capacity, &b.capacity, |capacity| Live::Node(id, OfNode::Messages(*capacity)));
            let same = |a: &Consumer, b: &Consumer| a.edge == b.edge && a.dead_letter == b.dead_letter;
            for (place, (a, b)) in a.consumers.iter().zip(&b.consumers).enumerate().filter(|(_, (a, b))| same(a, b)) {
                found.add(a, b, |consumer| Live::Node(id, OfNode::Consumer(place, consumer.clone())));
            }
        }
        _ => {}
    }
}

/// Puts a value at its place in a model.
pub fn put(model: &mut Model, value: &Live) {
    match value {
        Live::Bounds(place, min, max) => {
            let scaler = &mut model.scalers[*place];
            (scaler.min, scaler.max) = (*min, *max);
        }
        Live::Limit(guard, limit) => model.guards[guard.index()].limit.clone_from(limit),
        Live::Rate(guard, rate) => model.guards[guard.index()].rate_limit = Some(rate.clone()),
        Live::Breaker(guard, by_hand) => put_by_hand(&mut model.guards[guard.index()], *by_hand),
        Live::Link(place, quality) => {
            let network = &mut model.network;
            let at = match place {
                0 => &mut network.within_zone,
                1 => &mut network.between_zones,
                2 => &mut network.between_regions,
                link => &mut network.links[link - 3].quality,
            };
            at.clone_from(quality);
        }
        Live::Pin(route, pin) => model.network.routes[*route].pin = *pin,
        Live::Call(edge, value) => put_call(&mut model.edges[edge.index()], value),
        Live::Node(_, OfNode::Admission(Some(endpoint), settings)) => {
            put_admission(&mut model.endpoints[endpoint.index()].admission, settings);
        }
        Live::Node(service, value) => put_node(&mut model.services[service.index()], value),
    }
}

/// Puts the breakers of a guard into a state by hand.
pub fn put_by_hand(guard: &mut Guard, to: HandSettings) {
    guard.breaker = guard.breaker.take().map(|breaker| breaker.put_by_hand(to));
}

/// Puts a value of a call at its place.
pub fn put_call(edge: &mut Edge, value: &OfCall) {
    match value {
        OfCall::Timeout(timeout) => edge.timeout.clone_from(timeout),
        OfCall::TotalTimeout(total) => edge.total_timeout = *total,
        OfCall::Cancel(cancel) => edge.cancel = *cancel,
        OfCall::Retry(retry) => edge.retry.clone_from(retry),
        OfCall::Fallback(fallback) => edge.fallback.clone_from(fallback),
        OfCall::Optional(optional) => edge.optional = *optional,
        OfCall::Locality(locality) => edge.locality = *locality,
    }
}

/// Puts what a door asks at its place.
pub fn put_admission(door: &mut Option<Admission>, settings: &AdmissionSettings) {
    if let Some(door) = door {
        door.settings.clone_from(settings);
    }
}

/// Puts a value of a service, store or queue at its place.
pub fn put_node(service: &mut Service, value: &OfNode) {
    match value {
        OfNode::Instances(count) => service.instances = *count,
        OfNode::StartUp(start_up) => service.start_up.clone_from(start_up),
        OfNode::QueueCapacity(capacity) => service.queue_capacity = *capacity,
        OfNode::MaxWait(wait) => service.max_wait.clone_from(wait),
        OfNode::Health(health) => service.health = *health,
        OfNode::Admission(_, settings) => put_admission(&mut service.admission, settings),
        OfNode::Ring(ring) => {
            if let Some(nic) = &mut service.nic {
                nic.ring = *ring;
            }
        }
        OfNode::Lag(to) => {
            if let Node::Store(Store { replication: Replication::Primary { lag, .. }, .. }) = &mut service.node {
                lag.clone_from(to);
            }
        }
        OfNode::ClosedLag(to) => {
            if let Node::Store(Store { replication: Replication::Primary { closed_lag, .. }, .. }) = &mut service.node {
                *closed_lag = Some(*to);
            }
        }
        OfNode::Commit(to) => {
            if let Node::Store(Store { replication: Replication::Primary { commit, .. }, .. }) = &mut service.node {
                *commit = *to;
            }
        }
        OfNode::Escrow(escrow) => {
            if let Node::Store(Store { stock: Some(stock), .. }) = &mut service.node {
                stock.escrow = Some(*escrow);
            }
        }
        OfNode::Ttl(ttl) => {
            if let Node::Cache(cache) = &mut service.node {
                cache.contents.lives_for(*ttl);
            }
        }
        OfNode::Messages(capacity) => {
            if let Node::Queue(queue) = &mut service.node {
                queue.capacity = *capacity;
            }
        }
        OfNode::Consumer(place, consumer) => {
            if let Node::Queue(queue) = &mut service.node {
                queue.consumers[*place].clone_from(consumer);
            }
        }
    }
}
