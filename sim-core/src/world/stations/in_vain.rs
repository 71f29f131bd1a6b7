//! Processor time that is spent for nobody: on requests whose callers have given up or are gone (`calls/left.rs` says which these are).
//!
//! Of work on shared cores the cores keep their own sum. Elsewhere a piece of work has a core for itself, so that what is spent for nobody is the
//! integral over time of the number of such pieces, which stands still while the instance is frozen. Nothing is kept until the first caller gives up.

use super::instance::{FROZEN, SHARES};
use crate::counters::count;
use crate::engine::table::Id;
use crate::ids::InstanceId;
use crate::service::cpu;
use crate::world::World;
use crate::world::frame::{FrameId, Phase};
use crate::world::program::Op;

/// What one instance does for nobody, on cores that are not shared.
#[derive(Debug, Clone, Copy, Default)]
struct AtWork {
    pieces: u64,
    /// Until when the time is reckoned [ns].
    until_ns: u64,
    /// Time that was spent and not read yet [ns of one core].
    spent_ns: u64,
}

/// What is done for nobody, by instance; as far as the last instance that had such work.
#[derive(Debug, Default)]
pub(super) struct InVain(Vec<AtWork>);

impl World<'_> {
    /// Whether a frame uses processor time now.
    fn uses_cpu(&self, frame: FrameId) -> bool {
        let at = &self.frames[frame];
        at.phase == Phase::Working && matches!(self.program.ops[at.pc], Op::Work { .. })
    }

    /// A frame for which nobody waits begins a piece of work, or nobody waits any more for one that is at work.
    #[cold]
    #[inline(never)]
    pub(in crate::world) fn works_in_vain(&mut self, frame: FrameId) {
        let (now, instance) = (self.now, self.frames[frame].instance.known());
        let at = &mut self.stations.instances[instance];
        match &mut at.cores {
            Some(cores) if at.odd & SHARES != 0 => cores.in_vain(now, 1),
            _ => {
                let known = &mut self.stations.in_vain.0;
                if known.len() <= instance.index() {
                    known.resize(instance.index() + 1, AtWork::default());
                }
                self.reckon_in_vain(instance);
                self.stations.in_vain.0[instance.index()].pieces += 1;
            }
        }
    }

    /// A frame for which nobody waits ends its work, if it is at work on a core for itself.
    #[cold]
    #[inline(never)]
    pub(super) fn worked_in_vain(&mut self, frame: FrameId) {
        if self.uses_cpu(frame) {
            let instance = self.frames[frame].instance.known();
            self.reckon_in_vain(instance);
            self.stations.in_vain.0[instance.index()].pieces -= 1;
        }
    }

    /// Brings up to date what an instance has spent for nobody; to be called before it is frozen or thaws, too.
    pub(super) fn reckon_in_vain(&mut self, instance: InstanceId) {
        let is_frozen = self.stations.instances[instance].odd & FROZEN != 0;
        let Some(at) = self.stations.in_vain.0.get_mut(instance.index()) else { return };
        let passed = self.now - std::mem::replace(&mut at.until_ns, self.now);
        if !is_frozen {
            at.spent_ns += at.pieces * passed;
        }
    }

    /// Counts what was spent for nobody since the last reading.
    pub(super) fn reads_in_vain(&mut self) {
        for place in 0..self.stations.in_vain.0.len() {
            let instance = InstanceId::at(place as u32);
            self.reckon_in_vain(instance);
            let spent_ns = std::mem::take(&mut self.stations.in_vain.0[place].spent_ns);
            let service = self.stations.instances[instance].service;
            count!(self.stations.services[service].counts, cpu::CPU_FOR_NOBODY_NS, spent_ns);
        }
    }

    /// Nobody waits any more for a frame; if it is at work, the rest is for nobody.
    pub(in crate::world) fn goes_on_in_vain(&mut self, frame: FrameId) {
        if self.frames[frame].phase == Phase::Sharing || self.uses_cpu(frame) {
            self.works_in_vain(frame);
        }
    }
}
