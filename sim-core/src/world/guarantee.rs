//! Guarantees: the level that each request carries, what it can show for it, and gates.
//!
//! A level goes down with calls and comes up with answers, as headers do: a callee begins with the level of its caller, or that of the call where
//! it is weaker, and a caller that hears an answer has the weaker of its own level and that of the answer. So an attempt that was given up
//! changes nothing. Levels stand in a list beside the arena, by frame; a frame whose level became weaker than that with which it began has the
//! flag `WEAKER`, so that other answers pay nothing. What a request has read, where and when (the links of its chain and the evidence) stands in
//! its ticket, which all that is done for it share.
//!
//! All of this exists only in models that say something of levels.

use super::World;
use super::data::Read;
use super::frame::{FrameId, WEAKER};
use crate::counters::count;
use crate::data::gate::{self, Gate, MOST_RETRIES, OnConflict};
use crate::data::level::certified::{self, Certified, Eventual};
use crate::data::level::{Clock, Evidence, HybridTime, Level, Route};
use crate::guarantees::given;
use crate::ids::{EdgeId, InstanceId, ServiceId};
use crate::model::Model;
use crate::outcome::Outcome;
use crate::results::LevelShown;
use crate::topology::{Node, Store};
use std::collections::BTreeMap;

/// What a frame carries.
#[derive(Debug, Clone, Copy)]
struct Carried {
    level: Level,
    /// What was asked for, by which reads are routed whatever was read before; `None` where nobody asks.
    asked: Option<Level>,
}

const NOTHING_SAID: Carried = Carried { level: Level::IDENTITY, asked: None };

/// What a request can show for the level that it carries.
#[derive(Debug, Clone, Default)]
pub(super) struct Proof {
    /// The weakest level at which each store was read, in the order of the first reads.
    pub(super) chain: Vec<(ServiceId, Level)>,
    /// The last read of each of them.
    pub(super) evidence: Vec<Evidence>,
    /// The hybrid time of the last of all.
    at: HybridTime,
}

impl Proof {
    fn link(&mut self, store: ServiceId, level: Level) {
        match self.chain.iter_mut().find(|(of, _)| *of == store) {
            Some((_, link)) => *link = link.with(level),
            None => self.chain.push((store, level)),
        }
    }

    fn shows(&mut self, evidence: Evidence) {
        self.at = evidence.at;
        match self.evidence.iter_mut().find(|of| of.store == evidence.store) {
            Some(before) => *before = evidence,
            None => self.evidence.push(evidence),
        }
    }
}

/// A frame at a gate.
#[derive(Debug, Clone, Copy)]
struct AtGate {
    /// The frame's work: an entry of other work is of an earlier use of the frame.
    key: u64,
    edge: EdgeId,
    /// The version that the request had read before; `None` where it had read none.
    before: Option<Certified<u64, Eventual>>,
    retries: u32,
}

/// The guarantees of all requests.
#[derive(Debug, Default)]
pub(super) struct Guarantees {
    are_used: bool,
    carried: Vec<Carried>,
    gates: BTreeMap<FrameId, AtGate>,
    clocks: BTreeMap<InstanceId, Clock>,
    transactions: BTreeMap<ServiceId, u64>,
}

impl Guarantees {
    pub(super) fn new(model: &Model) -> Self {
        Self { are_used: model.uses_levels(), ..Self::default() }
    }

    fn of(&self, frame: FrameId) -> Carried {
        self.carried.get(frame.index()).copied().unwrap_or(NOTHING_SAID)
    }

    fn set(&mut self, frame: FrameId, carried: Carried) {
        let place = frame.index();
        if self.carried.len() <= place {
            self.carried.resize(place + 1, NOTHING_SAID);
        }
        self.carried[place] = carried;
    }

    /// A frame has the contents of another.
    pub(super) fn copy(&mut self, frame: FrameId, from: FrameId) {
        if self.are_used {
            self.set(frame, self.of(from));
        }
    }
}

