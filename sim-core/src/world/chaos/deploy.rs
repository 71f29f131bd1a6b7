//! Rollouts: versions that come to instances by steps, what halts them, and the way back.
//!
//! A rollout is an occurrence of a deploy. It takes instances out of the balancer and lets them start again; the version that an instance will
//! run stands in `pending` until it has started, so that whatever happens to it in between (a crash, the end of its grace) it comes up with that
//! version. What a version does is no state of the rollout: `reckon` looks at the version that an instance runs and at the deploys that are
//! active, so that steps, halts and rollbacks have nothing to undo.
//!
//! Instances come and go in the middle of other events. A rollout hears of that by an event of its own at the same instant
//! ([`World::deploys_go_on`]), so that it never stops an instance while a request of it is being looked at.

use super::Due;
use crate::faults::{Deploy, FaultEffect, Selection, Strategy, Target};
use crate::ids::{FaultId, InstanceId, ServiceId, VersionId};
use crate::model::Model;
use crate::results::{Course, DeployRun, JournalEntry, JournalKind, JournalWriter};
use crate::world::World;
use crate::world::events::EventId;
use crate::world::fact;
use crate::world::stations::Life;
use std::collections::{BTreeMap, BTreeSet};

/// How far a rollout is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Instances are replaced, until the share of the step runs the new version.
    Rolling,
    /// The second set starts.
    Preparing,
    /// A step is done, and the time after it runs.
    Watching,
    /// The last step has had its time.
    Complete,
    /// Instances are replaced by the old version.
    RollingBack,
    /// A set with the old version starts.
    PreparingBack,
    /// All is as it was before, or another deploy has taken its place.
    Over,
}

impl Phase {
    /// Whether what halts it is looked at.
    fn is_watched(self) -> bool {
        matches!(self, Self::Rolling | Self::Preparing | Self::Watching)
    }

    fn goes_back(self) -> bool {
        matches!(self, Self::RollingBack | Self::PreparingBack)
    }
}

/// A rollout in a run.
#[derive(Debug)]
struct Rollout {
    strike: u32,
    since: u64,
    halted: Option<u64>,
    phase: Phase,
    step: usize,
    /// What instances ran before it came to them.
    before: BTreeMap<InstanceId, Option<VersionId>>,
    /// What new machines of its services ran when it began.
    of_new: BTreeMap<ServiceId, Option<VersionId>>,
    /// The set that starts, or serves, and the set that it takes the place of.
    sets: [Vec<InstanceId>; 2],
    /// How often it has come up to look at what halts it.
    looks: u64,
    /// What that was at the last look.
    seen: Option<bool>,
    /// What becomes of it, but for its journal.
    run: DeployRun,
    journal: JournalWriter,
}

/// All rollouts of a run.
#[derive(Debug, Default)]
pub(super) struct Deploys {
    list: Vec<Rollout>,
    /// The version that an instance will run when it has started, and the rollout that wants it.
    pending: BTreeMap<InstanceId, (Option<VersionId>, u32)>,
    /// Instances that callers do not know, though they run.
    held_back: BTreeSet<InstanceId>,
    /// The version of new machines of services to which a deploy has come.
    of_new: BTreeMap<ServiceId, Option<VersionId>>,
}

impl Deploys {
    pub fn is_held_back(&self, instance: InstanceId) -> bool {
        self.held_back.contains(&instance)
    }

    pub fn version_of_new(&self, service: ServiceId, at_start: Option<VersionId>) -> Option<VersionId> {
        self.of_new.get(&service).copied().unwrap_or(at_start)
    }

    /// What became of each.
    pub fn finish(self) -> Vec<DeployRun> {
        self.list.into_iter().map(|rollout| DeployRun { journal: rollout.journal.finish(), ..rollout.run }).collect()
    }

    /// How many instances a rollout is replacing.
    fn under_way(&self, rollout: u32) -> usize {
        self.pending.values().filter(|(_, of)| *of == rollout).count()
    }
}

