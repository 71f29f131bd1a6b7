//! Who waits for the regeneration of another.

use crate::problem::Problems;
use crate::units::SimDuration;
use serde::{Deserialize, Serialize};

/// How far those who miss the same key wait for one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CoalesceSettings {
    /// On each instance one makes the value, and the others there wait.
    PerInstance(PerInstanceSettings),
    /// In the whole system one makes the value, and all others wait.
    Everywhere(EverywhereSettings),
}

/// On each calling instance one request makes a value, and the others of that instance wait for it.
///
/// # What it models
/// Single flight within a process. The first that misses a key does the steps of `miss`, and those that miss the same key on the same instance
/// while it does wait for its value. A stampede has then at most as many regenerations of a key as there are calling instances.
///
/// All share what comes of it: a value, or its failure. A regeneration that fails fails for all who wait, with the same outcome, and the next request
/// tries again. One that was begun goes on when its own caller has given up, for the sake of the others. Waiting requests keep their workers.
/// They wait for as long as the steps of `miss` take, whose timeouts are what ends them; with `max_wait` a request that has waited so long makes
/// the value for itself.
///
/// It works too while a shared cache does not answer, because the instance itself knows what it is making.
///
/// # When to use it
/// In front of anything that is slow and asked for by many: it needs no other system.
///
/// # Knobs
/// - `max_wait`: how long a request waits for the value of another, duration, default as long as that takes
///
/// # Example
/// ```yaml
/// caches:
///   products:
///     contents: {keyed: {key: product, capacity: 50k, ttl: 10m}}
///     coalesce: per_instance
/// ```
///
/// # Source
/// Go `golang.org/x/sync/singleflight`; Caffeine's loading cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PerInstanceSettings {
    /// How long a request waits for the value of another before it makes the value for itself; default as long as that takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_wait: Option<SimDuration>,
}

/// In the whole system one request makes a value, and all others wait for it.
///
/// # What it models
/// A lock or a lease for each key. The first that misses a key does the steps of `miss`, and those that miss the same key anywhere while it does
/// wait for its value. Caches that lie in the memory of their callers get the value wherever somebody waited for it.
///
/// A regeneration that fails fails for all who wait, with the same outcome. When the instance crashes on which the value is being made, those who
/// wait elsewhere look again at once, and the first of them makes it: the lease of a real lock would first have to run out. With `max_wait` a
/// request that has waited so long makes the value for itself, as behind nginx when `proxy_cache_lock_timeout` is over; here its value is kept.
///
/// The lock is the cache's: where a shared cache does not answer, nobody waits for anybody.
///
/// # When to use it
/// Where even one regeneration for each instance is too much for what is behind the cache.
///
/// # Knobs
/// - `max_wait`: how long a request waits for the value of another, duration, default as long as that takes
///
/// # Example
/// ```yaml
/// caches:
///   products:
///     contents: {keyed: {key: product, capacity: 50k, ttl: 10m}}
///     coalesce: everywhere
/// ```
///
/// # Source
/// Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013 (leases); nginx `proxy_cache_lock`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EverywhereSettings {
    /// How long a request waits for the value of another before it makes the value for itself; default as long as that takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_wait: Option<SimDuration>,
}

impl CoalesceSettings {
    /// The word in the file, and how long a request waits.
    fn settings(self) -> (&'static str, Option<SimDuration>) {
        match self {
            Self::PerInstance(s) => ("per_instance", s.max_wait),
            Self::Everywhere(s) => ("everywhere", s.max_wait),
        }
    }

    /// How long a request waits for the value of another at most [ns].
    pub fn max_wait_ns(self) -> Option<u64> {
        self.settings().1.map(SimDuration::ns)
    }

    /// Problems of the settings.
    pub fn validate(self, problems: &mut Problems) {
        let (name, max_wait) = self.settings();
        if max_wait.is_some_and(SimDuration::is_zero) {
            problems.at(name, |p| {
                p.error("max_wait", "nobody waits for the value of another").hint =
                    Some("leave coalesce out, or write max_wait: 500ms".into());
            });
        }
    }
}
