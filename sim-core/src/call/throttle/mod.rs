//! Throttles: a caller that turns its own calls away while the callee turns away too many of them.

mod sre;
mod window;

pub use sre::SreSettings;
pub use window::ThrottleWindow;

use crate::kind::Kind;
use crate::problem::Problems;
use serde::{Deserialize, Serialize};

/// When a caller turns its own calls away, as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThrottleSettings {
    /// By chance, so that the callee sees a multiple of what it accepts.
    Sre(SreSettings),
}

/// The kinds of throttle.
pub const ALL: &[Kind] = &[Kind { family: "throttle", name: "sre", schema: || schemars::schema_for!(SreSettings) }];

impl ThrottleSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        match self {
            Self::Sre(s) => problems.at("sre", |p| s.validate(p)),
        }
    }

    /// A throttle that has seen nothing.
    pub fn build(&self) -> Throttle {
        match self {
            Self::Sre(s) => Throttle::Sre(Box::new(s.build())),
        }
    }
}

/// A throttle at work.
#[derive(Debug, Clone)]
pub enum Throttle {
    /// By chance, so that the callee sees a multiple of what it accepts.
    Sre(Box<sre::Sre>),
}

impl Throttle {
    /// Whether a call may be sent now; `draw` is uniform in [0, 1).
    pub fn admit(&mut self, now_ns: u64, draw: f64) -> bool {
        match self {
            Self::Sre(throttle) => throttle.admit(now_ns, draw),
        }
    }

    /// A call that was sent has ended; `accepted` if it was answered.
    pub fn record(&mut self, now_ns: u64, accepted: bool) {
        match self {
            Self::Sre(throttle) => throttle.record(now_ns, accepted),
        }
    }
}
