//! Values that are made anew: for a miss, early, or in the background; who waits for them, and what becomes of those who wait.
//!
//! Those who wait share what comes of it: the value, a degraded answer, or the failure with its outcome. A degraded answer is given and not kept. A
//! regeneration that is lost with its instance has no outcome: those who wait for it elsewhere look again, and the first of them makes the value.
//! One who has waited for as long as it may makes the value for itself.

use super::{Invalidated, Shelf, Value};
use crate::counters::count;
use crate::data::Cause;
use crate::data::cache::{self, CoalesceSettings};
use crate::engine::table::{Id, Maybe};
use crate::ids::{InstanceId, ServiceId};
use crate::outcome::Outcome;
use crate::world::data::Read;
use crate::world::frame::{BELOW, FrameId, IN_VAIN, Link, Phase, REGENERATES, Waiter};
use crate::world::program::Op;
use crate::world::stations::Life;
use crate::world::{TIMER, World};

/// Which value of which cache is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// The step, by its entry in the table of lookups.
    pub number: u32,
    /// The cache.
    pub cache: ServiceId,
    /// Where it lies, or will; `None` where the cache has not answered.
    pub shelf: Option<InstanceId>,
    /// Its key.
    pub key: u64,
}

/// Within what one makes a value for others: the cache, the instance if it is not the whole system, and the key.
pub(super) type Scope = (ServiceId, Option<InstanceId>, u64);

/// A value that is being made.
#[derive(Debug)]
pub(super) struct Making {
    wanted: Wanted,
    /// Where others may find it: those who miss it, and those who have it expired.
    scopes: [Option<Scope>; 2],
    /// When it was begun [ns].
    began: u64,
    /// The one that the request has which makes it before that expires.
    early: Option<Value>,
    /// Who waits for it, and for which number; and who has answered its call to the cache.
    waiting: Vec<(FrameId, u64, Option<InstanceId>)>,
}

