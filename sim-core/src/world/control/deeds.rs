//! What is done to the running system, by experiments and by runbooks.

use crate::deed::{Deed, DeedEffect, Whom};
use crate::engine::math::whole_ns;
use crate::engine::rng::Stream;
use crate::ids::{InstanceId, ServiceId};
use crate::world::World;
use crate::world::stations::Life;

impl<'m> World<'m> {
    /// How long a deed takes [ns], which is done for the time `before` + 1.
    pub(super) fn duration(&self, deed: &Deed, before: u32) -> u64 {
        let Some(takes) = &deed.takes else { return 0 };
        let occasion = match before {
            0 => "takes".to_owned(),
            _ => format!("takes {before}"),
        };
        whole_ns(takes.build().sample(&mut Stream::new(self.seed, self.replication, &deed.name, &occasion)))
    }

    /// Does it, and says so. `owner` is the experiment that takes back what it sets; `found` are the instances that an alert accused when what
    /// is done was begun.
    pub(super) fn does(&mut self, deed: &'m Deed, owner: Option<u32>, found: Option<(usize, &[InstanceId])>) -> String {
        let mut whom = match &deed.effect {
            DeedEffect::Restart(whom)
            | DeedEffect::Drain(whom, _)
            | DeedEffect::Replace(whom)
            | DeedEffect::Isolate(whom)
            | DeedEffect::SpreadInterrupts(whom, _)
            | DeedEffect::Return(whom) => self.whom(whom, &deed.name, found),
            DeedEffect::Scale { .. } | DeedEffect::Mend(_) | DeedEffect::Set(_) => Vec::new(),
        };
        // Where there is no instance, there is nothing to stop.
        let is_there = |world: &Self, instance: InstanceId| world.stations.life(instance) != Life::Gone;
        if matches!(deed.effect, DeedEffect::Restart(_) | DeedEffect::Drain(..)) {
            whom.retain(|instance| is_there(self, *instance));
        }
        match &deed.effect {
            DeedEffect::Restart(_) => whom.iter().for_each(|instance| self.restart(*instance)),
            DeedEffect::Drain(_, within) => {
                whom.iter().for_each(|instance| self.drain_within(*instance, *within));
            }
            DeedEffect::Replace(_) => whom.iter().for_each(|instance| self.gets_new_machine(*instance)),
            DeedEffect::Isolate(_) => whom.iter().for_each(|instance| self.isolate(*instance, true)),
            DeedEffect::Return(_) => whom.iter().for_each(|instance| self.isolate(*instance, false)),
            DeedEffect::SpreadInterrupts(_, queues) => {
                whom.iter().for_each(|instance| self.spread_interrupts(*instance, *queues));
            }
            DeedEffect::Scale { service, to } => self.scale_to(*service, *to),
            DeedEffect::Mend(fault) => self.mend_fault(*fault),
            DeedEffect::Set(changes) => self.sets(owner, changes),
        }
        let mut services: Vec<ServiceId> = whom.iter().map(|instance| self.stations.service_of(*instance)).collect();
        services.dedup();
        services.into_iter().for_each(|service| self.refresh_routable(service));
        format!("{}{}", deed.says, self.named(&whom))
    }

    fn whom(&self, whom: &Whom, name: &str, found: Option<(usize, &[InstanceId])>) -> Vec<InstanceId> {
        match whom {
            Whom::Selected(selection) => self.select_of(selection, name, "targets"),
            Whom::FoundBy { alert, .. } => match found {
                Some((by, instances)) if by == *alert => instances.to_vec(),
                _ => self.control.accused.by(*alert).to_vec(),
            },
        }
    }
}
