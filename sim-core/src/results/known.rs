//! What is known of a scenario before it is simulated: findings, and how much of the load needs each service.

use super::gate::FilePlace;
use crate::problem::Severity;
use serde::{Deserialize, Serialize};

/// What is known of a scenario without a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Known {
    /// Findings, in the order of the file.
    pub findings: Vec<KnownFinding>,
    /// The services that load needs, those that most of it needs first.
    pub needs: Vec<Need>,
}

impl Known {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty() && self.needs.is_empty()
    }

    /// Findings in one file stand in another, which has the same lines.
    pub fn stands_in(&mut self, file: &str, other: &str) {
        let places = self.findings.iter_mut().filter_map(|finding| finding.place.as_mut());
        places.filter(|place| place.file == file).for_each(|place| other.clone_into(&mut place.file));
    }
}

/// A finding that needs no run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownFinding {
    /// Its kind: `retry-amplification`.
    pub name: String,
    /// A warning or a note.
    pub severity: Severity,
    /// What is the matter, one sentence without a full stop.
    pub what: String,
    /// The numbers behind it; may be empty.
    pub why: String,
    /// What to do about it; may be empty.
    pub hint: String,
    /// Path in the scenario.
    pub path: String,
    /// Where it is written; `None` of what the command line has set.
    pub place: Option<FilePlace>,
}

/// How much load a service stops when none of it runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Need {
    /// The service that is needed, by its name.
    pub service: String,
    /// Instances at the start.
    pub instances: u32,
    /// Zones in which they stand.
    pub zones: u32,
    /// Share of all requests that are not answered in full without it, from 0 to 1.
    pub share: f64,
}
