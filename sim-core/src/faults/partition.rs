//! A partition: no message gets through.

use serde::{Deserialize, Serialize};

/// No message gets through; callers see silence.
///
/// # What it models
/// All messages over the target, requests and replies alike, are lost, one way with `from` and `to`, both ways with `between`. Both sides go on by
/// themselves. What copies of a store send each other is lost too: replicas that are cut off fall behind, and writes that need them, or a
/// majority of regions, wait; `explain primary`, `explain consensus` and `explain quorum` say what follows.
///
/// # When to use it
/// For cut links between zones, regions or services, and for networks that are deaf on one side only.
///
/// # Knobs
/// - none
///
/// # Example
/// ```yaml
/// faults:
///   cut: {inject: partition, where: {between: [a, b]}, at: 90s, for: 3m}
/// ```
///
/// # Source
/// Bailis and Kingsbury, The network is reliable, ACM Queue 2014.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PartitionSettings {}
