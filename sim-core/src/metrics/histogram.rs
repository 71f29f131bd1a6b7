//! A log-linear histogram of durations in integer nanoseconds, which merges exactly.
//!
//! Each octave from 1.024 us up has 128 buckets, so a quantile is off by less than 0.8 % of its value; below, buckets are 8 ns wide.
//! Counts are integers of 64 bits, so that a merge in any order gives the same bytes and none that a run may count wraps: a replication may
//! have 60 thousand million events, and a study merges many. Quantiles interpolate linearly within their bucket.
//! A last bucket holds what never came to an end: it lies above every duration, and a quantile within it is infinite.

/// Sub-buckets of an octave, as a power of two.
const PRECISION: u32 = 7;
/// Durations below 2^10 ns share the linear part.
const LINEAR_BITS: u32 = 10;
/// Octaves above the linear part: up to 2^10 * 2^42 ns, which is 52 days.
const OCTAVES: usize = 42;
/// Buckets in all.
const BUCKETS: usize = (OCTAVES + 1) << PRECISION;
/// The bucket of what never came to an end.
const NEVER: usize = BUCKETS;

/// A duration that is known up to its bucket [ns].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InBucket {
    /// Where it lies by interpolation.
    pub at: f64,
    /// The shortest duration of the bucket.
    pub low: f64,
    /// The shortest duration of the next bucket.
    pub high: f64,
}

/// The bucket that a duration of so many nanoseconds is counted in; `None` of none that can be counted.
pub fn bucket_around(ns: f64) -> Option<InBucket> {
    let known = (0.0..lower(BUCKETS - 1) as f64).contains(&ns);
    let index = bucket(ns.max(0.0) as u64);
    known.then(|| InBucket { at: ns, low: lower(index) as f64, high: lower(index + 1) as f64 })
}

/// Counts of durations by bucket.
#[derive(Clone)]
pub struct Histogram {
    counts: Box<[u64; BUCKETS + 1]>,
}

/// The buckets of a histogram that are not empty, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SparseHistogram {
    /// (bucket, count).
    pub buckets: Vec<(u16, u64)>,
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Histogram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Histogram of {}", self.total())
    }
}

/// The bucket of a duration.
#[inline(always)]
fn bucket(ns: u64) -> usize {
    let octave = (ns | (1 << LINEAR_BITS)).ilog2() - LINEAR_BITS;
    // In the linear part (octave 0) buckets are 8 ns wide, which is what 128 in the first octave from 1024 are.
    let shift = octave + LINEAR_BITS - PRECISION;
    let index = ((octave as usize) << PRECISION) + (ns >> shift) as usize;
    index.min(BUCKETS - 1)
}

/// The smallest duration of a bucket [ns].
fn lower(index: usize) -> u64 {
    let linear = 1usize << PRECISION;
    if index < 2 * linear {
        return (index as u64) << (LINEAR_BITS - PRECISION);
    }
    let octave = (index >> PRECISION) - 1;
    let within = (index & (linear - 1)) + linear;
    (within as u64) << (octave as u32 + LINEAR_BITS - PRECISION)
}

/// So many empty histograms. Unlike copies of one, they take no memory before something is counted.
pub fn fresh(n: usize) -> Vec<Histogram> {
    (0..n).map(|_| Histogram::new()).collect()
}

impl Histogram {
    /// An empty histogram.
    pub fn new() -> Self {
        let Ok(counts) = vec![0; BUCKETS + 1].into_boxed_slice().try_into() else {
            unreachable!("as many as there are buckets")
        };
        Self { counts }
    }

    /// Counts one duration [ns].
    #[inline(always)]
    pub fn record(&mut self, ns: u64) {
        self.counts[bucket(ns)] += 1;
    }

    /// Counts `n` durations of `ns`.
    pub fn record_many(&mut self, ns: u64, n: u64) {
        self.counts[bucket(ns)] += n;
    }

    /// Counts `n` things that never came to an end: longer than every duration.
    pub fn record_never(&mut self, n: u64) {
        self.counts[NEVER] += n;
    }

    /// Number of durations, those without an end included.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// No duration is longer than this one [ns], but those that never came to an end; 0 if there is none.
    pub fn longest(&self) -> u64 {
        self.counts[..NEVER].iter().rposition(|&count| count > 0).map_or(0, |index| lower(index + 1))
    }

