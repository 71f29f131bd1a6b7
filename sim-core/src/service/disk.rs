//! The disk of an instance: a device that does one thing after the other, and how several requests share one flush of it.

use crate::dist::{Distribution, Sampler};
use crate::engine::rng::{Keyed, mix};
use crate::kind::Kind;
use crate::metrics::{counters, levels, timed};
use crate::problem::Problems;
use crate::units::{Bandwidth, Bytes, Count};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The disk of an instance: how long it takes until what is written is safe, and how much it moves.
///
/// # What it models
/// A device that does one thing after the other, in the order in which it is asked. What is read or written takes its size by `throughput`; an
/// `fsync` waits until all of that is safe, which takes the device a time of `fsync` more. A request waits for what it reads, and for its fsync. What
/// it writes without one stands in the memory of the operating system: the request goes on, and the device writes it in its turn, so that it delays
/// those behind it.
///
/// With `group_commit` one flush serves all who wait for an fsync when it begins, up to the first who only writes or reads: what was asked before a
/// flush is done before it. Without it each has a flush of its own, and a disk never does more than one over the mean of `fsync` a second.
///
/// A worker stays taken while its request waits for the disk. Faults `slow` and `cpu_steal` do not act on disks; `inject: disk` does. The disk of a
/// frozen instance goes on, and the instance hears of it when it resumes. A crash drops all requests at the disk; lost data is not simulated. What
/// waits to be written takes no memory and is never held back.
///
/// The timed part `fsync` is how long requests wait for one, with the queue before it, also where they gave up before: `p99(ledger.fsync)`. The level
/// `disk_queue` is how many requests are at the disks (one that has given up counts until its turn comes), and `disks_busy` how many disks are at
/// work. `flushes` counts flushes.
///
/// # When to use it
/// For databases and queues that have to keep what they have answered: how many commits a disk carries, what a slow one does to those who wait, and
/// what committing in groups changes.
///
/// # Knobs
/// - `fsync`: how long a flush takes, a duration or a distribution; needed by steps with `fsync: true`
/// - `throughput`: how much it reads or writes, bandwidth such as 200MB/s; needed by steps that read or write; default unlimited
/// - `group_commit`: flushes that are shared, `{}`, or by at most so many, `{most: 100}`; default each its own
/// - `size`: how much fits, in bytes, for the bill; default nothing
///
/// # Example
/// ```yaml
/// stores:
///   ledger:
///     workers: 8
///     machine: {disk: {fsync: {lognormal: {p50: 5ms, p99: 12ms}}, throughput: 200MB/s, group_commit: {}}}
///     endpoints: {append: {access: write, steps: [{disk: {fsync: true, write: 4KiB}}]}}
/// ```
///
/// # Source
/// The M/G/1 queue: Pollaczek 1930, Khinchin 1932. Group commit: `DeWitt` et al., "Implementation techniques for main memory database systems",
/// SIGMOD 1984; `commit_delay` of `PostgreSQL`, `InnoDB`'s group commit.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DiskSettings {
    /// How much fits, in bytes.
    pub size: Bytes,
    /// How long a flush takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fsync: Option<Distribution>,
    /// How much it reads or writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throughput: Option<Bandwidth>,
    /// Who shares a flush; default each request has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_commit: Option<GroupCommit>,
}

/// Flushes that are shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GroupCommit {
    /// How many requests share one at most; default all that wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most: Option<Count>,
}

/// The one kind of disk.
pub const ALL: &[Kind] = &[Kind { family: "machine", name: "disk", schema: || schemars::schema_for!(DiskSettings) }];

counters! {
    Service {
        FLUSHES = "flushes", "flushes of the disks of all instances; with group_commit one flush may serve many requests";
    }
}

timed! {
    Node {
        FSYNC = "fsync", "wait of a request until an fsync is done, with the queue of the disk before it";
    }
}

levels! {
    Service {
        QUEUE = "disk_queue", "requests at the disks: those that wait for one and those that it serves";
        BUSY = "disks_busy", "disks that are at work";
    }
}

