//! Stores whose copies take reads and writes by themselves and merge now and then.
//!
//! Each copy has a log of the writes that it took, and knows how much of the log of each copy it has. When copies merge, each tells the others all
//! that it knows, so that a write also comes by way of a third copy. A pair of which a message would be lost just then merges the next time. What is
//! written at two copies at one time is merged without a loss, as convergent types do; so nothing is wrong in a store that merges but that a read
//! may lack what another copy has answered. Where the last writer wins, a row is a register, and what the winner did not know is lost when copies
//! meet that have both.

mod sessions;

use super::Due;
use super::copies::{CALLS, Lost, Session};
use crate::data::Cause;
use crate::data::replication::SessionGuarantee;
use crate::engine::rng::{hash_name, mix};
use crate::engine::table::Maybe;
use crate::ids::EdgeId;
use crate::ids::{InstanceId, ServiceId};
use crate::topology::{Node, Replication, Store};
use crate::world::World;
use crate::world::events::EventId;
use crate::world::stations::Life;
use sessions::Before;
use std::collections::BTreeMap;

const MERGE: u64 = 0x7a;
/// When a copy has a write that it has not got yet.
const NEVER: u64 = u64::MAX;

/// A write that some copy lacks, or that follows one that some copy lacks.
#[derive(Debug, Clone)]
struct Write {
    copy: usize,
    /// Its number in the log of that copy.
    number: u64,
    /// When it was answered [ns].
    at: u64,
    /// By copy: from when on it has the write [ns].
    had: Vec<u64>,
    /// The session that made it; 0 of none.
    session: u64,
    /// What its session had written or read before, and some copy lacked then.
    after: Vec<Before>,
}

/// A write of a register that the last writer wins.
#[derive(Debug, Clone)]
struct Stamped {
    copy: usize,
    number: u64,
    /// The time of its copy's clock [ns].
    stamp: u64,
    /// How much of the log of each copy its own had then, itself included.
    knew: Vec<u64>,
    /// The calls by which it came.
    via: [Maybe<EdgeId>; CALLS],
}

impl Stamped {
    /// Whether a copy that knows so much has it.
    fn is_known(&self, known: &[u64]) -> bool {
        known[self.copy] >= self.number
    }

    /// What decides which of two wins.
    fn order(&self) -> (u64, usize, u64) {
        (self.stamp, self.copy, self.number)
    }
}

/// Rows that are registers of which the last writer wins.
#[derive(Debug, Default)]
struct Registers {
    /// By row: writes of which it is not decided yet whether they stand, because some copy lacks them.
    open: BTreeMap<u64, Vec<Stamped>>,
    /// By row: the write that wins of all that were taken.
    newest: BTreeMap<u64, (u64, usize, u64)>,
}

impl Registers {
    /// What has lost at copies that know so much, of each row: what the winner there did not know when it was written.
    fn lose(&mut self, known: &[Vec<u64>], is_there: &[bool]) -> Vec<Lost> {
        let mut lost = Vec::new();
        self.open.retain(|&row, writes| {
            for known in known.iter().zip(is_there).filter(|(_, is)| **is).map(|(known, _)| known) {
                let Some(winner) =
                    writes.iter().filter(|write| write.is_known(known)).max_by_key(|write| write.order())
                else {
                    continue;
                };
                let winner = winner.clone();
                writes.retain(|write| {
                    let loses = write.is_known(known) && !write.is_known(&winner.knew);
                    if loses {
                        let (via, is_set, is_answered, sold_at) = (write.via, false, true, None);
                        lost.push(Lost { row, via, is_set, is_answered, sold_at });
                    }
                    !loses
                });
            }
            let lacks = |write: &Stamped| known.iter().zip(is_there).any(|(known, is)| *is && !write.is_known(known));
            writes.retain(lacks);
            !writes.is_empty()
        });
        lost
    }
}