    /// Adds all counts of another histogram.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(other.counts.iter()) {
            *mine += theirs;
        }
    }

    /// Adds the counts of a sparse histogram.
    pub fn add_sparse(&mut self, other: &SparseHistogram) {
        for &(index, count) in &other.buckets {
            self.counts[index as usize] += count;
        }
    }

    /// Takes counts out that were added before.
    ///
    /// # Panics
    /// If there are not as many: they were not added.
    pub fn take_out_sparse(&mut self, other: &SparseHistogram) {
        for &(index, count) in &other.buckets {
            let at = &mut self.counts[index as usize];
            *at = at.checked_sub(count).expect("only what was added is taken out");
        }
    }

    /// What came in since `before`, and makes `before` equal to this one.
    ///
    /// # Panics
    /// If `before` counts more than this one: it is not an earlier state of it.
    pub fn since(&self, before: &mut Self) -> SparseHistogram {
        let mut buckets = Vec::new();
        let octaves = self.counts.chunks(1 << PRECISION).zip(before.counts.chunks_mut(1 << PRECISION));
        // Most octaves have not changed, and to see that takes less than to look for what has.
        for (octave, (now, then)) in octaves.enumerate().filter(|(_, (now, then))| now != then) {
            for (within, (now, then)) in now.iter().zip(then).enumerate().filter(|(_, (now, then))| now != then) {
                let more = now.checked_sub(*then).expect("a histogram only grows");
                buckets.push(((octave << PRECISION | within) as u16, more));
                *then = *now;
            }
        }
        SparseHistogram { buckets }
    }

    /// The buckets that are not empty.
    pub fn to_sparse(&self) -> SparseHistogram {
        let all = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        SparseHistogram { buckets: all.map(|(index, count)| (index as u16, *count)).collect() }
    }

    /// The duration that a share `q` of all does not exceed [ns], linear within the bucket; infinite where it is one of those that never
    /// came to an end; `None` if there is none.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        self.quantile_in_bucket(q).map(|found| found.at)
    }

    /// The same with the bucket that it lies in: where in the bucket the duration is, the counts do not tell.
    pub fn quantile_in_bucket(&self, q: f64) -> Option<InBucket> {
        let total = self.total();
        if total == 0 {
            return None;
        }
        let want = q.clamp(0.0, 1.0) * total as f64;
        let mut below = 0u64;
        for (index, &count) in self.counts.iter().enumerate() {
            if count > 0 && (below + count) as f64 >= want {
                if index == NEVER {
                    return Some(InBucket { at: f64::INFINITY, low: f64::INFINITY, high: f64::INFINITY });
                }
                let (low, high) = (lower(index) as f64, lower(index + 1) as f64);
                let within = ((want - below as f64) / count as f64).clamp(0.0, 1.0);
                return Some(InBucket { at: low + (high - low) * within, low, high });
            }
            below += count;
        }
        let last = lower(BUCKETS) as f64;
        Some(InBucket { at: last, low: last, high: last })
    }

    /// Share of durations greater than `ns`; `None` if there is none. Linear within the bucket.
    pub fn share_above(&self, ns: u64) -> Option<f64> {
        let total = self.total();
        if total == 0 {
            return None;
        }
        let at = bucket(ns);
        let (low, high) = (lower(at) as f64, lower(at + 1) as f64);
        let within = self.counts[at] as f64 * ((high - ns as f64) / (high - low)).clamp(0.0, 1.0);
        let above: u64 = self.counts[at + 1..].iter().sum();
        Some((above as f64 + within) / total as f64)
    }
}

impl SparseHistogram {
    /// Counts `n` things that never came to an end: longer than every duration.
    pub fn add_never(&mut self, n: u64) {
        match self.buckets.last_mut() {
            Some((index, count)) if usize::from(*index) == NEVER => *count += n,
            _ => self.buckets.push((NEVER as u16, n)),
        }
    }

    /// How many durations are at most `ns`; linear within the bucket. What never came to an end is above every `ns`, an infinite one too.
    pub fn at_most(&self, ns: f64) -> f64 {
        let below = |&(index, count): &(u16, u64)| {
            let (low, high) = (lower(index as usize) as f64, lower(index as usize + 1) as f64);
            count as f64 * ((ns - low) / (high - low)).clamp(0.0, 1.0)
        };
        self.buckets.iter().filter(|(index, _)| usize::from(*index) != NEVER).map(below).sum()
    }

    /// Number of durations.
    pub fn total(&self) -> u64 {
        self.buckets.iter().map(|&(_, count)| count).sum()
    }

