//! What changes while a run goes on: instances, services, call sites and the state that calls share.

use super::cores::Cores;
use super::frame::{NONE, Rank};
use crate::call::balance::Balancer;
use crate::call::breaker::Breaker;
use crate::call::ejection::Ejector;
use crate::call::hedge::Hedge;
use crate::call::retry::Budget;
use crate::call::throttle::Throttle;
use crate::counters::SERVICE_COUNTERS;
use crate::dist::Sampler;
use crate::metrics::{Histogram, Tally};
use crate::outcome::Outcome;
use crate::results::{EdgeCounts, ServiceCounts};
use crate::service::discipline::Line;

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
    /// Crashed: callers see a reset.
    Down,
    /// Crashed: callers see nothing.
    Silent,
}

/// One machine or pod. What every request touches comes first.
#[derive(Debug)]
#[repr(C)]
pub struct Instance {
    /// Workers that are free; [`UNLIMITED`] to begin with where they are not limited.
    pub free: i32,
    /// Workers in all.
    pub workers: i32,
    /// First that waits.
    pub head: u32,
    /// Last that waits.
    pub tail: u32,
    /// Requests that wait and are wanted.
    pub queue_len: u32,
    /// Requests that may wait.
    pub capacity: u32,
    /// Requests in it: waiting, at work, awaiting a callee.
    pub in_system: u32,
    /// Its service.
    pub service: u32,
    /// What makes it other than a plain station: `CLOSED`, `LINED` ... 0 for nearly all.
    pub odd: u16,
    /// Present life; change it with [`Self::set_life`].
    pub life: Life,
    /// Whether callers know of it: it has started once, and is not being taken away.
    pub registered: bool,
    /// Whether the health check has taken it out of the balancer.
    pub unhealthy: bool,
    /// How much slower its work is: product of the faults that strike it and its warm-up.
    pub slow: f64,
    /// What its requests did.
    pub sums: Sums,
    /// What of `sums.cpu` lay ahead at the last reading [ns].
    pub cpu_ahead: u64,
    /// Its zone.
    pub zone: u32,
    /// How many faults keep it down.
    pub crashes: u32,
    /// How many of these let its callers see nothing.
    pub silences: u32,
    /// Grows with each life, so that an order to start or a health check of an earlier life is not mistaken.
    pub epoch: u32,
    /// Product of the faults that slow it.
    pub fault_slow: f64,
    /// Until when it is slower because it is new [ns].
    pub warm_until: u64,
    /// Of each fault, the probability that it makes the instance answer with an outcome instead of working; set with
    /// [`Self::set_faults`].
    pub fails: Vec<(f64, Outcome)>,
    /// Of each fault, the probability that a reply looks ok and is wrong, and the kind of wrongness; set with [`Self::set_faults`].
    pub wrongs: Vec<(f64, u8)>,
    /// Shared cores, where the machine has fewer cores than workers.
    pub cores: Option<Box<Cores>>,
    /// Waiting requests, kept here when the queue discipline is not first-come, first-served.
    pub line: Option<Box<Line>>,
}

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
    pub fn gone(service: u32, zone: u32, workers: Option<u32>, cores: Option<Box<Cores>>) -> Self {
        let workers = workers.map_or(UNLIMITED, |w| i32::try_from(w).unwrap_or(UNLIMITED).min(UNLIMITED));
        Self {
            free: workers,
            workers,
            head: NONE,
            tail: NONE,
            queue_len: 0,
            capacity: 0,
            in_system: 0,
            service,
            odd: CLOSED | if cores.is_some() { SHARES } else { 0 },
            life: Life::Gone,
            registered: false,
            unhealthy: false,
            slow: 1.0,
            sums: Sums::default(),
            cpu_ahead: 0,
            zone,
            crashes: 0,
            silences: 0,
            epoch: 0,
            fault_slow: 1.0,
            warm_until: 0,
            fails: Vec::new(),
            wrongs: Vec::new(),
            cores,
            line: None,
        }
    }

    /// Whether it runs, for the integrals.
    pub fn runs(&self) -> bool {
        matches!(self.life, Life::Up | Life::Draining)
    }

    /// Its life changes.
    pub fn set_life(&mut self, life: Life) {
        self.life = life;
        self.mark(CLOSED, !self.runs());
        self.mark(DRAINING, life == Life::Draining);
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

/// An integral over time as a sum: entering subtracts now, leaving adds now, and the reading adds `n` times now.
#[derive(Debug, Clone, Copy, Default)]
pub struct Integral {
    sum: u64,
    /// How many are in.
    pub now: u64,
}

impl Integral {
    /// One more.
    #[inline]
    pub fn enter(&mut self, now_ns: u64) {
        self.sum = self.sum.wrapping_sub(now_ns);
        self.now += 1;
    }

    /// One less.
    #[inline]
    pub fn leave(&mut self, now_ns: u64) {
        debug_assert!(self.now > 0, "nobody is in");
        self.sum = self.sum.wrapping_add(now_ns);
        self.now -= 1;
    }

    /// `n` more or less at once.
    pub fn change(&mut self, now_ns: u64, by: i64) {
        self.sum = self.sum.wrapping_sub(now_ns.wrapping_mul(by as u64));
        self.now = self.now.wrapping_add(by as u64);
    }

    /// The integral up to now [ns].
    pub fn read(&self, now_ns: u64) -> u64 {
        self.sum.wrapping_add(self.now.wrapping_mul(now_ns))
    }
}

/// A service, store or queue while it runs.
#[derive(Debug, Default)]
pub struct Service {
    /// First of its places for instances.
    pub first: u32,
    /// How many places there are.
    pub places: u32,
    /// Instances that may be picked, in order of their place.
    pub routable: Vec<u32>,
    /// How many instances a scaler wants.
    pub wanted: u32,
    /// Workers are limited, so that waits are measured.
    pub limited: bool,
    /// How long one waits for a worker at most.
    pub patience: Option<Sampler>,
    /// Queues from which its instances take messages.
    pub pulls: Vec<u32>,
    /// Messages waiting, in a queue.
    pub queue: Integral,
    /// Workers held, where its instances take messages.
    pub busy_now: u32,
    /// How many of those who got a worker on arrival are in the histogram of waits already.
    pub at_once_read: u64,
    /// Running instances.
    pub running: Integral,
    /// Paid instances.
    pub paid: Integral,
    /// Workers that exist on running instances.
    pub workers: Integral,
    /// What the families count.
    pub counts: Tally<SERVICE_COUNTERS>,
    /// What a queue's messages did; `None` for all that is no queue.
    pub messages: Option<Box<Messages>>,
}

/// What the messages of a queue did: the counts that other services have of requests.
#[derive(Debug, Default, Clone, Copy)]
pub struct Messages {
    /// Began to wait; one that comes back after a failed delivery begins again.
    pub entered: u64,
    /// Handed to a consumer.
    pub handed: u64,
    /// Found no consumer with a free worker, and so had to wait.
    pub waited: u64,
    /// Sum of the waits of those handed over [ns].
    pub wait_sum: u64,
    /// Done by a consumer.
    pub done: u64,
    /// Sum of the times from sending these until they were done [ns].
    pub age_sum: u64,
}

impl Messages {
    /// A queue holds messages; the requests that bring them stay no time.
    #[cold]
    fn write(&self, sums: &mut ServiceCounts) {
        sums.in_system_ns = sums.queue_ns;
        sums.in_system_now = sums.queue_now;
        sums.entered = self.entered;
        sums.waited = self.waited;
        sums.left = self.handed;
        sums.started = self.handed;
        sums.wait_sum_ns = u128::from(self.wait_sum);
        sums.done = self.done;
        sums.age_sum_ns = u128::from(self.age_sum);
        let least = (sums.queue_now as usize).min(sums.holding.len());
        sums.holding = std::array::from_fn(|n| u64::from(n < least));
    }
}

impl Service {
    /// All running sums at this moment, over the service and `instances`, its own; differences of two of them are what results hold. Processor
    /// time is that of the last [`super::World::read_cpu`].
    pub fn sums(&self, now_ns: u64, instances: &[Instance]) -> ServiceCounts {
        let mut sums = ServiceCounts {
            instances_ns: u128::from(self.running.read(now_ns)),
            paid_ns: u128::from(self.paid.read(now_ns)),
            workers_ns: u128::from(self.workers.read(now_ns)),
            queue_ns: u128::from(self.queue.read(now_ns)),
            queue_now: self.queue.now,
            instances_now: self.running.now,
            wanted_now: u64::from(self.wanted),
            counters: self.counts,
            ..ServiceCounts::default()
        };
        let read = |sum: u64, n: u32| u128::from(sum.wrapping_add(u64::from(n).wrapping_mul(now_ns)));
        for at in instances {
            let of = &at.sums;
            sums.busy_ns += read(of.busy, at.held());
            sums.queue_ns += read(of.queue, at.queue_len);
            sums.in_system_ns += read(of.inside, at.in_system);
            sums.cpu_ns += u128::from(of.cpu.wrapping_sub(at.cpu_ahead));
            sums.entered += of.left + u64::from(at.in_system);
            sums.waited += of.left + u64::from(at.in_system) - of.at_once;
            sums.left += of.left;
            sums.started += of.at_once + of.waited;
            sums.wait_sum_ns += u128::from(of.wait_sum);
            sums.queue_now += u64::from(at.queue_len);
            sums.in_system_now += u64::from(at.in_system);
            sums.looked_at += u64::from(at.runs());
            let least = (at.in_system as usize).min(sums.holding.len());
            sums.holding[..least].iter_mut().for_each(|n| *n += 1);
        }
        if let Some(messages) = &self.messages {
            messages.write(&mut sums);
        }
        sums
    }

    /// Its places among all instances.
    pub fn places(&self) -> std::ops::Range<usize> {
        self.first as usize..(self.first + self.places) as usize
    }
}

/// How a timeout of a call site is kept.
#[derive(Debug, Clone)]
pub enum Timer {
    /// Waits without end.
    None,
    /// Always the same: a lane.
    Lane(u32),
    /// Drawn for each attempt, or cut by a total: an event of its own.
    Drawn(Sampler),
}

/// A call site while it runs: all that the hot path needs of caller and callee in one record.
#[derive(Debug)]
pub struct Site {
    /// The endpoint called.
    pub endpoint: u32,
    /// Its service.
    pub service: u32,
    /// Its first operation.
    pub entry: u32,
    /// The shared state of its first caller instance.
    pub guard: u32,
    /// First place of the caller's instances; `NONE` for a load or queue, which has one shared state.
    pub caller_first: u32,
    /// The one instance that may be picked; `NONE` if there are several, or none.
    pub only: u32,
    /// Lane of its timeout, if that is always the same; else `NONE`, and `timer` tells.
    pub lane: u32,
    /// Hash of its name: part of the keys of its attempts.
    pub salt: u64,
    /// How much slower a fault makes the work of its endpoint.
    pub slow: f64,
    /// How long an attempt may take.
    pub timer: Timer,
    /// How long the call may take [ns]; 0 is without end.
    pub total_ns: u64,
    /// A breaker, a budget or an ejector has to be asked or told.
    pub guarded: bool,
    /// The balancer has to be told where attempts go and how they end.
    pub balanced: bool,
    /// Latency, loss, a fault or a size have to be looked at.
    pub network: bool,
    /// The callee stops when the caller gives up.
    pub cancel: bool,
    /// Results count calls apart from attempts.
    pub counts_calls: bool,
    /// An effect that is applied twice is wrong.
    pub effect_counts: bool,
    /// How important the requests of a load class are; all others have the importance of the request for which they are made.
    pub rank: Rank,
    /// The callee endpoint touches rows, or the place of instances matters for another reason.
    pub role: Role,
    /// What its attempts and calls came to.
    pub counts: EdgeCounts,
    /// Latency of its answered attempts.
    pub latency: Histogram,
}

/// Which instances of a callee may be picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Any instance.
    Any,
    /// The first that lives: the primary.
    Primary,
    /// Any but the first.
    Replica,
    /// Any, but each copy of a hedged call goes to another, and none to those that are ejected.
    Others,
}

/// What calls share: one for each guard and caller instance.
#[derive(Debug)]
pub struct Shared {
    /// Which instance gets the call.
    pub balancer: Balancer,
    /// When to stop.
    pub breaker: Option<Breaker>,
    /// When to turn calls away by chance.
    pub throttle: Option<Throttle>,
    /// How many retries.
    pub budget: Option<Budget>,
    /// Which instances are not called for a while.
    pub ejector: Option<Ejector>,
    /// When calls are sent more than once.
    pub hedge: Option<Hedge>,
    /// Calls in flight, for budgets by concurrency.
    pub in_flight: u32,
}
