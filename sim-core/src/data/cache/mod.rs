//! Caches: what they hold, who makes a value anew when there is none, and what is counted of them.
//!
//! The settings stand here, and what decides without frames and calendar: which keys a cache keeps ([`Kept`]), and when a value is made anew
//! before it expires. Where values lie, who waits for whom and what a stale value is belongs to the world.

mod coalesce;
mod early;
mod fixed;
mod kept;
mod keyed;

pub use coalesce::{CoalesceSettings, EverywhereSettings, PerInstanceSettings};
pub use early::{EarlySettings, XfetchSettings};
pub use fixed::FixedSettings;
pub use kept::Kept;
pub use keyed::{Eviction, KeyedSettings};

use crate::kind::Kind;
use crate::metrics::counters;
use crate::problem::Problems;
use crate::units::{Bytes, SimDuration};
use serde::{Deserialize, Serialize};

/// What is in a cache.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContentsSettings {
    /// So many lookups are hits, whatever is asked for.
    Fixed(FixedSettings),
    /// The keys that were asked for, as far as they fit.
    Keyed(KeyedSettings),
}

/// The kinds of contents, of coalescing and of early recomputation.
pub const ALL: &[Kind] = &[
    Kind { family: "contents", name: "fixed", schema: || schemars::schema_for!(FixedSettings) },
    Kind { family: "contents", name: "keyed", schema: || schemars::schema_for!(KeyedSettings) },
    Kind { family: "coalesce", name: "per_instance", schema: || schemars::schema_for!(PerInstanceSettings) },
    Kind { family: "coalesce", name: "everywhere", schema: || schemars::schema_for!(EverywhereSettings) },
    Kind { family: "early", name: "xfetch", schema: || schemars::schema_for!(XfetchSettings) },
];

counters! {
    Service {
        HITS = "hits", "lookups that found a value in a cache, expired ones that it still gives among them", sampled;
        MISSES = "misses", "lookups that found no value in a cache, those among them that it did not answer", sampled;
        REGENERATIONS = "regenerations", "values of a cache that somebody began to make anew: for a miss, early, or in the background", sampled;
        COALESCED = "coalesced", "lookups that waited for the regeneration of another", sampled;
        SERVED_EXPIRED = "served_expired", "lookups that got an expired value while it was made anew in the background", sampled;
        EVICTIONS = "evictions", "values that left a cache because others needed the room", sampled;
    }
}

impl ContentsSettings {
    /// The word in the file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Fixed(_) => "fixed",
            Self::Keyed(_) => "keyed",
        }
    }

    /// The name of the key space whose keys are kept, where keys are told apart.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Fixed(_) => None,
            Self::Keyed(s) => Some(&s.key),
        }
    }

    /// Memory that each value takes where it lies; `None` where it takes none.
    pub fn entry_size(&self) -> Option<Bytes> {
        match self {
            Self::Fixed(_) => None,
            Self::Keyed(keyed) => keyed.entry_size,
        }
    }

    /// How long a value is good for; `None` is forever.
    pub fn ttl(&self) -> Option<SimDuration> {
        match self {
            Self::Fixed(s) => s.ttl,
            Self::Keyed(s) => s.ttl,
        }
    }

    /// Values are good for so long.
    pub fn lives_for(&mut self, new: SimDuration) {
        match self {
            Self::Fixed(FixedSettings { ttl, .. }) | Self::Keyed(KeyedSettings { ttl, .. }) => *ttl = Some(new),
        }
    }

    /// The share of lookups that are hits, where the file says it.
    pub fn hit_ratio(&self) -> Option<f64> {
        match self {
            Self::Fixed(s) => Some(s.hit_ratio.value()),
            Self::Keyed(_) => None,
        }
    }

    /// Whether a flush or an invalidation would change anything.
    pub fn remembers(&self) -> bool {
        !matches!(self, Self::Fixed(FixedSettings { ttl: None, .. }))
    }

    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        problems.at(self.name(), |p| {
            if self.ttl().is_some_and(SimDuration::is_zero) {
                p.error("ttl", "a value that expires at once is never found").hint =
                    Some("write ttl: 10m, or leave it out for values that do not expire".into());
            }
            if let Self::Keyed(settings) = self {
                settings.validate(p);
            }
        });
    }
}
