//! Isolation: instances get no more requests, and go on running.

use serde::{Deserialize, Serialize};

/// Instances get no more requests, and go on running.
///
/// # What it models
/// Quarantine. When `takes` is over, callers no longer pick the selected instances; what these have they finish, and then they stand idle, paid for
/// and ready to be looked at. Nothing but `return` makes callers pick them again: not a restart, not `replace`, not a health check that passes. Where
/// all instances of a service are isolated, calls find none. A scaler counts isolated instances; one that it takes away and orders again later is a
/// new one, which is not isolated. Workers that take messages from a queue go on taking them.
///
/// # When to use it
/// To keep users away from an instance that is suspected, before somebody knows what is wrong with it.
///
/// # Knobs
/// - none
///
/// # Example
/// ```yaml
/// actions: [{do: isolate, where: {found_by: slow-fsync}, takes: 10s}]
/// ```
///
/// # Source
/// AWS Auto Scaling `enter-standby`; Kubernetes: a label of the pod that its service's selector does not match.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DoIsolateSettings")]
pub struct IsolateSettings {}
