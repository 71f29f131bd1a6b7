//! Memory of an instance: what its requests hold, what it leaks, and the kernel that kills it when there is none left.

use crate::kind::Kind;
use crate::metrics::{counters, levels};
use crate::problem::Problems;
use crate::units::{Bytes, SimDuration};
use serde::{Deserialize, Serialize};

/// The memory of an instance, and what takes it: an instance that needs more than it has is killed.
///
/// # What it models
/// An instance uses `base`, and `per_request` more for each request in it, waiting ones among them; faults (`inject: memory`) take some of it, or let
/// it leak. As soon as it uses more than `size` the kernel kills it: its requests are lost, as in a `crash` with a reset, and it starts again after
/// its `start_up`. Memory that has leaked is free then.
///
/// An instance that is killed again and again waits longer each time before it starts, as the kubelet lets it: not at all the first time, then 10 s,
/// 20 s, 40 s and so on to 5 minutes; one that has run for 10 minutes begins anew.
///
/// What an instance uses is the level `memory_used`, and the metric `memory` as a share of what it has. `oom_kills` counts kills.
///
/// There is no swap, and no garbage collector that slows an instance down before it is killed: write such a slowness as a fault `slow` with `ramp`.
/// The values of caches take memory of the instances in which they lie where the cache says how much (`contents: {keyed: {entry_size: 2KiB}}`); else
/// they are part of `base`.
///
/// # When to use it
/// To ask what a leak does, or a burst of requests each of which holds much: how many an instance can hold before it is killed, whether its queue is
/// shorter than that, and who takes over what it did.
///
/// # Knobs
/// - `size`: what an instance has, in bytes, required
/// - `base`: what it uses without requests, in bytes, default 0B
/// - `per_request`: what it uses for each request in it, in bytes, default 0B
///
/// # Example
/// ```yaml
/// services:
///   web: {workers: 64, machine: {memory: {size: 4GiB, base: 1GiB, per_request: 8MiB}}, start_up: 30s}
/// ```
///
/// # Source
/// `memory.max` of the kernel's control groups and its OOM killer; "Container restart policy" of Kubernetes for the waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemorySettings {
    /// What an instance has.
    pub size: Bytes,
    /// What it uses without requests.
    #[serde(default)]
    pub base: Bytes,
    /// What it uses for each request in it.
    #[serde(default)]
    pub per_request: Bytes,
}

/// The one kind of memory.
pub const ALL: &[Kind] =
    &[Kind { family: "machine", name: "memory", schema: || schemars::schema_for!(MemorySettings) }];

counters! {
    Service {
        OOM_KILLS = "oom_kills", "instances that were killed because they used more memory than they have";
    }
}

levels! {
    Service {
        USED = "memory_used", "memory that the running instances use", bytes;
    }
}

impl MemorySettings {
    /// Problems of the settings: an instance has to run, and to take a request.
    pub fn validate(&self, problems: &mut Problems) {
        let (size, base) = (self.size.get(), self.base.get());
        if size == 0 {
            problems.error("size", "nothing runs without memory").hint = Some("write size: 4GiB".into());
        } else if base > size {
            problems.error("base", "an instance would be killed as soon as it runs").label =
                Some(format!("it has {} in all", self.size));
        } else if base.saturating_add(self.per_request.get()) > size {
            problems.error("per_request", "an instance would be killed by the first request").label =
                Some(format!("without requests it has {} left", Bytes::new(size - base)));
        }
    }

    /// How many requests fit into an instance; `None` where requests take no memory.
    pub fn holds(&self) -> Option<u64> {
        (self.size.get().saturating_sub(self.base.get())).checked_div(self.per_request.get())
    }
}

/// What faults do to the memory of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct MemoryFaults {
    /// What is taken from it while they last [bytes].
    pub used: f64,
    /// What leaks [bytes/s].
    pub leak: f64,
    /// What leaks with each request that gets a worker [bytes].
    pub per_request: f64,
}

/// A leak is checked each time it has taken another such part of the memory: 128 events for an otherwise idle instance.
const LOOKS: f64 = 128.0;

/// The memory of an instance while it runs.
#[derive(Debug, Clone)]
pub struct Memory {
    settings: MemorySettings,
    faults: MemoryFaults,
    /// What has leaked until `since_ns` [bytes].
    leaked: f64,
    since_ns: u64,
    runs: bool,
    /// What the values of caches take that lie in it [bytes].
    cached: u64,
    /// What the level was told last [bytes].
    told: u64,
    restarts: BackOff,
    /// When it is to be looked at because of a leak [ns].
    pub look_at_ns: u64,
    /// Until when it waits to be started after a kill [ns].
    pub waits_until_ns: Option<u64>,
    /// It is to be killed at this instant.
    pub is_doomed: bool,
}

