//! One machine or pod while it runs.

use super::cores::Cores;
use super::doors::Doors;
use super::plain::Plain;
use crate::engine::table::Maybe;
use crate::ids::{ServiceId, ZoneId};
use crate::outcome::Outcome;
use crate::service::discipline::TurnLine;
use crate::service::disk::Disk;
use crate::service::memory::Memory;
use crate::world::frame::FrameId;

/// Whether an instance can serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// Not ordered.
    Gone,
    /// Ordered, not yet running.
    Starting,
    /// It serves requests.
    Up,
    /// Serves what it has and takes nothing new.
    Draining,
    /// The same, and starts again when it is empty: with another version.
    Replacing,
    /// Crashed: callers see a reset.
    Down,
    /// Crashed: callers see nothing.
    Silent,
}

/// One machine or pod. What every request touches comes first, in two lines of the cache.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Instance {
    /// Workers that are free; [`UNLIMITED`] to begin with where they are not limited.
    pub free: i32,
    /// Workers in all.
    pub workers: i32,
    /// First that waits.
    pub head: Maybe<FrameId>,
    /// Last that waits.
    pub tail: Maybe<FrameId>,
    /// Requests that wait and are wanted.
    pub queue_len: u32,
    /// Requests that may wait.
    pub capacity: u32,
    /// Requests in it: waiting, at work, awaiting a callee.
    pub in_system: u32,
    /// Its service.
    pub service: ServiceId,
    /// What makes it other than a plain station: `CLOSED`, `LINED` ... 0 for nearly all.
    pub odd: u16,
    /// Present life; change it with [`Self::set_life`].
    pub life: Life,
    /// Whether callers know of it: it has started once, and is not being taken away.
    pub registered: bool,
    /// Whether callers are kept away from it all the same.
    pub isolated: bool,
    /// Whether it has no data yet that it has to have before it serves.
    pub is_empty: bool,
    /// How much slower its work is: product of the faults that strike it and its warm-up.
    pub slow: f64,
    /// What its requests did.
    pub sums: Sums,
    /// What of `sums.cpu` lay ahead at the last reading [ns].
    pub cpu_ahead: u64,
    /// Its zone.
    pub zone: ZoneId,
    /// How many faults keep it down.
    pub crashes: u32,
    /// How many of these let its callers see nothing.
    pub silences: u32,
    /// Grows with each life, so that an order to start or a health check of an earlier life is not mistaken.
    pub epoch: u32,
    /// Product of the faults that slow it.
    pub fault_slow: f64,
    /// By how much longer its work takes because processor time is stolen; a part of `slow` that waits do not have.
    pub stolen: f64,
    /// What that is to be by its faults.
    pub fault_stolen: f64,
    /// Until when it is slower because it is new [ns].
    pub warm_until: u64,
    /// Which share it gets of the calls that would be sent to it: 1 but for a while after an isolation.
    pub share: f64,
    /// Of each fault, the probability that it makes the instance answer with an outcome instead of working; set with
    /// [`Self::set_faults`].
    pub fails: Vec<(f64, Outcome)>,
    /// Of each fault, the probability that a reply looks ok and is wrong, and the kind of wrongness; set with [`Self::set_faults`].
    pub wrongs: Vec<(f64, u8)>,
    /// Shared cores, where the machine has fewer cores than workers.
    pub cores: Option<Box<Cores>>,
    /// Waiting requests, kept here when the queue discipline is not first-come, first-served.
    pub line: Option<Box<TurnLine>>,
    /// What it asks of requests before it lets them in.
    pub(super) doors: Option<Box<Doors>>,
    /// Its disk, where that takes time.
    pub(super) disk: Option<Box<Disk>>,
    /// Its memory, where that can run out.
    pub(super) memory: Option<Box<Memory>>,
    /// Its requests, where it is simulated by itself.
    pub(super) plain: Option<Box<Plain>>,
}

const _: () = {
    use std::mem::offset_of;
    assert!(
        offset_of!(Instance, sums) + size_of::<Sums>() <= 2 * 64,
        "what every request touches is in two lines of the cache"
    );
};

/// More workers than requests can ever be.
pub const UNLIMITED: i32 = i32::MAX / 2;

