//! Activators: told when a service comes to have instances, or to have none, and what waits at them wakes its scaler.
//!
//! An activator is a gate behind all others of a call (`gate.rs`), so that limits and pools hold what waits at it. How many wait is a level, which
//! telemetry delivers as any other; that somebody waits where there is nothing is known at once, because Knative's activator says so to its
//! autoscaler.

use super::gate::Keeper;
use crate::call::activator::HELD;
use crate::counters::level;
use crate::ids::ServiceId;
use crate::metrics::LevelAt;
use crate::world::World;

impl World<'_> {
    /// A service has instances that callers may pick from now on, or none.
    pub(in crate::world) fn tell_activators(&mut self, service: ServiceId, has_instances: bool) {
        for place in 0..self.calls.shared.len() {
            let guard = &self.model.guards[self.calls.shared[place].guard.index()];
            if guard.activator.is_none() || guard.callee != service {
                continue;
            }
            for gate in &mut self.calls.shared[place].gates {
                if let Keeper::Activator(activator) = &mut gate.keeper {
                    activator.opens(has_instances);
                }
            }
            if has_instances {
                self.next_takes_place(place);
            }
        }
    }

    /// How many attempts wait for the first instance of a service.
    pub(in crate::world) fn waiting_for_first(&self, service: ServiceId) -> u64 {
        let guards = self.model.guards.iter().enumerate();
        let of_service = guards.filter(|(_, guard)| guard.activator.is_some() && guard.callee == service);
        of_service.map(|(place, _)| self.levels.now(LevelAt::calls(const { level(&HELD) }, place.into()))).sum()
    }

    /// One attempt more or less waits at a gate, where that is an activator.
    pub(super) fn waits_at_activator(&mut self, shared: usize, gate: usize, (before, after): (u64, u64)) {
        let state = &self.calls.shared[shared];
        if !matches!(state.gates[gate].keeper, Keeper::Activator(_)) {
            return;
        }
        let guard = state.guard;
        self.levels.moves(LevelAt::calls(const { level(&HELD) }, guard), self.now, before, after);
        if after > before {
            self.wakes_scaler(self.model.guards[guard.index()].callee);
        }
    }
}