impl Memory {
    /// The memory of an instance that does not run.
    pub fn new(settings: MemorySettings) -> Self {
        Self {
            settings,
            faults: MemoryFaults::default(),
            leaked: 0.0,
            since_ns: 0,
            runs: false,
            cached: 0,
            told: 0,
            restarts: BackOff::default(),
            look_at_ns: 0,
            waits_until_ns: None,
            is_doomed: false,
        }
    }

    /// A machine with so much memory takes the place of one that does not run.
    pub fn has_size(&mut self, size: Bytes) {
        self.settings.size = size;
    }

    /// What it used when that was last told [bytes].
    pub fn told(&self) -> u64 {
        self.told
    }

    /// An instance runs from now on: nothing has leaked, and nothing lies in its caches.
    pub fn begins(&mut self, now_ns: u64) {
        self.cached = 0;
        (self.runs, self.is_doomed, self.leaked, self.since_ns) = (true, false, 0.0, now_ns);
        self.restarts.runs_since_ns = now_ns;
    }

    /// It runs no more.
    pub fn ends(&mut self) {
        self.runs = false;
    }

    /// It has been killed: how long it waits before it starts again [ns].
    pub fn killed(&mut self, now_ns: u64) -> u64 {
        self.restarts.next(now_ns)
    }

    /// A new machine takes its place, which nobody has killed yet.
    pub fn is_replaced(&mut self) {
        (self.restarts, self.waits_until_ns) = (BackOff::default(), None);
    }

    /// Faults do this from now on.
    pub fn set_faults(&mut self, now_ns: u64, faults: MemoryFaults) {
        self.leaked = self.leaked_by(now_ns);
        self.since_ns = now_ns;
        self.faults = faults;
    }

    /// The values of caches in it take so much from now on [bytes].
    pub fn caches(&mut self, bytes: u64) {
        self.cached = bytes;
    }

    /// A request has its worker: its part has leaked.
    pub fn request_begins(&mut self) {
        self.leaked += self.faults.per_request;
    }

    fn leaked_by(&self, now_ns: u64) -> f64 {
        self.leaked + self.faults.leak * (now_ns - self.since_ns) as f64 / 1e9
    }

    /// What it uses with so many requests in it [bytes].
    pub fn used(&self, now_ns: u64, requests: u32) -> u64 {
        if !self.runs {
            return 0;
        }
        let of_requests = self.settings.per_request.get().saturating_mul(u64::from(requests));
        // What is more than a number can hold is too much in any case.
        let by_faults = (self.faults.used + self.leaked_by(now_ns)) as u64;
        let without_faults = self.settings.base.get().saturating_add(of_requests).saturating_add(self.cached);
        without_faults.saturating_add(by_faults)
    }

    /// What the level has to be told: what it was, and what it is from now on. Whether it is too much comes with it.
    pub fn tell(&mut self, now_ns: u64, requests: u32) -> (u64, u64, bool) {
        let used = self.used(now_ns, requests);
        let before = std::mem::replace(&mut self.told, used);
        (before, used, used > self.settings.size.get())
    }

    /// When a leak has to be looked at, if it has one: when it has taken another part, or has filled what is left with so many requests [ns].
    pub fn next_look(&self, now_ns: u64, requests: u32) -> Option<u64> {
        if !self.runs || self.faults.leak <= 0.0 {
            return None;
        }
        let size = self.settings.size.get();
        let left = size.saturating_sub(self.used(now_ns, requests)) as f64 + 1.0;
        let takes_s = left.min(size as f64 / LOOKS) / self.faults.leak;
        Some(now_ns.saturating_add(((takes_s * 1e9).ceil() as u64).max(1)))
    }
}

/// How long an instance that is killed again and again waits before it starts.
#[derive(Debug, Clone, Copy, Default)]
struct BackOff {
    kills: u32,
    runs_since_ns: u64,
}

impl BackOff {
    const FIRST: SimDuration = SimDuration::from_ns(10 * SimDuration::SECOND.ns());
    const MOST: SimDuration = SimDuration::from_ns(300 * SimDuration::SECOND.ns());
    /// What has run for so long begins anew.
    const FORGIVEN: SimDuration = SimDuration::from_ns(600 * SimDuration::SECOND.ns());

