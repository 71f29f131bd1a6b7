//! Throttles: a caller that turns its own calls away while the callee turns away too many of them.

mod admission_control;
mod sre;
mod window;

pub use admission_control::AdmissionControlSettings;
pub use sre::SreSettings;

use crate::call::doorman::{Answer, Doorman, Ended, Knock};
use crate::engine::rng::Keyed;
use crate::kind::Kind;
use crate::outcome::Outcome;
use crate::problem::Problems;
use serde::{Deserialize, Serialize};

/// When a caller turns its own calls away, as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThrottleSettings {
    /// By chance, so that the callee sees a multiple of what it accepts.
    Sre(SreSettings),
    /// By chance, the more the further the share that succeeds lies below what is wanted.
    AdmissionControl(AdmissionControlSettings),
}

/// The kinds of throttle.
pub const ALL: &[Kind] = &[
    Kind { family: "throttle", name: "sre", schema: || schemars::schema_for!(SreSettings) },
    Kind { family: "throttle", name: "admission_control", schema: || schemars::schema_for!(AdmissionControlSettings) },
];

impl ThrottleSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        match self {
            Self::Sre(s) => problems.at("sre", |p| s.validate(p)),
            Self::AdmissionControl(s) => problems.at("admission_control", |p| s.validate(p)),
        }
    }

    /// A throttle that has seen nothing.
    pub fn build(&self) -> Throttle {
        match self {
            Self::Sre(s) => Throttle::Sre(s.build()),
            Self::AdmissionControl(s) => Throttle::AdmissionControl(s.build()),
        }
    }
}

/// A throttle at work.
#[derive(Debug, Clone)]
pub enum Throttle {
    /// By chance, so that the callee sees a multiple of what it accepts.
    Sre(sre::Sre),
    /// By chance, the more the further the share that succeeds lies below what is wanted.
    AdmissionControl(admission_control::AdmissionControl),
}

impl Doorman for Throttle {
    fn ask(&mut self, knock: Knock) -> Answer {
        let draw = Keyed::new(knock.key).unit();
        let admitted = match self {
            Self::Sre(throttle) => throttle.admit(knock.now_ns, draw),
            Self::AdmissionControl(throttle) => throttle.admit(knock.now_ns, draw),
        };
        if admitted { Answer::Go } else { Answer::Refuse(Outcome::Rejected) }
    }

    fn ended(&mut self, ended: Ended) {
        match self {
            Self::Sre(throttle) => throttle.record(ended.now_ns, ended.is_ok()),
            Self::AdmissionControl(throttle) => throttle.record(ended.now_ns, ended.is_ok()),
        }
    }

    fn withdrawn(&mut self, now_ns: u64, _by: u32) {
        match self {
            // The callee did not turn it away.
            Self::Sre(throttle) => throttle.record(now_ns, true),
            // What has not ended is not counted.
            Self::AdmissionControl(_) => {}
        }
    }
}
