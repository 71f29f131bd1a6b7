//! What telemetry tells of each instance of a service: what an autoscaler of pods reads besides the sums of the service.
//!
//! A scrape holds what each instance did since the one before. An instance has a reading over a window if it has run through the whole of it in
//! one life: a rate is the difference of two counts of the same process. So an instance that has just come up has none yet, and one that crashed has
//! none any more. What an instance is (starting, running, ready) is no telemetry: the control plane knows it at once.

use crate::expression::{Metric, Resolved};
use crate::topology::Service;
use crate::units::Cores;

/// What one instance did in a stretch of time, and what it holds at its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PodCounts {
    /// CPU time [ns of one core].
    pub cpu_ns: u64,
    /// Integral of workers that are held [ns].
    pub busy_ns: u64,
    /// Integral of waiting requests [ns].
    pub queue_ns: u64,
    /// Integral of requests in it [ns].
    pub inside_ns: u64,
    /// Requests that entered.
    pub entered: u64,
    /// Requests that left.
    pub left: u64,
    /// Memory at the end [bytes].
    pub memory: u64,
    /// Waiting requests at the end.
    pub queue_now: u64,
    /// Requests in it at the end.
    pub inside_now: u64,
    /// In how many scrapes it ran from begin to end.
    pub scrapes: u64,
}

impl PodCounts {
    /// What happened since an earlier state of the same running sums, which are modulo 2^64; gauges are those of now.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self {
            cpu_ns: self.cpu_ns.wrapping_sub(before.cpu_ns),
            busy_ns: self.busy_ns.wrapping_sub(before.busy_ns),
            queue_ns: self.queue_ns.wrapping_sub(before.queue_ns),
            inside_ns: self.inside_ns.wrapping_sub(before.inside_ns),
            entered: self.entered.wrapping_sub(before.entered),
            left: self.left.wrapping_sub(before.left),
            ..*self
        }
    }

    /// Adds the next stretch of time; gauges are replaced.
    pub fn add(&mut self, next: &Self) {
        for (sum, next) in self.sums().into_iter().zip(next.clone().sums()) {
            *sum += *next;
        }
        (self.memory, self.queue_now, self.inside_now) = (next.memory, next.queue_now, next.inside_now);
    }

    /// Takes out a stretch of time that was added before; gauges stay.
    pub fn take_out(&mut self, first: &Self) {
        for (sum, first) in self.sums().into_iter().zip(first.clone().sums()) {
            *sum -= *first;
        }
    }

    fn sums(&mut self) -> [&mut u64; 7] {
        let Self { cpu_ns, busy_ns, queue_ns, inside_ns, entered, left, scrapes, .. } = self;
        [cpu_ns, busy_ns, queue_ns, inside_ns, entered, left, scrapes]
    }

    /// A metric of this instance over so many nanoseconds; with `is_latest` what is there now is meant by what goes up and down. `None` where
    /// instances have no reading of it. CPU is in cores and memory in bytes.
    pub fn reads(&self, metric: Metric, workers: Option<u32>, length_ns: u64, is_latest: bool) -> Option<f64> {
        let per_time = |sum: u64| (length_ns > 0).then(|| sum as f64 / length_ns as f64);
        let level = |now: u64, sum: u64| if is_latest { Some(now as f64) } else { per_time(sum) };
        match metric {
            Metric::Cpu => per_time(self.cpu_ns),
            Metric::Memory => Some(self.memory as f64),
            Metric::Utilisation => Some(per_time(self.busy_ns)? / f64::from(workers?)),
            Metric::QueueLength => level(self.queue_now, self.queue_ns),
            Metric::InSystem => level(self.inside_now, self.inside_ns),
            Metric::Rps => Some(per_time(self.entered)? * 1e9),
            Metric::Throughput => Some(per_time(self.left)? * 1e9),
            _ => None,
        }
    }
}

/// Whether instances have readings of their own of a metric.
pub fn is_of_pods(metric: Metric) -> bool {
    PodCounts::default().reads(metric, Some(1), 1, true).is_some()
}

/// What is 100 % of a metric of an instance: its cores, or its memory [bytes]; 1 of all else.
pub fn whole_of(metric: &Resolved, service: &Service) -> f64 {
    match metric.metric {
        Metric::Cpu => service.usable_cores().map_or(f64::from(service.workers.unwrap_or(1)), Cores::get),
        Metric::Memory => service.memory.map_or(1.0, |memory| memory.size.get() as f64),
        _ => 1.0,
    }
}

/// What an instance is, as the control plane sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Ordered, and not running yet.
    Pending,
    /// It runs, or has run and crashed.
    Running,
    /// On its way out, or failed for good.
    Ended,
}

/// One instance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pod {
    /// What it is.
    pub phase: Phase,
    /// Whether it serves.
    pub is_ready: bool,
    /// When it was ordered [ns].
    pub started_ns: u64,
    /// When it last became ready, or unready [ns].
    pub turned_ns: u64,
    /// Its own reading of the metric; `None` without one.
    pub sample: Option<f64>,
}

/// The instances of a service, and what each reads of a metric.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pods {
    /// All of them.
    pub pods: Vec<Pod>,
    /// When the window of the readings began [ns].
    pub from_ns: u64,
    /// What is 100 % of it in an instance.
    pub whole: f64,
}
