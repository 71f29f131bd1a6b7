//! The system running: it routes requests, and the families decide.
//!
//! One file for each station of a request's life: `arrive` (load), `call` (caller's side), `admit` (callee's door), `work`, `reply`,
//! `expire` (timeouts and cancellation). Beside them `hedge` (copies of a call), `message` (queues), `rows` (stores), `agree` (regions), `effects` (what was done twice), `wire` (network), `strike` (faults), `lives` (of instances), `watch`
//! (telemetry, scaling, alerts), `health` (probes), `trial` (experiments), `record` (what leaves the engine) and `build`. An event is handled by one station; what it makes
//! runnable is followed at once by the interpreter in `run`, without an event and without recursion.

mod admit;
mod agree;
mod arrive;
mod bounds;
mod build;
mod call;
mod cores;
mod effects;
mod expire;
mod frame;
mod health;
mod hedge;
mod line;
mod lives;
mod memory;
mod message;
mod program;
mod record;
mod reply;
mod rows;
mod run;
mod state;
mod strike;
mod together;
mod trial;
mod tries;
mod unanswered;
mod up;
mod watch;
mod wear;
mod wire;
mod work;

#[cfg(test)]
mod health_tests;
#[cfg(test)]
mod hedge_tests;
#[cfg(test)]
mod tests;

pub use memory::Memory;

use crate::engine::calendar::{Calendar, Key, Lanes};
use crate::engine::digest::Digest;
use crate::engine::table::Table;
use crate::metrics::Histogram;
use crate::model::Model;
use crate::results::RunResult;
use frame::Arena;
use program::Program;
use state::{Instance, Service, Shared, Site};

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
/// Something that happens a few times a second at most: see [`Control`].
const CONTROL: u8 = 5;
/// A closed user has thought.
const USER: u8 = 6;
/// Work on an instance's shared cores is done.
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
}

/// What is scheduled rarely: index into a list, so that its events fit the calendar.
#[derive(Debug, Clone, Copy)]
enum Control {
    /// The end of a slice: of a window of the time series.
    Window,
    /// A time that a clause names.
    Mark,
    /// The end.
    End,
    /// Time 0: the warm-up is over.
    Zero,
    /// A fault begins on its targets: its place in the list of strikes.
    Strike(u32),
    /// A fault ends.
    Mend(u32),
    /// A thing that fails by its own clock fails, or is repaired.
    Clock(u32),
    /// An instance has started.
    Started { instance: u32, epoch: u32 },
    /// An instance's warm-up is over.
    Warm { instance: u32, epoch: u32 },
    /// The instances of a service are probed.
    Probe(u32),
    /// Probes of a service's instances have had their time.
    ProbesEnd(u32),
    /// An instance that failed its probes is restarted.
    Restart { instance: u32, epoch: u32 },
    /// A telemetry pipeline looks.
    Scrape(u32),
    /// A scaler looks.
    Scale(u32),
    /// An alert is evaluated.
    Alert(u32),
    /// An experiment looks at its conditions.
    Look(u32),
    /// A deed of an experiment is done: the experiment, and the deed's place.
    Deed(u32, u32),
    /// An experiment's time is over.
    Conclude(u32),
    /// A step of an experiment's rollback is done.
    Rollback(u32, u32),
}

impl Control {
    /// What it does to the system, for the digest: who, and what. What only measures or looks is no fact.
    fn fact(self) -> Option<(u64, u64)> {
        Some(match self {
            Self::Strike(strike) => (u64::from(strike), fact::STRIKES),
            Self::Mend(strike) => (u64::from(strike), fact::MENDED),
            Self::Clock(clock) => (u64::from(clock), fact::CLOCK),
            Self::Started { instance, .. } => (u64::from(instance), fact::STARTED),
            Self::Restart { instance, .. } => (u64::from(instance), fact::RESTARTED),
            Self::Deed(trial, deed) => (u64::from(trial) << 32 | u64::from(deed), fact::DEED),
            Self::Rollback(trial, step) => (u64::from(trial) << 32 | u64::from(step), fact::ROLLED_BACK),
            _ => return None,
        })
    }

    /// Whether its place can be another's afterwards; the others are scheduled again and again.
    fn comes_once(self) -> bool {
        matches!(
            self,
            Self::Mark
                | Self::Strike(_)
                | Self::Mend(_)
                | Self::Started { .. }
                | Self::Warm { .. }
                | Self::ProbesEnd(_)
                | Self::Restart { .. }
        )
    }
}

