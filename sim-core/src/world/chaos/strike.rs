//! Faults: when they strike, which instances or messages, and what is different while they last.
//!
//! A fault has occurrences. Each begins ([`World::strike`]) and ends ([`World::mend`]) by an event of its own, and keeps the list of the
//! instances that it struck, because its targets may be drawn. Nothing is undone step by step: at each begin and end the effects of all active
//! faults on an instance are computed anew from the list, so the order in which overlapping faults begin and end cannot matter.
//! Faults on messages are not kept here: they stand in `wire`, which looks at them as a message departs.
//!
//! What holds at any time: an active occurrence has struck the instances in its list and no others; and a fault of an experiment has
//! occurrences only while the experiment runs, because `trial` adds them then. The span of an occurrence is kept when it ends, or at the end of
//! the run.
//!
//! What fails by its own clock (mean time between failures) is planned by `wear`, and its occurrences come and go in the same way. What an
//! instance does when it goes down and comes back is in `lives`.

use super::Due;
use crate::engine::rng::Stream;
use crate::faults::{CallersSee, Fault, FaultEffect, Role, Schedule, Selection, Target};
use crate::ids::{EndpointId, FaultId, InstanceId, Location, ServiceId, VersionId};
use crate::network::egress::Egress;
use crate::results::Span;
use crate::service::memory::MemoryFaults;
use crate::service::nic::NicFault;
use crate::topology::Node;
use crate::units::Bandwidth;
use crate::world::World;
use crate::world::calls::Clock;
use crate::world::network::{EdgeEffect, EdgeFault};
use crate::world::stations::Life;
use crate::world::stations::STANDSTILL;

/// Spans beyond this many are not kept: a fault at random may strike very often.
const MOST_SPANS: usize = 100_000;

/// One occurrence of a fault, or all those of one thing that fails by its own clock.
#[derive(Debug, Clone)]
pub(in crate::world) struct Occurrence {
    fault: FaultId,
    /// The one instance that fails by its own clock; `None` is the whole selection.
    alone: Option<InstanceId>,
    /// Whom it struck.
    struck: Vec<InstanceId>,
    since: u64,
    active: bool,
    /// It will not come any more.
    off: bool,
    /// How far it has grown in, above 0 to 1.
    grown: f64,
}

impl Occurrence {
    /// One that is still to come.
    pub fn new(fault: FaultId, alone: Option<InstanceId>) -> Self {
        Self { fault, alone, struck: Vec::new(), since: 0, active: false, off: false, grown: 1.0 }
    }
}

/// All occurrences of a run.
#[derive(Debug, Default)]
pub(in crate::world) struct Strikes {
    list: Vec<Occurrence>,
    /// When each fault struck, for the results.
    pub spans: Vec<Vec<Span>>,
    /// Strikes of which that is not kept.
    pub left_out: u64,
    /// By fault: whether it has begun.
    begun: Vec<bool>,
}

impl Strikes {
    /// The place of an occurrence from now on.
    pub fn add(&mut self, occurrence: Occurrence) -> u32 {
        self.list.push(occurrence);
        self.list.len() as u32 - 1
    }

    /// An instance is no target any more of the active faults that are meant.
    pub fn spare(&mut self, instance: InstanceId, meant: impl Fn(FaultId) -> bool) {
        for strike in self.list.iter_mut().filter(|strike| strike.active && meant(strike.fault)) {
            strike.struck.retain(|&struck| struck != instance);
        }
    }

    /// Whether an occurrence has begun and has not ended.
    pub(super) fn is_active(&self, strike: u32) -> bool {
        self.list[strike as usize].active
    }

    fn keep(&mut self, fault: FaultId, span: Span) {
        let spans = &mut self.spans[fault.index()];
        if spans.len() < MOST_SPANS {
            spans.push(span);
        } else {
            self.left_out += 1;
        }
    }
}