    /// Adds all counts of another histogram.
    pub fn merge(&mut self, other: &Self) {
        let (mine, theirs) = (std::mem::take(&mut self.buckets), &other.buckets);
        self.buckets.reserve(mine.len().max(theirs.len()));
        let (mut a, mut b) = (mine.into_iter().peekable(), theirs.iter().copied().peekable());
        loop {
            let next = match (a.peek(), b.peek()) {
                (Some(x), Some(y)) if x.0 == y.0 => a.next().zip(b.next()).map(|(x, y)| (x.0, x.1 + y.1)),
                (Some(x), Some(y)) if x.0 < y.0 => a.next(),
                (Some(_), None) => a.next(),
                _ => b.next(),
            };
            let Some(next) = next else { return };
            self.buckets.push(next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_ends_is_above_every_duration() {
        let mut all = Histogram::new();
        (0..90).for_each(|_| all.record(1_000_000));
        all.record_never(10);
        assert_eq!(all.total(), 100);
        assert!(all.quantile(0.9).unwrap() < 1.01e6);
        assert_eq!(all.quantile(0.91), Some(f64::INFINITY));
        assert_eq!(all.share_above(u64::MAX), Some(0.1));
        let mut sparse = SparseHistogram::default();
        sparse.add_never(7);
        sparse.add_never(3);
        assert_eq!((sparse.total(), sparse.at_most(f64::INFINITY)), (10, 0.0));
        let mut sum = all.clone();
        sum.add_sparse(&sparse);
        assert_eq!(sum.share_above(2_000_000), Some(20.0 / 110.0));
        let mut before = Histogram::new();
        assert_eq!(all.since(&mut before), all.to_sparse());
        assert_eq!(before.quantile(1.0), Some(f64::INFINITY));
    }

    #[test]
    fn buckets_are_ordered_and_hold_their_bounds() {
        for index in 0..BUCKETS {
            assert_eq!(bucket(lower(index)), index, "lower bound of bucket {index}");
            if index + 1 < BUCKETS {
                assert_eq!(bucket(lower(index + 1) - 1), index, "last value of bucket {index}");
            }
        }
    }

    #[test]
    fn quantile_is_within_a_bucket_of_the_truth() {
        let mut h = Histogram::new();
        for ns in 1..=100_000u64 {
            h.record(ns * 1000);
        }
        for q in [0.5, 0.9, 0.99, 0.999] {
            let exact = q * 1e8;
            assert!((h.quantile(q).unwrap() / exact - 1.0).abs() < 0.008, "quantile {q}");
        }
        assert!((h.share_above(90_000_000).unwrap() - 0.1).abs() < 0.001);
    }

    #[test]
    fn differences_add_up_to_the_whole() {
        let (mut h, mut seen) = (Histogram::new(), Histogram::new());
        let mut sum = Histogram::new();
        for round in 0..5 {
            for i in 0..1000 {
                h.record(i * 977 * (round + 1));
            }
            sum.add_sparse(&h.since(&mut seen));
        }
        assert_eq!(sum.counts, h.counts);
    }

    #[test]
    fn sparse_counts_as_the_whole_does() {
        let mut h = Histogram::new();
        (0..2000).for_each(|i| h.record(i * 1013));
        let sparse = h.to_sparse();
        assert_eq!(sparse.total(), h.total());
        for q in [0.01, 0.5, 0.99, 1.0] {
            let at = h.quantile(q).unwrap();
            assert!((sparse.at_most(at) / 2000.0 - q).abs() < 1e-9, "{q}");
        }
    }

    #[test]
    fn merged_counts_do_not_wrap() {
        let mut long = Histogram::new();
        long.record_many(5_002_000_000, u64::from(u32::MAX) - 1);
        long.record_many(1_000_000, 3);
        let (mut all, mut sparse) = (Histogram::new(), SparseHistogram::default());
        for _ in 0..40 {
            all.add_sparse(&long.to_sparse());
            all.merge(&long);
            sparse.merge(&long.to_sparse());
        }
        assert_eq!(sparse.total(), 40 * (u64::from(u32::MAX) + 2));
        assert_eq!(all.total(), 2 * sparse.total());
        assert!((all.quantile(0.5).unwrap() / 5.002e9 - 1.0).abs() < 0.008);
        let (mut dense, mut before) = (Histogram::new(), Histogram::new());
        dense.add_sparse(&sparse);
        assert_eq!(dense.since(&mut before), sparse);
    }

    #[test]
    fn sparse_merges_as_dense_does() {
        let of = |step: u64| {
            let mut one = Histogram::new();
            (0..500).for_each(|i| one.record(i * step));
            one
        };
        let (a, b) = (of(977), of(131_071));
        let (mut dense, mut sparse) = (a.clone(), a.to_sparse());
        dense.merge(&b);
        sparse.merge(&b.to_sparse());
        assert_eq!(sparse, dense.to_sparse());
    }

    #[test]
    fn a_quantile_lies_in_its_bucket_and_the_bucket_holds_the_truth() {
        let mut h = Histogram::new();
        h.record_many(2_000_000, 98);
        h.record_many(5_002_000_000, 2);
        let found = h.quantile_in_bucket(0.99).unwrap();
        assert!(found.low <= 5.002e9 && 5.002e9 < found.high && found.low <= found.at && found.at <= found.high);
        assert_eq!(bucket_around(5.002e9).map(|b| (b.low, b.high)), Some((found.low, found.high)));
        assert_eq!(bucket_around(f64::INFINITY), None);
    }

    #[test]
    fn empty_has_no_quantile() {
        assert_eq!(Histogram::new().quantile(0.5), None);
    }
}