/// It takes nothing: it is down, or not there.
pub const CLOSED: u16 = 1;
/// It is on its way out.
pub const DRAINING: u16 = 2;
/// The queue discipline is not first-come, first-served.
pub const LINED: u16 = 4;
/// Waiting requests lose patience.
pub const PATIENCE: u16 = 8;
/// It takes messages from queues.
pub const PULLS: u16 = 16;
/// Its work shares cores.
pub const SHARES: u16 = 32;
/// A fault makes it answer with errors.
pub const FAILS: u16 = 64;
/// A fault makes its replies wrong.
pub const WRONGS: u16 = 128;
/// Some of its requests are tied to one elsewhere.
pub const TIED: u16 = 256;
/// Is frozen: its work stands still, and uses no processor.
pub const FROZEN: u16 = 512;
/// It asks something of requests before it lets them in.
pub const GATED: u16 = 1024;
/// Processor time is stolen from it: work is slower than waits are.
pub const STEALS: u16 = 2048;
/// Its requests take memory, which can run out.
pub const HEAVY: u16 = 4096;
/// A switch turns requests to some of its endpoints away.
pub const REFUSES: u16 = 8192;

/// Running counts and integrals of an instance; a service's are the sums over its instances, made when they are read.
///
/// An integral over time is kept as a sum: a request that comes subtracts now, one that goes adds now, and the reading adds the present
/// number times now.
///
/// No two neighbours are changed in the same place: the compiler would change them together, as one wide number, and a wide load
/// has to wait for the narrow stores before it (8 % of W1).
#[derive(Debug, Default, Clone, Copy)]
#[repr(C)]
pub struct Sums {
    /// Workers held.
    pub busy: u64,
    /// Requests waiting.
    pub queue: u64,
    /// Went out.
    pub left: u64,
    /// Got a worker on arrival.
    pub at_once: u64,
    /// Got a worker after a wait.
    pub waited: u64,
    /// Requests inside.
    pub inside: u64,
    /// Sum of the waits [ns].
    pub wait_sum: u64,
    /// CPU time that work under way and done was charged [ns of one core]: what is under way is charged to its end.
    pub cpu: u64,
}

impl Instance {
    /// A place for an instance that does not exist yet.
    pub fn gone(service: ServiceId, zone: ZoneId, workers: Option<u32>, cores: Option<Box<Cores>>) -> Self {
        let workers = workers.map_or(UNLIMITED, |w| i32::try_from(w).unwrap_or(UNLIMITED).min(UNLIMITED));
        Self {
            free: workers,
            workers,
            head: Maybe::NONE,
            tail: Maybe::NONE,
            queue_len: 0,
            capacity: 0,
            in_system: 0,
            service,
            odd: CLOSED | if cores.is_some() { SHARES } else { 0 },
            life: Life::Gone,
            registered: false,
            isolated: false,
            is_empty: false,
            share: 1.0,
            slow: 1.0,
            sums: Sums::default(),
            cpu_ahead: 0,
            zone,
            crashes: 0,
            silences: 0,
            epoch: 0,
            fault_slow: 1.0,
            stolen: 1.0,
            fault_stolen: 1.0,
            warm_until: 0,
            fails: Vec::new(),
            wrongs: Vec::new(),
            cores,
            line: None,
            doors: None,
            disk: None,
            memory: None,
            plain: None,
        }
    }

    /// Whether it runs, for the integrals.
    pub fn runs(&self) -> bool {
        matches!(self.life, Life::Up | Life::Draining | Life::Replacing)
    }

    /// Its life changes.
    pub fn set_life(&mut self, life: Life) {
        self.life = life;
        self.mark(CLOSED, !self.runs());
        self.mark(DRAINING, matches!(life, Life::Draining | Life::Replacing));
    }

    /// Faults change what it answers.
    pub fn set_faults(&mut self, fails: Vec<(f64, Outcome)>, wrongs: Vec<(f64, u8)>) {
        self.mark(FAILS, !fails.is_empty());
        self.mark(WRONGS, !wrongs.is_empty());
        self.fails = fails;
        self.wrongs = wrongs;
    }

    /// Sets or clears what makes it odd.
    pub fn mark(&mut self, what: u16, is_so: bool) {
        self.odd = if is_so { self.odd | what } else { self.odd & !what };
    }

    /// Workers that are held.
    #[inline(always)]
    pub fn held(&self) -> u32 {
        (self.workers - self.free) as u32
    }
}