impl World<'_> {
    /// A request of a load class begins, with the level that the load asks for.
    pub(super) fn begins_with_level(&mut self, frame: FrameId, site: EdgeId) {
        if self.guarantees.are_used {
            self.guarantees.set(frame, NOTHING_SAID);
            self.asks_level(frame, site);
        }
    }

    /// A frame begins that works for another: with its level, or that of the call where it is weaker.
    pub(super) fn begins_with_level_of(&mut self, frame: FrameId, other: FrameId) {
        if self.guarantees.are_used {
            self.guarantees.copy(frame, other);
            self.asks_level(frame, self.frames[frame].edge);
        }
    }

    fn asks_level(&mut self, frame: FrameId, site: EdgeId) {
        let edge = &self.model.edges[site.index()];
        // A gate asks the authority for what its caller has not got yet.
        if let Some(Gate { level, .. }) = edge.gate {
            self.guarantees.set(frame, Carried { level, asked: Some(level) });
            return;
        }
        let Some(level) = edge.level else { return };
        let Carried { level: before, asked } = self.guarantees.of(frame);
        let asked = asked.map_or(level, |asked| asked.with(level));
        self.guarantees.set(frame, Carried { level: before.with(level), asked: Some(asked) });
        if level < before {
            self.frames[frame].flags |= WEAKER;
        }
    }

    /// The level that a frame carries.
    pub(super) fn level_of(&self, frame: FrameId) -> Level {
        self.guarantees.of(frame).level
    }

    /// What a frame does next is of this level at most.
    fn lowers(&mut self, frame: FrameId, level: Level) {
        let at = self.guarantees.of(frame);
        if level < at.level {
            self.guarantees.set(frame, Carried { level, ..at });
            self.frames[frame].flags |= WEAKER;
        }
    }

    /// A caller uses the answer of a frame whose level is weaker than that with which it began.
    #[cold]
    pub(super) fn hears_level(&mut self, caller: FrameId, attempt: FrameId) {
        self.lowers(caller, self.level_of(attempt));
    }

    /// Whether a request carries what its endpoint requires.
    pub(super) fn reaches(&self, frame: FrameId, required: Level) -> bool {
        self.level_of(frame).suffices(required)
    }

    /// An endpoint has done its steps, whose service provides no more than this.
    pub(super) fn provides(&mut self, frame: FrameId, level: Level) {
        self.lowers(frame, level);
    }

    /// Where a read goes that a level is asked for; `None` where no level is.
    pub(super) fn route(&self, frame: FrameId, site: EdgeId) -> Option<Route> {
        let edge = &self.model.edges[site.index()];
        let store = self.calls.callee(site);
        let Node::Store(Store { routing, .. }) = &self.model.services[store.index()].node else { return None };
        if edge.gate.is_some() {
            return Some(Route::Primary);
        }
        Some(routing.of(self.level_asked(frame, site)?))
    }

    /// The level that is asked of a read: that of its call, or what its request asks for; `None` where nobody asks.
    fn level_asked(&self, frame: FrameId, site: EdgeId) -> Option<Level> {
        self.model.edges[site.index()].level.or(self.guarantees.of(frame).asked)
    }

    /// Whether what an attempt reads has to be what was committed last: a gate asks, or a level is asked for that is as strong as that. Where none
    /// is, the read is as strong as what the store provides.
    pub(super) fn asks_authority(&self, frame: FrameId, store: ServiceId) -> bool {
        let site = self.frames[frame].edge;
        let level = || self.level_asked(frame, site).unwrap_or_else(|| given(&self.model.services[store.index()]));
        self.model.edges[site.index()].gate.is_some() || level() >= Level::Serializable
    }

    /// Whether a read at a store without a primary is content with the first copy that answers.
    pub(super) fn takes_the_first_copy(&self, frame: FrameId) -> bool {
        // The level of the attempt's frame: what its caller asked for is in it.
        self.guarantees.are_used && self.route(frame, self.frames[frame].edge) == Some(Route::Nearest)
    }

    /// A request goes on with a value from a cache, or with a kept answer of a service, made of these rows. The value was true at some time, so that
    /// its level is `eventual`.
    pub(super) fn hears_kept(&mut self, frame: FrameId, of: ServiceId, made_of: &[Read]) {
        if !self.guarantees.are_used {
            return;
        }
        self.lowers(frame, Level::Eventual);
        // What a gate can compare it makes strong again; the rest stays as weak as it is.
        let own = |read: &&Read| self.row(frame, read.store) == read.row;
        let mut links: Vec<ServiceId> = made_of.iter().filter(own).map(|read| read.store).collect();
        if links.is_empty() || links.len() < made_of.len() {
            links.push(of);
        }
        let Some(proof) = self.tickets.proof_mut(frame) else { return };
        links.into_iter().for_each(|store| proof.link(store, Level::Eventual));
    }

    /// A request has read its row in a store: at the authority, or at a copy that may be behind and gives this level at most.
    pub(super) fn shows(&mut self, frame: FrameId, store: ServiceId, version: u64, at_most: Option<Level>) {
        if !self.guarantees.are_used {
            return;
        }
        if let Some(level) = at_most {
            self.lowers(frame, level);
        }
        let (now, instance) = (self.now, self.frames[frame].instance.known());
        let own = now.saturating_add_signed(self.clock_ahead_ns(instance));
        let number = self.guarantees.transactions.entry(store).or_default();
        *number += 1;
        let transaction = *number;
        let level = self.level_of(frame);
        let sent = self.tickets.proof(frame).map_or(HybridTime::default(), |proof| proof.at);
        let at = self.guarantees.clocks.entry(instance).or_default().receives(sent, own);
        let linearised_ns = at_most.is_none().then_some(now);
        let Some(proof) = self.tickets.proof_mut(frame) else { return };
        proof.link(store, level);
        proof.shows(Evidence { store, version, at, transaction, linearised_ns });
    }

    /// A request comes to a gate, and remembers what it has read so far.
    pub(super) fn comes_to_gate(&mut self, frame: FrameId, site: EdgeId) {
        let store = self.calls.callee(site);
        // Whatever the copy promised that was read: nobody has compared it with the authority.
        let before = self.version_read(frame, store).map(Certified::<u64, Eventual>::from_authority);
        let key = self.frames[frame].key;
        let is_again = |at: &&AtGate| at.key == key && at.edge == site;
        let retries = self.guarantees.gates.get(&frame).filter(is_again).map_or(0, |at| at.retries);
        self.guarantees.gates.insert(frame, AtGate { key, edge: site, before, retries });
    }

    /// The authority has answered: the request goes on, begins again, or fails.
    pub(super) fn passes_gate(&mut self, frame: FrameId, site: EdgeId) -> Option<FrameId> {
        let Some(settings) = self.model.edges[site.index()].gate else { unreachable!("a gate has settings") };
        let store = self.calls.callee(site);
        let service = self.stations.service_of(self.frames[frame].instance.known());
        let Some(at) = self.guarantees.gates.remove(&frame) else { unreachable!("a frame comes to a gate first") };
        let now = self.version_read(frame, store).unwrap_or(0);
        let agrees = at.before.is_none_or(|before| compare(settings.level, before, now));
        count!(self.stations.counts(service), gate::GATES);
        if !agrees {
            count!(self.stations.counts(service), gate::CONFLICTS);
            self.drops_stale(frame, site, store);
            match settings.on_conflict {
                OnConflict::Fail => return self.fail(frame, Outcome::Error as u8),
                OnConflict::Retry if at.retries >= MOST_RETRIES => return self.fail(frame, Outcome::Error as u8),
                OnConflict::Retry => {
                    self.needs_version(frame, store, now);
                    self.guarantees.gates.insert(frame, AtGate { retries: at.retries + 1, ..at });
                    self.frames[frame].pc = self.program.gates[&site];
                    return Some(frame);
                }
                OnConflict::Upgrade => {}
            }
        }
        self.upgrades(frame, store, service, settings);
        self.frames[frame].pc += 1;
        Some(frame)
    }

    /// What was read in a store has the level of the gate from now on; the links of the chain that are of other stores keep theirs.
    fn upgrades(&mut self, frame: FrameId, store: ServiceId, service: ServiceId, settings: Gate) {
        let level = settings.level.with(given(&self.model.services[store.index()]));
        let mut chain = Level::IDENTITY;
        if let Some(proof) = self.tickets.proof_mut(frame) {
            for (of, link) in &mut proof.chain {
                if *of == store {
                    *link = level;
                }
                chain = chain.with(*link);
            }
        }
        let before = self.guarantees.of(frame);
        let level = level.with(chain);
        if level > before.level {
            count!(self.stations.counts(service), gate::UPGRADED);
            self.guarantees.set(frame, Carried { level, ..before });
        }
    }

    /// What a request can show for its level, of a call; `None` where nothing is said of levels.
    pub(super) fn shown_by(&self, frame: FrameId, site: EdgeId) -> Option<LevelShown> {
        if !self.guarantees.are_used {
            return None;
        }
        let store = self.calls.callee(site);
        let proof = self.tickets.proof(frame);
        let evidence = proof.and_then(|proof| proof.evidence.iter().find(|of| of.store == store)).copied();
        let chain = proof.map(|proof| proof.chain.clone()).unwrap_or_default();
        Some(LevelShown { level: self.level_of(frame), chain, evidence })
    }

    /// What was read in a store is used no more, or anything where nothing else was read: that it was stale does no harm.
    fn drops_stale(&mut self, frame: FrameId, site: EdgeId, store: ServiceId) {
        let is_all = self.tickets.proof(frame).is_some_and(|proof| proof.chain.iter().all(|(of, _)| *of == store));
        self.forgets_stale(frame, site, store, is_all);
    }
}

/// Compares what was read with what the authority has at this level.
fn compare(level: Level, before: Certified<u64, Eventual>, now: u64) -> bool {
    macro_rules! at {
        ($level:ident) => {
            certified::gate(before, Certified::<u64, certified::$level>::from_authority(now)).is_ok()
        };
    }
    match level {
        Level::Eventual => at!(Eventual),
        Level::ReadCommitted => at!(ReadCommitted),
        Level::SnapshotIsolation => at!(SnapshotIsolation),
        Level::Serializable => at!(Serializable),
        Level::StrictSerializable => at!(StrictSerializable),
    }
}