fn deploy_of(model: &Model, fault: FaultId) -> (&Deploy, &Selection) {
    match (&model.faults[fault.index()].effect, &model.faults[fault.index()].target) {
        (FaultEffect::Deploy(deploy), Target::Instances(of)) => (deploy, of),
        other => unreachable!("a rollout is of a deploy to instances, not {other:?}"),
    }
}

impl<'m> World<'m> {
    fn deploy(&self, rollout: u32) -> (&'m Deploy, &'m Selection) {
        deploy_of(self.model, self.chaos.deploys.list[rollout as usize].run.fault)
    }

    /// A deploy begins.
    pub(super) fn begin_rollout(&mut self, strike: u32) {
        let (fault, _) = self.struck(strike);
        let (deploy, of) = deploy_of(self.model, fault);
        self.ends_earlier(&of.services);
        let index = self.chaos.deploys.list.len() as u32;
        let versions = of.services.iter().map(|id| {
            let at_start = self.model.services[id.index()].version;
            (*id, self.chaos.deploys.version_of_new(*id, at_start))
        });
        let of_new: BTreeMap<_, _> = versions.collect();
        let course = Course::CutShort;
        let run =
            DeployRun { fault, course, halted_after_s: None, back_after_s: None, is_blind: false, journal: Vec::new() };
        self.chaos.deploys.list.push(Rollout {
            strike,
            since: self.now,
            halted: None,
            phase: Phase::Rolling,
            step: 0,
            before: BTreeMap::new(),
            of_new,
            sets: [Vec::new(), Vec::new()],
            looks: 0,
            seen: None,
            run,
            journal: JournalWriter::default(),
        });
        self.notes(index, JournalKind::Begin, self.model.faults[fault.index()].says.clone());
        if let Some((_, pipe)) = &deploy.halt {
            let every = self.model.telemetry[*pipe].every_ns;
            // With the scrapes of the pipeline, from the next one on.
            self.schedule((self.now / every + 1) * every, Due::LookAt(index));
        }
        match deploy.strategy {
            Strategy::Rolling => self.rollout_goes_on(index),
            Strategy::BlueGreen => self.prepares(index, Phase::Preparing),
        }
    }

    /// A deploy of another version begins: the rollouts to the same services that are under way stop where they are.
    fn ends_earlier(&mut self, services: &[ServiceId]) {
        for index in 0..self.chaos.deploys.list.len() as u32 {
            let at = &self.chaos.deploys.list[index as usize];
            let meets = self.deploy(index).1.services.iter().any(|service| services.contains(service));
            if !meets || at.phase == Phase::Over {
                continue;
            }
            let (phase, [new, old]) = (at.phase, at.sets.clone());
            self.sets_phase(index, Phase::Over);
            match phase {
                // The first set has gone already, and its places may be taken by other machines.
                Phase::Complete => {}
                Phase::Preparing | Phase::PreparingBack => self.retire(&new),
                _ => self.retire(&old),
            }
            // None of its instances may have come to run it yet.
            self.schedule(self.now, Due::GoOn(index));
            self.notes(index, JournalKind::End, "another version is deployed".to_owned());
        }
    }

    fn sets_phase(&mut self, index: u32, phase: Phase) {
        self.chaos.deploys.list[index as usize].phase = phase;
    }

    fn notes(&mut self, index: u32, kind: JournalKind, text: String) {
        let entry = self.entry(kind, text);
        self.keeps(index, entry);
    }

    fn keeps(&mut self, index: u32, entry: JournalEntry) {
        self.chaos.deploys.list[index as usize].journal.write(entry);
    }

    /// Something has happened to an instance of a service: its rollouts may go on.
    pub(in crate::world) fn deploys_go_on(&mut self, service: ServiceId) {
        for index in 0..self.chaos.deploys.list.len() as u32 {
            let at = &self.chaos.deploys.list[index as usize];
            let may_go_on = match at.phase {
                Phase::Over => self.chaos.strikes.is_active(at.strike),
                Phase::Complete | Phase::Watching => false,
                Phase::Rolling | Phase::Preparing | Phase::RollingBack | Phase::PreparingBack => true,
            };
            if may_go_on && self.deploy(index).1.services.contains(&service) {
                self.schedule(self.now, Due::GoOn(index));
            }
        }
    }

