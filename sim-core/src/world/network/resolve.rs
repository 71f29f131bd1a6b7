//! Names of services, while a fault is on their lookups: who knows an address, and until when.
//!
//! Nothing is kept of names while all is well, because then every lookup is answered at once. When a fault begins, each instance that runs has an
//! answer, and its age is drawn at the instance's first call; the life of an instance is part of the key, so that one which starts anew knows
//! nothing.

use super::ends::{Ends, Way};
use crate::engine::rng::{Keyed, hash_name, mix};
use crate::faults::{Dns, Target};
use crate::ids::{FaultId, InstanceId, ServiceId};
use crate::world::World;
use crate::world::frame::{FrameId, Phase};
use std::collections::BTreeMap;

const FAILS: u64 = 0x63;
const AGE: u64 = 0x64;

/// A fault on names that is active.
#[derive(Debug)]
struct Struck {
    fault: FaultId,
    strike: u32,
    dns: Dns,
    /// When it began [ns].
    since_ns: u64,
    /// The instances that ran then, in which life.
    ran: BTreeMap<InstanceId, u32>,
    /// By caller, in which life, and by service: the answer of its last lookup that has not failed.
    answers: BTreeMap<(InstanceId, u32, ServiceId), Answer>,
}

/// An address that a caller knows.
#[derive(Debug, Clone, Copy)]
struct Answer {
    /// From when on it is there [ns].
    from_ns: u64,
    /// Until when it is good [ns].
    until_ns: u64,
}

impl Answer {
    fn is_good(self, now_ns: u64) -> bool {
        self.from_ns <= now_ns && now_ns < self.until_ns
    }
}

/// The faults on names that are active, in the order of the file.
#[derive(Debug, Default)]
pub(in crate::world) struct Resolvers {
    struck: Vec<Struck>,
}

/// What comes of the lookups for an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looked {
    /// The address is there after so long [ns].
    Found(u64),
    /// There is none, and that is known after so long [ns].
    Failed(u64),
}

impl Resolvers {
    /// Whether names have to be looked up.
    pub(in crate::world) fn are_struck(&self) -> bool {
        !self.struck.is_empty()
    }

    /// A strike ends.
    pub(in crate::world) fn end(&mut self, strike: u32) {
        self.struck.retain(|struck| struck.strike != strike);
    }
}

impl World<'_> {
    /// A fault on names begins.
    pub(in crate::world) fn names_are_struck(&mut self, fault: FaultId, strike: u32, dns: Dns) {
        let ran = self.stations.ids().filter_map(|id| Some((id, self.stations.life_of(id)?)));
        let struck =
            Struck { fault, strike, dns, since_ns: self.now, ran: ran.collect(), answers: BTreeMap::default() };
        let all = &mut self.network.resolvers.struck;
        let place = all.partition_point(|other| (other.fault, other.strike) < (fault, strike));
        all.insert(place, struck);
        self.refresh_network();
    }

    /// A request is about to set out: its caller looks the name up if it has to.
    #[cold]
    #[inline(never)]
    pub(super) fn looks_name_up(&mut self, frame: FrameId, ends: &Ends) -> Looked {
        let (key, site) = (self.frames[frame].key, self.frames[frame].edge);
        let service = self.calls.callee(site);
        let caller = self.caller_of(frame);
        if caller.is_some_and(|caller| self.has_open_connection(caller, site)) {
            return Looked::Found(0);
        }
        let by = caller.and_then(|caller| self.frames[caller].instance.get());
        let by = by.and_then(|instance| Some((instance, self.stations.life_of(instance)?)));
        let mut struck = std::mem::take(&mut self.network.resolvers.struck);
        let (mut delay_ns, mut fails_after_ns) = (0, None);
        for one in struck.iter_mut().filter(|one| self.is_name_struck(one.fault, service, ends)) {
            let key_of = by.map(|(instance, life)| (instance, life, service));
            if let Some(of) = key_of
                && !one.answers.contains_key(&of)
            {
                let answer = self.known_before(one.since_ns, &one.ran, one.dns.ttl_ns, of);
                one.answers.insert(of, answer);
            }
            let answer = key_of.and_then(|of| one.answers.get_mut(&of));
            if answer.as_ref().is_some_and(|answer| answer.is_good(self.now)) {
                continue;
            }
            let dns = one.dns;
            if Keyed::new(mix(key, FAILS ^ (u64::from(one.fault.0) << 8))).unit() < dns.probability {
                let first: u64 = fails_after_ns.unwrap_or(u64::MAX);
                fails_after_ns = Some(first.min(dns.takes_ns));
                continue;
            }
            delay_ns = delay_ns.max(dns.delay_ns);
            // Calls that come before it is there ask by themselves.
            if let Some(answer) = answer.filter(|answer| answer.from_ns <= self.now) {
                let from_ns = self.now.saturating_add(dns.delay_ns);
                *answer = Answer { from_ns, until_ns: from_ns.saturating_add(dns.ttl_ns) };
            }
        }
        self.network.resolvers.struck = struck;
        fails_after_ns.map_or(Looked::Found(delay_ns), Looked::Failed)
    }

    fn is_name_struck(&self, fault: FaultId, service: ServiceId, ends: &Ends) -> bool {
        match &self.model.faults[fault.index()].target {
            Target::Pipeline(_) | Target::Scaler(_) => false,
            Target::Instances(selection) => selection.services.contains(&service),
            Target::Edge { from, to, both_ways } => {
                ends.go(Way::There, *from, *to) || (*both_ways && ends.go(Way::There, *to, *from))
            }
        }
    }

    /// What an instance knows from before the fault: one that ran when it began had looked the name up at some time.
    fn known_before(
        &self,
        since_ns: u64,
        ran: &BTreeMap<InstanceId, u32>,
        ttl_ns: u64,
        (instance, life, service): (InstanceId, u32, ServiceId),
    ) -> Answer {
        if ran.get(&instance) != Some(&life) {
            return Answer { from_ns: 0, until_ns: 0 };
        }
        let of_run = mix(self.seed, AGE ^ (u64::from(self.replication) << 32));
        let named = mix(hash_name(&self.label(instance)), hash_name(&self.model.services[service.index()].name));
        let left = Keyed::new(mix(mix(named, of_run), since_ns)).unit();
        Answer { from_ns: 0, until_ns: since_ns.saturating_add((left * ttl_ns as f64) as u64) }
    }

    /// The frame that waits for an attempt, if it is there yet.
    pub(super) fn caller_of(&self, attempt: FrameId) -> Option<FrameId> {
        let caller = self.frames[attempt].waiter.frame()?;
        (self.frames[caller].phase != Phase::Free && self.is_attempt_of(attempt, self.frames[attempt].edge))
            .then_some(caller)
    }
}
