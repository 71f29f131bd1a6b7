//! Copies of regions that agree: from when on each region has a write that was committed in another.
//!
//! What a region lacks of a row stands in a queue in the order in which it comes: a later write brings what was before it, so that one that would
//! come after it is one with it. A region that is cut off, or all of whose instances are down, gets what it lacks when it can be reached again. So
//! of a row each region has no more entries than there are writes on their way.
//!
//! It is kept only where somebody reads the copy of a region (`Topology::reads_own_region`).

use crate::ids::ZoneId;
use crate::model::Model;
use crate::topology::Service;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// When a write comes to a region that cannot be reached.
const AWAY: u64 = u64::MAX;

/// Writes of a row that come to a region together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Coming {
    /// When [ns].
    at: u64,
    /// When the first of them was committed [ns].
    since: u64,
    /// How many they are.
    writes: u64,
    /// The zone that has taken the last.
    from: ZoneId,
}

/// What one region has not got yet.
#[derive(Debug, Default)]
struct Region {
    /// The zone that speaks for it; `None` where the store does not stand there.
    zone: Option<ZoneId>,
    /// Writes on their way, by row.
    coming: BTreeMap<u64, VecDeque<Coming>>,
    /// (when a write comes [ns], its row).
    over: VecDeque<(u64, u64)>,
    /// Rows of which a write comes only when the region can be reached again.
    away: BTreeSet<u64>,
}

impl Region {
    /// A write of a row comes, and brings what would come later.
    fn gets(&mut self, row: u64, mut write: Coming) {
        let queue = self.coming.entry(row).or_default();
        while let Some(later) = queue.pop_back_if(|before| before.at >= write.at) {
            write.since = write.since.min(later.since);
            write.writes += later.writes;
        }
        queue.push_back(write);
        if write.at == AWAY {
            self.away.insert(row);
        } else {
            self.away.remove(&row);
            self.over.push_back((write.at, row));
        }
    }

    /// Forgets what has come of a row.
    fn has_got(&mut self, row: u64, now: u64) {
        let Some(queue) = self.coming.get_mut(&row) else { return };
        while queue.pop_front_if(|write| write.at <= now).is_some() {}
        if queue.is_empty() {
            self.coming.remove(&row);
        }
    }

    fn forgets(&mut self, now: u64) {
        while let Some((_, row)) = self.over.pop_front_if(|(at, _)| *at <= now) {
            self.has_got(row, now);
        }
    }
}

/// How long a message is on its way from one zone to another [ns]; `None` where nothing comes through.
pub(super) type Way<'w> = &'w dyn Fn(ZoneId, ZoneId) -> Option<u64>;

/// What the regions of one store have not got yet.
#[derive(Debug)]
pub(super) struct Regions {
    /// The region of each zone.
    of_zone: Vec<usize>,
    regions: Vec<Region>,
}

impl Regions {
    pub(super) fn new(model: &Model, service: &Service) -> Self {
        let of_zone: Vec<usize> = model.zones.iter().map(|zone| zone.region.index()).collect();
        let mut regions: Vec<Region> = model.regions.iter().map(|_| Region::default()).collect();
        for &zone in &service.zones {
            regions[of_zone[zone.index()]].zone.get_or_insert(zone);
        }
        Self { of_zone, regions }
    }

    /// A write of a row is committed in a zone, and sets out to the other regions.
    pub(super) fn writes(&mut self, row: u64, from: ZoneId, now: u64, way: Way) {
        let own = self.of_zone[from.index()];
        for (number, region) in self.regions.iter_mut().enumerate() {
            let Some(zone) = region.zone else { continue };
            region.forgets(now);
            if number == own {
                // What is written here comes after all that was written before.
                region.coming.remove(&row);
                region.away.remove(&row);
                continue;
            }
            let at = way(from, zone).map_or(AWAY, |takes| now.saturating_add(takes));
            region.gets(row, Coming { at, since: now, writes: 1, from });
        }
    }

    /// How many writes of a row the region of a zone has not got, and whether one of them was committed by `since`.
    pub(super) fn lacks(&mut self, row: u64, zone: ZoneId, (since, now): (u64, u64)) -> (u64, bool) {
        let region = &mut self.regions[self.of_zone[zone.index()]];
        region.has_got(row, now);
        let Some(queue) = region.coming.get(&row) else { return (0, false) };
        let is_stale = queue.front().is_some_and(|write| write.since <= since);
        (queue.iter().map(|write| write.writes).sum(), is_stale)
    }

