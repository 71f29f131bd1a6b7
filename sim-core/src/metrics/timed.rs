//! Timed parts, as the families declare them, and what was timed while a run goes on.
//!
//! A family lists its timed parts in its own `mod.rs` by `timed!`, and `crate::counters` joins the lists. Nothing is kept of a part at
//! services and call sites where nothing was timed.

use super::histogram::{Histogram, SparseHistogram};
use crate::ids::{EdgeId, ProbeId, ServiceId};
use std::collections::BTreeMap;

/// A part of what happens at a service, store or queue, or before an attempt of a call is sent, that takes time: it has a mean and percentiles in
/// expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimedPart {
    /// Its name in expressions, behind that of the service or call.
    pub name: &'static str,
    /// At what it is timed.
    pub of: TimedAt,
    /// What is timed, for the reference: a phrase without a full stop.
    pub says: &'static str,
}

/// At what a part is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimedAt {
    /// Services, stores and queues.
    Node,
    /// Queues alone.
    Queue,
    /// Call sites.
    CallSite,
}

/// Declares the timed parts of a family: constants, and `TIMED`, their list.
macro_rules! timed {
    ($($of:ident { $($part:ident = $name:literal, $says:literal;)+ })+) => {
        $($(
            #[doc = concat!("`", $name, "`: ", $says, ".")]
            pub const $part: $crate::metrics::TimedPart =
                $crate::metrics::TimedPart { name: $name, of: $crate::metrics::TimedAt::$of, says: $says };
        )+)+
        /// The timed parts of the family.
        pub const TIMED: &[$crate::metrics::TimedPart] = &[$($($part),+),+];
    };
}
pub(crate) use timed;

/// A timed part, by its number among those of all families.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartId(pub(crate) u8);

/// A part at one service or one call site, whichever its declaration names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartAt {
    part: PartId,
    at: u32,
}

impl PartAt {
    /// A part that is timed at services.
    pub fn service(part: PartId, service: ServiceId) -> Self {
        Self { part, at: service.0 }
    }

    /// A part that is timed at call sites.
    pub fn call_site(part: PartId, site: EdgeId) -> Self {
        Self { part, at: site.0 }
    }

    /// A part that is timed of probes of one direction.
    pub fn probe(part: PartId, way: ProbeId) -> Self {
        Self { part, at: way.0 }
    }

    /// A part of one direction of a link, or of a route, by its place.
    pub fn link(part: PartId, place: usize) -> Self {
        Self { part, at: place as u32 }
    }

    /// The part.
    pub fn part(self) -> PartId {
        self.part
    }

    /// The number of the service, the call site, or the direction of probes.
    pub fn index(self) -> usize {
        self.at as usize
    }
}

/// By part, and the service or call site at which something was timed.
pub type ByPart<T> = BTreeMap<PartAt, T>;

/// How often a part was timed, and how long it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TimedSums {
    /// How often it ended.
    pub count: u64,
    /// How long it took in all [ns].
    pub sum_ns: u128,
    /// How often it had not ended when the run did, after too long a time.
    pub never: u64,
    /// How long these had taken until the end of the run [ns].
    pub never_ns: u128,
}

impl TimedSums {
    /// Adds another stretch of time.
    pub fn add(&mut self, next: &Self) {
        self.count += next.count;
        self.sum_ns += next.sum_ns;
        self.never += next.never;
        self.never_ns += next.never_ns;
    }

    /// Takes out a stretch of time that was added before.
    pub fn take_out(&mut self, first: &Self) {
        self.count -= first.count;
        self.sum_ns -= first.sum_ns;
        self.never -= first.never;
        self.never_ns -= first.never_ns;
    }
}

/// What was timed since the start of a run, of the parts and the services and call sites at which anything was.
#[derive(Debug, Default)]
pub struct Times {
    /// By part, by service or call site.
    parts: Vec<Vec<Option<Timed>>>,
}

/// One part at one service or call site.
#[derive(Debug)]
struct Timed {
    histogram: Histogram,
    count: u64,
    /// Modulo 2^64.
    sum_ns: u64,
}

impl Times {
    /// A part took so long.
    #[inline]
    pub fn record(&mut self, of: PartAt, ns: u64) {
        let timed = self.timed(of);
        timed.histogram.record(ns);
        timed.count += 1;
        timed.sum_ns = timed.sum_ns.wrapping_add(ns);
    }