    /// An instance comes up with the version that it was replaced for.
    pub(in crate::world) fn takes_version(&mut self, instance: InstanceId) {
        if let Some((version, _)) = self.chaos.deploys.pending.remove(&instance) {
            self.gets(instance, version);
        }
    }

    /// An instance will not come back.
    pub(in crate::world) fn takes_no_version(&mut self, instance: InstanceId) {
        self.chaos.deploys.pending.remove(&instance);
        self.chaos.deploys.held_back.remove(&instance);
    }

    fn gets(&mut self, instance: InstanceId, version: Option<VersionId>) {
        if self.stations.version(instance) != version {
            self.digest.fact(
                self.now,
                u64::from(version.map_or(u32::MAX, |v| v.0)),
                fact::VERSION | u64::from(instance.0),
            );
            self.runs_version(instance, version);
        }
    }

    /// A rollout does what it can do at once.
    pub(super) fn rollout_goes_on(&mut self, index: u32) {
        match self.chaos.deploys.list[index as usize].phase {
            Phase::Rolling => self.rolls(index),
            Phase::RollingBack => self.rolls_back(index),
            Phase::Preparing | Phase::PreparingBack => self.fills(index),
            // Its fault ends with the last instance that runs it.
            Phase::Over => self.mend(self.chaos.deploys.list[index as usize].strike),
            Phase::Watching | Phase::Complete => {}
        }
    }

    /// Whether an instance runs the version of a rollout, or will when it has started.
    fn is_run(&self, index: u32) -> bool {
        let (deploy, of) = self.deploy(index);
        let version = Some(deploy.version);
        let comes = |instance| self.chaos.deploys.pending.get(&instance).is_some_and(|(comes, _)| *comes == version);
        self.select_of(of, "", "").into_iter().any(|i| self.stations.version(i) == version || comes(i))
    }

    /// A version is to run on an instance. Where its deploy had ended with the last instance that ran it, as when a later one took its place and
    /// is taken back now, its fault is there again.
    pub(in crate::world) fn comes_again(&mut self, instance: InstanceId, version: Option<VersionId>) {
        let service = self.stations.service_of(instance);
        let of_version = |index: &u32| {
            let (deploy, of) = self.deploy(*index);
            Some(deploy.version) == version && of.services.contains(&service)
        };
        let strikes = (0..self.chaos.deploys.list.len() as u32)
            .filter(of_version)
            .map(|index| self.chaos.deploys.list[index as usize].strike);
        let strikes: Vec<u32> = strikes.collect();
        if let Some(&last) = strikes.last()
            && !strikes.iter().any(|&strike| self.chaos.strikes.is_active(strike))
        {
            self.strikes_again(last);
        }
    }

    /// The instances of its services that are there, in the order of their numbers.
    fn there(&self, index: u32) -> Vec<InstanceId> {
        let (_, of) = self.deploy(index);
        let all = self.select_of(of, "", "");
        all.into_iter().filter(|&instance| self.stations.life(instance) != Life::Draining).collect()
    }

    /// Replaces instances until enough run the new version.
    fn rolls(&mut self, index: u32) {
        let (deploy, _) = self.deploy(index);
        let step = self.chaos.deploys.list[index as usize].step;
        let mut all = self.there(index);
        let new = Some(deploy.version);
        // Those that have it stay first, and then those that serve: on a machine that is down nobody would see what a small first step is there to
        // show.
        let is_up = |instance: &InstanceId| self.stations.life(*instance) == Life::Up;
        all.sort_by_key(|instance| (self.stations.version(*instance) != new, !is_up(instance)));
        // Less than half a thousandth of an instance is rounding.
        let wanted =
            ((deploy.steps[step] * all.len() as f64 - 5e-4).ceil() as usize).clamp(1, all.len().max(1)).min(all.len());
        for &instance in &all[..wanted] {
            let is_new = self.stations.version(instance) == new;
            if !is_new && !self.changes(index, instance, new, deploy) {
                break;
            }
        }
        let done = all[..wanted].iter().filter(|&&instance| self.stations.version(instance) == new).count();
        if done == wanted && self.chaos.deploys.under_way(index) == 0 {
            self.step_is_done(index, &all[..wanted]);
        }
    }

