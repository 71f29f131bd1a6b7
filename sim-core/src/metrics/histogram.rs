//! A log-linear histogram of durations in integer nanoseconds, which merges exactly.
//!
//! Each octave from 1.024 us up has 128 buckets, so a quantile is off by less than 0.8 % of its value; below, buckets are 8 ns wide.
//! Counts are integers of 64 bits, so that a merge in any order gives the same bytes and none that a run may count wraps: a replication may
//! have 60 thousand million events, and a study merges many. Quantiles interpolate linearly within their bucket.
//! A last bucket holds what never came to an end: it lies above every duration, and a quantile within it is infinite.
//!
//! A histogram keeps the octaves between the shortest and the longest of its durations, and of each count the low 16 bits beside each other; what
//! does not fit into them is carried to a second list, which few histograms have. A system with hundreds of call sites has several histograms of
//! each, and records into all of them in turn: with all buckets at 64 bits they took three quarters of the memory of `big.yaml`, and 8 % of its time
//! in the cache.

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
#[derive(Clone, Default)]
pub struct Histogram {
    /// The low bits of the counts of whole octaves, from the bucket `first` on.
    counts: Box<[u16]>,
    first: u32,
    /// What few histograms have.
    rest: Option<Box<Rest>>,
}

/// What a histogram has if one of its counts has reached 2^16, or something never came to an end.
#[derive(Clone, Default)]
struct Rest {
    /// By place in `counts`: the count without its low bits. Empty before a count has reached 2^16.
    carried: Vec<u64>,
    never: u64,
}

/// The buckets of a histogram that are not empty, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SparseHistogram {
    /// (bucket, count).
    pub buckets: Vec<(u16, u64)>,
}

impl std::fmt::Debug for Histogram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Histogram of {}", self.total())
    }
}

/// The bucket of a duration, if there were no last one.
#[inline(always)]
fn unbounded_bucket(ns: u64) -> usize {
    let octave = (ns | (1 << LINEAR_BITS)).ilog2() - LINEAR_BITS;
    // In the linear part (octave 0) buckets are 8 ns wide, which is what 128 in the first octave from 1024 are.
    let shift = octave + LINEAR_BITS - PRECISION;
    ((octave as usize) << PRECISION) + (ns >> shift) as usize
}

