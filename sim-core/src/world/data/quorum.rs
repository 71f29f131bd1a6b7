//! Stores without a primary: each write goes to all copies of its row and waits for some, each read asks all and takes the first few answers.
//!
//! Any instance takes a request and asks the copies. The four legs of a message to a copy (a write and its acknowledgement, a read and its reply)
//! take times of their own; this is the model WARS of probabilistically bounded staleness (Bailis et al., VLDB 2012). A read sees the newest of the
//! versions that the first copies to reply have at the time at which it comes to each of them.
//!
//! A copy that is down gets no write, and gets what it lacks one leg after it is back, from the instances that have kept it (hinted handoff). It is
//! not counted until then. The same is true of a copy to which nothing comes through from the instance that takes the request. So of a row only
//! writes are kept that some copy lacks, unless a newer one has come to all that are up.

use crate::counters::{count, part};
use crate::data::level::Level;
use crate::data::replication::Quorum as Settings;
use crate::data::{self, Cause, Wrongness};
use crate::dist::Sampler;
use crate::engine::math::whole_ns;
use crate::engine::rng::{Keyed, mix};
use crate::guarantees::given;
use crate::ids::{InstanceId, ServiceId};
use crate::metrics::PartAt;
use crate::outcome::Outcome;
use crate::results::TraceStepKind;
use crate::world::World;
use crate::world::frame::{FrameId, Phase};
use crate::world::probe::Stage;
use std::collections::{BTreeMap, VecDeque};

/// When a write comes to a copy that is down.
const AWAY: u64 = u64::MAX;

/// How long a message is on its way to each copy of a row, and its answer back, beside the legs of the store [ns]; `None` where nothing comes
/// through.
type Ways = Vec<[Option<u64>; 2]>;

/// When a write was answered that was not yet.
const NEVER: u64 = u64::MAX;

const WRITE: u64 = 0x76;
const READ: u64 = 0x77;
const HINT: u64 = 0x78;
const RING: u64 = 0x79;
const WAYS: u64 = 0x7e;

/// A write of a row.
#[derive(Debug, Clone)]
struct Write {
    /// Later writes of the store have higher numbers.
    number: u64,
    /// When it was answered [ns].
    committed: u64,
    /// When it comes to each copy of the row [ns].
    comes: Vec<u64>,
    /// How many things of its row are gone by it, where it sells one.
    gone: Option<u64>,
}

impl Write {
    /// Whether all copies have it that will get it without coming back first.
    fn is_everywhere(&self, now: u64) -> bool {
        self.comes.iter().all(|&at| at <= now || at == AWAY)
    }
}

/// What a read comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    /// Whether it misses a write that was answered before it began.
    is_stale: bool,
    /// How many writes of its row it misses.
    behind: u64,
    /// How many things of the row are gone, as far as it sees.
    gone: u64,
}

/// The rows of a store without a primary.
#[derive(Debug)]
pub(super) struct Quorum {
    settings: Settings,
    write: Sampler,
    ack: Sampler,
    read: Sampler,
    reply: Sampler,
    /// Instances over which the copies are spread.
    instances: u32,
    is_up: Vec<bool>,
    next: u64,
    rows: BTreeMap<u64, VecDeque<Write>>,
    /// (when a write is everywhere [ns], its row).
    over: VecDeque<(u64, u64)>,
    /// By instance that is down: the rows that it lacks.
    hints: Vec<Vec<u64>>,
    /// How many things of each row are gone by writes that are forgotten.
    gone: BTreeMap<u64, u64>,
}

impl Quorum {
    pub(super) fn new(settings: &Settings, instances: u32, places: usize) -> Self {
        let legs = &settings.legs;
        Self {
            write: legs.write.build(),
            ack: legs.ack.build(),
            read: legs.read.build(),
            reply: legs.reply.build(),
            settings: settings.clone(),
            instances,
            is_up: (0..places).map(|number| number < instances as usize).collect(),
            next: 0,
            rows: BTreeMap::new(),
            over: VecDeque::new(),
            hints: vec![Vec::new(); places],
            gone: BTreeMap::new(),
        }
    }

    /// The instances that have a copy of a row, by number.
    fn copies_of(&self, row: u64) -> impl Iterator<Item = usize> + use<> {
        let (all, first) = (u64::from(self.instances), mix(row, RING) % u64::from(self.instances));
        (0..u64::from(self.settings.copies)).map(move |copy| ((first + copy) % all) as usize)
    }