    /// Begins to replace an instance, if one more may be replaced now; whether it may.
    fn changes(&mut self, index: u32, instance: InstanceId, to: Option<VersionId>, deploy: &Deploy) -> bool {
        let is_down = matches!(self.stations.life(instance), Life::Down | Life::Silent);
        let deploys = &mut self.chaos.deploys;
        if is_down {
            deploys.pending.remove(&instance);
        } else if deploys.pending.get(&instance).is_some_and(|(_, of)| *of == index) {
            return true;
        }
        let before = self.stations.version(instance);
        deploys.list[index as usize].before.entry(instance).or_insert(before);
        match self.stations.life(instance) {
            // What is down comes up with the software that is there then.
            Life::Down | Life::Silent => {
                if before != to {
                    self.gets(instance, to);
                    self.deploys_go_on(self.stations.service_of(instance));
                }
                true
            }
            _ if deploys.under_way(index) >= deploy.max_unavailable => false,
            Life::Up => {
                deploys.pending.insert(instance, (to, index));
                self.replace(instance, deploy.grace_ns);
                self.refresh_routable(self.stations.service_of(instance));
                true
            }
            Life::Starting | Life::Replacing | Life::Draining | Life::Gone => {
                deploys.pending.insert(instance, (to, index));
                true
            }
        }
    }

    /// The share of a step runs the new version.
    fn step_is_done(&mut self, index: u32, new: &[InstanceId]) {
        let (deploy, of) = self.deploy(index);
        let step = self.chaos.deploys.list[index as usize].step;
        let share = crate::units::Probability::new(deploy.steps[step]).unwrap_or_default();
        let text = format!("{share} on {}{}", deploy.name, self.named(new));
        self.notes(index, JournalKind::Action, text);
        self.watches(index, of, deploy);
    }

    /// The time after a step begins.
    fn watches(&mut self, index: u32, of: &Selection, deploy: &Deploy) {
        let step = self.chaos.deploys.list[index as usize].step;
        if step + 1 == deploy.steps.len() {
            of.services.iter().for_each(|service| {
                self.chaos.deploys.of_new.insert(*service, Some(deploy.version));
            });
        }
        self.sets_phase(index, Phase::Watching);
        self.schedule(self.now.saturating_add(deploy.every_ns), Due::Step { rollout: index, step: step as u32 });
    }

    /// The time after a step is over: the next one begins, or all are done.
    pub(super) fn next_step_of(&mut self, index: u32, step: u32) {
        let at = &mut self.chaos.deploys.list[index as usize];
        if at.phase != Phase::Watching || at.step != step as usize {
            return;
        }
        let (deploy, _) = self.deploy(index);
        let at = &mut self.chaos.deploys.list[index as usize];
        if at.step + 1 < deploy.steps.len() {
            at.step += 1;
            at.phase = Phase::Rolling;
            self.rolls(index);
            return;
        }
        at.phase = Phase::Complete;
        at.run.course = Course::Completed;
        let old = at.sets[1].clone();
        self.retire(&old);
        self.notes(index, JournalKind::End, format!("{} has come to stay", deploy.name));
    }

