//! Load: requests come, and each becomes a frame at the door of the endpoint that it asks for.
//!
//! A load class draws one gap ahead, so that its next arrival is in the calendar while the present one is handled. The k-th request of a class
//! has the same identity (`key`) in every variant of a scenario, and every draw of its life is made from that key: so two variants differ in what
//! they do to a request and not in which request it is.
//!
//! A request of a class without a policy is its own only attempt: one frame from arrival to answer ([`World::root`]). A class with a timeout,
//! retries or a hedge needs a caller that outlives its attempts, and has a client frame that walks through a small program of its own.

use super::complaints::Complainers;
use crate::dist::Sampler;
use crate::engine::math::whole_ns;
use crate::engine::rng::{Keyed, Stream, mix};
use crate::engine::table::{Id, Maybe};
use crate::ids::{Caller, EdgeId, LoadId};
use crate::outcome::Outcome;
use crate::workload::{Arrival, ArrivalProcess};
use crate::world::frame::{CLIENT, Frame, FrameId, Link, Phase, Waiter};
use crate::world::network::{Departure, Message};
use crate::world::program::Pc;
use crate::world::{ARRIVAL, USER, World};

const START: u64 = 0x91;
const MIX: u64 = 0x51;
const THINK: u64 = 0x52;

/// A load class while it runs.
pub(in crate::world) struct Load {
    /// When the next request comes; `None` for closed load.
    pub process: Option<ArrivalProcess>,
    /// How long a closed user thinks.
    pub think: Option<Sampler>,
    /// How its users complain; `None` where nobody does.
    pub complainers: Option<Complainers>,
    /// Upper bounds of shares, and call sites.
    pub mix: Vec<(f64, EdgeId)>,
    /// Hash of seed, replication and name: the identity of its requests begins here.
    pub salt: u64,
    /// When the event of the next request was made [ns].
    pub made: u64,
    /// Requests so far.
    pub count: u64,
    /// Identity of the next request: mixed ahead, so that nobody has to wait for it.
    pub next_key: u64,
}

impl Load {
    /// The call site of one of several, by chance.
    fn pick(&self, key: u64) -> EdgeId {
        let draw = Keyed::new(mix(key, MIX)).unit();
        self.mix.iter().find(|arm| draw < arm.0).unwrap_or(&self.mix[self.mix.len() - 1]).1
    }
}

