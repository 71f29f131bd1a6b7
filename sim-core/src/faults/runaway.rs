//! A scaler that runs away: it wants several times what it should.

use super::{FaultSettings, InjectSettings};
use crate::problem::Problems;
use crate::units::Factor;
use serde::{Deserialize, Serialize};

/// A scaler wants several times what it should.
///
/// # What it models
/// A wrong sign, a unit that was mistaken, a metric that its own action makes worse: each time that the scaler decides, it gets the number of
/// instances that it has decided on times `factor`, up to its `max`. Its cooldowns do not hold that back. A factor below 1 takes instances away, down
/// to its `min`. A switch that holds the scaler ends it, and so does an override `manual`.
///
/// # When to use it
/// To ask what a runaway scaler spends before somebody stops it.
///
/// # Knobs
/// - `factor`: by what its wish is multiplied, factor; required
///
/// # Example
/// ```yaml
/// faults:
///   runaway: {inject: {runaway: {factor: 1.5}}, where: {control: worker}, at: 30m, for: 90m}
/// ```
///
/// # Source
/// Google, The Site Reliability Workbook, chapter 11 (autoscaling: "set a limit", "add kill switches").
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunawaySettings {
    /// By what its wish is multiplied.
    pub factor: Factor,
}

impl RunawaySettings {
    /// A factor of 1 does nothing.
    pub fn validate(&self, problems: &mut Problems) {
        if (self.factor.value() - 1.0).abs() < f64::EPSILON {
            problems.error("factor", "a factor of 1 changes nothing").hint = Some("write a factor such as 1.5".into());
        }
    }
}

impl FaultSettings {
    /// What watches can be frozen, scalers can run away, sinks can be dead or slow, and nothing else strikes control. `has_sink` is whether the
    /// target is a pipeline with a sink.
    pub(super) fn check_control(&self, is_scaler: Option<bool>, has_sink: bool, problems: &mut Problems) -> Option<()> {
        let (why, hint) = match (&self.inject, is_scaler) {
            (InjectSettings::Runaway(_), Some(true)) | (InjectSettings::Freeze(_), Some(_)) => return Some(()),
            (InjectSettings::Slow(_), Some(false)) if has_sink && self.ramp.is_none() => return Some(()),
            (InjectSettings::Crash(crash), Some(false)) if has_sink && crash.callers_see.is_none() => return Some(()),
            (InjectSettings::Crash(crash), Some(false)) if has_sink && crash.callers_see.is_some() => {
                ("nobody calls a sink", "leave callers_see out")
            }
            (InjectSettings::Slow(_), Some(false)) if has_sink => {
                ("a sink is slow at once", "leave ramp out, or write several faults one after another")
            }
            (InjectSettings::Slow(_) | InjectSettings::Crash(_), Some(false)) => (
                "this pipeline has no sink that could be slow or dead",
                "write sink: {rate, capacity} there, or inject freeze",
            ),
            (InjectSettings::Runaway(_), Some(false)) => (
                "a pipeline of telemetry wants nothing, so that it cannot run away",
                "name a scaler, or inject: freeze",
            ),
            (InjectSettings::Runaway(_), None) => ("runaway strikes a scaler", "write where: {control: SCALER}"),
            (_, Some(_)) => {
                ("this strikes instances or messages, and not what controls them", "inject freeze or runaway")
            }
            (_, None) => return Some(()),
        };
        problems.error("where", why).hint = Some(hint.into());
        None
    }
}
