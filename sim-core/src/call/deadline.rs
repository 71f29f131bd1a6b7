//! Deadlines: a call and all that it causes has to be done by then.
//!
//! What a deadline is stands here, and its counter; the world hands it on from frame to frame (`world/calls/deadline.rs`).

use crate::metrics::counters;
use serde::{Deserialize, Serialize};

/// How a call says its deadline to its callee.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeadlineAs {
    /// The time that is left, as gRPC's `grpc-timeout`: no clock is read.
    #[default]
    Duration,
    /// The time of day by the caller's clock, as Finagle's `Deadline`: the callee reads it by its own clock, and refuses what is too late by it.
    Timestamp,
}

counters! {
    CallSite {
        PASSED = "deadline_passed", "attempts that were not sent because their deadline had passed", sampled;
        REFUSED = "deadline_refused", "attempts whose deadline had passed by the clock of the callee, which refused them", sampled;
    }
}
