//! Memory: instances have less of it, or leak it.

use crate::problem::Problems;
use crate::service::memory::MemoryFaults;
use crate::topology::Service;
use crate::units::{Bandwidth, Bytes};
use serde::{Deserialize, Serialize};

/// Memory of instances is taken, or leaks, until the kernel kills them.
///
/// # What it models
/// Three ways in which memory runs short, alone or together. `used` is taken by something else on the machine while the fault lasts, and is taken on
/// an instance that has started again too. `leak` grows with time, and `per_request` with each request that gets a worker: what has leaked stays when
/// the fault ends, and is free only when the instance starts again.
///
/// An instance that uses more than its `machine.memory.size` is killed and starts again, as `explain memory` says. It strikes the services that say
/// how much memory their machines have. Faults that overlap add up. With `ramp`, `used` grows in.
///
/// # When to use it
/// For a leak that a restart mends: how long it takes until all instances are killed at about the same time, as they have leaked since the same
/// deploy; and for a neighbour on the machine that leaves too little for a burst of requests.
///
/// # Knobs
/// - `leak`: how fast it grows, bytes a second, default nothing
/// - `per_request`: how much each request leaves behind, in bytes, default nothing
/// - `used`: how much is taken while it lasts, in bytes, default nothing; one of the three is required
///
/// # Example
/// ```yaml
/// services: {web: {workers: 16, machine: {memory: {size: 4GiB, base: 1GiB}}, start_up: 30s}}
/// faults:
///   leak: {inject: {memory: {leak: 1MiB/s}}, where: {service: web, count: 1}, at: 1h}
/// ```
///
/// # Source
/// `stress-ng --vm` and the memory stress of chaos tools (Chaos Mesh `StressChaos`, `LitmusChaos` pod-memory-hog) for `used`; the OOM killer of the
/// kernel's control groups for what follows.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MemoryFaultSettings {
    /// How fast it grows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leak: Option<Bandwidth>,
    /// How much each request leaves behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_request: Option<Bytes>,
    /// How much is taken while it lasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used: Option<Bytes>,
}

impl MemoryFaultSettings {
    /// Something has to be taken.
    pub fn validate(&self, problems: &mut Problems) {
        let taken = [
            ("leak", self.leak.map(Bandwidth::bytes_per_second)),
            ("per_request", self.per_request.map(|bytes| bytes.get() as f64)),
            ("used", self.used.map(|bytes| bytes.get() as f64)),
        ];
        if taken.iter().all(|(_, taken)| taken.is_none()) {
            problems.error("", "nothing says what is taken of the memory").hint =
                Some("write leak: 1MiB/s, per_request: 10KiB or used: 2GiB".into());
        }
        for (key, _) in taken.into_iter().filter(|(_, taken)| taken.is_some_and(|taken| taken <= 0.0)) {
            problems.error(key, "nothing is taken").hint = Some("leave it out, or write how much".into());
        }
    }

    /// An instance with less than it needs without any request could never run.
    pub(super) fn check_target<'a>(
        &self,
        services: impl Iterator<Item = &'a Service>,
        problems: &mut Problems,
    ) -> Option<()> {
        let able: Vec<&Service> = services.filter(|service| service.memory.is_some()).collect();
        if able.is_empty() {
            problems.error("where", "no selected service has `machine.memory`").hint =
                Some("write machine: {memory: {size: 4GiB}} in the service".into());
            return None;
        }
        let used = self.used.map_or(0, Bytes::get);
        let too_small = able.into_iter().find_map(|service| {
            let memory = service.memory?;
            (memory.base.get().saturating_add(used) > memory.size.get()).then_some((service, memory))
        });
        if let (Some((service, memory)), true) = (too_small, used > 0) {
            let what = format!("{} would not even start with that much taken", service.name);
            let problem = problems.error("inject.memory.used", what);
            problem.label = Some(format!("it has {}, and needs {} without requests", memory.size, memory.base));
            problem.hint = Some("take less, or write inject: crash".into());
            return None;
        }
        Some(())
    }

    pub(super) fn meant(&self) -> MemoryFaults {
        MemoryFaults {
            used: self.used.map_or(0.0, |bytes| bytes.get() as f64),
            leak: self.leak.map_or(0.0, Bandwidth::bytes_per_second),
            per_request: self.per_request.map_or(0.0, |bytes| bytes.get() as f64),
        }
    }

    pub(super) fn says(&self, target: &str) -> String {
        let leak = self.leak.map(|leak| format!("{target} leaks {leak}"));
        let each = self.per_request.map(|each| format!("{target} leaks {each} a request"));
        let used = self.used.map(|used| format!("{used} of memory of {target} taken"));
        [leak, each, used].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}
