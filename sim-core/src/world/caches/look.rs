//! Lookups and invalidations: what a request finds.

use super::make::Wanted;
use super::{Invalidated, Shelf, Value};
use crate::counters::count;
use crate::data::cache::{self, EarlySettings};
use crate::data::{Cause, Wrongness};
use crate::engine::rng::{Keyed, mix};
use crate::engine::table::Maybe;
use crate::ids::{EdgeId, InstanceId, ServiceId};
use crate::outcome::Outcome;
use crate::world::World;
use crate::world::data::Read;
use crate::world::frame::{COPY, FrameId, Phase};
use crate::world::program::{Op, Pc};
use std::rc::Rc;

const HIT: u64 = 0x14;
const AGE: u64 = 0x15;
const EARLY: u64 = 0x16;

/// What a lookup finds.
enum Found {
    /// A value that is good.
    Value(Value),
    /// One that is good, and that this request makes anew before it expires.
    Early(Value),
    /// One that has expired and may still be given.
    Expired(Value),
    Nothing,
}

impl World<'_> {
    /// A request is about to ask a cache: whoever has answered its frame before did so for something else.
    pub(in crate::world) fn asks_cache(&mut self, frame: FrameId) {
        self.caches.set_answered(frame, Maybe::NONE);
    }

    /// An instance of a cache has its answer, which goes to the frame that called.
    pub(in crate::world) fn cache_answers(&mut self, frame: FrameId) {
        let at = &self.frames[frame];
        let Some(mut caller) = self.frames.waiting(at.waiter) else { return };
        // The copies of a hedged call ask for their caller.
        if self.frames[caller].flags & COPY != 0 {
            let Some(of_copies) = self.frames.waiting(self.frames[caller].waiter) else { return };
            caller = of_copies;
        }
        self.caches.set_answered(caller, at.instance);
    }

    /// A call to a cache has failed for good. Before a lookup that is a miss: true where it was one, and the request goes on.
    #[cold]
    pub(in crate::world) fn goes_on_without_cache(&mut self, frame: FrameId, site: EdgeId, outcome: Outcome) -> bool {
        let pc = self.frames[frame].pc;
        let next = Pc(pc.0 + 1);
        let Op::Lookup(number) = self.program.ops[next] else { return false };
        if self.program.lookups[number as usize].call != Some(site) {
            return false;
        }
        if self.calls.counts_calls(site) {
            self.calls.counts(site).call_outcomes[outcome as usize] += 1;
        }
        // Its answer may be on its way, and comes too late.
        self.caches.set_answered(frame, Maybe::NONE);
        let at = &mut self.frames[frame];
        at.phase = Phase::Running;
        at.pc = next;
        true
    }

    /// A request looks something up. Who goes on: itself, or what makes the value.
    pub(in crate::world) fn look_up(&mut self, frame: FrameId, number: u32) -> Option<FrameId> {
        let lookup = &self.program.lookups[number as usize];
        let cache = lookup.cache;
        let shelf = self.answered_by(frame, lookup.call);
        let key = self.key_of(frame, cache);
        let wanted = Wanted { number, cache, shelf, key };
        let found = shelf.map_or(Found::Nothing, |shelf| self.finds(frame, cache, shelf, key));
        // What was a miss before the instance crashed that made the value is counted once.
        let is_first = self.caches.again.remove(&frame) != Some(self.frames[frame].key);
        if let Found::Nothing = found {
            if is_first {
                count!(self.stations.counts(cache), cache::MISSES);
            }
            return self.is_missing(frame, wanted, is_first);
        }
        if is_first {
            count!(self.stations.counts(cache), cache::HITS);
        }
        match found {
            Found::Early(value) => {
                if !self.is_being_made(frame, wanted) {
                    return self.makes_early(frame, wanted, value);
                }
                self.uses(frame, cache, &value);
            }
            Found::Expired(value) => {
                count!(self.stations.counts(cache), cache::SERVED_EXPIRED);
                self.uses(frame, cache, &value);
                self.arises(frame, Wrongness::StaleRead as u8, Cause::Cache);
                self.refreshes(frame, wanted);
            }
            Found::Value(value) => self.uses(frame, cache, &value),
            Found::Nothing => {}
        }
        self.frames[frame].pc += 1;
        Some(frame)
    }

    /// A request lets the value of its key go.
    pub(in crate::world) fn invalidates(&mut self, frame: FrameId, number: u32) {
        let lookup = &self.program.lookups[number as usize];
        let cache = lookup.cache;
        let Some(shelf) = self.answered_by(frame, lookup.call) else { return };
        let key = self.key_of(frame, cache);
        self.caches.lets_go(cache, shelf, key);
        self.cached_values_change(shelf);
    }

    /// The instance on whose shelf a request looks: of the cache that has answered, or its own.
    fn answered_by(&mut self, frame: FrameId, call: Option<EdgeId>) -> Option<InstanceId> {
        if call.is_none() {
            return self.frames[frame].instance.get();
        }
        std::mem::replace(&mut self.caches.answered[frame.index()], Maybe::NONE).get()
    }

    /// The key of a request in a cache. Fixed contents tell apart what was invalidated by the row in the first store of the values.
    pub(super) fn key_of(&self, frame: FrameId, cache: ServiceId) -> u64 {
        match self.caches.rules(cache).key {
            Some(space) => self.data.key_in(space, self.request_of(frame)),
            None => self.caches.sources[cache.index()].first().map_or(0, |store| self.row(frame, *store)),
        }
    }

    fn finds(&mut self, frame: FrameId, cache: ServiceId, shelf: InstanceId, key: u64) -> Found {
        let rules = self.caches.rules(cache);
        if let Some(hit_ratio) = rules.hit_ratio {
            return self.finds_by_chance(frame, cache, shelf, (hit_ratio, rules.ttl_ns));
        }
        let now = self.now;
        let Shelf::Keyed(kept) = self.caches.shelf(cache, shelf) else { return Found::Nothing };
        let Some(value) = kept.ask(key).cloned() else { return Found::Nothing };
        let Some(ttl_ns) = rules.ttl_ns else { return Found::Value(value) };
        let ends = value.made.saturating_add(ttl_ns);
        if now >= ends {
            let is_given = now < ends.saturating_add(rules.longer_ns);
            return if is_given { Found::Expired(value) } else { Found::Nothing };
        }
        let begins = |early: EarlySettings| early.begins(ends - now, value.took, self.draw_of_lookup(frame, EARLY));
        if rules.early.is_some_and(begins) { Found::Early(value) } else { Found::Value(value) }
    }

    /// A number from 0 to 1 for a lookup of a request, the same in every variant of a scenario.
    fn draw_of_lookup(&self, frame: FrameId, purpose: u64) -> f64 {
        let place = self.place(frame);
        Keyed::new(mix(self.frames[frame].key, purpose ^ (place << 8))).unit()
    }

    /// Looks on a shelf on which nothing lies and so many hits are found, of values that are good for so long [ns].
    fn finds_by_chance(
        &mut self,
        frame: FrameId,
        cache: ServiceId,
        shelf: InstanceId,
        (hit_ratio, ttl_ns): (f64, Option<u64>),
    ) -> Found {
        if self.draw_of_lookup(frame, HIT) >= hit_ratio {
            return Found::Nothing;
        }
        let value = |wrong: u16| Found::Value(Value { made: 0, took: 0, of: Rc::default(), wrong });
        let Some(ttl_ns) = ttl_ns else { return value(0) };
        let age = (self.draw_of_lookup(frame, AGE) * ttl_ns as f64) as i128;
        let key = self.key_of(frame, cache);
        // Values that were made before the run began are there too.
        let mut made = i128::from(self.now) - age;
        let Shelf::Fixed { empty_at, rows } = self.caches.shelf(cache, shelf) else { return Found::Nothing };
        match rows.get(&key) {
            Some(Invalidated::Gone) => return Found::Nothing,
            Some(Invalidated::MadeAnew(at)) => made = made.max(i128::from(*at)),
            None => {}
        }
        if empty_at.is_some_and(|at| i128::from(at) > made) {
            return Found::Nothing;
        }
        let mut rows = self.caches.sources[cache.index()].iter().map(|store| (*store, self.row(frame, *store)));
        let is_newer = |at: u64| i128::from(at) > made;
        let is_stale = rows.any(|(store, row)| self.data.written_last(store, row).is_some_and(is_newer));
        value(u16::from(is_stale) << (Wrongness::StaleRead as u8))
    }

    /// A request goes on with a value: what is wrong in it is wrong in the request's answer, and the rows of which it was made are those that
    /// the request has read.
    pub(super) fn uses(&mut self, frame: FrameId, cache: ServiceId, value: &Value) {
        self.hears_kept(frame, cache, &value.of);
        if value.wrong != 0 {
            self.all_arise(frame, value.wrong, Cause::Cache);
        }
        for &Read { store, row, version } in value.of.iter() {
            if self.data.version_of(store, row) > version {
                self.arises(frame, Wrongness::StaleRead as u8, Cause::Cache);
            }
            if self.row(frame, store) == row {
                self.has_read(frame, store, version);
            }
        }
    }
}
