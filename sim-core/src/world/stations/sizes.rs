//! Sizes of machines: which one each instance of a service has that a vertical scaler resizes, and how it comes to another.
//!
//! One instance after another is replaced by a machine of the size that is wanted. Whatever else starts meanwhile has that size at once, because
//! every machine gets its size when it is ordered. Services without such a scaler have no entry, and are asked once when an instance comes or goes.

use super::instance::Life;
use crate::counters::{PAID_AT_SIZE, RUNNING_AT_SIZE};
use crate::ids::{InstanceId, ServiceId};
use crate::metrics::{LevelAt, LevelId};
use crate::model::Model;
use crate::service::sizes::Size;
use crate::world::World;
use std::collections::BTreeMap;

/// The machines of a service that changes their size.
#[derive(Debug)]
pub(super) struct Sized {
    /// How long an instance may finish what it has [ns].
    grace_ns: u64,
    /// The place of the size that is wanted.
    wanted: usize,
    /// The place of the size of each instance, in the order of their numbers.
    of: Vec<usize>,
    /// Which instance is being replaced.
    under_way: Option<InstanceId>,
}

/// The sizes of all services that change them.
pub(super) fn all_sized(model: &Model) -> BTreeMap<ServiceId, Sized> {
    let resized = model.scalers.iter().filter_map(|scaler| Some((scaler.of, scaler.resizes()?.grace_ns)));
    let sized = |(of, grace_ns): (ServiceId, u64)| {
        let service = &model.services[of.index()];
        let places = service.max_instances.max(service.instances).max(1) as usize;
        let first = service.sizes.first();
        (of, Sized { grace_ns, wanted: first, of: vec![first; places], under_way: None })
    };
    resized.map(sized).collect()
}

impl World<'_> {
    /// The place of the size that is wanted of a service whose machines a scaler resizes, counted from 1; and whether some have another still.
    pub(in crate::world) fn size_of(&self, service: ServiceId) -> (u32, bool) {
        let sized = &self.stations.rare.sized[&service];
        let differs = |instance: InstanceId| {
            let is_there = self.stations.life(instance) != Life::Gone;
            is_there && sized.of[self.number_of(instance)] != sized.wanted
        };
        let is_changing = sized.under_way.is_some() || self.stations.services[service].ids().any(differs);
        (sized.wanted as u32 + 1, is_changing)
    }

    /// The machines of a service are to have a size, by its place counted from 1.
    pub(in crate::world) fn resize(&mut self, service: ServiceId, to: u32) {
        let Some(sized) = self.stations.rare.sized.get_mut(&service) else { return };
        sized.wanted = to as usize - 1;
        self.sizes_go_on(service);
    }

    /// The next instance that has not the size that is wanted is replaced, if none is under way.
    pub(super) fn sizes_go_on(&mut self, service: ServiceId) {
        let Some(sized) = self.stations.rare.sized.get_mut(&service) else { return };
        // Who is up again is done. It may have the size that was wanted before, and is then found once more.
        let is_done = |one: InstanceId| matches!(self.stations.instances[one].life, Life::Up | Life::Gone);
        if sized.under_way.is_some_and(|one| !is_done(one)) {
            return;
        }
        sized.under_way = None;
        let Some(next) = self.next_to_resize(service) else { return };
        let Some(sized) = self.stations.rare.sized.get_mut(&service) else { return };
        sized.under_way = Some(next);
        let grace_ns = sized.grace_ns;
        self.replace(next, grace_ns);
        self.refresh_routable(service);
    }

    /// The first instance that serves and has not the size that is wanted.
    fn next_to_resize(&self, service: ServiceId) -> Option<InstanceId> {
        let sized = self.stations.rare.sized.get(&service)?;
        let wants = |instance: &InstanceId| {
            let is_up = self.stations.instances[*instance].life == Life::Up;
            is_up && sized.of[self.number_of(*instance)] != sized.wanted
        };
        self.stations.services[service].ids().find(wants)
    }

    /// A machine is ordered for an instance, which does not run: it has the size that is wanted by now.
    pub(super) fn takes_size(&mut self, instance: InstanceId) {
        let (service, number) = (self.stations.instances[instance].service, self.number_of(instance));
        let Some(sized) = self.stations.rare.sized.get_mut(&service) else { return };
        let before = std::mem::replace(&mut sized.of[number], sized.wanted);
        let after = sized.wanted;
        if before == after {
            return;
        }
        let Size { cores, memory, .. } = self.model.services[service.index()].sizes.all()[after];
        let at = &mut self.stations.instances[instance];
        if let (Some(cores), Some(at)) = (cores, &mut at.cores) {
            at.becomes(cores.get());
        }
        if let (Some(bytes), Some(memory)) = (memory, &mut at.memory) {
            memory.has_size(bytes);
        }
        self.counts_size(PAID_AT_SIZE, service, Some(before), Some(after));
    }

    /// An instance begins to run, or runs no more.
    pub(super) fn runs_at_size(&mut self, instance: InstanceId, runs: bool) {
        self.is_counted_by_size(RUNNING_AT_SIZE, instance, runs);
    }

    /// An instance is paid for from now on, or no more.
    pub(super) fn pays_for_size(&mut self, instance: InstanceId, pays: bool) {
        self.is_counted_by_size(PAID_AT_SIZE, instance, pays);
    }

    fn is_counted_by_size(&mut self, levels: [LevelId; 3], instance: InstanceId, is_there: bool) {
        let service = self.stations.instances[instance].service;
        let Some(sized) = self.stations.rare.sized.get(&service) else { return };
        let size = Some(sized.of[self.number_of(instance)]);
        if is_there {
            self.counts_size(levels, service, None, size);
        } else {
            self.counts_size(levels, service, size, None);
        }
    }

    fn counts_size(&mut self, levels: [LevelId; 3], service: ServiceId, before: Option<usize>, after: Option<usize>) {
        let level = |size: Option<usize>| Some(LevelAt::service(*levels.get(size?.checked_sub(1)?)?, service));
        if let Some(level) = level(before) {
            self.levels.moves(level, self.now, 1, 0);
        }
        if let Some(level) = level(after) {
            self.levels.moves(level, self.now, 0, 1);
        }
    }

    fn number_of(&self, instance: InstanceId) -> usize {
        self.stations.services[self.stations.instances[instance].service].number(instance) as usize
    }
}