    /// A write sets out to the copies of its row: its number, and after how long enough have acknowledged it [ns]; `None` where too few are up.
    fn writes(&mut self, row: u64, key: u64, now: u64, ways: &Ways) -> Option<(u64, u64)> {
        let copies: Vec<usize> = self.copies_of(row).collect();
        let mut draw = Keyed::new(mix(key, WRITE));
        let mut acks = Vec::with_capacity(copies.len());
        let mut comes = Vec::with_capacity(copies.len());
        for (place, &copy) in copies.iter().enumerate() {
            let there = whole_ns(self.write.sample(&mut draw));
            let back = whole_ns(self.ack.sample(&mut draw));
            match ways.get(place).copied().unwrap_or([Some(0); 2]) {
                [Some(way), back_way] if self.is_up[copy] => {
                    comes.push(now + there + way);
                    acks.extend(back_way.map(|back_way| there + way + back + back_way));
                }
                _ => comes.push(AWAY),
            }
        }
        acks.sort_unstable();
        let took = *acks.get(self.settings.write as usize - 1)?;
        for (&copy, _) in copies.iter().zip(&comes).filter(|(_, at)| **at == AWAY) {
            self.hints[copy].push(row);
        }
        Some((self.keeps(row, comes, now), took))
    }

    /// A write comes to the copies of its row at these times; its number.
    fn keeps(&mut self, row: u64, comes: Vec<u64>, now: u64) -> u64 {
        self.forgets(now);
        let last = comes.iter().copied().filter(|&at| at != AWAY).max().unwrap_or(now);
        self.over.push_back((last, row));
        self.next += 1;
        self.rows.entry(row).or_default().push_back(Write { number: self.next, committed: NEVER, comes, gone: None });
        self.next
    }

    /// The write that has set out last sells a thing of its row, of which so many are gone by it.
    fn sells(&mut self, row: u64, gone: u64) {
        let last = self.rows.get_mut(&row).and_then(VecDeque::back_mut);
        last.into_iter().for_each(|write| write.gone = Some(gone));
    }

    /// Whether enough copies of a row are up, and come through, to take a write.
    fn can_write(&self, row: u64, ways: &Ways) -> bool {
        let comes_through = |place: usize| ways.get(place).is_none_or(|way| way.iter().all(Option::is_some));
        let takes = |(place, copy): &(usize, usize)| self.is_up[*copy] && comes_through(*place);
        self.copies_of(row).enumerate().filter(takes).count() >= self.settings.write as usize
    }

    /// Enough copies were to have acknowledged a write by now, and it is answered, unless one of them went down before it had the write: until when
    /// it waits for others then [ns], or that there are too few.
    fn is_committed(&mut self, row: u64, number: u64, now: u64) -> Result<(), Option<u64>> {
        let writes = self.rows.get_mut(&row);
        let write = writes.and_then(|writes| writes.iter_mut().find(|write| write.number == number));
        // All copies have what is forgotten.
        let Some(write) = write else { return Ok(()) };
        let mut comes: Vec<u64> = write.comes.iter().copied().filter(|&at| at != AWAY).collect();
        comes.sort_unstable();
        match comes.get(self.settings.write as usize - 1) {
            Some(&at) if at > now => Err(Some(at)),
            Some(_) => {
                write.committed = now;
                Ok(())
            }
            None => Err(None),
        }
    }

    /// What a read sees of a row whose first replies come from these copies, each with the time at which it is asked [ns]; the request began at
    /// `since`.
    fn sees(&self, row: u64, asked: &[(usize, u64)], since: u64) -> Seen {
        let settled = self.gone.get(&row).copied().unwrap_or(0);
        let Some(writes) = self.rows.get(&row) else { return Seen { is_stale: false, behind: 0, gone: settled } };
        let has = |write: &&Write| asked.iter().any(|&(copy, at)| write.comes[copy] <= at);
        let seen = writes.iter().rev().find(has).map_or(0, |write| write.number);
        let missed = writes.iter().filter(|write| write.number > seen);
        let behind = missed.clone().count() as u64;
        let gone = writes.iter().rev().filter(has).find_map(|write| write.gone).unwrap_or(settled);
        Seen { is_stale: missed.into_iter().any(|write| write.committed <= since), behind, gone }
    }

