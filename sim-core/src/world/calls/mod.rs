//! Calls: load that arrives, callers with their attempts, retries, hedges and timeouts, and the answers that come back.
//!
//! The state is private to this folder. Others ask for it by the functions of [`Calls`], and act on it by those methods of the world here that are
//! visible to it.

mod activators;
mod arrive;
mod breakers;
mod build;
mod call;
mod complaints;
mod deadline;
mod doors;
mod expire;
mod fallback;
mod gate;
mod hedge;
mod left;
mod live;
mod pick;
mod reply;
mod site;
mod tries;
mod unanswered;

#[cfg(test)]
mod hedge_tests;

pub(in crate::world) use call::ATTEMPT;
pub(in crate::world) use deadline::Clock;
pub(in crate::world) use gate::Gate;
pub(in crate::world) use site::{Role, Shared, Site};

use super::events::EventId;
use super::frame::Rank;
use super::network::Network;
use super::program::{Pc, Program, SamplerId};
use super::stations::Stations;
use super::{Event, World};
use crate::call::balance::slow_start::Turns;
use crate::data::KeysOfRequests;
use crate::engine::calendar::{LaneId, Lanes};
use crate::engine::rng::mix;
use crate::engine::table::{Maybe, Table};
use crate::ids::{EdgeId, EndpointId, InstanceId, LoadId, ServiceId};
use crate::metrics::{Histogram, Versions, fresh};
use crate::model::Model;
use crate::outcome::Outcome;
use crate::results::EdgeCounts;
use std::collections::BTreeMap;

/// What may be due at calls.
#[derive(Debug, Clone, Copy)]
pub(in crate::world) enum Due {
    /// A breaker, by the place of the state that calls share, has been half-open for as long as it may.
    HalfOpenEnds(u32),
    /// A user complains whose request came by this call site.
    Complains(EdgeId),
}

impl From<Due> for Event {
    fn from(due: Due) -> Self {
        Self::Calls(due)
    }
}

impl super::events::Due for Due {}

impl World<'_> {
    /// What is due at calls.
    pub(in crate::world) fn call_due(&mut self, due: Due, _id: EventId) {
        match due {
            Due::HalfOpenEnds(shared) => self.half_open_ends(shared as usize),
            Due::Complains(site) => self.complains(site),
        }
    }
}

/// All call sites and what calls share.
pub(in crate::world) struct Calls {
    sites: Table<EdgeId, Site>,
    /// One for each guard and caller instance.
    shared: Vec<Shared>,
    /// Latency of calls with all their attempts, where that is known.
    call_latency: Table<EdgeId, Histogram>,
    loads: Table<LoadId, arrive::Load>,
    /// By guard: the keys by which its balancer picks, where it hashes those of a space; empty where no balancer hashes.
    hash_keys: Vec<Option<KeysOfRequests>>,
    /// Whether any call has a deadline.
    has_deadlines: bool,
    /// Until when what each frame does is of use.
    deadlines: deadline::Deadlines,
    /// Whether users of some load class complain.
    hears_complaints: bool,
    /// Hedged calls under way.
    races: hedge::Races,
    /// By frame that calls: the instance to which its present attempt went, where the balancer has to be told of its end.
    placed: Vec<Maybe<InstanceId>>,
    /// By frame that waits at a gate: since when [ns].
    asked: Vec<u64>,
    /// By frame that calls: when the breaker let its present attempt go, where that one asks how long it took [ns].
    let_go: Vec<u64>,
    /// First of the shared states of each guard.
    guards: Vec<u32>,
    many: tries::Many,
    branches: left::Branches,
    /// What callers keep of answers, and which calls take the place of others.
    fallbacks: fallback::Fallbacks,
    /// Whose turn it is while instances start slowly, by shared state.
    turns: BTreeMap<usize, Turns>,
    /// Callers that are failing now because of the call of another.
    falling: u32,
    vanished: unanswered::Vanished,
    /// What callers saw of services that have versions.
    versions: Versions,
    /// How long callers of an endpoint wait for an answer, where they have no timeout [ns].
    patience_by_endpoint: Vec<u64>,
    /// How long requests wait for a worker of a service, and messages for a consumer [ns].
    patience_by_service: Vec<u64>,
}