    /// A part of which only sums are kept ended so many times more, and took so much more in all.
    pub fn add(&mut self, of: PartAt, count: u64, sum_ns: u64) {
        let timed = self.timed(of);
        timed.count += count;
        timed.sum_ns = timed.sum_ns.wrapping_add(sum_ns);
    }

    fn timed(&mut self, of: PartAt) -> &mut Timed {
        let part = usize::from(of.part.0);
        if self.parts.len() <= part {
            self.parts.resize_with(part + 1, Vec::new);
        }
        let places = &mut self.parts[part];
        if places.len() <= of.index() {
            places.resize_with(of.index() + 1, || None);
        }
        places[of.index()].get_or_insert_with(|| Timed { histogram: Histogram::new(), count: 0, sum_ns: 0 })
    }

    fn all(&self) -> impl Iterator<Item = (PartAt, &Timed)> {
        self.parts.iter().enumerate().flat_map(|(part, places)| {
            let there = places.iter().enumerate().filter_map(|(at, timed)| Some((at, timed.as_ref()?)));
            there.map(move |(at, timed)| (PartAt { part: PartId(part as u8), at: at as u32 }, timed))
        })
    }

    /// The histogram of a part; `None` where nothing was timed.
    pub fn histogram(&self, of: PartAt) -> Option<&Histogram> {
        self.parts.get(usize::from(of.part.0))?.get(of.index())?.as_ref().map(|timed| &timed.histogram)
    }

    /// What was timed since `before`, which becomes equal to this; only parts and places at which anything was.
    pub fn since(&self, before: &mut Self) -> ByPart<SparseHistogram> {
        let since = self.all().map(|(of, timed)| (of, timed.histogram.since(&mut before.timed(of).histogram)));
        since.filter(|(_, times)| !times.buckets.is_empty()).collect()
    }

    /// The sums of what was timed since `before`, counts and sums of a former state, which become those of now.
    pub fn sums_since(&self, before: &mut ByPart<(u64, u64)>) -> ByPart<TimedSums> {
        let mut since = ByPart::new();
        for (of, timed) in self.all() {
            let (count, sum_ns) = before.insert(of, (timed.count, timed.sum_ns)).unwrap_or_default();
            if timed.count > count {
                let sum_ns = u128::from(timed.sum_ns.wrapping_sub(sum_ns));
                since.insert(of, TimedSums { count: timed.count - count, sum_ns, ..TimedSums::default() });
            }
        }
        since
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_timed_is_kept() {
        let (mut times, mut before, mut sums) = (Times::default(), Times::default(), ByPart::new());
        assert!(times.since(&mut before).is_empty() && times.sums_since(&mut sums).is_empty());
        let [of, other] = [7, 1].map(|service| PartAt::service(PartId(2), ServiceId(service)));
        times.record(of, 1000);
        times.record(of, 3000);
        assert!(times.parts[0].is_empty() && times.histogram(PartAt::service(PartId(2), ServiceId(6))).is_none());
        assert_eq!(times.histogram(of).map(Histogram::total), Some(2));
        let since = times.since(&mut before);
        assert_eq!(since.iter().map(|(of, times)| (*of, times.total())).collect::<Vec<_>>(), [(of, 2)]);
        let of_both = TimedSums { count: 2, sum_ns: 4000, ..TimedSums::default() };
        assert_eq!(times.sums_since(&mut sums), ByPart::from([(of, of_both)]));
        times.record(other, 5);
        assert_eq!(times.since(&mut before).keys().collect::<Vec<_>>(), [&other]);
        assert_eq!(times.sums_since(&mut sums).keys().collect::<Vec<_>>(), [&other]);
        assert!(times.since(&mut before).is_empty() && times.sums_since(&mut sums).is_empty());
    }

    #[test]
    fn what_is_added_is_taken_out_again() {
        let one = TimedSums { count: 1, sum_ns: 2, never: 3, never_ns: 4 };
        let mut sum = one;
        sum.add(&one);
        assert_eq!(sum, TimedSums { count: 2, sum_ns: 4, never: 6, never_ns: 8 });
        sum.take_out(&one);
        assert_eq!(sum, one);
    }
}