    /// A rollout looks at what halts it.
    pub(super) fn looks_at_halt(&mut self, index: u32, control: EventId) {
        let (deploy, _) = self.deploy(index);
        let Some((check, pipe)) = &deploy.halt else { return };
        if !self.chaos.deploys.list[index as usize].phase.is_watched() {
            return;
        }
        let looks = &mut self.chaos.deploys.list[index as usize].looks;
        *looks += 1;
        let is_first = *looks == 2;
        // The first time it may have been planned before the scrape of its instant; from then on it follows the scrapes.
        if *looks == 1 {
            self.again(self.now, control);
            return;
        }
        self.deliver_scrapes(*pipe as u32);
        let entry = self.observe_by(*pipe as u32, check, JournalKind::Observation);
        let holds = entry.holds;
        let at = &mut self.chaos.deploys.list[index as usize];
        // Without data until it has some once.
        at.run.is_blind = holds.is_none() && (is_first || at.run.is_blind);
        if std::mem::replace(&mut at.seen, holds) != holds || is_first {
            self.keeps(index, entry);
        }
        if holds == Some(true) {
            self.halts(index, &check.text);
        } else {
            self.again(self.now + self.model.telemetry[*pipe].every_ns, control);
        }
    }

    fn halts(&mut self, index: u32, why: &str) {
        let now = self.now;
        let at = &mut self.chaos.deploys.list[index as usize];
        at.halted = Some(now);
        at.run.course = Course::Aborted;
        at.run.halted_after_s = Some((now - at.since) as f64 / 1e9);
        self.notes(index, JournalKind::Halt, why.to_owned());
        self.goes_back(index);
    }

    /// All is to be as it was before the rollout.
    fn goes_back(&mut self, index: u32) {
        let (deploy, _) = self.deploy(index);
        let at = &self.chaos.deploys.list[index as usize];
        for (service, version) in at.of_new.clone() {
            self.chaos.deploys.of_new.insert(service, version);
        }
        let at = &self.chaos.deploys.list[index as usize];
        match (deploy.strategy, at.phase) {
            (Strategy::Rolling, _) => {
                self.sets_phase(index, Phase::RollingBack);
                self.rolls_back(index);
            }
            (Strategy::BlueGreen, Phase::Preparing) => {
                let set = at.sets[0].clone();
                self.retire(&set);
                self.is_back(index);
            }
            (Strategy::BlueGreen, Phase::Watching) => {
                // The first set still runs: callers go back to it at once.
                let [new, old] = at.sets.clone();
                self.sends_callers(&old, &new);
                self.retire(&new);
                self.is_back(index);
            }
            (Strategy::BlueGreen, _) => self.prepares(index, Phase::PreparingBack),
        }
    }

    /// Replaces instances until none runs the new version.
    fn rolls_back(&mut self, index: u32) {
        let (deploy, _) = self.deploy(index);
        let new = Some(deploy.version);
        let at = &self.chaos.deploys.list[index as usize];
        let (before, of_new) = (at.before.clone(), at.of_new.clone());
        let mut left = 0;
        let mut may = true;
        for instance in self.there(index) {
            let comes = self.chaos.deploys.pending.get(&instance).map(|(version, _)| *version);
            if comes.unwrap_or(self.stations.version(instance)) != new {
                continue;
            }
            let service = self.stations.service_of(instance);
            let to = before.get(&instance).copied().unwrap_or_else(|| of_new.get(&service).copied().flatten());
            match self.chaos.deploys.pending.get_mut(&instance) {
                // It is being replaced: it comes up as it was.
                Some((version, _)) => *version = to,
                None => may = may && self.changes(index, instance, to, deploy),
            }
            left += usize::from(self.stations.version(instance) == new);
        }
        if left == 0 && self.chaos.deploys.under_way(index) == 0 {
            self.is_back(index);
        }
    }

    /// All is as it was before.
    fn is_back(&mut self, index: u32) {
        let now = self.now;
        let (deploy, _) = self.deploy(index);
        self.sets_phase(index, Phase::Over);
        let at = &mut self.chaos.deploys.list[index as usize];
        at.run.back_after_s = at.halted.map(|halted| (now - halted) as f64 / 1e9);
        let strike = at.strike;
        self.notes(index, JournalKind::Rollback, format!("nothing runs {} any more", deploy.name));
        self.mend(strike);
    }

    /// A set of as many instances as there are starts beside them.
    fn prepares(&mut self, index: u32, phase: Phase) {
        let old = self.there(index);
        self.chaos.deploys.list[index as usize].sets = [Vec::new(), old];
        self.sets_phase(index, phase);
        self.fills(index);
    }

