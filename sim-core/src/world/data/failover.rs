//! Failover: who is the primary of a store, who takes over when it is gone, and which writes that costs.
//!
//! A primary that crashes or freezes is noticed after `detect`; from then until `takes` is over nobody takes writes, and then the replica leads that
//! lacks the fewest. A primary that somebody isolates, drains or replaces hands over without a loss, in `takes`. The old primary is fenced: a write
//! that it still has in hand fails. Where no replica can lead, the next that can does, or the old primary when it is back.
//!
//! What the network between the copies does to all that stands in `reach`.

use super::Due;
use super::copies::{CALLS, Copies, Lost, Wait};
use crate::counters::{count, level, part};
use crate::data::replication::FailoverSettings;
use crate::data::{self, Cause, Wrongness};
use crate::dist::Distribution;
use crate::engine::math::whole_ns;
use crate::engine::rng::Stream;
use crate::engine::table::Maybe;
use crate::ids::{EdgeId, InstanceId, ServiceId};
use crate::metrics::{LevelAt, PartAt};
use crate::model::Model;
use crate::outcome::Outcome;
use crate::results::TraceStepKind;
use crate::topology::{Node, Replication};
use crate::world::World;
use crate::world::frame::{BRANCH, CLIENT, FrameId, Phase};
use crate::world::probe::Stage;
use std::collections::BTreeMap;

/// Who takes the writes of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Course {
    /// Its primary.
    #[default]
    Leads,
    /// Its primary is down, and nobody has noticed.
    IsDown,
    /// Nobody, until another takes over.
    TakesOver,
    /// Nobody: no copy can lead.
    NoneCan,
    /// Its primary, which is cut off from a majority that will notice.
    IsCutOff,
    /// Its primary, until one of that majority takes over.
    IsOusted,
}

/// The failover of one store.
#[derive(Debug, Default)]
struct Failover {
    course: Course,
    /// Grows with each change of course: what was scheduled before it is void.
    term: u32,
    /// Nobody takes writes, noticed or not.
    is_without: bool,
}

/// A write that waits for copies.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    store: ServiceId,
    position: u64,
    since: u64,
}

/// The failovers of all stores, and the writes that wait for copies.
#[derive(Debug, Default)]
pub(super) struct Failovers {
    of: BTreeMap<ServiceId, Failover>,
    /// By the place of the frame.
    waiting: BTreeMap<FrameId, Waiting>,
    /// Those that wait for more copies than there are, each with the number for which it waits.
    starved: BTreeMap<ServiceId, Vec<(FrameId, u64)>>,
}

impl Failovers {
    pub(super) fn new(model: &Model) -> Self {
        let has_primary = |id: &ServiceId| match &model.services[id.index()].node {
            Node::Store(store) => matches!(store.replication, Replication::Primary { .. }),
            _ => false,
        };
        let stores = (0..model.services.len()).map(ServiceId::from).filter(has_primary);
        Self { of: stores.map(|store| (store, Failover::default())).collect(), ..Self::default() }
    }

    fn leads(&self, store: ServiceId) -> bool {
        let takes_writes =
            |course| matches!(course, Course::Leads | Course::IsDown | Course::IsCutOff | Course::IsOusted);
        self.of.get(&store).is_none_or(|of| takes_writes(of.course))
    }
}

