//! Caches: which values lie where, and who makes one that is missing.
//!
//! Values lie on a *shelf*: a cache has one for each instance of its own, or, where it lies in the memory of its callers, one for each instance that
//! looks something up. A shelf is there from the first time at which somebody looks, and is emptied when its instance crashes, is removed, or is
//! flushed.
//!
//! A lookup of a cache with instances is a call to one of them and what follows on its answer (`look`): the instance tells the caller's frame
//! that it has answered, and what lies on its shelf at the moment at which the answer is back decides. A cache that does not answer is a miss, and
//! what is made then is kept nowhere.
//!
//! A missing value is made by a branch of the request, which has the flag `REGENERATES` (`make`): so its end is heard of in one place, whether it has
//! succeeded, has failed, or was lost with its instance. It has the number of its own key, which is the same for a stand-in. The request that waits
//! for it, and all others that wait for it by coalescing, are in `Phase::Joining` with a sequence number of their own: one that was cancelled, timed
//! out or crashed has another, and is passed over.
//!
//! What holds between two events: each branch with `REGENERATES` has an entry in `makings`, and each entry a branch; an entry of `led` is the
//! number of one of them.

mod look;
mod make;

use super::World;
use super::data::Read;
use super::frame::FrameId;
use super::program::sources_of;
use crate::data::cache::{CoalesceSettings, ContentsSettings, EarlySettings, Eviction, Kept};
use crate::engine::table::Maybe;
use crate::ids::{InstanceId, KeySpaceId, ServiceId};
use crate::model::Model;
use crate::topology::{Cache, Node};
use crate::units::{Bytes, Count, SimDuration};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A value that a cache keeps.
#[derive(Debug, Clone)]
struct Value {
    /// When it was kept [ns].
    made: u64,
    /// How long it took to make [ns].
    took: u64,
    /// Which rows it was made of.
    of: Rc<[Read]>,
    /// Kinds of wrongness that it had when it was made, one bit each.
    wrong: u16,
}

/// What a cache does, looked up once.
#[derive(Debug, Clone, Copy)]
struct Rules {
    /// The share of hits, where nothing is kept.
    hit_ratio: Option<f64>,
    capacity: u64,
    eviction: Eviction,
    ttl_ns: Option<u64>,
    /// How long an expired value is still given [ns].
    longer_ns: u64,
    early: Option<EarlySettings>,
    coalesce: Option<CoalesceSettings>,
    key: Option<KeySpaceId>,
    is_local: bool,
    /// Memory that each value takes where it lies [bytes].
    entry_bytes: u64,
}

impl Rules {
    fn new(cache: &Cache) -> Self {
        let (capacity, eviction) = match &cache.contents {
            ContentsSettings::Fixed(_) => (0, Eviction::Lru),
            ContentsSettings::Keyed(keyed) => (keyed.capacity.map_or(u64::MAX, Count::get), keyed.eviction),
        };
        Self {
            hit_ratio: cache.contents.hit_ratio(),
            capacity,
            eviction,
            ttl_ns: cache.contents.ttl().map(SimDuration::ns),
            longer_ns: cache.stale_while_revalidate.map_or(0, SimDuration::ns),
            early: cache.early,
            coalesce: cache.coalesce,
            key: cache.key,
            is_local: cache.is_local,
            entry_bytes: cache.contents.entry_size().map_or(0, Bytes::get),
        }
    }
}

/// A row of fixed contents that was invalidated.
#[derive(Debug, Clone, Copy)]
enum Invalidated {
    /// There is no value since.
    Gone,
    /// There is one that was made then [ns].
    MadeAnew(u64),
}

/// What lies in one place.
#[derive(Debug)]
enum Shelf {
    /// Nothing is kept; only when it was emptied [ns], and what became of the rows that were ever invalidated.
    Fixed { empty_at: Option<u64>, rows: BTreeMap<u64, Invalidated> },
    /// Values by key.
    Keyed(Kept<Value>),
}

impl Shelf {
    fn new(rules: &Rules) -> Self {
        if rules.hit_ratio.is_some() {
            return Self::Fixed { empty_at: None, rows: BTreeMap::new() };
        }
        Self::Keyed(Kept::new(rules.capacity, rules.eviction))
    }
}

/// All caches.
#[derive(Debug, Default)]
pub(super) struct Caches {
    /// By service: the rules of those that are caches; empty where none is.
    rules: Vec<Option<Rules>>,
    /// By service: the stores from which its values come, where it is a cache.
    sources: Vec<Rc<[ServiceId]>>,
    shelves: BTreeMap<(ServiceId, InstanceId), Shelf>,
    /// By the number of each, what is being made.
    makings: BTreeMap<u64, make::Making>,
    /// By whom it is made, what others wait for or leave to it.
    led: BTreeMap<make::Scope, u64>,
    /// By frame: the instance of a cache that has answered its call.
    answered: Vec<Maybe<InstanceId>>,
    /// When instances began that were not there at the start of the run [ns].
    began: BTreeMap<InstanceId, u64>,
    /// The caches whose values take memory.
    sized: Vec<ServiceId>,
    /// Frames that look a second time, each with its key, which tells it from a frame that comes later to the same place.
    again: BTreeMap<FrameId, u64>,
}