/// A run in progress.
struct World<'m> {
    model: &'m Model,
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
    digest: Digest,
    events: u64,
    /// How much has happened at one instant.
    instant: bounds::Instant,
    frames: Arena,
    /// Frames that became runnable beside the one that runs.
    ready: Vec<u32>,
    instances: Table<Instance>,
    services: Table<Service>,
    sites: Table<Site>,
    shared: Vec<Shared>,
    call_latency: Table<Histogram>,
    waits: Table<Histogram>,
    loads: Table<arrive::Load>,
    controls: Vec<Control>,
    /// Places of `controls` that are free again.
    spare: Vec<u32>,
    /// Hedged calls under way.
    races: hedge::Races,
    /// By frame that calls: the instance to which its present attempt went, where the balancer has to be told of its end; else `NONE`.
    placed: Vec<u32>,
    health: health::Checks,
    queues: message::Queues,
    rows: rows::Rows,
    effects: effects::Effects,
    wires: wire::Wires,
    agreements: agree::Agreements,
    strikes: strike::Strikes,
    wear: wear::Wear,
    up: up::Up,
    watch: watch::Watch,
    trials: Vec<trial::Trial>,
    recorder: record::Recorder,
    many: tries::Many,
    vanished: unanswered::Vanished,
    patience_by_endpoint: Vec<u64>,
    patience_by_service: Vec<u64>,
    /// Requests and messages waiting in all queues.
    backlog: u64,
    /// The bound of that.
    max_backlog: u64,
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
    fn handle(&mut self, key: Key) -> Option<u32> {
        // Two or three kinds are nearly all: a jump table would tell later than comparisons where a wrong guess has to go.
        let index = key.index();
        match key.kind() {
            WORK => self.work_done(index, key.sequence()),
            ARRIVAL => self.arrival(index),
            WAKE => self.wake(index, key.sequence()),
            _ => self.handle_other(key),
        }
    }

    #[inline(never)]
    fn handle_other(&mut self, key: Key) -> Option<u32> {
        let index = key.index();
        match key.kind() {
            LANE => self.lane(key),
            TIMER => self.expire(index, key.sequence()),
            USER => self.request(index, frame::CLOSED_USER),
            CORES => self.cores_done(index, key.sequence()),
            _ => {
                self.control(index);
                None
            }
        }
    }

    /// Schedules something rare.
    fn schedule(&mut self, at_ns: u64, what: Control) {
        if at_ns > self.end {
            return;
        }
        let index = self.reserve(what);
        self.calendar.push_rare(at_ns, CONTROL, index);
    }

    /// A place for something rare that is scheduled again and again.
    fn reserve(&mut self, what: Control) -> u32 {
        if let Some(index) = self.spare.pop() {
            self.controls[index as usize] = what;
            return index;
        }
        self.controls.push(what);
        self.controls.len() as u32 - 1
    }

    /// Schedules again what has just come up, in its old place.
    fn again(&mut self, at_ns: u64, index: u32) {
        if at_ns <= self.end {
            self.calendar.push_rare(at_ns, CONTROL, index);
        }
    }

    fn control(&mut self, index: u32) {
        let what = self.controls[index as usize];
        if let Some((who, fact)) = what.fact() {
            self.digest.fact(self.now, who, fact);
        }
        if what.comes_once() {
            self.spare.push(index);
        }
        match what {
            Control::Window => self.window_ends(index),
            Control::Mark => self.named_mark(),
            Control::Zero => self.measuring_begins(),
            Control::End => self.measuring_ends(),
            Control::Strike(strike) => self.strike(strike),
            Control::Mend(strike) => self.mend(strike),
            Control::Clock(clock) => self.clock(clock),
            Control::Started { instance, epoch } => self.started(instance, epoch),
            Control::Warm { instance, epoch } => self.warmed(instance, epoch),
            Control::Probe(service) => self.probe_all(service, index),
            Control::ProbesEnd(service) => self.probes_end(service),
            Control::Restart { instance, epoch } => self.restart_unhealthy(instance, epoch),
            Control::Scrape(pipeline) => self.scrape(pipeline, index),
            Control::Scale(scaler) => self.scale(scaler, index),
            Control::Alert(alert) => self.evaluate_alert(alert, index),
            Control::Look(trial) => self.look(trial, index),
            Control::Deed(trial, deed) => self.deed(trial, deed),
            Control::Conclude(trial) => self.conclude(trial),
            Control::Rollback(trial, step) => self.roll_back(trial, step),
        }
    }

    /// Time from 0, the end of the warm-up [ns].
    fn since_zero(&self, at_ns: u64) -> i64 {
        at_ns as i64 - self.zero as i64
    }
}