impl DiskSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        if *self == Self::default() {
            problems.error("", "nothing is said of this disk").hint =
                Some("write fsync: 5ms, throughput: 200MB/s, or size: 100GB for the bill".into());
        }
        if let Some(fsync) = &self.fsync {
            check_fsync(fsync, problems);
        }
        check_throughput(self.throughput, problems);
        let Some(group) = self.group_commit else { return };
        if self.fsync.is_none() {
            problems.error("group_commit", "no flush takes time that could be shared").hint =
                Some("write fsync: 5ms beside it".into());
        }
        if group.most.is_some_and(|most| most.get() < 2) {
            problems.error("group_commit.most", "at least two share a flush").hint =
                Some("write most: 100, or leave group_commit out".into());
        }
    }

    /// What the disk takes time for, where it takes time for anything.
    pub fn device(&self) -> Option<Device> {
        (self.fsync.is_some() || self.throughput.is_some()).then(|| Device {
            fsync: self.fsync.clone(),
            throughput: self.throughput.map(Bandwidth::bytes_per_second),
            shares: self.group_commit.map_or(1, |group| group.most.map_or(u64::MAX, Count::get)),
        })
    }
}

/// A flush takes time.
pub fn check_fsync(fsync: &Distribution, problems: &mut Problems) {
    problems.at("fsync", |p| fsync.validate(p));
    if fsync.mean() <= 0.0 {
        problems.error("fsync", "a flush of no time does nothing").hint = Some("leave it out, or write 5ms".into());
    }
}

/// A disk moves something.
pub fn check_throughput(throughput: Option<Bandwidth>, problems: &mut Problems) {
    if throughput.is_some_and(|throughput| throughput.bytes_per_second() <= 0.0) {
        problems.error("throughput", "a disk that moves nothing never answers").hint =
            Some("write 200MB/s, or inject: freeze".into());
    }
}

/// A disk as it was bought.
#[derive(Debug, Clone, PartialEq)]
pub struct Device {
    /// How long a flush takes.
    pub fsync: Option<Distribution>,
    /// Bytes that it reads or writes a second.
    pub throughput: Option<f64>,
    /// How many requests share a flush.
    pub shares: u64,
}

impl Device {
    /// How long it is at work for a step on average [ns].
    pub fn mean_ns(&self, work: &DiskWork) -> f64 {
        let moves = self.throughput.map_or(0.0, |throughput| work.bytes as f64 / throughput * 1e9);
        moves + self.fsync.as_ref().filter(|_| work.fsync).map_or(0.0, Distribution::mean)
    }
}

/// What a step asks of the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DiskWork {
    /// Whether what was written has to be safe before the request goes on.
    pub fsync: bool,
    /// Bytes read and written.
    pub bytes: u64,
    /// Whether the request waits for it: it reads, or syncs.
    pub is_awaited: bool,
}

/// What a fault does to disks.
#[derive(Debug, Clone, PartialEq)]
pub struct DiskFault {
    /// How long a flush takes instead.
    pub fsync: Option<Distribution>,
    /// Bytes that it reads or writes a second instead.
    pub throughput: Option<f64>,
}

/// What is asked of a disk, and by whom.
#[derive(Debug, Clone, Copy)]
pub struct DiskRequest {
    /// The frame that waits, and the number for which it does.
    pub waits: Option<(u32, u64)>,
    /// For the draw of the flush.
    pub key: u64,
    /// When it was asked [ns].
    pub at_ns: u64,
    /// What.
    pub work: DiskWork,
}

/// A fault that is active on a disk.
#[derive(Debug)]
struct Struck {
    fsync: Option<Sampler>,
    throughput: Option<f64>,
    /// How far it has grown in, above 0 to 1.
    grown: f64,
}

/// A disk while it runs.
#[derive(Debug)]
pub struct Disk {
    fsync: Option<Sampler>,
    throughput: Option<f64>,
    shares: u64,
    struck: Vec<Struck>,
    waiting: VecDeque<DiskRequest>,
    /// What it does now, all at once.
    doing: Vec<DiskRequest>,
    /// The number of the event of its end; 0 where it does nothing.
    due: u64,
    /// What is done, and its frozen instance has not heard of.
    unheard: Vec<DiskRequest>,
    /// How often somebody waited for a flush, and how long in all [ns].
    flushed: (u64, u64),
}

const FLUSH: u64 = 0xd1;

impl Disk {
    /// Somebody has waited for a flush, so long [ns].
    pub fn waited(&mut self, ns: u64) {
        self.flushed = (self.flushed.0 + 1, self.flushed.1 + ns);
    }

    /// How often somebody waited for a flush, and how long in all [ns].
    pub fn flushed(&self) -> (u64, u64) {
        self.flushed
    }

