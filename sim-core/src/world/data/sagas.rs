//! Sagas while they run: how far each has come, what its steps have done, and those that wait for people.
//!
//! How far a saga has come stands beside its message, and is written by the marks in its code ([`World::saga_mark`]). So a delivery to another
//! instance goes on where the last one was. An instance whose delivery was given up is not heard any more: its marks change nothing, and it ends
//! there.
//!
//! What the steps have done is kept apart, in an account for each saga, from what participants report as they finish and not from answers: an oracle
//! that knows of a charge whose answer was lost. The account is looked at when the saga has ended, and, where a call of it was left unanswered, each
//! time that an effect comes afterwards, as long as one can. Accounts of all others are closed with their saga, so that memory follows what is in
//! flight.

use crate::counters::{count, level};
use crate::data::{self, Cause, Effect, Wrongness};
use crate::dist::Sampler;
use crate::engine::math::whole_ns;
use crate::engine::rng::{Keyed, mix};
use crate::ids::{EdgeId, InstanceId, ServiceId};
use crate::message::saga;
use crate::metrics::{Level, LevelAt};
use crate::model::Model;
use crate::outcome::Outcome;
use crate::topology::Node;
use crate::world::data::Due;
use crate::world::data::effects::FEW;
use crate::world::frame::{BRANCH, CLIENT, COPY, FrameId, Phase};
use crate::world::program::SagaMark;
use crate::world::{World, fact};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

const SAGA: u64 = 0x91;
const REPAIR: u64 = 0x92;

/// Where a call stands in a saga.
#[derive(Debug, Clone, Copy)]
struct CallPlace {
    saga: ServiceId,
    step: u16,
    undoes: bool,
}

/// How far a saga has come.
#[derive(Debug, Clone, Copy, Default)]
struct Course {
    /// The identity from which those of its calls derive, whichever instance makes them.
    key: u64,
    /// Steps that are done, or while it compensates, are still to be undone.
    steps: u16,
    is_compensating: bool,
    /// An attempt of the step that it is at has ended without an answer, and may have been done.
    is_unclear: bool,
    /// It is in a final state, though its coordinator may be gone before its message was told.
    has_ended: bool,
    /// An instance has begun to coordinate it.
    has_begun: bool,
}

/// What the steps of a saga have done.
#[derive(Debug, Clone)]
struct Account {
    saga: ServiceId,
    /// The identity of the request that has begun it; 0 where the model needs none.
    request: u64,
    /// The identities of its calls.
    calls: Vec<u64>,
    /// By step: whether its action was done at all, and whether what it has done stands.
    steps: Vec<(bool, bool)>,
    /// A call has ended without an answer, so that its effect may come at any time.
    is_unclear: bool,
    /// Once the saga has ended: whether its steps should stand.
    should_stand: Option<bool>,
    is_wrong: bool,
}

impl Account {
    /// Whether it is not as the end of the saga says.
    fn is_off(&self) -> bool {
        self.should_stand.is_some_and(|should| self.steps.iter().any(|(_, stands)| *stands != should))
    }
}

/// People who repair the sagas of one kind.
#[derive(Debug, Default)]
struct Repair {
    takes: Option<Sampler>,
    people: u32,
    busy: u32,
    /// The identities of those that wait.
    waiting: VecDeque<u64>,
}

/// All sagas.
#[derive(Debug, Default)]
pub(super) struct Sagas {
    /// By call site; empty where no model has sagas.
    by_site: Vec<Option<CallPlace>>,
    /// By call of the service that coordinates it: the two-phase commit.
    two_phase: BTreeMap<EdgeId, ServiceId>,
    /// By saga: the requests that are prepared, each with its identity.
    pub(super) prepared: BTreeMap<u64, Vec<(FrameId, u64)>>,
    repairs: BTreeMap<ServiceId, Repair>,
    /// The first call that begins each.
    starts: BTreeMap<ServiceId, EdgeId>,
    /// By frame of the message.
    courses: Vec<Course>,
    accounts: BTreeMap<u64, Account>,
    /// By the identity of a call: the saga and the place of the call in it.
    calls: BTreeMap<u64, (u64, u16, bool)>,
    /// How many accounts may be kept before it is looked which can be closed.
    look_at: usize,
}

