//! Load balancers: which instance of the callee gets the call.

mod least_requests;
mod random;
mod round_robin;

pub use least_requests::LeastRequestsSettings;
pub use random::RandomSettings;
pub use round_robin::RoundRobinSettings;

use crate::engine::rng::Keyed;
use crate::kinds::Kind;
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
    /// The least loaded of a few that are drawn.
    LeastRequests(LeastRequestsSettings),
}

/// The kinds of balancer.
pub const ALL: &[Kind] = &[
    Kind { family: "balance", name: "random", schema: || schemars::schema_for!(RandomSettings) },
    Kind { family: "balance", name: "round_robin", schema: || schemars::schema_for!(RoundRobinSettings) },
    Kind { family: "balance", name: "least_requests", schema: || schemars::schema_for!(LeastRequestsSettings) },
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
    /// The least loaded of so many.
    LeastRequests(u32),
}

impl BalanceSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        if let Self::LeastRequests(settings) = self {
            problems.at("least_requests", |p| settings.validate(p));
        }
    }

    /// A balancer with these settings.
    pub fn build(&self) -> Balancer {
        match self {
            Self::Random(_) => Balancer::Random,
            Self::RoundRobin(_) => Balancer::RoundRobin(round_robin::RoundRobin::default()),
            Self::LeastRequests(settings) => Balancer::LeastRequests(settings.choices.get_u32()),
        }
    }
}

impl Balancer {
    /// The place of the instance that gets the call, among `candidates` of which there is at least one. `load_of` tells how many
    /// requests an instance has.
    pub fn pick(&mut self, candidates: usize, load_of: impl Fn(usize) -> u32, draw: &mut Keyed) -> usize {
        match self {
            Self::Random => random::pick(candidates, draw),
            Self::RoundRobin(state) => state.pick(candidates),
            Self::LeastRequests(choices) => least_requests::pick(*choices, candidates, load_of, draw),
        }
    }
}
