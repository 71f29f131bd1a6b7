//! What a telemetry pipeline takes at a time: differences of counters, and histograms of what is read.

use crate::counters::WAIT;
use crate::expression::View;
use crate::ids::{EdgeId, ServiceId};
use crate::metrics::{ByPart, PartId, SparseHistogram, TimedSums};
use crate::results::{EdgeCounts, ServiceCounts};

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
    /// Timed parts of the services that are read.
    pub times: Vec<((ServiceId, PartId), SparseHistogram)>,
    /// The sums of all timed parts but the wait for a worker.
    pub sums: ByPart<TimedSums>,
}

impl Scrape {
    /// How often a part of a service was timed, and how long it took.
    pub fn timed(&self, service: ServiceId, part: PartId) -> TimedSums {
        if part == WAIT {
            return self.services[service.index()].waits();
        }
        self.sums.get(&(part, service.0)).copied().unwrap_or_default()
    }

    /// Time that it covers [ns].
    pub fn length_ns(&self) -> u64 {
        self.to_ns - self.from_ns
    }
}
