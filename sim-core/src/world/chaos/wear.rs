//! Things that fail at random and are repaired: each has a clock, and repairs wait for a crew.
//!
//! Only the next event of each clock is scheduled, so that memory does not grow with the length of the run. What a failure does is
//! the business of `strike`.

use super::Due;
use super::strike::Occurrence;
use crate::dist::Sampler;
use crate::engine::math::whole_ns;
use crate::engine::rng::Stream;
use crate::faults::{Schedule, Target};
use crate::ids::{FaultId, InstanceId};
use crate::world::World;
use crate::world::events::EventId;
use std::collections::VecDeque;

/// The clock of a thing that fails by itself: of one instance, or of a selection that fails as one.
#[derive(Debug)]
struct Clock {
    fault: FaultId,
    /// What it strikes with: its place in the list of strikes, the same each time.
    strike: u32,
    /// The draws of its times, one after the other.
    stream: Stream,
    /// Time from a repair to the next failure [ns].
    mtbf: Sampler,
    /// Time of a repair [ns].
    mttr: Sampler,
    /// Its place among what is scheduled.
    control: EventId,
    /// Whether it has failed and a crew is at work.
    in_repair: bool,
}

/// Those who repair what a fault has struck.
#[derive(Debug)]
struct Crews {
    free: u32,
    /// Clocks of what has failed and waits for a crew, in the order in which it failed.
    waiting: VecDeque<u32>,
}

/// All clocks of a run.
#[derive(Debug, Default)]
pub(super) struct Wear {
    clocks: Vec<Clock>,
    /// By fault; nobody where the fault has no clocks.
    crews: Vec<Crews>,
}

impl World<'_> {
    /// Starts the clocks of a fault that strikes at random.
    pub(super) fn start_clocks(&mut self, fault: FaultId) {
        let settings = &self.model.faults[fault.index()];
        let Schedule::Random { mtbf, mttr, crews, together } = &settings.schedule else { return };
        let things: Vec<Option<InstanceId>> = match &settings.target {
            Target::Instances(_) if !together => self.select(fault, "").into_iter().map(Some).collect(),
            _ => vec![None],
        };
        let (mtbf, mttr) = (mtbf.build(), mttr.build());
        self.chaos.wear.crews.resize_with(fault.index() + 1, || Crews { free: 0, waiting: VecDeque::new() });
        self.chaos.wear.crews[fault.index()].free = crews.unwrap_or(u32::MAX);
        for thing in things {
            let component = match thing {
                Some(instance) => format!("{}#{}", settings.name, self.label(instance)),
                None => settings.name.clone(),
            };
            let clock = self.chaos.wear.clocks.len() as u32;
            let stream = Stream::new(self.seed, self.replication, &component, "failures");
            let strike = self.chaos.strikes.add(Occurrence::new(fault, thing));
            let (mtbf, mttr) = (mtbf.clone(), mttr.clone());
            let control = self.reserve(Due::Clock(clock));
            self.chaos.wear.clocks.push(Clock { fault, strike, stream, mtbf, mttr, control, in_repair: false });
            self.plan_failure(clock);
        }
    }

    /// A clock is due: its thing fails, or is repaired.
    pub(super) fn clock(&mut self, clock: u32) {
        let at = &mut self.chaos.wear.clocks[clock as usize];
        let (fault, strike) = (at.fault, at.strike);
        if std::mem::take(&mut at.in_repair) {
            self.mend(strike);
            self.chaos.wear.crews[fault.index()].free += 1;
            self.plan_failure(clock);
        } else {
            self.strike(strike);
            self.chaos.wear.crews[fault.index()].waiting.push_back(clock);
        }
        self.send_crews(fault);
    }

    /// Free crews go to those that wait, first come, first served.
    fn send_crews(&mut self, fault: FaultId) {
        while self.chaos.wear.crews[fault.index()].free > 0 {
            let Some(clock) = self.chaos.wear.crews[fault.index()].waiting.pop_front() else { return };
            self.chaos.wear.crews[fault.index()].free -= 1;
            let at = &mut self.chaos.wear.clocks[clock as usize];
            at.in_repair = true;
            let (took, control) = (whole_ns(at.mttr.sample(&mut at.stream)).max(1), at.control);
            self.again(self.now.saturating_add(took), control);
        }
    }

    fn plan_failure(&mut self, clock: u32) {
        let at = &mut self.chaos.wear.clocks[clock as usize];
        let (lasts, control) = (whole_ns(at.mtbf.sample(&mut at.stream)).max(1), at.control);
        self.again(self.now.saturating_add(lasts), control);
    }
}
