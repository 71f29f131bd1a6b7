//! Sizes of machines: which one each instance of a service has that a vertical scaler resizes, and how it comes to another.
//!
//! One instance after another is replaced by a machine of the size that is wanted. Whatever else starts meanwhile has that size at once, because
//! every machine gets its size when it is ordered. Services without such a scaler have no entry, and are asked once when an instance comes or goes.

use super::instance::Life;
use crate::control::scaling::{Policy, Vertical};
use crate::counters::level;
use crate::ids::{InstanceId, ServiceId};
use crate::metrics::{LevelAt, LevelId};
use crate::model::Model;
use crate::service::sizes::{PAID_2, PAID_3, PAID_4, RUNNING_2, RUNNING_3, RUNNING_4, Size};
use crate::world::World;
use std::collections::BTreeMap;

/// Levels of the instances that run, by the places of sizes behind the first.
const RUNNING: [LevelId; 3] = [level(&RUNNING_2), level(&RUNNING_3), level(&RUNNING_4)];
/// The same of those that are paid for.
const PAID: [LevelId; 3] = [level(&PAID_2), level(&PAID_3), level(&PAID_4)];

/// The machines of a service that changes their size.
#[derive(Debug)]
pub(super) struct Sized {
    sizes: Vec<Size>,
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
    let resized = model.scalers.iter().filter_map(|scaler| match &scaler.policy {
        Policy::Vertical(policy) => Some((scaler.of, &**policy)),
        _ => None,
    });
    let sized = |(of, policy): (ServiceId, &Vertical)| {
        let service = &model.services[of.index()];
        let places = service.max_instances.max(service.instances).max(1) as usize;
        let sized = Sized {
            sizes: policy.sizes.clone(),
            grace_ns: policy.grace_ns,
            wanted: service.first_size,
            of: vec![service.first_size; places],
            under_way: None,
        };
        (of, sized)
    };
    resized.map(sized).collect()
}

impl World<'_> {
    /// The place of the size that a scaler sees as wanted, counted from 1, and whether instances are still being brought to it; nothing of services
    /// that change no sizes.
    pub(in crate::world) fn size_of(&self, service: ServiceId) -> Option<(u32, bool)> {
        let sized = self.stations.sized.get(&service)?;
        let differs = |instance: InstanceId| {
            let life = self.stations.life(instance);
            life != Life::Gone && sized.of[self.number_of(instance)] != sized.wanted
        };
        let is_changing = sized.under_way.is_some() || self.stations.services[service].ids().any(differs);
        Some((sized.wanted as u32 + 1, is_changing))
    }

    /// The machines of a service are to have a size, by its place counted from 1.
    pub(in crate::world) fn resize(&mut self, service: ServiceId, to: u32) {
        let Some(sized) = self.stations.sized.get_mut(&service) else { return };
        sized.wanted = (to.max(1) as usize - 1).min(sized.sizes.len() - 1);
        self.sizes_go_on(service);
    }

    /// The next instance that has not the size that is wanted is replaced, if none is under way.
    pub(super) fn sizes_go_on(&mut self, service: ServiceId) {
        let Some(sized) = self.stations.sized.get_mut(&service) else { return };
        if let Some(one) = sized.under_way {
            let number = self.stations.services[service].number(one) as usize;
            let is_there = match self.stations.instances[one].life {
                Life::Up => sized.of[number] == sized.wanted,
                Life::Gone => true,
                _ => false,
            };
            if !is_there {
                return;
            }
            sized.under_way = None;
        }
        let Some(next) = self.next_to_resize(service) else { return };
        let Some(sized) = self.stations.sized.get_mut(&service) else { return };
        sized.under_way = Some(next);
        let grace_ns = sized.grace_ns;
        self.replace(next, grace_ns);
        self.refresh_routable(service);
    }

    /// The first instance that serves and has not the size that is wanted.
    fn next_to_resize(&self, service: ServiceId) -> Option<InstanceId> {
        let sized = self.stations.sized.get(&service)?;
        let wants = |instance: &InstanceId| {
            let is_up = self.stations.instances[*instance].life == Life::Up;
            is_up && sized.of[self.number_of(*instance)] != sized.wanted
        };
        self.stations.services[service].ids().find(wants)
    }

    /// A machine is ordered for an instance, which does not run: it has the size that is wanted by now.
    pub(super) fn takes_size(&mut self, instance: InstanceId) {
        let (service, number) = (self.stations.instances[instance].service, self.number_of(instance));
        let Some(sized) = self.stations.sized.get_mut(&service) else { return };
        let before = std::mem::replace(&mut sized.of[number], sized.wanted);
        let after = sized.wanted;
        if before == after {
            return;
        }
        let Size { cores, memory, .. } = sized.sizes[after];
        let at = &mut self.stations.instances[instance];
        if let (Some(cores), Some(at)) = (cores, &mut at.cores) {
            at.becomes(cores.get());
        }
        if let (Some(bytes), Some(memory)) = (memory, &mut at.memory) {
            memory.has_size(bytes);
        }
        self.counts_size(PAID, service, Some(before), Some(after));
    }

    /// An instance begins to run, or runs no more.
    pub(super) fn runs_at_size(&mut self, instance: InstanceId, runs: bool) {
        self.is_counted_by_size(RUNNING, instance, runs);
    }

    /// An instance is paid for from now on, or no more.
    pub(super) fn pays_for_size(&mut self, instance: InstanceId, pays: bool) {
        self.is_counted_by_size(PAID, instance, pays);
    }

    fn is_counted_by_size(&mut self, levels: [LevelId; 3], instance: InstanceId, is_there: bool) {
        let service = self.stations.instances[instance].service;
        let Some(sized) = self.stations.sized.get(&service) else { return };
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