/// The bucket of a duration; all that are too long share the last.
fn bucket(ns: u64) -> usize {
    unbounded_bucket(ns).min(BUCKETS - 1)
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

/// So many empty histograms.
pub fn fresh(n: usize) -> Vec<Histogram> {
    (0..n).map(|_| Histogram::new()).collect()
}

impl Histogram {
    /// An empty histogram.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one duration [ns].
    #[inline(always)]
    pub fn record(&mut self, ns: u64) {
        let bucket = unbounded_bucket(ns);
        let Some(count) = self.counts.get_mut(bucket.wrapping_sub(self.first as usize)) else {
            return self.record_first(ns);
        };
        *count = count.wrapping_add(1);
        if *count == 0 {
            self.carry(bucket);
        }
    }

    /// The low bits of the count of a bucket have run over.
    #[cold]
    #[inline(never)]
    fn carry(&mut self, bucket: usize) {
        let place = bucket - self.first as usize;
        self.carried_mut()[place] += 1 << u16::BITS;
    }

    /// Counts `n` durations of `ns`.
    pub fn record_many(&mut self, ns: u64, n: u64) {
        self.add(bucket(ns), n);
    }

    /// Counts `n` things that never came to an end: longer than every duration.
    pub fn record_never(&mut self, n: u64) {
        self.add(NEVER, n);
    }

    /// Adds to the count of a bucket.
    fn add(&mut self, bucket: usize, n: u64) {
        if let Some(count) = self.counts.get_mut(bucket.wrapping_sub(self.first as usize))
            && let Ok(sum) = u16::try_from(u64::from(*count).saturating_add(n))
        {
            *count = sum;
        } else if n > 0 {
            self.set(bucket, self.count(bucket) + n);
        }
    }

    /// The first duration of an octave.
    #[cold]
    #[inline(never)]
    fn record_first(&mut self, ns: u64) {
        self.add(bucket(ns), 1);
    }

    /// The count of a bucket.
    fn count(&self, bucket: usize) -> u64 {
        if bucket == NEVER {
            return self.rest.as_ref().map_or(0, |rest| rest.never);
        }
        let place = bucket.wrapping_sub(self.first as usize);
        let low = self.counts.get(place).copied().unwrap_or(0);
        u64::from(low) + self.carried().get(place).copied().unwrap_or(0)
    }

    fn set(&mut self, bucket: usize, count: u64) {
        if bucket == NEVER {
            self.rest.get_or_insert_default().never = count;
            return;
        }
        self.reach(bucket, bucket + 1);
        let place = bucket - self.first as usize;
        let low = count as u16;
        self.counts[place] = low;
        let carried = count - u64::from(low);
        if carried > 0 || !self.carried().is_empty() {
            self.carried_mut()[place] = carried;
        }
    }

    /// What of the counts does not fit into their low bits: as many as there are counts, or none.
    fn carried(&self) -> &[u64] {
        self.rest.as_ref().map_or(&[], |rest| &rest.carried)
    }

    /// The same for all counts.
    fn carried_mut(&mut self) -> &mut [u64] {
        let rest = self.rest.get_or_insert_default();
        rest.carried.resize(self.counts.len(), 0);
        &mut rest.carried
    }

    /// The buckets that are kept.
    fn kept(&self) -> std::ops::Range<usize> {
        let first = self.first as usize;
        first..first + self.counts.len()
    }

    /// Keeps at least the buckets from one to before another, and all octaves between these and those that are kept.
    fn reach(&mut self, from: usize, to: usize) {
        let octave = 1 << PRECISION;
        let (from, to) = (from / octave * octave, to.next_multiple_of(octave));
        let kept = self.kept();
        if from >= to || (kept.start <= from && to <= kept.end) {
            return;
        }
        let wanted = if kept.is_empty() { from..to } else { from.min(kept.start)..to.max(kept.end) };
        let before = kept.start.saturating_sub(wanted.start);
        let mut counts = vec![0; wanted.len()].into_boxed_slice();
        counts[before..before + kept.len()].copy_from_slice(&self.counts);
        if let Some(rest) = self.rest.as_mut().filter(|rest| !rest.carried.is_empty()) {
            let mut carried = vec![0; wanted.len()];
            carried[before..before + kept.len()].copy_from_slice(&rest.carried);
            rest.carried = carried;
        }
        (self.counts, self.first) = (counts, wanted.start as u32);
    }

    /// The buckets that are not empty and their counts, in order.
    fn filled(&self) -> impl Iterator<Item = (usize, u64)> {
        let all = self.kept().chain(std::iter::once(NEVER)).map(|bucket| (bucket, self.count(bucket)));
        all.filter(|(_, count)| *count > 0)
    }

    /// Number of durations, those without an end included.
    pub fn total(&self) -> u64 {
        let low: u64 = self.counts.iter().map(|&count| u64::from(count)).sum();
        low + self.carried().iter().sum::<u64>() + self.count(NEVER)
    }

    /// No duration is longer than this one [ns], but those that never came to an end; 0 if there is none.
    pub fn longest(&self) -> u64 {
        self.kept().rev().find(|&bucket| self.count(bucket) > 0).map_or(0, |bucket| lower(bucket + 1))
    }

    /// Adds all counts of another histogram.
    pub fn merge(&mut self, other: &Self) {
        let kept = other.kept();
        self.reach(kept.start, kept.end);
        other.filled().for_each(|(bucket, count)| self.add(bucket, count));
    }

    /// Adds the counts of a sparse histogram.
    pub fn add_sparse(&mut self, other: &SparseHistogram) {
        for &(bucket, count) in &other.buckets {
            self.add(usize::from(bucket), count);
        }
    }

    /// Takes counts out that were added before.
    ///
    /// # Panics
    /// If there are not as many: they were not added.
    pub fn take_out_sparse(&mut self, other: &SparseHistogram) {
        for &(bucket, count) in &other.buckets {
            let bucket = usize::from(bucket);
            let left = self.count(bucket).checked_sub(count).expect("only what was added is taken out");
            self.set(bucket, left);
        }
    }

    /// What came in since `before`, and makes `before` equal to this one.
    ///
    /// # Panics
    /// If `before` counts more than this one: it is not an earlier state of it.
    pub fn since(&self, before: &mut Self) -> SparseHistogram {
        let kept = self.kept();
        before.reach(kept.start, kept.end);
        assert!(before.kept() == kept, "a histogram only grows");
        if !self.carried().is_empty() {
            before.carried_mut();
        }
        let mut buckets = Vec::with_capacity(128);
        for octave in kept.step_by(1 << PRECISION) {
            self.octave_since(before, octave, &mut buckets);
        }
        let never = self.count(NEVER).checked_sub(before.count(NEVER)).expect("a histogram only grows");
        if never > 0 {
            buckets.push((NEVER as u16, never));
            before.set(NEVER, self.count(NEVER));
        }
        buckets.shrink_to_fit();
        SparseHistogram { buckets }
    }

    /// The same of an octave, by its first bucket, where both keep the same buckets.
    fn octave_since(&self, before: &mut Self, octave: usize, buckets: &mut Vec<(u16, u64)>) {
        let first = octave - self.first as usize;
        let places = first..first + (1 << PRECISION);
        let is_same = |place: usize| {
            self.counts[place] == before.counts[place] && self.carried().get(place) == before.carried().get(place)
        };
        // Most octaves have not changed, and to see that takes less than to look for what has.
        let same = self.counts[places.clone()] == before.counts[places.clone()]
            && self.carried().get(places.clone()) == before.carried().get(places.clone());
        if same {
            return;
        }
        for place in places.clone().filter(|place| !is_same(*place)) {
            let bucket = place + self.first as usize;
            let more = self.count(bucket).checked_sub(before.count(bucket)).expect("a histogram only grows");
            buckets.push((bucket as u16, more));
        }
        before.counts[places.clone()].copy_from_slice(&self.counts[places.clone()]);
        if let Some(carried) = self.carried().get(places.clone()) {
            before.carried_mut()[places].copy_from_slice(carried);
        }
    }

    /// The buckets that are not empty.
    pub fn to_sparse(&self) -> SparseHistogram {
        SparseHistogram { buckets: self.filled().map(|(bucket, count)| (bucket as u16, count)).collect() }
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
        for (index, count) in self.filled() {
            if (below + count) as f64 >= want {
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
        let within = self.count(at) as f64 * ((high - ns as f64) / (high - low)).clamp(0.0, 1.0);
        let above: u64 = self.filled().filter(|(bucket, _)| *bucket > at).map(|(_, count)| count).sum();
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
    fn counts_in_two_parts_are_those_of_whole_numbers() {
        let (mut parts, mut whole) = (Histogram::new(), std::collections::BTreeMap::<u16, u64>::new());
        let mut before = Histogram::new();
        let mut state = 1u64;
        for round in 0..3000u64 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            // From short to long and back, so that octaves are added on both sides; now and then more than the low bits hold.
            let ns = (state >> 33) >> ((state >> 20) % 30);
            let n = if round % 5 == 0 { 70_000 } else { 1 };
            match (round % 3, n) {
                (0, _) => parts.record_many(ns, n),
                _ => (0..n).for_each(|_| parts.record(ns)),
            }
            *whole.entry(bucket(ns) as u16).or_default() += n;
            if round % 500 == 250 {
                let earlier = before.clone();
                let since = parts.since(&mut before);
                assert_eq!(before.to_sparse(), parts.to_sparse());
                let mut back = parts.clone();
                back.take_out_sparse(&since);
                assert_eq!(back.to_sparse(), earlier.to_sparse());
                back.merge(&earlier);
                assert_eq!(back.total(), 2 * earlier.total());
            }
        }
        let whole: Vec<(u16, u64)> = whole.into_iter().collect();
        assert!(whole.iter().any(|(_, count)| *count > 1 << 17), "no count ran over twice");
        assert_eq!(parts.total(), whole.iter().map(|(_, count)| count).sum::<u64>());
        assert_eq!(parts.longest(), lower(usize::from(whole[whole.len() - 1].0) + 1));
        assert_eq!(parts.to_sparse().buckets, whole);
    }

    #[test]
    fn durations_beyond_the_last_bucket_are_counted_in_it() {
        let mut h = Histogram::new();
        [lower(BUCKETS - 1), lower(BUCKETS), u64::MAX, u64::MAX].into_iter().for_each(|ns| h.record(ns));
        assert_eq!(h.to_sparse().buckets, [((BUCKETS - 1) as u16, 4)]);
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
        assert_eq!(sum.to_sparse(), h.to_sparse());
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