impl World<'_> {
    /// Within what a value that a request misses is made once; `None` where everybody makes it for himself.
    fn scope(&self, frame: FrameId, wanted: Wanted) -> Option<Scope> {
        let within = match self.caches.rules(wanted.cache).coalesce? {
            CoalesceSettings::PerInstance(_) => self.frames[frame].instance.get(),
            // The lock is the cache's, which has to answer.
            CoalesceSettings::Everywhere(_) => wanted.shelf.map(|_| None)?,
        };
        Some((wanted.cache, within, wanted.key))
    }

    /// Whether somebody makes the value for others.
    pub(super) fn is_being_made(&self, frame: FrameId, wanted: Wanted) -> bool {
        self.scope(frame, wanted).is_some_and(|scope| self.caches.led.contains_key(&scope))
    }

    /// There is no value: a request makes it, or waits for one who does.
    pub(super) fn is_missing(&mut self, frame: FrameId, wanted: Wanted, is_first: bool) -> Option<FrameId> {
        let scope = self.scope(frame, wanted);
        let led = scope.and_then(|scope| self.caches.led.get(&scope).copied());
        if let Some(making) = led.and_then(|number| self.caches.makings.get_mut(&number)) {
            let max_wait_ns = self.caches.rules[wanted.cache.index()].and_then(|rules| rules.coalesce?.max_wait_ns());
            let seq = match max_wait_ns {
                Some(wait_ns) => self.calendar.push(self.now.saturating_add(wait_ns), TIMER, frame.place()),
                None => self.calendar.next_sequence(),
            };
            making.waiting.push((frame, seq, wanted.shelf));
            if is_first {
                count!(self.stations.counts(wanted.cache), cache::COALESCED);
            }
            self.joins(frame, wanted, seq);
            return None;
        }
        self.makes(frame, wanted, [scope, None], None)
    }

    /// A request has waited for the value of another for as long as it may: it makes the value for itself.
    pub(in crate::world) fn waits_no_longer(&mut self, frame: FrameId) -> Option<FrameId> {
        let Op::Lookup(number) = self.program.ops[self.frames[frame].pc] else {
            unreachable!("only a lookup waits for the value of another with a timer")
        };
        let cache = self.program.lookups[number as usize].cache;
        let key = self.key_of(frame, cache);
        let within = match self.caches.rules(cache).coalesce? {
            CoalesceSettings::PerInstance(_) => self.frames[frame].instance.get(),
            CoalesceSettings::Everywhere(_) => None,
        };
        let making = self.caches.makings.get_mut(self.caches.led.get(&(cache, within, key))?)?;
        let seq = self.frames[frame].seq;
        let place = making.waiting.iter().position(|&(waits, since, _)| (waits, since) == (frame, seq))?;
        let (.., shelf) = making.waiting.remove(place);
        self.makes(frame, Wanted { number, cache, shelf, key }, [None, None], None)
    }

    /// A request that has a value makes it anew, and waits for it.
    pub(super) fn makes_early(&mut self, frame: FrameId, wanted: Wanted, value: Value) -> Option<FrameId> {
        let scope = self.scope(frame, wanted);
        self.makes(frame, wanted, [scope, None], Some(value))
    }

    /// A request that has an expired value lets it be made anew in the background, unless somebody does so in the same place.
    pub(super) fn refreshes(&mut self, frame: FrameId, wanted: Wanted) {
        // One at a time where the value lies, whichever instance asks, and one at a time among those who would wait for each other.
        let scopes = [self.scope(frame, wanted), Some((wanted.cache, wanted.shelf, wanted.key))];
        if scopes.iter().flatten().any(|scope| self.caches.led.contains_key(scope)) || self.too_much_at_once(1) {
            return;
        }
        let branch = self.makes_beside(frame, wanted, scopes, None);
        self.frames[branch].waiter = Waiter::NOBODY;
        self.ready.push(branch);
    }

    /// A request waits for a value under this number.
    fn joins(&mut self, frame: FrameId, wanted: Wanted, seq: u64) {
        if self.program.lookups[wanted.number as usize].frees {
            self.release_worker(frame);
        }
        let at = &mut self.frames[frame];
        at.seq = seq;
        at.phase = Phase::Joining;
        at.next = Link::join(1, 1);
    }

    fn makes(
        &mut self,
        frame: FrameId,
        wanted: Wanted,
        scopes: [Option<Scope>; 2],
        early: Option<Value>,
    ) -> Option<FrameId> {
        if self.too_much_at_once(1) {
            return None;
        }
        let seq = self.calendar.next_sequence();
        self.joins(frame, wanted, seq);
        Some(self.makes_beside(frame, wanted, scopes, early))
    }

    /// The branch of a request that makes a value.
    fn makes_beside(
        &mut self,
        frame: FrameId,
        wanted: Wanted,
        scopes: [Option<Scope>; 2],
        early: Option<Value>,
    ) -> FrameId {
        count!(self.stations.counts(wanted.cache), cache::REGENERATIONS);
        let branch = self.branch(frame, self.program.lookups[wanted.number as usize].miss, 0);
        // The value is kept for others, whoever has asked for it.
        self.frames[branch].flags = self.frames[branch].flags & !IN_VAIN | REGENERATES;
        let number = self.frames[branch].key;
        for scope in scopes.into_iter().flatten() {
            self.caches.led.insert(scope, number);
            // What is made for others does not end with the deadline of who began it.
            self.has_no_deadline(branch);
        }
        self.caches.makings.insert(number, Making { wanted, scopes, began: self.now, early, waiting: Vec::new() });
        branch
    }

    fn take_making(&mut self, branch: FrameId) -> Option<Making> {
        let number = self.frames[branch].key;
        let making = self.caches.makings.remove(&number)?;
        for scope in making.scopes.iter().flatten() {
            if self.caches.led.get(scope) == Some(&number) {
                self.caches.led.remove(scope);
            }
        }
        Some(making)
    }

    /// What makes a value has ended with this outcome: the value is kept, and those who wait go on. What the request hears that has begun it.
    #[cold]
    pub(in crate::world) fn regeneration_ends(&mut self, branch: FrameId, outcome: u8) -> u8 {
        let Some(making) = self.take_making(branch) else { return outcome };
        let value = (outcome == Outcome::Ok as u8).then(|| self.value_of(branch, &making));
        if let (Some(value), Some(shelf)) = (&value, making.wanted.shelf) {
            self.keeps_value(making.wanted, shelf, value.clone());
        }
        let below = self.frames[branch].flags & BELOW;
        let wrong = self.wrong_in(branch);
        // The last is pushed first, so that they go on in the order in which they came.
        for (frame, seq, shelf) in making.waiting.into_iter().rev() {
            if !self.frames.waits_for(frame, seq) {
                continue;
            }
            let at = &mut self.frames[frame];
            at.seq = 0;
            if outcome > Outcome::Degraded as u8 {
                at.flags |= below;
                let next = self.fail(frame, outcome);
                self.ready.extend(next);
                continue;
            }
            at.outcome = at.outcome.max(outcome);
            at.phase = Phase::Running;
            at.pc += 1;
            if value.is_none() && wrong != 0 {
                self.all_arise(frame, wrong, Cause::Cache);
            }
            if value.is_none() {
                self.hears_kept(frame, making.wanted.cache, &[]);
            }
            if let Some(value) = &value {
                self.uses(frame, making.wanted.cache, value);
                if let Some(shelf) = shelf.filter(|shelf| Some(*shelf) != making.wanted.shelf) {
                    self.keeps_value(making.wanted, shelf, value.clone());
                }
            }
            self.ready.push(frame);
        }
        let Some(early) = making.early.filter(|_| outcome > Outcome::Degraded as u8) else { return outcome };
        // Who has a value that has not expired goes on with it, stale as it may be.
        if let Some(frame) = self.frames.waiting(self.frames[branch].waiter) {
            self.uses(frame, making.wanted.cache, &early);
        }
        Outcome::Ok as u8
    }

    /// What makes a value is lost with its instance: those who wait look again.
    #[cold]
    pub(in crate::world) fn regeneration_is_lost(&mut self, branch: FrameId) {
        let Some(making) = self.take_making(branch) else { return };
        for (frame, seq, shelf) in making.waiting.into_iter().rev() {
            if self.frames.waits_for(frame, seq) {
                let at = &mut self.frames[frame];
                at.seq = 0;
                at.phase = Phase::Running;
                self.caches.again.insert(frame, at.key);
                self.caches.set_answered(frame, shelf.map_or(Maybe::NONE, Maybe::from));
                self.ready.push(frame);
            }
        }
    }

    fn value_of(&self, branch: FrameId, making: &Making) -> Value {
        let sources = &self.caches.sources[making.wanted.cache.index()];
        let read = |store: &ServiceId| {
            let version = self.version_read(branch, *store)?;
            Some(Read { store: *store, row: self.row(branch, *store), version })
        };
        Value {
            made: self.now,
            took: self.now - making.began,
            of: sources.iter().filter_map(read).collect(),
            wrong: self.wrong_in(branch),
        }
    }

    /// A value is kept on a shelf, if its instance is there.
    fn keeps_value(&mut self, wanted: Wanted, shelf: InstanceId, value: Value) {
        if !matches!(self.stations.life(shelf), Life::Up | Life::Draining | Life::Replacing) {
            return;
        }
        match self.caches.shelf(wanted.cache, shelf) {
            Shelf::Keyed(kept) => {
                if kept.keep(wanted.key, value) {
                    count!(self.stations.counts(wanted.cache), cache::EVICTIONS);
                } else {
                    self.cached_values_change(shelf);
                }
            }
            Shelf::Fixed { rows, .. } => {
                if let Some(row) = rows.get_mut(&wanted.key) {
                    *row = Invalidated::MadeAnew(value.made);
                }
            }
        }
    }
}