    /// Regions may be reached that were not, or not any more: what was away sets out to those that can be, and what was on its way to a region that
    /// is dark comes to nobody.
    pub(super) fn may_change(&mut self, now: u64, is_dark: &dyn Fn(ZoneId) -> bool, way: Way) {
        for region in &mut self.regions {
            let Some(zone) = region.zone else { continue };
            region.forgets(now);
            if is_dark(zone) {
                for (&row, queue) in &mut region.coming {
                    let late = queue.split_off(queue.partition_point(|write| write.at <= now));
                    let (Some(first), Some(last)) = (late.front(), late.back()) else { continue };
                    let writes = late.iter().map(|write| write.writes).sum();
                    queue.push_back(Coming { at: AWAY, since: first.since, writes, from: last.from });
                    region.away.insert(row);
                }
                continue;
            }
            let mut ways: BTreeMap<ZoneId, Option<u64>> = BTreeMap::new();
            for row in std::mem::take(&mut region.away) {
                let Some(write) = region.coming.get_mut(&row).and_then(VecDeque::pop_back) else { continue };
                let takes = *ways.entry(write.from).or_insert_with(|| way(write.from, zone));
                let at = takes.map_or(AWAY, |takes| now.saturating_add(takes));
                region.gets(row, Coming { at, ..write });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two regions of one zone each.
    fn regions() -> Regions {
        let region = |zone| Region { zone: Some(ZoneId(zone)), ..Region::default() };
        Regions { of_zone: vec![0, 1], regions: vec![region(0), region(1)] }
    }

    const HERE: ZoneId = ZoneId(0);
    const THERE: ZoneId = ZoneId(1);
    const ROW: u64 = 5;

    #[test]
    fn a_write_is_seen_at_once_where_it_is_taken_and_one_way_later_elsewhere() {
        let mut at = regions();
        at.writes(ROW, HERE, 100, &|_, _| Some(20));
        assert_eq!(at.lacks(ROW, HERE, (100, 100)), (0, false));
        assert_eq!(at.lacks(ROW, THERE, (100, 119)), (1, true));
        assert_eq!(at.lacks(ROW, THERE, (99, 119)), (1, false), "it was committed after the read began");
        assert_eq!(at.lacks(ROW + 1, THERE, (100, 119)), (0, false));
        assert_eq!(at.lacks(ROW, THERE, (120, 120)), (0, false));
        assert!(at.regions[1].coming.is_empty(), "what has come is forgotten");
    }

    #[test]
    fn a_later_write_brings_what_was_before_it() {
        let mut at = regions();
        for (now, takes) in [(0, 50), (10, 70), (20, 30)] {
            at.writes(ROW, HERE, now, &|_, _| Some(takes));
        }
        assert_eq!(at.lacks(ROW, THERE, (5, 49)), (3, true));
        assert_eq!(at.lacks(ROW, THERE, (50, 50)), (0, false), "the last comes first");
        // And what is written in the region itself as well.
        at.writes(ROW, HERE, 60, &|_, _| None);
        assert_eq!(at.lacks(ROW, THERE, (60, 1_000)), (1, true));
        at.writes(ROW, THERE, 61, &|_, _| Some(1));
        assert_eq!(at.lacks(ROW, THERE, (61, 1_000)), (0, false));
    }

    #[test]
    fn a_region_that_is_cut_off_gets_all_when_it_can_be_reached() {
        let mut at = regions();
        at.writes(ROW, HERE, 0, &|_, _| Some(10));
        for now in 1..10_000 {
            at.writes(ROW, HERE, now, &|_, _| None);
        }
        assert_eq!(at.lacks(ROW, THERE, (9_999, 9_999)), (9_999, true));
        assert!(at.regions[1].coming[&ROW].len() < 3, "one entry for all that is away");
        at.may_change(10_000, &|_| false, &|_, _| None);
        assert_eq!(at.lacks(ROW, THERE, (10_000, 10_000)), (9_999, true));
        at.may_change(10_000, &|_| false, &|_, _| Some(7));
        assert_eq!(at.lacks(ROW, THERE, (10_000, 10_006)), (9_999, true));
        assert_eq!(at.lacks(ROW, THERE, (10_007, 10_007)), (0, false));
    }

    #[test]
    fn what_is_on_its_way_to_a_region_that_goes_dark_comes_when_it_is_back() {
        let mut at = regions();
        for now in [0, 5, 30, 40] {
            at.writes(ROW, HERE, now, &|_, _| Some(20));
        }
        at.may_change(41, &|zone| zone == THERE, &|_, _| Some(20));
        assert_eq!(at.lacks(ROW, THERE, (29, 1_000)), (2, false), "the first two had come");
        assert_eq!(at.lacks(ROW, THERE, (30, 1_000)), (2, true));
        at.may_change(1_000, &|_| false, &|_, _| Some(20));
        assert_eq!(at.lacks(ROW, THERE, (1_000, 1_019)), (2, true));
        assert_eq!(at.lacks(ROW, THERE, (1_020, 1_020)), (0, false));
    }
}
