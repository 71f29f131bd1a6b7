//! What watches and acts: telemetry, scalers and alerts. All of it sees only what telemetry has delivered, late and sampled.
//!
//! Policies and alerts are pure state machines over readings and time. The world scrapes ([`Telemetry`]), asks each [`Scaler`] and
//! each [`Alert`] on its own clock, and does what they say.

mod alerts;
mod baseline;
mod decide;
mod overflow;
mod overrule;
mod pipeline;
pub mod pods;
mod probes;
pub mod scaling;
mod scrape;
mod sink;
mod stretch;
mod telemetry;
mod thin;
#[cfg(test)]
mod vectors;

pub use alerts::{Alert, AlertSettings, AlertState, AlertTracker, Per, Thresholds};
pub use decide::{CentralSettings, Confidence, Decide, DecideSettings, LocalSettings, Otherwise};
pub use overflow::{BlockSettings, OverflowSettings};
pub use overrule::{ApproveAbove, Override, OverrideSettings, SupervisedSettings};
pub use pipeline::{Pipeline, PipelineSettings};
pub use probes::{ProbeSettings, ProbeWay, Probes};
pub use scaling::{Scaler, ScalerSettings, ScalerState};
pub use scrape::Scrape;
pub use sink::{Path, RedactSettings, SinkSettings};
pub use telemetry::Telemetry;

use crate::kind::Kind;

/// What watches, besides the scaling policies in [`scaling::ALL`].
pub const ALL: &[Kind] = &[
    Kind { family: "control", name: "telemetry", schema: || schemars::schema_for!(PipelineSettings) },
    Kind { family: "telemetry", name: "sink", schema: || schemars::schema_for!(SinkSettings) },
    Kind { family: "telemetry", name: "redact", schema: || schemars::schema_for!(RedactSettings) },
    Kind { family: "control", name: "probes", schema: || schemars::schema_for!(ProbeSettings) },
    Kind { family: "decide", name: "local", schema: || schemars::schema_for!(LocalSettings) },
    Kind { family: "decide", name: "central", schema: || schemars::schema_for!(CentralSettings) },
    Kind { family: "control", name: "alerts", schema: || schemars::schema_for!(AlertSettings) },
];