impl World<'_> {
    fn failover_of(&self, store: ServiceId) -> Option<&FailoverSettings> {
        let Node::Store(store) = &self.model.services[store.index()].node else { return None };
        let Replication::Primary { failover, .. } = &store.replication else { return None };
        failover.as_ref()
    }

    /// The instance that takes the writes of a store; `None` while nobody does.
    pub(in crate::world) fn primary_of(&self, store: ServiceId) -> Option<InstanceId> {
        let leader = self.leader_of(store);
        (self.data.failovers.leads(store) && !self.stations.is_empty(leader)).then_some(leader)
    }

    /// The instance that is, or was last, the primary of a store.
    pub(in crate::world) fn leader_of(&self, store: ServiceId) -> InstanceId {
        let first = self.stations.first(store);
        let number = self.data.rows.copies(store).map_or(0, Copies::leader);
        InstanceId(first.0 + number as u32)
    }

    /// An instance may have come up, gone down, frozen or thawed: its store acts on it. `has_memory` where it goes on with what it had before.
    pub(in crate::world) fn copy_may_change(&mut self, instance: InstanceId, has_memory: bool) {
        let store = self.stations.service_of(instance);
        let number = self.stations.number(instance) as usize;
        let is_up = self.stations.serves(instance);
        let now = self.now;
        if is_up && !has_memory {
            self.keys_may_be_lost(instance);
        }
        let Some(copies) = self.data.rows.copies_mut(store) else {
            self.quorum_may_change(instance, is_up);
            self.merging_may_change(instance, is_up);
            self.agreeing_may_change(store);
            return;
        };
        if copies.is_up(number) == is_up {
            return;
        }
        match (copies.leader() == number, is_up) {
            (false, false) => copies.goes_away(number, now),
            (false, true) => {
                copies.comes_back(number, now);
                self.copies_are_more(store);
            }
            (true, false) => self.primary_is_down(store),
            (true, true) => self.primary_is_back(store, has_memory),
        }
        if self.copies_are_apart() {
            self.copies_may_be_cut(store);
        }
    }

    fn primary_is_down(&mut self, store: ServiceId) {
        let now = self.now;
        if let Some(copies) = self.data.rows.copies_mut(store) {
            copies.halts(now);
        }
        if !self.data.failovers.leads(store) {
            return;
        }
        self.is_without_primary(store, true);
        if let Some(settings) = self.failover_of(store) {
            let detect = settings.detect.clone();
            let term = self.changes_course(store, Course::IsDown);
            let took = self.failover_ns(store, &detect, "detects", term);
            self.schedule(now.saturating_add(took), Due::Detected { store, term });
        }
    }

    /// A primary that has crashed, or was frozen, is up again.
    fn primary_is_back(&mut self, store: ServiceId, has_memory: bool) {
        let now = self.now;
        if self.course_of(store) == Course::TakesOver {
            return;
        }
        let Some(copies) = self.data.rows.copies_mut(store) else { return };
        let lost = copies.resumes(now, has_memory);
        self.writes_are_lost(store, &lost, Cause::Failover);
        self.changes_course(store, Course::Leads);
        self.is_without_primary(store, false);
        self.copies_are_more(store);
    }

    /// Which instances of a store callers know may have changed: one that is kept from them by order hands over, and one that they know again may
    /// lead.
    pub(in crate::world) fn looks_at_primary(&mut self, store: ServiceId) {
        let Some(course) = self.data.failovers.of.get(&store).map(|of| of.course) else { return };
        if self.failover_of(store).is_none() {
            return;
        }
        let leader = self.leader_of(store);
        match course {
            Course::Leads | Course::IsCutOff if self.stations.serves(leader) && !self.stations.is_known(leader) => {
                self.hands_over(store);
            }
            Course::NoneCan => self.elects(store),
            _ => {}
        }
    }

    /// The primary hands over to a replica, if one can lead.
    pub(in crate::world) fn hands_over(&mut self, store: ServiceId) {
        if self.data.failovers.leads(store) && self.next_leader(store).is_some() {
            self.begins_takeover(store);
        }
    }

    /// It was noticed that the primary is down.
    pub(super) fn failure_is_detected(&mut self, store: ServiceId, term: u32) {
        if self.data.failovers.of.get(&store).is_some_and(|of| of.term == term) {
            self.begins_takeover(store);
        }
    }

    fn begins_takeover(&mut self, store: ServiceId) {
        let Some(takes) = self.failover_of(store).map(|settings| settings.takes.clone()) else { return };
        // Who is cut off does not know that somebody else will lead, and takes writes until then.
        let is_cut_off = self.course_of(store) == Course::IsCutOff;
        let term = self.changes_course(store, if is_cut_off { Course::IsOusted } else { Course::TakesOver });
        self.is_without_primary(store, !is_cut_off);
        let took = self.failover_ns(store, &takes, "takes over", term);
        self.schedule(self.now.saturating_add(took), Due::TakesOver { store, term });
    }

    /// The time to take over is over.
    pub(super) fn takeover_ends(&mut self, store: ServiceId, term: u32) {
        if self.data.failovers.of.get(&store).is_some_and(|of| of.term == term) {
            self.elects(store);
        }
    }

    fn next_leader(&self, store: ServiceId) -> Option<usize> {
        let first = self.stations.first(store);
        let majority = if self.course_of(store) == Course::IsOusted { self.majority_without(store) } else { None };
        let able = |number: usize| {
            self.stations.is_known(InstanceId(first.0 + number as u32))
                && majority.as_ref().is_none_or(|majority| majority.contains(&number))
        };
        self.data.rows.copies(store)?.next_leader(self.now, able)
    }

    /// The copy that can lead does; where none can, the old primary if it is up.
    fn elects(&mut self, store: ServiceId) {
        let now = self.now;
        let leader = self.leader_of(store);
        let mut is_another = false;
        if let Some(next) = self.next_leader(store) {
            let lost = self.takes_the_lead(store, next);
            self.writes_are_lost(store, &lost, Cause::Failover);
            count!(self.stations.counts(store), data::FAILOVERS);
            is_another = true;
        } else if self.stations.serves(leader) {
            // It is back and was fenced, or was to hand over and nobody can take its place.
            let Some(copies) = self.data.rows.copies_mut(store) else { return };
            let has_memory = copies.is_up(copies.leader());
            let lost = copies.resumes(now, has_memory);
            self.writes_are_lost(store, &lost, Cause::Failover);
        } else {
            self.changes_course(store, Course::NoneCan);
            // Who catches up now may lead then.
            if let Some(at) = self.data.rows.copies(store).and_then(|copies| copies.all_follow_by(now)) {
                let term = self.data.failovers.of.get(&store).map_or(0, |of| of.term);
                self.schedule(at, Due::TakesOver { store, term });
            }
            return;
        }
        self.changes_course(store, Course::Leads);
        self.is_without_primary(store, false);
        self.copies_are_more(store);
        if is_another && self.copies_are_apart() {
            self.copies_may_be_cut(store);
        }
    }

    fn course_of(&self, store: ServiceId) -> Course {
        self.data.failovers.of.get(&store).map(|of| of.course).unwrap_or_default()
    }

    /// The primary of a store is cut off from a majority of its copies, or not any more.
    pub(super) fn primary_may_be_cut_off(&mut self, store: ServiceId, is_cut_off: bool) {
        let Some(settings) = self.failover_of(store) else { return };
        let detect = settings.detect.clone();
        match (self.course_of(store), is_cut_off) {
            (Course::Leads, true) => {
                let term = self.changes_course(store, Course::IsCutOff);
                let took = self.failover_ns(store, &detect, "detects", term);
                self.schedule(self.now.saturating_add(took), Due::Detected { store, term });
            }
            (Course::IsCutOff | Course::IsOusted, false) => {
                self.changes_course(store, Course::Leads);
            }
            _ => {}
        }
    }

    fn changes_course(&mut self, store: ServiceId, course: Course) -> u32 {
        let of = self.data.failovers.of.entry(store).or_default();
        of.course = course;
        of.term += 1;
        of.term
    }

    fn is_without_primary(&mut self, store: ServiceId, is_without: bool) {
        let of = self.data.failovers.of.entry(store).or_default();
        let before = std::mem::replace(&mut of.is_without, is_without);
        let at = LevelAt::service(const { level(&data::NO_PRIMARY) }, store);
        self.levels.moves(at, self.now, u64::from(before), u64::from(is_without));
    }

    /// Draws are those of the store and of how often its course has changed.
    fn failover_ns(&self, store: ServiceId, takes: &Distribution, occasion: &str, term: u32) -> u64 {
        let name = &self.model.services[store.index()].name;
        let occasion = format!("{occasion} {term}");
        whole_ns(takes.build().sample(&mut Stream::new(self.seed, self.replication, name, &occasion)))
    }

    /// Writes are gone: each that was answered is counted at the calls by which it came.
    pub(super) fn writes_are_lost(&mut self, store: ServiceId, lost: &[Lost], why: Cause) {
        self.sales_are_lost(store, lost);
        let mut answered = 0;
        for write in lost.iter().filter(|write| write.is_answered) {
            answered += 1;
            let kind = if write.is_set { Wrongness::WrongMode } else { Wrongness::LostWrite };
            let mut calls = write.via.iter().filter_map(|site| site.get());
            if let Some(site) = calls.next() {
                self.recorder.wrong_arises(site, kind as u8);
                let cause = if write.is_set { Cause::BeforeDisk } else { why };
                self.lists_wrong_row(site, kind as u8, cause, (None, Some(write.row)));
            }
            calls.for_each(|site| self.recorder.wrong_is_passed_on(site, kind as u8));
        }
        if answered > 0 {
            count!(self.stations.counts(store), data::LOST_WRITES, answered);
        }
    }

    /// The calls by which a write has come, that to the store first, and that of the load last; of many the first and the last.
    pub(super) fn calls_above(&self, frame: FrameId) -> [Maybe<EdgeId>; CALLS] {
        let mut via = [Maybe::NONE; CALLS];
        let (mut place, mut next) = (0, Some(frame));
        while let Some(frame) = next {
            let at = &self.frames[frame];
            // A branch, and a caller that is no endpoint, came by the call of the frame next to it.
            if at.flags & (BRANCH | CLIENT) == 0 {
                via[place.min(CALLS - 1)] = at.edge.into();
                place += 1;
            }
            next = self.frames.waiting(at.waiter);
        }
        via
    }

    /// A request writes its row at the primary, and goes on when as many copies have that as its store asks for.
    pub(in crate::world) fn writes(&mut self, frame: FrameId, store: ServiceId) -> Option<FrameId> {
        if self.is_refused_a_write(frame, store) {
            return self.fail(frame, Outcome::Error as u8);
        }
        self.write_row(frame, store, false)
    }

    /// Whether a request comes to write where no write is taken, which is counted.
    pub(super) fn is_refused_a_write(&mut self, frame: FrameId, store: ServiceId) -> bool {
        let is_fenced = self.is_fenced(frame, store);
        if is_fenced {
            count!(self.stations.counts(store), data::FENCED);
        }
        is_fenced
    }

    /// Whether an instance is not the primary any more, or nobody is.
    pub(in crate::world) fn is_fenced(&self, frame: FrameId, store: ServiceId) -> bool {
        self.failover_of(store).is_some() && self.primary_of(store) != self.frames[frame].instance.get()
    }

    /// A write at a position of its store's log goes on, or waits for copies.
    pub(super) fn commits(&mut self, frame: FrameId, store: ServiceId, position: u64) -> Option<FrameId> {
        let waiting = Waiting { store, position, since: self.now };
        if let Some(next) = self.goes_on_or_waits(frame, waiting) {
            return next;
        }
        self.stage(frame, Stage::Step(TraceStepKind::Agree));
        None
    }

    /// A write that waited for copies looks again.
    pub(super) fn copies_have_it(&mut self, frame: FrameId) -> Option<FrameId> {
        let waiting = self.data.failovers.waiting.remove(&frame)?;
        self.goes_on_or_waits(frame, waiting).flatten()
    }

    /// `None` where it waits.
    #[expect(clippy::option_option, reason = "a write that has failed may have nobody to hand on to")]
    fn goes_on_or_waits(&mut self, frame: FrameId, waiting: Waiting) -> Option<Option<FrameId>> {
        let Waiting { store, position, since } = waiting;
        let now = self.now;
        let wait = self.data.rows.copies_mut(store).map_or(Wait::No, |copies| copies.answers(position, now));
        match wait {
            Wait::No => {
                if now > since {
                    self.times.record(PartAt::service(const { part(&data::COMMIT) }, store), now - since);
                }
                let at = &mut self.frames[frame];
                at.seq = 0;
                at.phase = Phase::Running;
                at.pc += 1;
                return Some(Some(frame));
            }
            Wait::Lost => {
                self.frames[frame].seq = 0;
                return Some(self.fail(frame, Outcome::Error as u8));
            }
            Wait::Until(at) => self.wakes_after(frame, at - now, Phase::Agreeing),
            Wait::ForCopies => {
                let seq = self.calendar.next_sequence();
                let at = &mut self.frames[frame];
                (at.seq, at.phase) = (seq, Phase::Agreeing);
                self.data.failovers.starved.entry(store).or_default().push((frame, seq));
            }
        }
        self.data.failovers.waiting.insert(frame, waiting);
        None
    }

    /// More copies follow than before: those who wait for copies look again.
    pub(super) fn copies_are_more(&mut self, store: ServiceId) {
        let Some(starved) = self.data.failovers.starved.remove(&store) else { return };
        for (frame, seq) in starved {
            if self.frames.waits_for(frame, seq) {
                self.wakes_after(frame, 0, Phase::Agreeing);
            }
        }
    }
}
