//! Load balancers: which instance of the callee gets the call.

mod least_requests;
mod outstanding;
mod pinned;
mod random;
mod round_robin;

pub use least_requests::LeastRequestsSettings;
pub use pinned::PinnedSettings;
pub use random::RandomSettings;
pub use round_robin::RoundRobinSettings;

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
}

/// The kinds of balancer.
pub const ALL: &[Kind] = &[
    Kind { family: "balance", name: "random", schema: || schemars::schema_for!(RandomSettings) },
    Kind { family: "balance", name: "round_robin", schema: || schemars::schema_for!(RoundRobinSettings) },
    Kind { family: "balance", name: "least_requests", schema: || schemars::schema_for!(LeastRequestsSettings) },
    Kind { family: "balance", name: "pinned", schema: || schemars::schema_for!(PinnedSettings) },
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
}

impl BalanceSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        if let Self::LeastRequests(settings) = self {
            problems.at("least_requests", |p| settings.validate(p));
        }
    }

    /// A balancer with these settings, of one of so many callers, for a callee with so many places for instances.
    pub fn build(&self, places: usize, callers: usize) -> Balancer {
        match self {
            Self::Random(_) => Balancer::Random,
            Self::RoundRobin(_) => Balancer::RoundRobin(round_robin::RoundRobin::default()),
            Self::LeastRequests(settings) => {
                Balancer::LeastRequests(settings.build(outstanding::Outstanding::new(places, callers)))
            }
            Self::Pinned(_) => Balancer::Pinned(pinned::Pinned::default()),
        }
    }

    /// Whether its balancer has to be told where attempts go and how they end.
    pub fn is_told(&self) -> bool {
        matches!(self, Self::LeastRequests(_) | Self::Pinned(_))
    }
}

impl Balancer {
    /// The instance that gets the call, among `candidates` of which there is at least one. `place_of` tells the place of each in its
    /// service.
    pub fn pick(&mut self, candidates: usize, place_of: impl Fn(usize) -> u32, draw: &mut Keyed) -> usize {
        match self {
            Self::Random => random::pick(candidates, draw),
            Self::RoundRobin(state) => state.pick(candidates),
            Self::LeastRequests(state) => state.pick(candidates, place_of, draw),
            Self::Pinned(state) => state.pick(candidates, place_of, draw),
        }
    }

    /// An attempt goes to a place.
    pub fn sent(&mut self, place: u32) {
        match self {
            Self::LeastRequests(state) => state.outstanding.sent(place),
            Self::Pinned(state) => state.sent(place),
            Self::Random | Self::RoundRobin(_) => {}
        }
    }

    /// An attempt that went to a place has ended; `is_broken` where it was refused or reset.
    pub fn ended(&mut self, place: u32, is_broken: bool) {
        match self {
            Self::LeastRequests(state) => state.outstanding.ended(place),
            Self::Pinned(state) if is_broken => state.broken(place),
            Self::Random | Self::RoundRobin(_) | Self::Pinned(_) => {}
        }
    }

    /// How many attempts it believes to be outstanding.
    #[cfg(test)]
    pub fn outstanding(&self) -> u32 {
        match self {
            Self::LeastRequests(state) => state.outstanding.total(),
            _ => 0,
        }
    }
}
