//! Flat: a price for time itself.

use serde::{Deserialize, Serialize};

/// A price for time, whatever happens.
///
/// # What it models
/// Licences, support contracts, base fees: time is metered, and nothing else.
///
/// # When to use it
/// For what costs the same every month.
///
/// # Knobs
/// - none
///
/// # Example
/// ```yaml
/// costs:
///   licences: {meter: flat, price: $400/month}
/// ```
///
/// # Source
/// Any contract.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FlatSettings {}
