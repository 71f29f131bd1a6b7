//! Limits of concurrency: how many attempts a caller has under way to a callee at once.
//!
//! A limiter is a doorman that may let wait: it has a number of places, each attempt under way takes one, and an attempt that finds none waits for
//! one or is refused.

mod bulkhead;

pub use bulkhead::BulkheadSettings;

use crate::call::doorman::{Answer, Doorman, Ended, Knock, Marks};
use crate::kind::Kind;
use crate::metrics::{counters, levels, timed};
use crate::problem::Problems;
use serde::{Deserialize, Serialize};

/// How many attempts may be under way at once, as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitSettings {
    /// A constant number of attempts.
    Bulkhead(BulkheadSettings),
}

/// The kinds of limit.
pub const ALL: &[Kind] =
    &[Kind { family: "concurrency_limit", name: "bulkhead", schema: || schemars::schema_for!(BulkheadSettings) }];

counters! {
    CallSite {
        REJECTED = "limit_rejected", "attempts that limits of concurrency turned away, at once or after they had waited for a place", sampled;
        WAITED = "limit_waited", "attempts that found no place under a limit of concurrency and waited for one", sampled;
    }
}

timed! {
    CallSite {
        WAIT = "limit_wait", "time until an attempt has a place under a limit of concurrency, has waited for as long as it may, or is given up; those turned away at once are not timed";
    }
}

levels! {
    Calls {
        PLACES = "places_taken", "places under limits of concurrency that attempts hold, of all caller instances";
    }
}

impl LimitSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        match self {
            Self::Bulkhead(s) => problems.at("bulkhead", |p| s.validate(p)),
        }
    }

    /// Whether an attempt may have to wait for a place.
    pub fn may_delay(&self) -> bool {
        match self {
            Self::Bulkhead(s) => !s.max_wait.is_zero(),
        }
    }

    /// How long an attempt may wait for a place [ns].
    pub fn max_wait_ns(&self) -> u64 {
        match self {
            Self::Bulkhead(s) => s.max_wait.ns(),
        }
    }

    /// A limiter with all its places free.
    pub fn build(&self) -> Limiter {
        match self {
            Self::Bulkhead(s) => Limiter::Bulkhead(s.build()),
        }
    }
}

impl Limiter {
    /// The settings are others from now on. Who has a place keeps it.
    pub fn becomes(&mut self, settings: &LimitSettings) {
        match (self, settings) {
            (Self::Bulkhead(bulkhead), LimitSettings::Bulkhead(settings)) => bulkhead.becomes(settings),
        }
    }
}

/// A limiter at work.
#[derive(Debug, Clone)]
pub enum Limiter {
    /// A constant number of attempts.
    Bulkhead(bulkhead::Bulkhead),
}

impl Doorman for Limiter {
    fn ask(&mut self, _knock: Knock) -> Answer {
        match self {
            Self::Bulkhead(bulkhead) => bulkhead.ask(),
        }
    }

    fn ended(&mut self, _ended: Ended) {
        match self {
            Self::Bulkhead(bulkhead) => bulkhead.leave(),
        }
    }

    fn withdrawn(&mut self, _now_ns: u64, _by: u32) {
        match self {
            Self::Bulkhead(bulkhead) => bulkhead.leave(),
        }
    }

    fn marks(&self) -> Marks {
        let (refused, waits) = (Some(REJECTED), Some(WAITED));
        Marks { refused, waits, wait: Some(WAIT), level: Some(PLACES), ..Marks::default() }
    }

    fn level(&self) -> u64 {
        match self {
            Self::Bulkhead(bulkhead) => bulkhead.under_way(),
        }
    }
}
