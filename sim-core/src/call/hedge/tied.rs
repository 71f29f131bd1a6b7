//! Tied requests: twice, and the first that is begun withdraws the other.

use super::After;
use crate::units::SimDuration;
use serde::{Deserialize, Serialize};

/// A call waits in two queues, and whichever instance begins it first withdraws it from the other.
///
/// # What it models
/// A second copy goes to another instance `after` a time. Each knows of the other: when a worker begins one of them, the other, if it still
/// waits for a worker or is on its way, is withdrawn and never worked on. Telling the other instance takes no time here; a copy that is sent
/// when the first has been begun counts as an attempt and ends at the door. Two copies that both were begun race as those of a backup do.
///
/// # When to use it
/// Where what makes calls late is the queue before them, and the work is too dear to do twice. It helps little where the work itself is slow.
///
/// # Knobs
/// - `after`: how much later the second copy is sent, `{time: 1ms}` or `{percentile: p50}`, default 1ms
///
/// # Example
/// ```yaml
/// hedge: {tied: {after: {time: 1ms}}}
/// ```
///
/// # Source
/// J. Dean and L. A. Barroso, "The Tail at Scale", CACM 56(2), 2013, "Tied requests".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TiedSettings {
    /// How much later the second copy is sent.
    pub after: After,
}

impl Default for TiedSettings {
    fn default() -> Self {
        Self { after: After::Time(SimDuration::from_ns(1_000_000)) }
    }
}
