//! What a run counts: histograms of durations. Counters are plain fields (see `results`), integrals are sums.

mod histogram;

pub use histogram::{Histogram, InBucket, SparseHistogram, bucket_around, fresh};

/// Up to how many requests in an instance are told apart.
pub const HOLDING: usize = 8;