    /// A read sets out to the copies of its row and waits for so many: what it sees, and how long it takes [ns]; `None` where too few are up.
    fn reads(&self, row: u64, key: u64, (since, now): (u64, u64), read: usize, ways: &Ways) -> Option<(Seen, u64)> {
        let mut draw = Keyed::new(mix(key, READ));
        let mut replies: Vec<(u64, usize, u64)> = Vec::with_capacity(self.settings.copies as usize);
        for (place, copy) in self.copies_of(row).enumerate() {
            let there = whole_ns(self.read.sample(&mut draw));
            let back = whole_ns(self.reply.sample(&mut draw));
            let ways = ways.get(place).copied().unwrap_or([Some(0); 2]);
            if let ([Some(way), Some(back_way)], true) = (ways, self.is_up[copy]) {
                replies.push((there + way + back + back_way, place, now + there + way));
            }
        }
        replies.sort_unstable();
        let first = replies.get(..read)?;
        let asked: Vec<(usize, u64)> = first.iter().map(|&(_, place, at)| (place, at)).collect();
        Some((self.sees(row, &asked, since), first.last()?.0))
    }

    /// An instance is up, or not any more. What it lacks comes as hints, where they come through.
    pub(super) fn changes(&mut self, number: usize, is_up: bool, now: u64) {
        if std::mem::replace(&mut self.is_up[number], is_up) == is_up || is_up {
            return;
        }
        // What is on its way to it comes to nobody.
        let rows: Vec<u64> = self.rows.keys().copied().collect();
        for row in rows {
            let Some(place) = self.copies_of(row).position(|copy| copy == number) else { continue };
            let Some(writes) = self.rows.get_mut(&row) else { continue };
            let mut lacks = false;
            for write in writes.iter_mut().filter(|write| write.comes[place] > now) {
                write.comes[place] = AWAY;
                lacks = true;
            }
            if lacks {
                self.hints[number].push(row);
            }
        }
    }

    fn gets_hints(&mut self, number: usize, now: u64) {
        let mut rows = std::mem::take(&mut self.hints[number]);
        rows.sort_unstable();
        rows.dedup();
        for row in rows {
            let Some(place) = self.copies_of(row).position(|copy| copy == number) else { continue };
            let mut draw = Keyed::new(mix(mix(row, HINT ^ now), number as u64));
            let at = now + whole_ns(self.write.sample(&mut draw));
            let Some(writes) = self.rows.get_mut(&row) else { continue };
            writes.iter_mut().filter(|write| write.comes[place] == AWAY).for_each(|write| write.comes[place] = at);
            self.over.push_back((at, row));
        }
    }

    /// Forgets writes that every copy has, or a newer one in their place.
    fn forgets(&mut self, now: u64) {
        while self.over.front().is_some_and(|&(at, _)| at <= now) {
            let Some((_, row)) = self.over.pop_front() else { return };
            let Some(writes) = self.rows.get_mut(&row) else { continue };
            let mut gone = None;
            while writes.get(1).is_some_and(|newer| newer.is_everywhere(now)) {
                gone = writes.pop_front().and_then(|write| write.gone).or(gone);
            }
            if writes.len() == 1 && writes[0].comes.iter().all(|&at| at <= now) {
                gone = writes[0].gone.or(gone);
                self.rows.remove(&row);
            }
            if let Some(gone) = gone {
                self.gone.insert(row, gone);
            }
        }
    }
}

