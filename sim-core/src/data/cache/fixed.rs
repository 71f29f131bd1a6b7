//! Contents of which only the share of hits is known.

use crate::units::{Probability, SimDuration};
use serde::{Deserialize, Serialize};

/// So many lookups are hits, whatever is asked for.
///
/// # What it models
/// Each lookup is a hit with the probability `hit_ratio`, drawn from its request. Nothing is kept.
///
/// With `ttl` a hit has an age, drawn uniformly between 0 and `ttl`: if the row of the request was written since, the answer is a stale read; if the
/// cache was flushed or the row invalidated since, it is no hit; an invalidation reaches all instances of such a cache. So after a flush the share of
/// hits comes back within one `ttl`. It is the same on an instance that is new, or comes back from a crash: what was not there at the start of the
/// run begins without values. Without `ttl` nothing is said of ages: no hit is stale, there is nothing to flush or to invalidate, and an instance
/// that is new has as many hits as all others.
///
/// # When to use it
/// Where the hit ratio was measured and is not what is asked about, as of a content delivery network. To ask what memory, popularity or a
/// time to live do to it, write `keyed`.
///
/// # Knobs
/// - `hit_ratio`: share of hits, percentage, required
/// - `ttl`: how long a value is good for, duration, default nothing is said of it
///
/// # Example
/// ```yaml
/// caches:
///   edge: {steps: [{wait: 5ms}], contents: {fixed: {hit_ratio: 95%, ttl: 30s}}}
/// ```
///
/// # Source
/// Independent hits, as in capacity plans that start from a measured ratio.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixedSettings {
    /// Share of lookups that are hits.
    pub hit_ratio: Probability,
    /// How long a value is good for; default nothing is said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<SimDuration>,
}
