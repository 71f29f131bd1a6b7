//! Vertical scaling: larger machines instead of more of them.

use super::situation::{Situation, Wish};
use crate::expression::{Condition, Resolved, Tree};
use crate::names::Names;
use crate::problem::Problems;
use crate::results::Held;
use crate::service::sizes::{MOST, Size};
use crate::units::{Bytes, Cores, SimDuration};
use serde::{Deserialize, Serialize};

/// Larger or smaller machines for the instances of a service, one size after another.
///
/// # What it models
/// At each look `up_when` and then `down_when` is read; where one is true the next size above or below is wanted. Then one instance after another is
/// replaced: it takes no new requests, finishes those that it has (for `grace` at most; what is left is lost), and starts again on a machine of the
/// new size after its `start_up`. So a change costs capacity while it goes on, and that is the reason to begin it early. Until the last instance has
/// the size that is wanted nothing else is decided. What starts meanwhile for another reason, after a crash or because another scaler orders it, has
/// the new size at once. An instance that a fault keeps down is waited for.
///
/// `cooldown` of the scaler holds between changes of the size; `min` and `max` are of instances, and have no meaning here. A condition without data
/// is not true.
///
/// The levels `running_at_size_2` to `running_at_size_4` are how many instances run on the sizes above the first, and `paid_at_size_2` to
/// `paid_at_size_4` how many are paid for, as `average(api.running_at_size_2)`. An item of the bill with a `type` is of the instances of that size.
///
/// It differs from the vertical pod autoscaler in this: sizes are a list and conditions choose, not a histogram of what was used; instances are
/// replaced one by one and not evicted as a disruption budget allows; and memory that runs out raises no recommendation by itself.
///
/// # When to use it
/// For a service that needs more memory or cores for each instance, and not more instances; and to see what a resize costs under load.
///
/// # Knobs
/// - `sizes`: from the smallest to the largest, 2 to 4, each with `type` (name for the bill), `cores` and `memory` (`size` alone: what an instance
///   holds, `machine.memory` says), as far as the service's `machine` has them; one of them is the machine of the service
/// - `up_when`: condition; required
/// - `down_when`: condition, default never
/// - `grace`: how long an instance may finish what it has, duration, default 30s
///
/// # Example
/// ```yaml
/// use:
///   vertical:
///     sizes: [{type: m.small, cores: 4, memory: {size: 4GiB}}, {type: m.large, cores: 8, memory: {size: 8GiB}}]
///     up_when: memory(api) > 80% and cpu(api) < 50%
///     down_when: memory(api) < 30% and cpu(api) < 30%
/// ```
///
/// # Source
/// kubernetes/autoscaler, Vertical Pod Autoscaler: a pod gets another size by being created anew; `terminationGracePeriodSeconds` is 30.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerticalSettings {
    /// From the smallest to the largest.
    pub sizes: Vec<SizeSettings>,
    /// When the next larger is wanted.
    pub up_when: Condition,
    /// When the next smaller is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub down_when: Option<Condition>,
    /// How long an instance may finish what it has.
    #[serde(default = "half_a_minute")]
    pub grace: SimDuration,
}

/// A size of machines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SizeSettings {
    /// Type of machine, for the bill.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Cores that the work of all workers shares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cores: Option<Cores>,
    /// Its memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<SizeMemorySettings>,
}

/// The memory of a size of machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SizeMemorySettings {
    /// What an instance has.
    pub size: Bytes,
}

fn half_a_minute() -> SimDuration {
    SimDuration::from_ns(30 * SimDuration::SECOND.ns())
}

/// As meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Vertical {
    /// From the smallest to the largest.
    pub sizes: Vec<Size>,
    up_when: Tree<Resolved>,
    down_when: Option<Tree<Resolved>>,
    /// How long an instance may finish what it has [ns].
    pub grace_ns: u64,
}

