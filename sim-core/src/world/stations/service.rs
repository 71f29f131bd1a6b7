//! A service, store or queue while it runs: its instances, and what is counted of it as a whole.

use super::instance::Instance;
use crate::counters::SERVICE_COUNTERS;
use crate::dist::Sampler;
use crate::ids::{InstanceId, ServiceId};
use crate::metrics::Tally;
use crate::results::ServiceCounts;
use crate::world::integral::Integral;

/// A service, store or queue while it runs. What a caller reads to pick an instance comes first.
#[derive(Debug)]
#[repr(C)]
pub struct Service {
    /// Instances that may be picked, in order of their place: those that any checker has found well.
    pub routable: Vec<InstanceId>,
    /// First of its places for instances.
    pub first: InstanceId,
    /// How many places there are.
    pub places: u32,
    /// How many instances a scaler wants.
    pub wanted: u32,
    /// How many the metrics of its scaler ask for, whatever holds that back.
    pub desired: u32,
    /// Workers are limited, so that waits are measured.
    pub limited: bool,
    /// How long one waits for a worker at most.
    pub patience: Option<Sampler>,
    /// Queues from which its instances take messages.
    pub pulls: Vec<ServiceId>,
    /// By checker, when each instance came into the balancers of its callers [ns]; nothing for those of the first moment, and an empty list where
    /// none starts slowly.
    pub entered: Vec<Option<u64>>,
    /// Messages waiting, in a queue.
    pub queue: Integral,
    /// Workers held, where its instances take messages.
    pub busy_now: u32,
    /// How many of those who got a worker on arrival are in the histogram of waits already.
    pub at_once_read: u64,
    /// Instances that are wanted and for which there was no place yet.
    pub owed: u32,
    /// Running instances.
    pub running: Integral,
    /// Paid instances.
    pub paid: Integral,
    /// Those of them that are more than are reserved.
    pub above_reserved: Integral,
    /// Instances that the bill pays for whether they run or not.
    pub reserved: u64,
    /// Instances that are starting.
    pub starting: Integral,
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
        let least = (sums.queue_now as usize).min(sums.holding.len());
        sums.holding = std::array::from_fn(|n| u64::from(n < least));
    }
}

impl Service {
    /// A service of which nothing runs yet.
    pub fn new(first: InstanceId, places: u32, reserved: u32) -> Self {
        let reserved = u64::from(reserved);
        Self {
            first,
            places,
            routable: Vec::new(),
            wanted: 0,
            desired: 0,
            limited: false,
            patience: None,
            pulls: Vec::new(),
            entered: Vec::new(),
            queue: Integral::default(),
            busy_now: 0,
            at_once_read: 0,
            owed: 0,
            running: Integral::default(),
            paid: Integral::default(),
            above_reserved: Integral::default(),
            reserved,
            starting: Integral::default(),
            workers: Integral::default(),
            counts: Tally::default(),
            messages: None,
        }
    }

    /// One instance more is paid for.
    pub fn pays(&mut self, now_ns: u64) {
        self.paid.enter(now_ns);
        if self.paid.now > self.reserved {
            self.above_reserved.enter(now_ns);
        }
    }

    /// One instance less is paid for.
    pub fn pays_no_more(&mut self, now_ns: u64) {
        if self.paid.now > self.reserved {
            self.above_reserved.leave(now_ns);
        }
        self.paid.leave(now_ns);
    }

    /// All running sums at this moment, over the service and `instances`, its own; differences of two of them are what results hold. Processor
    /// time is that of the last [`crate::world::World::read_cpu`].
    pub fn sums(&self, now_ns: u64, instances: &[Instance]) -> ServiceCounts {
        let mut sums = ServiceCounts {
            instances_ns: u128::from(self.running.read(now_ns)),
            paid_ns: u128::from(self.paid.read(now_ns)),
            above_reserved_ns: u128::from(self.above_reserved.read(now_ns)),
            workers_ns: u128::from(self.workers.read(now_ns)),
            queue_ns: u128::from(self.queue.read(now_ns)),
            queue_now: self.queue.now,
            instances_now: self.running.now,
            wanted_now: u64::from(self.wanted),
            desired_now: u64::from(self.desired),
            starting_ns: u128::from(self.starting.read(now_ns)),
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

    /// Its places for instances.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = InstanceId> + Clone + use<> {
        (self.first.0..self.first.0 + self.places).map(InstanceId)
    }

    /// The number of an instance among those of its service.
    pub fn number(&self, instance: InstanceId) -> u32 {
        instance.0 - self.first.0
    }

    /// Its places among all instances.
    pub fn places(&self) -> std::ops::Range<usize> {
        self.first.index()..self.first.index() + self.places as usize
    }
}
