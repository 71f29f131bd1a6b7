//! What callers saw of each version of a service, call site by call site.
//!
//! Counted where an attempt ends, by the version of the instance to which it went. Attempts that never came to an instance are of no version.
//! Nothing is kept at call sites of services without versions.

use super::histogram::{Histogram, SparseHistogram};
use crate::ids::{EdgeId, VersionId};
use std::collections::BTreeMap;

/// Something of each version at each call site.
pub type ByVersion<T> = BTreeMap<(EdgeId, VersionId), T>;

/// What attempts that went to one version came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VersionCounts {
    /// Attempts ended, by outcome as the caller saw it.
    pub outcomes: [u64; 8],
    /// Attempts without a timeout that had waited too long when the run ended.
    pub unanswered: u64,
    /// Answers that looked ok and were wrong.
    pub wrong: u64,
    /// Sum of the latency of answers, and of what unanswered attempts have waited, modulo 2^64 [ns].
    pub latency_sum_ns: u64,
}

impl VersionCounts {
    fn each(&mut self, other: &Self, change: impl Fn(&mut u64, u64)) {
        self.outcomes.iter_mut().zip(other.outcomes).for_each(|(one, other)| change(one, other));
        change(&mut self.unanswered, other.unanswered);
        change(&mut self.wrong, other.wrong);
        change(&mut self.latency_sum_ns, other.latency_sum_ns);
    }

    /// Adds those of another stretch of time, or call site.
    pub fn add(&mut self, other: &Self) {
        self.each(other, |sum, one| *sum = sum.wrapping_add(one));
    }

    /// Takes out those of a stretch that was added.
    pub fn take_out(&mut self, other: &Self) {
        self.each(other, |sum, one| *sum = sum.wrapping_sub(one));
    }
}

/// All that was counted by version since the start of a run.
#[derive(Debug, Default)]
pub struct Versions(ByVersion<(VersionCounts, Histogram)>);

impl Versions {
    /// An attempt has ended; `took_ns` where it was answered.
    pub fn ended(&mut self, site: EdgeId, version: VersionId, outcome: usize, took_ns: Option<u64>) {
        let (counts, latency) = self.0.entry((site, version)).or_default();
        counts.outcomes[outcome] += 1;
        if let Some(took_ns) = took_ns {
            counts.latency_sum_ns = counts.latency_sum_ns.wrapping_add(took_ns);
            latency.record(took_ns);
        }
    }

    /// An answer looked ok and was wrong.
    pub fn was_wrong(&mut self, site: EdgeId, version: VersionId) {
        self.0.entry((site, version)).or_default().0.wrong += 1;
    }

    /// The counts since the reading `before`, which becomes the present one.
    pub fn since(&self, before: &mut ByVersion<VersionCounts>) -> ByVersion<VersionCounts> {
        let mut since = ByVersion::new();
        for (of, (now, _)) in &self.0 {
            let mut counts = *now;
            counts.take_out(&before.insert(*of, *now).unwrap_or_default());
            if counts != VersionCounts::default() {
                since.insert(*of, counts);
            }
        }
        since
    }

    /// The latency of answers since the state `before`, which becomes the present one.
    pub fn latency_since(&self, before: &mut ByVersion<Histogram>) -> ByVersion<SparseHistogram> {
        self.0.iter().map(|(of, (_, now))| (*of, now.since(before.entry(*of).or_default()))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_add_up_to_the_whole() {
        let (site, v1, v2) = (EdgeId(3), VersionId(0), VersionId(1));
        let (mut versions, mut before, mut latency) = (Versions::default(), ByVersion::new(), ByVersion::new());
        versions.ended(site, v1, 0, Some(10));
        versions.ended(site, v2, 2, None);
        let first = versions.since(&mut before);
        assert_eq!((first[&(site, v1)].outcomes[0], first[&(site, v1)].latency_sum_ns), (1, 10));
        assert_eq!(first[&(site, v2)].outcomes[2], 1);
        assert_eq!(versions.latency_since(&mut latency)[&(site, v1)].total(), 1);
        versions.ended(site, v1, 0, Some(30));
        versions.was_wrong(site, v1);
        let second = versions.since(&mut before);
        assert_eq!(second.len(), 1, "nothing happened on the other version");
        let mut sum = first[&(site, v1)];
        sum.add(&second[&(site, v1)]);
        assert_eq!((sum.outcomes[0], sum.latency_sum_ns, sum.wrong), (2, 40, 1));
        assert_eq!(versions.latency_since(&mut latency)[&(site, v1)].total(), 1);
    }
}
