//! Users who were hurt complain: the request of a user ends, and some time later a complaint may come.
//!
//! Whether and when a user complains is drawn by the identity of his request, so that in another variant the same users do. A complaint changes
//! nothing but its count.

use super::Due;
use crate::counters::count;
use crate::dist::Sampler;
use crate::engine::math::whole_ns;
use crate::engine::rng::{Keyed, mix};
use crate::ids::{Caller, EdgeId};
use crate::outcome::Outcome;
use crate::topology::Load;
use crate::units::SimDuration;
use crate::workload::complaints::COMPLAINTS;
use crate::world::World;
use crate::world::frame::{Ended, WRONG};

const COMPLAINS: u64 = 0x53;

/// How the users of a load class complain.
pub(in crate::world) struct Complainers {
    share: f64,
    after: Sampler,
    /// Answers that take longer hurt [ns].
    slower_than: u64,
}

impl Complainers {
    pub fn of(load: &Load) -> Option<Self> {
        let settings = load.complaints.as_ref()?;
        let slower_than = settings.slower_than.map_or(u64::MAX, SimDuration::ns);
        Some(Self { share: settings.share.value(), after: settings.after.build(), slower_than })
    }

    /// How long after the end of his request a user complains; `None` if he does not.
    fn wait_ns(&self, key: u64, ended: &Ended, outcome: u8, now: u64) -> Option<u64> {
        let is_hurt =
            outcome > Outcome::Degraded as u8 || ended.flags & WRONG != 0 || now - ended.arrived > self.slower_than;
        let mut draw = Keyed::new(mix(key, COMPLAINS));
        (is_hurt && draw.unit() < self.share).then(|| whole_ns(self.after.sample(&mut draw)))
    }
}

impl World<'_> {
    /// The request of a user has ended, whose frame had this identity.
    #[cold]
    #[inline(never)]
    pub(super) fn may_complain(&mut self, key: u64, ended: &Ended, outcome: u8) {
        let Caller::Load(load) = self.model.edges[ended.edge.index()].caller else { return };
        let complainers = self.calls.loads[load].complainers.as_ref();
        let wait = complainers.and_then(|them| them.wait_ns(key, ended, outcome, self.now));
        if let Some(wait) = wait {
            self.schedule(self.now + wait, Due::Complains(ended.edge));
        }
    }

    /// A complaint has come.
    pub(super) fn complains(&mut self, site: EdgeId) {
        count!(self.calls.sites[site].counts, COMPLAINTS);
    }
}
