//! What a telemetry pipeline is: how often it looks, how late it delivers, how much it records, and where records go.

use super::sink::{Path, RedactSettings, SinkSettings};
use crate::problem::Problems;
use crate::units::{Probability, SimDuration};
use serde::{Deserialize, Serialize};

/// A telemetry pipeline: how often it looks, how late it delivers, how much it samples.
///
/// # What it models
/// Scraping at an interval, a delay until the numbers can be read, and sampling of requests. Whatever decides (scalers, alerts) sees
/// the system only through it.
///
/// # When to use it
/// Always: without one there is a default pipeline. Make it slower to see what blindness costs.
///
/// # Knobs
/// - `every`: between two scrapes, duration, default 15s
/// - `delay`: from a scrape until it can be read, duration, default 0s
/// - `sample`: the part of requests that is recorded, percentage, default 100%
/// - `sink`: where records go, and how many it takes; default: all of them at once
/// - `sensitive`: the part of records of requests that hold what must never leave, percentage, default 0%: each that leaves is counted
///   (`leaked`)
/// - `redact`: how that is taken out before, and what it takes; default: it is not
///
/// # Example
/// ```yaml
/// control:
///   telemetry:
///     metrics-server: {every: 15s, delay: 45s}
/// ```
///
/// # Source
/// Kubernetes metrics-server: kubelet 10 s, up to 60 s on top.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PipelineSettings {
    /// Between two scrapes.
    pub every: SimDuration,
    /// From a scrape until it can be read.
    pub delay: SimDuration,
    /// The part of requests that is recorded.
    pub sample: Probability,
    /// Where records go; default: somewhere that takes all of them at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sink: Option<SinkSettings>,
    /// How what must never leave is taken out; default: it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redact: Option<RedactSettings>,
    /// The part of records that hold what must never leave.
    pub sensitive: Probability,
}

impl Default for PipelineSettings {
    fn default() -> Self {
        let every = SimDuration::from_ns(15 * SimDuration::SECOND.ns());
        let (delay, sample, sensitive) = (SimDuration::ZERO, Probability::ONE, Probability::ZERO);
        Self { every, delay, sample, sink: None, redact: None, sensitive }
    }
}

/// A telemetry pipeline, as meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    /// As the user wrote it; `main` for the default one.
    pub name: String,
    /// Between two scrapes [ns].
    pub every_ns: u64,
    /// From a scrape until it can be read [ns].
    pub delay_ns: u64,
    /// The part of requests that is recorded, above 0 to 1.
    pub sample: f64,
    /// What is between recording and reading.
    pub path: Path,
}

impl PipelineSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        if self.every.is_zero() {
            problems.error("every", "a pipeline that scrapes without pause never gets on").hint =
                Some("write a period such as 15s".into());
        }
        if self.sample.value() <= 0.0 {
            problems.error("sample", "a pipeline that records nothing sees nothing").hint =
                Some("write a part such as 1%".into());
        }
        if let Some(sink) = &self.sink {
            problems.at("sink", |p| sink.validate(p));
        }
        if let Some(redact) = &self.redact {
            problems.at("redact", |p| redact.validate(self.sensitive, p));
        }
    }

    /// The pipeline as meant.
    pub fn compile(&self, name: &str) -> Pipeline {
        Pipeline {
            name: name.to_owned(),
            every_ns: self.every.ns(),
            delay_ns: self.delay.ns(),
            sample: self.sample.value(),
            path: Path::compile(self.sink.as_ref(), self.redact.as_ref(), self.sensitive),
        }
    }
}
