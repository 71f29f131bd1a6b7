//! Faults: when they strike, whom, and what is different while they last; and the lives of instances.

use super::cores::STANDSTILL;
use super::state::Life;
use super::wire::{EdgeEffect, EdgeFault};
use super::{Control, World};
use crate::engine::math::whole_ns;
use crate::engine::rng::{Keyed, Stream, hash_name, mix};
use crate::faults::{CallersSee, Fault, FaultEffect, Schedule, Selection, Target};
use crate::ids::{Location, ServiceId, ZoneId};
use crate::results::Span;

const START_UP: u64 = 0xa1;

/// Spans beyond this many are not kept: a fault at random may strike very often.
const MOST_SPANS: usize = 100_000;

/// One occurrence of a fault, or all those of one thing that fails by its own clock.
#[derive(Debug, Clone)]
pub(super) struct Occurrence {
    fault: u32,
    /// The one instance that fails by its own clock; `None` is the whole selection.
    alone: Option<u32>,
    /// Whom it struck.
    struck: Vec<u32>,
    since: u64,
    active: bool,
    /// It will not come any more.
    off: bool,
}

impl Occurrence {
    /// One that is still to come.
    pub fn new(fault: u32, alone: Option<u32>) -> Self {
        Self { fault, alone, struck: Vec::new(), since: 0, active: false, off: false }
    }
}

/// All occurrences of a run.
#[derive(Debug, Default)]
pub(super) struct Strikes {
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

    fn keep(&mut self, fault: u32, span: Span) {
        let spans = &mut self.spans[fault as usize];
        if spans.len() < MOST_SPANS {
            spans.push(span);
        } else {
            self.left_out += 1;
        }
    }
}

