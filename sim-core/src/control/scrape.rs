//! What a telemetry pipeline takes at a time: differences of counters, and histograms of what is read.

use crate::control::pods::PodCounts;
use crate::counters::WAIT;
use crate::expression::View;
use crate::ids::{EdgeId, InstanceId};
use crate::metrics::{ByLevel, ByPart, ByVersion, LevelSums, PartAt, SparseHistogram, TimedSums, VersionCounts};
use crate::results::{EdgeCounts, PipelineCounts, ServiceCounts};

/// What happened between two scrapes, in engine time.
#[derive(Debug, Clone, Default)]
pub struct Scrape {
    /// Begin [ns].
    pub from_ns: u64,
    /// End, when it was taken [ns].
    pub to_ns: u64,
    /// Counts by call site.
    pub edges: Vec<EdgeCounts>,
    /// Counts by service.
    pub services: Vec<ServiceCounts>,
    /// Wrong replies by call site and kind: (call site, kind, count).
    pub wrong: Vec<(EdgeId, u8, u64)>,
    /// Latency of answered attempts, or of calls, of the call sites that are read (`Telemetry::latency_read`).
    pub latency: Vec<((EdgeId, View), SparseHistogram)>,
    /// Timed parts that are read.
    pub times: Vec<(PartAt, SparseHistogram)>,
    /// The sums of all timed parts but the wait for a worker.
    pub sums: ByPart<TimedSums>,
    /// How high levels stood that have ever left 0.
    pub levels: ByLevel<LevelSums>,
    /// What callers saw of each version of services that have versions.
    pub versions: ByVersion<VersionCounts>,
    /// How old the newest reading was that each pipeline had delivered, by its place [ns]; empty where nobody reads that.
    pub ages_ns: Vec<u64>,
    /// What became of the records of each pipeline, by its place; empty where nobody reads what they cost.
    pub pipelines: Vec<PipelineCounts>,
    /// Latency of answered attempts by version, where somebody reads one of them.
    pub version_latency: ByVersion<SparseHistogram>,
    /// What each instance did, of services at whose instances somebody looks one by one.
    pub pods: Vec<(InstanceId, PodCounts)>,
}

impl Scrape {
    /// How often a part was timed, and how long it took.
    pub fn timed(&self, of: PartAt) -> TimedSums {
        if of.part() == WAIT {
            return self.services[of.index()].waits();
        }
        self.sums.get(&of).copied().unwrap_or_default()
    }

    /// Time that it covers [ns].
    pub fn length_ns(&self) -> u64 {
        self.to_ns - self.from_ns
    }
}
