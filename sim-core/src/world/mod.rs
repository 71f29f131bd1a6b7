//! The system running: it routes requests, and the families decide.
//!
//! What all share stands in `World` itself: the clock, the calendar, the frames, what is ready to go on, the digest and the recorder. Beside it are
//! subsystems, one folder each, whose state is private to the folder: `stations` (instances, their doors, work and lives), `calls` (load, attempts,
//! answers), `network` (every message on its way), `data` (queues, rows, effects), `control` (telemetry, scalers, alerts, experiments) and `chaos`
//! (faults). A subsystem is reached by the functions that its state has, and by methods of the world that are visible outside of its folder. An event
//! is handled by one subsystem; what it makes runnable is followed at once by the interpreter in `run`, without an event and without recursion.

mod bounds;
mod build;
mod caches;
mod calls;
mod chaos;
mod control;
mod data;
mod events;
mod frame;
mod guarantee;
mod in_force;
mod integral;
mod memory;
mod network;
mod probe;
mod program;
mod record;
mod run;
mod stations;
mod ticket;
mod together;
mod trace;
mod wrong;

#[cfg(test)]
mod tests;

pub use memory::Memory;
pub use trace::trace;

use crate::engine::calendar::{Calendar, Key, Lanes};
use crate::engine::digest::Digest;
use crate::engine::table::Id;
use crate::ids::{InstanceId, LoadId};
use crate::metrics::{Levels, Times};
use crate::model::Model;
use crate::results::RunResult;
use frame::{Arena, FrameId};
use program::Program;

/// A request of a load class arrives.
const ARRIVAL: u8 = 0;
/// A frame's work or wait is done.
const WORK: u8 = 1;
/// A lane's head is due.
const LANE: u8 = 2;
/// A frame's message, backoff or fallback has arrived.
const WAKE: u8 = 3;
/// A timer that is no lane's is due.
const TIMER: u8 = 4;
/// Something that comes a few times a second at most: see [`events`].
const EVENT: u8 = 5;
/// A closed user has thought.
const USER: u8 = 6;
/// Work on an instance's shared cores, or what its disk does, is done.
const CORES: u8 = 7;

/// What can happen to a request or another part of the system, for the digest.
mod fact {
    /// A request left its instance: below, the instance.
    pub const LEFT: u64 = 1 << 40;
    /// A caller has the answer to an attempt, or a failure: below, the outcome, and whether the answer is wrong.
    pub const ANSWERED: u64 = 2 << 40;
    /// A load class's call has ended: below, the outcome.
    pub const CALL_ENDED: u64 = 3 << 40;
    /// A consumer is done with a message, or it failed there: below, the outcome.
    pub const DELIVERED: u64 = 4 << 40;
    /// Steps beside those of an endpoint have ended: below, the outcome.
    pub const BRANCH_ENDED: u64 = 5 << 40;
    /// A request is in its instance when the run ends; the time is that of its arrival.
    pub const IN_FLIGHT: u64 = 6 << 40;
    /// A fault begins.
    pub const STRIKES: u64 = 7 << 40;
    /// A fault ends.
    pub const MENDED: u64 = 8 << 40;
    /// What fails by its own clock fails or is repaired.
    pub const CLOCK: u64 = 9 << 40;
    /// An instance has started.
    pub const STARTED: u64 = 10 << 40;
    /// An instance is restarted by its health check.
    pub const RESTARTED: u64 = 11 << 40;
    /// An experiment acts.
    pub const DEED: u64 = 12 << 40;
    /// An experiment takes an action back.
    pub const ROLLED_BACK: u64 = 13 << 40;
    /// A scaler changes the number of instances that it wants: below, that number.
    pub const WANTED: u64 = 14 << 40;
    /// An alert fires or ends: below, whether it fires.
    pub const ALERT: u64 = 15 << 40;
    /// An instance runs another version: below, the instance.
    pub const VERSION: u64 = 16 << 40;
    /// An instance is killed because it uses more memory than it has.
    pub const KILLED: u64 = 17 << 40;
    /// An action of a runbook is done.
    pub const ACTED: u64 = 18 << 40;
    /// Somebody acknowledges an incident.
    pub const ACKNOWLEDGED: u64 = 22 << 40;
    /// A switch has acted for its time.
    pub const REVERTED: u64 = 23 << 40;
    /// Who decides for a scaler has answered, or has not.
    pub const DECIDED: u64 = 24 << 40;
    /// A change of a route has spread.
    pub const ROUTED: u64 = 19 << 40;
    /// Another copy of a store takes over.
    pub const TAKES_OVER: u64 = 20 << 40;
    /// Rights to sell come to a zone.
    pub const RIGHTS_ARRIVE: u64 = 29 << 40;
    /// People have put a saga right: who, below.
    pub const REPAIRED: u64 = 25 << 40;
    /// The partitions of a consumer group are shared out: of which topic and group, below.
    pub const REBALANCED: u64 = 26 << 40;
    /// A message goes back from a dead-letter queue.
    pub const REDRIVEN: u64 = 27 << 40;
    /// A saga is in a final state: below, whether its steps should stand, and whether it is left to people.
    pub const SAGA_ENDED: u64 = 28 << 40;
    /// An action of a mode is done.
    pub const MODE_ACTED: u64 = 21 << 40;
}

