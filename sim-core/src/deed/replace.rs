//! Replacement: a new machine takes the place of an instance.

use serde::{Deserialize, Serialize};

/// New machines take the place of instances.
///
/// # What it models
/// When `takes` is over, what still runs on the selected instances ends, callers see a reset, and a new machine starts in each place; it serves
/// after `start_up`. Also instances that `drain` has taken away get a new machine. Faults that struck the old machine do not strike the new one: a
/// fault that has no machine left is over. Only a bad deploy stays, because the new machine runs the same version, and what fails by its own
/// clock (`random`) fails again only when the repair of the old machine would have ended. What an instance kept in
/// its memory is lost, caches too. An instance that is isolated stays so.
///
/// # When to use it
/// For a machine that is sick in a way that no restart mends: a slow disk, a network card that drops packets.
///
/// # Knobs
/// - none
///
/// # Example
/// ```yaml
/// actions: [{do: replace, where: {found_by: slow-fsync}, takes: 10m}]
/// ```
///
/// # Source
/// AWS Auto Scaling: an instance that is unhealthy is terminated and another one launched.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DoReplaceSettings")]
pub struct ReplaceSettings {}
