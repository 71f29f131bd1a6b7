//! Load balancers: which instance of the callee gets the call.

mod latency_ewma;
mod least_requests;
mod maglev;
mod outstanding;
mod pinned;
mod random;
mod ring_hash;
mod round_robin;
pub mod slow_start;
mod weighted;

pub use latency_ewma::LatencyEwmaSettings;
pub use least_requests::LeastRequestsSettings;
pub use maglev::MaglevSettings;
pub use pinned::PinnedSettings;
pub use random::RandomSettings;
pub use ring_hash::RingHashSettings;
pub use round_robin::RoundRobinSettings;
pub use weighted::WeightedSettings;

use crate::engine::rng::Keyed;
use crate::kind::Kind;
use crate::problem::Problems;
use serde::{Deserialize, Serialize};

/// How an instance is picked, as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BalanceSettings {
    /// Any, by chance.
    Random(RandomSettings),
    /// One after the other.
    RoundRobin(RoundRobinSettings),
    /// The one with the fewest outstanding requests of a few that are drawn.
    LeastRequests(LeastRequestsSettings),
    /// Always the same, while there is a connection to it.
    Pinned(PinnedSettings),
    /// One after the other, as often as its weight says.
    Weighted(WeightedSettings),
    /// The one of two that answers faster.
    LatencyEwma(LatencyEwmaSettings),
    /// The next on a ring of hashes, by the request's key.
    RingHash(RingHashSettings),
    /// That of a table of hashes, by the request's key.
    Maglev(MaglevSettings),
}

/// The kinds of balancer.
pub const ALL: &[Kind] = &[
    Kind { family: "balance", name: "random", schema: || schemars::schema_for!(RandomSettings) },
    Kind { family: "balance", name: "round_robin", schema: || schemars::schema_for!(RoundRobinSettings) },
    Kind { family: "balance", name: "least_requests", schema: || schemars::schema_for!(LeastRequestsSettings) },
    Kind { family: "balance", name: "pinned", schema: || schemars::schema_for!(PinnedSettings) },
    Kind { family: "balance", name: "weighted", schema: || schemars::schema_for!(WeightedSettings) },
    Kind { family: "balance", name: "latency_ewma", schema: || schemars::schema_for!(LatencyEwmaSettings) },
    Kind { family: "balance", name: "ring_hash", schema: || schemars::schema_for!(RingHashSettings) },
    Kind { family: "balance", name: "maglev", schema: || schemars::schema_for!(MaglevSettings) },
];

impl Default for BalanceSettings {
    fn default() -> Self {
        Self::LeastRequests(LeastRequestsSettings::default())
    }
}

/// A balancer at work, one for each caller instance.
#[derive(Debug, Clone)]
pub enum Balancer {
    /// Any, by chance.
    Random,
    /// One after the other.
    RoundRobin(round_robin::RoundRobin),
    /// The one with the fewest outstanding requests.
    LeastRequests(least_requests::LeastRequests),
    /// The one to which there is a connection.
    Pinned(pinned::Pinned),
    /// One after the other, as often as its weight says.
    Weighted(weighted::Weighted),
    /// The one of two that answers faster.
    LatencyEwma(Box<latency_ewma::LatencyEwma>),
    /// The next on a ring of hashes.
    RingHash(ring_hash::RingHash),
    /// That of a table of hashes.
    Maglev(Box<maglev::Maglev>),
}

/// A call for which an instance is picked.
#[derive(Debug, Clone, Copy)]
pub struct Asking {
    /// The time [ns].
    pub now_ns: u64,
    /// Hash of the request's key, where the balancer hashes ([`BalanceSettings::hashes`]); else 0.
    pub hash: u64,
}

