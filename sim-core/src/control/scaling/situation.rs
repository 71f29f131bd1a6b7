//! What a scaler knows when it decides, and how it reads and rounds.

use crate::expression::{Resolved, Tree};

/// What is known when a scaler decides.
pub struct Situation<'a> {
    /// Time of the engine [ns].
    pub now_ns: u64,
    /// The same from time 0 [ns].
    pub from_zero_ns: i64,
    /// Instances now, those that are starting too.
    pub current: u32,
    /// Instances of these that run.
    pub running: u32,
    /// Reads a metric as telemetry has delivered it.
    pub read: &'a mut dyn FnMut(&Resolved) -> Option<f64>,
}

/// Reads a value; `None` without data.
pub(super) fn read(tree: &Tree<Resolved>, situation: &mut Situation<'_>) -> Option<f64> {
    tree.number(situation.read).filter(|value| value.is_finite())
}

/// A number of instances rounded up; what rounding of floats adds is not a whole instance.
pub(super) fn ceil(instances: f64) -> u32 {
    (instances - 1e-9).ceil().clamp(0.0, f64::from(u32::MAX)) as u32
}