    /// An idle disk.
    pub fn new(device: &Device) -> Self {
        Self {
            fsync: device.fsync.as_ref().map(Distribution::build),
            throughput: device.throughput,
            shares: device.shares,
            struck: Vec::new(),
            waiting: VecDeque::new(),
            doing: Vec::new(),
            due: 0,
            unheard: Vec::new(),
            flushed: (0, 0),
        }
    }

    /// Faults act on it from now on, in the order of the file; how far each has grown in. What it does now it does as it began. A fault never makes
    /// a disk faster: a time of flushes that is shorter on average than what was there before changes nothing.
    pub fn set_faults<'f>(&mut self, faults: impl Iterator<Item = (&'f DiskFault, f64)>) {
        let mut mean = self.fsync.as_ref().map_or(0.0, Sampler::mean);
        let struck = |(fault, grown): (&DiskFault, f64)| {
            let slower = fault.fsync.as_ref().filter(|fsync| fsync.mean() > mean);
            mean = slower.map_or(mean, |fsync| between(mean, fsync.mean(), grown));
            Struck { fsync: slower.map(Distribution::build), throughput: fault.throughput, grown }
        };
        self.struck = faults.map(struck).collect();
    }

    /// How many requests are at it. One that has given up counts until its turn comes.
    pub fn requests(&self) -> u64 {
        (self.waiting.len() + self.doing.len()) as u64
    }

    /// Whether it does something.
    pub fn is_busy(&self) -> bool {
        !self.doing.is_empty()
    }

    /// Somebody asks it for something.
    pub fn ask(&mut self, asked: DiskRequest) {
        self.waiting.push_back(asked);
    }

    /// It begins with what is next, where it does nothing and somebody is `live`: how long that takes [ns]. It is said who is passed over because he
    /// has given up.
    pub fn begin(&mut self, live: impl Fn(u32, u64) -> bool, mut passed_over: impl FnMut(DiskRequest)) -> Option<f64> {
        if self.is_busy() {
            return None;
        }
        let is_wanted = |asked: &DiskRequest| asked.waits.is_none_or(|(frame, seq)| live(frame, seq));
        let first = loop {
            let first = self.waiting.pop_front()?;
            if is_wanted(&first) {
                break first;
            }
            passed_over(first);
        };
        self.doing.push(first);
        // Those behind it share its flush, up to the first who only writes or reads: what stands before a flush is done before it.
        while first.work.fsync && (self.doing.len() as u64) < self.shares {
            let Some(next) = self.waiting.pop_front_if(|next| next.work.fsync || !is_wanted(next)) else { break };
            if is_wanted(&next) {
                self.doing.push(next);
            } else {
                passed_over(next);
            }
        }
        let bytes: u64 = self.doing.iter().map(|asked| asked.work.bytes).sum();
        let flush = if first.work.fsync { self.flush(first.key) } else { 0.0 };
        Some(bytes as f64 * self.each_byte() * 1e9 + flush)
    }

    /// The event of the end of what it does has this number.
    pub fn is_due_by(&mut self, seq: u64) {
        self.due = seq;
    }

    /// Whether an event is the end of what it does.
    pub fn ends_by(&self, seq: u64) -> bool {
        self.due == seq && self.is_busy()
    }

    /// It has done what it did.
    pub fn done(&mut self) -> Vec<DiskRequest> {
        self.due = 0;
        std::mem::take(&mut self.doing)
    }

    /// Its frozen instance will hear later of what is done.
    pub fn keeps(&mut self, done: Vec<DiskRequest>) {
        self.unheard.extend(done);
    }

    /// What its instance has not heard of.
    pub fn unheard(&mut self) -> Vec<DiskRequest> {
        std::mem::take(&mut self.unheard)
    }

    /// The machine has crashed: nobody wants anything of it.
    pub fn forget(&mut self) {
        self.waiting.clear();
        self.doing.clear();
        self.due = 0;
        self.unheard.clear();
    }

    /// How long a flush takes [ns].
    fn flush(&self, key: u64) -> f64 {
        let mut draw = Keyed::new(mix(key, FLUSH));
        let mut takes = self.fsync.as_ref().map_or(0.0, |fsync| fsync.sample_times(&mut draw, 1.0));
        for struck in &self.struck {
            if let Some(fsync) = &struck.fsync {
                takes += (fsync.sample_times(&mut draw, 1.0) - takes) * struck.grown;
            }
        }
        takes
    }

    /// How long a byte takes [s].
    fn each_byte(&self) -> f64 {
        let mut takes = self.throughput.map_or(0.0, |throughput| 1.0 / throughput);
        for struck in &self.struck {
            if let Some(throughput) = struck.throughput {
                takes = between(takes, 1.0 / throughput, struck.grown);
            }
        }
        takes
    }
}