impl BalanceSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        match self {
            Self::Random(_) | Self::RoundRobin(_) => {}
            Self::Pinned(settings) => problems.at("pinned", |p| settings.validate(p)),
            Self::LeastRequests(settings) => problems.at("least_requests", |p| settings.validate(p)),
            Self::Weighted(settings) => problems.at("weighted", |p| settings.validate(p)),
            Self::LatencyEwma(settings) => problems.at("latency_ewma", |p| settings.validate(p)),
            Self::RingHash(settings) => problems.at("ring_hash", |p| settings.validate(p)),
            Self::Maglev(settings) => problems.at("maglev", |p| settings.validate(p)),
        }
    }

    /// A balancer with these settings, of one of so many callers, for a callee with so many instances at the start and places for instances.
    pub fn build(&self, at_start: usize, places: usize, callers: usize) -> Balancer {
        match self {
            Self::Random(_) => Balancer::Random,
            Self::RoundRobin(_) => Balancer::RoundRobin(round_robin::RoundRobin::default()),
            Self::LeastRequests(settings) => {
                Balancer::LeastRequests(settings.build(outstanding::Outstanding::new(places, callers)))
            }
            Self::Pinned(settings) => Balancer::Pinned(settings.build()),
            Self::Weighted(settings) => Balancer::Weighted(settings.build(places)),
            Self::LatencyEwma(settings) => {
                let outstanding = outstanding::Outstanding::new(places, callers);
                Balancer::LatencyEwma(Box::new(settings.build(outstanding, places)))
            }
            Self::RingHash(settings) => Balancer::RingHash(settings.build(at_start, places)),
            Self::Maglev(settings) => Balancer::Maglev(Box::new(settings.build())),
        }
    }

    /// Whether its balancer has to be told where attempts go and how they end.
    pub fn is_told(&self) -> bool {
        matches!(self, Self::LeastRequests(_) | Self::Pinned(_) | Self::LatencyEwma(_))
    }

    /// Whether its balancer looks at the weights of instances, so that an instance can start slowly: Envoy's round robin and least requests,
    /// nginx's weights.
    pub fn weighs(&self) -> bool {
        matches!(self, Self::RoundRobin(_) | Self::LeastRequests(_) | Self::Weighted(_))
    }

    /// Whether its balancer picks by the request's key, or by the request.
    pub fn hashes(&self) -> bool {
        matches!(self, Self::RingHash(_) | Self::Maglev(_))
    }

    /// The key space by whose keys it picks.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::RingHash(settings) => settings.key.as_deref(),
            Self::Maglev(settings) => settings.key.as_deref(),
            _ => None,
        }
    }
}

impl Balancer {
    /// The instance that gets the call, among `candidates` of which there is at least one. `place_of` tells the place of each in its
    /// service.
    pub fn pick(
        &mut self,
        candidates: usize,
        place_of: impl Fn(usize) -> u32,
        draw: &mut Keyed,
        asking: Asking,
    ) -> usize {
        match self {
            Self::Random => random::pick(candidates, draw),
            Self::RoundRobin(state) => state.pick(candidates),
            Self::LeastRequests(state) => state.pick(candidates, place_of, draw),
            Self::Pinned(state) => state.pick(candidates, place_of, draw, asking.now_ns),
            Self::Weighted(state) => state.pick(candidates, place_of),
            Self::LatencyEwma(state) => state.pick(candidates, place_of, draw, asking.now_ns),
            Self::RingHash(state) => state.pick(candidates, place_of, asking.hash),
            Self::Maglev(state) => state.pick(candidates, place_of, asking.hash),
        }
    }

    /// The weight of a place where weights differ, because an instance starts slowly. With least requests it is Envoy's for that case, the weight of
    /// the instance divided by what the caller awaits from it and one more. What does not weigh has 1 for all.
    pub fn weight(&self, place: u32) -> f64 {
        match self {
            Self::LeastRequests(state) => 1.0 / f64::from(state.outstanding.at(place) + 1),
            Self::Weighted(state) => state.weight(place),
            _ => 1.0,
        }
    }

    /// An attempt of the caller's frame `who` goes to a place.
    pub fn sent(&mut self, place: u32, who: u32, now_ns: u64) {
        match self {
            Self::LeastRequests(state) => state.outstanding.sent(place),
            Self::Pinned(state) => state.sent(place),
            Self::LatencyEwma(state) => state.sent(place, who, now_ns),
            Self::Random | Self::RoundRobin(_) | Self::Weighted(_) | Self::RingHash(_) | Self::Maglev(_) => {}
        }
    }

    /// An attempt of the caller's frame `who` that went to a place has ended; `is_broken` where it was refused or reset.
    pub fn ended(&mut self, place: u32, who: u32, now_ns: u64, is_broken: bool) {
        match self {
            Self::LeastRequests(state) => state.outstanding.ended(place),
            Self::Pinned(state) if is_broken => state.broken(place),
            Self::LatencyEwma(state) => state.ended(place, who, now_ns),
            Self::Random
            | Self::RoundRobin(_)
            | Self::Pinned(_)
            | Self::Weighted(_)
            | Self::RingHash(_)
            | Self::Maglev(_) => {}
        }
    }

    /// How many attempts it believes to be outstanding.
    #[cfg(test)]
    pub fn outstanding(&self) -> u32 {
        match self {
            Self::LeastRequests(state) => state.outstanding.total(),
            Self::LatencyEwma(state) => state.outstanding.total(),
            _ => 0,
        }
    }
}
