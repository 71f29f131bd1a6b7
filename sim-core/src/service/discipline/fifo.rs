//! First come, first served: settings. The order itself is the world's own list through the frames.

use serde::{Deserialize, Serialize};

/// The request that came first is served first.
///
/// # What it models
/// One line per instance, in the order of arrival at it.
///
/// # When to use it
/// The default, and fair. Under overload everybody waits as long as the queue is, which may be longer than anyone cares to wait: then
/// bound the queue, or serve the last first.
///
/// # Knobs
/// none
///
/// # Example
/// ```yaml
/// queue: {capacity: 100, discipline: fifo}
/// ```
///
/// # Source
/// The FCFS of queueing theory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FifoSettings {}
