//! Disks: they take longer, and say nothing of it.

use crate::dist::Distribution;
use crate::problem::Problems;
use crate::service::disk::{Device, DiskFault, check_fsync, check_throughput};
use crate::topology::Service;
use crate::units::Bandwidth;
use serde::{Deserialize, Serialize};

/// Disks take longer to flush, or move less, without an error.
///
/// # What it models
/// A flush takes what `fsync` says in place of what the machine says, and bytes go by `throughput`; what is not written stays as it is. A fault never
/// makes a disk faster. What a disk does when the fault begins or ends goes on as it began. With `ramp` the times grow from those of the machine to
/// those of the fault. It strikes the services that say of their disks what it changes.
///
/// # When to use it
/// For a disk that wears out, a volume without credits left, a RAID that rebuilds itself: health checks pass, and those who commit wait.
///
/// # Knobs
/// - `fsync`: how long a flush takes, a duration or a distribution, default as before
/// - `throughput`: how much is read or written, bandwidth such as 20MB/s, default as before; one of the two is required
///
/// # Example
/// ```yaml
/// faults:
///   worn: {inject: {disk: {fsync: 500ms, throughput: 20MB/s}}, where: {service: ledger, instances: [0]}, at: 5m, ramp: 1m}
/// ```
///
/// # Source
/// Gunawi et al., "Fail-slow at scale", FAST 2018.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DiskFaultSettings {
    /// How long a flush takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fsync: Option<Distribution>,
    /// How much is read or written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throughput: Option<Bandwidth>,
}

impl DiskFaultSettings {
    /// Something has to change.
    pub fn validate(&self, problems: &mut Problems) {
        if *self == Self::default() {
            problems.error("", "nothing says what takes longer").hint =
                Some("write fsync: 500ms, or throughput: 20MB/s".into());
        }
        if let Some(fsync) = &self.fsync {
            check_fsync(fsync, problems);
        }
        check_throughput(self.throughput, problems);
    }

    /// Each of the two has to change something.
    pub(super) fn check_target<'a>(
        &self,
        services: impl Iterator<Item = &'a Service>,
        problems: &mut Problems,
    ) -> Option<()> {
        let devices: Vec<&Device> = services.filter_map(|service| service.device.as_ref()).collect();
        let both = [
            ("fsync", self.fsync.is_some(), devices.iter().any(|device| device.fsync.is_some()), "5ms"),
            (
                "throughput",
                self.throughput.is_some(),
                devices.iter().any(|device| device.throughput.is_some()),
                "200MB/s",
            ),
        ];
        for (key, is_meant, is_there, value) in both {
            if is_meant && !is_there {
                problems
                    .error(
                        "where",
                        format!("nothing selected here says the {key} of its disk, which this would change"),
                    )
                    .hint = Some(format!("write machine: {{disk: {{{key}: {value}}}}} in the service"));
                return None;
            }
        }
        Some(())
    }

    pub(super) fn meant(&self) -> DiskFault {
        DiskFault { fsync: self.fsync.clone(), throughput: self.throughput.map(Bandwidth::bytes_per_second) }
    }

    pub(super) fn says(&self, target: &str) -> String {
        let fsync = self.fsync.as_ref().map(|fsync| {
            let mean = fsync.mean();
            let time = crate::units::SimDuration::from_ns(mean as u64);
            match fsync.build().is_constant() {
                Some(_) => format!("a flush of the disks of {target} takes {time}"),
                None if mean.is_finite() => format!("a flush of the disks of {target} takes {time} on average"),
                None => format!("a flush of the disks of {target} takes longer"),
            }
        });
        let throughput = self.throughput.map(|throughput| format!("disks of {target} move {throughput}"));
        [fsync, throughput].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}
