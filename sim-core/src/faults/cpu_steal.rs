//! CPU steal: the hypervisor gives a part of the processor time to others.

use crate::problem::Problems;
use crate::units::Probability;
use serde::{Deserialize, Serialize};

/// The hypervisor takes a share of the processor time of instances; work takes longer, waits do not.
///
/// # What it models
/// A noisy neighbour, or credits that are used up: of each second of a core `percent` goes to others, so that work takes `1 / (1 - percent)` times as
/// long. Work under way is slowed for what is left of it. Waits (`wait`, calls, queues) do not use the processor and keep their pace, which is what
/// tells steal from `slow`. With shared cores all pieces of work share what is left. Stolen time counts as used in `cpu`: a core that is stolen is
/// not idle. It spends nothing of the quota of a `cpu_limit`, as the kernel takes it off the time that it charges to a control group
/// (`CONFIG_PARAVIRT_TIME_ACCOUNTING`, which distributions switch on; a guest whose host does not tell it of stolen time charges it). Faults that
/// overlap take their share of what the other leaves.
///
/// # When to use it
/// For burstable machines and overcommitted hosts.
///
/// # Knobs
/// - `percent`: the share of processor time that is taken, percentage below 100%; required
///
/// # Example
/// ```yaml
/// faults:
///   neighbour: {inject: {cpu_steal: {percent: 40%}}, where: {service: web, percent: 50%}, at: 5m, for: 20m, every: 1h}
/// ```
///
/// # Source
/// `steal` in Linux' /proc/stat, and `update_rq_clock_task` for what a quota is charged; the same factor is that of a server whose speed is divided,
/// as in processor sharing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CpuStealSettings {
    /// The share of processor time that is taken.
    pub percent: Probability,
}

impl CpuStealSettings {
    /// Nothing taken does nothing, and all of it is a freeze.
    pub fn validate(&self, problems: &mut Problems) {
        if self.percent.value() <= 0.0 {
            problems.error("percent", "with 0% nothing is stolen").hint = Some("write a share such as 40%".into());
        } else if self.percent.value() > 0.999 {
            problems.error("percent", "an instance without its processor stands still").hint =
                Some("write inject: freeze, or at most 99.9%".into());
        }
    }
}
