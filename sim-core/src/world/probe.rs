//! The seam through which the stages of a request pass, for a probe that listens.
//!
//! A probe says of each request of a load class, as it comes, whether it wants to hear of it. If so, the request's ticket is watched, and all frames
//! that carry the ticket have the flag `WATCHED`. Each stage tests that flag, which stands in a line of the cache that the stage needs anyway, and
//! tells the probe out of line. Without a probe no frame has the flag, and requests have tickets only where the model needs them.
//!
//! A probe only listens: it draws nothing, schedules nothing and takes no frames, so a run with a probe is the run without it.
//!
//! Why no type parameter of the run: see ARCHITECTURE.md, "A probe is a flag".

use super::World;
use super::frame::{BRANCH, CLIENT, COPY, FrameId, WATCHED};
use crate::ids::{Caller, EdgeId, LoadId};
use crate::outcome::Outcome;
use crate::results::TraceStepKind;

/// A stage of what a frame does for a watched request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// A request of a load class has come.
    Arrives,
    /// An attempt is sent, to an instance by its number in its service, if there is one. Its caller has a frame, or is a load class without one.
    Attempt { caller: Option<FrameId>, site: EdgeId, instance: Option<u32>, number: u32 },
    /// A frame begins that is no attempt, caused by another: a branch, background steps, a message.
    Beside(FrameId),
    /// A copy begins of the hedged call of another frame.
    Copy(FrameId),
    /// A frame takes the place of another, or carries its answer.
    Replaces(FrameId),
    /// An attempt waits for a worker.
    Queues,
    /// An attempt has a worker.
    Starts,
    /// A step begins that may take time.
    Step(TraceStepKind),
    /// The callee answers.
    Replies,
    /// The caller of an attempt has the answer.
    Ends(Outcome),
    /// A caller gives up its present attempt: with a timeout, or without an outcome.
    GivesUp(Option<Outcome>),
    /// A frame ends without an answer: the end of a branch, or work that is stopped.
    Stops,
}

/// Listens to the stages of requests.
pub(super) trait Probe {
    /// Whether to hear of a request of a load class that has just come.
    fn wants(&mut self, load: LoadId) -> bool;
    /// A stage of a request that it wants to hear of [ns from time 0].
    fn stage(&mut self, at_ns: i64, frame: FrameId, stage: Stage);
}

impl<'m> World<'m> {
    /// From now on this probe listens.
    pub(super) fn listen(&mut self, probe: &'m mut dyn Probe) {
        self.tickets.need();
        self.probe = Some(probe);
    }
}

impl World<'_> {
    /// A frame has come to a stage.
    #[inline(always)]
    pub(super) fn stage(&mut self, frame: FrameId, stage: Stage) {
        if self.frames[frame].flags & WATCHED != 0 {
            self.tell(frame, stage);
        }
    }

    /// As [`Self::stage`], of a frame that was just given back, or that had these flags.
    #[inline(always)]
    pub(super) fn stage_of(&mut self, frame: FrameId, flags: u16, stage: Stage) {
        if flags & WATCHED != 0 {
            self.tell(frame, stage);
        }
    }

    #[cold]
    #[inline(never)]
    fn tell(&mut self, frame: FrameId, stage: Stage) {
        let at_ns = self.since_zero(self.now);
        if let Some(probe) = &mut self.probe {
            probe.stage(at_ns, frame, stage);
        }
    }

    /// Whether the probe, if there is one, wants to hear of a request that comes by a call site.
    pub(super) fn is_wanted(&mut self, site: EdgeId) -> bool {
        let Caller::Load(load) = self.model.edges[site.index()].caller else { return false };
        self.probe.as_mut().is_some_and(|probe| probe.wants(load))
    }

    /// The frame of a watched request comes.
    pub(super) fn watch_request(&mut self, frame: FrameId) {
        self.tell(frame, Stage::Arrives);
        self.watch(frame, None);
    }

    /// A frame works for a watched request, because of the frame of a caller or of itself.
    pub(super) fn watch(&mut self, frame: FrameId, cause: Option<FrameId>) {
        let at = &mut self.frames[frame];
        at.flags |= WATCHED;
        let at = *at;
        let stage = match cause {
            Some(caller) if at.flags & COPY != 0 => Stage::Copy(caller),
            Some(cause) if at.flags & (BRANCH | CLIENT) != 0 => Stage::Beside(cause),
            None if at.flags & CLIENT != 0 => return,
            caller => Stage::Attempt {
                caller,
                site: at.edge,
                instance: at.instance.get().map(|instance| self.stations.number(instance)),
                number: self.attempt_number(frame),
            },
        };
        self.tell(frame, stage);
    }
}