impl Sagas {
    pub(super) fn new(model: &Model) -> Self {
        let mut sagas = Self::default();
        for (id, saga) in model.sagas() {
            sagas.by_site.resize(model.edges.len(), None);
            for (step, at) in saga.steps.iter().enumerate() {
                let place = |undoes| Some(CallPlace { saga: id, step: step as u16, undoes });
                sagas.by_site[at.action.index()] = place(false);
                if let Some(compensation) = at.compensation {
                    sagas.by_site[compensation.index()] = place(true);
                }
            }
            if saga.is_two_phase
                && let Node::Queue(queue) = &model.services[id.index()].node
            {
                sagas.two_phase.extend(queue.consumers.iter().map(|consumer| (consumer.edge, id)));
            }
            let begins = |edge: &crate::topology::Edge| model.endpoints[edge.callee.index()].service == id;
            let start = model.edges.iter().position(begins);
            sagas.starts.extend(start.map(|place| (id, EdgeId::from(place))));
            let repair = saga.repair.as_ref();
            let (takes, people) = (repair.map(|r| r.takes.build()), repair.map_or(0, |r| r.people.get_u32()));
            sagas.repairs.insert(id, Repair { takes, people, ..Repair::default() });
        }
        sagas
    }

    fn place(&self, site: EdgeId) -> Option<CallPlace> {
        self.by_site.get(site.index()).copied().flatten()
    }

    /// Whether a call is one of a saga.
    pub(super) fn has(&self, site: EdgeId) -> bool {
        self.place(site).is_some()
    }

    /// The saga of a call.
    pub(super) fn saga_of(&self, site: EdgeId) -> Option<ServiceId> {
        self.place(site).map(|place| place.saga)
    }

    /// The identity of the saga of a message.
    pub(super) fn key_of(&self, message: FrameId) -> u64 {
        self.courses.get(message.index()).map_or(0, |course| course.key)
    }

    /// Whether the model has any.
    pub(super) fn are_any(&self) -> bool {
        !self.by_site.is_empty()
    }

    /// Whether a call asks a participant of a two-phase commit to prepare.
    pub(super) fn is_two_phase(&self, site: EdgeId) -> bool {
        !self.two_phase.is_empty()
            && self.saga_of(site).is_some_and(|saga| self.two_phase.values().any(|of| *of == saga))
    }

    /// The saga of a call, by its identity, of which nothing is decided yet.
    pub(super) fn undecided(&self, call: u64) -> Option<u64> {
        let (key, ..) = *self.calls.get(&call)?;
        self.accounts.get(&key).filter(|account| account.should_stand.is_none()).map(|_| key)
    }

    /// Nobody looks any more at what the steps of a saga have done.
    fn closes(&mut self, key: u64) {
        let calls = self.accounts.remove(&key).map_or_else(Vec::new, |account| account.calls);
        calls.iter().for_each(|call| _ = self.calls.remove(call));
    }

    /// Closes the accounts of sagas that have ended, where nothing can come of them any more.
    pub(super) fn forget(&mut self, under_way: &BTreeSet<u64>) {
        let is_over = |account: &Account| {
            account.should_stand.is_some() && !account.calls.iter().any(|call| under_way.contains(call))
        };
        let over: Vec<u64> = self.accounts.iter().filter(|(_, of)| is_over(of)).map(|(key, _)| *key).collect();
        over.into_iter().for_each(|key| self.closes(key));
        self.look_at = 2 * self.accounts.len();
    }

    /// How many accounts are kept.
    #[cfg(test)]
    pub(in crate::world) fn len(&self) -> usize {
        self.accounts.len()
    }

    /// The calls of all sagas whose effects may still come.
    pub(super) fn calls(&self) -> impl Iterator<Item = u64> {
        self.calls.keys().copied()
    }
}