impl World<'_> {
    /// Draws the first request of a load class, or of each closed user.
    pub(in crate::world) fn start_load(&mut self, id: LoadId) {
        let load = &self.model.loads[id.index()];
        let stream = Stream::new(self.seed, self.replication, &load.name, "arrivals");
        let mut salt = Stream::new(self.seed, self.replication, &load.name, "requests");
        let mut below = 0.0;
        let mut mix_of = Vec::new();
        for (share, edge) in &load.mix {
            below += share;
            mix_of.push((below, *edge));
        }
        let run = &self.model.run;
        let salt = salt.next_u64();
        let mut at = Load {
            process: ArrivalProcess::new(&load.arrival, &load.shape, stream, self.zero, run.start.ns()),
            think: None,
            complainers: Complainers::of(load),
            mix: mix_of,
            salt,
            made: 0,
            count: 0,
            next_key: mix(salt, 1),
        };
        if let Arrival::Closed { users, think, first } = &load.arrival {
            let first = first.build();
            for user in 0..*users {
                let wait = whole_ns(first.sample(&mut Keyed::new(mix(at.salt, START ^ (u64::from(user) << 8)))));
                self.calendar.push(wait.max(1), USER, id.0);
            }
            at.think = Some(think.build());
        }
        if let Some(first) = at.process.as_mut().and_then(|p| p.next(0)).filter(|t| *t <= self.end) {
            self.calendar.push(first, ARRIVAL, id.0);
        }
        self.calls.loads.push(at);
    }

    /// An open load class's request arrives, and the next one is scheduled.
    #[inline(always)]
    pub(in crate::world) fn arrival(&mut self, load: LoadId) -> Option<FrameId> {
        let now = self.now;
        let at = &mut self.calls.loads[load];
        let made = std::mem::replace(&mut at.made, now);
        if let Some(process) = &mut at.process
            && let Some(next) = process.next(now)
            && next <= self.end
        {
            self.calendar.push(next, ARRIVAL, load.0);
        }
        self.request(load, 0, made)
    }

    /// A closed user has the answer, and thinks. `site` tells whose user.
    pub(in crate::world) fn think(&mut self, site: EdgeId) {
        let Caller::Load(load) = self.model.edges[site.index()].caller else { return };
        let at = &mut self.calls.loads[load];
        at.count += 1;
        at.next_key = mix(at.salt, at.count + 1);
        let wait = at
            .think
            .as_ref()
            .map_or(0, |think| whole_ns(think.sample(&mut Keyed::new(mix(at.salt, THINK ^ (at.count << 8))))));
        // A user without thinking time still takes a nanosecond, so that time goes on.
        self.calendar.push(self.now + wait.max(1), USER, load.0);
    }

    /// A request of a load class; `flags` tells whether a closed user makes it, and `made_ns` when its event was made.
    #[inline(always)]
    pub(in crate::world) fn request(&mut self, load: LoadId, flags: u16, made_ns: u64) -> Option<FrameId> {
        let at = &mut self.calls.loads[load];
        let key = at.next_key;
        at.count += 1;
        at.next_key = mix(at.salt, at.count + 1);
        let site = if at.mix.len() == 1 { at.mix[0].1 } else { at.pick(key) };
        if self.calls.sites[site].counts_calls {
            // The caller may give up or try again: it has a frame of its own.
            let client = self.new_client(site, key, flags);
            self.is_request(client, key);
            Some(client)
        } else if let Some(work) = self.calls.sites[site].plain {
            let to = &mut self.calls.sites[site];
            to.counts.attempts += 1;
            let instance = to.only.known();
            self.arrives_plainly(instance, site, work, key, made_ns);
            None
        } else {
            self.root(site, key, flags)
        }
    }

    pub(in crate::world) fn new_client(&mut self, site: EdgeId, key: u64, flags: u16) -> FrameId {
        let frame = self.frames.take();
        let now = self.now;
        let (pc, rank) = (self.program.client[site], self.calls.sites[site].rank);
        self.frames[frame] = Frame {
            key,
            seq: 0,
            waiter: Waiter::LOAD,
            arrived: now,
            start: now,
            instance: Maybe::NONE,
            pc,
            next: Link::NONE,
            edge: site,
            tries: 0,
            attempt: 1,
            outcome: 0,
            flags: CLIENT | flags,
            phase: Phase::Running,
            rank,
        };
        frame
    }

    /// A request that is its own only attempt.
    #[inline(always)]
    fn root(&mut self, site: EdgeId, key: u64, flags: u16) -> Option<FrameId> {
        let frame = self.frames.take();
        let at = &mut self.calls.sites[site];
        at.counts.attempts += 1;
        let (network, only, rank, balanced) = (at.network, at.only, at.rank, at.balanced);
        self.frames[frame] = Frame {
            key,
            seq: 0,
            waiter: Waiter::LOAD,
            arrived: self.now,
            start: 0,
            instance: only,
            pc: Pc::START,
            next: Link::NONE,
            edge: site,
            tries: 0,
            attempt: 1,
            outcome: 0,
            flags,
            phase: Phase::Arriving,
            rank,
        };
        if only.is_none() {
            let instance = self.pick(frame, site, key);
            self.frames[frame].instance = instance;
        }
        self.is_request(frame, key);
        if only.is_none() && self.frames[frame].instance.is_none() {
            return self.deliver(frame, Outcome::Unreachable as u8);
        }
        if balanced {
            self.root_goes(frame, site);
        }
        if network {
            return match self.transmit(frame, Message::Request) {
                Departure::Runs => Some(frame),
                Departure::Ends(outcome) => self.deliver(frame, outcome),
                Departure::Away => None,
            };
        }
        let door = self.admit(frame);
        self.at_door(frame, &door)
    }

    /// Tells the balancer of a load class where a request goes.
    #[inline]
    fn root_goes(&mut self, frame: FrameId, site: EdgeId) {
        let to = &self.calls.sites[site];
        let guard = to.guard;
        let instance = self.frames[frame].instance.known();
        self.calls.shared[guard as usize].balancer.sent(self.stations.number(instance), frame.place(), self.now);
    }
}