impl Calls {
    /// The first operation of the endpoint that a call site calls.
    #[inline(always)]
    pub(in crate::world) fn entry(&self, site: EdgeId) -> Pc {
        self.sites[site].entry
    }

    /// Requests of a call site begin here from now on.
    pub(in crate::world) fn begins_at(&mut self, site: EdgeId, entry: Pc) {
        self.sites[site].entry = entry;
    }

    /// Whether a request at a call site goes to an instance and comes back, and nothing else is asked, told or counted.
    pub(in crate::world) fn is_bare(&self, site: EdgeId) -> bool {
        let at = &self.sites[site];
        let is_watched = at.counts_calls || at.network || at.balanced || at.guarded || at.effect_counts || at.versioned;
        !is_watched && at.role == Role::Any
    }

    /// The station of a call site is simulated by itself; its requests have this work.
    pub(in crate::world) fn set_plain(&mut self, site: EdgeId, work: (SamplerId, u32)) {
        self.sites[site].plain = Some(work);
    }

    /// No station is simulated by itself any more.
    pub(in crate::world) fn forget_plain(&mut self) {
        self.sites.iter_mut().for_each(|site| site.plain = None);
    }

    /// A request that met a plain station has its answer.
    #[inline(always)]
    pub(in crate::world) fn answers_plainly(&mut self, site: EdgeId, took_ns: u64) {
        let at = &mut self.sites[site];
        at.counts.outcomes[Outcome::Ok as usize] += 1;
        at.counts.latency_sum_ns += took_ns;
        at.latency.record(took_ns);
    }

    /// How important the requests of a load class are.
    pub(in crate::world) fn rank(&self, site: EdgeId) -> Rank {
        self.sites[site].rank
    }

    /// How much slower a fault makes the work of the endpoint that a call site calls.
    #[inline(always)]
    pub(in crate::world) fn slow(&self, site: EdgeId) -> f64 {
        self.sites[site].slow
    }

    /// The endpoint that a call site calls.
    #[inline(always)]
    pub(in crate::world) fn endpoint(&self, site: EdgeId) -> EndpointId {
        self.sites[site].endpoint
    }

    /// The service that a call site calls.
    pub(in crate::world) fn callee(&self, site: EdgeId) -> ServiceId {
        self.sites[site].service
    }

    /// Whether the effects of a call's attempts are counted.
    pub(in crate::world) fn effect_counts(&self, site: EdgeId) -> bool {
        self.sites[site].effect_counts
    }

    /// Whether messages of a call site have to be looked at on their way.
    pub(in crate::world) fn crosses_network(&self, site: EdgeId) -> bool {
        self.sites[site].network
    }

    /// Whether messages of a call site have to be looked at on their way from now on.
    pub(in crate::world) fn set_network(&mut self, site: EdgeId, network: bool) {
        self.sites[site].network = network;
    }

    /// How much slower the work of an endpoint is from now on.
    pub(in crate::world) fn set_slow(&mut self, endpoint: EndpointId, slow: f64) {
        self.sites.iter_mut().filter(|site| site.endpoint == endpoint).for_each(|site| site.slow = slow);
    }

    /// Which instances of a service may be picked: the only one, where there is one, or for each caller those of its own checker.
    pub(in crate::world) fn set_known(&mut self, service: ServiceId, only: Maybe<InstanceId>, differs: bool) {
        for site in self.sites.iter_mut().filter(|site| site.service == service) {
            site.role = match site.role {
                Role::Any | Role::Known if differs => Role::Known,
                Role::Any | Role::Known => Role::Any,
                role => role,
            };
            if matches!(site.role, Role::Any | Role::Known) {
                site.only = only;
            }
        }
    }

