//! What a scaler knows when it decides, what it comes to, and how it reads and rounds.

use crate::control::pods::Pods;
use crate::expression::{Resolved, Tree};
use crate::results::Held;

/// What is known when a scaler decides.
pub struct Situation<'a> {
    /// Time of the engine [ns].
    pub now_ns: u64,
    /// The same from time 0 [ns].
    pub from_zero_ns: i64,
    /// The same from Monday 0:00 [ns], less than a week.
    pub of_week_ns: u64,
    /// Instances now, those that are starting too.
    pub current: u32,
    /// Instances of these that run.
    pub running: u32,
    /// Attempts that wait at an activator for the first instance.
    pub waiting: u64,
    /// Nodes that nobody has needed for long enough; 0 of instances.
    pub idle: u32,
    /// Whether the provider has no nodes.
    pub is_short: bool,
    /// Whether instances are still being brought to the size that was wanted last.
    pub is_changing: bool,
    /// By what its wish is multiplied where it runs away; 1 where it does not.
    pub runs_away: f64,
    /// Reads a metric as telemetry has delivered it.
    pub read: &'a mut dyn FnMut(&Resolved) -> Option<f64>,
    /// The instances, each with its own reading of a metric.
    pub each: &'a dyn Fn(&Resolved) -> Pods,
}

/// What a policy wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wish {
    /// How many instances its metrics ask for, whatever holds it back.
    pub desired: u32,
    /// How many there should be now.
    pub to: u32,
    /// Why that is no change, where it is none.
    pub held: Held,
}

impl Wish {
    /// So many instances, and nothing of the policy holds it back.
    pub fn of(instances: u32) -> Self {
        Self { desired: instances, to: instances, held: Held::OnTarget }
    }

    /// As many as there are.
    pub fn keep(current: u32, held: Held) -> Self {
        Self { desired: current, to: current, held }
    }
}

/// Reads a value; `None` without data.
pub(super) fn read(tree: &Tree<Resolved>, situation: &mut Situation<'_>) -> Option<f64> {
    tree.number(situation.read).filter(|value| value.is_finite())
}

/// A number of instances rounded up; what rounding of floats adds is not a whole instance.
pub(super) fn ceil(instances: f64) -> u32 {
    (instances - 1e-9).ceil().clamp(0.0, f64::from(u32::MAX)) as u32
}
