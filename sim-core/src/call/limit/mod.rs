//! Limits of concurrency: how many attempts a caller has under way to a callee at once.
//!
//! A limiter is a doorman that may let wait: it has a number of places, each attempt under way takes one, and an attempt that finds none waits for
//! one or is refused.

mod adaptive;
mod aimd;
mod bulkhead;
mod gradient;
mod gradient2;
mod vegas;
mod window;

pub use aimd::AimdSettings;
pub use bulkhead::BulkheadSettings;
pub use gradient::GradientSettings;
pub use gradient2::Gradient2Settings;
pub use vegas::VegasSettings;

use crate::call::doorman::{Answer, Doorman, Ended, Knock, Marks};
use crate::kind::Kind;
use crate::metrics::{counters, levels, timed};
use crate::problem::Problems;
use adaptive::Adaptive;
use serde::{Deserialize, Serialize};
use window::Windowed;

/// How many attempts may be under way at once, as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitSettings {
    /// A constant number of attempts.
    Bulkhead(BulkheadSettings),
    /// One more after each answer, a share of them after each that is dropped.
    Aimd(AimdSettings),
    /// By how many are reckoned to wait at the callee.
    Vegas(VegasSettings),
    /// By the ratio of the smallest time of an answer to the present.
    Gradient(GradientSettings),
    /// By the ratio of a long mean of answers to the last.
    Gradient2(Gradient2Settings),
}

/// The kinds of limit.
pub const ALL: &[Kind] = &[
    Kind { family: "concurrency_limit", name: "bulkhead", schema: || schemars::schema_for!(BulkheadSettings) },
    Kind { family: "concurrency_limit", name: "aimd", schema: || schemars::schema_for!(AimdSettings) },
    Kind { family: "concurrency_limit", name: "vegas", schema: || schemars::schema_for!(VegasSettings) },
    Kind { family: "concurrency_limit", name: "gradient", schema: || schemars::schema_for!(GradientSettings) },
    Kind { family: "concurrency_limit", name: "gradient2", schema: || schemars::schema_for!(Gradient2Settings) },
];

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
            Self::Aimd(s) => problems.at("aimd", |p| s.validate(p)),
            Self::Vegas(s) => problems.at("vegas", |p| s.validate(p)),
            Self::Gradient(s) => problems.at("gradient", |p| s.validate(p)),
            Self::Gradient2(s) => problems.at("gradient2", |p| s.validate(p)),
        }
    }

    /// Whether an attempt may have to wait for a place.
    pub fn may_delay(&self) -> bool {
        self.max_wait_ns() > 0
    }

    /// How long an attempt may wait for a place [ns].
    pub fn max_wait_ns(&self) -> u64 {
        match self {
            Self::Bulkhead(s) => s.max_wait.ns(),
            Self::Aimd(_) | Self::Vegas(_) | Self::Gradient(_) | Self::Gradient2(_) => 0,
        }
    }

    /// How many attempts may always be under way: the limit never falls below.
    pub fn least(&self) -> u64 {
        match self {
            Self::Bulkhead(s) => s.limit.get(),
            Self::Aimd(s) => s.min.get(),
            Self::Vegas(_) => 1,
            Self::Gradient(s) => s.min.get(),
            Self::Gradient2(s) => s.min.get(),
        }
    }

    /// A limiter with all its places free.
    pub fn build(&self) -> Limiter {
        Limiter(match self {
            Self::Bulkhead(s) => At::Bulkhead(s.build()),
            Self::Aimd(s) => At::Aimd(Adaptive::new(s.build())),
            Self::Vegas(s) => At::Vegas(Box::new(Adaptive::new(s.build()))),
            Self::Gradient(s) => At::Gradient(Box::new(Adaptive::new(s.build()))),
            Self::Gradient2(s) => At::Gradient2(Box::new(Adaptive::new(s.build()))),
        })
    }
}

/// A limiter at work.
#[derive(Debug, Clone)]
pub struct Limiter(At);

/// How a limiter works.
#[derive(Debug, Clone)]
enum At {
    Bulkhead(bulkhead::Bulkhead),
    Aimd(Adaptive<aimd::Aimd>),
    Vegas(Box<Adaptive<Windowed<vegas::Vegas>>>),
    Gradient(Box<Adaptive<gradient::Gradient>>),
    Gradient2(Box<Adaptive<Windowed<gradient2::Gradient2>>>),
}

impl Limiter {
    /// The settings of a bulkhead are others from now on. Who has a place keeps it. A limit that moves is not live: where it stands comes from all
    /// that it has seen, so that nobody could say what it would be.
    pub fn becomes(&mut self, settings: &LimitSettings) {
        match (&mut self.0, settings) {
            (At::Bulkhead(at), LimitSettings::Bulkhead(settings)) => at.becomes(settings),
            _ => debug_assert!(false, "only a bulkhead becomes another"),
        }
    }
}

impl Doorman for Limiter {
    fn ask(&mut self, knock: Knock) -> Answer {
        match &mut self.0 {
            At::Bulkhead(at) => at.ask(),
            At::Aimd(at) => at.ask(knock),
            At::Vegas(at) => at.ask(knock),
            At::Gradient(at) => at.ask(knock),
            At::Gradient2(at) => at.ask(knock),
        }
    }

    fn ended(&mut self, ended: Ended) {
        match &mut self.0 {
            At::Bulkhead(at) => at.leave(),
            At::Aimd(at) => at.ended(ended),
            At::Vegas(at) => at.ended(ended),
            At::Gradient(at) => at.ended(ended),
            At::Gradient2(at) => at.ended(ended),
        }
    }

    fn withdrawn(&mut self, _now_ns: u64, by: u32) {
        match &mut self.0 {
            At::Bulkhead(at) => at.leave(),
            At::Aimd(at) => at.withdrawn(by),
            At::Vegas(at) => at.withdrawn(by),
            At::Gradient(at) => at.withdrawn(by),
            At::Gradient2(at) => at.withdrawn(by),
        }
    }

    fn is_renamed(&mut self, by: u32, to: u32) {
        match &mut self.0 {
            At::Bulkhead(_) => {}
            At::Aimd(at) => at.is_renamed(by, to),
            At::Vegas(at) => at.is_renamed(by, to),
            At::Gradient(at) => at.is_renamed(by, to),
            At::Gradient2(at) => at.is_renamed(by, to),
        }
    }

    fn marks(&self) -> Marks {
        let (refused, waits) = (Some(REJECTED), Some(WAITED));
        Marks { refused, waits, wait: Some(WAIT), level: Some(PLACES), ..Marks::default() }
    }

    fn level(&self) -> u64 {
        match &self.0 {
            At::Bulkhead(at) => at.under_way(),
            At::Aimd(at) => at.under_way(),
            At::Vegas(at) => at.under_way(),
            At::Gradient(at) => at.under_way(),
            At::Gradient2(at) => at.under_way(),
        }
    }
}
