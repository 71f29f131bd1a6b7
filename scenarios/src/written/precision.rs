//! How precise the answer of a study has to be.

use serde::{Deserialize, Serialize};
use sim_core::expression::Value;
use sim_core::problem::Problems;
use sim_core::units::{Count, Probability};

/// Batches that are run at most where no cap is written.
const BATCHES: u32 = 32;

/// How precise the answer has to be: as many replications as `replications` says are run again and again, until it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrecisionSettings {
    /// Half of the 95 % interval, as a share of the estimate, such as 2%. Required.
    pub within: Probability,
    /// What has to be so precise, such as p99(gateway.checkout); default what promises and `expect` are judged by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub of: Vec<Value>,
    /// Replications at most; default 32 times `replications`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<Count>,
}

impl PrecisionSettings {
    /// Problems of the settings; a batch has `batch` replications.
    pub fn validate(&self, batch: Count, problems: &mut Problems) {
        if self.within.value() <= 0.0 {
            problems.error("within", "no number of replications makes an interval of no width").hint =
                Some("write within: 2%".into());
        }
        if self.cap.is_some_and(|cap| cap < batch) {
            problems.error("cap", format!("a batch already has {batch} replications")).hint =
                Some(format!("write at least {batch}, or fewer replications"));
        }
        if self.cap.is_some_and(|cap| cap.get() > 1_000_000) {
            problems.error("cap", "more than a million replications are too many").hint =
                Some("write at most 1M".into());
        }
        for (place, value) in self.of.iter().enumerate() {
            if value.literal().is_some() {
                problems.at("of", |p| {
                    p.error(&place.to_string(), "a written number is precise already").hint =
                        Some("name what is measured, such as p99(gateway.checkout)".into());
                });
            }
        }
    }

    /// Replications at most, where a batch has `batch`.
    pub fn most(&self, batch: u32) -> u32 {
        let written = self.cap.map(Count::get_u32);
        written.unwrap_or(batch.saturating_mul(BATCHES)).clamp(batch, 1_000_000.max(batch))
    }
}
