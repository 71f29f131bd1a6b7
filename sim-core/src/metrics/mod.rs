//! What a run counts: counters, timed parts and levels, which families declare, and histograms of durations. Integrals are sums (see `results`).

mod counter;
mod histogram;
mod level;
mod timed;
mod version;

pub(crate) use counter::counters;
pub use counter::{Counted, Counter, CounterPlace, Listed, Tally};
pub use histogram::{Histogram, InBucket, SparseHistogram, bucket_around, fresh};
pub(crate) use level::levels;
pub use level::{ByLevel, Level, LevelAt, LevelId, LevelOf, LevelSums, Levels};
pub(crate) use timed::timed;
pub use timed::{ByPart, PartAt, PartId, TimedAt, TimedPart, TimedSums, Times};
pub use version::{ByVersion, VersionCounts, Versions};

/// Up to how many requests in an instance are told apart.
pub const HOLDING: usize = 8;
