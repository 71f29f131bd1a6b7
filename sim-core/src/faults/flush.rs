//! Flush: what a cache holds is gone.

use serde::{Deserialize, Serialize};

/// All that is in a cache is gone at once.
///
/// # What it models
/// Each instance that is struck forgets its values, and goes on serving: what was a hit is a miss until it is made again. A cache that lies in the
/// memory of its callers is flushed in all of them. It is over when it has struck, so that `for` says nothing; `every` flushes again.
///
/// A `crash` or `restart` of an instance empties it too, and takes it away meanwhile.
///
/// # When to use it
/// To ask whether what is behind a cache carries the load without it: after a flush by hand, a new version of keys, a restart of all instances.
///
/// # Knobs
/// None.
///
/// # Example
/// ```yaml
/// faults:
///   flushed: {inject: flush, where: {service: products}, at: 5m}
/// ```
///
/// # Source
/// `FLUSHALL` of Redis, `flush_all` of memcached.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FlushSettings {}