impl World<'_> {
    /// Draws and schedules all occurrences.
    pub(in crate::world) fn plan_strikes(&mut self) {
        let model = self.model;
        self.chaos.strikes.spans = vec![Vec::new(); model.faults.len()];
        self.chaos.strikes.begun = vec![false; model.faults.len()];
        // Faults of experiments are planned when these begin.
        for (index, fault) in model.faults.iter().enumerate().filter(|(_, fault)| fault.experiment.is_none()) {
            match &fault.schedule {
                Schedule::Fixed { .. } => {
                    for span in fault.schedule.spans(model.run.duration.ns() as i64) {
                        let at = |ns: i64| (self.zero as i64).saturating_add(ns).max(0) as u64;
                        self.plan(FaultId::from(index), at(span.from_ns), at(span.to_ns));
                    }
                }
                Schedule::Random { .. } => self.start_clocks(FaultId::from(index)),
            }
        }
    }

    fn plan(&mut self, fault: FaultId, from: u64, to: u64) {
        let index = self.chaos.strikes.add(Occurrence::new(fault, None));
        self.schedule(from, Due::Strike(index));
        // A fault that lasts to the end has no event for its end: `close_strikes` writes its span.
        if to < self.end {
            self.schedule(to, Due::Mend(index));
        }
    }

    /// What the draw of a fault's targets is keyed by: the run, or where it is drawn anew the time as well.
    fn occasion(&self, fault: &Fault) -> String {
        match &fault.target {
            Target::Instances(selection) if selection.redraw => format!("targets at {}", self.since_zero(self.now)),
            _ => "targets".to_owned(),
        }
    }

    /// The instances that a fault means, drawn where it says so.
    pub(super) fn select(&self, fault: FaultId, occasion: &str) -> Vec<InstanceId> {
        let fault = &self.model.faults[fault.index()];
        let Target::Instances(selection) = &fault.target else { return Vec::new() };
        self.select_of(selection, &fault.name, occasion)
    }

    /// The part that an instance plays now.
    fn role_of(&self, instance: InstanceId) -> Role {
        let is_primary = self.leader_of(self.stations.service_of(instance)) == instance;
        if is_primary { Role::Primary } else { Role::Replica }
    }

    /// The instances of a selection; what is drawn is named so.
    pub(in crate::world) fn select_of(&self, selection: &Selection, name: &str, occasion: &str) -> Vec<InstanceId> {
        let mut fitting: Vec<InstanceId> = self
            .stations
            .ids()
            .filter(|&i| {
                let zone = self.stations.zone_of(i);
                let region = self.model.zones[zone.index()].region;
                self.stations.life(i) != Life::Gone
                    && selection.fits(self.stations.service_of(i), self.stations.number(i), zone, region)
                    && selection.role.is_none_or(|role| role == self.role_of(i))
                    && selection.version.is_none_or(|version| self.stations.version(i) == Some(version))
            })
            .collect();
        let wanted = selection.drawn(fitting.len());
        if wanted < fitting.len() {
            // The first steps of a Fisher-Yates shuffle. The stream is named after the fault, so that another fault changes no draw of this one.
            let mut draw = Stream::new(self.seed, self.replication, name, occasion);
            for place in 0..wanted {
                let left = fitting.len() - place;
                let other = place + ((draw.unit() * left as f64) as usize).min(left - 1);
                fitting.swap(place, other);
            }
            fitting.truncate(wanted);
            fitting.sort_unstable();
        }
        fitting
    }

    /// A fault begins.
    pub(in crate::world) fn strike(&mut self, index: u32) {
        let model = self.model;
        let occurrence = self.chaos.strikes.list[index as usize].clone();
        if occurrence.off {
            return;
        }
        let fault = &model.faults[occurrence.fault.index()];
        let struck = match occurrence.alone {
            Some(instance) => vec![instance],
            // A deploy comes to its instances one after the other, and finds them by itself.
            None if matches!(fault.effect, FaultEffect::Deploy(_)) => Vec::new(),
            None => self.select(occurrence.fault, &self.occasion(fault)),
        };
        // Counts are cut here, so that `during FAULT` is exact; before anything changes, because what changes belongs to the fault.
        self.mark();
        if !std::mem::replace(&mut self.chaos.strikes.begun[occurrence.fault.index()], true) {
            self.recorder.begins();
        }
        let at = &mut self.chaos.strikes.list[index as usize];
        at.active = true;
        at.since = self.now;
        at.struck.clone_from(&struck);
        if fault.ramp_ns > 0 {
            self.grows_to(index, 0);
        }
        match (&fault.effect, &fault.target) {
            (effect, target @ (Target::Scaler(_) | Target::Pipeline(_))) => {
                self.control_is_struck(effect, target, true);
            }
            (FaultEffect::Crash { callers_see }, _) => {
                let silent = *callers_see == CallersSee::Silence;
                struck.iter().for_each(|&i| self.crash(i, silent));
            }
            (FaultEffect::Restart, _) => struck.iter().for_each(|&i| self.crash(i, false)),
            (FaultEffect::Slow { .. }, Target::Edge { to: Some(Location::Endpoint(endpoint)), .. }) => {
                self.slow_endpoint(*endpoint);
            }
            (
                FaultEffect::Slow { .. }
                | FaultEffect::Freeze
                | FaultEffect::CpuSteal { .. }
                | FaultEffect::ClockSkew(_)
                | FaultEffect::Fail { .. }
                | FaultEffect::Wrong { .. }
                | FaultEffect::Memory(_)
                | FaultEffect::Disk(_)
                | FaultEffect::Nic(_),
                Target::Instances(_),
            ) => {
                struck.iter().for_each(|&i| self.reckon(i));
            }
            (FaultEffect::Flush, _) => struck.iter().for_each(|&i| self.flush(i)),
            (FaultEffect::Lag { .. } | FaultEffect::Poison { .. }, _) => struck.iter().for_each(|&i| self.reckon(i)),
            (FaultEffect::Deploy(_), _) => self.begin_rollout(index),
            (FaultEffect::Withdraw { link }, _) => self.link_is_withdrawn(*link),
            (FaultEffect::Dns(dns), _) => self.names_are_struck(occurrence.fault, index, *dns),
            _ => self.strike_messages(index),
        }
        if fault.experiment.is_some() {
            self.note_strike(index);
        }
    }

    /// What a fault struck, in the order of their places; its id.
    pub(in crate::world) fn struck(&self, strike: u32) -> (FaultId, &[InstanceId]) {
        let at = &self.chaos.strikes.list[strike as usize];
        (at.fault, &at.struck)
    }

    /// An occurrence ends, or never comes.
    pub(in crate::world) fn call_off(&mut self, strike: u32) {
        self.chaos.strikes.list[strike as usize].off = true;
        self.mend(strike);
    }

    /// An occurrence that has ended goes on, in a span of its own.
    pub(super) fn strikes_again(&mut self, strike: u32) {
        self.mark();
        let now = self.now;
        let at = &mut self.chaos.strikes.list[strike as usize];
        (at.active, at.since) = (true, now);
    }

    /// All that a fault does now ends.
    pub(in crate::world) fn mend_fault(&mut self, fault: FaultId) {
        for strike in 0..self.chaos.strikes.list.len() {
            if self.chaos.strikes.list[strike].fault == fault {
                self.mend(strike as u32);
            }
        }
    }

    /// A new machine takes the place of an instance, or its data is restored: such faults as struck it before do not strike it, and one that has
    /// struck no other is over. A deploy stays, because the new machine runs the same version.
    pub(in crate::world) fn leaves_faults(&mut self, instance: InstanceId, such: impl Fn(&FaultEffect) -> bool) {
        for strike in 0..self.chaos.strikes.list.len() {
            let at = &mut self.chaos.strikes.list[strike];
            if !such(&self.model.faults[at.fault.index()].effect) {
                continue;
            }
            let before = at.struck.len();
            at.struck.retain(|&struck| struck != instance);
            let fault = &self.model.faults[at.fault.index()];
            if !at.active || at.struck.len() == before {
                continue;
            }
            // What fails by its own clock is over when its repair is: a crew is at work on the old machine until then.
            if at.struck.is_empty() && at.alone.is_none() {
                self.mend(strike as u32);
            } else if matches!(fault.effect, FaultEffect::Delay { .. } | FaultEffect::Loss { .. }) {
                self.network.end(strike as u32);
                self.strike_messages(strike as u32);
            }
        }
        self.reckon(instance);
    }

    /// A fault ends.
    pub(super) fn mend(&mut self, index: u32) {
        let model = self.model;
        // An experiment may have ended it already.
        if !self.chaos.strikes.list[index as usize].active {
            return;
        }
        // A deploy ends when all is as it was before, and begins to make it so now.
        if self.is_rolled_out(index) {
            return;
        }
        self.mark();
        self.chaos.strikes.list[index as usize].active = false;
        let occurrence = self.chaos.strikes.list[index as usize].clone();
        let span = Span { from_ns: self.since_zero(occurrence.since), to_ns: self.since_zero(self.now) };
        self.chaos.strikes.keep(occurrence.fault, span);
        let fault = &model.faults[occurrence.fault.index()];
        match (&fault.effect, &fault.target) {
            (effect, target @ (Target::Scaler(_) | Target::Pipeline(_))) => {
                self.control_is_struck(effect, target, false);
            }
            (FaultEffect::Crash { callers_see }, _) => {
                let silent = *callers_see == CallersSee::Silence;
                occurrence.struck.iter().for_each(|&i| self.recover(i, silent));
            }
            (FaultEffect::Restart, _) => occurrence.struck.iter().for_each(|&i| self.recover(i, false)),
            (FaultEffect::Slow { .. }, Target::Edge { to: Some(Location::Endpoint(endpoint)), .. }) => {
                self.slow_endpoint(*endpoint);
            }
            (FaultEffect::Withdraw { link }, _) => self.link_is_announced(*link),
            (_, Target::Instances(_)) => {
                occurrence.struck.iter().for_each(|&i| self.reckon(i));
                // Failing and wrong replies act on the instance itself, delay and loss on its messages: only one of the two is there.
                self.network.end(index);
            }
            _ => self.network.end(index),
        }
        self.refresh_network();
    }

    /// Faults that last to the end are closed with it; spans are in the order in which they began.
    pub(in crate::world) fn close_strikes(&mut self) {
        for at in 0..self.chaos.strikes.list.len() {
            if self.chaos.strikes.list[at].active {
                let (fault, since) = (self.chaos.strikes.list[at].fault, self.chaos.strikes.list[at].since);
                let span = Span { from_ns: self.since_zero(since), to_ns: self.since_zero(self.now) };
                self.chaos.strikes.keep(fault, span);
            }
        }
        self.chaos.strikes.spans.iter_mut().for_each(|spans| spans.sort_by_key(|s| (s.from_ns, s.to_ns)));
    }

    /// A step of growing in is over, if the fault is there since then.
    pub(super) fn grows(&mut self, index: u32, step: u32) {
        let at = &self.chaos.strikes.list[index as usize];
        let fault = &self.model.faults[at.fault.index()];
        if !at.active || self.now != at.since + step_ns(fault.ramp_ns, step) {
            return;
        }
        let struck = at.struck.clone();
        self.grows_to(index, step);
        match (&fault.effect, &fault.target) {
            (FaultEffect::Slow { .. }, Target::Edge { to: Some(Location::Endpoint(endpoint)), .. }) => {
                self.slow_endpoint(*endpoint);
            }
            (FaultEffect::Delay { .. } | FaultEffect::Loss { .. }, _) | (_, Target::Edge { .. }) => {
                self.network.end(index);
                self.strike_messages(index);
            }
            (_, Target::Instances(_)) => struck.iter().for_each(|&i| self.reckon(i)),
            // What strikes control is there or not.
            (_, Target::Pipeline(_) | Target::Scaler(_)) => {}
        }
    }

    /// A fault is as strong from now on as it is in the middle of this step; the next step is scheduled.
    fn grows_to(&mut self, index: u32, step: u32) {
        let at = &mut self.chaos.strikes.list[index as usize];
        let ramp_ns = self.model.faults[at.fault.index()].ramp_ns;
        at.grown = if step < GROWS_IN { (f64::from(step) + 0.5) / f64::from(GROWS_IN) } else { 1.0 };
        if step < GROWS_IN {
            let next = at.since + step_ns(ramp_ns, step + 1);
            self.schedule(next, Due::Grows { strike: index, step: step + 1 });
        }
    }

    /// The faults that strike an instance now, and did so at a time before [ns].
    pub(in crate::world) fn faults_of(&self, instance: InstanceId, at_ns: u64) -> Vec<FaultId> {
        let (service, version) = (self.stations.service_of(instance), self.stations.version(instance));
        let runs = |fault: FaultId| deploys(&self.model.faults[fault.index()], service, version);
        let list = self.chaos.strikes.list.iter().filter(|o| o.active && o.since <= at_ns);
        list.filter(|o| o.struck.contains(&instance) || runs(o.fault)).map(|o| o.fault).collect()
    }

    /// Computes the effects of all active faults on one instance anew. Factors multiply, a frozen instance stands still however often it is
    /// frozen, and each of those that fail or falsify has its own chance. They are taken in the order of the file, whichever began first.
    pub(in crate::world) fn reckon(&mut self, instance: InstanceId) {
        let model = self.model;
        let (service, version) = (self.stations.service_of(instance), self.stations.version(instance));
        // A deploy strikes those that run its version, whatever was struck when it began.
        let runs = |fault: FaultId| deploys(&model.faults[fault.index()], service, version);
        let active =
            self.chaos.strikes.list.iter().filter(|o| o.active && (o.struck.contains(&instance) || runs(o.fault)));
        let mut active: Vec<(FaultId, f64, u64)> = active.map(|o| (o.fault, o.grown, o.since)).collect();
        // Each chance has a number by its place, from which its draws are keyed: the place has to be the same however the faults overlap.
        active.sort_by_key(|(fault, _, since)| (*fault, *since));
        let (mut slow, mut stolen, mut lag, mut good, mut frozen) = (1.0, 1.0, 1.0, 1.0, false);
        let (mut fails, mut wrongs) = (Vec::new(), Vec::new());
        let mut memory = MemoryFaults::default();
        let mut disk = Vec::new();
        let mut nic = NicFault::default();
        let mut clock = Clock::default();
        for (fault, grown, since) in active {
            match &model.faults[fault.index()].effect {
                FaultEffect::Slow { factor } => slow *= part(*factor, grown),
                FaultEffect::CpuSteal { share } => stolen /= 1.0 - share * grown,
                FaultEffect::Freeze => frozen = true,
                FaultEffect::Poison { probability } => good *= 1.0 - probability * grown,
                FaultEffect::Lag { factor } => lag *= part(*factor, grown),
                FaultEffect::Fail { probability, outcome } => fails.push((*probability * grown, *outcome)),
                FaultEffect::Wrong { kind, probability } => wrongs.push((*probability * grown, *kind as u8)),
                FaultEffect::Disk(one) => disk.push((one, grown)),
                FaultEffect::Nic(one) => nic.add(one, grown),
                FaultEffect::ClockSkew(skew) => {
                    clock.at_zero_ns += skew.offset_ns as f64 - skew.drift * since as f64;
                    clock.drift += skew.drift;
                }
                FaultEffect::Memory(one) => {
                    memory.used += one.used * grown;
                    memory.leak += one.leak;
                    memory.per_request += one.per_request;
                }
                FaultEffect::Deploy(deploy) => {
                    slow *= deploy.slow;
                    fails.extend(deploy.fail);
                    wrongs.extend(deploy.wrong.map(|(probability, kind)| (probability, kind as u8)));
                }
                _ => {}
            }
        }
        let slow = if frozen { slow * STANDSTILL } else { slow };
        self.stations.set_faults(instance, (slow, stolen), fails, wrongs);
        let number = self.stations.number(instance);
        self.data.set_lag(service, number as usize, lag);
        self.data.set_poison(service, 1.0 - good);
        self.set_memory_faults(instance, memory);
        self.set_disk_faults(instance, &disk);
        self.set_nic_faults(instance, nic);
        self.set_clock(instance, clock);
        self.set_frozen(instance, frozen);
        self.renew_speed(instance);
        self.copy_may_change(instance, true);
        self.members_may_change(service);
    }

    /// What an instance of a cache holds is gone.
    fn flush(&mut self, instance: InstanceId) {
        let service = self.stations.service_of(instance);
        if let Node::Cache(_) = self.model.services[service.index()].node {
            self.flush_cache(service, instance);
        }
    }

    fn slow_endpoint(&mut self, endpoint: EndpointId) {
        let model = self.model;
        let mut slow = 1.0;
        for at in self.chaos.strikes.list.iter().filter(|o| o.active) {
            let fault = &model.faults[at.fault.index()];
            if let (FaultEffect::Slow { factor }, Target::Edge { to: Some(Location::Endpoint(e)), .. }) =
                (&fault.effect, &fault.target)
                && *e == endpoint
            {
                slow *= part(*factor, at.grown);
            }
        }
        self.calls.set_slow(endpoint, slow);
    }

    fn strike_messages(&mut self, index: u32) {
        let model = self.model;
        let occurrence = self.chaos.strikes.list[index as usize].clone();
        let fault = &model.faults[occurrence.fault.index()];
        let grown = occurrence.grown;
        let effect = match &fault.effect {
            FaultEffect::Delay { probability, .. } => EdgeEffect::Delay(*probability),
            FaultEffect::Fail { probability, outcome } => EdgeEffect::Fail(*probability * grown, *outcome),
            FaultEffect::Wrong { kind, probability } => EdgeEffect::Wrong(*probability * grown, *kind as u8),
            FaultEffect::Loss { probability } => EdgeEffect::Loss(*probability * grown),
            FaultEffect::Bandwidth { .. } => EdgeEffect::Bandwidth,
            FaultEffect::Partition => EdgeEffect::Loss(1.0),
            _ => return,
        };
        let (from, to, both_ways, only) = match &fault.target {
            Target::Edge { from, to, both_ways } => (*from, *to, *both_ways, None),
            Target::Instances(_) => (None, None, false, Some(occurrence.struck)),
            Target::Pipeline(_) | Target::Scaler(_) => return,
        };
        let egresses = match &fault.effect {
            FaultEffect::Bandwidth { limit } => Some([Egress::new(Bandwidth::from_bytes_per_second(*limit), None); 2]),
            _ => None,
        };
        let fault = occurrence.fault;
        let fault = EdgeFault { fault, strike: index, from, to, both_ways, only, effect, grown, egresses };
        self.part_checkers(|network, checker| network.is_met_by(model, checker, &fault));
        self.network.begin(fault);
        self.refresh_network();
    }

    /// While any fault is active on messages, all call sites look at the network.
    pub(in crate::world) fn refresh_network(&mut self) {
        let any = self.network.are_struck();
        for site in self.calls.ids() {
            let size = self.model.edges[site.index()].size;
            let network = any || self.network.matters(site) || size.0.get() + size.1.get() > 0;
            self.calls.set_network(site, network);
        }
        self.reach_may_change();
    }
}

/// Whether a fault is the deploy of the version that an instance of a service runs.
fn deploys(fault: &Fault, service: ServiceId, version: Option<VersionId>) -> bool {
    match (&fault.effect, &fault.target) {
        (FaultEffect::Deploy(deploy), Target::Instances(of)) => {
            version == Some(deploy.version) && of.services.contains(&service)
        }
        _ => false,
    }
}

/// A fault grows in by so many steps, each as strong as it is in the middle of its time, so that the mean over the ramp is that of a line.
const GROWS_IN: u32 = 32;

/// When a step of growing in begins, from the begin of the fault [ns].
fn step_ns(ramp_ns: u64, step: u32) -> u64 {
    (u128::from(ramp_ns) * u128::from(step) / u128::from(GROWS_IN)) as u64
}

/// A factor that has grown in so far from 1.
fn part(factor: f64, grown: f64) -> f64 {
    // Of what is there whole no bit may change.
    if grown < 1.0 { 1.0 + (factor - 1.0) * grown } else { factor }
}