impl World<'_> {
    /// A saga begins, of which this is the message.
    pub(super) fn saga_begins(&mut self, saga: ServiceId, message: FrameId) {
        let key = mix(self.frames[message].key, SAGA);
        let sagas = &mut self.data.sagas;
        if sagas.courses.len() <= message.index() {
            sagas.courses.resize(message.index() + 1, Course::default());
        }
        sagas.courses[message.index()] = Course { key, ..Course::default() };
        count!(self.stations.counts(saga), saga::STARTED);
        self.sagas_move(saga, None, Some(&saga::RUNNING));
        let Some(of) = self.saga_of(saga) else { return };
        let mut calls = Vec::new();
        for (step, at) in of.steps.iter().enumerate() {
            let sites = [Some((at.action, false)), at.compensation.map(|site| (site, true))];
            for (site, undoes) in sites.into_iter().flatten() {
                let call = self.calls.call_of_key(key, site);
                self.data.sagas.calls.insert(call, (key, step as u16, undoes));
                calls.push(call);
            }
        }
        let steps = vec![(false, false); of.steps.len()];
        let request = self.request_of(message);
        let account = Account { saga, request, calls, steps, is_unclear: false, should_stand: None, is_wrong: false };
        self.data.sagas.accounts.insert(key, account);
    }

    /// Sagas go from one state to another.
    fn sagas_move(&mut self, saga: ServiceId, from: Option<&Level>, to: Option<&Level>) {
        let now = self.now;
        let at = |of: &Level| LevelAt::service(level(of), saga);
        if let Some(from) = from {
            self.levels.moves(at(from), now, 1, 0);
        }
        if let Some(to) = to {
            self.levels.moves(at(to), now, 0, 1);
        }
    }

    /// The message of the saga that a frame coordinates; `None` where another instance has taken over.
    fn coordinated(&self, frame: FrameId) -> Option<FrameId> {
        self.frames.waiting(self.frames[frame].waiter)
    }

    /// A frame that coordinates a saga has come to a mark in its code.
    pub(in crate::world) fn saga_mark(&mut self, frame: FrameId, saga: ServiceId, mark: SagaMark) -> Option<FrameId> {
        if mark == SagaMark::Asks {
            // The calls of all branches are told apart by where they stand.
            if let Some(runner) = self.coordinated(frame) {
                self.frames[frame].key = self.frames[runner].key;
            }
            self.frames[frame].pc += 1;
            return Some(frame);
        }
        let Some(message) = self.coordinated(frame) else {
            // Another instance has taken over: this one is told so when it writes the state down.
            return self.finish(frame, Outcome::Error as u8);
        };
        let course = self.data.sagas.courses[message.index()];
        match mark {
            SagaMark::Resumes => {
                // The calls of a saga are the same, whichever instance makes them: so their keys are known.
                self.frames[frame].key = course.key;
                if course.has_ended {
                    self.frames[frame].pc = self.program.sagas[&saga].end;
                    return Some(frame);
                }
                let is_two_phase = self.data.sagas.two_phase.contains_key(&self.frames[frame].edge);
                let takes_over = std::mem::replace(&mut self.data.sagas.courses[message.index()].has_begun, true);
                if takes_over && !is_two_phase {
                    // The instance before may have left a call behind.
                    self.saga_is_unclear(message);
                } else if takes_over {
                    // The instance that takes over finds no decision, and aborts.
                    self.sagas_move(saga, Some(&saga::RUNNING), Some(&saga::COMPENSATING));
                    self.frames[frame].pc = self.program.sagas[&saga].undo[0];
                    return Some(frame);
                }
                let code = &self.program.sagas[&saga];
                let steps = if course.is_compensating { &code.undo } else { &code.steps };
                self.frames[frame].pc = steps[usize::from(course.steps)];
                return Some(frame);
            }
            SagaMark::Done(step) => {
                let course = Course { steps: step + 1, is_unclear: false, ..course };
                self.data.sagas.courses[message.index()] = course;
            }
            SagaMark::Asks => {}
            SagaMark::Undone(step) => self.data.sagas.courses[message.index()].steps = step,
            SagaMark::Completed => {
                self.data.sagas.courses[message.index()].has_ended = true;
                self.is_completed(saga, course.key, self.frames[frame].instance.get());
            }
            SagaMark::Compensated => {
                self.data.sagas.courses[message.index()].has_ended = true;
                self.is_compensated(saga, course.key, self.frames[frame].instance.get());
            }
        }
        self.frames[frame].pc += 1;
        Some(frame)
    }

    /// A call of a saga has failed for good: the frame goes on with the compensations, or leaves the saga to people. `None` where the call is no
    /// saga's, or nobody hears of the frame any more.
    pub(in crate::world) fn saga_goes_on(&mut self, frame: FrameId, site: EdgeId) -> Option<FrameId> {
        let place = self.data.sagas.place(site)?;
        if self.frames[frame].flags & (BRANCH | COPY) != 0 {
            return None;
        }
        let message = self.coordinated(frame)?;
        let course = self.data.sagas.courses[message.index()];
        let to = if place.undoes {
            self.data.sagas.courses[message.index()].has_ended = true;
            self.has_failed(place.saga, course.key);
            self.program.sagas[&place.saga].end
        } else {
            // What nobody has answered may have been done.
            let steps = place.step + u16::from(course.is_unclear);
            self.data.sagas.courses[message.index()] = Course { steps, is_compensating: true, ..course };
            self.sagas_move(place.saga, Some(&saga::RUNNING), Some(&saga::COMPENSATING));
            self.program.sagas[&place.saga].undo[usize::from(steps)]
        };
        let at = &mut self.frames[frame];
        at.seq = 0;
        at.phase = Phase::Running;
        at.pc = to;
        Some(frame)
    }

    /// One of the participants of a two-phase commit cannot prepare: all are aborted.
    pub(in crate::world) fn saga_fork_fails(&mut self, frame: FrameId) -> Option<FrameId> {
        let saga = *self.data.sagas.two_phase.get(&self.frames[frame].edge)?;
        self.coordinated(frame)?;
        self.sagas_move(saga, Some(&saga::RUNNING), Some(&saga::COMPENSATING));
        let at = &mut self.frames[frame];
        at.phase = Phase::Running;
        at.pc = self.program.sagas[&saga].undo[0];
        Some(frame)
    }

    /// A participant has ended an event of a saga: the call that is next, or none where the saga has ended.
    pub(super) fn saga_after(&mut self, message: FrameId, site: EdgeId, outcome: Outcome) -> Option<EdgeId> {
        let place = self.data.sagas.place(site)?;
        let of = self.saga_of(place.saga)?;
        let course = self.data.sagas.courses[message.index()];
        let step = place.step;
        let to_undo = match (outcome.is_answer(), place.undoes) {
            (true, false) => {
                let steps = step + 1;
                self.data.sagas.courses[message.index()] = Course { steps, is_unclear: false, ..course };
                let next = of.steps.get(usize::from(steps)).map(|step| step.action);
                if next.is_none() {
                    self.is_completed(place.saga, course.key, None);
                }
                return next;
            }
            (false, true) => {
                self.has_failed(place.saga, course.key);
                return None;
            }
            (true, true) => step,
            (false, false) => {
                self.sagas_move(place.saga, Some(&saga::RUNNING), Some(&saga::COMPENSATING));
                step + u16::from(course.is_unclear)
            }
        };
        self.data.sagas.courses[message.index()] = Course { steps: to_undo, is_compensating: true, ..course };
        let next = of.steps[..usize::from(to_undo)].iter().rev().find_map(|step| step.compensation);
        if next.is_none() {
            self.is_compensated(place.saga, course.key, None);
        }
        next
    }

    fn is_completed(&mut self, saga: ServiceId, key: u64, by: Option<InstanceId>) {
        if let Some(account) = self.data.sagas.accounts.get_mut(&key)
            && self.data.sagas.two_phase.values().any(|of| *of == saga)
        {
            // What was decided holds, also for a participant that has crashed since.
            account.steps.iter_mut().for_each(|step| *step = (true, true));
            if self.model.counts_effects
                && let Some(of) = self.saga_of(saga)
            {
                of.steps.iter().for_each(|step| count!(self.calls.counts(step.action), data::EFFECTS));
            }
        }
        count!(self.stations.counts(saga), saga::COMPLETED);
        self.sagas_move(saga, Some(&saga::RUNNING), None);
        self.tells_decision(key, by);
        self.saga_ends(key, true, false);
    }

    fn is_compensated(&mut self, saga: ServiceId, key: u64, by: Option<InstanceId>) {
        count!(self.stations.counts(saga), saga::COMPENSATED);
        self.sagas_move(saga, Some(&saga::COMPENSATING), None);
        self.tells_decision(key, by);
        self.saga_ends(key, false, false);
    }

    /// A compensation has failed for good: the saga is left to people.
    fn has_failed(&mut self, saga: ServiceId, key: u64) {
        count!(self.stations.counts(saga), saga::FAILED);
        self.sagas_move(saga, Some(&saga::COMPENSATING), Some(&saga::IN_REPAIR));
        self.saga_ends(key, false, true);
        self.needs_repair(saga, key);
    }

    /// An attempt of a call was given up, so that what it does may come at any time.
    pub(in crate::world) fn saga_call_is_left(&mut self, caller: FrameId, site: EdgeId) {
        // Of a two-phase commit nothing is done before the decision.
        if !self.data.sagas.has(site) || self.frames[caller].flags & BRANCH != 0 {
            return;
        }
        let is_event = self.frames[caller].flags & CLIENT != 0;
        let Some(message) = (if is_event { Some(caller) } else { self.coordinated(caller) }) else { return };
        self.saga_is_unclear(message);
    }

    /// The effect of the present step of a saga may still come.
    fn saga_is_unclear(&mut self, message: FrameId) {
        let course = &mut self.data.sagas.courses[message.index()];
        course.is_unclear = true;
        if let Some(account) = self.data.sagas.accounts.get_mut(&course.key) {
            account.is_unclear = true;
        }
    }

    /// A participant has done what a call of a saga asks.
    pub(super) fn saga_effect(&mut self, site: EdgeId, call: u64, effect: &Effect) {
        let Some(&(key, step, undoes)) = self.data.sagas.calls.get(&call) else { return };
        let Some(account) = self.data.sagas.accounts.get_mut(&key) else { return };
        let (was_done, stands) = &mut account.steps[usize::from(step)];
        if undoes {
            *stands = false;
        } else if !*was_done || *effect == Effect::NotIdempotent {
            // A second run of what is idempotent changes nothing, also where the first was undone meanwhile.
            (*was_done, *stands) = (true, true);
        }
        debug_assert!(self.data.sagas.has(site));
        self.saga_is_right(key, Cause::AfterTheEnd);
    }

    /// Looks whether the steps of a saga stand as its end says, and counts it once where they do not.
    fn saga_is_right(&mut self, key: u64, cause: Cause) {
        let Some(account) = self.data.sagas.accounts.get_mut(&key) else { return };
        if account.is_wrong || !account.is_off() {
            return;
        }
        account.is_wrong = true;
        let (saga, request) = (account.saga, account.request);
        count!(self.stations.counts(saga), saga::HALF_FINISHED);
        // It is the answer to those who began the saga that was wrong.
        if let Some(&start) = self.data.sagas.starts.get(&saga) {
            self.recorder.wrong_arises(start, Wrongness::HalfFinished as u8);
            self.lists_wrong_of(start, Wrongness::HalfFinished as u8, cause, request);
        }
    }

    /// A saga is in a final state. One that is left to people is half-finished where anything stands.
    fn saga_ends(&mut self, key: u64, should_stand: bool, to_people: bool) {
        self.digest.fact(self.now, key, fact::SAGA_ENDED | u64::from(should_stand) | u64::from(to_people) << 1);
        let Some(account) = self.data.sagas.accounts.get_mut(&key) else { return };
        account.should_stand = Some(should_stand);
        let is_unclear = account.is_unclear && !to_people;
        self.saga_is_right(key, if to_people { Cause::LeftToPeople } else { Cause::NotUndone });
        let sagas = &mut self.data.sagas;
        if !is_unclear {
            sagas.closes(key);
        } else if sagas.accounts.len() > sagas.look_at.max(FEW) {
            self.forget_effects();
        }
    }

    /// A saga waits for people.
    fn needs_repair(&mut self, saga: ServiceId, key: u64) {
        let Some(repair) = self.data.sagas.repairs.get_mut(&saga) else { return };
        repair.waiting.push_back(key);
        self.repairs(saga);
    }

    /// Who has nothing to do repairs the saga that has waited longest.
    fn repairs(&mut self, saga: ServiceId) {
        let Some(repair) = self.data.sagas.repairs.get_mut(&saga) else { return };
        let Some(takes) = repair.takes.as_ref().filter(|_| repair.busy < repair.people) else { return };
        let Some(key) = repair.waiting.pop_front() else { return };
        let took = whole_ns(takes.sample(&mut Keyed::new(mix(key, REPAIR))));
        repair.busy += 1;
        self.schedule(self.now.saturating_add(took), Due::Repaired { saga });
    }

    /// People have put a saga right.
    pub(super) fn saga_is_repaired(&mut self, saga: ServiceId) {
        if let Some(repair) = self.data.sagas.repairs.get_mut(&saga) {
            repair.busy -= 1;
        }
        count!(self.stations.counts(saga), saga::REPAIRED);
        self.sagas_move(saga, Some(&saga::IN_REPAIR), None);
        self.repairs(saga);
    }
}