impl World<'_> {
    /// A request reads its row: where the store has no primary it asks the copies, and waits.
    pub(in crate::world) fn reads(&mut self, frame: FrameId, store: ServiceId) -> Option<FrameId> {
        if self.data.rows.quorum(store).is_none() {
            self.read_row(frame, store);
            self.frames[frame].pc += 1;
            return Some(frame);
        }
        // The frame may have been that of a write which was given up.
        self.data.at_quorum.remove(&frame);
        let row = self.row(frame, store);
        let (key, since) = (self.frames[frame].key, self.frames[frame].arrived);
        let takes_first = self.takes_the_first_copy(frame);
        let ways = self.ways_to_copies(frame, store, row, READ);
        let read = self.data.rows.quorum(store).and_then(|quorum| {
            let waits_for = if takes_first { 1 } else { quorum.settings.read as usize };
            quorum.reads(row, key, (since, self.now), waits_for, &ways)
        });
        let Some((seen, took)) = read else { return self.too_few_are_up(frame, store) };
        self.data.sees_stock((frame, key), store, seen.gone);
        self.has_seen(frame, store, row, seen.behind);
        let version = self.data.rows.version_of(store, row).saturating_sub(seen.behind);
        let given = given(&self.model.services[store.index()]);
        let at_most = if takes_first { given.with(Level::ReadCommitted) } else { given };
        self.shows(frame, store, version, (at_most < Level::IDENTITY).then_some(at_most));
        if seen.is_stale {
            self.arises(frame, Wrongness::StaleRead as u8, Cause::Quorum);
        }
        self.waits_for_quorum(frame, took)
    }

    /// A request writes its row at the copies, and waits for enough of them.
    pub(super) fn writes_to_quorum(&mut self, frame: FrameId, store: ServiceId, row: u64) -> Option<FrameId> {
        let (key, now) = (self.frames[frame].key, self.now);
        let ways = self.ways_to_copies(frame, store, row, WRITE);
        let written = self.data.rows.quorum_mut(store).and_then(|quorum| quorum.writes(row, key, now, &ways));
        let Some((number, took)) = written else { return self.too_few_are_up(frame, store) };
        if let Some(gone) = self.data.has_seen_stock(frame, key)
            && let Some(quorum) = self.data.rows.quorum_mut(store)
        {
            quorum.sells(row, gone);
        }
        self.times.record(PartAt::service(const { part(&data::COMMIT) }, store), took);
        self.data.at_quorum.insert(frame, (store, row, number));
        if took == 0 {
            return self.quorum_has_answered(frame);
        }
        self.waits_for_quorum(frame, took)
    }

    fn waits_for_quorum(&mut self, frame: FrameId, took: u64) -> Option<FrameId> {
        self.stage(frame, Stage::Step(TraceStepKind::Agree));
        if took == 0 {
            self.frames[frame].pc += 1;
            return Some(frame);
        }
        self.wakes_after(frame, took, Phase::Agreeing);
        None
    }

    /// Enough copies have answered a read or a write.
    pub(super) fn quorum_has_answered(&mut self, frame: FrameId) -> Option<FrameId> {
        if let Some((store, row, number)) = self.data.at_quorum.remove(&frame) {
            let now = self.now;
            let committed = self.data.rows.quorum_mut(store).map(|quorum| quorum.is_committed(row, number, now));
            match committed {
                Some(Err(Some(at))) => {
                    self.data.at_quorum.insert(frame, (store, row, number));
                    self.wakes_after(frame, at - now, Phase::Agreeing);
                    return None;
                }
                Some(Err(None)) => {
                    self.frames[frame].phase = Phase::Running;
                    return self.too_few_are_up(frame, store);
                }
                Some(Ok(())) | None => {}
            }
        }
        let at = &mut self.frames[frame];
        (at.seq, at.phase) = (0, Phase::Running);
        at.pc += 1;
        Some(frame)
    }

    /// Whether a quorum store could take the write that a request makes of a row; also of every other store.
    pub(super) fn quorum_takes_writes(&self, frame: FrameId, store: ServiceId, row: u64) -> bool {
        let quorum = self.data.rows.quorum(store);
        quorum.is_none_or(|quorum| quorum.can_write(row, &self.ways_to_copies(frame, store, row, WRITE)))
    }

    /// How long messages of a request are on their way between the instance that has taken it and the copies of a row; nothing where nothing lies
    /// between them.
    fn ways_to_copies(&self, frame: FrameId, store: ServiceId, row: u64, of: u64) -> Ways {
        if self.copies_are_apart() { self.ways_of_quorum(frame, store, row, of) } else { Vec::new() }
    }

    #[cold]
    #[inline(never)]
    fn ways_of_quorum(&self, frame: FrameId, store: ServiceId, row: u64, of: u64) -> Ways {
        let (Some(quorum), Some(home)) = (self.data.rows.quorum(store), self.frames[frame].instance.get()) else {
            return Vec::new();
        };
        let first = self.stations.first(store).0;
        let key = mix(mix(self.frames[frame].key, of), WAYS);
        let way = |(place, copy): (usize, usize)| {
            let away = InstanceId(first + copy as u32);
            if away == home {
                return [Some(0); 2];
            }
            let mut draw = Keyed::new(mix(key, place as u64));
            let ends = [home, away].map(|instance| self.stand_of(instance));
            [(ends[0], ends[1]), (ends[1], ends[0])].map(|(from, to)| self.stream_takes(store, from, to, &mut draw))
        };
        quorum.copies_of(row).enumerate().map(way).collect()
    }

    /// Copies to which all others come through get what they lack.
    pub(super) fn hints_may_come(&mut self, store: ServiceId) {
        let Some(quorum) = self.data.rows.quorum(store) else { return };
        let (first, places, now) = (self.stations.first(store).0, quorum.is_up.len(), self.now);
        let stand = |number: usize| self.stand_of(InstanceId(first + number as u32));
        let up: Vec<usize> = (0..places).filter(|&number| quorum.is_up[number]).collect();
        let hears =
            |&to: &usize| up.iter().all(|&from| from == to || self.comes_through(store, stand(from), stand(to)));
        let lacking = up.iter().copied().filter(|&number| !quorum.hints[number].is_empty());
        let get: Vec<usize> = lacking.filter(hears).collect();
        let Some(quorum) = self.data.rows.quorum_mut(store) else { return };
        get.into_iter().for_each(|number| quorum.gets_hints(number, now));
    }

    pub(super) fn too_few_are_up(&mut self, frame: FrameId, store: ServiceId) -> Option<FrameId> {
        count!(self.stations.counts(store), data::TOO_FEW_COPIES);
        self.fail(frame, Outcome::Unreachable as u8)
    }

    /// An instance of a store without a primary is up, or not any more.
    pub(super) fn quorum_may_change(&mut self, instance: InstanceId, is_up: bool) {
        let (store, number) = (self.stations.service_of(instance), self.stations.number(instance));
        let now = self.now;
        self.data.rows.quorum_mut(store).into_iter().for_each(|quorum| quorum.changes(number as usize, is_up, now));
        if is_up {
            self.hints_may_come(store);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::replication::Legs;
    use crate::dist::Distribution;
    use crate::units::SimDuration;

    fn quorum(copies: u32, read: u32, write: u32) -> Quorum {
        let leg = || Distribution::exponential(SimDuration::from_ns(1_000_000));
        let legs = Legs { write: leg(), ack: leg(), read: leg(), reply: leg() };
        Quorum::new(&Settings { copies, read, write, legs }, copies, copies as usize)
    }

    /// Of k writes, each at W random copies of N and nowhere else, a read of R random copies sees none with probability (C(N-W, R) / C(N, R))^k:
    /// Bailis et al. 2012, section 3.1; the numbers are those of `truth/closed_forms.json`, `pbs_k_staleness`.
    #[test]
    fn a_read_is_within_k_versions_as_often_as_the_closed_form_says() {
        for (write, within) in [
            (1, &[(1, 1.0 / 3.0), (2, 0.5556), (3, 0.7037), (5, 0.8683), (10, 0.98266)][..]),
            (2, &[(1, 0.6667), (2, 0.8889), (5, 0.99588)][..]),
        ] {
            let trials = 40_000;
            let mut seen_within = [0u32; 12];
            for trial in 0..trials {
                let mut draw = Keyed::new(mix(17, trial));
                let mut store = quorum(3, 1, write);
                for time in 1..=12 {
                    // The copies that do not get it: one, or two.
                    let odd = (draw.unit() * 3.0) as usize;
                    let gets = |copy: usize| (copy == odd) == (write == 1);
                    let comes = (0..3).map(|copy| if gets(copy) { time } else { AWAY - 1 }).collect();
                    let number = store.keeps(5, comes, time);
                    store.is_committed(5, number, time).unwrap();
                }
                let (seen, _) = store.reads(5, trial, (20, 20), 1, &Ways::new()).unwrap();
                assert_eq!(seen.is_stale, seen.behind > 0);
                (seen.behind as usize..12).for_each(|k| seen_within[k] += 1);
            }
            for &(k, exact) in within {
                let found = f64::from(seen_within[k - 1]) / trials as f64;
                assert!((found - exact).abs() < 0.008, "W {write}, k {k}: {found}, not {exact}");
            }
        }
    }

    #[test]
    fn what_all_have_is_forgotten() {
        let mut store = quorum(3, 2, 2);
        for write in 0..10_000u64 {
            let sets_out = write * 1_000_000;
            let (number, took) = store.writes(write % 7, write, sets_out, &Ways::new()).unwrap();
            store.is_committed(write % 7, number, sets_out + took).unwrap();
        }
        assert!(store.rows.values().map(VecDeque::len).sum::<usize>() < 60);
    }

    #[test]
    fn a_copy_that_is_back_gets_what_it_lacks() {
        let mut store = quorum(3, 3, 2);
        store.changes(0, false, 0);
        assert!(store.reads(5, 1, (0, 0), 3, &Ways::new()).is_none(), "three are to reply");
        let (number, took) = store.writes(5, 1, 0, &Ways::new()).unwrap();
        store.is_committed(5, number, took).unwrap();
        store.changes(1, false, 0);
        assert!(store.writes(5, 2, 0, &Ways::new()).is_none());
        store.changes(1, true, 0);
        store.gets_hints(1, 0);
        store.changes(0, true, 1_000_000_000);
        store.gets_hints(0, 1_000_000_000);
        let lacks = |store: &Quorum, at: u64| {
            !store.sees(5, &[(store.copies_of(5).position(|c| c == 0).unwrap(), at)], at).is_stale
        };
        assert!(!lacks(&store, 1_000_000_000));
        assert!(lacks(&store, 2_000_000_000));
    }
}
