//! Contents by key.

use crate::problem::Problems;
use crate::units::{Bytes, Count, SimDuration};
use serde::{Deserialize, Serialize};

/// A cache keeps the values of keys that were asked for, as far as they fit.
///
/// # What it models
/// A request looks up its key of the key space `key`, the same that it has in stores with that `key`. A value that is there and has not expired is a
/// hit. A miss makes the value, and keeps it: in the memory of the calling instance, or in the instance of the cache that was asked. `capacity`
/// is what fits into *each* of them. Where a value needs room, `eviction` says which one leaves:
///
/// - `lru`: the one that was asked for longest ago;
/// - `fifo`: the one that was kept first, however often it was asked for since;
/// - `lfu`: the one that was asked for least often. How often each key was asked for is counted from the start, also while it is not kept, and
///   a value that was asked for less often than all others is not kept at all.
///
/// A lookup judges by the `ttl` that is in force when it finds the value: where an experiment sets another, that of all values is another, as with
/// Caffeine's `setExpiresAfter`. Expired values keep their room until they leave or are made anew. With an `entry_size` each value that is kept takes
/// so much of the memory of the instance in which it lies (`machine: {memory: ...}`), on top of what the instance and its requests use, with its key
/// and what the cache keeps beside it: an instance whose cache grows beyond its memory is killed, and its values are lost. An answer from the cache
/// is a stale read if the row was written since the value was read from its store. Caches are empty at the start, so that `warm_up` of the run has to
/// be long enough to fill them, or shows the cold start.
///
/// # When to use it
/// Where popularity, memory or time to live decide about the share of hits.
///
/// # Knobs
/// - `key`: a key space, name, required
/// - `capacity`: values that fit into each place, count, default all
/// - `eviction`: `lru`, `lfu` or `fifo`, default lru
/// - `ttl`: how long a value is good for, duration, default forever
/// - `entry_size`: memory that each value takes where it lies, in bytes, default none
///
/// # Example
/// ```yaml
/// keys: {product: {zipf: {count: 200k, exponent: 1}}}
/// caches:
///   products: {instances: 3, steps: [{work: 0.2ms}], contents: {keyed: {key: product, capacity: 50k, ttl: 10m}}}
/// ```
///
/// # Source
/// Che, Tung and Wang, "Hierarchical Web Caching Systems", 2002, and Martina, Garetto and Leonardi, "A unified approach to the performance analysis
/// of caching systems", 2014, for the shares of hits that tests compare with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyedSettings {
    /// The key space of the values.
    pub key: String,
    /// Values that fit into each place; default all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Count>,
    /// Which value leaves when another needs its room.
    #[serde(default)]
    pub eviction: Eviction,
    /// How long a value is good for; default forever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<SimDuration>,
    /// Memory that each value takes in the instance in which it lies; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry_size: Option<Bytes>,
}

/// Which value leaves a cache when another needs its room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Eviction {
    /// The one that was asked for longest ago.
    #[default]
    Lru,
    /// The one that was asked for least often.
    Lfu,
    /// The one that was kept first.
    Fifo,
}

impl KeyedSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.capacity.is_some_and(|capacity| capacity.get() == 0) {
            problems.error("capacity", "a cache into which nothing fits finds nothing").hint =
                Some("write at least 1, or leave it out: then all fits".into());
        }
        if self.entry_size.is_some_and(|size| size.get() == 0) {
            problems.error("entry_size", "a value of no size takes no memory").hint =
                Some("write entry_size: 2KiB, or leave it out".into());
        }
    }
}