impl World<'_> {
    /// Draws and schedules all occurrences.
    pub(super) fn plan_strikes(&mut self) {
        let model = self.model;
        self.strikes.spans = vec![Vec::new(); model.faults.len()];
        self.strikes.begun = vec![false; model.faults.len()];
        // Faults of experiments are planned when these begin.
        for (index, fault) in model.faults.iter().enumerate().filter(|(_, fault)| fault.experiment.is_none()) {
            match &fault.schedule {
                Schedule::Fixed { .. } => {
                    for span in fault.schedule.spans(model.run.duration.ns() as i64) {
                        let at = |ns: i64| (self.zero as i64).saturating_add(ns).max(0) as u64;
                        self.plan(index as u32, at(span.from_ns), at(span.to_ns));
                    }
                }
                Schedule::Random { .. } => self.start_clocks(index as u32),
            }
        }
    }

    /// `service/number` of an instance: does not change when another service is added.
    pub(super) fn label(&self, instance: u32) -> String {
        let service = self.instances[instance as usize].service as usize;
        format!("{}/{}", self.model.services[service].name, instance - self.services[service].first)
    }

    fn plan(&mut self, fault: u32, from: u64, to: u64) {
        let index = self.strikes.add(Occurrence::new(fault, None));
        self.schedule(from, Control::Strike(index));
        if to < self.end {
            self.schedule(to, Control::Mend(index));
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
    pub(super) fn select(&self, fault: usize, occasion: &str) -> Vec<u32> {
        let fault = &self.model.faults[fault];
        let Target::Instances(selection) = &fault.target else { return Vec::new() };
        self.select_of(selection, &fault.name, occasion)
    }

    /// The instances of a selection; what is drawn is named so.
    pub(super) fn select_of(&self, selection: &Selection, name: &str, occasion: &str) -> Vec<u32> {
        let mut fitting: Vec<u32> = (0..self.instances.len() as u32)
            .filter(|&i| {
                let at = &self.instances[i as usize];
                let service = at.service as usize;
                let region = self.model.zones[at.zone as usize].region;
                at.life != Life::Gone
                    && selection.fits(ServiceId(at.service), i - self.services[service].first, ZoneId(at.zone), region)
            })
            .collect();
        let wanted = selection.drawn(fitting.len());
        if wanted < fitting.len() {
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
    pub(super) fn strike(&mut self, index: u32) {
        let model = self.model;
        let occurrence = self.strikes.list[index as usize].clone();
        if occurrence.off {
            return;
        }
        let fault = &model.faults[occurrence.fault as usize];
        let struck = match occurrence.alone {
            Some(instance) => vec![instance],
            None => self.select(occurrence.fault as usize, &self.occasion(fault)),
        };
        self.mark();
        if !std::mem::replace(&mut self.strikes.begun[occurrence.fault as usize], true) {
            self.recorder.begins();
        }
        let at = &mut self.strikes.list[index as usize];
        at.active = true;
        at.since = self.now;
        at.struck.clone_from(&struck);
        match (&fault.effect, &fault.target) {
            (FaultEffect::Crash { callers_see }, _) => {
                let silent = *callers_see == CallersSee::Silence;
                struck.iter().for_each(|&i| self.crash(i, silent));
            }
            (FaultEffect::Restart, _) => struck.iter().for_each(|&i| self.crash(i, false)),
            (FaultEffect::Slow { .. }, Target::Edge { to: Some(Location::Endpoint(endpoint)), .. }) => {
                self.slow_endpoint(endpoint.0);
            }
            (
                FaultEffect::Slow { .. } | FaultEffect::Freeze | FaultEffect::Fail { .. } | FaultEffect::Wrong { .. },
                Target::Instances(_),
            ) => {
                struck.iter().for_each(|&i| self.reckon(i));
            }
            (FaultEffect::Lag { .. }, _) => struck.iter().for_each(|&i| self.reckon(i)),
            _ => self.strike_messages(index),
        }
        if fault.experiment.is_some() {
            self.note_strike(index);
        }
    }

    /// What a fault struck, in the order of their places; its id.
    pub(super) fn struck(&self, strike: u32) -> (u32, &[u32]) {
        let at = &self.strikes.list[strike as usize];
        (at.fault, &at.struck)
    }

    /// An occurrence ends, or never comes.
    pub(super) fn call_off(&mut self, strike: u32) {
        self.strikes.list[strike as usize].off = true;
        self.mend(strike);
    }

    /// All that a fault does now ends.
    pub(super) fn mend_fault(&mut self, fault: u32) {
        for strike in 0..self.strikes.list.len() {
            if self.strikes.list[strike].fault == fault {
                self.mend(strike as u32);
            }
        }
    }

    /// An instance stops and starts again.
    pub(super) fn restart(&mut self, instance: u32) {
        self.crash(instance, false);
        self.recover(instance, false);
    }

    /// A fault ends.
    pub(super) fn mend(&mut self, index: u32) {
        let model = self.model;
        if !self.strikes.list[index as usize].active {
            return;
        }
        self.mark();
        self.strikes.list[index as usize].active = false;
        let occurrence = self.strikes.list[index as usize].clone();
        let span = Span { from_ns: self.since_zero(occurrence.since), to_ns: self.since_zero(self.now) };
        self.strikes.keep(occurrence.fault, span);
        let fault = &model.faults[occurrence.fault as usize];
        match (&fault.effect, &fault.target) {
            (FaultEffect::Crash { callers_see }, _) => {
                let silent = *callers_see == CallersSee::Silence;
                occurrence.struck.iter().for_each(|&i| self.recover(i, silent));
            }
            (FaultEffect::Restart, _) => occurrence.struck.iter().for_each(|&i| self.recover(i, false)),
            (FaultEffect::Slow { .. }, Target::Edge { to: Some(Location::Endpoint(endpoint)), .. }) => {
                self.slow_endpoint(endpoint.0);
            }
            (_, Target::Instances(_)) => {
                occurrence.struck.iter().for_each(|&i| self.reckon(i));
                self.wires.end(index);
            }
            _ => self.wires.end(index),
        }
        self.refresh_network();
    }

    /// Faults that last to the end are closed with it; spans are in the order in which they began.
    pub(super) fn close_strikes(&mut self) {
        for at in 0..self.strikes.list.len() {
            if self.strikes.list[at].active {
                let (fault, since) = (self.strikes.list[at].fault, self.strikes.list[at].since);
                let span = Span { from_ns: self.since_zero(since), to_ns: self.since_zero(self.now) };
                self.strikes.keep(fault, span);
            }
        }
        self.strikes.spans.iter_mut().for_each(|spans| spans.sort_by_key(|s| (s.from_ns, s.to_ns)));
    }

    /// Effects of all active faults on one instance, reckoned anew. Paces multiply, a frozen instance stands still however often it is
    /// frozen, and each of those that fail or falsify has its own chance. They are taken in the order of the file, whichever began first.
    fn reckon(&mut self, instance: u32) {
        let model = self.model;
        let active = self.strikes.list.iter().filter(|o| o.active && o.struck.contains(&instance));
        let mut active: Vec<u32> = active.map(|o| o.fault).collect();
        active.sort_unstable();
        let (mut slow, mut lag, mut frozen) = (1.0, 1.0, false);
        let (mut fails, mut wrongs) = (Vec::new(), Vec::new());
        for fault in active {
            match &model.faults[fault as usize].effect {
                FaultEffect::Slow { factor } => slow *= factor,
                FaultEffect::Freeze => frozen = true,
                FaultEffect::Lag { factor } => lag *= factor,
                FaultEffect::Fail { probability, outcome } => fails.push((*probability, *outcome)),
                FaultEffect::Wrong { kind, probability } => wrongs.push((*probability, *kind as u8)),
                _ => {}
            }
        }
        let at = &mut self.instances[instance as usize];
        at.set_faults(fails, wrongs);
        at.fault_slow = if frozen { slow * STANDSTILL } else { slow };
        let service = at.service;
        let number = instance - self.services[service as usize].first;
        self.rows.set_lag(service, number as usize, lag);
        self.renew_speed(instance);
    }

    /// The speed of an instance from its faults and its warm-up.
    fn renew_speed(&mut self, instance: u32) {
        let at = &self.instances[instance as usize];
        let warming = self.model.services[at.service as usize].warm_up.filter(|_| self.now < at.warm_until);
        let slow = at.fault_slow * warming.map_or(1.0, |(_, factor)| factor);
        if slow.to_bits() != at.slow.to_bits() {
            self.set_slow(instance, slow);
        }
    }

    fn slow_endpoint(&mut self, endpoint: u32) {
        let model = self.model;
        let mut slow = 1.0;
        for at in self.strikes.list.iter().filter(|o| o.active) {
            let fault = &model.faults[at.fault as usize];
            if let (FaultEffect::Slow { factor }, Target::Edge { to: Some(Location::Endpoint(e)), .. }) =
                (&fault.effect, &fault.target)
                && e.0 == endpoint
            {
                slow *= factor;
            }
        }
        for site in self.sites.iter_mut().filter(|s| s.endpoint == endpoint) {
            site.slow = slow;
        }
    }

    fn strike_messages(&mut self, index: u32) {
        let model = self.model;
        let occurrence = self.strikes.list[index as usize].clone();
        let fault = &model.faults[occurrence.fault as usize];
        let effect = match &fault.effect {
            FaultEffect::Delay { probability, .. } => EdgeEffect::Delay(*probability),
            FaultEffect::Fail { probability, outcome } => EdgeEffect::Fail(*probability, *outcome),
            FaultEffect::Wrong { kind, probability } => EdgeEffect::Wrong(*probability, *kind as u8),
            FaultEffect::Loss { probability } => EdgeEffect::Loss(*probability),
            FaultEffect::Partition => EdgeEffect::Loss(1.0),
            _ => return,
        };
        let (from, to, both_ways, only) = match &fault.target {
            Target::Edge { from, to, both_ways } => (*from, *to, *both_ways, None),
            Target::Instances(_) => (None, None, false, Some(occurrence.struck)),
        };
        self.wires.begin(EdgeFault { fault: occurrence.fault, strike: index, from, to, both_ways, only, effect });
        self.refresh_network();
    }

    /// While any fault is active on messages, all call sites look at the network.
    fn refresh_network(&mut self) {
        let any = self.wires.are_struck();
        for (index, site) in self.sites.iter_mut().enumerate() {
            let size = self.model.edges[index].size;
            site.network = any || self.wires.matters(index) || size.0.get() + size.1.get() > 0;
        }
    }

    fn crash(&mut self, instance: u32, silent: bool) {
        let at = &mut self.instances[instance as usize];
        at.crashes += 1;
        at.silences += u32::from(silent);
        at.epoch += 1;
        if at.crashes > 1 || at.life == Life::Gone {
            // Down already: of two faults that keep it down, a silent one decides what callers see.
            if silent && at.life == Life::Down {
                at.set_life(Life::Silent);
            }
            return;
        }
        self.goes_down(instance, if silent { Life::Silent } else { Life::Down });
        self.lose_all(instance, !silent);
    }

    fn recover(&mut self, instance: u32, silent: bool) {
        let at = &mut self.instances[instance as usize];
        at.crashes = at.crashes.saturating_sub(1);
        at.silences = at.silences.saturating_sub(u32::from(silent));
        if at.crashes > 0 && at.silences == 0 && at.life == Life::Silent {
            at.set_life(Life::Down);
        }
        if at.crashes > 0 || !matches!(at.life, Life::Down | Life::Silent) {
            return;
        }
        at.set_life(Life::Starting);
        self.order_start(instance);
    }

    /// The instance will run after its start-up.
    pub(super) fn order_start(&mut self, instance: u32) {
        let at = &mut self.instances[instance as usize];
        at.epoch += 1;
        let (epoch, service) = (at.epoch, at.service as usize);
        let key = mix(hash_name(&self.label(instance)), mix(self.seed, START_UP ^ (u64::from(self.replication) << 32)));
        let sampler = self.model.services[service].start_up.build();
        let took = whole_ns(sampler.sample(&mut Keyed::new(mix(key, u64::from(epoch)))));
        if took == 0 {
            self.started(instance, epoch);
        } else {
            self.schedule(self.now + took, Control::Started { instance, epoch });
        }
    }

    pub(super) fn started(&mut self, instance: u32, epoch: u32) {
        let at = &self.instances[instance as usize];
        if at.epoch != epoch || at.life != Life::Starting {
            return;
        }
        let service = at.service as usize;
        self.comes_up(instance);
        if let Some((length, _)) = self.model.services[service].warm_up {
            self.instances[instance as usize].warm_until = self.now + length.ns();
            self.schedule(self.now + length.ns(), Control::Warm { instance, epoch });
            self.renew_speed(instance);
        }
        self.instances[instance as usize].registered = true;
        self.refresh_routable(service);
        while self.instances[instance as usize].free > 0 && !self.services[service].pulls.is_empty() {
            let before = self.instances[instance as usize].free;
            self.pull(instance, service);
            if self.instances[instance as usize].free == before {
                break;
            }
        }
    }

    pub(super) fn warmed(&mut self, instance: u32, epoch: u32) {
        if self.instances[instance as usize].epoch == epoch {
            self.renew_speed(instance);
        }
    }

    /// An instance has nothing left to do: if it was on its way out, it is gone.
    #[inline]
    pub(super) fn drained(&mut self, instance: u32) {
        if self.instances[instance as usize].life == Life::Draining {
            self.removed(instance);
        }
    }

    fn removed(&mut self, instance: u32) {
        let service = self.instances[instance as usize].service as usize;
        self.goes_down(instance, Life::Gone);
        self.services[service].paid.leave(self.now);
        let at = &mut self.instances[instance as usize];
        at.epoch += 1;
        at.registered = false;
        at.unhealthy = false;
        self.health.forget(instance);
    }

    /// Changes the number of instances: new ones start, the last ones drain.
    pub(super) fn scale_to(&mut self, service: usize, wanted: u32) {
        let (first, places) = (self.services[service].first, self.services[service].places);
        let wanted = wanted.min(places);
        self.services[service].wanted = wanted;
        let present = |world: &Self, i: u32| !matches!(world.instances[i as usize].life, Life::Gone | Life::Draining);
        let mut count = (first..first + places).filter(|&i| present(self, i)).count() as u32;
        for instance in first..first + places {
            if count >= wanted {
                break;
            }
            if self.instances[instance as usize].life == Life::Gone {
                self.services[service].paid.enter(self.now);
                self.instances[instance as usize].set_life(Life::Starting);
                self.is_new(instance);
                self.order_start(instance);
                count += 1;
            }
        }
        for instance in (first..first + places).rev() {
            if count <= wanted {
                break;
            }
            if !present(self, instance) {
                continue;
            }
            count -= 1;
            self.drain(instance);
        }
        self.refresh_routable(service);
    }

    /// Another machine in the place of one that has gone: what keeps that down does not strike this one, nor end on it.
    fn is_new(&mut self, instance: u32) {
        let at = &mut self.instances[instance as usize];
        at.silences = 0;
        if std::mem::take(&mut at.crashes) == 0 {
            return;
        }
        let model = self.model;
        let keeps_down = |fault: u32| {
            matches!(model.faults[fault as usize].effect, FaultEffect::Crash { .. } | FaultEffect::Restart)
        };
        for strike in self.strikes.list.iter_mut().filter(|strike| strike.active && keeps_down(strike.fault)) {
            strike.struck.retain(|&struck| struck != instance);
        }
    }

    /// An instance finishes what it has and goes. Who may be picked has to be looked at anew afterwards.
    pub(super) fn drain(&mut self, instance: u32) {
        if self.instances[instance as usize].life == Life::Draining {
            return;
        }
        self.instances[instance as usize].registered = false;
        if self.instances[instance as usize].life == Life::Up && self.instances[instance as usize].in_system > 0 {
            self.instances[instance as usize].set_life(Life::Draining);
        } else {
            self.removed(instance);
        }
    }
}
