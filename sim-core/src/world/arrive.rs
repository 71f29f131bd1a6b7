//! Load: requests come, and each becomes a frame at the door of the endpoint that it asks for.
//!
//! A load class draws one gap ahead, so that its next arrival is in the calendar while the present one is handled. The k-th request of a class
//! has the same identity (`key`) in every variant of a scenario, and every draw of its life is made from that key: so two variants differ in what
//! they do to a request and not in which request it is.
//!
//! A request of a class without a policy is its own only attempt: one frame from arrival to answer ([`World::root`]). A class with a timeout,
//! retries or a hedge needs a caller that outlives its attempts, and has a client frame that walks through a small program of its own.

use super::admit::Door;
use super::frame::{CLIENT, Frame, NONE, Phase};
use super::wire::Departure;
use super::{ARRIVAL, USER, World};
use crate::dist::Sampler;
use crate::engine::math::whole_ns;
use crate::engine::rng::{Keyed, mix};
use crate::outcome::Outcome;
use crate::workload::ArrivalProcess;

const MIX: u64 = 0x51;
const THINK: u64 = 0x52;

/// A load class while it runs.
pub(super) struct Load {
    /// When the next request comes; `None` for closed load.
    pub process: Option<ArrivalProcess>,
    /// How long a closed user thinks.
    pub think: Option<Sampler>,
    /// Upper bounds of shares, and call sites.
    pub mix: Vec<(f64, u32)>,
    /// Hash of seed, replication and name: the identity of its requests begins here.
    pub salt: u64,
    /// Requests so far.
    pub count: u64,
    /// Identity of the next request: mixed ahead, so that nobody has to wait for it.
    pub next_key: u64,
}

impl Load {
    /// The call site of one of several, by chance.
    fn pick(&self, key: u64) -> u32 {
        let draw = Keyed::new(mix(key, MIX)).unit();
        self.mix.iter().find(|arm| draw < arm.0).unwrap_or(&self.mix[self.mix.len() - 1]).1
    }
}

impl World<'_> {
    /// An open load class's request arrives, and the next one is scheduled.
    #[inline(always)]
    pub(super) fn arrival(&mut self, load: u32) -> Option<u32> {
        let now = self.now;
        if let Some(process) = &mut self.loads[load as usize].process
            && let Some(next) = process.next(now)
            && next <= self.end
        {
            self.calendar.push(next, ARRIVAL, load);
        }
        self.request(load, 0)
    }

    /// A closed user has the answer, and thinks. `site` tells whose user.
    pub(super) fn think(&mut self, site: u32) {
        let crate::ids::Caller::Load(load) = self.model.edges[site as usize].caller else { return };
        let at = &mut self.loads[load.index()];
        at.count += 1;
        at.next_key = mix(at.salt, at.count + 1);
        let wait = at
            .think
            .as_ref()
            .map_or(0, |think| whole_ns(think.sample(&mut Keyed::new(mix(at.salt, THINK ^ (at.count << 8))))));
        // A user without thinking time still takes a nanosecond, so that time goes on.
        self.calendar.push(self.now + wait.max(1), USER, load.0);
    }

    /// A request of a load class; `flags` tells whether a closed user makes it.
    #[inline(always)]
    pub(super) fn request(&mut self, load: u32, flags: u8) -> Option<u32> {
        let at = &mut self.loads[load as usize];
        let key = at.next_key;
        at.count += 1;
        at.next_key = mix(at.salt, at.count + 1);
        let site = if at.mix.len() == 1 { at.mix[0].1 } else { at.pick(key) };
        if self.sites[site as usize].counts_calls {
            // The caller may give up or try again: it has a frame of its own.
            Some(self.new_client(site, key, flags))
        } else {
            self.root(site, key, flags)
        }
    }

    pub(super) fn new_client(&mut self, site: u32, key: u64, flags: u8) -> u32 {
        let frame = self.frames.take();
        let now = self.now;
        let (pc, rank) = (self.program.client[site as usize], self.sites[site as usize].rank);
        self.frames[frame] = Frame {
            key,
            seq: 0,
            parent_seq: 0,
            arrived: now,
            start: now,
            parent: NONE,
            instance: NONE,
            pc,
            next: NONE,
            edge: site as u16,
            tries: 0,
            attempt: 1,
            outcome: 0,
            flags: CLIENT | flags,
            phase: Phase::Running,
            rank,
        };
        self.is_request(frame, key);
        frame
    }

    /// A request that is its own only attempt.
    #[inline(always)]
    fn root(&mut self, site: u32, key: u64, flags: u8) -> Option<u32> {
        let frame = self.frames.take();
        let at = &mut self.sites[site as usize];
        at.counts.attempts += 1;
        let (network, only, rank, balanced) = (at.network, at.only, at.rank, at.balanced);
        self.frames[frame] = Frame {
            key,
            seq: 0,
            parent_seq: 0,
            arrived: self.now,
            start: 0,
            parent: NONE,
            instance: only,
            pc: 0,
            next: NONE,
            edge: site as u16,
            tries: 0,
            attempt: 1,
            outcome: 0,
            flags,
            phase: Phase::Arriving,
            rank,
        };
        self.is_request(frame, key);
        if only == NONE {
            let instance = self.pick(frame, site, key);
            self.frames[frame].instance = instance;
            if instance == NONE {
                return self.deliver(frame, Outcome::Unreachable as u8);
            }
        }
        if balanced {
            self.root_goes(frame, site);
        }
        if network {
            return match self.depart(frame, site) {
                Departure::Arrived(Door::Away(outcome)) | Departure::Fails(outcome) => {
                    self.deliver(frame, outcome as u8)
                }
                Departure::Arrived(door) => self.at_door(frame, &door),
                Departure::Away => None,
            };
        }
        let door = self.admit(frame);
        self.at_door(frame, &door)
    }

    /// Tells the balancer of a load class where a request goes.
    #[inline]
    fn root_goes(&mut self, frame: u32, site: u32) {
        let to = &self.sites[site as usize];
        let (guard, first) = (to.guard, self.services[to.service as usize].first);
        self.shared[guard as usize].balancer.sent(self.frames[frame].instance - first);
    }
}