    /// Whether frames have to carry tickets: for the deadlines that they hand on, or for the keys by which balancers pick.
    pub(in crate::world) fn need_tickets(&self) -> bool {
        self.has_deadlines || !self.hash_keys.is_empty()
    }

    /// The lane of a timeout that is always the same.
    pub(in crate::world) fn lane(&self, site: EdgeId) -> Option<LaneId> {
        self.sites[site].lane.get()
    }

    /// All call sites.
    pub(in crate::world) fn ids(&self) -> impl Iterator<Item = EdgeId> + use<> {
        self.sites.ids()
    }

    /// The identity of the call at a site that a frame of this identity makes.
    #[inline]
    pub(in crate::world) fn call_of_key(&self, key: u64, site: EdgeId) -> u64 {
        mix(key, call::CALL ^ self.sites[site].salt)
    }

    /// What is counted at a call site.
    #[inline(always)]
    pub(in crate::world) fn counts(&mut self, site: EdgeId) -> &mut EdgeCounts {
        &mut self.sites[site].counts
    }

    /// All that was counted at a call site since the start. Where results do not count calls apart from attempts, an attempt is a call too.
    pub(in crate::world) fn sums(&self, site: EdgeId) -> EdgeCounts {
        let at = &self.sites[site];
        let mut counts = at.counts;
        if !at.counts_calls {
            counts.calls = counts.attempts;
            counts.call_outcomes = counts.outcomes;
            counts.call_latency_sum_ns = counts.latency_sum_ns;
        }
        if let Some((other, outcome)) = self.fallbacks.other_of(site) {
            fallback::adds_other(&mut counts, &self.sums(other), outcome);
        }
        counts
    }

    /// What callers saw of each version of services that have versions.
    pub(in crate::world) fn versions(&self) -> &Versions {
        &self.versions
    }

    /// Attempts under way at a call site.
    pub(in crate::world) fn under_way(&self, site: EdgeId) -> u64 {
        let counts = &self.sites[site].counts;
        counts.attempts - counts.ended()
    }

    /// Whether results count the calls of a call site apart from its attempts.
    pub(in crate::world) fn counts_calls(&self, site: EdgeId) -> bool {
        self.sites[site].counts_calls
    }

    /// Latency of the answered attempts of a call site.
    pub(in crate::world) fn latency(&self, site: EdgeId) -> &Histogram {
        &self.sites[site].latency
    }

    /// Latency of the calls of a call site with all their attempts, where that is known.
    pub(in crate::world) fn call_latency(&self, site: EdgeId) -> &Histogram {
        &self.call_latency[site]
    }

    /// The same of all call sites in turn.
    pub(in crate::world) fn all_call_latency(&self) -> &[Histogram] {
        &self.call_latency
    }

    /// The call sites of a model; no load has begun.
    pub(in crate::world) fn new(
        model: &Model,
        program: &Program,
        stations: &Stations,
        network: &Network,
        lanes: &mut Lanes,
    ) -> Self {
        let (shared, guards) = build::shared(model);
        let sites = build::sites(model, program, stations, &guards, network, lanes);
        let sites: Table<EdgeId, Site> = sites.into();
        Self {
            hash_keys: build::hash_keys(model),
            has_deadlines: deadline::are_there(&sites),
            deadlines: deadline::Deadlines::default(),
            hears_complaints: model.loads.iter().any(|load| load.complaints.is_some()),
            call_latency: fresh(sites.len()).into(),
            sites,
            shared,
            loads: Table::default(),
            races: hedge::Races::default(),
            placed: Vec::new(),
            asked: Vec::new(),
            let_go: Vec::new(),
            guards,
            many: tries::Many::default(),
            branches: left::Branches::default(),
            fallbacks: fallback::Fallbacks::new(model),
            turns: BTreeMap::new(),
            falling: 0,
            vanished: unanswered::Vanished::default(),
            versions: Versions::default(),
            patience_by_endpoint: unanswered::patience_by_endpoint(model),
            patience_by_service: unanswered::patience_by_service(model),
        }
    }
}