#[cfg(test)]
mod tests {
    use super::FEW;
    use crate::data::Effect;
    use crate::dist::Distribution;
    use crate::ids::{Caller, EdgeId, EndpointId, ServiceId};
    use crate::message::saga::{HALF_FINISHED, Saga, SagaStep};
    use crate::message::{Consumer, Queue};
    use crate::topology::{Node, Step};
    use crate::world::World;
    use crate::world::tests::{chain, ms, service};

    /// 1000 sagas a second, whose only call is given up after 10 ms and done after 15 ms.
    #[test]
    fn accounts_of_sagas_are_closed_when_nothing_can_come_of_them() {
        let tiers = ["order", "by", "pay"].map(|name| {
            let mut tier = service(name, 1, None);
            tier.workers = None;
            (tier, Distribution::constant(ms(15)))
        });
        let mut model = chain(1000.0, 50, &tiers, &[None, Some(ms(1_000)), Some(ms(10))]);
        model.run.warm_up = ms(0);
        let action = EdgeId(2);
        let steps = vec![SagaStep { name: "pay".into(), action, compensation: None }];
        let saga = Saga { runner: Some(EndpointId(1)), is_two_phase: false, steps, repair: None };
        let consumer = Consumer { renew_every: Some(ms(1_000)), ..Consumer::plain(EdgeId(1), ms(3_000), u32::MAX) };
        let queue = Queue { capacity: 1_000_000, consumers: vec![consumer], saga: Some(saga), ..Queue::default() };
        model.services[0].node = Node::Queue(queue);
        model.endpoints[0].steps.clear();
        model.edges[1].caller = Caller::Queue(ServiceId(0));
        model.endpoints[1].steps = vec![Step::Call(action)];
        model.endpoints[1].is_async = true;
        model.endpoints[2].effect = Effect::Idempotent;
        let mut world = World::new(&model, 1, 0);
        world.run();
        let kept = world.data.sagas.len();
        assert!(kept <= FEW + 1, "{kept} accounts");
        let run = world.into_result();
        let late = run.service(ServiceId(0), run.whole()).of(&HALF_FINISHED);
        assert!(late > 49_000, "{late} charges that came late");
    }
}
