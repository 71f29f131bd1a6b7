//! What a run counts: counters and timed parts, which families declare, and histograms of durations. Integrals are sums (see `results`).

mod counter;
mod histogram;
mod timed;

pub(crate) use counter::counters;
pub use counter::{Counted, Counter, Listed, Place, Tally};
pub use histogram::{Histogram, InBucket, SparseHistogram, bucket_around, fresh};
pub(crate) use timed::timed;
pub use timed::{ByPart, PartId, TimedAt, TimedPart, TimedSums, Times};

/// Up to how many requests in an instance are told apart.
pub const HOLDING: usize = 8;