    fn next(&mut self, now_ns: u64) -> u64 {
        if now_ns - self.runs_since_ns >= Self::FORGIVEN.ns() {
            self.kills = 0;
        }
        let before = self.kills;
        self.kills = before.saturating_add(1);
        match before {
            0 => 0,
            n => Self::FIRST.ns().saturating_mul(1 << (n - 1).min(10)).min(Self::MOST.ns()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = SimDuration::SECOND.ns();
    const MIB: u64 = 1 << 20;

    fn memory(size: u64, base: u64, per_request: u64) -> Memory {
        let [size, base, per_request] = [size, base, per_request].map(|mib| Bytes::new(mib * MIB));
        let mut memory = Memory::new(MemorySettings { size, base, per_request });
        memory.begins(0);
        memory
    }

    /// "an exponential backoff delay (10s, 20s, 40s, ...), that is capped at 300 seconds. Once a container has executed for 10 minutes without
    /// any problems, the kubelet resets the restart backoff timer" (Kubernetes, Pod lifecycle).
    #[test]
    fn restarts_wait_as_the_kubelet_lets_them() {
        let mut one = memory(100, 1, 1);
        let mut now = 0;
        for waits in [0, 10, 20, 40, 80, 160, 300, 300] {
            now += SECOND;
            assert_eq!(one.killed(now), waits * SECOND);
            now += waits * SECOND;
            one.begins(now);
        }
        one.begins(now);
        assert_eq!(one.killed(now + 599 * SECOND), 300 * SECOND);
        one.begins(now + 899 * SECOND);
        assert_eq!(one.killed(now + 1499 * SECOND), 0, "it has run for 10 minutes");
    }

    #[test]
    fn what_is_in_it_adds_up() {
        let mut one = memory(1024, 100, 8);
        assert_eq!(one.used(0, 3), 124 * MIB);
        let faults = MemoryFaults { used: 50.0 * MIB as f64, leak: 2.0 * MIB as f64, per_request: MIB as f64 };
        one.set_faults(10 * SECOND, faults);
        assert_eq!(one.used(20 * SECOND, 3), (124 + 50 + 20) * MIB);
        one.request_begins();
        assert_eq!(one.tell(20 * SECOND, 2), (0, (116 + 50 + 21) * MIB, false));
        // The end of the faults gives back what they took, and not what has leaked.
        one.set_faults(20 * SECOND, MemoryFaults::default());
        assert_eq!(one.tell(30 * SECOND, 0), (187 * MIB, 121 * MIB, false));
        one.begins(30 * SECOND);
        assert_eq!(one.used(30 * SECOND, 0), 100 * MIB, "a new process has leaked nothing");
        one.ends();
        assert_eq!(one.used(30 * SECOND, 0), 0);
    }

    /// With nothing in it but a leak, memory is full after (size - base) / leak.
    #[test]
    fn a_leak_is_too_much_at_the_moment_at_which_it_fills_the_memory() {
        for (size, base, leak_mib) in [(512, 100, 1.0), (512, 0, 0.3), (1, 0, 1000.0), (4096, 4095, 0.01)] {
            let mut one = memory(size, base, 0);
            one.set_faults(0, MemoryFaults { leak: leak_mib * MIB as f64, ..MemoryFaults::default() });
            let (mut now, mut looks) = (0, 0);
            while !one.tell(now, 0).2 {
                now = one.next_look(now, 0).expect("a leak is looked at");
                looks += 1;
            }
            let full_s = (size - base) as f64 / leak_mib;
            assert!((now as f64 / 1e9 / full_s - 1.0).abs() < 1e-4, "{now} ns, {full_s} s");
            assert!(looks <= 130, "{looks}");
        }
        assert_eq!(memory(1, 0, 0).next_look(0, 0), None, "what does not leak is not looked at");
    }

    #[test]
    fn an_instance_has_to_run_and_to_take_a_request() {
        let said = |size: u64, base: u64, per_request: u64| {
            let mut problems = Problems::new();
            let [size, base, per_request] = [size, base, per_request].map(Bytes::new);
            MemorySettings { size, base, per_request }.validate(&mut problems);
            problems.into_vec().into_iter().map(|p| p.path).collect::<Vec<_>>()
        };
        assert_eq!(said(0, 0, 0), ["size"]);
        assert_eq!(said(10, 11, 0), ["base"]);
        assert_eq!(said(10, 5, 6), ["per_request"]);
        assert!(said(10, 5, 5).is_empty());
    }
}
