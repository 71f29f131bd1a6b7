//! Effects of calls: which were applied, so that a second one is found out.
//!
//! An effect is remembered as long as its call can come again, however long that is: while an attempt of it is anywhere, or a caller or a
//! message that may send one more. What can come no more is forgotten whenever twice as many are remembered as were the last time, so that
//! memory follows what is in flight.

use crate::counters::count;
use crate::data::{self, Cause, Effect, KeyStoreSettings, Wrongness};
use crate::engine::rng::mix;
use crate::ids::{EdgeId, InstanceId, ServiceId};
use crate::model::Model;
use crate::outcome::Outcome;
use crate::world::World;
use crate::world::calls::ATTEMPT;
use crate::world::frame::{CLIENT, FrameId, Phase, Waiter};
use crate::world::program::Op;
use std::collections::{BTreeMap, BTreeSet};

const KEY: u64 = 0x95;

/// So many are remembered without a look at which can be forgotten.
pub(super) const FEW: usize = 4096;

/// What a run of an endpoint has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Applied {
    /// Its effect.
    First,
    /// Its effect, though the call had it already, and that counts.
    Again,
    /// Nothing that was not there.
    Known,
}

/// Effects that were applied.
#[derive(Debug, Default)]
pub(super) struct Effects {
    /// When [ns], by the identity of the call.
    applied: BTreeMap<u64, u64>,
    /// By the identity of a delivery of several messages: those of the messages behind the first. An entry whose delivery is lost, or brings only
    /// known keys, goes when effects are next forgotten.
    batches: BTreeMap<u64, Vec<u64>>,
    /// How many may be remembered before it is looked which can be forgotten.
    look_at: usize,
    /// Where some endpoint keeps its keys elsewhere.
    kept: Option<Box<KeptKeys>>,
}

/// Keys that are kept in stores of their own.
#[derive(Debug, Default)]
struct KeptKeys {
    /// By call of a store whose keys do not outlive a crash: the store, and over how many instances its keys are spread.
    in_memory: BTreeMap<EdgeId, (ServiceId, u64)>,
    /// By store and number of an instance: when that has lost its keys [ns].
    lost: BTreeMap<(ServiceId, u64), u64>,
    /// Requests that are worked on without their key having been looked up.
    unchecked: BTreeSet<FrameId>,
    /// The calls whose effects have left no key.
    without_key: BTreeSet<u64>,
}

impl Effects {
    pub(super) fn new(model: &Model) -> Self {
        let stores = || model.endpoints.iter().filter_map(|endpoint| endpoint.effect.key_store());
        let of = |store: &KeyStoreSettings| {
            let edge = store.edge.filter(|_| !store.survives_crash)?;
            let service = model.endpoints[model.edges[edge.index()].callee.index()].service;
            Some((edge, (service, u64::from(model.services[service.index()].instances.max(1)))))
        };
        let kept = KeptKeys { in_memory: stores().filter_map(of).collect(), ..KeptKeys::default() };
        Self { kept: stores().next().map(|_| Box::new(kept)), ..Self::default() }
    }

    /// Whether an effect of a call was applied and a further one does no harm.
    fn knows(&self, call: u64, now: u64, effect: &Effect) -> bool {
        let has_key = |before: u64| self.kept.as_ref().is_none_or(|kept| kept.has_key(call, before, effect));
        self.applied.get(&call).is_some_and(|&before| !effect.duplicates(now - before) && has_key(before))
    }

    /// An effect of a call is applied. A key that is known is not remembered anew; where nobody has looked, it is not known.
    fn apply(&mut self, call: u64, now: u64, effect: &Effect, is_unchecked: bool) -> Applied {
        let had_key = self.knows(call, now, effect);
        if had_key && !is_unchecked {
            return Applied::Known;
        }
        let before = if had_key { self.applied.get(&call).copied() } else { self.applied.insert(call, now) };
        if let Some(kept) = self.kept.as_mut().filter(|_| !had_key) {
            if is_unchecked {
                kept.without_key.insert(call);
            } else {
                kept.without_key.remove(&call);
            }
        }
        if before.is_some() { Applied::Again } else { Applied::First }
    }

    /// How many are remembered.
    #[cfg(test)]
    pub(in crate::world) fn len(&self) -> usize {
        self.applied.len()
    }
}

