//! Wrong: a share of replies looks right and is not.

use super::fail::never;
use crate::data::Wrongness;
use crate::problem::Problems;
use crate::units::Probability;
use serde::{Deserialize, Serialize};

/// A share of replies looks ok and is wrong, in a way that you name.
///
/// # What it models
/// Each answer from the target, or of a call over the target edge, is wrong by its own chance; of faults that overlap each has its own. Callers do
/// not notice: availability stays green, and the wrongness is counted by kind and can be priced.
///
/// # When to use it
/// For software errors, corrupt records, wrong amounts: what a bill for wrongness needs.
///
/// # Knobs
/// - `kind`: `stale_read`, `duplicate_effect`, `lost_write`, `lost_message`, `half_finished`, `oversold`, `wrong_mode`, `corrupt_record` or
///   `wrong_amount`; required
/// - `probability`: chance for each reply, percentage, default 100%
///
/// # Example
/// ```yaml
/// faults:
///   software-errors: {inject: {wrong: {kind: duplicate_effect, probability: 0.01%}}, where: {to: payment.charge}}
/// ```
///
/// # Source
/// Dixit et al., Silent data corruptions at scale, 2021.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WrongSettings {
    /// In which way replies are wrong.
    pub kind: Wrongness,
    /// Chance for each reply.
    #[serde(default = "always")]
    pub probability: Probability,
}

fn always() -> Probability {
    Probability::ONE
}

impl WrongSettings {
    /// A chance of zero does nothing.
    pub fn validate(&self, problems: &mut Problems) {
        never(self.probability, problems);
    }
}
