//! How much memory a replication takes, reckoned from its model before it runs.
//!
//! What grows with the run itself has bounds of its own: attempts in flight, and requests in queues, take about 100 bytes each
//! (`run.bounds`).

use crate::call::breaker::{Breaker, BreakerSettings, Window};
use crate::call::ejection::Ejector;
use crate::call::hedge::Hedge;
use crate::call::rate_limit::RateLimitSettings;
use crate::call::retry::Budget;
use crate::metrics::{Histogram, SparseHistogram};
use crate::model::Model;
use crate::results::{EdgeCounts, ServiceCounts, Slice, UpCounts};
use crate::topology::{Guard, Service};
use crate::workload::Arrival;
use crate::world::calls::{Gate, Shared, Site};
use crate::world::stations::Instance;

/// A histogram of times of three orders of magnitude, ten octaves, in a run that is so long that counts are carried.
const HISTOGRAM: u64 = 10 * 128 * (2 + 8);
/// A histogram of one window: a few hundred buckets.
const WINDOW: u64 = 2048;
/// An event and a frame of a closed user, with room to grow.
const USER: u64 = 160;
/// The state behind a gate.
const GATE: u64 = 256;
/// Shared cores of an instance with some work on them.
const CORES: u64 = 512;

/// The memory of a replication, by what takes it [bytes].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    /// Instances of all services, with those that scalers may add.
    pub instances: u64,
    /// What each calling instance keeps of its calls: breakers, budgets, balancers.
    pub callers: u64,
    /// Call sites with their histograms, and how they cross the network.
    pub call_sites: u64,
    /// Closed users.
    pub users: u64,
    /// Counts of all windows, which are there until the replication is merged.
    pub results: u64,
}

impl Memory {
    /// The memory of a replication of this model.
    pub fn of(model: &Model) -> Self {
        let instances = |service: &Service| u64::from(service.max_instances.max(service.instances).max(1));
        let cores = |service: &Service| if service.cores.is_some() || service.cpu_limit.is_some() { CORES } else { 0 };
        let one = size_of::<Instance>() as u64;
        let callers = |guard: &Guard| guard.caller.map_or(1, |service| instances(&model.services[service.index()]));
        let (sites, services) = (model.edges.len() as u64, model.services.len() as u64);
        let zones = model.zones.len() as u64;
        let users = model.loads.iter().map(|load| match load.arrival {
            Arrival::Closed { users, .. } => u64::from(users),
            _ => 0,
        });
        // Latency and calls, as they are and as they were at the last mark; of load classes also at the last window.
        let histograms = 5 * HISTOGRAM;
        Self {
            instances: model.services.iter().map(|s| instances(s) * (one + cores(s))).sum(),
            callers: model.guards.iter().map(|guard| callers(guard) * shared(guard)).sum(),
            call_sites: sites * (size_of::<Site>() as u64 + histograms + 2 * zones * zones) + 2 * services * HISTOGRAM,
            users: users.sum::<u64>() * USER,
            results: windows(model) * slice(model),
        }
    }

    /// All of it [bytes].
    pub fn total(&self) -> u64 {
        let parts = self.parts().map(|(_, bytes)| bytes);
        parts.into_iter().fold(0, u64::saturating_add)
    }

    /// What takes it, in words.
    pub fn parts(&self) -> [(&'static str, u64); 5] {
        [
            ("instances", self.instances),
            ("what callers remember of callees", self.callers),
            ("call sites and their histograms", self.call_sites),
            ("closed users", self.users),
            ("windows of the results", self.results),
        ]
    }
}

/// What one caller keeps of its calls.
fn shared(guard: &Guard) -> u64 {
    let window = match &guard.breaker {
        Some(BreakerSettings::Rate(rate)) => match &rate.window {
            Window::Count(calls) => calls.get().saturating_mul(2),
            Window::Time(_) => 64 * 16,
        },
        _ => 0,
    };
    let others = [
        (guard.breaker.is_some(), size_of::<Breaker>()),
        (guard.budget.is_some(), size_of::<Budget>()),
        (guard.ejection.is_some(), size_of::<Ejector>()),
        (guard.hedge.is_some(), size_of::<Hedge>()),
    ];
    let others = others.into_iter().filter(|(is_there, _)| *is_there).map(|(_, bytes)| bytes as u64);
    size_of::<Shared>() as u64 + others.sum::<u64>() + window + gates(guard)
}

/// What its gates keep: connections, and the times of a window that slides.
fn gates(guard: &Guard) -> u64 {
    let number = [guard.rate_limit.is_some(), guard.limit.is_some(), guard.pool.is_some()];
    let remembered = guard.rate_limit.as_ref().map_or(0, RateLimitSettings::remembers);
    let connections = guard.pool.as_ref().map_or(0, |pool| pool.connections.get());
    let gates = number.into_iter().filter(|is_there| *is_there).count() as u64 * (size_of::<Gate>() as u64 + GATE);
    gates + remembered.saturating_mul(8) + connections.saturating_mul(32)
}

fn windows(model: &Model) -> u64 {
    model.run.duration.ns().div_ceil(model.run.window.ns().max(1))
}

fn slice(model: &Model) -> u64 {
    let (sites, services) = (model.edges.len() as u64, model.services.len() as u64);
    let things = services + model.endpoints.len() as u64;
    let entries = model.loads.iter().map(|load| load.mix.len() as u64).sum::<u64>();
    size_of::<Slice>() as u64
        + sites * size_of::<EdgeCounts>() as u64
        + services * size_of::<ServiceCounts>() as u64
        + things * size_of::<UpCounts>() as u64
        + entries * (size_of::<SparseHistogram>() as u64 + WINDOW)
}

const _: () = assert!(size_of::<Histogram>() <= 32, "a histogram is a pointer to its counts");
