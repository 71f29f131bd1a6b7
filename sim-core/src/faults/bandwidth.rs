//! Bandwidth: a link is slower than what is sent over it needs.

use crate::problem::Problems;
use crate::units::Bandwidth;
use serde::{Deserialize, Serialize};

/// A link carries so many bits a second; messages wait for those before them.
///
/// # What it models
/// Each message takes `size / limit` to be sent, one after the other, first come, first served, in each direction by itself, and then what its way
/// takes. How large messages are, calls say (`size: {request, response}`); those without a size pass at once. Nothing is thrown away: a link
/// that is asked for more than it carries has a queue that grows until callers give up. What is lost by another fault was sent all the same.
/// Of several limits on one way each is passed in turn.
///
/// # When to use it
/// For a backup link, a throttled network card, a replica that is copied in the middle of the day.
///
/// # Knobs
/// - `limit`: what goes through, bandwidth such as 10Mbps; required
///
/// # Example
/// ```yaml
/// faults:
///   narrow: {inject: {bandwidth: {limit: 10Mbps}}, where: {between: [a, b]}, at: 5m, for: 1h}
/// ```
///
/// # Source
/// The M/D/1 queue, for messages of one size that come at random: Pollaczek 1930, Khinchin 1932; tc netem rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BandwidthSettings {
    /// What goes through.
    pub limit: Bandwidth,
}

impl BandwidthSettings {
    /// A link that carries nothing is a partition.
    pub fn validate(&self, problems: &mut Problems) {
        if self.limit.bytes_per_second() <= 0.0 {
            problems.error("limit", "a link that carries nothing is cut").hint =
                Some("write inject: partition, or a limit such as 10Mbps".into());
        }
    }
}