/// The copies of a store that merges.
#[derive(Debug)]
pub(super) struct Merging {
    /// By copy: how much of the log of each copy it has. Of its own it has all.
    known: Vec<Vec<u64>>,
    /// By copy: whether it is there. What was never there, or is gone, lacks nothing.
    is_there: Vec<bool>,
    /// Writes that some copy lacks, by row.
    rows: BTreeMap<u64, Vec<Write>>,
    rounds: u64,
    /// Where the last writer wins.
    registers: Option<Box<Registers>>,
    /// What sessions can rely on.
    guarantees: Vec<SessionGuarantee>,
}

impl Merging {
    /// Of `places` that instances may take, the first `number` are there.
    pub(super) fn new(places: usize, number: usize) -> Self {
        let is_there = (0..places).map(|place| place < number).collect();
        let (known, rows) = (vec![vec![0; places]; places], BTreeMap::new());
        Self { known, is_there, rows, rounds: 0, registers: None, guarantees: Vec::new() }
    }

    /// The last writer of a row wins.
    pub(super) fn lets_the_last_win(&mut self) {
        self.registers = Some(Box::default());
    }

    /// Whether the last writer of a row wins.
    pub(super) fn has_registers(&self) -> bool {
        self.registers.is_some()
    }

    /// A copy has taken a write by these calls, at this time of its clock [ns]; what is lost at once, because a write that it knew has a later time.
    pub(super) fn stamps(&mut self, row: u64, copy: usize, stamp: u64, via: [Maybe<EdgeId>; CALLS]) -> Option<Lost> {
        let known = &self.known[copy];
        let registers = self.registers.as_mut()?;
        let write = Stamped { copy, number: known[copy], stamp, knew: known.clone(), via };
        let newest = registers.newest.entry(row).or_default();
        if *newest > write.order() && known[newest.1] >= newest.2 {
            return Some(Lost { row, via, is_set: false, is_answered: true, sold_at: None });
        }
        *newest = write.order().max(*newest);
        registers.open.entry(row).or_default().push(write);
        None
    }

    /// What has lost since copies have met last.
    fn lost(&mut self) -> Vec<Lost> {
        let (known, is_there) = (&self.known, &self.is_there);
        self.registers.as_mut().map_or_else(Vec::new, |registers| registers.lose(known, is_there))
    }

    /// A copy is there from now on, and knows what a peer knows; or it goes, and has told a peer. `false` where nothing changes.
    fn changes(&mut self, copy: usize, is_there: bool, peer: Option<usize>, now: u64) -> bool {
        let changes = std::mem::replace(&mut self.is_there[copy], is_there) != is_there;
        if let Some(peer) = peer.filter(|_| changes) {
            self.merges(&[if is_there { (peer, copy) } else { (copy, peer) }], now);
        }
        changes
    }

    /// A copy takes a write of a session, sent at `since` [ns].
    pub(super) fn writes(&mut self, row: u64, copy: usize, session: Session<'_>, (since, now): (u64, u64)) {
        let after = self.before(row, session, since);
        self.known[copy][copy] += 1;
        let number = self.known[copy][copy];
        let mut had = vec![NEVER; self.known.len()];
        had[copy] = now + 1;
        self.rows.entry(row).or_default().push(Write { copy, number, at: now, had, session: session.id, after });
    }

    fn lacking(&self, row: u64, copy: usize) -> impl Iterator<Item = &Write> {
        let known = &self.known[copy];
        self.rows.get(&row).into_iter().flatten().filter(move |write| known[write.copy] < write.number)
    }

    /// Whether a read at a copy, of a request that has come at `since`, lacks a write that was answered before [ns].
    pub(super) fn is_stale(&self, row: u64, copy: usize, since: u64) -> bool {
        self.lacking(row, copy).any(|write| write.at <= since)
    }

    /// How many writes of a row a copy lacks.
    pub(super) fn behind(&self, row: u64, copy: usize) -> u64 {
        self.lacking(row, copy).count() as u64
    }

