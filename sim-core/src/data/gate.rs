//! Gates: what a step does that reads from the authority again, before something is done about what was read.
//!
//! What a gate compares, and the only way to raise a level, is in `data/level/certified`; the world's part is in `world/guarantee`.

use super::level::Level;
use crate::metrics::counters;
use serde::{Deserialize, Serialize};

/// How often a gate reads and compares again for one request, before the request fails.
pub const MOST_RETRIES: u32 = 3;

/// What follows when the authority has another version than was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnConflict {
    /// The request fails with an error.
    #[default]
    Fail,
    /// The steps from the last read of the store on are done again, at most three times, then the request fails with an error. What they read is
    /// at least as new as what the gate has read.
    Retry,
    /// The request goes on with what the gate has read.
    Upgrade,
}

/// A gate: what its call is, beside being a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gate {
    /// The level that is asked for.
    pub level: Level,
    /// What follows when the versions differ.
    pub on_conflict: OnConflict,
    /// How many steps of its list the last read of the store stands before it; 0 where there is none.
    pub back: u32,
}

counters! {
    Service {
        GATES = "gates", "reads at gates that are compared with what was read before";
        CONFLICTS = "gate_conflicts", "gates at which the authority has another version than was read before";
        UPGRADED = "gate_upgrades", "requests that carry a stronger level behind a gate than before it";
    }
}
