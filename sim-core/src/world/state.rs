//! What changes while a run goes on: instances, services, call sites and the state that calls share.

use super::cores::Cores;
use super::frame::NONE;
use crate::call::balance::Balancer;
use crate::call::breaker::Breaker;
use crate::call::retry::Budget;
use crate::dist::Sampler;
use crate::model::Outcome;
use crate::results::ServiceCounts;

/// Whether an instance can serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// Not ordered.
    Gone,
    /// Ordered, not yet running.
    Starting,
    /// Serves.
    Up,
    /// Serves what it has and takes nothing new.
    Draining,
    /// Crashed: callers see a reset.
    Down,
    /// Crashed: callers see nothing.
    Silent,
}

/// One machine or pod.
#[derive(Debug)]
pub struct Instance {
    /// Its service.
    pub service: u32,
    /// Its zone.
    pub zone: u32,
    /// Workers that are free; far below 0 never happens, unlimited is `i64::MAX / 2`.
    pub free: i64,
    /// Requests that wait and are wanted.
    pub queue_len: u32,
    /// First that waits.
    pub head: u32,
    /// Last that waits.
    pub tail: u32,
    /// Requests in it: waiting, at work, awaiting a callee.
    pub in_system: u32,
    /// Present life.
    pub life: Life,
    /// Whether callers know of it: it has started once, and is not being taken away.
    pub registered: bool,
    /// Whether the health check has taken it out of the balancer.
    pub unhealthy: bool,
    /// How much slower its work is: product of the faults that strike it and its warm-up.
    pub slow: f64,
    /// Product of the faults that slow it.
    pub fault_slow: f64,
    /// Until when it is slower because it is new [ns].
    pub warm_until: u64,
    /// Probability that it answers with an error instead of working, and which.
    pub fail: (f64, Outcome),
    /// Probability that a reply of it looks ok and is wrong, and the kind of wrongness.
    pub wrong: (f64, u8),
    /// How many faults keep it down.
    pub crashes: u32,
    /// Grows with each life, so that an order to start or a health check of an earlier life is not mistaken.
    pub epoch: u32,
    /// Shared cores, where the machine has fewer cores than workers.
    pub cores: Option<Box<Cores>>,
}

impl Instance {
    /// A place for an instance that does not exist yet.
    pub fn gone(service: u32, zone: u32, workers: Option<u32>, cores: Option<Box<Cores>>) -> Self {
        Self {
            service,
            zone,
            free: workers.map_or(i64::MAX / 2, i64::from),
            queue_len: 0,
            head: NONE,
            tail: NONE,
            in_system: 0,
            life: Life::Gone,
            registered: false,
            unhealthy: false,
            slow: 1.0,
            fault_slow: 1.0,
            warm_until: 0,
            fail: (0.0, Outcome::Error),
            wrong: (0.0, 0),
            crashes: 0,
            epoch: 0,
            cores,
        }
    }

    /// Whether it runs, for the integrals.
    pub fn runs(&self) -> bool {
        matches!(self.life, Life::Up | Life::Draining)
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
    /// Requests that may wait per instance.
    pub capacity: u32,
    /// Last come, first served.
    pub lifo: bool,
    /// Workers are limited, so that waits are measured.
    pub limited: bool,
    /// How long one waits for a worker at most.
    pub patience: Option<Sampler>,
    /// Queues from which its instances take messages.
    pub pulls: Vec<u32>,
    /// Workers held.
    pub busy: Integral,
    /// Requests waiting.
    pub queue: Integral,
    /// Requests inside.
    pub inside: Integral,
    /// Running instances.
    pub running: Integral,
    /// Paid instances.
    pub paid: Integral,
    /// Workers that exist on running instances.
    pub workers: Integral,
    /// CPU time that was used by work that has ended [ns of one core].
    pub cpu: u64,
    /// Plain counts.
    pub counts: Counts,
}

/// Plain counts of a service.
#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    /// Came in.
    pub entered: u64,
    /// Went out.
    pub left: u64,
    /// Got a worker.
    pub started: u64,
    /// Sum of their waits [ns].
    pub wait_sum: u64,
    /// Lost messages.
    pub messages_lost: u64,
    /// Bytes sent to agree.
    pub consensus_bytes: u64,
    /// Effects applied more than once.
    pub duplicates: u64,
}

impl Service {
    /// All running sums at this moment; differences of two of them are what results hold.
    pub fn sums(&self, now_ns: u64) -> ServiceCounts {
        ServiceCounts {
            instances_ns: self.running.read(now_ns),
            paid_ns: self.paid.read(now_ns),
            busy_ns: self.busy.read(now_ns),
            workers_ns: self.workers.read(now_ns),
            cpu_ns: self.cpu,
            queue_ns: self.queue.read(now_ns),
            in_system_ns: self.inside.read(now_ns),
            entered: self.counts.entered,
            left: self.counts.left,
            started: self.counts.started,
            wait_sum_ns: self.counts.wait_sum,
            queue_now: self.queue.now,
            in_system_now: self.inside.now,
            instances_now: self.running.now,
            wanted_now: u64::from(self.wanted),
            messages_lost: self.counts.messages_lost,
            consensus_bytes: self.counts.consensus_bytes,
            duplicates: self.counts.duplicates,
        }
    }
}

/// How a timeout of a call site is kept.
#[derive(Debug, Clone)]
pub enum Timer {
    /// Waits for ever.
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
    /// Hash of its name: part of the keys of its attempts.
    pub salt: u64,
    /// How much slower a fault makes the work of its endpoint.
    pub slow: f64,
    /// How long an attempt may take.
    pub timer: Timer,
    /// How long the call may take [ns]; 0 is for ever.
    pub total_ns: u64,
    /// A breaker or a budget has to be asked.
    pub guarded: bool,
    /// Latency, loss, a fault or a size have to be looked at.
    pub network: bool,
    /// The callee stops when the caller gives up.
    pub cancel: bool,
    /// Results count calls apart from attempts.
    pub counts_calls: bool,
    /// An effect that is applied twice is wrong.
    pub effect_counts: bool,
    /// The callee endpoint touches rows, or the place of instances matters for another reason.
    pub role: Role,
}

/// Which instances of a callee may be picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Any.
    Any,
    /// The first that lives: the primary.
    Primary,
    /// Any but the first.
    Replica,
}

/// What calls share: one for each guard and caller instance.
#[derive(Debug)]
pub struct Shared {
    /// Which instance gets the call.
    pub balancer: Balancer,
    /// When to stop.
    pub breaker: Option<Breaker>,
    /// How many retries.
    pub budget: Option<Budget>,
    /// Calls in flight, for budgets by concurrency.
    pub in_flight: u32,
}