impl KeptKeys {
    /// Whether the key of an effect that was applied then is still there [ns].
    fn has_key(&self, call: u64, before: u64, effect: &Effect) -> bool {
        if self.without_key.contains(&call) {
            return false;
        }
        let store = effect.key_store().and_then(|store| self.in_memory.get(&store.edge?));
        let lost = store.and_then(|(store, places)| self.lost.get(&(*store, mix(call, KEY) % places)));
        lost.is_none_or(|&at| at < before)
    }
}

impl World<'_> {
    /// The identity of the call of which a frame is an attempt.
    pub(super) fn call_of(&self, attempt: FrameId) -> u64 {
        let number = self.attempt_number(attempt);
        self.frames[attempt].key.wrapping_sub(ATTEMPT.wrapping_mul(u64::from(number)))
    }

    fn effect_of(&self, frame: FrameId) -> &Effect {
        let endpoint = self.calls.endpoint(self.frames[frame].edge);
        &self.model.endpoints[endpoint.index()].effect
    }

    /// Whether the key that a request brings is known, so that its endpoint has nothing to do.
    pub(in crate::world) fn brings_a_known_key(&mut self, frame: FrameId) -> bool {
        if self.data.effects.kept.is_some() && self.is_unchecked(frame) {
            return false;
        }
        let (effects, effect) = (&self.data.effects, self.effect_of(frame));
        let others = effects.batches.get(&self.frames[frame].key).into_iter().flatten();
        std::iter::once(&self.call_of(frame)).chain(others).all(|&call| effects.knows(call, self.now, effect))
    }

    /// Whether a request is to be worked on though nobody could look its key up: the call that did so has failed, and what comes after it has not
    /// begun.
    #[cold]
    fn is_unchecked(&mut self, frame: FrameId) -> bool {
        let has_failed = self.effect_of(frame).key_store().is_some() && self.frames[frame].outcome > Outcome::Ok as u8;
        let service = self.calls.callee(self.frames[frame].edge);
        let Some(kept) = &mut self.data.effects.kept else { return false };
        if has_failed {
            kept.unchecked.insert(frame);
            count!(self.stations.counts(service), data::UNCHECKED);
        } else {
            kept.unchecked.remove(&frame);
        }
        has_failed
    }

    /// An instance is up after a crash: the idempotency keys that it had in memory are gone.
    pub(super) fn keys_may_be_lost(&mut self, instance: InstanceId) {
        let (store, number) = (self.stations.service_of(instance), self.stations.number(instance));
        let Some(kept) = &mut self.data.effects.kept else { return };
        if kept.in_memory.values().any(|(of, _)| *of == store) {
            kept.lost.insert((store, u64::from(number)), self.now);
        }
    }

    /// Messages are handed over together: the effect of the delivery is one of each of them.
    pub(super) fn batch_sets_out(&mut self, first: FrameId, site: EdgeId, delivery: u64) {
        let Some(others) = self.data.queues.batches.get(&first) else { return };
        if self.calls.effect_counts(site) {
            let keys = others.iter().map(|&message| self.frames[message].key).collect();
            self.data.effects.batches.insert(delivery, keys);
        }
    }

    /// An effect that may only happen once for a call: counts it, and what is one too many.
    pub(in crate::world) fn apply_effect(&mut self, frame: FrameId) {
        let at = self.frames[frame];
        let is_outbox = self.data.outboxes.has(at.edge);
        if is_outbox {
            self.writes_outbox(frame);
        }
        let is_of_saga = self.data.sagas.has(at.edge);
        if is_of_saga {
            let effect = self.effect_of(frame).clone();
            self.saga_effect(at.edge, self.call_of(frame), &effect);
        }
        let counts = self.model.counts_effects && *self.effect_of(frame) != Effect::None;
        if (is_of_saga || is_outbox) && !counts && matches!(self.effect_of(frame), Effect::None | Effect::Idempotent) {
            return;
        }
        let comes_again = is_of_saga || self.data.outboxes.feeds(self.data.queues.by_site[at.edge].0.get());
        let wanted = at.waiter == Waiter::LOAD || self.frames.waiting(at.waiter).is_some();
        let hedged = self.model.edges[at.edge.index()].hedge.is_some();
        let others = self.data.effects.batches.remove(&at.key);
        if !comes_again
            && others.is_none()
            && wanted
            && at.attempt <= 1
            && !hedged
            && !self.calls.crosses_network(at.edge)
        {
            // Nobody tries again after an answer.
            if counts {
                count!(self.calls.counts(at.edge), data::EFFECTS);
            }
            return;
        }
        let (endpoint, service) = (self.calls.endpoint(at.edge), self.calls.callee(at.edge));
        let effect = &self.model.endpoints[endpoint.index()].effect;
        // An endpoint without a store of keys knows of no marks: one that a request with the same place has left is not its own.
        let is_unchecked = effect.key_store().is_some()
            && self.data.effects.kept.as_mut().is_some_and(|kept| kept.unchecked.remove(&frame));
        for call in std::iter::once(self.call_of(frame)).chain(others.into_iter().flatten()) {
            let applied = self.data.effects.apply(call, self.now, effect, is_unchecked);
            if counts && applied != Applied::Known {
                count!(self.calls.counts(at.edge), data::EFFECTS);
            }
            if applied == Applied::Again {
                count!(self.stations.counts(service), data::DUPLICATES);
                // The answer is right: the caller hears nothing of it.
                self.recorder.wrong_arises(at.edge, Wrongness::DuplicateEffect as u8);
                self.lists_wrong(at.edge, Wrongness::DuplicateEffect as u8, Cause::Again, Some(frame));
            }
        }
        let effects = &self.data.effects;
        if effects.applied.len() + effects.batches.len() > effects.look_at.max(FEW) {
            self.forget_effects();
        }
    }

    /// Forgets the effects of calls that can come no more, and what the steps of sagas have done whose calls cannot.
    #[cold]
    pub(super) fn forget_effects(&mut self) {
        let mut under_way = BTreeSet::new();
        let mut deliveries = BTreeSet::new();
        for frame in self.frames.ids().filter(|&frame| self.frames[frame].phase != Phase::Free) {
            under_way.insert(self.call_of(frame));
            let at = &self.frames[frame];
            deliveries.insert(at.key);
            // A message is the call of its deliveries.
            if at.flags & CLIENT != 0 {
                under_way.insert(at.key);
            }
            if let Op::Call { site, .. } | Op::CallAtOnce { site, .. } | Op::Hedge { site, .. } | Op::Copy(site) =
                self.program.ops[at.pc]
            {
                under_way.insert(self.call_key(frame, site));
            }
        }
        self.data.sagas.forget(&under_way);
        under_way.extend(self.data.sagas.calls());
        under_way.extend(self.may_be_relayed());
        let effects = &mut self.data.effects;
        effects.batches.retain(|delivery, _| deliveries.contains(delivery));
        under_way.extend(effects.batches.values().flatten());
        effects.applied.retain(|call, _| under_way.contains(call));
        if let Some(kept) = &mut effects.kept {
            kept.without_key.retain(|call| effects.applied.contains_key(call));
        }
        effects.look_at = (2 * (effects.applied.len() + effects.batches.len())).max(self.frames.len() as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::FEW;
    use crate::data::{DUPLICATES, DeduplicatedSettings, Effect};
    use crate::dist::Distribution;
    use crate::ids::{EdgeId, ServiceId};
    use crate::model::Model;
    use crate::topology::{Access, Node, Replication, Store};
    use crate::workload::{Arrival, Bursts};
    use crate::world::tests::{chain, ms, service};
    use crate::world::{World, simulate};

    const HOUR: u64 = 3_600_000;

    /// Calls that are made again at `again` ms, though their first attempt goes on until `work` ms.
    fn twice(work: u64, again: u64, seconds: u64, effect: Effect) -> Model {
        let mut centre = service("a", 1, None);
        centre.workers = None;
        let mut model = chain(1000.0, seconds, &[(centre, Distribution::constant(ms(work)))], &[Some(ms(again))]);
        model.run.warm_up = ms(0);
        model.endpoints[0].effect = effect;
        model.edges[0].retry =
            Some(serde_json::from_str(r#"{"max_attempts": "2", "backoff": {"fixed": {"delay": "0ms"}}}"#).unwrap());
        model
    }

    fn deduplicated(remember_ms: u64, work_ms: u64) -> Effect {
        Effect::Deduplicated(DeduplicatedSettings { remember: ms(remember_ms), work: ms(work_ms), store: None })
    }

    /// 300,000 calls at once, whose second effect comes an hour and a half after the first.
    #[test]
    fn no_effect_is_forgotten_while_its_call_can_come_again() {
        for (effect, duplicates) in
            [(Effect::NotIdempotent, 300_000), (deduplicated(HOUR, 0), 300_000), (deduplicated(24 * HOUR, 0), 0)]
        {
            let mut model = twice(2 * HOUR, 3 * HOUR / 2, 4 * 3600, effect.clone());
            model.loads[0].arrival = Arrival::Burst(Bursts { size: 300_000, at_ns: 0, every_ns: None, times: 1 });
            let run = simulate(&model, 1, 0);
            assert_eq!(run.service(ServiceId(0), run.whole()).of(&DUPLICATES), duplicates, "{effect:?}");
        }
    }

    #[test]
    fn effects_of_calls_that_are_over_are_forgotten() {
        let model = twice(15, 10, 200, Effect::NotIdempotent);
        let mut world = World::new(&model, 1, 0);
        world.run();
        assert!(world.data.effects.len() <= FEW + 1, "{}", world.data.effects.len());
        let run = world.into_result();
        let calls = run.edge(EdgeId(0), run.whole()).calls;
        let duplicates = run.service(ServiceId(0), run.whole()).of(&DUPLICATES);
        assert!(calls > 190_000 && calls - duplicates < 100, "{calls} calls, {duplicates} duplicates");
    }

    #[test]
    fn requests_that_are_over_remember_no_version() {
        let mut model = chain(1000.0, 50, &[(service("a", 10, None), Distribution::constant(ms(1)))], &[]);
        model.services[0].node = Node::Store(Store { replication: Replication::None, keys: None, ..Store::default() });
        model.endpoints[0].access = Some(Access::Read);
        let swap = crate::topology::Endpoint { access: Some(Access::CompareAndSet), ..model.endpoints[0].clone() };
        model.endpoints.push(swap);
        let mut world = World::new(&model, 1, 0);
        world.run();
        let (requests, tickets) = (world.calls.sums(EdgeId(0)).attempts, world.tickets.len());
        assert!(requests > 50_000, "{requests} requests");
        assert!((1..=world.frames.len() as usize).contains(&tickets), "{tickets} tickets");
    }

    /// 5000 calls at once, whose first attempts end at 1000 ms; their keys are looked up by the second ones, which begin later.
    #[test]
    fn a_known_key_does_no_work_again_and_its_lookup_does() {
        // Callers give up after 900 ms and try again after two more seconds: in between nothing but they can send their calls again.
        let cpu = |effect| {
            let mut model = twice(1000, 900, 20, effect);
            model.loads[0].arrival = Arrival::Burst(Bursts { size: 5000, at_ns: 0, every_ns: None, times: 1 });
            model.edges[0].retry =
                Some(serde_json::from_str(r#"{"max_attempts": "2", "backoff": {"fixed": {"delay": "2s"}}}"#).unwrap());
            let run = simulate(&model, 1, 0);
            let (of, calls) = (run.service(ServiceId(0), run.whole()), run.edge(EdgeId(0), run.whole()));
            let per_call = |ns: u128| ns / 5000 / 1_000_000;
            let latency = per_call(u128::from(calls.latency_sum_ns));
            (per_call(of.cpu_ns), of.of(&DUPLICATES), calls.outcomes[0], latency)
        };
        // Each is done twice, and the second attempt takes as long as the first: nobody is answered.
        assert_eq!(cpu(Effect::NotIdempotent), (2_000, 5000, 0, 0));
        // The second finds its key, after a lookup of 30 ms that the first has paid too.
        assert_eq!(cpu(deduplicated(HOUR, 0)), (1_000, 0, 5000, 0));
        assert_eq!(cpu(deduplicated(HOUR, 30)), (1_000 + 2 * 30, 0, 5000, 30));
        // Forgotten before the second comes, at 2,900 ms.
        assert_eq!(cpu(deduplicated(1_800, 0)), (2_000, 5000, 0, 0));
    }
}