impl Caches {
    pub(super) fn new(model: &Model) -> Self {
        if !model.services.iter().any(|service| matches!(service.node, Node::Cache(_))) {
            return Self::default();
        }
        let rules = model.services.iter().map(|service| match &service.node {
            Node::Cache(cache) => Some(Rules::new(cache)),
            _ => None,
        });
        let sources = (0..model.services.len()).map(|cache| sources_of(model, ServiceId::from(cache)).into());
        let rules: Vec<Option<Rules>> = rules.collect();
        let is_sized = |rules: &Option<Rules>| rules.as_ref().is_some_and(|rules| rules.entry_bytes > 0);
        let sized =
            rules.iter().enumerate().filter(|(_, rules)| is_sized(rules)).map(|(cache, _)| ServiceId::from(cache));
        Self { sized: sized.collect(), rules, sources: sources.collect(), ..Self::default() }
    }

    /// Whether frames have to carry tickets.
    pub(super) fn need_tickets(&self) -> bool {
        !self.rules.is_empty()
    }

    fn rules(&self, cache: ServiceId) -> Rules {
        let Some(rules) = self.rules[cache.index()] else { unreachable!("what is looked up is in a cache") };
        rules
    }

    fn set_answered(&mut self, frame: FrameId, by: Maybe<InstanceId>) {
        if self.answered.len() <= frame.index() {
            self.answered.resize(frame.index() + 1, Maybe::NONE);
        }
        self.answered[frame.index()] = by;
    }

    fn shelf(&mut self, cache: ServiceId, at: InstanceId) -> &mut Shelf {
        let rules = self.rules(cache);
        let began = self.began.get(&at).copied();
        self.shelves.entry((cache, at)).or_insert_with(|| {
            let mut shelf = Shelf::new(&rules);
            if let Shelf::Fixed { empty_at, .. } = &mut shelf {
                *empty_at = began;
            }
            shelf
        })
    }

    /// Values of a cache are good for so long from now on, those that lie there too.
    pub(super) fn ttl_changes(&mut self, cache: ServiceId, ttl: SimDuration) {
        if let Some(Some(rules)) = self.rules.get_mut(cache.index()) {
            rules.ttl_ns = Some(ttl.ns());
        }
    }

    /// An instance comes up. At the start of the run caches are taken to be warm; later nothing lies on it yet.
    pub(super) fn begins(&mut self, instance: InstanceId, now: u64) {
        if now > 0 && !self.rules.is_empty() {
            self.began.insert(instance, now);
        }
    }

    /// The value of a key is let go. Contents without keys lead to no instance, so that all of a cache let it go.
    fn lets_go(&mut self, cache: ServiceId, shelf: InstanceId, key: u64) {
        let is_local = self.rules(cache).is_local;
        if let Shelf::Keyed(kept) = self.shelf(cache, shelf) {
            return kept.forget(key);
        }
        for (&(of, at), there) in &mut self.shelves {
            if let Shelf::Fixed { rows, .. } = there
                && of == cache
                && (!is_local || at == shelf)
            {
                rows.insert(key, Invalidated::Gone);
            }
        }
    }

    /// What the values that lie in an instance take of its memory [bytes].
    fn bytes_in(&self, instance: InstanceId) -> u64 {
        let of = |cache: &ServiceId| match self.shelves.get(&(*cache, instance)) {
            Some(Shelf::Keyed(kept)) => self.rules(*cache).entry_bytes.saturating_mul(kept.len() as u64),
            _ => 0,
        };
        self.sized.iter().map(of).fold(0, u64::saturating_add)
    }

    /// What lies on an instance is lost, as it crashes or is removed.
    pub(super) fn is_lost(&mut self, instance: InstanceId, now: u64) {
        if !self.rules.is_empty() {
            self.empty(now, |_, at| at == instance);
        }
    }

    /// A cache is flushed: one of its instances, or, where it lies in the memory of its callers, all of it.
    fn flush(&mut self, cache: ServiceId, instance: InstanceId, now: u64) {
        let is_local = self.rules(cache).is_local;
        self.empty(now, |of, at| of == cache && (is_local || at == instance));
    }

    fn empty(&mut self, now: u64, which: impl Fn(ServiceId, InstanceId) -> bool) {
        for (&(cache, at), shelf) in &mut self.shelves {
            if !which(cache, at) {
                continue;
            }
            if let Some(Some(rules)) = self.rules.get(cache.index()) {
                *shelf = Shelf::new(rules);
            }
            if let Shelf::Fixed { empty_at, .. } = shelf {
                *empty_at = Some(now);
            }
        }
    }
}

impl World<'_> {
    /// A cache is flushed: one of its instances, or, where it lies in the memory of its callers, all of it.
    pub(super) fn flush_cache(&mut self, cache: ServiceId, instance: InstanceId) {
        self.caches.flush(cache, instance, self.now);
        if self.caches.sized.contains(&cache) {
            let shelves = self.caches.shelves.range((cache, InstanceId(0))..=(cache, InstanceId(u32::MAX)));
            let places: Vec<InstanceId> = shelves.map(|(&(_, at), _)| at).collect();
            places.into_iter().for_each(|at| self.cached_values_change(at));
        }
    }

    /// Values have come to an instance, or have left it: its memory is told, where they take any.
    fn cached_values_change(&mut self, at: InstanceId) {
        if self.caches.sized.is_empty() {
            return;
        }
        let bytes = self.caches.bytes_in(at);
        self.memory_changes(at, |memory, _| memory.caches(bytes));
    }
}
