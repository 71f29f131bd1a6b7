//! What lies between the copies of a store: links, and what faults do on them.
//!
//! The log goes from the primary to each replica over the links that messages take, and acknowledgements come back the other way. Nothing comes
//! through in a partition, or where a link is withdrawn: a replica that is cut off gets nothing, and writes that wait for it wait on. Where more than
//! half of the copies hear nothing of the primary, and hear each other, they take it for dead, as they do one that has crashed, and one of them
//! leads; until then the old primary takes writes, and what only its side has is lost.

use super::copies::{Copies, Heard, Legs, Lost};
use crate::engine::rng::{Keyed, mix};
use crate::ids::{InstanceId, ServiceId};
use crate::world::World;

/// Of the draws of legs of the log.
const LEGS: u64 = 0x7c;
/// Of those of acknowledgements that are sent again.
const BACK: u64 = 0x7d;

impl World<'_> {
    fn copy_of(&self, store: ServiceId, number: usize) -> InstanceId {
        InstanceId(self.stations.first(store).0 + number as u32)
    }

    fn copies_reach(&self, store: ServiceId, from: usize, to: usize) -> bool {
        let [from, to] = [from, to].map(|number| self.stand_of(self.copy_of(store, number)));
        self.comes_through(store, from, to)
    }

    /// How long a write is on its way to each copy of a store, and each acknowledgement back.
    #[cold]
    #[inline(never)]
    pub(super) fn legs_of_copies(&self, store: ServiceId, key: u64) -> Vec<Legs> {
        let Some(leader) = self.data.rows.copies(store).map(Copies::leader) else { return Vec::new() };
        let home = self.stand_of(self.copy_of(store, leader));
        let legs = |number: usize| {
            if number == leader {
                return [Some(0); 2];
            }
            let mut draw = Keyed::new(mix(mix(key, LEGS), number as u64));
            let away = self.stand_of(self.copy_of(store, number));
            [(home, away), (away, home)].map(|(from, to)| self.stream_takes(store, from, to, &mut draw))
        };
        (0..self.places_of_copies(store)).map(legs).collect()
    }

    fn places_of_copies(&self, store: ServiceId) -> usize {
        self.stations.ids_of(store).count()
    }

    /// What comes through on the network may be other than before: stores act on it.
    #[cold]
    #[inline(never)]
    pub(in crate::world) fn reach_may_change(&mut self) {
        for store in (0..self.model.services.len()).map(ServiceId::from) {
            self.copies_may_be_cut(store);
            self.agreeing_may_change(store);
            self.hints_may_come(store);
        }
    }

    /// The ways between the copies of a store with a primary may be cut, or there again.
    pub(super) fn copies_may_be_cut(&mut self, store: ServiceId) {
        let Some(leader) = self.data.rows.copies(store).map(Copies::leader) else { return };
        let now = self.now;
        let mut are_more = false;
        for number in (0..self.places_of_copies(store)).filter(|number| *number != leader) {
            let is_cut = !self.copies_reach(store, leader, number);
            let Some(copies) = self.data.rows.copies_mut(store) else { return };
            are_more |= copies.is_reached(number, is_cut, now) && !is_cut;
        }
        are_more |= self.acknowledgements_set_out(store, leader);
        if are_more {
            self.copies_are_more(store);
        }
        let is_cut_off = self.majority_without(store).is_some();
        self.primary_may_be_cut_off(store, is_cut_off);
    }

    /// Acknowledgements that did not come through set out again, where they do now; whether any does.
    fn acknowledgements_set_out(&mut self, store: ServiceId, leader: usize) -> bool {
        let now = self.now;
        let Some(mut copies) = self.data.rows.take_copies(store) else { return false };
        let home = self.stand_of(self.copy_of(store, leader));
        let mut any = false;
        copies.acknowledges_again(now, |number, position| {
            let away = self.stand_of(self.copy_of(store, number));
            let mut draw = Keyed::new(mix(mix(mix(BACK, position), number as u64), now));
            let takes = self.stream_takes(store, away, home, &mut draw);
            any |= takes.is_some();
            takes
        });
        self.data.rows.give_copies(store, copies);
        any
    }

    /// The copies that hear nothing of the primary and hear each other, where they are more than half of all.
    pub(super) fn majority_without(&self, store: ServiceId) -> Option<Vec<usize>> {
        let copies = self.data.rows.copies(store)?;
        let deaf: Vec<usize> = (0..self.places_of_copies(store))
            .filter(|&n| n != copies.leader() && copies.is_up(n) && copies.is_cut(n))
            .collect();
        let enough = copies.number() as usize / 2 + 1;
        if deaf.len() < enough {
            return None;
        }
        let hear = |a: usize, b: usize| a == b || self.copies_reach(store, a, b) && self.copies_reach(store, b, a);
        let around = |&a: &usize| deaf.iter().copied().filter(|&b| hear(a, b)).collect::<Vec<usize>>();
        deaf.iter().map(around).find(|group| group.len() >= enough)
    }

    /// Another copy of a store leads; the writes that are lost.
    pub(super) fn takes_the_lead(&mut self, store: ServiceId, next: usize) -> Vec<Lost> {
        let now = self.now;
        let is_apart = self.copies_are_apart();
        let ways: Vec<[bool; 2]> = (0..self.places_of_copies(store))
            .map(|copy| {
                let reach = |from, to| from == to || !is_apart || self.copies_reach(store, from, to);
                [reach(copy, next), reach(next, copy)]
            })
            .collect();
        let heard = Heard { by: &|copy| ways[copy][0], of: &|copy| ways[copy][1] };
        self.data.rows.copies_mut(store).map(|copies| copies.leads(next, now, &heard)).unwrap_or_default()
    }
}
