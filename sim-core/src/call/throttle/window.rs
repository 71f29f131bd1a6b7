//! The calls that a throttle looks at.

use crate::units::SimDuration;
use serde::{Deserialize, Serialize};

/// The calls that a throttle looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThrottleWindow {
    /// Those of the last so long.
    pub time: SimDuration,
}