impl VerticalSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if !(2..=MOST).contains(&self.sizes.len()) {
            let says = format!("{} sizes: there are 2 to {MOST}", self.sizes.len());
            problems.error("sizes", says).hint = Some("write them from the smallest to the largest".into());
        }
        for (place, pair) in self.sizes.windows(2).enumerate() {
            let path = format!("sizes.{}", place + 1);
            let ([before, after], [less, more]) = (pair, [size(&pair[0]), size(&pair[1])]) else { continue };
            if less.cores.is_some() != more.cores.is_some() || less.memory.is_some() != more.memory.is_some() {
                problems.error(&path, "each size says the same: its cores, its memory, or both");
            } else if more.cores < less.cores || more.memory < less.memory {
                problems.error(&path, "it is smaller than the size before it").hint =
                    Some("write the sizes from the smallest to the largest".into());
            } else if (more.cores, more.memory) == (less.cores, less.memory) {
                problems.error(&path, "it is as large as the size before it");
            } else if before.kind.is_some() != after.kind.is_some() {
                problems.error(&path, "either each size has a type, or none has").hint =
                    Some("write its type, such as type: m.large".into());
            } else if after.kind.is_some() && self.sizes[..=place].iter().any(|size| size.kind == after.kind) {
                problems.error(&path, "its type is that of a size before it");
            }
        }
    }

    pub(super) fn compile(&self, names: &Names, problems: &mut Problems) -> Option<Vertical> {
        let up_when = problems.at("up_when", |p| self.up_when.compile(names, p));
        let down_when = problems.at("down_when", |p| Some(self.down_when.as_ref()?.compile(names, p)));
        Some(Vertical {
            sizes: self.sizes.iter().map(size).collect(),
            up_when: up_when?,
            down_when: match down_when {
                Some(compiled) => Some(compiled?),
                None => None,
            },
            grace_ns: self.grace.ns(),
        })
    }
}

fn size(settings: &SizeSettings) -> Size {
    Size { kind: settings.kind.clone(), cores: settings.cores, memory: settings.memory.map(|memory| memory.size) }
}

impl Vertical {
    /// The place of a size behind the first counts as a number of instances does: 1 is the smallest.
    pub(super) fn wish(&self, situation: &mut Situation<'_>) -> Wish {
        let current = situation.current;
        if situation.is_changing {
            return Wish::keep(current, Held::UnderWay);
        }
        let mut is_blind = false;
        let mut holds = |when: &Tree<Resolved>| {
            let truth = when.truth(&mut *situation.read);
            is_blind |= truth.is_none();
            truth == Some(true)
        };
        if holds(&self.up_when) {
            return Wish::of(current + 1);
        }
        if self.down_when.as_ref().is_some_and(&mut holds) {
            return Wish::of(current.saturating_sub(1));
        }
        Wish::keep(current, if is_blind { Held::NoData } else { Held::NoRule })
    }

    pub(super) fn metrics(&self) -> Vec<&Resolved> {
        let all = std::iter::once(&self.up_when).chain(&self.down_when);
        all.flat_map(|when| when.metrics()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::ScalerState;
    use super::super::tests::{decide, scaler};
    use crate::expression::{Metric, Resolved};
    use crate::results::Held;

    fn check(current: u32, memory: Option<f64>, cpu: f64, expect: u32, held: Held) {
        let scaler = scaler(serde_json::json!({"of": "api", "use": {"vertical": {
            "sizes": [{"cores": 2}, {"cores": 4}, {"cores": 8}],
            "up_when": "memory(api) > 80% and cpu(api) < 50%", "down_when": "memory(api) < 30% and cpu(api) < 30%"}}}));
        let mut read = |m: &Resolved| if m.metric == Metric::Cpu { Some(cpu) } else { memory };
        let mut state = ScalerState::default();
        assert_eq!(decide(&scaler, &mut state, 0, current, &mut read), expect, "{current} at {memory:?}, {cpu}");
        assert_eq!(state.held.by[held as usize], u64::from(expect == current), "{:?}", state.held);
    }

    // CATALOGUE C1: memory above 80 % and CPU below 50 % upgrades, both low downgrades.
    #[test]
    fn one_size_after_another_within_the_list() {
        check(1, Some(0.9), 0.4, 2, Held::OnTarget);
        check(2, Some(0.9), 0.4, 3, Held::OnTarget);
        check(3, Some(0.9), 0.4, 3, Held::Bounds);
        check(2, Some(0.9), 0.6, 2, Held::NoRule);
        check(2, Some(0.2), 0.2, 1, Held::OnTarget);
        check(1, Some(0.2), 0.2, 1, Held::Bounds);
        check(2, Some(0.2), 0.4, 2, Held::NoRule);
        check(2, None, 0.2, 2, Held::NoData);
    }
}