    /// Of each pair `from -> to` the second knows what the first knew before.
    fn merges(&mut self, pairs: &[(usize, usize)], now: u64) {
        let before = self.known.clone();
        for &(from, to) in pairs {
            for (mine, theirs) in self.known[to].iter_mut().zip(&before[from]) {
                *mine = (*mine).max(*theirs);
            }
        }
        let there: Vec<&Vec<u64>> =
            self.known.iter().zip(&self.is_there).filter(|(_, is)| **is).map(|(of, _)| of).collect();
        let is_lacked = |copy: usize, number: u64| there.iter().any(|of| of[copy] < number);
        let known = &self.known;
        self.rows.retain(|_, writes| {
            writes.retain_mut(|write| {
                // What a copy has in the moment in which it merges it may have been asked for before.
                let comes =
                    known.iter().zip(&mut write.had).filter(|(of, at)| of[write.copy] >= write.number && **at == NEVER);
                comes.for_each(|(_, at)| *at = now + 1);
                let follows = |before: &Before| is_lacked(before.copy, before.number);
                is_lacked(write.copy, write.number) || write.after.iter().any(follows)
            });
            !writes.is_empty()
        });
    }
}

impl World<'_> {
    /// The first merges come when their period is over.
    pub(in crate::world) fn plan_merges(&mut self) {
        for store in (0..self.model.services.len()).map(ServiceId::from) {
            if let Some(every) = self.merges_every(store) {
                self.schedule(every, Due::Merges { store });
            }
        }
    }

    fn merges_every(&self, store: ServiceId) -> Option<u64> {
        match &self.model.services[store.index()].node {
            Node::Store(Store { replication: Replication::Merge { every, .. }, .. }) => Some(every.ns()),
            _ => None,
        }
    }

    /// The copies of a store merge, as far as they reach each other.
    pub(super) fn copies_merge(&mut self, store: ServiceId, id: EventId) {
        let (pairs, now) = (self.pairs_that_speak(store), self.now);
        if let Some(merging) = self.data.rows.merging_mut(store) {
            merging.merges(&pairs, now);
            let lost = merging.lost();
            self.writes_are_lost(store, &lost, Cause::Overwritten);
        }
        self.stocks_merge(store, &pairs);
        if let Some(every) = self.merges_every(store) {
            self.again(self.now.saturating_add(every), id);
        }
    }

    /// An instance of a store that merges may be there for the first time, or go for good.
    pub(super) fn merging_may_change(&mut self, instance: InstanceId, is_up: bool) {
        let store = self.stations.service_of(instance);
        let is_gone = self.stations.life(instance) == Life::Gone;
        let (first, number) = (self.stations.first(store), self.stations.number(instance) as usize);
        let Some(places) = self.data.rows.merging_mut(store).map(|merging| merging.known.len()) else { return };
        if !is_up && !is_gone {
            return;
        }
        let serves = |place: &usize| self.stations.serves(InstanceId(first.0 + *place as u32));
        let peer = (0..places).filter(|place| *place != number).find(serves);
        let now = self.now;
        let changes =
            self.data.rows.merging_mut(store).is_some_and(|merging| merging.changes(number, is_up, peer, now));
        if changes {
            let lost = self.data.rows.merging_mut(store).map_or_else(Vec::new, Merging::lost);
            self.writes_are_lost(store, &lost, Cause::Overwritten);
            self.stock_copy_changes(store, number, is_up, peer);
        }
    }

    fn pairs_that_speak(&mut self, store: ServiceId) -> Vec<(usize, usize)> {
        let Some(merging) = self.data.rows.merging_mut(store) else { return Vec::new() };
        merging.rounds += 1;
        let (rounds, places) = (merging.rounds, merging.known.len());
        let first = self.stations.first(store);
        let instance = |number: usize| InstanceId(first.0 + number as u32);
        let up: Vec<usize> = (0..places).filter(|number| self.stations.serves(instance(*number))).collect();
        // By its name: what other stores there are changes no draw.
        let salt = mix(MERGE ^ rounds, hash_name(&self.model.services[store.index()].name));
        let mut pairs = Vec::new();
        for &from in &up {
            for &to in up.iter().filter(|to| **to != from) {
                let zones = (self.stations.zone_of(instance(from)), self.stations.zone_of(instance(to)));
                let key = mix(salt, (from as u64) << 32 | to as u64);
                if self.within_takes(store, zones, key).is_some() {
                    pairs.push((from, to));
                }
            }
        }
        pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOBODY: Session<'_> = Session { id: 0, seen: &[] };

    #[test]
    fn a_copy_has_a_write_when_it_has_merged_also_by_way_of_a_third() {
        let mut store = Merging::new(3, 3);
        store.writes(7, 0, NOBODY, (10, 10));
        assert!(!store.is_stale(7, 0, 20) && store.is_stale(7, 1, 20) && store.is_stale(7, 2, 20));
        assert!(!store.is_stale(7, 1, 9), "what was answered later is not missed");
        store.merges(&[(0, 1), (1, 2)], 0);
        assert_eq!(
            (store.behind(7, 1), store.behind(7, 2)),
            (0, 1),
            "what the second did not know before it cannot tell"
        );
        store.merges(&[(1, 2)], 0);
        assert_eq!(store.behind(7, 2), 0);
        assert!(store.rows.is_empty(), "what all have is forgotten");
    }

    /// The stamps of what is lost, in merges between both of two copies.
    fn lost_of(writes: &[(usize, u64)], store: &mut Merging) -> Vec<u64> {
        let mut lost = Vec::new();
        for &(copy, stamp) in writes {
            store.writes(7, copy, NOBODY, (stamp, stamp));
            let mut via = [Maybe::NONE; CALLS];
            via[0] = EdgeId(stamp as u32).into();
            lost.extend(store.stamps(7, copy, stamp, via));
        }
        store.merges(&[(0, 1), (1, 0)], 0);
        lost.extend(store.lost());
        lost.into_iter().filter_map(|lost| lost.via[0].get()).map(|edge| u64::from(edge.0)).collect()
    }

    #[test]
    fn the_last_writer_wins_and_what_it_did_not_know_is_lost() {
        let mut store = Merging::new(2, 2);
        store.lets_the_last_win();
        assert_eq!(lost_of(&[(0, 10), (0, 20)], &mut store), [0; 0], "one after the other at one copy");
        assert_eq!(lost_of(&[(1, 30)], &mut store), [0; 0], "who knows what was there follows it");
        assert_eq!(lost_of(&[(0, 40), (1, 50)], &mut store), [40]);
        assert_eq!(lost_of(&[(0, 60), (1, 70), (0, 80)], &mut store), [70], "the last one knew the first");
        assert_eq!(lost_of(&[(0, 90), (1, 100), (0, 95), (1, 97)], &mut store), [97, 90, 95], "a clock that went back");
        assert_eq!(lost_of(&[(0, 20)], &mut store), [20], "a clock that is behind loses what comes after");
        assert!(store.registers.is_some_and(|registers| registers.open.is_empty()));
    }

    /// Random writes and merges of one register; clocks go wrong by at most so much. The writes, and which of them were counted as lost.
    fn random_register(seed: u64, skew: u64) -> (Vec<Stamped>, Vec<usize>) {
        let mut state = mix(seed, 1);
        let mut die = |below: u64| {
            state = mix(state, 7);
            state % below
        };
        let copies = 2 + die(3) as usize;
        let offsets: Vec<u64> = (0..copies).map(|_| die(skew + 1)).collect();
        let mut store = Merging::new(copies, copies);
        store.lets_the_last_win();
        let (mut writes, mut lost, mut now) = (Vec::<Stamped>::new(), Vec::new(), 1_000);
        let all: Vec<(usize, usize)> = (0..copies)
            .flat_map(|from| (0..copies).map(move |to| (from, to)))
            .filter(|(from, to)| from != to)
            .collect();
        for _ in 0..60 {
            now += 1 + die(20);
            if die(3) == 0 {
                let pairs: Vec<(usize, usize)> = all.iter().copied().filter(|_| die(2) == 0).collect();
                store.merges(&pairs, 0);
                lost.extend(store.lost());
            } else {
                let copy = die(copies as u64) as usize;
                store.writes(7, copy, NOBODY, (now, now));
                let (stamp, mut via) = (now + offsets[copy], [Maybe::NONE; CALLS]);
                via[0] = EdgeId(writes.len() as u32).into();
                let knew = store.known[copy].clone();
                writes.push(Stamped { copy, number: knew[copy], stamp, knew, via });
                lost.extend(store.stamps(7, copy, stamp, via));
            }
        }
        for _ in 0..2 {
            store.merges(&all, 0);
            lost.extend(store.lost());
        }
        assert!(store.rows.is_empty() && store.registers.is_some_and(|registers| registers.open.is_empty()));
        (writes, lost.into_iter().filter_map(|lost| lost.via[0].get()).map(|edge| edge.0 as usize).collect())
    }

    /// What all copies show in the end is the latest write. Every other one was known to it, or to one that it knew, or is counted as lost, once.
    #[test]
    fn registers_lose_only_what_is_counted() {
        for seed in 0..600 {
            let (writes, lost) = random_register(seed, [0, 30, 200][seed as usize % 3]);
            let shown = writes.iter().max_by_key(|write| write.order()).expect("somebody writes");
            for (number, write) in writes.iter().enumerate() {
                let times = lost.iter().filter(|of| **of == number).count();
                assert!(times <= 1, "seed {seed}: {number} is lost {times} times");
                if times == 0 {
                    assert!(write.is_known(&shown.knew), "seed {seed}: {number} is gone, and nobody has counted it");
                } else {
                    let is_above = |other: &Stamped| other.order() > write.order() && !write.is_known(&other.knew);
                    // One whose clock is behind knew what it lost to, and that did not know it.
                    assert!(writes.iter().any(is_above), "seed {seed}: {number} lost to nothing");
                }
            }
        }
    }

    /// Where all copies have a write before the next one comes, and clocks are right, nothing is lost.
    #[test]
    fn registers_that_are_written_one_after_the_other_lose_nothing() {
        let mut store = Merging::new(3, 3);
        store.lets_the_last_win();
        for write in 1..60 {
            let copy = mix(write, 3) as usize % 3;
            store.writes(7, copy, NOBODY, (write, write));
            assert!(store.stamps(7, copy, write, [Maybe::NONE; CALLS]).is_none());
            store.merges(&[(copy, (copy + 1) % 3), (copy, (copy + 2) % 3)], 0);
            assert!(store.lost().is_empty(), "write {write}");
        }
    }

    #[test]
    fn a_copy_that_is_not_there_keeps_no_write_from_being_forgotten() {
        let mut store = Merging::new(4, 2);
        store.writes(7, 0, NOBODY, (10, 10));
        store.merges(&[(0, 1), (1, 0)], 0);
        assert!(store.rows.is_empty(), "both that are there have it");
        store.writes(7, 1, NOBODY, (20, 20));
        assert!(store.changes(2, true, Some(1), 0), "a third begins with what the second knows");
        assert_eq!((store.behind(7, 0), store.behind(7, 2)), (1, 0));
        store.writes(7, 2, NOBODY, (30, 30));
        assert!(!store.changes(2, true, Some(0), 0), "it is there already");
        store.changes(2, false, Some(0), 0);
        assert_eq!((store.behind(7, 0), store.behind(7, 1)), (0, 1), "one that goes tells what it knows");
        store.merges(&[(0, 1), (1, 0)], 0);
        assert!(store.rows.is_empty());
    }
}