    /// Orders the instances of the second set for which there are places. While the set of an earlier deploy finishes what it has there may be
    /// too few: the others are ordered as places become free.
    fn fills(&mut self, index: u32) {
        let (deploy, of) = self.deploy(index);
        let at = &self.chaos.deploys.list[index as usize];
        let (phase, of_new) = (at.phase, at.of_new.clone());
        let is_there = |instance: &InstanceId| self.stations.life(*instance) != Life::Gone;
        let [mut new, old] = at.sets.clone().map(|set| set.into_iter().filter(is_there).collect::<Vec<_>>());
        let mut ordered = Vec::new();
        let mut is_whole = true;
        for service in &of.services {
            let of_it = |set: &[InstanceId]| set.iter().filter(|&&i| self.stations.service_of(i) == *service).count();
            let missing = of_it(&old).saturating_sub(of_it(&new));
            let before = ordered.len();
            ordered.extend(self.stations.instances_of(*service).filter(|place| !is_there(place)).take(missing));
            is_whole &= ordered.len() - before == missing;
        }
        new.extend(&ordered);
        self.chaos.deploys.list[index as usize].sets = [new, old];
        for instance in ordered {
            let before = of_new.get(&self.stations.service_of(instance)).copied().flatten();
            let version = if phase == Phase::Preparing { Some(deploy.version) } else { before };
            self.chaos.deploys.pending.insert(instance, (version, index));
            self.chaos.deploys.held_back.insert(instance);
            self.orders(instance);
        }
        if is_whole {
            self.goes_over(index);
        }
    }

    /// Callers go over to the second set, which is whole, if all of it is up.
    fn goes_over(&mut self, index: u32) {
        let at = &self.chaos.deploys.list[index as usize];
        let (phase, [new, old]) = (at.phase, at.sets.clone());
        if new.iter().any(|&instance| self.stations.life(instance) != Life::Up) {
            return;
        }
        let (deploy, of) = self.deploy(index);
        self.sends_callers(&new, &old);
        if phase == Phase::PreparingBack {
            self.retire(&old);
            self.is_back(index);
            return;
        }
        self.notes(index, JournalKind::Action, format!("all callers go to {}{}", deploy.name, self.named(&new)));
        self.watches(index, of, deploy);
    }

    /// Callers know of one set from now on, and not of the other.
    fn sends_callers(&mut self, to: &[InstanceId], from: &[InstanceId]) {
        for &instance in to {
            self.chaos.deploys.held_back.remove(&instance);
            self.register(instance, self.stations.life(instance) != Life::Gone);
        }
        for &instance in from {
            self.chaos.deploys.held_back.insert(instance);
            self.register(instance, false);
        }
        self.refresh_all(to.iter().chain(from));
    }

    /// A set finishes what it has and goes.
    fn retire(&mut self, set: &[InstanceId]) {
        set.iter().for_each(|&instance| self.drain(instance));
        self.refresh_all(set.iter());
    }

    fn refresh_all<'i>(&mut self, set: impl Iterator<Item = &'i InstanceId>) {
        let services: BTreeSet<ServiceId> = set.map(|&instance| self.stations.service_of(instance)).collect();
        services.into_iter().for_each(|service| self.refresh_routable(service));
    }

    /// Whether an occurrence that is to end is a rollout, which goes back first and ends by itself. One that a later deploy has taken the place
    /// of has nothing to take back: it ends with the last instance that runs it.
    pub(super) fn is_rolled_out(&mut self, strike: u32) -> bool {
        let found = self.chaos.deploys.list.iter().position(|rollout| rollout.strike == strike);
        let Some(index) = found.map(|index| index as u32) else { return false };
        let phase = self.chaos.deploys.list[index as usize].phase;
        if phase == Phase::Over {
            return self.is_run(index);
        }
        if !phase.goes_back() {
            self.notes(index, JournalKind::End, "it is taken back".to_owned());
            self.goes_back(index);
        }
        true
    }
}
