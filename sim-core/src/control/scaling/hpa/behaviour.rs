//! How fast an autoscaler of pods may go: stabilization windows and policies, `horizontal.go` of Kubernetes in the same whole numbers.

use crate::results::Held;
use std::cmp::Ordering;

/// What chooses among policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Select {
    /// The policy that changes most.
    #[default]
    Max,
    /// The policy that changes least.
    Min,
    /// No change in this direction.
    Disabled,
}

/// So much may change in a period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RatePolicy {
    /// So many pods, or percent of those that there were when the period began.
    pub change: Change,
    /// The period [ns].
    pub every_ns: u64,
}

/// How much may change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Change {
    /// So many percent of the pods that there were when the period began.
    Percent(f64),
    /// So many pods.
    Count(u32),
}

/// The rules of one direction.
#[derive(Debug, Clone, PartialEq)]
pub struct Direction {
    /// For how long the most careful recommendation counts [ns].
    pub stabilization_ns: u64,
    /// How much may change.
    pub policies: Vec<RatePolicy>,
    /// Which policy counts.
    pub select: Select,
}

/// The rules of both directions.
#[derive(Debug, Clone, PartialEq)]
pub struct Behaviour {
    /// To more pods.
    pub up: Direction,
    /// To fewer.
    pub down: Direction,
}

/// What an autoscaler remembers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Memory {
    /// What was recommended when [ns].
    pub recommendations: Vec<(u64, u32)>,
    /// What was added when [ns].
    pub added: Vec<(u64, u32)>,
    /// What was taken away when [ns].
    pub taken: Vec<(u64, u32)>,
}

/// What changed in the last period.
fn within(events: &[(u64, u32)], now_ns: u64, period_ns: u64) -> i64 {
    // An event that is exactly as old as the period does not count any more.
    events.iter().filter(|(at_ns, _)| at_ns + period_ns > now_ns).map(|(_, change)| i64::from(*change)).sum()
}

impl Memory {
    /// A recommendation within those of the windows: not more than the least of the way up, not less than the most of the way down.
    pub fn stabilize(&mut self, now_ns: u64, current: u32, desired: u32, behaviour: &Behaviour) -> u32 {
        let (up_ns, down_ns) = (behaviour.up.stabilization_ns, behaviour.down.stabilization_ns);
        let (mut up, mut down) = (desired, desired);
        for (at_ns, recommended) in &self.recommendations {
            if at_ns + up_ns > now_ns {
                up = up.min(*recommended);
            }
            if at_ns + down_ns > now_ns {
                down = down.max(*recommended);
            }
        }
        let longest_ns = up_ns.max(down_ns);
        self.recommendations.retain(|(at_ns, _)| at_ns + longest_ns > now_ns);
        self.recommendations.push((now_ns, desired));
        current.max(up).min(down)
    }

    /// The highest recommendation of a window, as a controller without `behavior` has it in both directions.
    pub fn stabilize_without_behaviour(&mut self, now_ns: u64, desired: u32, window_ns: u64) -> u32 {
        self.recommendations.retain(|(at_ns, _)| at_ns + window_ns >= now_ns);
        let most = self.recommendations.iter().map(|(_, recommended)| *recommended).max();
        self.recommendations.push((now_ns, desired));
        most.map_or(desired, |most| most.max(desired))
    }

    /// What the policies allow of a change from `current` to `desired`, between bounds, and what limits it.
    pub fn limit(
        &self,
        now_ns: u64,
        current: u32,
        desired: u32,
        (min, max): (u32, u32),
        behaviour: &Behaviour,
    ) -> (u32, Held) {
        let now = i64::from(current);
        let (bound, by) = match desired.cmp(&current) {
            Ordering::Equal => (desired, Held::OnTarget),
            Ordering::Greater => {
                let most = self.most(now_ns, now, &behaviour.up).max(now);
                if i64::from(max) > most { (most as u32, Held::Policies) } else { (max, Held::Bounds) }
            }
            Ordering::Less => {
                let least = self.least(now_ns, now, &behaviour.down).min(now);
                if i64::from(min) < least { (least as u32, Held::Policies) } else { (min, Held::Bounds) }
            }
        };
        let is_beyond = if desired > current { desired > bound } else { desired < bound };
        if is_beyond { (bound, by) } else { (desired, Held::OnTarget) }
    }

    /// How many pods there were when a period began.
    fn at_begin(&self, now_ns: u64, current: i64, period_ns: u64) -> i64 {
        current - within(&self.added, now_ns, period_ns) + within(&self.taken, now_ns, period_ns)
    }

    fn most(&self, now_ns: u64, current: i64, rules: &Direction) -> i64 {
        let of = |policy: &RatePolicy| {
            let begin = self.at_begin(now_ns, current, policy.every_ns);
            match policy.change {
                Change::Count(count) => begin + i64::from(count),
                // Rounded up, as the change might else never become one.
                Change::Percent(percent) => (begin as f64 * (1.0 + percent / 100.0)).ceil() as i64,
            }
        };
        let all = rules.policies.iter().map(of);
        let chosen = match rules.select {
            Select::Disabled => None,
            Select::Min => all.min(),
            Select::Max => all.max(),
        };
        chosen.unwrap_or(current)
    }

    fn least(&self, now_ns: u64, current: i64, rules: &Direction) -> i64 {
        let of = |policy: &RatePolicy| {
            let begin = self.at_begin(now_ns, current, policy.every_ns);
            match policy.change {
                Change::Count(count) => begin - i64::from(count),
                Change::Percent(percent) => (begin as f64 * (1.0 - percent / 100.0)) as i64,
            }
        };
        let all = rules.policies.iter().map(of);
        let chosen = match rules.select {
            Select::Disabled => None,
            // The least change leaves the most pods.
            Select::Min => all.max(),
            Select::Max => all.min(),
        };
        chosen.unwrap_or(current).max(0)
    }

    /// The number of pods was changed.
    pub fn changed(&mut self, now_ns: u64, from: u32, to: u32, behaviour: &Behaviour) {
        let (events, rules) =
            if to > from { (&mut self.added, &behaviour.up) } else { (&mut self.taken, &behaviour.down) };
        events.push((now_ns, to.abs_diff(from)));
        // An event counts in both directions: it is kept for the longest period of either.
        let all = behaviour.up.policies.iter().chain(&behaviour.down.policies).chain(&rules.policies);
        let longest_ns = all.map(|policy| policy.every_ns).max().unwrap_or(0);
        events.retain(|(at_ns, _)| at_ns + longest_ns > now_ns);
    }
}