/// What lies between two times where a fault has grown in so far. A fault never makes a disk faster.
fn between(before: f64, struck: f64, grown: f64) -> f64 {
    before + (struck - before).max(0.0) * grown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SimDuration;

    const MS: f64 = 1e6;

    fn device(shares: u64) -> Device {
        let fsync = Distribution::constant(SimDuration::from_ns(5_000_000));
        Device { fsync: Some(fsync), throughput: Some(1e6), shares }
    }

    fn asked(frame: u32, fsync: bool, bytes: u64) -> DiskRequest {
        let work = DiskWork { fsync, bytes, is_awaited: true };
        DiskRequest { waits: Some((frame, 1)), key: u64::from(frame), at_ns: 0, work }
    }

    fn frames(done: &[DiskRequest]) -> Vec<u32> {
        done.iter().filter_map(|asked| asked.waits).map(|(frame, _)| frame).collect()
    }

    #[test]
    fn one_thing_is_done_after_the_other() {
        let mut disk = Disk::new(&device(1));
        disk.ask(asked(1, true, 1_000));
        disk.ask(asked(2, false, 3_000));
        disk.ask(asked(3, true, 0));
        // A byte takes a microsecond, and a flush 5 ms.
        for (takes, frame) in [(6.0, 1), (3.0, 2), (5.0, 3)] {
            assert_eq!(disk.begin(|_, _| true, |_| ()), Some(takes * MS));
            assert_eq!(disk.begin(|_, _| true, |_| ()), None, "it is busy");
            assert_eq!(frames(&disk.done()), [frame]);
        }
        assert_eq!((disk.begin(|_, _| true, |_| ()), disk.requests()), (None, 0));
    }

    #[test]
    fn those_who_wait_for_a_flush_share_it() {
        let mut disk = Disk::new(&device(3));
        for frame in 1..=6 {
            disk.ask(asked(frame, frame != 2, 1_000));
        }
        disk.ask(asked(7, true, 0));
        // Who has given up (4) takes no place, and who only writes (2) is not jumped over.
        let live = |frame: u32, _| frame != 4;
        let mut gone = Vec::new();
        for (takes, together) in [(6.0, &[1][..]), (1.0, &[2]), (8.0, &[3, 5, 6]), (5.0, &[7])] {
            assert_eq!(disk.begin(live, |asked| gone.push(asked)), Some(takes * MS));
            assert_eq!(frames(&disk.done()), together);
        }
        assert_eq!((disk.requests(), frames(&gone)), (0, vec![4]));
    }

    #[test]
    fn faults_grow_in_and_never_make_a_disk_faster() {
        let fault = |ms: u64, throughput: f64| DiskFault {
            fsync: Some(Distribution::constant(SimDuration::from_ns(ms * 1_000_000))),
            throughput: Some(throughput),
        };
        let takes = |fault: &DiskFault, grown: f64| {
            let mut disk = Disk::new(&device(1));
            disk.set_faults([(fault, grown)].into_iter());
            disk.ask(asked(1, true, 1_000));
            disk.begin(|_, _| true, |_| ()).unwrap() / MS
        };
        assert!((takes(&fault(500, 1e5), 1.0) - 510.0).abs() < 1e-9);
        assert!((takes(&fault(500, 1e5), 0.5) - (252.5 + 5.5)).abs() < 1e-9);
        assert!((takes(&fault(1, 1e9), 1.0) - 6.0).abs() < 1e-9);
    }

    #[test]
    fn a_flush_takes_what_the_fault_says_and_not_the_larger_of_two_draws() {
        let exponential = |ms: u64| Distribution::exponential(SimDuration::from_ns(ms * 1_000_000));
        let mean = |struck_ms: u64| {
            let mut disk = Disk::new(&Device { fsync: Some(exponential(5)), throughput: None, shares: 1 });
            let fault = DiskFault { fsync: Some(exponential(struck_ms)), throughput: None };
            disk.set_faults([(&fault, 1.0)].into_iter());
            (0..100_000).map(|key| disk.flush(key)).sum::<f64>() / 1e5 / MS
        };
        for (struck, expected) in [(5, 5.0), (4, 5.0), (20, 20.0)] {
            assert!((mean(struck) / expected - 1.0).abs() < 0.02, "{} ms", mean(struck));
        }
    }
}
