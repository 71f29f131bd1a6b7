//! Settings of services that become others while the run goes on.

use crate::ids::ServiceId;
use crate::world::World;

impl World<'_> {
    /// What the hot path has of a service is derived again. Requests that wait go on waiting as they began.
    pub(in crate::world) fn station_changes(&mut self, id: ServiceId) {
        let settings = &self.in_force.services[id.index()];
        let service = &mut self.stations.services[id];
        service.patience = settings.max_wait.as_ref().map(crate::dist::Distribution::build);
        for instance in service.ids() {
            self.stations.instances[instance].capacity = settings.queue_capacity;
        }
    }
}
