//! Settings of calls that become others while the run goes on.

use super::build;
use super::gate::Keeper;
use super::site::Role;
use crate::call::limit::LimitSettings;
use crate::call::rate_limit::RateLimitSettings;
use crate::engine::table::Maybe;
use crate::ids::{EdgeId, GuardId};
use crate::units::SimDuration;
use crate::world::World;

impl World<'_> {
    /// What the hot path has of a call is derived again. Timers that run are as they were.
    pub(in crate::world) fn call_changes(&mut self, id: EdgeId) {
        let edge = &self.in_force.edges[id.index()];
        let timer = build::timer(edge, self.calls.sites[id].bounded, &mut self.lanes);
        let site = &mut self.calls.sites[id];
        site.lane = timer.lane();
        site.timer = timer;
        site.total_ns = edge.total_timeout.map_or(0, SimDuration::ns);
        site.cancel = edge.cancel;
        let role = build::role(self.model, edge);
        if matches!((site.role, role), (Role::Known, Role::Any)) {
            // Its callers know what their own checker found, as before.
            return;
        }
        if site.role == role {
            return;
        }
        site.role = role;
        // Who picks in another way may have had the only instance written down, or may have to have it now.
        site.only = Maybe::NONE;
        let service = site.service;
        self.refresh_routable(service);
    }

    /// A limit of rate becomes another for all caller instances. Who has his turn already keeps it.
    pub(in crate::world) fn rate_changes(&mut self, id: GuardId, settings: &RateLimitSettings) {
        let (model, now) = (self.model, self.now);
        let Some(edge) = model.edges.iter().position(|edge| edge.guard == id) else { return };
        let first = self.calls.sites[EdgeId::from(edge)].guard as usize;
        for shared in first..first + build::callers(model, &model.guards[id.index()]) as usize {
            for gate in &mut self.calls.shared[shared].gates {
                if let Keeper::Rate(limiter) = &mut gate.keeper {
                    limiter.becomes(now, settings);
                }
            }
        }
    }

    /// A limit becomes another for all caller instances. Who has a place keeps it; who waits gets one where there are more.
    pub(in crate::world) fn limit_changes(&mut self, id: GuardId, limit: Option<&LimitSettings>) {
        let Some(settings) = limit else { return };
        let model = self.model;
        let Some(edge) = model.edges.iter().position(|edge| edge.guard == id) else { return };
        let first = self.calls.sites[EdgeId::from(edge)].guard as usize;
        for shared in first..first + build::callers(model, &model.guards[id.index()]) as usize {
            for gate in &mut self.calls.shared[shared].gates {
                if let Keeper::Limit(limiter) = &mut gate.keeper {
                    limiter.becomes(settings);
                }
            }
            self.next_takes_place(shared);
        }
    }
}