/// What is due beside the calendar, and in which subsystem.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// The windows and marks of the results, and the end.
    Record(record::Due),
    /// Lives and health checks of instances.
    Stations(stations::Due),
    /// What callers keep between their calls.
    Calls(calls::Due),
    /// Telemetry, scalers, alerts, experiments.
    Control(control::Due),
    /// A fault begins, ends, or goes on.
    Chaos(chaos::Due),
    /// Changes of routes.
    Network(network::Due),
    /// Failovers of stores.
    Data(data::Due),
}

/// A run in progress.
struct World<'m> {
    model: &'m Model,
    in_force: in_force::InForce<'m>,
    program: Program,
    seed: u64,
    replication: u32,
    now: u64,
    /// Time 0 of results, which is the end of the warm-up [ns from the start].
    zero: u64,
    /// The end [ns from the start].
    end: u64,
    calendar: Calendar,
    lanes: Lanes,
    /// Events that wait beside the calendar.
    events_beside: events::Events,
    digest: Digest,
    events: u64,
    /// How much has happened at one instant.
    instant: bounds::Instant,
    frames: Arena,
    tickets: ticket::Tickets,
    wrongs: wrong::Wrongs,
    guarantees: guarantee::Guarantees,
    /// Who listens to the stages of requests.
    probe: Option<&'m mut dyn probe::Probe>,
    /// Frames that became runnable beside the one that runs.
    ready: Vec<FrameId>,
    stations: stations::Stations,
    calls: calls::Calls,
    network: network::Network,
    data: data::Data,
    caches: caches::Caches,
    control: control::Control<'m>,
    chaos: chaos::Chaos,
    /// Timed parts, but for the wait for a worker.
    times: Times,
    /// What goes up and down.
    levels: Levels,
    recorder: record::Recorder,
    stopped: Option<crate::results::Stopped>,
    /// The end has come.
    done: bool,
}

/// Runs one replication of a model.
///
/// The same model, seed and replication give the same result, event by event, on any machine. Replication `i` of two variants of a
/// scenario sees the same arrivals, and each request the same work at the same step and attempt.
///
/// # Panics
/// On errors of the program, never on what a checked model says: what goes beyond a bound ends the run with a word in its result.
pub fn simulate(model: &Model, seed: u64, replication: u32) -> RunResult {
    let mut world = World::new(model, seed, replication);
    world.find_plain();
    let any_is_plain = world.stations.plain() > 0;
    world.run();
    if world.stopped.is_some() && any_is_plain {
        // Bounds count events one by one, which a plain station does not tell in their order.
        return simulate_by_events(model, seed, replication);
    }
    world.into_result()
}

/// How many stations of a model are simulated by themselves, without an event for each thing that happens.
pub fn plain_stations(model: &Model) -> usize {
    let mut world = World::new(model, 0, 0);
    world.find_plain();
    world.stations.plain()
}

/// As [`simulate`], with an event for each thing that happens, also where a station could be simulated by itself. The result is the same, and
/// takes longer: tests compare the two.
///
/// # Panics
/// As [`simulate`].
pub fn simulate_by_events(model: &Model, seed: u64, replication: u32) -> RunResult {
    let mut world = World::new(model, seed, replication);
    world.run();
    world.into_result()
}

impl World<'_> {
    fn run(&mut self) {
        while let Some(key) = self.calendar.pop() {
            debug_assert!(key.time() >= self.now, "time runs forward");
            if self.events >= self.frames.look_at && self.look_at_bounds(key.time()) {
                // It has not happened.
                self.calendar.push_key(key);
                break;
            }
            self.now = key.time();
            self.events += 1;
            let mut next = self.handle(key);
            loop {
                if let Some(frame) = next {
                    self.advance(frame);
                }
                next = self.ready.pop();
                if next.is_none() {
                    break;
                }
            }
        }
        if self.stopped.is_some() {
            self.measuring_ends();
        }
    }

    /// Does what an event says, and tells who can go on.
    #[inline(always)]
    fn handle(&mut self, key: Key) -> Option<FrameId> {
        // Two or three kinds are nearly all: a jump table would tell later than comparisons where a wrong guess has to go.
        let index = key.index();
        match key.kind() {
            WORK => self.work_done(FrameId::at(index), key.sequence()),
            ARRIVAL => self.arrival(LoadId(index)),
            WAKE => self.wake(FrameId::at(index), key.sequence()),
            _ => self.handle_other(key),
        }
    }

    #[inline(never)]
    fn handle_other(&mut self, key: Key) -> Option<FrameId> {
        let index = key.index();
        match key.kind() {
            LANE => self.lane(key),
            TIMER => self.expire(FrameId::at(index), key.sequence()),
            USER => self.request(LoadId(index), frame::CLOSED_USER, 0),
            CORES => self.device_done(InstanceId(index), key.sequence()),
            _ => {
                self.event(Id::at(index));
                None
            }
        }
    }

    /// An event that waited beside the calendar has come up.
    fn event(&mut self, id: events::EventId) {
        self.catch_up_all();
        match self.due(id) {
            Event::Record(due) => self.happens(due, id, Self::record_due),
            Event::Stations(due) => self.happens(due, id, Self::station_due),
            Event::Calls(due) => self.happens(due, id, Self::call_due),
            Event::Control(due) => self.happens(due, id, Self::control_due),
            Event::Chaos(due) => self.happens(due, id, Self::chaos_due),
            Event::Network(due) => self.happens(due, id, Self::network_due),
            Event::Data(due) => self.happens(due, id, Self::data_due),
        }
    }

    /// Time from 0, the end of the warm-up [ns].
    fn since_zero(&self, at_ns: u64) -> i64 {
        at_ns as i64 - self.zero as i64
    }
}
